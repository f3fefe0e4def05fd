"""The overview in the program: follows all hosts, opens one route at a time, and comes back.

Without any route there is the first screen in its place; either leads to a new route.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from textual.worker import Worker

from sealift.hosts.command_log import CommandLog
from sealift.hosts.host import Connection
from sealift.replication.overview import Overview, OverviewWatch, hosts_of
from sealift.replication.picture import Picture, Side
from sealift.routes import Location

if TYPE_CHECKING:
    from sealift.cli import Options
    from sealift.config.settings import Setup
    from sealift.ui.app import SealiftApp
    from sealift.ui.looks import Looks
    from sealift.ui.screens.overview import OverviewScreen

_LOOK = 0.25  # seconds between two looks at the command log


class AllRoutes:
    """All routes of the options. `watch` is None until the hosts are being read.

    A route that is open has connections of its own, with what it may do; all others rest meanwhile.
    """

    def __init__(self, app: SealiftApp, options: Options, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._options = options
        self._clock = clock
        self.watch: OverviewWatch | None = None
        self._log = app.command_log  # of all routes; each route that is opened has its own
        self._screen: OverviewScreen | None = None
        self._following: Worker[None] | None = None
        self._looks: Looks | None = None

    def show(self) -> None:
        """Show all routes at once, or how to come to the first one."""
        if self._options.setups:
            self._show_overview()
            return
        from sealift.ui.first_start import FirstStart  # noqa: PLC0415 - only without a route

        FirstStart(self._app, self.looks, self.new_route).show()

    def _show_overview(self) -> None:
        """The overview; its hosts come after the first frame."""
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
            new_route=self.new_route,
            glyphs=self._app.glyphs,
            clock=self._clock,
            read_only=self._options.read_only,
        )
        self._app.push_screen(self._screen)
        self._app.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self._following = self._app.run_worker(self._follow(), group="watch", exit_on_error=True)

    async def _follow(self) -> None:
        routes = [each.route for each in self._options.setups]
        async with self._app.open_all_hosts(routes) as hosts:
            self.watch = OverviewWatch(routes, hosts)
            if self._screen is not None:
                self.watch.subscribe(self._screen.show_overview)
            log = self._app.set_interval(_LOOK, self._show_log)
            try:
                await self.watch.run()
            finally:
                log.stop()
                await asyncio.gather(*(host.close() for host in hosts.values()))

    def _show_log(self) -> None:
        screen = self._screen
        if screen is not None and screen.is_current:
            screen.log_pane.follow(self._log)

    def open(self, title: str) -> None:
        """Open a route."""
        self.open_setup(next(each for each in self._options.setups if each.route.title == title))

    def open_setup(self, setup: Setup) -> None:
        """Open a route, whether the config has it or not."""
        self._app.options = self._options.only(setup)
        self._app.command_log = CommandLog()  # its journal is of this route alone
        self._app.use_theme(setup.theme or self._options.theme)
        if self.watch is not None:
            self.watch.rest()
        self._app.show_route(self._back)

    def _back(self) -> None:
        self._app.leave_route()
        self._app.options = self._options
        self._app.command_log = self._log
        self._app.use_theme(self._options.theme)
        if self.watch is not None:
            self.watch.go_on()

    def _refresh(self) -> None:
        if self.watch is not None:
            self.watch.refresh()

    # One more

    @property
    def looks(self) -> Looks:
        """What was seen of hosts, those of the routes and of the ssh_config."""
        if self._looks is None:
            from sealift.ui.looks import Looks  # noqa: PLC0415 - seldom needed

            self._looks = Looks(self._app, hosts_of(each.route for each in self._options.setups))
        return self._looks

    def new_route(
        self, source: Location | None = None, destination: Location | None = None
    ) -> None:
        """Begin a new route, with what of it was chosen already."""
        from sealift.ui.new_route import NewRoute  # noqa: PLC0415 - seldom needed

        NewRoute(self._app, self.looks, self.open_setup, self._add).show(source, destination)

    def _add(self, setup: Setup) -> None:
        """Show all routes with one that is in the config now. Their hosts are read anew."""
        self._options = replace(self._options, setups=(*self._options.setups, setup))
        self._app.options = self._options
        if self._following is not None:
            self._following.cancel()
        self.watch = self._looks = None
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        self.show()
        self._app.notify(f"{setup.route.name} is written down.", markup=False)
