"""One row of the paired tree as spans of text with the name of a style each. No widget in here.

From `WIDE` columns on, two trees stand side by side with the relation between them in a column of
its own, so that one glance down it says everything. Below, one merged tree has the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sealift.replication.comparison import Presence, State
from sealift.ui.folding import Fold
from sealift.ui.row import (
    Cell,
    DatasetRow,
    FoldedRow,
    Holder,
    Key,
    NoticeRow,
    Receiving,
    Row,
    SnapshotRow,
)
from sealift.ui.text import Glyphs, fit, one_line, percent, size, size_short, width_of

# A terminal of 100 columns, less a frame and a scrollbar.
WIDE = 96

# Columns of one side: the indent of a snapshot, its size, `held`; and between the sides, the words.
_INDENT, _SIZE, _HELD, _WORDS = 4, 6, 4, 21
_HELD_NARROW, _WORDS_NARROW = 13, 24
_LEAST_NAME = 8
# Where the sign stands that folds a row.
_FOLD_OF_DATASET, _FOLD_OF_REST = 1, 3


class Span(NamedTuple):
    """Text in one style: the name of a component class of the tree, or empty for its own style."""

    text: str
    style: str = ""


class Word(NamedTuple):
    """A relation in words, with its glyph and its style."""

    glyph: str
    text: str
    style: str = ""

    def __str__(self) -> str:
        return f"{self.glyph} {self.text}" if self.glyph else self.text


def draw(row: Row, width: int, glyphs: Glyphs) -> list[Span]:
    """The spans of `row`; together they take `width` cells, or more if that is very little."""
    if isinstance(row, NoticeRow):
        return [Span(fit(f"  {one_line(row.text)}", width, ellipsis=glyphs.ellipsis), "notice")]
    if width < WIDE:
        return _narrow(row, width, glyphs)
    left, right = sides(width)
    return [
        *_side(row, left, glyphs, source=True),
        *_between(row, glyphs),
        *_side(row, right, glyphs, source=False),
    ]


def on_fold(row: DatasetRow | FoldedRow, x: int, width: int) -> bool:
    """Whether column `x` of a drawn row is on the sign that folds it (or right beside it)."""
    if width >= WIDE:
        right = width - sides(width)[1]
        x = x - right if x >= right else x
    sign = _FOLD_OF_DATASET if isinstance(row, DatasetRow) else _FOLD_OF_REST
    return abs(x - sign) <= 1


def sides(width: int) -> tuple[int, int]:
    """How many columns of `width` the source and the destination have, beside each other."""
    both = width - (_WORDS + 4)
    return (both + 1) // 2, both // 2


def _between(row: DatasetRow | SnapshotRow | FoldedRow, glyphs: Glyphs) -> list[Span]:
    word = _word(row, glyphs, _WORDS)
    if isinstance(row, SnapshotRow) and row.base:
        line = glyphs.line
        text = f"{glyphs.cross}{line} {word} ".ljust(_WORDS + 3, line)
        return [Span(text + glyphs.cross, word.style)]
    bar = glyphs.bar
    return [
        Span(f"{bar} ", "line"),
        Span(fit(str(word), _WORDS, ellipsis=glyphs.ellipsis), word.style),
        Span(f" {bar}", "line"),
    ]


def _side(
    row: DatasetRow | SnapshotRow | FoldedRow, width: int, glyphs: Glyphs, *, source: bool
) -> list[Span]:
    if isinstance(row, DatasetRow):
        holder = row.source if source else row.destination
        return _holder(row, holder, width, glyphs, source=source)
    if isinstance(row, FoldedRow):
        number = row.source if source else row.destination
        text = _folded(row, number, glyphs) if number else ""
        return [Span(fit(text, width, ellipsis=glyphs.ellipsis), "folded")]
    cell = row.source if source else row.destination
    if cell is None:
        if row.receiving and not source:
            text = f"  {_partial(row.receiving, glyphs).glyph} {_amount(row.receiving)}"
            return [Span(fit(text, width, ellipsis=glyphs.ellipsis), "partial")]
        return [Span(" " * width)]
    name = width - _INDENT - 1 - _SIZE - 1 - _HELD - 1
    joined = row.base
    return [
        Span(glyphs.line * (_INDENT - 1) + " ", "base")
        if joined and not source
        else Span(" " * _INDENT),
        Span(fit(_name(cell), name, ellipsis=glyphs.ellipsis), _name_style(row)),
        Span(_number(cell, row)),
        Span(fit(" held" if cell.held else "", _HELD + 1), "held"),
        Span(glyphs.line, "base") if joined and source else Span(" "),
    ]


def _holder(
    row: DatasetRow, holder: Holder | None, width: int, glyphs: Glyphs, *, source: bool
) -> list[Span]:
    if holder is None:
        return [Span(" " * width)]
    word = _key(holder, source=source)
    tail = _HELD + 2
    room = width - tail - _SIZE - 2 - width_of(word.text)
    return [
        Span(fit(_header(row, glyphs), room, ellipsis=glyphs.ellipsis), "dataset"),
        Span(" "),
        Span(word.text, word.style),
        Span(f" {size_short(holder.used):>{_SIZE}}{'':{tail}}"),
    ]


def _narrow(row: DatasetRow | SnapshotRow | FoldedRow, width: int, glyphs: Glyphs) -> list[Span]:
    word = _word(row, glyphs, _WORDS_NARROW, merged=True)
    name = max(_LEAST_NAME, width - 1 - _WORDS_NARROW - 1 - _SIZE - 2 - _HELD_NARROW)
    number, last = "", Word("", "")
    if isinstance(row, DatasetRow):
        shown, style = _header(row, glyphs), "dataset"
        holder = row.source or row.destination
        number = size_short(holder.used) if holder else ""
        # One column for both sides: what would travel in the clear comes first.
        last = _key(row.source, source=True)
        if row.destination and last.style != "warning":
            last = _key(row.destination, source=False)
    elif isinstance(row, FoldedRow):
        shown, style = _folded(row, max(row.source, row.destination), glyphs), "folded"
    else:
        cell = row.source or row.destination
        shown, style = " " * _INDENT + (_name(cell) if cell else ""), _name_style(row)
        number = _number(cell, row).strip() if cell else ""
        last = _held(row)
    return [
        Span(fit(shown, name, ellipsis=glyphs.ellipsis), style),
        Span(" "),
        Span(fit(str(word), _WORDS_NARROW, ellipsis=glyphs.ellipsis), word.style),
        Span(f" {number:>{_SIZE}}  "),
        Span(fit(last.text, _HELD_NARROW), last.style),
    ]


def _header(row: DatasetRow, glyphs: Glyphs) -> str:
    mark = glyphs.closed if row.fold is Fold.CLOSED else glyphs.opened
    return f" {mark if row.snapshots else ' '} {one_line(row.label)}"


def _folded(row: FoldedRow, number: int, glyphs: Glyphs) -> str:
    return f"   {glyphs.closed} {number:,} {'older' if row.older else 'more'}"


def _name(cell: Cell) -> str:
    return f"{'#' if cell.bookmark else ''}{one_line(cell.name)}"


def _number(cell: Cell, row: SnapshotRow) -> str:
    # A bookmark takes no space; that ZFS has no number for it is not something unknown.
    short = "" if cell.bookmark and row.base else size_short(cell.written)
    return f" {short:>{_SIZE}}"


def _name_style(row: SnapshotRow) -> str:
    if row.base:
        return "base"
    return "ahead" if row.ahead else ""


def _held(row: SnapshotRow) -> Word:
    ours = row.source is not None and row.source.held
    theirs = row.destination is not None and row.destination.held
    text = {
        (True, True): "held both",
        (True, False): "held source",
        (False, True): "held dest.",
        (False, False): "",
    }[ours, theirs]
    return Word("", text, "held")


def _key(holder: Holder | None, *, source: bool) -> Word:
    if holder is None:
        return Word("", "")
    if holder.key is Key.PLAIN:
        return Word("", holder.key.value, "warning")
    if source:
        return Word("", "key root" if holder.key_root else "", "folded")
    return Word("", holder.key.value, "sealed" if holder.key is Key.LOCKED else "warning")


def _amount(receiving: Receiving) -> str:
    if receiving.arrived:
        return "arrived"
    if receiving.total:
        return f"{size(receiving.done)} of {size(receiving.total)}"
    return f"{size(receiving.done)} {'so far' if receiving.live else 'kept'}"


def _word(
    row: DatasetRow | SnapshotRow | FoldedRow, glyphs: Glyphs, room: int, *, merged: bool = False
) -> Word:
    if isinstance(row, DatasetRow):
        return _state(row, glyphs, room)
    if isinstance(row, FoldedRow):
        return _relation_of_folded(row, glyphs, merged=merged)
    if row.base:
        kind = " (bookmark)" if row.source and row.source.bookmark else ""
        return Word(glyphs.both, f"{'both, ' if merged and not kind else ''}base{kind}", "base")
    if row.receiving:
        return _partial(row.receiving, glyphs)
    if row.ahead and row.presence is Presence.DESTINATION:
        return _blocks(glyphs, merged=merged)
    word = {
        Presence.IVSET: Word(glyphs.trouble, "IV sets differ", "ahead"),
        Presence.DESTINATION: Word(glyphs.destination_only, "destination only", "folded"),
        Presence.SOURCE: Word(
            glyphs.source_only, "source only", "behind" if row.behind else "folded"
        ),
        Presence.BOTH: Word(glyphs.both, "both", "folded"),
    }[row.presence]
    return _taken_by(row.tool, word, room) if row.tool else word


def _taken_by(tool: str, word: Word, room: int) -> Word:
    """The word with whose snapshot it is, if there is room for that."""
    short = word._replace(text=f"{word.text.removesuffix(' only')}, {tool}'s")
    long = word._replace(text=f"{word.text}, {tool}'s")
    return next((each for each in (long, short) if width_of(str(each)) <= room), word)


def _blocks(glyphs: Glyphs, *, merged: bool) -> Word:
    text = "dest. only: blocks raw" if merged else "blocks the next raw"
    return Word(glyphs.trouble, text, "ahead")


def _relation_of_folded(row: FoldedRow, glyphs: Glyphs, *, merged: bool) -> Word:
    if row.differing:
        several = "" if row.differing == row.shared else f"{row.differing:,} "
        return Word(glyphs.trouble, f"{several}IV sets differ", "ahead")
    if row.source == row.destination == row.shared:
        return Word(glyphs.both, "both", "folded")
    if not row.destination:
        style = "folded" if row.older else "behind"
        return Word(glyphs.source_only, "source only", style)
    if not row.source:
        if not row.older:
            return _blocks(glyphs, merged=merged)
        return Word(glyphs.destination_only, "destination only", "folded")
    return Word(glyphs.both, f"{row.shared:,} of them both", "folded")


def _partial(receiving: Receiving, glyphs: Glyphs) -> Word:
    if receiving.arrived:
        return Word(glyphs.both, "arrived", "level")
    if not receiving.live:
        return Word(glyphs.partial, "partly received", "partial")
    # The stream's size is an estimate, and there may be none yet.
    share = f" {percent(receiving.done, receiving.total)}" if receiving.total else ""
    return Word(glyphs.partial, f"receiving{share}", "partial")


def _state(row: DatasetRow, glyphs: Glyphs, room: int) -> Word:
    behind = f"{row.behind:,} behind"
    if row.receiving:
        word = _partial(row.receiving, glyphs)
        return (
            _longest(word, ["", f", {behind}"], room)
            if row.behind and not row.receiving.arrived
            else word
        )
    if row.state is State.BEHIND:
        word = Word(glyphs.behind, behind, "behind")
        known = row.behind_bytes
        return word if known is None else _longest(word, ["", f", {size_short(known)}"], room)
    there = row.destination
    if row.state is State.KEY_DIFFERS and there is not None and there.key is Key.PLAIN:
        return Word(glyphs.trouble, "not raw", "ahead")
    if row.state is State.DIVERGED:
        word = Word(glyphs.trouble, "diverged", "ahead")
        ahead = f", {row.ahead:,} ahead"
        return _longest(word, ["", ahead, f"{ahead}, {behind}" if row.behind else ahead], room)
    return {
        State.NO_BASE: Word(glyphs.trouble, State.NO_BASE.value, "ahead"),
        State.KEY_DIFFERS: Word(glyphs.trouble, State.KEY_DIFFERS.value, "ahead"),
        State.PARTIAL: Word(glyphs.partial, State.PARTIAL.value, "partial"),
        State.EXTRA: Word(glyphs.destination_only, State.EXTRA.value, "folded"),
        State.MISSING: Word(glyphs.source_only, State.MISSING.value, "behind"),
        State.EMPTY: Word(glyphs.none, State.EMPTY.value, "folded"),
        State.LEVEL: Word(glyphs.both, State.LEVEL.value, "level"),
        State.LEFT_OUT: Word(glyphs.none, State.LEFT_OUT.value, "folded"),
    }[row.state]


def _longest(word: Word, tails: Sequence[str], room: int) -> Word:
    fits = [
        each
        for tail in tails
        if width_of(str(each := word._replace(text=word.text + tail))) <= room
    ]
    return fits[-1] if fits else word
