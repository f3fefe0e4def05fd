"""Rate: bytes a second of the route's jobs, seen by this session or from their records."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import mean

from sealift.replication.ended import Ended
from sealift.replication.job import Job, JobState
from sealift.replication.seen import CELL, Seen
from sealift.ui import text
from sealift.ui.charts import plot
from sealift.ui.charts.page import (
    Night,
    Record,
    Words,
    chart,
    labels,
    moment,
    nothing,
    short,
    span_words,
)
from sealift.ui.charts.plot import Column
from sealift.ui.playbook_rows import Item, Paper


def rate_chart(night: Night, paper: Paper, width: int, height: int) -> Item:
    """The rate of jobs over the night's span."""
    title, glyphs = f"Rate of transfers, {span_words(night.span)}", paper.glyphs
    record = night.record
    if record is None:
        return nothing("rate", title, f"reading when the jobs ended{glyphs.ellipsis}", paper)
    edges = night.edges(width)
    jobs = [each for each in record.ended if each.end >= edges[0]]
    columns = [
        _column(live, start, end, jobs, unread=bool(record.unread))
        for live, (start, end) in zip(_live(night.seen, edges), pairwise(edges), strict=True)
    ]
    values = [max(each.solid or 0, each.light or 0) for each in columns]
    highest = max(values)
    if not highest:
        level, sentence = _why_none(night, record, jobs)
        return nothing("rate", title, sentence, paper, level)
    top = plot.top_of(highest, 1000)
    rows = labels(plot.bars(columns, height, top, glyphs), {height - 1: short(text.rate(top))})
    at = moment(edges[values.index(highest) + 1], night.span)
    sentence = (
        f"highest {text.rate(highest)} at {at}; {_now(night.picture.job)}; {_ended(jobs)}"
        f"{record.unread and f'; {record.unread}'}"
    )
    note = (
        f"{glyphs.levels[-1]} seen by this session; {glyphs.heat[1]} average of a done job, pauses "
        f"included; {plot.UNSEEN} not known. Transfers of other tools are not in it."
    )
    words = Words("unknown" if record.unread else "info", sentence, note)
    return chart("rate", title, rows, (edges[0], edges[-1]), words, paper)


def _live(seen: Seen, edges: Sequence[float]) -> list[float | None]:
    """The mean of what this session saw in each column, None where it saw no job."""
    values: list[list[float]] = [[] for _ in edges[1:]]
    for cell, each in seen.rates.items():
        place = int((cell * CELL - edges[0]) // (edges[1] - edges[0]))
        if each.mean is not None and 0 <= place < len(values):
            values[place].append(each.mean)
    return [mean(each) if each else None for each in values]


def _column(
    live: float | None, start: float, end: float, jobs: Sequence[Ended], *, unread: bool
) -> Column:
    if live is not None:
        return Column(solid=live)
    here = [each for each in jobs if each.start < end and each.end >= start]
    rates = [each.rate for each in here if each.rate is not None]
    return Column(light=max(rates, default=None), unseen=not rates if here else unread)


def _now(job: Job | None) -> str:
    if job is None or not job.state.running:
        return "no job is running"
    if job.state is JobState.WAITING:
        return "the job waits to try again"
    return f"now {text.rate(job.rate.bytes_per_second)}"


def _ended(jobs: Sequence[Ended]) -> str:
    known = [each.size for each in jobs if each.size is not None]
    if not jobs:
        return "no job ended"
    if not known:
        return f"{text.count(len(jobs), 'job')} ended"
    some = f" in {len(known)} of them" if len(known) < len(jobs) else ""
    return f"{text.count(len(jobs), 'job')} ended, {text.size(sum(known))}{some}"


def _why_none(night: Night, record: Record, jobs: Sequence[Ended]) -> tuple[str, str]:
    """The level and the sentence of a chart without a single rate."""
    job = night.picture.job
    if record.unread:
        return "unknown", f"unknown: {record.unread}."
    if job is not None and job.state.running:
        return "info", f"a job runs; {_now(job)}."
    if jobs:
        ended = text.count(len(jobs), "job")
        return "unknown", f"unknown: {ended} ended, of none is it known how much it has brought."
    span = span_words(night.span)
    return "info", f"no job ended in the last {span}; transfers of other tools are not known here."
