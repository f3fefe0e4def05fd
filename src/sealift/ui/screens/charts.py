"""Charts of one route, one below the other: lag, rate, latency of both pools, increments.

The screen is a function of a `Night`; it holds only cursor, scroll and the span that is drawn.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from sealift import actions
from sealift.ui import text
from sealift.ui.bindings import bindings, keys_of
from sealift.ui.charts.increments import increments_chart
from sealift.ui.charts.lag import lag_chart
from sealift.ui.charts.page import SPANS, Night, span_words
from sealift.ui.charts.plot import MARGIN
from sealift.ui.charts.rate import rate_chart
from sealift.ui.charts.waits import waits_chart
from sealift.ui.playbook_rows import Item, Paper
from sealift.ui.screens.dialog import Copied
from sealift.ui.screens.help import HelpScreen, Section, rows_of
from sealift.ui.text import Glyphs
from sealift.ui.widgets.footer import KeyFooter
from sealift.ui.widgets.item_pane import ItemPane

CHARTS = ("lag", "rate", "waits-source", "waits-destination", "increments")
_AGAIN = 5.0  # seconds between two drawings: a slow terminal is spared what nobody can see
_LOW, _HIGH, _TALL = 6, 10, 40  # lines of a chart; of a screen that has room for high ones
_SOURCES = (
    "What is drawn is what somebody saw: the pictures of this session, the records of jobs on "
    "their coordinators, and the creation and size of snapshots. What nobody looked at is a "
    "question mark. Nothing here changes anything, and beyond the last lines of some jobs' logs "
    "nothing is asked for."
)


class ChartsScreen(Screen[None]):
    """`night` gives what is to be drawn over a span in seconds; `again` reads the record anew."""

    CSS_PATH = "charts.tcss"
    BINDINGS = [
        *bindings(actions.CHARTS),
        # Else the footer would show the program's own `q quit` for this key.
        Binding("ctrl+q", "app.quit", "quit", show=False),
    ]

    def __init__(
        self, night: Callable[[int], Night], again: Callable[[], None], glyphs: Glyphs
    ) -> None:
        super().__init__()
        self._night = night
        self._again = again
        self._glyphs = glyphs
        self._span = SPANS[0]
        self.pane = ItemPane(self._write, glyphs, self._moved)

    def compose(self) -> ComposeResult:
        """What this is, the charts, the keys."""
        yield Static(id="heading")
        yield self.pane
        yield KeyFooter()

    def on_mount(self) -> None:
        """Draw now, and again and again."""
        self.pane.focus()
        self.set_interval(_AGAIN, self.draw)
        self.draw()

    def draw(self) -> None:
        """Draw what is known now; cursor and scroll stay where they are."""
        if self.is_mounted and self.app.is_running:  # once the program ends its widgets are gone
            title = f"Charts  {text.one_line(self._night(self._span).picture.route.title)}"
            words = f"{title}  last {span_words(self._span)}"
            self.query_one("#heading", Static).update(Text(words), layout=False)
            self.pane.draw()

    def _write(self, width: int) -> tuple[Item, ...]:
        night, paper = self._night(self._span), Paper(width, self._glyphs)
        room, height = max(1, width - MARGIN), _HIGH if self.size.height >= _TALL else _LOW
        return (
            lag_chart(night, paper, room, height),
            rate_chart(night, paper, room, height),
            waits_chart(night, night.picture.source, paper, room),
            waits_chart(night, night.picture.destination, paper, room),
            increments_chart(night, paper, room, height),
        )

    def _moved(self) -> None:
        """Another chart is under the cursor, which says nothing more than is drawn."""

    def action_span(self) -> None:
        """Another span for lag and rate."""
        self._span = SPANS[(SPANS.index(self._span) + 1) % len(SPANS)]
        self.draw()

    def action_go(self, number: int) -> None:
        """To a chart, by its number."""
        self.pane.go_to(CHARTS[number - 1])

    def action_copy(self) -> None:
        """Copy the chart under the cursor as text."""
        if self.pane.current is not None:
            self.app.push_screen(Copied(self.pane.current.copy))

    def action_again(self) -> None:
        """Read again when the jobs ended."""
        self._again()

    def action_help(self) -> None:
        """What the keys do here, and where all of it comes from."""
        rows = rows_of([*actions.CHARTS, *actions.ROWS], keys_of(self))
        self.app.push_screen(HelpScreen([Section("The charts", _SOURCES, rows)]))

    def action_leave(self) -> None:
        """Back to the route."""
        self.dismiss(None)
