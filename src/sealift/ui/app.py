"""The Textual application: opens the screen, then the hosts, and hands pictures to the screen."""

from __future__ import annotations

import asyncio
import gc
import locale
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rich.console import RenderableType
from rich.text import Text
from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.command import Command, CommandPalette
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import Worker, WorkerCancelled, WorkerFailed

from sealift import journal
from sealift.actions import ACTIONS, NEW_ROUTE
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Connection, Host, utc_now
from sealift.hosts.local import LocalTransport
from sealift.hosts.opening import open_host
from sealift.hosts.trouble import Trouble
from sealift.journal import Journal
from sealift.keymap import key_word
from sealift.playbook.diagnosis import Diagnosis
from sealift.replication.overview import hosts_of
from sealift.replication.picture import Picture, Side
from sealift.replication.watch import RouteWatch
from sealift.routes import Location, Route, Via
from sealift.ui import crash, text, themes
from sealift.ui.all_routes import AllRoutes
from sealift.ui.ascii import InAscii
from sealift.ui.bindings import bindings
from sealift.ui.screens.listing import ListScreen
from sealift.ui.screens.route import RouteScreen
from sealift.ui.text import ASCII, UNICODE, one_line
from sealift.ui.thrift import Thrift

if TYPE_CHECKING:
    from sealift.cli import Options

_THEME = "theme "  # what the palette's entries for themes begin with
_CLOSE = 5.0  # seconds for the hosts to be closed when the program ends


class SealiftApp(App[int]):
    """One route, or all of them and one at a time, from the command line's options.

    `options` are those of the route that is open, once one is.
    """

    TITLE = "sealift"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS = [*bindings(each for each in ACTIONS if each.id in {"quit", "palette"})]

    def __init__(
        self,
        options: Options,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.thrift = Thrift()  # first: Textual draws from here on
        super().__init__()
        self.options = options
        self._clock = clock
        self.command_log = CommandLog()
        self.journal: Journal | None = None  # once the hosts are open
        users, self._bad_themes = themes.users_themes()
        for theme in (*themes.own_themes(), *users):
            self.register_theme(theme)
        plain = text.plain_terminal(os.environ.get("TERM", ""), locale.getencoding())
        self.glyphs = ASCII if plain else UNICODE
        self._ascii = [InAscii()] if plain else []
        self.keys = options.keys
        self.set_keymap(self.keys.bound())
        self.all_routes = AllRoutes(self, options, clock) if options.all_routes else None
        self.wants_demo = False  # once it has ended
        self._following: Worker[None] | None = None
        self.theme = self._usual_theme
        self._preview = themes.Preview(lambda: self.theme, self._set_theme)

    @property
    def _usual_theme(self) -> str:
        return themes.NO_COLOR if "NO_COLOR" in os.environ else themes.DEFAULT

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        # Textual has no public way to what is written (reference: Textual 8.2.8).
        super()._display(screen, self.thrift.less(renderable))

    def refresh(
        self, *, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Write the whole screen anew, whatever the terminal shows."""
        self.thrift.forget()
        return super().refresh(repaint=repaint, layout=layout, recompose=recompose)

    def on_resize(self) -> None:
        """The terminal may have moved what it shows; it is told after a suspension as well."""
        self.refresh()

    def use_theme(self, name: str | None) -> None:
        """Put on a theme, the usual one for None. One that is not there is said."""
        known = name is None or name in self.available_themes
        self.theme = name if name is not None and known else self._usual_theme
        if not known:
            self._warn_of_theme(f"There is no theme called {one_line(name or '')}.")

    def _warn_of_theme(self, words: str) -> None:
        self.notify(words, title="Theme", severity="warning", markup=False)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through before it is written."""
        return [*super().get_line_filters(), *self._ascii]

    def get_key_display(self, binding: Binding) -> str:
        """A key as the config has it: `enter`, `ctrl+r`, `?`."""
        return binding.key_display or key_word(binding.key)

    def on_mount(self) -> None:
        """Show the screen at once; the hosts come after the first frame."""
        for words in self._bad_themes:
            self._warn_of_theme(words)
        for words in self.options.keys_told:
            self.notify(words, title="Keys", severity="warning", markup=False)
        self.use_theme(self.options.theme)
        if self.all_routes is None:
            self.show_route()
        else:
            self.all_routes.show()

    def show_route(self, back: Callable[[], None] | None = None) -> None:
        """Open the route of `options`. `back` is called where the operator wants to leave it."""
        route = self.options.route
        waiting = Connection(connected=False, since=self._clock())
        first = Picture(route, Side(route.source, waiting), Side(route.destination, waiting))
        screen = RouteScreen(first, self.glyphs, self._clock, read_only=route.read_only, back=back)
        self.push_screen(screen)
        self.call_after_refresh(self._begin_to_follow, screen)

    def leave_route(self) -> None:
        """Leave the open route; its hosts are closed while something else is shown."""
        if self._following is not None:
            self._following.cancel()
            self._following = None
        self.pop_screen()

    def _begin_to_follow(self, screen: RouteScreen) -> None:
        if screen.is_attached:  # it may have been left again before it was drawn
            self._following = self._follow(screen)

    @work(group="watch", exit_on_error=True)
    async def _follow(self, screen: RouteScreen) -> None:
        gate = Gate(read_only=self.options.route.read_only)
        async with self.open_hosts(gate) as (source, destination):
            self._open_journal()
            relay = self.options.route.transport.via is Via.OPERATOR
            watch = RouteWatch(
                self.options.route,
                source,
                destination,
                operator=Host(LocalTransport(), gate, self.command_log) if relay else None,
                elevation=self.options.elevation,
                ssh_config=self.options.ssh_config,
                others=self.options.others,
            )
            screen.route_watch = watch
            screen.journal = self.journal
            screen.report = partial(self._write_report, screen)
            watch.subscribe(partial(self._show, screen))
            log = self.set_interval(0.25, lambda: self._show_log(screen))
            self.opened(screen, watch)
            try:
                await watch.run()
            finally:
                log.stop()
                await asyncio.gather(source.close(), destination.close())

    async def on_unmount(self) -> None:
        """Let the hosts be closed: Textual cancels what follows the route, but does not wait."""
        for worker in [each for each in self.workers if each.group == "watch"]:
            if not worker.is_cancelled:  # a second time would stop it while it closes
                worker.cancel()
            # Its own error is told already; after _CLOSE it is cancelled again and left alone.
            with suppress(WorkerFailed, WorkerCancelled, TimeoutError):
                async with asyncio.timeout(_CLOSE):
                    await worker.wait()

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        """The source's and the destination's host; asked for after the first frame."""
        ends = (self.options.route.source, self.options.route.destination)
        config = self.options.ssh_config
        # In a thread: the first of them imports AsyncSSH.
        source, destination = [
            await asyncio.to_thread(
                partial(open_host, end, gate, self.command_log, config, forward_agent=lent)
            )
            for end, lent in zip(ends, self.options.route.lends_agent, strict=True)
        ]
        yield source, destination

    @asynccontextmanager
    async def open_all_hosts(self, routes: Sequence[Route]) -> AsyncIterator[Mapping[str, Host]]:
        """The hosts of all these routes, for reading only, each once."""
        gate, config = Gate(read_only=True), self.options.ssh_config
        hosts = {
            # In a thread: the first of them imports AsyncSSH.
            end.where: await asyncio.to_thread(open_host, end, gate, self.command_log, config)
            for end in hosts_of(routes)
        }
        yield hosts

    def open_to_look(self, place: Location, gate: Gate) -> Host:
        """A host by itself, of which no route is open."""
        return open_host(place, gate, self.command_log, self.options.ssh_config)

    def begin_demo(self) -> None:
        """End this program; whoever started it starts the demo in its place."""
        self.wants_demo = True
        self.exit(0)

    def journal_path(self) -> Path:
        """Where this run's journal is; the demo has its own."""
        return journal.default_path()

    def _open_journal(self) -> None:
        self.journal = Journal(self.journal_path(), self.options.route.title, self._warn)
        self.command_log.subscribe(self.journal.note)
        if not self.options.route.read_only:
            self.journal.ready()  # said now, not after the first change

    def _warn(self, trouble: Trouble) -> None:
        words = one_line(f"{trouble.sentence()}. {trouble.means}")
        self.notify(words, severity="warning", markup=False)

    def _write_report(self, screen: RouteScreen, diagnosis: Diagnosis, picture: str) -> Path:
        """Write the incident report where sealift was started. Raises `TroubleError`."""
        # Seldom needed, and felt at the start.
        from sealift.playbook.incident import write_incident  # noqa: PLC0415

        return write_incident(
            diagnosis,
            screen.picture,
            self.command_log.entries(),
            now=self._clock(),
            journal_path=self.journal_path(),
            screen_svg=picture,
        )

    def opened(self, screen: RouteScreen, watch: RouteWatch) -> None:
        """The hosts can be used now. For the demo, which goes on from here."""

    async def farewell(self) -> bool:
        """Say what there is to say before leaving; False to stay. For the demo."""
        return True

    def _show(self, screen: RouteScreen, picture: Picture) -> None:
        if self.is_running:  # once it ends its widgets are taken down, and closed hosts are news
            screen.show(picture)

    def _show_log(self, screen: RouteScreen) -> None:
        screen.log_pane.follow(self.command_log)

    def action_palette(self) -> None:
        """Open the command palette."""
        self.action_command_palette()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette lists what can be done with a list's row and on the screen, and themes."""
        if isinstance(screen, ListScreen):
            for deed in screen.deeds():
                key = key_word(self.keys.keys_of(deed.id, (deed.key,))[0])
                words = f"{key}: {deed.help}"
                yield SystemCommand(deed.title, words, partial(screen.choose, deed))
        for action in (*ACTIONS, NEW_ROUTE):
            name = f"action_{action.id}"
            if action.id != "palette" and (hasattr(screen, name) or hasattr(self, name)):
                run = partial(self._run_action_by_name, action.id)
                words = f"{self.keys.shown(action)}: {action.help}"
                yield SystemCommand(action.title, words, run)
        for theme in self.available_themes:
            yield SystemCommand(
                f"{_THEME}{theme}", "Change the colours.", partial(self._set_theme, theme)
            )

    async def _run_action_by_name(self, name: str) -> None:
        await self.run_action(name, default_namespace=self.screen)

    def _set_theme(self, name: str) -> None:
        self.theme = name

    @on(CommandPalette.OptionHighlighted)
    def _over_command(self, event: CommandPalette.OptionHighlighted) -> None:
        option = event.highlighted_event.option
        words = str(option.hit.text) if isinstance(option, Command) else ""
        theme = words.removeprefix(_THEME) if words.startswith(_THEME) else None
        self._preview.over(theme)

    @on(CommandPalette.Closed)
    def _palette_closed(self, event: CommandPalette.Closed) -> None:
        self._preview.closed(taken=event.option_selected)

    async def action_quit(self) -> None:
        """Leave. A job that runs goes on without us."""
        self._leave()

    @work(group="quit", exit_on_error=False)
    async def _leave(self) -> None:
        if await self.farewell():
            self.exit(0)

    def action_help_quit(self) -> None:
        """Ctrl-C ends nothing here: say what it did not do, and the key that leaves."""
        bindings = self.active_bindings.items()
        leaves = [key for key, each in bindings if each.binding.action in {"quit", "app.quit"}]
        words = f"{min(leaves, key=len)} leaves" if leaves else "esc goes back"
        self.notify(f"Ctrl-C ends neither sealift nor a job: {words}.", markup=False)

    def _fatal_error(self) -> None:
        # Textual would print every frame with its variables, which may hold a secret.
        error = sys.exc_info()[1] or self._exception
        if error is not None:
            self._exit_renderables.append(Text(crash.sentence(error, self._clock())))
        self._close_messages_no_wait()


def calm_collector() -> None:
    """Have Python look for cyclic garbage seldom: a full look over a large tree stalls keys.

    What is read from hosts holds no cycles, and is freed without the collector.
    """
    gc.set_threshold(20_000, 20, 50)


def run(app: SealiftApp) -> int:
    """Run the program to its end; the exit code is given back."""
    calm_collector()
    code = app.run()
    return code if code is not None else app.return_code or 0
