"""The chain of stages as a picture: where the time of a running transfer goes. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from sealift.playbook.diagnosis import Stage
from sealift.ui import spans, text
from sealift.ui.spans import MUTED, STRONG, Line, Span, fold
from sealift.ui.text import Glyphs

# A stage that works nine tenths of the window has no time left for more; below that, what it waits
# for says more than how busy it is.
SATURATED = 0.9
LINK = "link"
ROOM = 98  # cells from which on the stages stand side by side

_BAR, _SHORT_BAR = 10, 6
_LEAST = 6  # `100 %` and a space
_WORD = 11  # cells of a column that no word below it is cut for
_HOST = 16  # cells for a host at the edge of the list
_DEEPEST = 4  # lines of words below a stage; with more of them the list reads better


def chain_lines(stages: Sequence[Stage], width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """The stages side by side where there is room for that, one below the other otherwise."""
    beside = _side_by_side(stages, width, glyphs) if width >= ROOM else None
    return beside or _listed(stages, width, glyphs)


def stands_out(stage: Stage) -> str:
    """The word for a stage that needs a look, empty for one that does not."""
    grave = stage.level in {"warning", "problem"}
    if stage.busy is not None and stage.busy >= SATURATED:
        return "SATURATED" if grave else "saturated"
    return stage.level.upper() if grave else ""


def percent(stage: Stage) -> str:
    """How busy it is: `93 %`, `? %` where that is not known."""
    if stage.busy is None:
        return f"{text.UNKNOWN_SHORT} %"
    return f"{round(100 * min(1.0, max(0.0, stage.busy)))} %"


def in_words(stage: Stage) -> str:
    """A stage as a sentence: where it is, how busy, what it waits for."""
    busy = "how busy is unknown" if stage.busy is None else f"busy {percent(stage)}"
    where = f" on {text.one_line(stage.host)}" if stage.host else ""
    parts = [busy, stands_out(stage), text.one_line(stage.doing)]
    return f"{text.one_line(stage.name)}{where}: {', '.join(part for part in parts if part)}"


def _look(stage: Stage) -> str:
    if stage.level == "info":
        return STRONG if stands_out(stage) else ""
    return stage.level


def _mark(stage: Stage, glyphs: Glyphs) -> str:
    """The glyph before its name; none before one that does not stand out."""
    if stage.level in {"warning", "problem", "unknown"}:
        return spans.sign(stage.level, glyphs).strip()
    return glyphs.full if stands_out(stage) else ""


def _bar(stage: Stage, width: int, glyphs: Glyphs) -> str:
    if stage.busy is None:
        return " " * width
    full = round(width * min(1.0, max(0.0, stage.busy)))
    return glyphs.full * full + glyphs.empty * (width - full)


# One below the other


def _listed(stages: Sequence[Stage], width: int, glyphs: Glyphs) -> tuple[Line, ...]:
    hosts = [text.one_line(stage.host) or LINK for stage in stages]
    host_wide = min(_HOST, width // 5, max(map(text.width_of, hosts)))
    name_wide = max(text.width_of(text.one_line(stage.name)) for stage in stages)
    name_wide = min(name_wide, width // 4)
    lines: list[Line] = []
    before = ""
    for stage, host in zip(stages, hosts, strict=True):
        edge = glyphs.bar if host == before else host
        before = host
        head = (
            Span(text.fit(edge, host_wide, ellipsis=glyphs.ellipsis) + " ", MUTED),
            Span(text.fit(_mark(stage, glyphs), 1) + " ", _look(stage)),
            Span(_name(stage, name_wide, glyphs) + " ", _look(stage)),
            Span(_bar(stage, _SHORT_BAR, glyphs), _look(stage)),
            Span(f"{percent(stage):>6}  ", _look(stage)),
        )
        word = stands_out(stage)
        said = (
            *((Span(word + "  ", _look(stage)),) if word else ()),
            Span(text.one_line(stage.doing)),
        )
        lines += fold((*head, *said), width, spans.width_of(head))
    return tuple(lines)


def _name(stage: Stage, width: int, glyphs: Glyphs) -> str:
    return text.fit(text.one_line(stage.name), width, ellipsis=glyphs.ellipsis)


# Side by side


def _side_by_side(stages: Sequence[Stage], width: int, glyphs: Glyphs) -> tuple[Line, ...] | None:
    """A column for each stage; None if there is no room for that."""
    arrow = f" {glyphs.arrow} "
    labels = [f"{_mark(stage, glyphs)} {text.one_line(stage.name)}".strip() for stage in stages]
    least = [
        max(_LEAST, text.width_of(label), text.width_of(stands_out(stage)), _longest_word(stage))
        for stage, label in zip(stages, labels, strict=True)
    ]
    spare = width - sum(least) - text.width_of(arrow) * (len(stages) - 1)
    doing = [text.one_line(stage.doing) for stage in stages]
    widths = _widened(doing, least, spare)
    if widths is None:
        return None
    below = [_folded(words, wide) for words, wide in zip(doing, widths, strict=True)]
    names = [(label, _look(stage)) for stage, label in zip(stages, labels, strict=True)]
    bars = [
        (_bar(stage, min(_BAR, wide), glyphs), _look(stage))
        for stage, wide in zip(stages, widths, strict=True)
    ]
    words = [(stands_out(stage), _look(stage)) for stage in stages]
    rows = [
        _hosts(stages, widths, len(arrow), glyphs),
        _row(names, widths, arrow),
        _row(bars, widths, " " * len(arrow)),
        _row([(percent(stage), _look(stage)) for stage in stages], widths, " " * len(arrow)),
    ]
    if any(word for word, _ in words):
        rows.append(_row(words, widths, " " * len(arrow)))
    for depth in range(max(map(len, below))):
        cells = [(each[depth] if depth < len(each) else "", "") for each in below]
        rows.append(_row(cells, widths, " " * len(arrow)))
    return tuple(rows)


def _longest_word(stage: Stage) -> int:
    words = text.one_line(stage.doing).split()
    return min(_WORD, max(map(text.width_of, words), default=0))


def _widened(doing: Sequence[str], least: Sequence[int], spare: int) -> list[int] | None:
    """Columns of at least these widths, for as few lines as `spare` cells more allow."""
    for depth in range(1, _DEEPEST + 1):
        widths = [
            _width_for(words, wide, depth, wide + spare)
            for words, wide in zip(doing, least, strict=True)
        ]
        if sum(widths) <= sum(least) + spare:
            return widths
    return None


def _width_for(words: str, least: int, depth: int, most: int) -> int:
    """The narrowest column in which words take so many lines; over `most` if there is none."""
    width = max(least, math.ceil(text.width_of(words) / depth))
    while width <= most and len(_folded(words, width)) > depth:
        width += 1
    return width


def _folded(words: str, width: int) -> list[str]:
    return [spans.plain(line) for line in fold((Span(words),), width)] if words else []


def _row(cells: Sequence[tuple[str, str]], widths: Sequence[int], between: str) -> Line:
    line: list[Span] = []
    for (words, look), wide in zip(cells, widths, strict=True):
        line += (Span(between, MUTED), Span(text.fit(words, wide), look))
    return tuple(line[1:])


def _hosts(stages: Sequence[Stage], widths: Sequence[int], gap: int, glyphs: Glyphs) -> Line:
    """Over the stages, where they are: a host's name and a line over all that is on it."""
    line: list[Span] = []
    for host, group in groupby(range(len(stages)), key=lambda index: stages[index].host):
        places = list(group)
        wide = sum(widths[place] for place in places) + gap * (len(places) - 1)
        name = text.shorten(text.one_line(host) or LINK, wide - 1, glyphs.ellipsis) + " "
        rule = glyphs.line * (wide - text.width_of(name))
        line += (Span(" " * gap), Span(name, STRONG), Span(rule, MUTED))
    return tuple(line[1:])
