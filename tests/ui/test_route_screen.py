"""What the route screen says, and what its keys do, on pictures put in by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Button, TextArea

from sealift.actions import ACTIONS
from sealift.hosts.host import Connection
from sealift.hosts.trouble import Trouble, UnknownKey
from sealift.replication.inventory import Held
from sealift.replication.job import Job, JobState
from sealift.replication.obstacles import Problem
from sealift.replication.picture import Picture
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.help import HelpScreen
from sealift.zfs.commands import Effect
from sealift.zfs.listings import KeyStatus
from sealift.zfs.progress import SendProgress
from tests.factories import NOON, dataset, held, inventory, job, mirrored, snapshot
from tests.ui.pictures import NOW, picture, showing
from tests.waiting import wait_for

SIZES = ((80, 24), (160, 45))
BEHIND = mirrored({"": [101, 102, 103], "db": [101, 102, 103]}, {"": [101], "db": [101]})


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_look_finds_route_seal_lag_activity_trouble_and_next_key(
    size: tuple[int, int],
) -> None:
    async with showing(picture(*BEHIND), size=size) as operator:
        lines = operator.sees().splitlines()
        assert "nas1:tank/prod" in "\n".join(lines[:3])
        assert "dr1:backup/prod" in "\n".join(lines[:3])
        assert "SEALED vault" in lines[0]
        assert "13 h 13 min behind" in lines[0]
        assert "idle" in lines[0]
        assert "4 snapshots to send, about 16.0 KiB" in lines[1]
        assert lines[1].rstrip().endswith("s send…")
        assert lines[-1].lstrip().startswith("? help")
        assert "q quit" in lines[-1]
        assert len(lines) <= size[1]


@pytest.mark.parametrize("size", SIZES)
async def test_the_worst_comes_first_and_never_pushes_anything_off(size: tuple[int, int]) -> None:
    open_there = held(
        dataset("backup/prod", status=KeyStatus.AVAILABLE, mounted=True), snapshot("a", 101)
    )
    ours = held(dataset("tank/prod"), snapshot("a", 101))
    shown = picture(inventory("tank/prod", top=ours), inventory("backup/prod", top=open_there))
    async with showing(shown, size=size) as operator:
        lines = operator.sees().splitlines()
        assert "NOT SEALED" in lines[0]
        assert "key-loaded-on-vault: backup/prod" in lines[1]
        assert "d details" in lines[1]
        await operator.pilot.press("d")
        await operator.until("mounted-replica")


def sending(shown_text: str = "12:00:01\t8000\ttank/prod@s102\n") -> Job:
    progress = SendProgress().feed(
        b"incremental\ts101\ttank/prod@s102\t10000\nsize\t40000\n" + shown_text.encode()
    )
    return replace(job(), state=JobState.RUNNING, progress=progress)


@pytest.mark.parametrize("size", SIZES)
async def test_a_running_transfer_says_what_how_far_and_admits_what_it_does_not_know(
    size: tuple[int, int],
) -> None:
    shown = replace(picture(*BEHIND), job=sending())
    async with showing(shown, size=size) as operator:
        seen = operator.sees()
        assert "sending 20 %" in seen.splitlines()[0]
        assert "7.8 KiB of 39.1 KiB" in seen
        assert "unknown left" in seen  # one sample is no rate
        assert "c cancel…" in seen.splitlines()[1]


async def test_a_token_of_a_step_of_several_snapshots_is_not_the_whole_job() -> None:
    (step,) = job().steps
    several = replace(step, brings=frozenset({1, 2}))
    running = replace(sending(), about=replace(job().about, steps=(several,)), how="resume")
    async with showing(replace(picture(*BEHIND), job=running), size=SIZES[0]) as operator:
        assert "sending 20 % of a token" in operator.sees().splitlines()[0]


@pytest.mark.parametrize(
    ("first", "activity", "carried", "percent"),
    [
        (380_800, "sending 77 %", "379.7 KiB of 488.3 KiB", "77 %"),
        (None, "sending 20 % of step 2/3", "7.8 KiB of 39.1 KiB", "20 %"),
    ],
)
async def test_the_percentage_is_the_whole_jobs_or_is_said_to_be_the_steps(
    first: int | None, activity: str, carried: str, percent: str
) -> None:
    """The first step has arrived, of the second's 40,000 bytes there are 8,000, one is to come."""
    step = job().steps[0]
    sizes = (first, 40_000, 79_200)
    steps = tuple(
        replace(step, number=f"{number:04}", kind="single", size=each)
        for number, each in enumerate(sizes, 1)
    )
    running = replace(sending(), about=replace(job().about, steps=steps), index=1)
    async with showing(replace(picture(*BEHIND), job=running), size=SIZES[0]) as operator:
        lines = operator.sees().splitlines()
        assert activity in lines[0]
        assert "2/3 tank/prod@s102" in lines[-3]
        assert carried in lines[-3]
        assert percent in lines[-2]


async def test_a_sentence_that_is_cut_ends_with_a_clause_and_keeps_how_many_more() -> None:
    found = tuple(
        Problem(
            "stale-token",
            "destination",
            name,
            f"{name} holds a partly received snapshot, or is being received by somebody now",
            "Resume it (s).",
            "warning",
        )
        for name in ("backup/prod/db", "backup/prod/home")
    )
    shown = replace(picture(*BEHIND), problems=found)
    async with showing(shown, size=SIZES[0]) as operator:
        line = operator.sees().splitlines()[1].split("  ")[0].strip()
        assert line == "! stale-token: backup/prod/db holds a partly received … (and 1 more)"
    async with showing(replace(shown, problems=found[:1]), size=SIZES[0]) as operator:
        line = operator.sees().splitlines()[1].split("  ")[0].strip()
        assert line == "! stale-token: backup/prod/db holds a partly received snapshot …"
        await operator.pilot.press("d")
        await operator.until("Resume it (s).")


async def test_what_the_job_receives_now_is_no_trouble_in_the_details_either() -> None:
    token = Problem("stale-token", "destination", "backup/prod", "it holds a part", "Resume it.")
    shown = replace(picture(*BEHIND), problems=(token,), job=sending())
    async with showing(shown, size=SIZES[0]) as operator:
        await operator.pilot.press("d")
        await operator.until("sealed:")
        assert "stale-token" not in operator.sees()


async def test_a_failed_transfer_shows_the_explanation_above_the_raw_text() -> None:
    trouble = Trouble(
        "ivset-mismatch",
        "root@nas1",
        "the base is not the same encrypted data",
        "meaning",
        "mending",
        "cannot receive [red]\x1b[31m",
    )
    failed = replace(sending(), state=JobState.FAILED, trouble=trouble, ended=NOW)
    async with showing(replace(picture(*BEHIND), job=failed)) as operator:
        assert "the job failed: the base is not" in operator.sees().splitlines()[1]
        await operator.pilot.press("d")
        await operator.until("cannot receive [red]\\x1b[31m")
        seen = operator.sees()
        assert seen.index("meaning") < seen.index("mending") < seen.index("cannot receive [red]")


async def test_a_lost_host_counts_down_and_its_last_picture_carries_its_age() -> None:
    shown = picture(*BEHIND)
    trouble = Trouble("host-unreachable", "root@dr1", "the connection was lost")
    lost = Connection(
        connected=False,
        since=NOON,
        attempt=2,
        trouble=trouble,
        retry_at=NOW.replace(second=19),
    )
    gone = replace(shown.destination, trouble=trouble, connection=lost)
    async with showing(replace(shown, destination=gone)) as operator:
        line = operator.sees().splitlines()[1]
        assert "next try in 12 s, attempt 3" in line
        assert "shown: 14 h 13 min ago" in line
        assert "s103" in operator.sees()


async def test_names_from_hosts_are_shown_and_never_obeyed() -> None:
    odd: Held = held(dataset("tank/prod"), snapshot("a", 101))
    shown = picture(inventory("tank/prod", top=odd), inventory("backup/prod"))
    noisy = Trouble("command-failed", "root@nas1", "said \x1b[2J[bold]x[/bold]", raw="\x1b]0;x\x07")
    side = replace(shown.source, trouble=noisy)
    async with showing(replace(shown, source=side)) as operator:
        assert "said \\x1b[2J[bold]x[/bold]" in operator.sees()
        await operator.pilot.press("d")
        await operator.until("\\x1b]0;x\\x07")


async def test_the_filter_says_how_much_it_hides_and_escape_ends_it() -> None:
    async with showing(picture(*BEHIND)) as operator:
        await operator.pilot.press("slash", *":behind")
        await operator.until("4 of 6 snapshots")
        await operator.pilot.press("enter")
        assert "4 of 6 snapshots" in operator.sees()
        await operator.pilot.press("escape")
        await wait_for(
            operator.pilot,
            lambda: "of 6 snapshots" not in operator.sees(),
            "the filter gone",
        )


async def test_help_lists_every_action_with_its_key() -> None:
    async with showing(picture(*BEHIND), size=(100, 60)) as operator:
        await operator.pilot.press("question_mark")
        await wait_for(
            operator.pilot, lambda: isinstance(operator.app.screen, HelpScreen), "the help page"
        )
        text = ""
        for _ in range(12):
            text += operator.sees()
            await operator.pilot.press("space")
        for action in ACTIONS:  # a title of two words may be told on two lines
            assert all(word in text for word in action.title.split()), action.title


def ill(health: str) -> Picture:
    """A route whose destination's pool is not well."""
    ours, theirs = BEHIND
    assert theirs.pool is not None
    return picture(ours, replace(theirs, pool=replace(theirs.pool, health=health)))


@pytest.mark.parametrize("health", ["DEGRADED", "SUSPENDED"])
@pytest.mark.parametrize("size", SIZES)
async def test_a_pool_that_is_not_well_is_said_at_every_size(
    size: tuple[int, int], health: str
) -> None:
    async with showing(ill(health), size=size) as operator:
        lines = operator.sees().splitlines()
        finding = "pool-suspended" if health == "SUSPENDED" else "pool-degraded"
        assert f"! {finding}: the pool backup of the destination is {health}" in lines[1]
        assert lines[1].rstrip().endswith("p diagnose")
        running = replace(ill(health), job=sending())
        operator.screen.show(running)
        await operator.until(f"backup {'' if size[0] < 100 else '50 % full '}{health}")


@pytest.mark.parametrize("size", SIZES)
async def test_iostat_that_is_old_carries_its_age(size: tuple[int, int]) -> None:
    shown = picture(*BEHIND)
    fresh, old = NOW - timedelta(seconds=5), NOW - timedelta(seconds=50)
    shown = replace(
        shown,
        source=replace(shown.source, iostat_at=fresh),
        destination=replace(shown.destination, iostat_at=old),
    )
    async with showing(shown, size=size) as operator:
        await operator.until("50 s ago: read 2.1 MB/s, write 61.0 MB/s")
        seen = [line for line in operator.sees().splitlines() if "MB/s" in line]
        assert ["ago" in line for line in seen] == [False, True]


async def test_ctrl_c_ends_nothing_and_says_what_leaves() -> None:
    async with showing(picture(*BEHIND)) as operator:

        def told() -> list[str]:
            return [each.message for each in operator.app._notifications]  # noqa: SLF001

        await operator.pilot.press("ctrl+c")
        await wait_for(operator.pilot, told, "it is said")
        assert told() == ["Ctrl-C ends neither sealift nor a job: q leaves."]
        assert operator.app.is_running


async def test_read_only_turns_every_changing_action_off_and_says_so() -> None:
    async with showing(picture(*BEHIND), "--read-only") as operator:
        assert "READ-ONLY" in operator.sees().splitlines()[0]
        for action in ACTIONS:
            if action.effect is not Effect.READ:
                assert "read-only" in operator.screen.refusal(action.id)
                await operator.pilot.press(action.keys[0])
                assert not isinstance(operator.app.screen, Dialog)


async def test_no_single_lower_case_key_changes_anything() -> None:
    async with showing(picture(*BEHIND)) as operator:
        for key in "abcdefghijklmnoprstuvwxyz":
            await operator.pilot.press(key)
            if isinstance(operator.app.screen, Dialog):
                assert operator.focused_button() in {"cancel", None}
            while operator.app.screen is not operator.screen:
                await operator.pilot.press("escape")
        changed = [
            entry for entry in operator.app.command_log.entries() if entry.effect is not Effect.READ
        ]
        assert changed == []


async def test_the_copy_key_shows_in_a_box_what_it_sent_to_the_clipboard() -> None:
    async with showing(picture(*BEHIND)) as operator:
        await operator.pilot.press("down", "y")
        await operator.until("also sent to the terminal's clipboard")
        box = operator.app.screen.query_one("#copied", TextArea)
        assert box.text == operator.app.clipboard == "tank/prod@s103"
        assert operator.focused_button() == "cancel"
        await operator.pilot.press("escape")
        assert operator.app.screen is operator.screen


async def test_an_unknown_host_key_is_shown_once_and_cancel_has_the_focus() -> None:
    shown = picture(*BEHIND)
    key = UnknownKey(
        name="dr1",
        algorithm="ssh-ed25519",
        fingerprint="SHA256:abc",
        line="dr1 ssh-ed25519 AAAA",
        file=Path("/home/op/.ssh/known_hosts"),
    )
    trouble = Trouble("host-key-unknown", "root@dr1", "its host key is not known here")
    waiting = replace(shown.destination, trouble=trouble, unknown_key=key)
    async with showing(replace(shown, destination=waiting)) as operator:
        await wait_for(
            operator.pilot, lambda: isinstance(operator.app.screen, Dialog), "the question"
        )
        await operator.until("SHA256:abc")
        assert "/home/op/.ssh/known_hosts" in operator.sees()
        assert operator.focused_button() == "cancel"
        await operator.pilot.press("escape")
        operator.screen.show(replace(shown, destination=waiting, problems=()))
        await operator.pilot.pause()
        assert not isinstance(operator.app.screen, Dialog)


async def test_a_read_only_route_remembers_no_host_key() -> None:
    shown = picture(*BEHIND)
    key = UnknownKey("dr1", "ssh-ed25519", "SHA256:abc", "dr1 ssh-ed25519 A", Path("known_hosts"))
    trouble = Trouble("host-key-unknown", "root@dr1", "its host key is not known here")
    waiting = replace(shown.destination, trouble=trouble, unknown_key=key)
    async with showing(replace(shown, destination=waiting), "--read-only") as operator:
        await operator.until("Trust and remember: This session is read-only.")
        assert operator.app.screen.query_one("#remember", Button).disabled
        assert not operator.app.screen.query_one("#session", Button).disabled


@pytest.mark.parametrize("width", [80, 100, 104, 112, 120, 160, 200, 240])
async def test_both_pools_are_seen_at_every_width(width: int) -> None:
    async with showing(picture(*BEHIND), size=(width, 36)) as operator:
        lines = operator.sees().splitlines()
        for pool in ("tank", "backup"):
            (line,) = (each for each in lines if each.lstrip("│ ").startswith(f"{pool} "))
            assert "write" in line
            assert "…" not in line.partition("││")[0]
