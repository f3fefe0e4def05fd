"""The playbook over the route screen: when it measures, when that ends, what leaves the screen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.playbook import catalogue, report_file, steps
from sealift.playbook.diagnosis import Diagnosis, Verdict
from sealift.replication.picture import Picture
from sealift.replication.seen import Measured
from sealift.ui import dialogs
from sealift.ui.panels.playbook import MEASURING
from sealift.ui.screens.listing import ListScreen
from sealift.ui.screens.playbook import PlaybookScreen
from sealift.ui.screens.route import NOT_READ
from sealift.zfs.commands import Effect
from tests.diagnoses import NASTY, diagnosis, healthy, step, two_problems
from tests.driving import Operator
from tests.factories import mirrored
from tests.ui.pictures import picture, showing
from tests.ui.test_panels import question
from tests.ui.test_playbook_screen import HOLDS, SEND, SIZES
from tests.ui.walking import Walk
from tests.waiting import wait_for

CALM = picture(*mirrored({"": [101, 102]}, {"": [101]}))
HALF = replace(CALM, comparison=None, destination=replace(CALM.destination, inventory=None))


@asynccontextmanager
async def opened(
    walk: Walk,
    made: Diagnosis,
    *words: str,
    shown: Picture = CALM,
    size: tuple[int, int] = (120, 36),
) -> AsyncIterator[Operator]:
    """The playbook, done with measuring."""
    async with showing(shown, *words, size=size) as operator:
        await operator.pilot.press("p")
        await wait_for(operator.pilot, lambda: walk.taken, "the walk begun")
        walk.say(made)
        walk.finish.set()
        await wait_for(operator.pilot, lambda: walk.ended, "the walk over")
        await operator.until("taken 02:12:55")
        yield operator


def on_playbook(operator: Operator) -> bool:
    return isinstance(operator.app.screen, PlaybookScreen)


def playbook(operator: Operator) -> PlaybookScreen:
    assert isinstance(operator.app.screen, PlaybookScreen)
    return operator.app.screen


async def go_to(operator: Operator, item: str) -> None:
    pane = playbook(operator).pane
    pane.action_go(0)
    while pane.current is not None and pane.current.id != item:
        before = pane.current.id
        pane.action_move(1)
        assert before != pane.current.id, f"{item} is not there"


async def told(operator: Operator, words: str) -> None:
    await wait_for(
        operator.pilot,
        lambda: any(words in each.message for each in operator.app._notifications),  # noqa: SLF001
        f"a notification: {words}",
    )


def names(folder: Path) -> list[str]:
    """What is in a folder, in order."""
    return sorted(path.name for path in folder.iterdir())


def changed(operator: Operator) -> list[str]:
    """Every command that was more than reading."""
    log = operator.app.command_log.entries()
    return [entry.text for entry in log if entry.effect is not Effect.READ]


@pytest.mark.parametrize("size", SIZES)
async def test_p_measures_at_once_and_leaving_ends_it(walk: Walk, size: tuple[int, int]) -> None:
    async with showing(CALM, size=size) as operator:
        await operator.pilot.press("p")
        await operator.until("measuring, 4 s")
        await wait_for(operator.pilot, lambda: walk.taken == [None], "the walk begun")
        assert "esc back" in operator.sees().splitlines()[-1]
        await operator.pilot.press("escape")
        await wait_for(operator.pilot, lambda: walk.cancelled == 1, "the walk ended")
        assert operator.app.screen is operator.screen


async def test_what_a_trial_carried_is_the_rate_that_a_plan_goes_by(walk: Walk) -> None:
    verdict = Verdict(None, "low", "nothing runs", carries=2_000_000.0)
    tried = diagnosis(step(steps.TIME, "ok", verdict=verdict))
    async with opened(walk, tried) as operator:
        seen, clock = operator.screen.desk.seen, operator.screen.desk.clock
        assert seen.measured == Measured(2_000_000.0, clock().timestamp(), trial=True)


@pytest.mark.parametrize("size", SIZES)
async def test_the_steps_fill_in_as_they_come(walk: Walk, size: tuple[int, int]) -> None:
    async with showing(CALM, size=size) as operator:
        await operator.pilot.press("p")
        await operator.until("▶ measuring")
        walk.say(two_problems())
        await operator.until("! network-bandwidth, high confidence")
        await operator.pilot.press("escape")
        walk.say(healthy())  # nobody reads it any more
        await operator.pilot.pause()
        assert operator.app.screen is operator.screen


async def test_one_host_that_answers_is_enough(walk: Walk) -> None:
    async with opened(walk, healthy(), shown=HALF) as operator:
        assert on_playbook(operator)


async def test_before_there_are_hosts_it_says_so(walk: Walk) -> None:
    async with showing(CALM) as operator:
        operator.screen.route_watch = None
        await operator.pilot.press("p")
        await told(operator, NOT_READ)
        assert operator.app.screen is operator.screen
        assert walk.taken == []


async def test_steps_are_taken_again_one_at_a_time(walk: Walk) -> None:
    async with opened(walk, healthy()) as operator:
        walk.finish.clear()
        await operator.pilot.press("3")
        await wait_for(operator.pilot, lambda: walk.taken == [None, steps.TIME], "step 3")
        await operator.pilot.press("1", "ctrl+r")
        await told(operator, MEASURING)
        assert walk.taken == [None, steps.TIME]
        walk.finish.set()
        await wait_for(operator.pilot, lambda: walk.ended == [None, steps.TIME], "step 3 taken")
        await operator.pilot.press("ctrl+r")
        await wait_for(operator.pilot, lambda: walk.taken[2:] == [None], "all again")


async def test_a_walk_that_fails_says_why_and_can_be_taken_again(walk: Walk) -> None:
    walk.fails = TroubleError(Trouble("host-unreachable", "root@dr1", "the connection was lost"))
    walk.finish.set()
    async with showing(CALM) as operator:
        await operator.pilot.press("p")
        await operator.until("the connection was lost")
        await operator.pilot.press("escape")
        walk.fails = None
        await operator.pilot.press("ctrl+r")
        await wait_for(operator.pilot, lambda: walk.ended == [None], "all again")


async def test_a_next_step_leaves_the_playbook_for_the_route_screens_own_way(walk: Walk) -> None:
    async with opened(walk, two_problems()) as operator:
        await go_to(operator, HOLDS)
        await operator.pilot.press("enter")
        await wait_for(
            operator.pilot, lambda: isinstance(operator.app.screen, ListScreen), "the holds"
        )
        assert [type(each) for each in operator.app.screen_stack].count(PlaybookScreen) == 0
        assert changed(operator) == []


async def test_a_send_is_asked_of_the_route_screen_and_nothing_is_sent_from_here(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(walk, two_problems()) as operator:
        asked: list[str] = []
        monkeypatch.setattr(operator.screen, "action_send", lambda: asked.append("send"))
        await go_to(operator, SEND)
        await operator.pilot.press("n")
        await wait_for(operator.pilot, lambda: asked == ["send"], "the route screen's send")
        assert operator.app.screen is operator.screen


async def test_what_the_route_screen_refuses_stays_refused_with_its_words(walk: Walk) -> None:
    async with opened(walk, two_problems(), shown=HALF) as operator:
        await go_to(operator, HOLDS)
        await operator.pilot.press("enter")
        await told(operator, NOT_READ)
        assert on_playbook(operator)


@pytest.mark.parametrize("size", SIZES)
async def test_no_change_is_possible_in_a_read_only_session(
    walk: Walk, size: tuple[int, int]
) -> None:
    async with opened(walk, two_problems(), "--read-only", size=size) as operator:
        assert "READ-ONLY" in operator.sees().splitlines()[0]
        await go_to(operator, SEND)
        await operator.pilot.press("enter", "n")
        await told(operator, "This session is read-only.")
        assert on_playbook(operator)
        assert changed(operator) == []


async def test_a_page_of_the_catalogue_opens_with_the_deeds_before_the_reasons(
    walk: Walk,
) -> None:
    page = catalogue.page("stale-token")
    assert page is not None
    async with opened(walk, two_problems(), size=(160, 45)) as operator:
        await go_to(operator, "finding stale-token destination backup/prod/db")
        await operator.pilot.press("enter")
        await operator.until(f"stale-token: {page.title}")
        seen = operator.sees()
        order = ["What to do", "What not to do", "How it was recognised", page.group.value]
        assert [seen.index(each) for each in order] == sorted(seen.index(each) for each in order)
        await operator.pilot.press("escape")
        assert on_playbook(operator)


def test_every_page_can_be_shown() -> None:
    for page in catalogue.PAGES:
        shown = dialogs.page_paragraphs(page.group, page.means, page.recognised, page.do, page.dont)
        assert all(part.strip() for part in shown)
        assert ("What not to do" in "\n".join(shown)) is bool(page.dont)


async def test_the_report_is_written_where_sealift_was_started_and_says_where(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    async with opened(walk, two_problems(), size=(160, 45)) as operator:
        await operator.pilot.press("r")
        shown = await question(operator)
        await operator.pilot.press("tab")
        assert operator.focused_button() == "copy"
        await operator.pilot.press("enter")
        await operator.until("also sent to the terminal's clipboard")
        await operator.pilot.press("escape")
        assert on_playbook(operator)
    page, picture = names(tmp_path)[:2]
    assert f"Written: {tmp_path / page}\n" in shown
    said, drawn = ((tmp_path / name).read_text() for name in (page, picture))
    assert "network-bandwidth" in said
    assert f"({picture})" in said
    assert "Playbook" in drawn


async def test_a_report_that_cannot_be_written_says_why(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Trouble("report-not-written", "this machine", "there is no room", "m", "Make room.")

    def refuse(*_: object) -> Path:
        raise TroubleError(trouble)

    monkeypatch.setattr(report_file, "write", refuse)
    async with opened(walk, two_problems()) as operator:
        await operator.pilot.press("r")
        await operator.until("No report written")
        assert "there is no room" in operator.sees()
        assert "Make room." in operator.sees()


async def test_a_report_says_that_the_journal_cannot_be_read(
    walk: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "journal").mkdir()
    async with opened(walk, two_problems()) as operator:
        monkeypatch.setattr(operator.app, "journal_path", lambda: tmp_path / "journal")
        await operator.pilot.press("r")
        await operator.until("No report written")
        assert "Give the file back to its owner." in operator.sees()
    assert names(tmp_path) == ["journal"]


async def test_a_page_asked_for_by_a_hostile_name_is_said_harmlessly(walk: Walk) -> None:
    walk.finish.set()
    made = two_problems()
    odd = replace(made, findings=(replace(made.findings[0], id=NASTY),))
    async with opened(walk, odd) as operator:
        playbook(operator).pane.action_go(0)
        await go_to(operator, f"finding {NASTY} destination backup/prod/db")
        await operator.pilot.press("enter")
        await told(operator, "[red]x[/red]")
        assert all(
            "\x1b" not in each.message
            for each in operator.app._notifications  # noqa: SLF001
        )


@pytest.mark.parametrize("size", SIZES)
async def test_the_route_screens_footer_names_the_playbook_and_the_ways_out(
    size: tuple[int, int],
) -> None:
    async with showing(CALM, size=size) as operator:
        footer = operator.sees().splitlines()[-1]
        for words in ("? help", "p diagnose", ": more", "q quit"):
            assert words in footer
