"""Lag: how far the destination was behind, as far as anybody looked."""

from __future__ import annotations

from itertools import pairwise

from sealift.replication.lag_history import Lag, Sighting, lag_between, merged
from sealift.replication.picture import Picture
from sealift.ui import text
from sealift.ui.charts import plot
from sealift.ui.charts.page import (
    STALE,
    Night,
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


def sightings(night: Night) -> list[Sighting]:
    """Every moment whose lag is known: this session's readings and the ends of done jobs."""
    ended = night.record.ended if night.record is not None else ()
    done = (Sighting(each.end, each.newest) for each in ended if each.newest is not None)
    return merged(night.seen.sightings, done)


def lag_chart(night: Night, paper: Paper, width: int, height: int) -> Item:
    """The lag against its limit, over the night's span."""
    title, glyphs = f"Lag, {span_words(night.span)}", paper.glyphs
    limit, known = night.picture.route.lag_limit, sightings(night)
    if not known:
        return nothing("lag", title, _why_none(night.picture), paper)
    edges = night.edges(width)
    found = [lag_between(known, start, end) for start, end in pairwise(edges)]
    columns = [Column(each.exact, each.least, unseen=each == Lag()) for each in found]
    highest = max(max(each.exact or 0, each.least or 0) for each in found)
    top = plot.top_of_time(max(highest, limit * 1.25, 60))
    drawn = plot.bars(columns, height, top, glyphs, limit=limit)
    marks = {height - 1: short(text.duration(top)), plot.row_of(limit, height, top): "limit"}
    note = (
        f"{glyphs.levels[-1]} read by this session, or known from the end of a job; "
        f"{glyphs.heat[1]} at least so much; {plot.UNSEEN} nobody looked: no destination says when "
        "something arrived."
    )
    level, sentence = _sentence(night, known[-1], found, edges)
    words = Words(level, sentence, note)
    return chart("lag", title, labels(drawn, marks), (edges[0], edges[-1]), words, paper)


def _why_none(picture: Picture) -> str:
    if picture.comparison is None:
        return "unknown: both hosts have to be read first."
    if not picture.comparison.destination.exists:
        return "unknown: the destination is not seeded yet."
    return "unknown: something of the tree has never arrived, or has no snapshot."


def _sentence(
    night: Night, last: Sighting, found: list[Lag], edges: list[float]
) -> tuple[str, str]:
    limit, now = night.picture.route.lag_limit, night.now.timestamp()
    exact = max(found, key=lambda each: each.exact or 0)
    least = max(found, key=lambda each: each.least or 0)
    sure = (exact.exact or 0) >= (least.least or 0)
    worst = max(exact.exact or 0, least.least or 0)
    at = moment(edges[found.index(exact if sure else least) + 1], night.span)
    age, lag = now - last.at, now - last.newest
    current = f"now {text.duration(max(0, lag))}"
    if age > STALE:
        current = f"{text.duration(last.at - last.newest)} when last read, {text.age(age)}"
    sentence = (
        f"worst lag {'' if sure else 'at least '}{text.duration(worst)} at {at}; {current}; "
        f"limit {text.duration(limit)}"
    )
    if age > STALE:
        return "unknown", sentence
    return ("warning" if max(worst, lag) > limit else "ok"), sentence
