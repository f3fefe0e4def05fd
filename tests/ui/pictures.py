"""Pictures of a route to put on a screen, and an application that never reaches a host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from sealift.cli import parse
from sealift.hosts.gate import Gate
from sealift.hosts.host import Connection, Host
from sealift.hosts.local import LocalProcess
from sealift.hosts.probe import HostFacts
from sealift.hosts.trouble import UnknownKey
from sealift.replication.comparison import compare
from sealift.replication.inventory import Inventory
from sealift.replication.picture import Picture, Side, found_in
from sealift.replication.seal import judge
from sealift.routes import Route
from sealift.ui.app import SealiftApp
from sealift.zfs.iostat import IostatSample
from sealift.zfs.pools import ZfsVersion
from tests.driving import Operator
from tests.factories import NOON
from tests.waiting import wait_for

ROUTE = ("root@nas1:tank/prod", "root@dr1:backup/prod")
NOW = NOON + timedelta(hours=14, minutes=13, seconds=7)


class SilentTransport:
    """A host that accepts everything and never answers."""

    connected = False
    reached = False

    def __init__(self, where: str) -> None:
        self.where = where

    async def connect(self) -> None:
        await asyncio.Event().wait()

    async def start(self, words: tuple[str, ...]) -> LocalProcess:
        raise AssertionError(f"nothing is started on a host that is not connected: {words}")

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        raise AssertionError(f"no key was shown: {key}, {remember}")

    async def close(self) -> None:
        pass


class SilentApp(SealiftApp):
    """Its two hosts never answer."""

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        route = self.options.route
        source, destination = (
            Host(SilentTransport(end.where), gate, self.command_log)
            for end in (route.source, route.destination)
        )
        yield source, destination


def side(route: Route, inventory: Inventory, *, host: str) -> Side:
    """A side that was read well."""
    sample = IostatSample("x", 1, 1, 20, 300, 2_100_000, 61_000_000, 800_000, 4_000_000)
    return Side(
        route.source if host == "nas1" else route.destination,
        Connection(connected=True, since=NOON),
        HostFacts(
            user="root",
            uid=0,
            hostname=host,
            system="Linux",
            zfs="zfs",
            version=ZfsVersion("2.3.2", "2.3.2", (2, 3, 2), (2, 3, 2)),
            ahead_seconds=0,
            sudo=False,
            doas=False,
        ),
        inventory,
        iostat=(sample, replace(sample, write_bytes=12_000_000), sample),
    )


def picture(source: Inventory, destination: Inventory) -> Picture:
    """The route with both sides read."""
    route = parse(ROUTE).route
    comparison = compare(source, destination)
    return Picture(
        route,
        side(route, source, host="nas1"),
        side(route, destination, host="dr1"),
        comparison,
        judge(comparison),
        found_in(comparison, None),
    )


@asynccontextmanager
async def showing(
    shown: Picture,
    *words: str,
    size: tuple[int, int] = (160, 45),
    clock: Callable[[], datetime] = lambda: NOW,
) -> AsyncIterator[Operator]:
    """The application with this picture on its screen."""
    app = SilentApp(parse([*ROUTE, *words]), clock=clock)
    async with app.run_test(size=size) as pilot:
        operator = Operator(pilot, patience=15)
        await wait_for(pilot, lambda: operator.screen.route_watch is not None, "the watch")
        operator.screen.show(shown)
        await wait_for(pilot, lambda: operator.picture is shown, "the picture on screen")
        await pilot.pause()
        yield operator
