"""One route on one screen: both trees, iostat, transfer and command log, and what can be done."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Input, Label

from sealift.actions import ACTIONS
from sealift.hosts.trouble import UnknownKey
from sealift.journal import Journal
from sealift.mentions import CANCEL
from sealift.playbook.diagnosis import Diagnosis
from sealift.replication.divergence import divergence
from sealift.replication.job import Job
from sealift.replication.picture import Picture
from sealift.replication.watch import RouteWatch
from sealift.routes import Role
from sealift.ui import dialogs, headline
from sealift.ui.bindings import bindings, keys_of
from sealift.ui.host_key import ask_host_key
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.divergence import DivergencePanel
from sealift.ui.panels.holds import HoldsListPanel, hold_here, under_cursor
from sealift.ui.panels.jobs import JobsPanel, cancel
from sealift.ui.panels.panel import BUSY, Panel
from sealift.ui.panels.prune import PrunePanel
from sealift.ui.panels.sending import send, snapshot
from sealift.ui.panels.tokens import TokensPanel
from sealift.ui.receiving import receiving
from sealift.ui.screens.dialog import Copied, Dialog
from sealift.ui.screens.help import HelpScreen, on_route
from sealift.ui.screens.listing import READ_ONLY
from sealift.ui.text import Glyphs
from sealift.ui.things import in_tree
from sealift.ui.widgets.command_log import CommandLogPane
from sealift.ui.widgets.footer import KeyFooter
from sealift.ui.widgets.header import NARROW, RouteHeader
from sealift.ui.widgets.iostat import IostatPane
from sealift.ui.widgets.paired_tree import PairedTree
from sealift.ui.widgets.sides import SidesBar
from sealift.ui.widgets.transfer import TransferPane
from sealift.zfs.commands import Effect

NOT_READ = "Both hosts have to be read first."
_NEED_HOSTS = frozenset({"jobs", "playbook", "audit", "keys", "charts"})
_NEED_TREES = frozenset({"tokens", "holds", "hold", "prune", "roll_back"})
_CHANGING = frozenset({"change", "snapshot", "cancel", "hold", "panel"})
_MANY_SNAPSHOTS = 10_000


class RouteScreen(Screen[None]):
    """Draws the newest picture; holds nothing but focus, filter and what is unfolded.

    `route_watch` is None until the hosts are being read; actions say so until then. So are
    `report`, which writes an incident report (of a diagnosis and an SVG of the screen) and gives
    its path, and `journal`, without which nothing is done with keys. `back` leaves the screen,
    where there is another one below it.
    """

    CSS_PATH = "route.tcss"
    BINDINGS = bindings(each for each in ACTIONS if each.id not in {"quit", "palette"})
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-wide")]

    def __init__(
        self,
        picture: Picture,
        glyphs: Glyphs,
        clock: Callable[[], datetime],
        *,
        read_only: bool,
        back: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._back = back
        self._first = picture
        self._clock = clock
        self._read_only = read_only
        self._asked: list[UnknownKey] = []
        self.route_watch: RouteWatch | None = None
        self.report: Callable[[Diagnosis, str], Path] | None = None
        self.journal: Journal | None = None
        self.header = RouteHeader(glyphs)
        self.sides = SidesBar(glyphs)
        where = f"{picture.source.location.where} and {picture.destination.location.where}"
        self.tree_pane = PairedTree(glyphs, waiting=f"reading {where} …")
        self.iostat = IostatPane(glyphs)
        self.transfer = TransferPane(glyphs)
        self.log_pane = CommandLogPane(glyphs)
        self.desk = Desk(self, glyphs, clock, read_only=read_only)
        self._panel: Panel | None = None
        self._diverged = False
        self._refusals: tuple[str, ...] = ()

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
        yield KeyFooter()

    def on_mount(self) -> None:
        """Draw the first picture and start the clock."""
        self.header.read_only = self._read_only
        self.query_one("#filter-line").display = False
        self.show(self._first)
        self._tick()
        self.set_interval(1, self._tick)
        self.tree_pane.focus()

    def _tick(self) -> None:
        self.header.now = self.transfer.now = self.iostat.now = self._clock()

    def show(self, picture: Picture) -> None:
        """Draw a new picture."""
        before = self.header.picture
        self.desk.seen.note(picture, self._clock())
        for pane in (self.header, self.sides, self.iostat, self.transfer):
            pane.picture = picture
        moved = before is not None and picture.job is not before.job
        if picture.comparison is not None and (
            moved or before is None or picture.comparison is not before.comparison
        ):
            self.tree_pane.show(picture.comparison, receiving(picture))
            if self.tree_pane.rows.total > _MANY_SNAPSHOTS:
                gc.freeze()  # a full collection over 200,000 snapshots stalls keys for 0.1 s
            self._diverged = bool(divergence(picture.comparison, ()))
        if self._panel is not None:
            self._panel.draw()
        footer = self.query_one(KeyFooter)
        urgent = headline.worst(picture, self._clock(), self.header.glyphs).action
        refusals = tuple(self.refusal(action.id) for action in ACTIONS)
        if (refusals, urgent) != (self._refusals, footer.urgent):
            self._refusals, footer.urgent = refusals, urgent
            self.refresh_bindings()
        for side in (picture.source, picture.destination):
            if side.unknown_key is not None and side.unknown_key not in self._asked:
                self._asked.append(side.unknown_key)
                self.ask_host_key(side.location.where, side.unknown_key)

    # What can be done, and when

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """None dims an action that cannot be taken now; pressing its key says why."""
        return None if self.refusal(action) else True

    def on_key(self, event: events.Key) -> None:
        """A key whose action is dimmed comes here: say why it cannot be taken."""
        keys = keys_of(self)
        for action in ACTIONS:
            if event.key in keys.keys(action) and (why := self.refusal(action.id)):
                self.notify(why, severity="warning", markup=False)
                event.stop()

    def refusal(self, action: str) -> str:
        """Why an action cannot be taken now; empty if it can."""
        known = {each.id: each for each in ACTIONS}
        if action not in known:
            return ""
        if known[action].effect is not Effect.READ and self._read_only:
            return READ_ONLY
        read = self.route_watch is not None and self.picture.comparison is not None
        missing = action in _NEED_HOSTS and self.route_watch is None
        if missing or (action in _NEED_TREES and not read):
            return NOT_READ
        job = self.picture.job
        running = job is not None and job.state.running
        reasons = {
            "send": "A job of this route is already running." if running else "",
            "cancel": "" if running else "No job of this route is running.",
            "roll_back": self._no_roll_back(running=running),
            "hold": "" if self._holdable() else "The cursor is on no snapshot.",
        }
        return reasons.get(action, "")

    def _no_roll_back(self, *, running: bool) -> str:
        if running:
            return keys_of(self).in_words(
                f"A job of this route is running: cancel it first {CANCEL}."
            )
        return "" if self._diverged else "Nothing on the destination has diverged from the base."

    def action_help(self) -> None:
        """What is under the cursor, or the focused pane; then every key."""
        thing = in_tree(self.tree_pane.current) if self.tree_pane.has_focus else None
        name = self.tree_pane.current_name
        pane = self.focused.HELP if self.focused is not None and self.focused.HELP else ""
        sections = on_route(thing, name, pane, keys_of(self), self.refusal)
        self.app.push_screen(HelpScreen(sections))

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
        """Read both hosts now, and write the whole screen anew."""
        self.app.refresh()
        if self.route_watch is not None:
            self.route_watch.refresh()

    def action_copy(self) -> None:
        """Copy the command or the row under the cursor."""
        entry = self.log_pane.selected if self.log_pane.has_focus else None
        words = entry.text if entry else self.tree_pane.current_name
        if words:
            self.app.push_screen(Copied(words))

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

    def key_escape(self, event: events.Key) -> None:
        """Back one level: from a large pane, from the filter, from this route."""
        event.stop()  # or the screen that comes back would take it, too
        line = self.query_one("#filter-line")
        if self.maximized is not None:
            self.minimize()
        elif self.log_pane.has_class("-large"):
            self.action_log()
        elif line.display:
            self.query_one("#filter", Input).value = ""
            line.display = False
            self.tree_pane.focus()
        elif self._back is not None and self._changing():
            self.notify(BUSY, severity="warning", markup=False)
        elif self._back is not None:
            self._back()

    def _changing(self) -> bool:
        """Whether something is being done on the hosts, which end with this screen."""
        running = (each for each in self.app.workers if each.node is self and not each.is_finished)
        return any(each.group in _CHANGING for each in running)

    # Changes: each shows what it would run, and asks

    @work(exclusive=True, group="change", exit_on_error=False)
    async def action_send(self) -> None:
        """Plan a send, show it, and start it if the operator says so."""
        if self.route_watch is None:
            self.notify("Both hosts have to be read first.")
            return
        await send(self.desk)

    @work(exclusive=True, group="snapshot", exit_on_error=False)
    async def action_snapshot(self) -> None:
        """Take a snapshot of the source tree after asking."""
        if self.route_watch is None:
            self.notify("Both hosts have to be read first.")
            return
        await snapshot(self.desk)

    def action_cancel(self) -> None:
        """End the running job after asking."""

        def running() -> Job | None:
            job = self.picture.job
            return job if job is not None and job.state.running else None

        self.desk.begin(cancel(self.desk, running), "cancel")

    # Panels

    def open_panel(self, panel: Panel) -> None:
        """Put a list over this screen; it is drawn anew with every picture."""
        self._panel = panel
        panel.open(self._panel_left)

    def _panel_left(self) -> None:
        self._panel = None

    def action_jobs(self) -> None:
        """List the jobs."""
        if why := self.refusal("jobs"):
            self.notify(why, severity="warning", markup=False)
            return
        self.open_panel(JobsPanel(self.desk))

    def action_tokens(self) -> None:
        """List what is partly received."""
        self.open_panel(TokensPanel(self.desk))

    def action_holds(self) -> None:
        """List who holds what."""
        self.open_panel(HoldsListPanel(self.desk))

    def action_prune(self) -> None:
        """List what may go."""
        self.open_panel(PrunePanel(self.desk))

    def action_roll_back(self) -> None:
        """List what has diverged, to be rolled back."""
        self.open_panel(DivergencePanel(self.desk))

    def action_keys(self) -> None:
        """List the keys of both sides, and the procedures for them."""
        # Its procedures are many, and the first frame does not need them.
        from sealift.ui.panels.keys import KeysPanel  # noqa: PLC0415

        self.open_panel(KeysPanel(self.desk))

    def action_playbook(self) -> None:
        """Walk the playbook; one host is enough for it."""
        # Its rules are many, and the first frame does not need them.
        from sealift.ui.panels.playbook import PlaybookPanel  # noqa: PLC0415

        if self.report is not None:  # `refusal` says why it is
            PlaybookPanel(self.desk, self.report).open()

    def action_audit(self) -> None:
        """Audit both sides; one host is enough for it."""
        from sealift.ui.panels.audit import AuditPanel  # noqa: PLC0415 - as for the playbook

        if self.route_watch is not None:  # `refusal` says why it is not
            self.open_panel(AuditPanel(self.desk))

    def action_charts(self) -> None:
        """Draw what looking tells better than reading."""
        from sealift.ui.panels.charts import ChartsPanel  # noqa: PLC0415 - as for the playbook

        if self.route_watch is not None:  # `refusal` says why it is not
            ChartsPanel(self.desk).open()

    def _holdable(self) -> dict[Role, str]:
        return under_cursor(self.tree_pane.current, self.picture.comparison)

    def action_hold(self) -> None:
        """Hold the snapshot under the cursor after asking."""
        self.desk.begin(hold_here(self.desk, self._holdable()), "hold")

    @work(group="host-key", exit_on_error=False)
    async def ask_host_key(self, where: str, key: UnknownKey) -> None:
        """Show a host key and let the operator decide."""
        if self.route_watch is not None:  # it found the key
            accept = self.route_watch.accept_host_key
            await ask_host_key(self.app, where, key, accept, read_only=self._read_only)
