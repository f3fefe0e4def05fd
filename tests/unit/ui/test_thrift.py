"""Only what differs is written, and the terminal shows what it would show if all were written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from sealift.ui.thrift import Thrift

WIDTH, HEIGHT = 24, 3
CONSOLE = Console(force_terminal=True, color_system="truecolor")
RED, BLUE = Style.parse("bold red"), Style.parse("on blue")
_PART = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[([0-9;]*)m|(.)", re.DOTALL)


class Terminal:
    """Cells with their styles; half a wide character that is overwritten takes the other half."""

    def __init__(self) -> None:
        self.cells = {(y, x): (" ", "") for y in range(HEIGHT) for x in range(WIDTH)}

    def take(self, written: str) -> None:
        y = x = 0
        style = ""
        for row, column, sgr, char in _PART.findall(written):
            if row:
                y, x = int(row) - 1, int(column) - 1
            elif char:
                for at in range(x, x + cell_len(char)):
                    self._break(y, at)
                self.cells[y, x] = (char, style)
                if cell_len(char) == 2:
                    self.cells[y, x + 1] = ("", style)
                x += cell_len(char)
            else:
                style = "" if sgr in {"", "0"} else sgr

    def _break(self, y: int, x: int) -> None:
        if self.cells[y, x][0] == "":
            self.cells[y, x - 1] = (" ", "")
        if self.cells.get((y, x + 1), (" ", ""))[0] == "":
            self.cells[y, x + 1] = (" ", "")


def sequence(thrift: Thrift, update: LayoutUpdate | ChopsUpdate) -> str:
    less = thrift.less(update)
    assert isinstance(less, CompositorUpdate)
    return less.render_segments(CONSOLE)


def screen(*lines: Strip) -> LayoutUpdate:
    padded = [line.adjust_cell_length(WIDTH) for line in lines]
    return LayoutUpdate([[each] for each in padded], Region(0, 0, WIDTH, len(padded)))


segments = st.tuples(
    st.text("ab \u2500\u6f22\u00e9", max_size=9), st.sampled_from([RED, BLUE, None])
).map(lambda each: Segment(*each))
lines = st.lists(st.lists(segments, max_size=4).map(Strip), min_size=HEIGHT, max_size=HEIGHT)


@given(st.lists(lines, min_size=1, max_size=5))
def test_the_terminal_shows_the_newest_screen(frames: list[list[Strip]]) -> None:
    thrift, shown = Thrift(), Terminal()
    for frame in frames:
        shown.take(sequence(thrift, screen(*frame)))
        whole = Terminal()
        whole.take(sequence(Thrift(), screen(*frame)))
        assert shown.cells == whole.cells


@given(lines, st.integers(0, WIDTH - 1), st.integers(1, WIDTH))
def test_a_part_is_written_into_the_rest(frame: list[Strip], begin: int, size: int) -> None:
    thrift, shown = Thrift(), Terminal()
    shown.take(sequence(thrift, screen(*([Strip([Segment("x" * WIDTH)])] * HEIGHT))))
    end = min(WIDTH, begin + size)
    row = Strip([Segment("y" * (end - begin), RED)])
    chops = [{begin: row, end: None} for _ in frame]
    shown.take(
        sequence(thrift, ChopsUpdate(chops, [(1, begin, end)], [[end, WIDTH] for _ in frame]))
    )
    text = "".join(shown.cells[1, x][0] for x in range(WIDTH))
    assert text == "x" * begin + "y" * (end - begin) + "x" * (WIDTH - end)
    assert all(shown.cells[y, x] == ("x", "") for y in (0, 2) for x in range(WIDTH))


@pytest.mark.parametrize(
    ("before", "after", "most"),
    [("12:00:00 UTC", "12:00:00 UTC", 0), ("12:00:00 UTC", "12:00:01 UTC", 8)],
)
def test_little_is_written_for_a_little_change(before: str, after: str, most: int) -> None:
    thrift = Thrift()
    sequence(thrift, screen(Strip([Segment(before)])))
    assert len(sequence(thrift, screen(Strip([Segment(after)])))) <= most


def test_what_was_forgotten_is_written_again() -> None:
    thrift, update = Thrift(), screen(Strip([Segment("all of it")]))
    first = sequence(thrift, update)
    assert sequence(thrift, update) == ""
    thrift.forget()
    assert sequence(thrift, update) == first


def test_a_row_with_characters_that_join_is_written_whole_and_so_is_what_comes_after_it() -> None:
    # Textual takes each of these for two cells, some terminals for one.
    thrift, joined = Thrift(), screen(Strip([Segment("\u26a0\ufe0f" * 3 + " old")]))
    assert sequence(thrift, joined) == sequence(thrift, joined) != ""
    plain = screen(Strip([Segment("as it was, new")]))
    assert "as it was, new" in sequence(thrift, plain)
