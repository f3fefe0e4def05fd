"""The panels on pictures put in by hand: what they list, what they refuse, what they ask first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from textual.widgets import Button, Input

from sealift.hosts.host import Result
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.replication.changes import Holds
from sealift.replication.comparison import compare
from sealift.replication.divergence import Lost
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job, JobState
from sealift.replication.obstacles import Problem
from sealift.replication.picture import Picture
from sealift.replication.resuming import Partial
from sealift.routes import Role, Scope
from sealift.ui import headline
from sealift.ui.panels import desk, prune, tokens
from sealift.ui.panels import holds as holds_panel
from sealift.ui.panels import jobs as jobs_panel
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.listing import ListScreen
from sealift.ui.text import UNICODE
from sealift.ui.widgets.transfer import stalled
from sealift.zfs.commands import Command, Effect
from sealift.zfs.holds import Hold
from sealift.zfs.parse import ParseError
from sealift.zfs.progress import Rate, SendProgress
from sealift.zfs.tokens import ResumeToken, encode
from tests.driving import Operator
from tests.factories import GIB, NOON, about, dataset, held, inventory, job, mirrored, snapshot
from tests.ui.pictures import NOW, picture, showing
from tests.waiting import wait_for

SIZES = ((80, 24), (160, 45))
TAG = "keepforrep"
NOTHING_HELD = Holds((), ())
GREY = {"t": "resumable", "h": "NOT HELD", "x": "may go", "b": "@s101", "j": "7f3a51c2"}


@dataclass
class Hand:
    """Stands in for `Changes`: writes down what was decided, and answers as it is told."""

    held: Holds = NOTHING_HELD
    fails: Exception | None = None
    did: list[tuple[object, ...]] = field(default_factory=list)

    def __call__(self, _watch: object) -> Hand:
        return self

    def _do(self, *what: object) -> None:
        if self.fails is not None:
            raise self.fails
        self.did.append(what)

    async def holds(self) -> Holds:
        return self.held

    async def hold(self, side: Role, snapshots: tuple[str, ...]) -> None:
        self._do("hold", side, snapshots)

    async def release(self, side: Role, tag: str, snapshots: tuple[str, ...]) -> None:
        self._do("release", side, tag, snapshots)

    async def abort(self, shown: Partial) -> None:
        self._do("abort", shown.into)

    async def roll_back(self, shown: Lost) -> None:
        self._do("roll back", shown.dataset)

    async def cancel(self, shown: Job) -> None:
        self._do("cancel", shown.about.id)

    async def destroy(self, side: Role, name: str, names: tuple[str, ...]) -> None:
        self._do("destroy", side, name, names)

    async def dry_run(self, _side: Role, name: str, names: tuple[str, ...]) -> str:
        lines = [f"destroy\t{name}@{each}" for each in names]
        return "\n".join([*lines, "reclaim\t4096"]) + "\n"


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    """What every panel and the route screen's own changes go through."""
    stand_in = Hand()
    monkeypatch.setattr(desk, "Changes", stand_in)
    return stand_in


# Pictures


def with_token(destination: Inventory, below: str, text: str, *, empty: bool = False) -> Inventory:
    """The inventory with a resume token on one of its datasets; `empty` takes its snapshots."""
    entry = destination.datasets[below]
    entry = replace(entry, dataset=replace(entry.dataset, resume_token=text))
    if empty:
        entry = replace(entry, snapshots=())
    return replace(destination, datasets={**destination.datasets, below: entry})


SOURCE, DESTINATION = mirrored(
    {"": [100, 101, 102, 103], "db": [100, 101, 102, 103]}, {"": [100, 101], "db": [100, 101]}
)
INCREMENT = encode(
    ResumeToken("tank/prod/db@s102", 10_102, 10_101, 1, 2, 5 * GIB, raw=True, compress=True)
)
FULL = encode(ResumeToken("tank/prod/db@s100", 10_100, None, 1, 2, 5 * GIB, raw=True))
GONE = encode(ResumeToken("tank/prod/db@lost", 66_666, 10_101, 1, 2, GIB, raw=True))

CALM = picture(SOURCE, DESTINATION)
PARTLY = picture(SOURCE, with_token(DESTINATION, "db", INCREMENT))
NEW = picture(SOURCE, with_token(DESTINATION, "db", FULL, empty=True))
DEAD = picture(SOURCE, with_token(DESTINATION, "db", GONE))
DIVERGED = picture(*mirrored({"": [100, 101, 103]}, {"": [100, 101, 102]}))
# One of each: a route whose every panel has something that could be done.
BUSY_NIGHT = {
    "j": replace(CALM, jobs=(job(),)),
    "t": PARTLY,
    "h": CALM,
    "x": CALM,
    "b": DIVERGED,
}


@asynccontextmanager
async def panel(
    shown: Picture, key: str, *words: str, size: tuple[int, int] = (160, 45)
) -> AsyncIterator[Operator]:
    """The panel of a key over the route screen, read to its end."""
    async with showing(shown, *words, size=size) as operator:
        await operator.pilot.press(key)
        await wait_for(operator.pilot, lambda: rows_of(operator), "the rows of the panel")
        await operator.pilot.pause()
        yield operator


def listed(operator: Operator) -> ListScreen:
    """The list that is open."""
    screens = [each for each in operator.app.screen_stack if isinstance(each, ListScreen)]
    assert len(screens) == 1
    return screens[0]


def rows_of(operator: Operator) -> tuple[tuple[str, ...], ...]:
    """The cells of the list that is open, none while there is no list."""
    lists = [each for each in operator.app.screen_stack if isinstance(each, ListScreen)]
    return tuple(entry.cells for each in lists for entry in each.pane.entries)


async def go_to(operator: Operator, text: str) -> None:
    """Put the cursor on the first row with a text in its id or in one of its cells."""
    pane = listed(operator).pane
    index = next(
        i for i, e in enumerate(pane.shown) if any(text in each for each in (e.id, *e.cells))
    )
    pane.move_to(index)
    await operator.pilot.pause()


async def asked(operator: Operator, key: str) -> str:
    """Press a deed's key; what its dialog says is given back, whole."""
    await operator.pilot.press(key)
    return await question(operator)


async def question(operator: Operator) -> str:
    """Wait for a dialog that takes Enter; what it says is given back, its unseen end, too."""
    await wait_for(
        operator.pilot,
        lambda: (
            isinstance(operator.app.screen, Dialog)
            and operator.app.screen.query("#cancel")
            and operator.focused_button() == "cancel"
            and operator.app.screen.takes_enter
        ),
        "a dialog with the focus on Cancel, taking Enter",
    )
    dialog = operator.app.screen
    assert isinstance(dialog, Dialog)
    return "\n\n".join(dialog._paragraphs)  # noqa: SLF001 - longer than the screen


async def type_name(operator: Operator, name: str) -> None:
    """Type a name into the open dialog."""
    while not isinstance(operator.app.screen.focused, Input):
        await operator.pilot.press("tab")
    await operator.pilot.press(*("slash" if c == "/" else c for c in name))
    await operator.pilot.pause()


async def was_told(operator: Operator, words: str) -> None:
    """Wait until something was said in passing: a toast, which a test's screen does not draw."""
    await wait_for(
        operator.pilot,
        lambda: any(words in each.message for each in operator.app._notifications),  # noqa: SLF001
        f"a notification: {words}",
    )


async def done(operator: Operator, hand: Hand, count: int = 1) -> None:
    """Wait until something was carried out."""
    await wait_for(operator.pilot, lambda: len(hand.did) >= count, "it to be carried out")


# What they show


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", GREY)
async def test_each_panel_opens_by_its_key_and_escape_leads_back(
    key: str, size: tuple[int, int], hand: Hand
) -> None:
    async with panel(BUSY_NIGHT[key], key, size=size) as operator:
        assert any(GREY[key] in cell for cells in rows_of(operator) for cell in cells)
        lines = operator.sees().splitlines()
        assert len(lines) <= size[1]
        assert "esc back" in lines[-1]
        await operator.pilot.press("escape")
        assert operator.app.screen is operator.screen
        assert hand.did == []


async def test_a_panel_follows_the_newest_picture(hand: Hand) -> None:
    async with panel(PARTLY, "t") as operator:
        assert rows_of(operator)[0][-1] == "resumable"
        operator.screen.show(DEAD)
        assert rows_of(operator)[0][-1] == "dead-token"
        operator.screen.show(CALM)
        assert rows_of(operator) == ()
        await operator.until("no resume token waits")


async def test_no_panel_asks_hosts_that_were_not_read(hand: Hand) -> None:
    unread = replace(CALM, comparison=None)
    async with showing(unread) as operator:
        for key in "thxbH":
            await operator.pilot.press(key)
            assert operator.app.screen is operator.screen
        await was_told(operator, "Both hosts have to be read first.")


async def test_jobs_are_listed_newest_first_and_the_followed_one_as_its_log_says() -> None:
    older = replace(
        job(JobState.LOST), about=replace(about(made=NOON - timedelta(hours=2)), id="older123")
    )
    progress = SendProgress().feed(
        b"incremental\ts101\ttank/prod@s102\t40000\nsize\t40000\n12:00:01\t8000\ttank/prod@s102\n"
    )
    followed = replace(job(), progress=progress)
    found = jobs_panel.entries((older, job(JobState.WAITING)), followed)
    assert [entry.cells[0] for entry in found] == ["7f3a51c2", "older123"]
    assert found[0].cells[2] == "sending"
    assert found[0].cells[5] == "20 %"
    assert found[0].level == headline.INFO
    assert found[1].level == headline.PROBLEM
    assert "zfs send -w -vP" in "\n".join(found[0].details)
    assert followed.folder in "\n".join(found[0].details)


async def test_how_far_an_unfollowed_job_is_is_said_to_be_unknown() -> None:
    (entry,) = jobs_panel.entries((job(),))
    assert entry.cells[5] == "unknown"


async def test_a_host_that_cannot_be_asked_for_jobs_is_listed_with_its_trouble() -> None:
    trouble = Trouble("host-unreachable", "root@dr1", "the connection was lost", mend="Wait.")
    first, *_ = jobs_panel.entries((job(),), None, (trouble,))
    assert first.level == headline.PROBLEM
    assert first.cells[:2] == ("root@dr1", "the connection was lost")
    assert "Wait." in first.details


async def test_tokens_say_what_waits_and_what_is_not_known(hand: Hand) -> None:
    async with panel(PARTLY, "t") as operator:
        ((name, target, kind, received, to_come, age, verdict),) = rows_of(operator)
        assert (name, target, kind) == ("backup/prod/db", "@s102", "increment, raw")
        assert (received, to_come, age) == ("5.0 G", "?", "unknown")
        assert verdict == "resumable"
        details = "\n".join(listed(operator).pane.entries[0].details)
        assert "2 snapshots of the route cannot arrive" in details
        assert "backup/prod/db has stay" in details


async def test_only_a_token_that_can_be_resumed_is_put_to_the_source(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for: list[str] = []

    async def answer(command: Command, **_: object) -> Result:
        asked_for.append(command.argv[-1])
        return Result(0, b"size\t3221225472\n", b"", 0.1)

    async with showing(DEAD) as operator:
        watch = operator.screen.route_watch
        assert watch is not None
        monkeypatch.setattr(watch.source, "run", answer)
        await operator.pilot.press("t")
        await wait_for(operator.pilot, lambda: rows_of(operator), "the rows")
        operator.screen.show(PARTLY)
        await operator.until("3.0 G")
        assert asked_for == [INCREMENT]


async def test_a_token_of_a_running_job_is_no_trouble_and_cannot_be_given_up(hand: Hand) -> None:
    async with panel(replace(PARTLY, job=job(), jobs=(job(),)), "t") as operator:
        assert rows_of(operator)[0][-1] == "being received by job 7f3a51c2"
        entry = listed(operator).pane.entries[0]
        assert entry.level == headline.INFO
        assert all("job 7f3a51c2" in deed.refusal for deed in entry.deeds)
        await operator.pilot.press("a")
        await was_told(operator, "It is being received by job 7f3a51c2")
        assert not isinstance(operator.app.screen, Dialog)


def test_the_age_of_a_token_is_that_of_the_last_job_that_wrote_there() -> None:
    ended = replace(job(JobState.FAILED), ended=NOW - timedelta(hours=3))
    assert PARTLY.comparison is not None
    (entry,) = tokens.entries(tokens.waiting(PARTLY.comparison, (ended,), {}), NOW)
    assert entry.cells[5] == "3 h 00 min ago"


HOSTILE = "\x1b[2J[bold]x[/bold]\x1b]0;y\x07"


@pytest.mark.parametrize("size", SIZES)
async def test_a_hostile_token_and_a_hostile_job_are_shown_and_never_obeyed(
    size: tuple[int, int], hand: Hand
) -> None:
    shown = picture(SOURCE, with_token(DESTINATION, "db", HOSTILE * 2000))
    async with panel(shown, "t", size=size) as operator:
        assert rows_of(operator)[0][-1] == "dead-token"
        assert "\x1b" not in operator.sees()
        details = "\n".join(listed(operator).pane.entries[0].details)
        assert "\\x1b[2J[bold]" in details
        assert len(details) < 4000
    evil = replace(
        job(JobState.FAILED),
        host=f"h{HOSTILE}",
        about=replace(about(), operator=HOSTILE),
        said=(HOSTILE,),
    )
    async with panel(replace(CALM, jobs=(evil,)), "j", size=size) as operator:
        assert "\x1b" not in operator.sees()
        said = await asked_help(operator)
        assert "\x1b" not in said


async def asked_help(operator: Operator) -> str:
    await operator.pilot.press("question_mark")
    await operator.until("Under the cursor: job")
    return operator.sees()


# What they refuse


@pytest.mark.parametrize("key", GREY)
async def test_a_read_only_session_lists_everything_and_refuses_every_change(
    key: str, hand: Hand
) -> None:
    if key == "b":  # what leads nowhere but to a destruction is not even opened
        async with showing(DIVERGED, "--read-only") as operator:
            await operator.pilot.press("b")
            await was_told(operator, "read-only")
            assert operator.app.screen is operator.screen
        return
    async with panel(BUSY_NIGHT[key], key, "--read-only") as operator:
        keys = {
            deed.key: deed
            for entry in listed(operator).pane.entries
            for deed in entry.deeds
            if deed.effect is not Effect.READ
        }
        assert keys
        for each in keys:
            operator.app.clear_notifications()
            await operator.pilot.press(each)
            await was_told(operator, "read-only")
            assert operator.app.screen is listed(operator)
        assert hand.did == []


@pytest.mark.parametrize("key", GREY)
async def test_no_single_lower_case_key_of_a_panel_changes_anything(key: str, hand: Hand) -> None:
    async with panel(BUSY_NIGHT[key], key) as operator:
        for each in "abcdefhilmnoprstuvwxz":
            await operator.pilot.press(each)
            await operator.pilot.pause()
            while isinstance(operator.app.screen, Dialog):
                await operator.pilot.press("escape")
                await operator.pilot.pause()
        assert hand.did == []


# What they do


async def test_giving_up_a_new_dataset_says_that_the_dataset_dies_and_wants_its_name(
    hand: Hand,
) -> None:
    async with panel(NEW, "t") as operator:
        said = await asked(operator, "a")
        assert "DESTROYS THE DATASET backup/prod/db ITSELF" in said
        assert "5.0 GiB" in said
        assert "root@dr1$ zfs receive -A backup/prod/db" in said
        assert operator.app.screen.query_one("#abort", Button).disabled
        await type_name(operator, "backup/prod/d")
        assert operator.app.screen.query_one("#abort", Button).disabled
        await operator.pilot.press("b")
        await operator.choose("abort")
        await done(operator, hand)
        assert hand.did == [("abort", "backup/prod/db")]


async def test_giving_up_an_increment_says_that_the_snapshots_stay(hand: Hand) -> None:
    async with panel(PARTLY, "t") as operator:
        said = await asked(operator, "a")
        assert "DESTROYS" not in said
        assert "throws away the 5.0 GiB received of @s102" in said
        assert "can still be resumed" in said
        await operator.choose("cancel")
        assert hand.did == []


async def test_a_job_that_starts_while_the_question_is_open_keeps_its_token(hand: Hand) -> None:
    async with panel(PARTLY, "t") as operator:
        await asked(operator, "a")
        operator.screen.show(replace(PARTLY, job=job(), jobs=(job(),)))
        await type_name(operator, "backup/prod/db")
        await operator.choose("abort")
        await operator.until("Job 7f3a51c2 writes to it now")
        assert hand.did == []


async def test_resuming_is_the_plan_of_the_route_screen_and_refused_where_that_is(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with panel(PARTLY, "t") as operator:
        planned: list[str] = []
        monkeypatch.setattr(operator.screen, "action_send", lambda: planned.append("send"))
        await operator.pilot.press("r")
        await wait_for(operator.pilot, lambda: planned == ["send"], "the plan")
        elsewhere = replace(job(), about=about(replace(job().step, into="backup/other")))
        operator.screen.show(replace(PARTLY, job=elsewhere))
        await operator.pilot.press("r")
        await was_told(operator, "A job of this route is already running.")
        assert planned == ["send"]


async def test_a_dead_token_cannot_be_resumed_and_says_why(hand: Hand) -> None:
    async with panel(DEAD, "t") as operator:
        await operator.pilot.press("r")
        await was_told(operator, "It cannot be resumed")
        assert not isinstance(operator.app.screen, Dialog)


async def test_a_running_job_is_cancelled_from_the_list_after_the_same_question(hand: Hand) -> None:
    async with panel(replace(CALM, jobs=(job(),)), "j") as operator:
        said = await asked(operator, "c")
        assert "kept there as a resume token" in said
        await operator.choose("end")
        await done(operator, hand)
        assert hand.did == [("cancel", "7f3a51c2")]


async def test_a_job_that_has_ended_is_not_cancelled(hand: Hand) -> None:
    async with panel(replace(CALM, jobs=(job(JobState.DONE),)), "j") as operator:
        await operator.pilot.press("c")
        await was_told(operator, "It is not running.")
        assert not isinstance(operator.app.screen, Dialog)


BASE_HELD = Hold("tank/prod@s101", TAG, "Thu Dec 25  2:00 2025")
FOREIGN = Hold("tank/prod@s100", "another tool's tag", "Thu Dec 25  2:00 2025")
SENDS = Hold("tank/prod@s103", ".send-17-1", "Thu Dec 25  2:00 2025")


async def test_releasing_a_base_warns_of_what_breaks_before_it_asks(hand: Hand) -> None:
    hand.held = Holds((BASE_HELD,), ())
    async with panel(CALM, "h") as operator:
        await go_to(operator, TAG)
        said = await asked(operator, "R")
        assert said.startswith("!! WARNING !!")
        assert "The next increment of tank/prod starts from it" in said
        assert f"root@nas1$ zfs release {TAG} tank/prod@s101" in said
        await operator.choose("release")
        await done(operator, hand)
        assert hand.did == [("release", "source", TAG, ("tank/prod@s101",))]


async def test_several_marked_holds_are_released_by_side_and_tag(hand: Hand) -> None:
    other = Hold("tank/prod/db@s101", TAG, BASE_HELD.since)
    there = Hold("backup/prod@s101", TAG, BASE_HELD.since)
    hand.held = Holds((BASE_HELD, other), (there,))
    async with panel(CALM, "h") as operator:
        pane = listed(operator).pane
        for entry in pane.entries:
            if entry.cells[2] == TAG:
                pane.move_to(pane.shown.index(entry))
                await operator.pilot.press("space")
        await asked(operator, "R")
        await operator.choose("release")
        await done(operator, hand, 2)
        assert sorted(map(str, hand.did)) == sorted(
            map(
                str,
                [
                    ("release", "source", TAG, ("tank/prod@s101", "tank/prod/db@s101")),
                    ("release", "destination", TAG, ("backup/prod@s101",)),
                ],
            )
        )


@pytest.mark.parametrize(
    ("hold", "why"), [(SENDS, "A running zfs send holds it"), (FOREIGN, "cannot be put into a")]
)
async def test_holds_that_are_not_ours_to_release_are_refused_with_the_reason(
    hold: Hold, why: str, hand: Hand
) -> None:
    hand.held = Holds((hold,), ())
    async with panel(CALM, "h") as operator:
        await go_to(operator, hold.tag)
        await operator.pilot.press("R")
        await was_told(operator, why)
        assert not isinstance(operator.app.screen, Dialog)


async def test_a_base_that_nobody_holds_stands_on_top_and_can_be_held(hand: Hand) -> None:
    hand.held = Holds((BASE_HELD,), ())
    async with panel(CALM, "h") as operator:
        first = listed(operator).pane.entries[0]
        assert first.cells[2] == holds_panel.NOT_HELD
        assert first.level == headline.WARNING
        missing = {cells[:2] for cells in rows_of(operator) if cells[2] == holds_panel.NOT_HELD}
        assert missing == {
            ("destination", "prod@s101"),
            ("source", "prod/db@s101"),
            ("destination", "prod/db@s101"),
        }
        await go_to(operator, "backup/prod@s101")
        said = await asked(operator, "H")
        assert f"root@dr1$ zfs hold {TAG} backup/prod@s101" in said
        await operator.choose("destination")
        await done(operator, hand)
        assert hand.did == [("hold", "destination", ("backup/prod@s101",))]


async def test_holds_are_read_again_when_a_picture_shows_another_number_of_them(
    hand: Hand,
) -> None:
    async with panel(CALM, "h") as operator:
        assert all(cells[2] == holds_panel.NOT_HELD for cells in rows_of(operator))
        hand.held = Holds((BASE_HELD,), ())
        top = SOURCE.datasets[""]
        kept = tuple(replace(s, userrefs=int(s.name == "s101")) for s in top.snapshots)
        source = replace(SOURCE, datasets={**SOURCE.datasets, "": replace(top, snapshots=kept)})
        operator.screen.show(picture(source, DESTINATION))
        await wait_for(
            operator.pilot,
            lambda: any(cells[2] == TAG for cells in rows_of(operator)),
            "the new hold",
        )


async def test_the_snapshot_under_the_cursor_is_held_with_all_of_its_name_where_it_is_not_yet(
    hand: Hand,
) -> None:
    hand.held = Holds((BASE_HELD,), ())
    async with showing(CALM) as operator:
        tree = operator.screen.tree_pane
        names = [getattr(tree.rows[i], "source", None) for i in range(len(tree.rows))]
        tree.move_to(next(i for i, cell in enumerate(names) if getattr(cell, "name", "") == "s101"))
        assert "1 dataset below has a snapshot of this name" in await asked(operator, "H")
        await operator.choose("tree")
        said = await question(operator)
        assert f"root@nas1$ zfs hold {TAG} tank/prod/db@s101" in said
        assert "tank/prod@s101" not in said  # it has the tag
        await operator.choose("both")
        await done(operator, hand, 2)
        assert hand.did == [
            ("hold", "source", ("tank/prod/db@s101",)),
            ("hold", "destination", ("backup/prod@s101", "backup/prod/db@s101")),
        ]


async def test_only_a_snapshot_can_be_held(hand: Hand) -> None:
    async with showing(CALM) as operator:
        operator.screen.tree_pane.move_to(0)
        await operator.pilot.press("H")
        await was_told(operator, "The cursor is on no snapshot.")


async def test_destroying_shows_what_zfs_says_and_wants_the_name_of_the_tree(hand: Hand) -> None:
    async with panel(CALM, "x") as operator:
        await go_to(operator, "tank/prod@s100")
        said = await asked(operator, "D")
        assert "destroy\ttank/prod@s100" in said
        assert "reclaim\t4096" in said
        assert said.index("Together they free 4.0 KiB.") < said.index("destroy\t")
        assert "root@nas1$ zfs destroy tank/prod@s100" in said
        await type_name(operator, "tank/prod")
        await operator.choose("destroy")
        await done(operator, hand)
        assert hand.did == [("destroy", "source", "tank/prod", ("s100",))]


async def test_what_stays_is_never_destroyed_and_says_why(hand: Hand) -> None:
    hand.held = Holds((Hold("tank/prod@s100", "legal", "now"),), ())
    async with panel(CALM, "x") as operator:
        for name, why in (("s100", "held"), ("s101", "the base"), ("s103", "does not have it")):
            await go_to(operator, f"tank/prod@{name}")
            await operator.pilot.press("D")
            await was_told(operator, why)
            assert not isinstance(operator.app.screen, Dialog)
        said = await asked(operator, "A")
        assert "tank/prod/db@s100" in said
        assert "tank/prod@s100" not in said


async def test_prune_is_for_one_side_at_a_time_and_says_which(hand: Hand) -> None:
    async with panel(CALM, "x") as operator:
        assert "Prune the SOURCE" in operator.sees()
        assert all(entry.id.startswith("tank/") for entry in listed(operator).pane.entries)
        await operator.pilot.press("o")
        await operator.until("Prune the DESTINATION")
        assert all(entry.id.startswith("backup/") for entry in listed(operator).pane.entries)
        await go_to(operator, "backup/prod@s100")
        said = await asked(operator, "D")
        assert "root@dr1$ zfs destroy backup/prod@s100" in said
        await type_name(operator, "backup/prod")
        await operator.choose("destroy")
        await done(operator, hand)
        assert hand.did == [("destroy", "destination", "backup/prod", ("s100",))]


def test_the_names_of_one_destroy_fit_into_one_word_of_a_remote_shell() -> None:
    guids = list(range(1, 9000))
    compared = compare(*mirrored({"": guids}, {"": guids}))
    found = prune.verdicts_of(compared, NOTHING_HELD, "source")
    calls = prune.calls(found)
    assert len(calls) > 1
    assert all(len(",".join(names)) < 64_000 for _, names in calls)
    assert sum(len(names) for _, names in calls) == sum(each.may_go for each in found) == 8998


async def test_a_roll_back_lists_what_dies_and_wants_the_name(hand: Hand) -> None:
    async with panel(DIVERGED, "b") as operator:
        said = await asked(operator, "b")
        assert "@s102" in said
        assert "root@dr1$ zfs rollback -r backup/prod@s101" in said
        await type_name(operator, "backup/prod")
        await operator.choose("roll_back")
        await done(operator, hand)
        assert hand.did == [("roll back", "backup/prod")]


async def test_a_roll_back_is_refused_where_a_hold_or_nothing_at_all_stands_against_it(
    hand: Hand,
) -> None:
    hand.held = Holds((), (Hold("backup/prod@s102", "legal", "now"),))
    async with panel(DIVERGED, "b") as operator:
        await operator.pilot.press("b")
        await was_told(operator, "held, and so not to be destroyed")
        assert not isinstance(operator.app.screen, Dialog)
    async with showing(CALM) as operator:
        await operator.pilot.press("b")
        await was_told(operator, "Nothing on the destination has diverged")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            TroubleError(Trouble("plan-changed", "root@dr1", "it is not any more as it was shown")),
            "it is not any more as it was shown",
        ),
        (ParseError("a line of `zfs holds`", "\x1b[2J"), "A host said something that cannot be"),
    ],
)
async def test_what_goes_wrong_is_told_and_the_list_stays(
    error: Exception, words: str, hand: Hand
) -> None:
    async with panel(PARTLY, "t") as operator:
        hand.fails = error
        await asked(operator, "a")
        await type_name(operator, "backup/prod/db")
        await operator.choose("abort")
        await operator.until(words)
        await operator.pilot.press("escape")
        assert operator.app.screen is listed(operator)


# The header, the trees and the transfer pane


@pytest.mark.parametrize(
    ("finding", "severity", "action", "level"),
    [
        ("stale-token", "warning", "send", headline.WARNING),
        ("dead-token", "problem", "tokens", headline.PROBLEM),
        ("foreign-token", "problem", "tokens", headline.PROBLEM),
        ("not-raw", "problem", "tokens", headline.PROBLEM),
        ("destination-diverged", "problem", "roll_back", headline.PROBLEM),
        ("anchor-not-held", "warning", "holds", headline.WARNING),
        ("no-common-base", "problem", "details", headline.PROBLEM),
    ],
)
def test_the_header_names_the_key_that_goes_on_and_a_warning_is_not_red(
    finding: str, severity: str, action: str, level: str
) -> None:
    problem = Problem(finding, "destination", "backup/prod", "something", "mend", severity)
    line = headline.worst(replace(CALM, problems=(problem,)), NOW, UNICODE)
    assert (line.action, line.level) == (action, level)


def test_a_problem_comes_before_a_warning_whatever_their_order() -> None:
    warning = Problem("anchor-not-held", "source", "tank/prod", "a", "b", "warning")
    grave = Problem("dead-token", "destination", "backup/prod", "a", "b")
    line = headline.worst(replace(CALM, problems=(warning, grave)), NOW, UNICODE)
    assert line.said == "dead-token: a (and 1 more)"


def sent(*samples: tuple[float, int]) -> Job:
    progress = SendProgress().feed(
        b"incremental\ts101\ttank/prod@s102\t40000\nsize\t40000\n12:00:01\t8000\ttank/prod@s102\n"
    )
    rate = Rate()
    for seconds, count in samples:
        rate = rate.add(seconds, count)
    return replace(job(), progress=progress, rate=rate)


def test_stalled_is_said_of_a_counter_that_was_seen_to_stand_still() -> None:
    assert stalled(sent((0, 0), (1, 8000), (6, 8000), (15, 8000))) == "stalled for 14 s"
    assert stalled(sent((0, 8000), (14, 8000))) == "stalled for 14 s or more"


@pytest.mark.parametrize(
    "shown",
    [
        sent(),
        sent((0, 8000)),
        sent((0, 0), (1, 8000), (11, 8000)),
        sent((0, 0), (20, 8000)),
        replace(sent((0, 8000), (14, 8000)), state=JobState.WAITING),
        replace(sent((0, 0), (14, 0)), progress=SendProgress()),
    ],
)
def test_stalled_is_not_claimed_without_a_basis(shown: Job) -> None:
    assert stalled(shown) is None


@pytest.mark.parametrize("size", SIZES)
async def test_a_stalled_transfer_says_so_in_its_pane(size: tuple[int, int]) -> None:
    shown = replace(CALM, job=sent((0, 0), (1, 8000), (15, 8000)))
    async with showing(shown, size=size) as operator:
        await operator.until("stalled for 14 s")


@pytest.mark.parametrize("size", SIZES)
async def test_a_dataset_that_is_left_out_is_drawn_as_such(size: tuple[int, int]) -> None:
    ours = held(dataset("tank/prod"), snapshot("s101", 101))
    left = held(dataset("tank/prod/tmp"), snapshot("s101", 10_101))
    source = inventory("tank/prod", top=ours, tmp=left)
    destination = inventory("backup/prod", top=held(dataset("backup/prod"), snapshot("s101", 101)))
    shown = picture(source, destination)
    compared = compare(
        source, destination, Scope("", all_snapshots=True, exclude=frozenset({"tmp"}))
    )
    async with showing(replace(shown, comparison=compared), size=size) as operator:
        await operator.until("left out")
