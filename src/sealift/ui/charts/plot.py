"""Columns, heat and time axes as lines of text. Pure: numbers in, equally long lines out.

A height or a shade never stands alone: an axis and a sentence say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from sealift.ui.text import Glyphs, fit

LABEL = 8  # cells for what stands left of the axis
MARGIN = LABEL + 2  # with a space and the axis itself
UNSEEN = "?"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_TICKS = (
    *(_MINUTE * each for each in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * each for each in (1, 2, 3, 4, 6, 12)),
    *(_DAY * each for each in (1, 2, 7, 14, 28)),
)
_TIMES = (
    *(_MINUTE * each for each in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * each for each in (1, 2, 3, 4, 6, 8, 12, 16, 20)),
)
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_APART = 9  # cells from one time to the next, at least


@dataclass(frozen=True, slots=True)
class Column:
    """One column of bars. `solid` was seen, `light` is less sure; `unseen` says that nobody looked.

    None draws nothing.
    """

    solid: float | None = None
    light: float | None = None
    unseen: bool = False


def top_of_time(seconds: float) -> float:
    """A round time that is not below `seconds`, for the top of an axis."""
    round_one = next((each for each in _TIMES if each >= seconds), None)
    return round_one if round_one is not None else _DAY * top_of(seconds / _DAY, 1000)


def top_of(number: float, thousand: int = 1024) -> float:
    """A round number that is not below `number`: 1, 2, 5, 10 … of its unit, which is `thousand`
    times the one before."""
    unit = 1
    while number > _STEPS[-1] * unit:
        if number <= thousand * unit:
            return thousand * unit
        unit *= thousand
    return next(each * unit for each in _STEPS if each * unit >= number)


def bars(
    columns: Sequence[Column],
    height: int,
    top: float,
    glyphs: Glyphs,
    *,
    limit: float | None = None,
) -> tuple[str, ...]:
    """The columns as `height` lines from the top down; `top` is the value of a full column.

    `limit` is drawn as a line where no column covers it. Whatever is more than nothing is seen.
    """
    at = None if limit is None else row_of(limit, height, top)
    lines: list[str] = []
    for row in reversed(range(height)):
        under = glyphs.line if row == at else " "
        lines.append("".join(_cell(each, row, height, top, glyphs, under) for each in columns))
    return tuple(lines)


def row_of(value: float, height: int, top: float) -> int:
    """The row, counted from the bottom, in which a value lies."""
    return max(0, min(height, ceil(min(1.0, value / top) * height)) - 1)


def _cell(column: Column, row: int, height: int, top: float, glyphs: Glyphs, under: str) -> str:
    parts = len(glyphs.levels) - 1
    filled = _steps(column.solid, height * parts, top) - row * parts
    if filled > 0:
        return glyphs.levels[min(filled, parts)]
    if _steps(column.light, height, top) > row:
        return glyphs.heat[1]
    return UNSEEN if column.unseen and row == 0 else under


def _steps(value: float | None, most: int, top: float) -> int:
    if value is None or value <= 0:
        return 0
    return max(1, min(most, ceil(min(1.0, value / top) * most)))


def heat(shares: Sequence[float | None], glyphs: Glyphs) -> str:
    """A glyph for each share from 0 to 1, denser for more; a space for None.

    Whatever is more than nothing is seen.
    """
    densest = len(glyphs.heat) - 1
    return "".join(glyphs.heat[_steps(share, densest, 1)] if share else " " for share in shares)


def labelled(rows: Sequence[tuple[str, str]], glyphs: Glyphs) -> tuple[str, ...]:
    """Each drawn line behind its label and the axis."""
    return tuple(
        f"{fit(label, LABEL, right=True, ellipsis=glyphs.ellipsis)} {glyphs.bar}{drawn}"
        for label, drawn in rows
    )


def time_axis(start: float, end: float, width: int) -> str:
    """Round times of UTC under `width` columns from `start` to `end` (epoch seconds).

    A time begins at the column of its moment. Hours are 02:00, days 12-25; where there is more than
    one day, midnight is the day that begins.
    """
    if width <= 0 or end <= start:
        return ""
    per_cell = (end - start) / width
    step = next((each for each in _TICKS if each / per_cell >= _APART), None)
    if step is None:
        step = ceil(per_cell * _APART / _TICKS[-1]) * _TICKS[-1]
    line = ""
    moment = ceil(start / step) * step
    while moment <= end:
        place = int((moment - start) / per_cell)
        words = clock(moment, days=step >= _DAY or (end - start > _DAY and moment % _DAY == 0))
        if place + len(words) <= width:
            line = f"{line:{place}}{words}"
        moment += step
    return f"{line:{width}}"


def clock(moment: float, *, days: bool) -> str:
    """A moment as the axis writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%m-%d" if days else "%H:%M")
