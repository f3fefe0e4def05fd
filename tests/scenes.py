"""The screens that are drawn for people and for tests, the same every time: nothing moves in them.

A screen is a function that opens it; a new one is a line in `SCREENS`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from sealift.cli import parse
from sealift.demo.stage import Demo
from sealift.hosts.command_log import LogEntry
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.keys.audit import Audit
from sealift.replication.overview import Overview
from sealift.replication.picture import Picture, Side
from sealift.ui.app import SealiftApp
from sealift.ui.panels import audit as audit_panel
from sealift.ui.screens.overview import OverviewScreen
from sealift.ui.screens.playbook import Calls, PlaybookScreen
from sealift.ui.screens.route import RouteScreen
from sealift.ui.text import UNICODE
from sealift.zfs.iostat import IostatSample
from sealift.zfs.names import pool_of
from tests.diagnoses import slow_link
from tests.driving import Operator
from tests.factories import job, mirrored
from tests.ui import (
    pictures,
    starting,
    test_audit_panel,
    test_charts_screen,
    test_overview,
)
from tests.waiting import wait_for

NOW = datetime(2026, 12, 25, 2, 13, 7, tzinfo=UTC)
_FIRST_SIZE = (120, 36)
_AGO = "12 s ago"

Opened = AbstractAsyncContextManager[Pilot[Any]]


class FrozenApp(SealiftApp):
    """The program on a demo whose clock stands still."""

    scenario = ""

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        """The hosts of the scenario."""
        async with Demo.open(self.scenario, frozen=NOW) as demo:
            self.options = self.options.with_route(
                replace(self.options.route, name=demo.route.name)
            )
            yield (
                Host(demo.source, gate, self.command_log, clock=lambda: NOW),
                Host(demo.destination, gate, self.command_log, clock=lambda: NOW),
            )

    def _show_log(self, screen: RouteScreen) -> None:
        """The log is drawn once, when it is steady."""


@asynccontextmanager
async def demo(scenario: str, *keys: str, shows: str = "") -> AsyncIterator[Pilot[Any]]:
    """A night of the demo, after these keys, once a text is there that they bring up."""
    app = FrozenApp(parse(["demo", scenario]), clock=lambda: NOW)
    app.scenario = scenario
    async with app.run_test(size=_FIRST_SIZE) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        await pilot.press(*keys)
        await operator.until(shows)
        app.workers.cancel_group(app, "watch")
        await wait_for(
            pilot,
            lambda: not any(each.group == "watch" for each in app.workers),
            "the demo closed",
        )
        operator.screen.show(_steady(operator.picture))
        operator.screen.log_pane.show(_steady_log(app.command_log.entries()))
        yield await _calm(pilot)


def _steady(picture: Picture) -> Picture:
    """The picture with the same iostat every time: how many lines it says differs from run to run.

    A quiet pool, with what a transaction group writes now and then.
    """

    def quiet(side: Side) -> Side:
        pool = pool_of(side.location.dataset)
        samples = tuple(
            IostatSample(pool, 0, 0, reads, writes, reads * 8_000, writes * 16_000, 400_000)
            for reads, writes in ((1, 0), (0, 0), (3, 12), (2, 0), (0, 18), (5, 0), (1, 25), (2, 3))
        )
        return replace(side, iostat=samples, iostat_at=NOW)

    return replace(picture, source=quiet(picture.source), destination=quiet(picture.destination))


def _steady_log(entries: tuple[LogEntry, ...]) -> tuple[LogEntry, ...]:
    """The first reading's commands in a fixed order, each as quick as the next."""
    shown = {(each.host, each.text): each for each in entries if "iostat" not in each.text}
    return tuple(
        replace(shown[key], seconds=0.1, exit_code=0, note="")
        for key in sorted(shown, reverse=True)
    )


@asynccontextmanager
async def playbook() -> AsyncIterator[Pilot[Any]]:
    """What the playbook says of a slow link, over the route."""
    app = pictures.SilentApp(parse(pictures.ROUTE), clock=lambda: NOW)
    asked = Calls(lambda _: None, lambda: None, lambda _: None, lambda _: None)
    async with app.run_test(size=_FIRST_SIZE) as pilot:
        app.workers.cancel_group(app, "watch")
        await app.push_screen(
            PlaybookScreen(slow_link(), asked, UNICODE, lambda: NOW, read_only=False)
        )
        yield await _calm(pilot)


@asynccontextmanager
async def overview() -> AsyncIterator[Pilot[Any]]:
    """All routes: one quiet, one late, one not sealed, one whose host is gone."""
    app = test_overview.FleetApp(test_overview.fleet())
    async with test_overview.overview(app, _FIRST_SIZE) as (_, pilot):
        app.workers.cancel_group(app, "watch")
        assert app.all_routes is not None
        assert app.all_routes.watch is not None
        assert isinstance(app.screen, OverviewScreen)
        now, pane = test_overview.NOW, app.screen.pane
        read = app.all_routes.watch.overview.pictures
        app.screen.show_overview(Overview(tuple(_read_at(each, now) for each in read)))
        await wait_for(pilot, lambda: _AGO in str(pane.entries[0].details), "when it was read")
        yield await _calm(pilot)


def _read_at(picture: Picture, now: datetime) -> Picture:
    """The picture as if both sides had been read shortly before this time."""

    def at(side: Side) -> Side:
        read = side.inventory and replace(side.inventory, taken_at=now - timedelta(seconds=12))
        return replace(side, inventory=read)

    return replace(picture, source=at(picture.source), destination=at(picture.destination))


@asynccontextmanager
async def jobs() -> AsyncIterator[Pilot[Any]]:
    """The list of jobs, one of which runs."""
    trees = mirrored({"": [101, 102, 103]}, {"": [101]})
    shown = replace(pictures.picture(*trees), jobs=(job(),))
    async with pictures.showing(shown, size=_FIRST_SIZE) as operator:
        await operator.pilot.press("j")
        await operator.until("7f3a51c2")
        yield await _calm(operator.pilot)


@asynccontextmanager
async def audit() -> AsyncIterator[Pilot[Any]]:
    """An audit with a key that comes by itself, a replica that can be written, and an unknown."""

    async def taken(_watch: object) -> Audit:
        return test_audit_panel.found()

    shown = pictures.picture(*test_audit_panel.trees())
    with mock.patch.object(audit_panel, "audit", taken):
        async with pictures.showing(shown, size=_FIRST_SIZE) as operator:
            await operator.pilot.press("a")
            await operator.until("keylocation-autom")
            yield await _calm(operator.pilot)


@asynccontextmanager
async def charts() -> AsyncIterator[Pilot[Any]]:
    """The charts of a route that is behind."""
    async with pictures.showing(test_charts_screen.SHOWN, size=_FIRST_SIZE) as operator:
        await test_charts_screen.opened(operator)
        yield await _calm(operator.pilot)


@asynccontextmanager
async def first() -> AsyncIterator[Pilot[Any]]:
    """The first start of somebody whose ssh_config names four hosts, before any is looked at."""
    with TemporaryDirectory() as home:
        config = Path(home) / ".ssh" / "config"
        config.parent.mkdir()
        config.write_text("Host nas1 dr1 old1 odd1\n", encoding="utf-8")
        with mock.patch.dict(os.environ, {"HOME": home, "XDG_CONFIG_HOME": home}):
            async with starting.first(size=_FIRST_SIZE) as operator:
                await operator.until("odd1")
                yield await _calm(operator.pilot)


async def _calm(pilot: Pilot[Any]) -> Pilot[Any]:
    """Nothing blinks, and nothing is told that goes away by itself."""
    for field in pilot.app.screen.query(Input):
        field.cursor_blink = False
    pilot.app.clear_notifications()
    await pilot.pause()
    return pilot


SCREENS: dict[str, Callable[[], Opened]] = {
    "overview": overview,
    "route": partial(demo, "slow-link"),
    "torn-seed": partial(demo, "torn-seed"),
    "not-sealed": partial(demo, "unsealed"),
    "preview": partial(demo, "slow-link", "s", shows="Cancel"),
    "details": partial(demo, "broken-chain", "d", shows="Back"),
    "help": partial(demo, "slow-link", "question_mark", shows="IV sets differ"),
    "playbook": playbook,
    "keys": partial(demo, "key-procedure", "k", shows="root@dr1   locked"),
    "holds": partial(demo, "slow-link", "h", shows="NOT HELD"),
    "audit": audit,
    "jobs": jobs,
    "charts": charts,
    "first": first,
}


async def settled(pilot: Pilot[Any], size: tuple[int, int], theme: str) -> list[Strip]:
    """The lines of the screen at this size and in this theme, once they stay as they are."""
    pilot.app.theme = theme
    await pilot.resize_terminal(*size)
    await pilot.pause()
    seen: list[Strip] = []

    def same() -> bool:
        nonlocal seen
        # The compositor has no public way to its lines (reference: Textual 8.2.8).
        before, seen = seen, pilot.app.screen._compositor.render_strips()  # noqa: SLF001
        return before == seen and any(line.text.strip() for line in seen)

    await wait_for(pilot, same, "a screen that stays as it is")
    return seen
