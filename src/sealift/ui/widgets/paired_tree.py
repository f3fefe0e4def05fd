"""The source's and the destination's tree in one widget, aligned row by row.

It draws the newest comparison and holds only cursor, filter and what is unfolded. Drawing goes
line by line (`render_line`), so the cost of a key is that of the lines it changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from sealift.actions import TREES
from sealift.replication.comparison import Comparison
from sealift.ui.bindings import bindings
from sealift.ui.filters import Filter
from sealift.ui.folding import Fold
from sealift.ui.row import DatasetRow, FoldedRow, NoticeRow, Receiving, Row, SnapshotRow
from sealift.ui.rows import Rows, build
from sealift.ui.text import UNICODE, Glyphs
from sealift.ui.widgets import paired_line
from sealift.ui.widgets.cursor_lines import CursorLines
from sealift.zfs.names import join

# How far from a row that is gone its nearest neighbour that is still there is looked for.
_NEIGHBOURS = 20
_STRIPS = 1024


class PairedTree(CursorLines):
    """Two snapshot trees side by side; one merged tree where the widget is narrow."""

    STYLES_OF = "paired-tree"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "paired-tree--ahead",
        "paired-tree--base",
        "paired-tree--behind",
        "paired-tree--cursor",
        "paired-tree--dataset",
        "paired-tree--folded",
        "paired-tree--held",
        "paired-tree--level",
        "paired-tree--line",
        "paired-tree--notice",
        "paired-tree--partial",
        "paired-tree--sealed",
        "paired-tree--warning",
    }
    DEFAULT_CSS = """
    PairedTree {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        & > .paired-tree--ahead { color: $text-error; text-style: bold; }
        & > .paired-tree--base { color: $text-success; }
        & > .paired-tree--behind { color: $text-warning; }
        & > .paired-tree--cursor { text-style: underline; }
        & > .paired-tree--dataset { text-style: bold; }
        & > .paired-tree--folded { color: $text-muted; }
        & > .paired-tree--held { color: $text-accent; }
        & > .paired-tree--level { color: $text-success; }
        & > .paired-tree--line { color: $text-disabled; }
        & > .paired-tree--notice { color: $text-muted; text-style: italic; }
        & > .paired-tree--partial { color: $text-primary; text-style: bold; }
        & > .paired-tree--sealed { color: $text-success; }
        & > .paired-tree--warning { color: $text-warning; text-style: bold; }
        &:focus > .paired-tree--cursor { text-style: reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = bindings(TREES)
    HELP = (
        "Trees\n"
        "What both sides hold, newest first, matched by guid. Sizes are what changed since the "
        "snapshot before; those of a dataset are what it uses. Between the sides:\n\n"
        "= base: the next increment starts here\n"
        "+ source only: has still to travel\n"
        "- destination only: the source no longer has it\n"
        "! blocks the next raw: only on the destination, newer than the base\n"
        "! IV sets differ: not sent raw, though the guid is the same\n"
        "partly received: a transfer was cut off, or runs\n\n"
        "The filter takes a text, !text, or one of :behind :held :diverged :partial :locked "
        ":source :destination."
    )

    class CursorMoved(Message):
        """The cursor is on another row, or its row shows something else. `row` is None if empty."""

        def __init__(self, row: Row | None) -> None:
            super().__init__()
            self.row = row

        def can_replace(self, message: Message) -> bool:
            """Only the newest place of the cursor matters."""
            return isinstance(message, PairedTree.CursorMoved)

    class FilterChanged(Message):
        """`matching` of `total` are shown; `counted` is the noun for them in the singular."""

        def __init__(self, matching: int, total: int, counted: str) -> None:
            super().__init__()
            self.matching, self.total, self.counted = matching, total, counted

    def __init__(
        self,
        glyphs: Glyphs = UNICODE,
        *,
        waiting: str = "",
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._comparison: Comparison | None = None
        self._receiving: Mapping[str, Receiving] = {}
        self._filter = Filter()
        self._folds: dict[str, Fold] = {}
        self._rows = Rows((waiting,) if waiting else ())
        self._strips: LRUCache[tuple[int, int, bool], Strip] = LRUCache(_STRIPS)

    @property
    def rows(self) -> Rows:
        """What is shown now."""
        return self._rows

    @property
    def cursor(self) -> int:
        """The index of the cursor's row."""
        return self._cursor

    @property
    def current(self) -> Row | None:
        """The cursor's row, None if there is no row at all."""
        return self._rows[self._cursor] if len(self._rows) else None

    @property
    def current_name(self) -> str:
        """What the cursor is on by its full name: the source's, or else the destination's.

        A dataset, a snapshot or a bookmark; for other rows their dataset, or nothing.
        """
        row, comparison = self.current, self._comparison
        if row is None or comparison is None or isinstance(row, NoticeRow):
            return ""
        root = comparison.source.root if row.source else comparison.destination.root
        dataset = join(root, row.key.below)
        if not isinstance(row, SnapshotRow):
            return dataset
        cell = row.source or row.destination
        return f"{dataset}{'#' if cell and cell.bookmark else '@'}{cell.name if cell else ''}"

    def wait_for(self, text: str) -> None:
        """Forget the picture and say what is waited for, until the next `show`."""
        self._comparison = None
        self._use(Rows((text,)), 0, 0)

    def show(
        self, comparison: Comparison, receiving: Mapping[str, Receiving] | None = None
    ) -> None:
        """Draw another picture. Cursor, place on the screen, filter and folding stay.

        `receiving` is what is being sent now, by the dataset's name below the root.
        """
        self._comparison, self._receiving = comparison, receiving or {}
        self._rebuild()

    def set_filter(self, text: str) -> None:
        """Show only what matches (see `filters`); an empty text shows everything."""
        self._filter = Filter(text)
        self._rebuild()

    @property
    def _count(self) -> int:
        return len(self._rows)

    def _cursor_moved(self) -> None:
        self.post_message(self.CursorMoved(self.current))

    def _forget_drawn(self) -> None:
        self._strips.clear()

    def action_open(self) -> None:
        """Open the dataset one step further; on an open one, go to its first row."""
        row = self.current
        if isinstance(row, FoldedRow):
            self._fold(row.key.below, Fold.ALL)
        elif isinstance(row, DatasetRow):
            _, foldable = self._rows.folded(row.key.below)
            if row.fold is Fold.CLOSED:
                self._fold(row.key.below, Fold.RECENT)
            elif row.fold is Fold.RECENT and foldable:
                self._fold(row.key.below, Fold.ALL)
            elif row.snapshots:
                self.move_to(self._cursor + 1)

    def action_close(self) -> None:
        """Close the dataset one step; from a closed one to the one above, from a row to its own."""
        row = self.current
        if not isinstance(row, DatasetRow):
            self.move_to(self._rows.header_of(self._cursor))
            return
        _, foldable = self._rows.folded(row.key.below)
        if row.fold is Fold.ALL and foldable:
            self._fold(row.key.below, Fold.RECENT)
        elif row.fold is not Fold.CLOSED and row.snapshots:
            self._fold(row.key.below, Fold.CLOSED)
        else:
            self._to_parent(row)

    def action_toggle_fold(self) -> None:
        """Open a dataset step by step, then close it; open what is folded away."""
        row = self.current
        if isinstance(row, FoldedRow):
            self._fold(row.key.below, Fold.ALL)
        elif isinstance(row, DatasetRow):
            _, foldable = self._rows.folded(row.key.below)
            opened = Fold.ALL if row.fold is Fold.RECENT and foldable else Fold.CLOSED
            self._fold(row.key.below, Fold.RECENT if row.fold is Fold.CLOSED else opened)

    def action_close_all(self) -> None:
        """Show the datasets only."""
        if self._comparison is not None:
            self._folds = dict.fromkeys(self._comparison.datasets, Fold.CLOSED)
            self._rebuild()

    def action_open_all(self) -> None:
        """Show what matters of every dataset."""
        self._folds = {}
        self._rebuild()

    def render_line(self, y: int) -> Strip:
        """Draw one line of the visible part."""
        index, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if index >= len(self._rows):
            return Strip.blank(width, self._style("", cursor=False))
        cursor = index == self._cursor and self._comparison is not None
        strip = self._strips.get((index, width, cursor))
        if strip is None:
            spans = paired_line.draw(self._rows[index], width, self._glyphs)
            strip = Strip(
                [Segment(text, self._style(name, cursor=cursor)) for text, name in spans if text]
            ).adjust_cell_length(width, self._style("", cursor=cursor))
            self._strips[index, width, cursor] = strip
        return strip

    def on_mount(self) -> None:
        """Take the size of the rows that were there before."""
        self.virtual_size = Size(0, len(self._rows))

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._scroll_to_cursor()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; on the sign of a fold, open or close it."""
        offset = event.get_content_offset(self)
        index = self.scroll_offset.y + offset.y if offset else len(self._rows)
        if offset is None or index >= len(self._rows):
            return
        self.move_to(index)
        row = self._rows[index]
        if isinstance(row, (DatasetRow, FoldedRow)) and paired_line.on_fold(
            row, offset.x, self.scrollable_content_region.width
        ):
            self.action_toggle_fold()

    def _fold(self, below: str, fold: Fold) -> None:
        self._folds[below] = fold
        self._use(self._rows.refold(below, fold), self._cursor, self.scroll_offset.y)
        self._scroll_to_cursor()

    def _to_parent(self, row: DatasetRow) -> None:
        above = row.key.below.rpartition("/")[0]
        index = self._rows.place_of(row.key._replace(below=above))
        if index is not None:
            self.move_to(index)

    def _rebuild(self) -> None:
        if self._comparison is None:
            return
        rows = build(self._comparison, self._folds, self._filter, self._receiving)
        # What stays where it is on the screen: the cursor if it is in sight, or the top row.
        top = self.scroll_offset.y
        cursor = self._again(rows, self._cursor)
        if 0 <= self._cursor - top < self._page:
            self._use(rows, cursor, cursor - (self._cursor - top))
            self._scroll_to_cursor()
        else:
            self._use(rows, cursor, self._again(rows, top))
        self.post_message(self.FilterChanged(rows.matching, rows.total, rows.counted))

    def _again(self, rows: Rows, index: int) -> int:
        """Where the row that was at `index` is in `rows`, or its nearest neighbour."""
        for distance in range(_NEIGHBOURS):
            for near in {index + distance, index - distance}:
                if 0 <= near < len(self._rows):
                    found = rows.place_of(self._rows[near].key)
                    if found is not None:
                        return found
        return index

    def _use(self, rows: Rows, cursor: int, top: int) -> None:
        self._rows = rows
        self._cursor = max(0, min(cursor, len(rows) - 1))
        self._strips.clear()
        self.virtual_size = Size(0, len(rows))
        self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self.refresh()
        self._cursor_moved()
