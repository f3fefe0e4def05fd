"""All routes on one screen: what it says, what it opens, and what a dead host does to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from textual.pilot import Pilot
from textual.widgets import TextArea

from sealift.cli import Options, parse
from sealift.config.settings import Setup
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.routes import Route
from sealift.ui.app import SealiftApp
from sealift.ui.screens.dialog import Copied
from sealift.ui.screens.overview import OverviewScreen
from sealift.ui.screens.route import RouteScreen
from sealift.zfs.listings import KeyStatus
from tests.factories import NOON, dataset, held, inventory, snapshot
from tests.fleet import Fleet, tree
from tests.waiting import screen_text, wait_for

NOW = NOON + timedelta(hours=10)
SIZES = ((80, 24), (160, 45))


class FleetApp(SealiftApp):
    """Its hosts are a fleet's, for the overview and for a route."""

    def __init__(self, fleet: Fleet, *setups: Setup) -> None:
        self.fleet = fleet
        setups = setups or tuple(Setup(route) for route in fleet.routes)
        usual = parse(["a/b", "h:c/d"])
        options: Options = replace(usual, setups=setups, all_routes=True)
        super().__init__(options, clock=lambda: NOW)

    @asynccontextmanager
    async def open_all_hosts(self, routes: Sequence[Route]) -> AsyncIterator[Mapping[str, Host]]:
        yield self.fleet.open(routes, log=self.command_log)

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        route = self.options.route
        hosts = self.fleet.open([route], gate, self.command_log)
        yield hosts[route.source.where], hosts[route.destination.where]


def fleet() -> Fleet:
    """A quiet route, one that is late, one that is not sealed, one whose host is gone."""
    made = Fleet()
    made.add("quiet", tree("tank/quiet", 109), tree("backup/quiet", 109))
    made.add("late", tree("tank/late", 101, 105, 109), tree("backup/late", 101))
    opened = held(
        dataset("backup/open", status=KeyStatus.AVAILABLE, mounted=True), snapshot("rep-109", 109)
    )
    made.add("open", tree("tank/open", 109), inventory("backup/open", top=opened))
    made.add("gone", tree("tank/gone", 109), tree("far/gone", 109), "nas1", "dr2")
    made.hosts["root@dr2"].up = False
    made.routes[0] = replace(made.routes[0], lag_limit=86_400)
    return made


@asynccontextmanager
async def overview(
    app: FleetApp, size: tuple[int, int] = (160, 45)
) -> AsyncIterator[tuple[FleetApp, Pilot[int]]]:
    """The program once all hosts were asked."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await wait_for(pilot, lambda: cell(app, "gone", 5), "dr2 is gone")
        await wait_for(pilot, lambda: "SEALED" in cell(app, "quiet", 3), "dr1 was read")
        await pilot.pause()
        yield app, pilot


def cell(app: FleetApp, route: str, column: int) -> str:
    """What one row says in a column."""
    if not isinstance(app.screen, OverviewScreen):
        return ""
    found = (each.cells[column] for each in app.screen.pane.entries if each.id == route)
    return next(found, "")


def rows(pilot: Pilot[int]) -> list[str]:
    """The names of the routes as they stand, each with its glyph."""
    lines = screen_text(pilot).splitlines()
    names = ("quiet", "late", "open", "gone")
    return [" ".join(line.split()[:2]) for line in lines if any(n in line[:12] for n in names)]


@pytest.mark.parametrize("size", SIZES)
async def test_all_routes_are_there_worst_first_with_what_matters(size: tuple[int, int]) -> None:
    async with overview(FleetApp(fleet()), size) as (_, pilot):
        assert rows(pilot)[:4] == ["! open", "! late", "! gone", "✓ quiet"]
        seen = screen_text(pilot)
        lines = seen.splitlines()
        assert "All routes, worst first" in lines[0]
        assert "4 rows" in lines[0]
        assert "Behind" in lines[1]
        assert "NOT SEALED" in seen
        assert "key-loaded-on-vault: backup/open: its key is loaded there" in seen
        assert "enter open" in lines[-1]
        assert "q quit" in lines[-1]
        assert len(lines) <= size[1]


async def test_routes_that_go_on_from_one_another_stand_together() -> None:
    made = fleet()
    made.add("onward", tree("backup/late", 101), tree("far/late", 101), "dr1", "far")
    async with overview(FleetApp(made)) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, OverviewScreen)
        await wait_for(
            pilot, lambda: "──▶ onward" in screen_text(pilot), "the second hop is marked"
        )
        names = [each.id for each in screen.pane.entries]
        assert names.index("onward") == names.index("late") + 1
        text = "\n".join(screen.pane.entries[names.index("onward")].details)
        assert (
            "Hop 2 of 2: root@nas1:tank/late ──▶ root@dr1:backup/late ──▶ root@far:far/late" in text
        )
        assert "hold tag of its own" in text


def says(app: FleetApp, route: str, words: str) -> bool:
    """Whether a row's finding begins so."""
    return cell(app, route, 5).startswith(words)


async def test_two_routes_of_one_source_with_one_tag_are_warned_of() -> None:
    made = fleet()
    made.add("again", tree("tank/quiet", 109), tree("far/quiet", 109), "nas1", "dr1")
    async with overview(FleetApp(made)) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, OverviewScreen)
        for name, other in (("again", "quiet"), ("quiet", "again")):
            said = f"{name} and {other} both hold with the tag keepforrep"
            await wait_for(pilot, partial(says, app, name, said), "it is said")
            row = next(each for each in screen.pane.entries if each.id == name)
            assert row.level == "warning"
            assert said in "\n".join(row.details)


def log_lines(pilot: Pilot[int]) -> list[str]:
    """What the command log has on the screen."""
    return [each for each in screen_text(pilot).splitlines() if "$ zfs list" in each]


def copied(app: FleetApp) -> str:
    """What the open box of what was copied has in it."""
    boxes = app.screen.query(TextArea) if isinstance(app.screen, Copied) else ()
    return next((each.text for each in boxes), "")


@pytest.mark.parametrize("size", SIZES)
async def test_the_command_log_is_opened_by_the_same_key_as_on_a_route(
    size: tuple[int, int],
) -> None:
    async with overview(FleetApp(fleet()), size) as (app, pilot):
        assert not log_lines(pilot)
        await pilot.press("at")
        await wait_for(pilot, lambda: log_lines(pilot), "what was run")
        assert {each.split("$")[0].split()[-1] for each in log_lines(pilot)} <= {
            "root@nas1",
            "root@dr1",
        }
        assert "All routes, worst first" in screen_text(pilot)
        assert len(rows(pilot)) >= 4, "the routes are still there"
        await pilot.press("up", "up", "y")
        await wait_for(pilot, lambda: copied(app).startswith("zfs list"), "the command, copied")
        await pilot.press("escape", "at")
        await wait_for(pilot, lambda: not log_lines(pilot), "it is closed again")
        await pilot.press("at", "escape", "down", "y")
        await wait_for(pilot, lambda: copied(app).startswith("late"), "the row, copied")


async def test_the_command_log_of_all_routes_is_there_again_after_a_route() -> None:
    async with overview(FleetApp(fleet())) as (app, pilot):
        own = app.command_log
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, RouteScreen), "the route's screen")
        assert app.command_log is not own
        await wait_for(pilot, lambda: "= base" in screen_text(pilot), "both trees")
        await pilot.press("escape")
        await wait_for(pilot, lambda: isinstance(app.screen, OverviewScreen), "all routes")
        assert app.command_log is own
        seen = len(own.entries())
        await pilot.press("ctrl+r", "at")
        await wait_for(
            pilot, lambda: len(own.entries()) > seen and log_lines(pilot), "they were read again"
        )


async def test_a_dead_host_greys_out_its_routes_and_nothing_else() -> None:
    async with overview(FleetApp(fleet())) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, OverviewScreen)
        await pilot.pause()
        grey = {each.id: each.grey for each in screen.pane.entries}
        assert grey == {"open": False, "late": False, "gone": True, "quiet": False}
        assert [cell(app, name, 4) for name in ("gone", "quiet")] == ["not read", "idle"]
        await pilot.press("down", "down")
        await wait_for(
            pilot, lambda: "nothing answers there" in screen_text(pilot), "what is known of gone"
        )
        assert "root@dr2: not read" in screen_text(pilot)


async def test_enter_opens_the_route_and_escape_comes_back() -> None:
    async with overview(FleetApp(fleet())) as (app, pilot):
        for key in ("home", "down"):  # neither is the one whose host is gone
            await pilot.press(key, "enter")
            await wait_for(pilot, lambda: isinstance(app.screen, RouteScreen), "the route's screen")
            await wait_for(pilot, lambda: "= base" in screen_text(pilot), "both trees")
            assert app.options.route.name in screen_text(pilot).splitlines()[0]
            await pilot.press("slash", *"rep", "escape", "escape")
            await wait_for(pilot, lambda: isinstance(app.screen, OverviewScreen), "all routes")
        assert app.options.all_routes


async def test_a_route_that_was_left_before_it_was_read_is_left() -> None:
    async with overview(FleetApp(fleet())) as (app, pilot):
        await pilot.press("enter", "escape")
        await wait_for(pilot, lambda: isinstance(app.screen, OverviewScreen), "all routes")
        await pilot.press("escape", "escape")
        assert isinstance(app.screen, OverviewScreen), "there is nothing to go back to"


async def test_the_filter_and_a_refresh_keep_the_cursor_on_its_route() -> None:
    made = fleet()
    async with overview(FleetApp(made)) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, OverviewScreen)
        await pilot.press("slash", *"late", "enter")
        assert [each.id for each in screen.pane.shown] == ["late"]
        await pilot.press("escape", "down")
        current = screen.pane.current
        assert current is not None
        made.hosts["root@dr1"].trees["backup/late"] = tree("backup/late", 101, 109)
        await pilot.press("ctrl+r")
        await wait_for(
            pilot,
            lambda: cell(app, "late", 1) == "1 h 00 min",
            "late is not late any more",
        )
        assert screen.pane.current is not None
        assert screen.pane.current.id == current.id


async def test_a_route_of_the_config_that_is_read_only_is_opened_read_only() -> None:
    made = fleet()
    setups = [Setup(replace(route, read_only=True)) for route in made.routes]
    async with overview(FleetApp(made, *setups)) as (app, pilot):
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, RouteScreen), "the route's screen")
        await wait_for(pilot, lambda: "READ-ONLY" in screen_text(pilot), "it says so")
        await pilot.press("s")
        await wait_for(pilot, lambda: "This session is read-only." in screen_text(pilot), "refused")


async def test_no_key_of_the_overview_changes_anything() -> None:
    made = fleet()
    async with overview(FleetApp(made)) as (app, pilot):
        for key in "abcdefghijklmnoprstuvwxyz":
            await pilot.press(key)
            if isinstance(app.screen, Copied):
                await pilot.press("escape")
            assert isinstance(app.screen, OverviewScreen)
    for host in made.hosts.values():
        assert {argv[1] for argv in host.ran} <= {"list"}
