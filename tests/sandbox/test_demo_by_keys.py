"""The real program on the demo, driven by its keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sealift.actions import ACTIONS
from sealift.cli import parse
from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.replication.job import JobState
from sealift.replication.seal import SealState
from sealift.ui.app import SealiftApp
from sealift.ui.screens.charts import ChartsScreen
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.listing import ListScreen
from sealift.ui.screens.playbook import PlaybookScreen
from sealift.zfs.commands import Effect
from tests.driving import Operator
from tests.waiting import wait_for

from .test_demo_ends import said
from .test_demo_journey import _GUIDS, _TREE


class OnDemo(SealiftApp):
    """The program on two empty hosts with a small tree on the source."""

    demo: Demo

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        async with Demo.open(BLANK) as self.demo:
            await said(self.demo, "nas1", _TREE)
            yield (
                Host(self.demo.source, gate, self.command_log),
                Host(self.demo.destination, gate, self.command_log),
            )


@asynccontextmanager
async def operating(*words: str, size: tuple[int, int] = (160, 45)) -> AsyncIterator[Operator]:
    app = OnDemo(parse(["root@nas1:tank/prod", "root@dr1:backup/prod", *words]))
    async with app.run_test(size=size, notifications=True) as pilot:
        operator = Operator(pilot, patience=20)
        await operator.both_read()
        yield operator


async def test_seed_and_increment_by_keys_arrive_sealed_and_equal() -> None:
    async with operating() as operator:
        assert isinstance(operator.app, OnDemo)
        await operator.confirm("n", "take")
        await operator.until("a seed sends 3 snapshots")
        assert "zfs send -w -vP -R tank/prod@rep-" in await operator.confirm("s", "start")
        assert await operator.job_ended(15) is JobState.DONE
        await said(operator.app.demo, "nas1", "fill tank/prod/db 3")
        await operator.confirm("n", "take")
        await operator.until("3 snapshots to send")
        assert "-I @rep-" in await operator.confirm("s", "start")
        assert await operator.job_ended(15) is JobState.DONE
        assert operator.picture.seal.state is SealState.SEALED
        await operator.until("SEALED vault")
        there = await said(operator.app.demo, "dr1", _GUIDS.format("backup/prod"))
        assert there == await said(operator.app.demo, "nas1", _GUIDS.format("tank/prod"))
        assert len(there.splitlines()) == 6


async def test_a_plan_that_a_snapshot_came_behind_is_refused_by_its_name_and_shown_anew() -> None:
    async with operating() as operator:
        assert isinstance(operator.app, OnDemo)
        await operator.confirm("n", "take")
        await operator.until("a seed sends 3 snapshots")
        await operator.pilot.press("s")
        await operator.until("Start")
        await said(operator.app.demo, "nas1", "zfs snapshot -r tank/prod@rep-meanwhile")
        await operator.choose("start")
        await operator.until("New since then: @rep-meanwhile.")
        assert operator.focused_button() == "again"
        await operator.choose("again")
        await operator.until("6 snapshots, about")
        assert operator.focused_button() == "cancel"
        await operator.choose("start")
        assert await operator.job_ended(15) is JobState.DONE
        await operator.until("done: every planned snapshot is there, by guid")


async def test_the_snapshot_that_is_taken_has_the_name_that_was_shown() -> None:
    async with operating() as operator:
        assert isinstance(operator.app, OnDemo)
        said_there = await operator.confirm("n", "take")
        await operator.until("a seed sends 3 snapshots")
        (name,) = {
            line.partition("@")[2].split("\t")[0]
            for line in (
                await said(operator.app.demo, "nas1", _GUIDS.format("tank/prod"))
            ).splitlines()
        }
        assert f"zfs snapshot -r tank/prod@{name}" in said_there


async def test_no_single_lower_case_key_changes_anything() -> None:
    async with operating() as operator:
        opened = 0
        for key in "abcdefghijklmnoprstuvwxyz":
            await operator.pilot.press(key)
            if key in {"n", "s"}:
                await wait_for(
                    operator.pilot,
                    lambda: isinstance(operator.app.screen, Dialog) and operator.focused_button(),
                    f"the dialog of {key}",
                )
                opened += 1
            if isinstance(operator.app.screen, Dialog):
                assert operator.focused_button() == "cancel"
                await operator.pilot.press("escape")
            if isinstance(operator.app.screen, ListScreen):
                await everything_in(operator)
                opened += 1
            if isinstance(operator.app.screen, PlaybookScreen):
                await operator.pilot.press("enter", "1", "i", "escape", "escape")
                await wait_for(
                    operator.pilot,
                    lambda: operator.app.screen is operator.screen,
                    "the route's screen again",
                )
                opened += 1
            if isinstance(operator.app.screen, ChartsScreen):
                await operator.pilot.press(*"abcdefghijklmnoprstuvwx", "escape", "escape")
                opened += 1
        assert opened == 2 + len("ajptxhkv")
        assert changes(operator) == []


async def everything_in(operator: Operator) -> None:
    """Press every lower-case letter in a list, and leave it."""
    panel = operator.app.screen
    for key in "abcdefghijklmnoprstuvwxyz":
        await operator.pilot.press(key)
        if isinstance(operator.app.screen, Dialog):
            await operator.pilot.press("escape")
        await wait_for(operator.pilot, lambda: operator.app.screen is panel, "the list again")
    await operator.pilot.press("q")
    await wait_for(operator.pilot, lambda: operator.app.screen is not panel, "the route again")


async def test_the_charts_show_what_was_sent_and_what_arrived() -> None:
    async with operating(size=(80, 24)) as operator:
        await operator.confirm("n", "take")
        await operator.until("a seed sends 3 snapshots")
        await operator.confirm("s", "start")
        assert await operator.job_ended(15) is JobState.DONE
        await operator.pilot.press("v")
        await operator.until("worst lag")
        await operator.until("1 job ended")
        assert "limit 1 h 00 min" in operator.sees()
        await operator.pilot.press("4")
        await operator.until("Latency of backup, destination")
        await operator.until("sample")
        await operator.pilot.press("5")
        await operator.until("no increment in the last 56 days")
        await operator.pilot.press("w", "1")
        await operator.until("Lag, 7 d")
        await operator.pilot.press("escape")
        assert operator.app.screen is operator.screen
        (asked,) = [
            entry.text
            for entry in operator.app.command_log.entries()
            if entry.text.startswith("tail -n 1 ")
        ]
        assert asked.endswith("/log")


async def test_a_read_only_session_changes_nothing_whatever_is_pressed() -> None:
    async with operating("--read-only") as operator:
        for action in ACTIONS:
            if action.effect is not Effect.READ:
                await operator.pilot.press(action.keys[0])
                await operator.until("This session is read-only.")
                assert not isinstance(operator.app.screen, Dialog)
        assert changes(operator) == []


def changes(operator: Operator) -> list[str]:
    """What the gate let through that was more than a read."""
    entries = operator.app.command_log.entries()
    assert entries
    return [entry.text for entry in entries if entry.effect is not Effect.READ]
