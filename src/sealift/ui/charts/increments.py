"""Increments: how much the source's snapshots hold, and what stands out."""

from __future__ import annotations

from statistics import median

from sealift.playbook.growth import DAY, DAYS, HOUR, Growth, Unusual
from sealift.ui import text
from sealift.ui.charts import plot
from sealift.ui.charts.page import STALE, Night, Words, chart, labels, nothing, short
from sealift.ui.charts.plot import Column, clock
from sealift.ui.playbook_rows import Item, Paper

_ID, _WIDEST = "increments", 4  # cells of a column


def increments_chart(night: Night, paper: Paper, width: int, height: int) -> Item:
    """What was added a day, or an hour where the snapshots are not older than some days."""
    found, inventory = night.growth, night.picture.source.inventory
    if found is None or inventory is None:
        why = "unknown: both hosts have to be read first."
        if night.picture.comparison is not None:
            why = f"adding up what the snapshots hold{paper.glyphs.ellipsis}"
        return nothing(_ID, "Size of increments", why, paper)
    title = f"Size of increments, {'an hour' if found.unit == HOUR else 'a day'} a column"
    if not any(found.totals):
        return nothing(_ID, title, _why_none(found), paper, "info")
    totals = found.totals[-width:]
    first, each = found.first + len(found.totals) - len(totals), min(_WIDEST, width // len(totals))
    columns = [Column(float(total)) for total in totals for _ in range(each)]
    top = plot.top_of(max(totals))
    rows = labels(
        plot.bars(columns, height, top, paper.glyphs),
        {height - 1: short(text.size(int(top)))},
    )
    odd = {one.period - first for one in found.unusual}
    if odd:
        marks = (paper.glyphs.trouble if at in odd else " " for at in range(len(totals)))
        rows.append(("unusual", "".join(mark * each for mark in marks)))
    words = Words(
        "warning" if found.unusual else "ok",
        _sentence(found, night.now.timestamp() - inventory.taken_at.timestamp()),
        "What the source's snapshots hold (written), all datasets of the route together. Where "
        "older ones were destroyed, the next one holds what is left of them.",
    )
    times = (float(first * found.unit), float((first + len(totals)) * found.unit))
    return chart(_ID, title, rows, times, words, paper)


def _why_none(found: Growth) -> str:
    if found.snapshots:
        return f"{text.count(found.snapshots, 'snapshot')}, and none holds anything new."
    return f"no increment in the last {DAYS} days: a first snapshot holds everything, and is none."


def _sentence(found: Growth, age: float) -> str:
    most = found.totals.index(max(found.totals))
    largest = found.largest[most]
    of_it = f", {text.one_line(largest[0])} {text.size(largest[1])} of it" if largest else ""
    usual = median(total for total in found.totals if total)
    parts = [
        f"usual {'day' if found.unit == DAY else 'hour'} {text.size(int(usual))}",
        f"most {text.size(found.totals[most])} on {_when(found, found.first + most)}{of_it}",
        *(_odd(found, one) for one in found.unusual[:1]),
    ]
    if len(found.unusual) > 1:
        parts.append(f"{len(found.unusual) - 1} more stand out")
    if age > STALE:
        parts.append(f"read {text.age(age)}")
    return "; ".join(parts)


def _odd(found: Growth, one: Unusual) -> str:
    return (
        f"{text.one_line(one.dataset)} stands out on {_when(found, one.period)}: "
        f"{text.size(one.size)}, {one.size / max(1.0, one.usual):,.0f} times its usual"
    )


def _when(found: Growth, period: int) -> str:
    day = clock(period * found.unit, days=True)
    return day if found.unit == DAY else f"{day} {clock(period * found.unit, days=False)}"
