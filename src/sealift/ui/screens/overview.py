"""All routes on one screen, worst first: a list that opens a route, and its command log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual.app import ComposeResult
from textual.timer import Timer

from sealift.actions import LOG, REFRESH
from sealift.replication.overview import Overview
from sealift.ui import overview_rows
from sealift.ui.bindings import bindings
from sealift.ui.screens.dialog import Copied
from sealift.ui.screens.top import TopScreen
from sealift.ui.text import Glyphs
from sealift.ui.widgets.command_log import CommandLogPane

_TICK = 5.0  # seconds; lags are shown in minutes
# Seconds that the answers of many hosts are gathered for: each is another picture of all routes.
_GATHER = 0.25


class OverviewScreen(TopScreen):
    """Draws the newest overview. `opened` is told the title of the route to be opened."""

    _always = (*TopScreen._always, REFRESH, LOG)  # noqa: SLF001 - its own base
    BINDINGS = bindings((REFRESH, LOG))

    def __init__(
        self,
        overview: Overview,
        opened: Callable[[str], None],
        refresh: Callable[[], None],
        *,
        new_route: Callable[[], None],
        glyphs: Glyphs,
        clock: Callable[[], datetime],
        read_only: bool,
    ) -> None:
        super().__init__(
            "All routes, worst first",
            overview_rows.COLUMNS,
            overview_rows.rows(overview, clock(), glyphs),
            lambda _, titles: opened(titles[0]),
            new_route=new_route,
            empty="There is no route.",
            glyphs=glyphs,
            read_only=read_only,
        )
        self._kind = "route"
        self._overview = overview
        self._clock = clock
        self._read_again = refresh
        self._gathering: Timer | None = None
        self.log_pane = CommandLogPane(glyphs)

    def compose(self) -> ComposeResult:
        """The list; below it the command log, once it is asked for."""
        yield from super().compose()
        yield self.log_pane

    def on_mount(self) -> None:
        """Go on with the time; the first overview is drawn as any list is."""
        self.set_interval(_TICK, self._draw)

    def show_overview(self, overview: Overview) -> None:
        """Draw a new overview, soon: others may follow at once."""
        self._overview = overview
        if self._gathering is None:
            self._gathering = self.set_timer(_GATHER, self._draw)

    def _draw(self) -> None:
        self._gathering = None
        if self.is_current:
            self.show(overview_rows.rows(self._overview, self._clock(), self._glyphs))

    def on_screen_resume(self) -> None:
        """Draw what was read while something else was on the screen."""
        self._draw()

    # The command log

    def action_log(self) -> None:
        """Open the command log over the lower half, or close it."""
        self.toggle_class("-log")
        if self.has_class("-log"):
            self.log_pane.focus()
            self.call_after_refresh(self.log_pane.scroll_end, animate=False)
        else:
            self.pane.focus()

    def action_clear(self) -> None:
        """Back from the command log, else out of the filter."""
        if self.has_class("-log"):
            self.action_log()
        else:
            super().action_clear()

    def action_copy(self) -> None:
        """Copy the command under the cursor of the log, else the row."""
        entry = self.log_pane.selected if self.log_pane.has_focus else None
        if entry is not None:
            self.app.push_screen(Copied(entry.text))
        else:
            super().action_copy()

    def action_refresh(self) -> None:
        """Read all hosts now, and write the whole screen anew."""
        self.app.refresh()
        self._read_again()
