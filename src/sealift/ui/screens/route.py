"""One route on one screen: both trees, iostat, transfer and command log, and what can be done."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from datetime import datetime

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Input, Label

from sealift.hosts.command_log import LogEntry
from sealift.hosts.trouble import TroubleError, UnknownKey
from sealift.replication.picture import Picture
from sealift.replication.watch import RouteWatch
from sealift.ui import dialogs
from sealift.ui.actions import ACTIONS
from sealift.ui.receiving import receiving
from sealift.ui.screens.dialog import Choice, Dialog
from sealift.ui.text import Glyphs
from sealift.ui.widgets.command_log import CommandLogPane
from sealift.ui.widgets.header import NARROW, RouteHeader
from sealift.ui.widgets.iostat import IostatPane
from sealift.ui.widgets.paired_tree import PairedTree
from sealift.ui.widgets.sides import SidesBar
from sealift.ui.widgets.transfer import TransferPane
from sealift.zfs.commands import Effect

_MANY_SNAPSHOTS = 10_000


class RouteScreen(Screen[None]):
    """Draws the newest picture; holds nothing but focus, filter and what is unfolded.

    `route_watch` is None until the hosts are being read; actions say so until then.
    """

    CSS_PATH = "route.tcss"
    BINDINGS = [action.binding() for action in ACTIONS if action.id not in {"quit", "palette"}]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]

    def __init__(
        self, picture: Picture, glyphs: Glyphs, clock: Callable[[], datetime], *, read_only: bool
    ) -> None:
        super().__init__()
        self._first = picture
        self._clock = clock
        self._read_only = read_only
        self._asked: list[UnknownKey] = []
        self.route_watch: RouteWatch | None = None
        self.header = RouteHeader(glyphs)
        self.sides = SidesBar(glyphs)
        where = f"{picture.source.location.where} and {picture.destination.location.where}"
        self.tree_pane = PairedTree(glyphs, waiting=f"reading {where} …")
        self.iostat = IostatPane(glyphs)
        self.transfer = TransferPane(glyphs)
        self.log_pane = CommandLogPane(glyphs)

    @property
    def picture(self) -> Picture:
        """What is on the screen."""
        return self.header.picture or self._first

    def compose(self) -> ComposeResult:
        """From the top: what matters at 02:00, the trees, the live panes, the keys."""
        yield self.header
        yield self.sides
        yield self.tree_pane
        with Horizontal(id="live"):
            yield self.iostat
            yield self.transfer
        yield self.log_pane
        with Horizontal(id="filter-line"):
            yield Input(placeholder="text, !text or :behind; enter keeps, esc clears", id="filter")
            yield Label(id="matching")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Draw the first picture and start the clock."""
        self.header.read_only = self._read_only
        self.query_one("#filter-line").display = False
        self.show(self._first)
        self._tick()
        self.set_interval(1, self._tick)
        self.tree_pane.focus()

    def _tick(self) -> None:
        self.header.now = self.transfer.now = self._clock()

    def show(self, picture: Picture) -> None:
        """Draw a new picture."""
        before = self.header.picture
        for pane in (self.header, self.sides, self.iostat, self.transfer):
            pane.picture = picture
        moved = before is not None and picture.transfer is not before.transfer
        if picture.comparison is not None and (
            moved or before is None or picture.comparison is not before.comparison
        ):
            self.tree_pane.show(picture.comparison, receiving(picture))
            if self.tree_pane.rows.total > _MANY_SNAPSHOTS:
                gc.freeze()  # a full collection over 200,000 snapshots stalls keys for 0.1 s
        if moved:
            self.refresh_bindings()
        for side in (picture.source, picture.destination):
            if side.unknown_key is not None and side.unknown_key not in self._asked:
                self._asked.append(side.unknown_key)
                self.ask_host_key(side.location.where, side.unknown_key)

    def show_log(self, entries: tuple[LogEntry, ...]) -> None:
        """Draw the command log."""
        self.log_pane.show(entries)

    # What can be done, and when

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """None dims an action that cannot be taken now; pressing its key says why."""
        return None if self.refusal(action) else True

    def on_key(self, event: events.Key) -> None:
        """A key whose action is dimmed comes here: say why it cannot be taken."""
        for action in ACTIONS:
            if event.key in action.keys and (why := self.refusal(action.id)):
                self.notify(why, severity="warning", markup=False)
                event.stop()

    def refusal(self, action: str) -> str:
        """Why an action cannot be taken now; empty if it can."""
        known = {each.id: each for each in ACTIONS}
        if action not in known:
            return ""
        if known[action].effect is not Effect.READ and self._read_only:
            return "This session is read-only."
        transfer = self.picture.transfer
        running = transfer is not None and transfer.state.running
        if action == "send" and running:
            return "A transfer of this route is already running."
        if action == "cancel" and not running:
            return "Nothing is being sent from here."
        return ""

    def action_help(self) -> None:
        """Open the help page, with the focused pane's part first."""
        # Markdown is a tenth of the start-up time, and seldom needed.
        from sealift.ui.screens.help import HelpScreen  # noqa: PLC0415

        pane = self.focused.HELP if self.focused is not None and self.focused.HELP else ""
        self.app.push_screen(HelpScreen(pane))

    def action_details(self) -> None:
        """Say all that is wrong, or ask again about a host key that waits."""
        for side in (self.picture.source, self.picture.destination):
            if side.unknown_key is not None:
                self.ask_host_key(side.location.where, side.unknown_key)
                return
        self.app.push_screen(
            Dialog("Details", dialogs.detail_paragraphs(self.picture), cancel="Back")
        )

    def action_log(self) -> None:
        """Make the command log large, or small again."""
        self.log_pane.toggle_class("-large")
        if self.log_pane.has_class("-large"):
            self.log_pane.focus()
            self.call_after_refresh(self.log_pane.scroll_end, animate=False)
        else:
            self.tree_pane.focus()

    def action_maximise(self) -> None:
        """Give the focused pane the whole screen, or back."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def action_refresh(self) -> None:
        """Read both hosts now."""
        if self.route_watch is not None:
            self.route_watch.refresh()

    def action_copy(self) -> None:
        """Copy the command or the row under the cursor."""
        entry = self.log_pane.selected if self.log_pane.has_focus else None
        words = entry.text if entry else self.tree_pane.current_name
        if words:
            self.app.copy_to_clipboard(words)
            self.notify("Sent to the terminal's clipboard (OSC 52).")

    # The filter

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one("#filter-line").display = True
        self.query_one("#filter", Input).focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.tree_pane.set_filter(event.value)

    @on(PairedTree.FilterChanged)
    def _filter_counted(self, event: PairedTree.FilterChanged) -> None:
        counted = f"{event.matching:,} of {event.total:,} {event.counted}s"
        self.query_one("#matching", Label).update(counted)

    @on(Input.Submitted, "#filter")
    def _filter_kept(self, event: Input.Submitted) -> None:
        self.query_one("#filter-line").display = bool(event.value)
        self.tree_pane.focus()

    def key_escape(self) -> None:
        """Back one level: from a large pane, from the filter."""
        line = self.query_one("#filter-line")
        if self.maximized is not None:
            self.minimize()
        elif self.log_pane.has_class("-large"):
            self.action_log()
        elif line.display:
            self.query_one("#filter", Input).value = ""
            line.display = False
            self.tree_pane.focus()

    # Changes: each shows what it would run, and asks

    @work(exclusive=True, group="change", exit_on_error=False)
    async def action_send(self) -> None:
        """Plan a send, show it, and start it if the operator says so."""
        watch = self.route_watch
        if watch is None:
            self.notify("Both hosts have to be read first.")
            return
        try:
            self.notify("Planning from what both hosts hold now…", timeout=2)
            shown = await watch.preview()
            if shown.plan.blocked:
                await self._tell("Nothing can be sent now", dialogs.blocked_paragraphs(shown))
                return
            if not shown.steps:
                await self._tell("Nothing to send", ["Both sides hold the same snapshots."])
                return
            chosen = await self.app.push_screen_wait(
                Dialog(
                    f"Send: {self.picture.route.title}",
                    dialogs.send_paragraphs(shown, self.picture),
                    [Choice("start", "Start", "change")],
                    copy="\n".join(planned.pipeline.text() for planned in shown.steps),
                )
            )
            if chosen == "start":
                await watch.start(shown)
        except TroubleError as error:
            await self._tell("Not sent", dialogs.trouble_paragraphs(error.trouble))

    @work(exclusive=True, group="snapshot", exit_on_error=False)
    async def action_snapshot(self) -> None:
        """Take a snapshot of the source tree after asking."""
        watch = self.route_watch
        inventory = self.picture.source.inventory
        if watch is None or inventory is None or not inventory.exists:
            self.notify("The source has to be read first.")
            return
        try:
            command = watch.snapshot_command()
            host = self.picture.source.location.where
            chosen = await self.app.push_screen_wait(
                Dialog(
                    "Take a snapshot",
                    dialogs.snapshot_paragraphs(command, host, len(inventory.datasets)),
                    [Choice("take", "Take it", "change")],
                    copy=command.text(),
                )
            )
            if chosen == "take":
                # Confirmed is confirmed: the next key must not cancel it.
                name = await asyncio.shield(watch.take_snapshot(command))
                self.notify(f"Taken: @{name}")
        except TroubleError as error:
            await self._tell("No snapshot taken", dialogs.trouble_paragraphs(error.trouble))

    @work(exclusive=True, group="cancel", exit_on_error=False)
    async def action_cancel(self) -> None:
        """End the running transfer after asking."""
        if self.route_watch is None or not await self.confirm_cancel():
            return
        await self.route_watch.cancel()

    @work(group="host-key", exit_on_error=False)
    async def ask_host_key(self, where: str, key: UnknownKey) -> None:
        """Show a host key and let the operator decide."""
        chosen = await self.app.push_screen_wait(
            Dialog(
                f"Unknown host key: {where}",
                dialogs.host_key_paragraphs(where, key),
                [
                    Choice("session", "Trust for this session", "change"),
                    Choice("remember", "Trust and remember", "change"),
                ],
                copy=key.fingerprint,
            )
        )
        if chosen == "cancel" or self.route_watch is None:
            return
        try:
            self.route_watch.accept_host_key(key, remember=chosen == "remember")
        except OSError as error:
            await self._tell("Trusted for this session only", [f"{key.file}: {error.strerror}"])

    async def confirm_cancel(self) -> bool:
        """Ask whether the running transfer may be ended."""
        chosen = await self.app.push_screen_wait(
            Dialog(
                "Cancel the transfer",
                dialogs.cancel_paragraphs(self.picture),
                [Choice("end", "End the transfer", "change")],
                cancel="Let it run",
            )
        )
        return chosen == "end"

    async def _tell(self, title: str, paragraphs: list[str]) -> None:
        await self.app.push_screen_wait(Dialog(title, paragraphs, cancel="Back"))
