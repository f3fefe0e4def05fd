"""Latency: how long both pools took to answer while sealift looked, as a heat map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from sealift.replication.picture import Side
from sealift.replication.seen import CELL, IDLE, KEPT, WAITS
from sealift.ui import text
from sealift.ui.charts import plot
from sealift.ui.charts.page import STALE, Night, Words, chart, nothing
from sealift.ui.charts.plot import clock
from sealift.ui.playbook_rows import Item, Paper
from sealift.words import latency
from sealift.zfs.names import pool_of

_SECOND = 1_000_000_000  # nanoseconds


def waits_chart(night: Night, side: Side, paper: Paper, width: int) -> Item:
    """The latency of a side's pool, the slowest on top, since this session began to look."""
    role = "source" if side is night.picture.source else "destination"
    cells = night.seen.waits[role == "destination"]
    identity, glyphs, now = f"waits-{role}", paper.glyphs, night.now.timestamp()
    title = f"Latency of {text.one_line(pool_of(side.location.dataset))}, {role}"
    if not cells:
        return nothing(identity, title, "unknown: no line of zpool iostat came yet.", paper)
    # As many cells a column as the time needs that was looked at; they stand still meanwhile.
    looked = min(now / CELL - min(cells) + 1, KEPT / CELL)
    each = max(1, ceil(looked / (width - 1 or 1)))
    first = (int(now / CELL) // each + 1 - width) * each
    columns = [_counts(cells, first + place * each, each) for place in range(width)]
    rows = [
        (_label(row), plot.heat([_share(one, row) for one in columns], glyphs))
        for row in reversed(range(IDLE))
    ]
    idle = plot.heat([_share(one, IDLE) for one in columns], glyphs)
    seen = "".join(
        drawn if sum(one) else plot.UNSEEN for drawn, one in zip(idle, columns, strict=True)
    )
    note = (
        "Of averages over 2 s (5 s on a slow host) the slower of reads and writes: "
        f"{glyphs.heat[1]} some of them, {glyphs.heat[-1]} nearly all; {plot.UNSEEN} nobody "
        f"looked. A column is {text.duration(each * CELL)}."
    )
    level, sentence = _sentence(columns, (first * CELL, each * CELL), side, now - max(cells) * CELL)
    times = (float(first * CELL), float((first + width * each) * CELL))
    words = Words(level, sentence, note)
    return chart(identity, title, [*rows, ("no I/O", seen)], times, words, paper)


def _counts(cells: Mapping[int, Sequence[int]], first: int, count: int) -> list[int]:
    found = [cells[cell] for cell in range(first, first + count) if cell in cells]
    return [sum(each) for each in zip(*found, strict=True)] or [0] * (IDLE + 1)


def _share(counts: Sequence[int], row: int) -> float | None:
    return counts[row] / sum(counts) if counts[row] else None


def _label(row: int) -> str:
    """A row on the axis: `<4 ms`."""
    return f"<{_edge(row)}" if row < len(WAITS) else f">{_edge(row - 1)}"


def _range(row: int) -> str:
    """A row in a sentence: `1 ms to 4 ms`."""
    if row == 0:
        return f"below {_edge(0)}"
    return f"{_edge(row - 1)} to {_edge(row)}" if row < len(WAITS) else f"over {_edge(row - 1)}"


def _edge(row: int) -> str:
    return latency(WAITS[row] / _SECOND).replace(".0 ", " ")


def _sentence(
    columns: Sequence[Sequence[int]], times: tuple[int, int], side: Side, age: float
) -> tuple[str, str]:
    """The level and the sentence; `times` are the first moment and the seconds of a column."""
    counts = [sum(each) for each in zip(*columns, strict=True)]
    busy, looks = sum(counts[:IDLE]), text.count(sum(counts), "sample")
    stale = age > STALE or not side.iostat
    level, current = ("unknown", f"last seen {text.age(age)}") if stale else ("info", _now(side))
    if not busy:
        return level, f"nothing was read or written in {looks}; {current}"
    middle = next(row for row in range(IDLE) if 2 * sum(counts[: row + 1]) >= busy)
    slowest = max(row for row in range(IDLE) if counts[row])
    place = next(number for number, each in enumerate(columns) if each[slowest])
    at = clock(times[0] + place * times[1], days=False)
    return level, (
        f"usually {_range(middle)}, slowest {_range(slowest)} at {at}; {current}; {looks}"
    )


def _now(side: Side) -> str:
    last = side.iostat[-1]
    waits = [each for each in (last.read_wait_ns, last.write_wait_ns) if each is not None]
    return f"now {latency(max(waits) / _SECOND)}" if waits else "now idle"
