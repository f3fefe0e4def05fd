"""The pane of a list: its rows, the cursor, marks and the filter.

Lines are drawn on demand, so that 10,000 of them cost no more than those in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Size
from textual.strip import Strip

from sealift.actions import ROWS
from sealift.ui import headline, text
from sealift.ui.bindings import bindings
from sealift.ui.entries import Entry, column_widths, glyph_of, matching
from sealift.ui.text import Glyphs
from sealift.ui.widgets.cursor_lines import CursorLines

READING = "reading"
NOTHING_MATCHES = "Nothing matches the filter."

GAP = "  "
_MARK = "*"
_STRIPS = 1024
_LEVELS = (headline.OK, headline.INFO, headline.WARNING, headline.PROBLEM)


class EntryPane(CursorLines):
    """The rows. `moved` is called after another row, or another version of it, is current.

    It is called at once and not by a message: a deed's key that follows a cursor key has to find
    the deeds of the new row.
    """

    STYLES_OF = "entry-pane"
    COMPONENT_CLASSES = {
        "entry-pane--ok",
        "entry-pane--info",
        "entry-pane--warning",
        "entry-pane--problem",
        "entry-pane--marked",
        "entry-pane--grey",
        "entry-pane--notice",
        "entry-pane--cursor",
    }
    BINDINGS = bindings(ROWS)

    def __init__(
        self, columns: tuple[str, ...], empty: str, glyphs: Glyphs, moved: Callable[[], None]
    ) -> None:
        super().__init__(id="rows")
        self._columns = columns
        self._empty = empty
        self._glyphs = glyphs
        self._moved = moved
        self._entries: tuple[Entry, ...] | None = None
        self._shown: tuple[Entry, ...] = ()
        self._natural: tuple[int, ...] = ()
        # The id the cursor belongs to, also while a filter hides it. Empty until it was moved: what
        # answers later may come first in the list, and the first row is what matters.
        self._wanted = ""
        self._marks: frozenset[str] = frozenset()
        self._filter = ""
        self._strips: LRUCache[tuple[int, int, bool, bool], Strip] = LRUCache(_STRIPS)

    # What is there

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry, those too that the filter hides."""
        return self._entries or ()

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The entries that the filter lets through."""
        return self._shown

    @property
    def marks(self) -> frozenset[str]:
        """The ids that are marked."""
        return self._marks

    @property
    def current(self) -> Entry | None:
        """The entry under the cursor, None if there is none at all."""
        return self._shown[self._cursor] if self._shown else None

    @property
    def targets(self) -> tuple[Entry, ...]:
        """What a deed is done with: all that is marked, or else the entry under the cursor."""
        if self._marks:
            return tuple(entry for entry in self.entries if entry.id in self._marks)
        return () if self.current is None else (self.current,)

    @property
    def notice(self) -> str:
        """What stands in the place of rows; empty if there are rows."""
        if self._entries is None:
            return READING + self._glyphs.ellipsis
        if not self._entries:
            return self._empty
        return "" if self._shown else NOTHING_MATCHES

    # Changing it

    def show(self, entries: tuple[Entry, ...] | None) -> None:
        """Other entries, None while they are being read. Raises `ValueError` for missing cells."""
        if entries == self._entries and entries is not None:
            return
        natural = [text.width_of(column) for column in self._columns]
        for entry in entries or ():
            widths = (text.width_of(text.one_line(cell)) for cell in entry.cells)
            natural = [max(pair) for pair in zip(natural, widths, strict=True)]
        redraw = tuple(natural) != self._natural
        self._natural = tuple(natural)
        self._entries = entries
        if entries is not None:
            self._marks &= {entry.id for entry in entries}
        self._rebuild(redraw=redraw)
        if (
            self._wanted
            and entries is not None
            and all(entry.id != self._wanted for entry in entries)
        ):
            self._wanted = self.current.id if self.current else ""

    def set_filter(self, words: str) -> None:
        """Show only what matches (`matching`); an empty text shows everything."""
        self._filter = words
        self._rebuild(redraw=False)

    def toggle_mark(self) -> None:
        """Mark the entry under the cursor, or not any more, and go on to the next."""
        if self.current is not None:
            self._marks ^= {self.current.id}
            self.refresh_line(self._cursor)
            self.move_to(self._cursor + 1)
            self._moved()

    @property
    def _count(self) -> int:
        return len(self._shown)

    def _cursor_moved(self) -> None:
        self._wanted = self._shown[self._cursor].id
        self._moved()

    def _forget_drawn(self) -> None:
        self._strips.clear()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        offset = event.get_content_offset(self)
        if offset is not None and self.scroll_offset.y + offset.y < len(self._shown):
            self.move_to(self.scroll_offset.y + offset.y)

    def _rebuild(self, *, redraw: bool) -> None:
        before, at, top = self._shown, self._cursor, self.scroll_offset.y
        seen = self._in_sight()
        self._shown = matching(self.entries, self._filter)
        places = {entry.id: index for index, entry in enumerate(self._shown)}
        self._cursor = _place(places, before, at, self._wanted) if self._wanted else 0
        # What stays where it is on the screen: the cursor if it is in sight, or the top row.
        in_sight = 0 <= at - top < self._page
        new_top = self._cursor - (at - top) if in_sight else _place(places, before, top, "")
        self._strips.clear()
        if len(self._shown) != len(before):
            self.virtual_size = Size(0, len(self._shown))
        self.scroll_to(y=new_top, animate=False, force=True, immediate=True)
        if in_sight:
            self._scroll_to_cursor()
        if redraw or self.scroll_offset.y != top or not (seen and self._shown):
            self.refresh()
        else:
            pairs = zip_longest(seen, self._in_sight())
            for line in (y for y, (old, new) in enumerate(pairs) if old != new):
                self.refresh_line(top + line)
        self._moved()

    def _in_sight(self) -> list[tuple[Entry, bool, bool]]:
        """What decides how each visible line is drawn: its entry, its mark, the cursor."""
        top = self.scroll_offset.y
        return [
            (entry, entry.id in self._marks, index == self._cursor)
            for index, entry in enumerate(self._shown[top : top + self._page], top)
        ]

    # Drawing

    @property
    def _widths(self) -> tuple[int, ...]:
        gaps = len(GAP) * max(0, len(self._columns) - 1)
        room = self.scrollable_content_region.width - text.width_of(self._prefix("", "")) - gaps
        return column_widths(self._natural, room)

    def _prefix(self, mark: str, level: str) -> str:
        signs = {each: glyph_of(each, self._glyphs) for each in _LEVELS}
        width = max(text.width_of(sign) for sign in signs.values())
        return f"{mark:1} {text.fit(signs.get(level, ''), width)} "

    @property
    def heading(self) -> str:
        """The names of the columns, over the texts."""
        return self._prefix("", "") + self._row(self._columns)

    def cut(self, entry: Entry) -> tuple[tuple[str, str], ...]:
        """The columns in which an entry is shown shortened, each with its whole text."""
        return tuple(
            (column, text.one_line(cell))
            for column, cell, width in zip(self._columns, entry.cells, self._widths, strict=True)
            if text.width_of(text.one_line(cell)) > width
        )

    def _row(self, cells: tuple[str, ...]) -> str:
        fitted = (
            text.fit(text.one_line(cell), width, ellipsis=self._glyphs.ellipsis)
            for cell, width in zip(cells, self._widths, strict=True)
        )
        return GAP.join(fitted)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the visible part."""
        index, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if index >= len(self._shown):
            notice = Segment(self.notice if y == 0 else "", self._style("notice", cursor=False))
            return Strip([notice]).adjust_cell_length(width, self._style("", cursor=False))
        entry, cursor = self._shown[index], index == self._cursor
        marked = entry.id in self._marks
        key = (index, width, cursor, marked)
        strip = self._strips.get(key)
        if strip is None:
            prefix = self._prefix(_MARK if marked else "", entry.level)
            usual = "grey" if entry.grey else ""
            row = self._style("marked" if marked else usual, cursor=cursor)
            segments = [
                Segment(prefix, self._style(entry.level, cursor=cursor)),
                Segment(self._row(entry.cells), row),
            ]
            strip = self._strips[key] = Strip(segments).adjust_cell_length(width, row)
        return strip

    def on_resize(self) -> None:
        """Keep the cursor in sight; other texts may be shortened now."""
        self._strips.clear()
        self._scroll_to_cursor()
        self._moved()


def _place(places: Mapping[str, int], before: Sequence[Entry], at: int, wanted: str) -> int:
    """Where `wanted` is now, else what was at `at`, else its nearest neighbour that is there."""
    if wanted in places:
        return places[wanted]
    for distance in range(len(before)):
        for near in (at + distance, at - distance):
            if 0 <= near < len(before) and before[near].id in places:
                return places[before[near].id]
    return 0
