"""The overview in the program: follows all hosts, opens one route at a time, and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from sealift.hosts.command_log import CommandLog
from sealift.hosts.host import Connection
from sealift.replication.overview import Overview, OverviewWatch
from sealift.replication.picture import Picture, Side

if TYPE_CHECKING:
    from sealift.cli import Options
    from sealift.ui.app import SealiftApp
    from sealift.ui.screens.overview import OverviewScreen


class AllRoutes:
    """All routes of the options. `watch` is None until the hosts are being read.

    A route that is open has connections of its own, with what it may do; all others rest meanwhile.
    """

    def __init__(self, app: SealiftApp, options: Options, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._options = options
        self._clock = clock
        self.watch: OverviewWatch | None = None
        self._screen: OverviewScreen | None = None

    def show(self) -> None:
        """Show all routes at once; their hosts come after the first frame."""
        from sealift.ui.screens.overview import OverviewScreen  # noqa: PLC0415 - not for one route

        waiting = Connection(connected=False, since=self._clock())
        first = Overview(
            tuple(
                Picture(
                    each.route,
                    Side(each.route.source, waiting),
                    Side(each.route.destination, waiting),
                )
                for each in self._options.setups
            )
        )
        self._screen = OverviewScreen(
            first,
            self.open,
            self._refresh,
            glyphs=self._app.glyphs,
            clock=self._clock,
            read_only=False,
        )
        self._app.push_screen(self._screen)
        self._app.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._app.run_worker(self._follow(), group="watch", exit_on_error=True)

    async def _follow(self) -> None:
        routes = [each.route for each in self._options.setups]
        async with self._app.open_all_hosts(routes) as hosts:
            self.watch = OverviewWatch(routes, hosts)
            if self._screen is not None:
                self.watch.subscribe(self._screen.show_overview)
            try:
                await self.watch.run()
            finally:
                await asyncio.gather(*(host.close() for host in hosts.values()))

    def open(self, title: str) -> None:
        """Open a route."""
        setup = next(each for each in self._options.setups if each.route.title == title)
        self._app.options = self._options.only(setup)
        self._app.command_log = CommandLog()  # its journal is of this route alone
        self._app.use_theme(setup.theme or self._options.theme)
        if self.watch is not None:
            self.watch.rest()
        self._app.show_route(self._back)

    def _back(self) -> None:
        self._app.leave_route()
        self._app.options = self._options
        self._app.use_theme(self._options.theme)
        if self.watch is not None:
            self.watch.go_on()

    def _refresh(self) -> None:
        if self.watch is not None:
            self.watch.refresh()
