"""What is drawn is in scale, of one width, and nothing that was seen is drawn as nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.ui.charts import plot
from sealift.ui.charts.plot import Column
from sealift.ui.text import ASCII, UNICODE, Glyphs

BOTH = (UNICODE, ASCII)
amounts = st.floats(min_value=0, max_value=2.0**80) | st.integers(min_value=0, max_value=2**80)
columns = st.builds(Column, st.none() | amounts, st.none() | amounts, unseen=st.booleans())


def height_of(lines: tuple[str, ...], place: int, glyphs: Glyphs) -> int:
    """How high a column stands, in the steps that its glyphs can show."""
    cells = [line[place] for line in lines]
    return sum(glyphs.levels.index(cell) for cell in cells if cell in glyphs.levels)


@pytest.mark.parametrize("glyphs", BOTH)
@given(some=st.lists(columns, max_size=210), height=st.integers(1, 20))
def test_bars_fill_their_box_whatever_they_hold(
    glyphs: Glyphs, some: list[Column], height: int
) -> None:
    top = plot.top_of(max((each.solid or 0 for each in some), default=0))
    lines = plot.bars(some, height, top, glyphs, limit=top / 3)
    assert len(lines) == height
    assert {len(line) for line in lines} == {len(some)}
    assert set("".join(lines)) <= {*glyphs.levels, glyphs.heat[1], glyphs.line, plot.UNSEEN}


@pytest.mark.parametrize("glyphs", BOTH)
@given(values=st.lists(amounts, min_size=1, max_size=60), height=st.integers(1, 12))
def test_higher_is_more_and_more_than_nothing_is_seen(
    glyphs: Glyphs, values: list[float], height: int
) -> None:
    ordered = sorted(values)
    top = plot.top_of(ordered[-1])
    lines = plot.bars([Column(each) for each in ordered], height, top, glyphs)
    heights = [height_of(lines, place, glyphs) for place in range(len(ordered))]
    assert all(low <= high for low, high in pairwise(heights))
    assert [bool(each) for each in heights] == [each > 0 for each in ordered]


def test_a_full_column_is_as_high_as_the_axis_and_half_a_column_half() -> None:
    lines = plot.bars([Column(8.0), Column(4.0), Column(1.0), Column()], 2, 8, UNICODE)
    assert lines == ("█   ", "██▂ ")
    assert plot.bars([Column(8.0), Column(4.0), Column(1.0)], 2, 8, ASCII) == ("@  ", "@@:")


def test_what_nobody_looked_at_is_no_zero_and_what_is_less_sure_looks_otherwise() -> None:
    some = [Column(unseen=True), Column(0.0), Column(light=8.0), Column(4.0, 8.0)]
    assert plot.bars(some, 2, 8, UNICODE) == ("  ░░", "? ░█")
    assert plot.bars(some, 2, 8, ASCII) == ("  ~~", "? ~@")


@pytest.mark.parametrize("glyphs", BOTH)
def test_what_is_less_sure_passes_for_no_height(glyphs: Glyphs) -> None:
    assert glyphs.heat[1] not in {*glyphs.levels, glyphs.line, plot.UNSEEN}


def test_the_limit_is_a_line_that_what_is_over_it_covers() -> None:
    some = [Column(2.0), Column(8.0), Column(unseen=True)]
    assert plot.bars(some, 4, 8, UNICODE, limit=6) == (" █ ", "─█─", " █ ", "██?")


@given(amounts, st.sampled_from((1000, 1024)))
def test_the_top_of_an_axis_is_not_below_what_it_is_for_nor_far_above(
    number: float, thousand: int
) -> None:
    top = plot.top_of(number, thousand)
    assert top >= number
    assert top <= max(1, number * 2.5)


@given(st.floats(min_value=0, max_value=1e9))
def test_so_is_a_time(seconds: float) -> None:
    assert seconds <= plot.top_of_time(seconds) <= max(60, seconds * 2.5)


@pytest.mark.parametrize("glyphs", BOTH)
@given(shares=st.lists(st.none() | st.floats(min_value=0, max_value=1), max_size=200))
def test_heat_is_denser_for_more_and_blank_for_none(
    glyphs: Glyphs, shares: list[float | None]
) -> None:
    drawn = plot.heat(shares, glyphs)
    assert len(drawn) == len(shares)
    for share, cell in zip(shares, drawn, strict=True):
        assert (cell != " ") == bool(share)
        assert share != 1 or cell == glyphs.heat[-1]


@given(st.integers(0, 2**31), st.integers(1, 90 * 86400), st.integers(1, 200))
def test_a_time_axis_fits_and_its_times_do_not_touch(start: int, span: int, width: int) -> None:
    axis = plot.time_axis(start, start + span, width)
    assert len(axis) == width
    for word in axis.split():
        assert len(word) == 5, axis


def test_times_stand_under_their_columns() -> None:
    day = 86400
    assert plot.time_axis(0, day, 72).index("12:00") == 36
    assert plot.time_axis(0, 7 * day, 70).split() == [f"01-0{each}" for each in range(1, 8)]
    assert plot.time_axis(6 * 3600, 54 * 3600, 48).split() == ["12:00", "01-02", "12:00", "01-03"]


@pytest.mark.parametrize("glyphs", BOTH)
def test_labels_stand_before_the_axis(glyphs: Glyphs) -> None:
    first, second = plot.labelled([("12 h", "xx"), ("", "yy")], glyphs)
    assert first == f"    12 h {glyphs.bar}xx"
    assert second == f"         {glyphs.bar}yy"
