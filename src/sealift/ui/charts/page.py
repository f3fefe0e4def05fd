"""What the charts are made of, and what all of them have: a title, an axis, a sentence, a note.

Nothing is drawn that was not seen: what nobody watched is a `?`, and each chart names its sources.
The sentence under a chart says what is to be seen in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sealift.playbook.growth import DAY, HOUR, Growth
from sealift.replication.ended import Ended
from sealift.replication.picture import Picture
from sealift.replication.seen import Seen
from sealift.ui.charts import plot
from sealift.ui.charts.plot import LABEL, clock
from sealift.ui.playbook_rows import Item, Paper
from sealift.ui.spans import MUTED, STRONG, Line, Span, fold, plain

SPANS = (24 * HOUR, 7 * DAY, HOUR)
"""The times that lag and rate are drawn over, in seconds; the first one is the usual."""
STALE = 120  # seconds after which what was read last is told with its age


@dataclass(frozen=True, slots=True)
class Record:
    """The jobs of the route that have ended, as their coordinators' logs tell.

    `unread` says what kept a log from being read; empty if nothing did.
    """

    ended: tuple[Ended, ...] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Night:
    """All that the charts are made of. `record` and `growth` are None until they were read."""

    picture: Picture
    seen: Seen
    now: datetime
    record: Record | None = None
    growth: Growth | None = None
    span: int = SPANS[0]

    def edges(self, width: int) -> list[float]:
        """Where the `width` columns of `span` begin and end, in epoch seconds."""
        end = self.now.timestamp()
        return [end - self.span * (width - each) / width for each in range(width + 1)]


@dataclass(frozen=True, slots=True)
class Words:
    """What is said under a chart: the sentence with its level, and how the chart is read."""

    level: str
    sentence: str
    note: str = ""


def chart(
    identity: str,
    title: str,
    rows: Sequence[tuple[str, str]],
    times: tuple[float, float],
    words: Words,
    paper: Paper,
) -> Item:
    """A chart of lines with their labels, from the top down, over its first and last moment."""
    width = max(len(drawn) for _, drawn in rows)
    axis = f"{'UTC':>{LABEL}}  {plot.time_axis(*times, width)}"
    drawn = plot.labelled(rows, paper.glyphs)
    return _item(identity, title, [*((Span(line),) for line in drawn), (Span(axis),)], words, paper)


def nothing(identity: str, title: str, sentence: str, paper: Paper, level: str = "unknown") -> Item:
    """A chart of which there is nothing to draw, and why."""
    return _item(identity, title, [], Words(level, sentence), paper)


def _item(identity: str, title: str, drawn: list[Line], words: Words, paper: Paper) -> Item:
    made: list[Line] = [
        *fold((Span(title, STRONG),), paper.width),
        *drawn,
        *fold((paper.signed(words.level, words.sentence),), paper.width, 2),
    ]
    if words.note:
        made += fold((Span(words.note, MUTED),), paper.width, 2)
    copied = "\n".join(plain(line).rstrip() for line in made)
    return Item(identity, (*made, ()), words.level, copy=copied)


def labels(drawn: Sequence[str], at: Mapping[int, str]) -> list[tuple[str, str]]:
    """Lines from the top down, each with its label by the row counted from the bottom."""
    rows = reversed(range(len(drawn)))
    return [
        (at.get(row, "0" if row == 0 else ""), line) for row, line in zip(rows, drawn, strict=True)
    ]


def short(words: str) -> str:
    """A round number without its zeros, for an axis: `20 MB/s`, `12 h`."""
    return words.replace(".0 ", " ").removesuffix(" 00 min").removesuffix(" 0 h")


def span_words(span: int) -> str:
    """The time that is drawn, as the operator says it: `24 h`, `7 d`."""
    return f"{span // HOUR} h" if span <= DAY else f"{span // DAY} d"


def moment(at: float, span: int) -> str:
    """A moment of a chart: within a day its time alone is enough."""
    time = clock(at, days=False)
    return time if span <= DAY else f"{clock(at, days=True)} {time}"
