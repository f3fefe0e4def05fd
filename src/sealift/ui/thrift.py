"""Writes to the terminal only the cells that differ from what it shows: for slow links.

Textual redraws a widget whole when anything in it changes, and the whole screen when something may
have moved. Ten thousand bytes for a clock that ticks are nothing on a desk; over 256 kbit/s they
fill the line, and a key waits for all that stands before its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.cells import get_character_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

# Cells that are alike between two that differ, and are written with them: going over them costs
# about as many bytes.
_GAP = 8

_Cell = tuple[str, Style | None]
_Row = list[_Cell | None]


class Thrift:
    """What the terminal shows, cell by cell; None is a cell of which that is not known."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}

    def forget(self) -> None:
        """Somebody else may have written there: everything is written again."""
        self._rows.clear()

    def less(self, update: RenderableType | None) -> RenderableType | None:
        """The same update without what is there already."""
        if isinstance(update, LayoutUpdate | ChopsUpdate):
            return _Less(self, update)
        return update

    def write(self, y: int, x: int, strip: Strip) -> Iterator[tuple[int, Strip]]:
        """Parts of a strip, with their columns, that have to be written for it to be there.

        They count as written.
        """
        cells = _cells(strip)
        if len(cells) != strip.cell_length:
            # Characters that join into one (emoji, flags): terminals differ about how wide they
            # are, so of such a row nothing is known any more.
            self._rows.pop(y, None)
            yield x, strip
            return
        row = self._rows.setdefault(y, [])
        end = x + len(cells)
        row += [None] * (end - len(row))
        shown = row[x:end]
        if shown == cells:
            return
        row[x:end] = cells
        for first, last in _runs([old != new for old, new in zip(shown, cells, strict=True)]):
            begin, stop = _whole(cells, first, last)
            yield x + begin, _joined(cells[begin:stop])


class _Less(CompositorUpdate):
    def __init__(self, thrift: Thrift, update: LayoutUpdate | ChopsUpdate) -> None:
        self._thrift = thrift
        self._update = update

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """All of it, for who draws it elsewhere."""
        yield from self._update.__rich_console__(console, options)

    def render_segments(self, console: Console) -> str:
        """What is to be written. Asked for once, when it is written."""
        return "".join(
            Control.move_to(column, y).segment.text + part.render(console)
            for y, x, strip in _pieces(self._update)
            for column, part in self._thrift.write(y, x, strip)
        )


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The strips of an update with their rows and columns, as Textual 8.2.8 would write them."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            yield y, update.region.x, Strip.join(line)
        return
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < x2 and end > x1:
                first = max(x, x1)
                yield y, first, strip.crop(first - x, min(end, x2) - x)


def _cells(strip: Strip) -> list[_Cell]:
    cells: list[_Cell] = []
    for text, style, _ in strip:
        if text.isascii():
            cells += [(char, style) for char in text]
            continue
        for char in text:
            match get_character_cell_size(char):
                case 1:
                    cells.append((char, style))
                case 2:
                    cells += [(char, style), ("", style)]
                case _ if cells:  # it belongs to the one before
                    cells[-1] = (cells[-1][0] + char, cells[-1][1])
    return cells


def _runs(differs: list[bool]) -> Iterator[tuple[int, int]]:
    """From where to where something differs; runs with little between them are one."""
    first = last = -1
    for index in (i for i, each in enumerate(differs) if each):
        if first < 0:
            first = index
        elif index - last > _GAP:
            yield first, last + 1
            first = index
        last = index
    if first >= 0:
        yield first, last + 1


def _whole(cells: list[_Cell], first: int, last: int) -> tuple[int, int]:
    """The same run with whole characters: the second half of a wide one is an empty text."""
    while first and not cells[first][0]:
        first -= 1
    while last < len(cells) and not cells[last][0]:
        last += 1
    return first, last


def _joined(cells: list[_Cell]) -> Strip:
    segments = (
        Segment("".join(char for char, _ in alike), style)
        for style, alike in groupby(cells, key=lambda cell: cell[1])
    )
    return Strip(segments, len(cells))
