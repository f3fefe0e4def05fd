"""Lines whose pieces differ in look, folded to a width. Pure: nothing here knows Textual."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.cells import chop_cells

from sealift.ui import text
from sealift.ui.text import Glyphs

STRONG, MUTED = "strong", "muted"
_PIECES = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Span:
    """Some words and their look: a level (`ui.headline`, `unknown`), `strong`, `muted`, or plain.

    The words are on one line and harmless: what a host said passed `text.one_line`.
    """

    words: str
    look: str = ""


Line = tuple[Span, ...]


def plain(line: Line) -> str:
    """The line without its looks."""
    return "".join(span.words for span in line)


def width_of(line: Line) -> int:
    """How many terminal cells a line takes."""
    return sum(text.width_of(span.words) for span in line)


def fold(line: Line, width: int, hang: int = 0) -> tuple[Line, ...]:
    """The line in as many lines as it needs, broken at spaces, the later ones `hang` cells in.

    A word that is wider than a line is cut; nothing is left out.
    """
    folding = _Folding(max(4, width), hang)
    for span in line:
        for piece in _PIECES.findall(span.words):
            folding.add(piece, span.look)
    return folding.lines()


class _Folding:
    """The lines that are full, and the one that is being filled."""

    def __init__(self, width: int, hang: int) -> None:
        self._width = width
        self._hang = min(hang, 2 * width // 3)
        self._full: list[Line] = []
        self._current: list[Span] = []
        self._left = width
        self._gap: Line = ()  # spaces that are dropped where a line ends

    def add(self, piece: str, look: str) -> None:
        if piece.isspace():
            self._gap += (Span(piece, look),)
            return
        wide = text.width_of(piece)
        if self._filled and wide + width_of(self._gap) > self._left:
            self._next()
        for span in self._gap:
            words = span.words[: max(0, min(self._left, self._width // 2))]
            self._put(words, span.look)
        self._gap = ()
        while text.width_of(piece) > self._left:
            part = chop_cells(piece, self._left)[0]
            self._put(part, look)
            piece = piece[len(part) :]
            self._next()
        self._put(piece, look)

    def lines(self) -> tuple[Line, ...]:
        return (*self._full, tuple(self._current))

    @property
    def _filled(self) -> bool:
        return any(not span.words.isspace() for span in self._current)

    def _put(self, words: str, look: str) -> None:
        last = self._current[-1] if self._current else None
        if last is not None and last.look == look:
            self._current[-1] = Span(last.words + words, look)
        else:
            self._current.append(Span(words, look))
        self._left -= text.width_of(words)

    def _next(self) -> None:
        self._full.append(tuple(self._current))
        self._gap = ()
        self._current = [Span(" " * self._hang)] if self._hang else []
        self._left = self._width - self._hang


def sign(level: str, glyphs: Glyphs) -> str:
    """The glyph of a level, all of one width: it stands beside a word and says the same."""
    signs = {
        "ok": glyphs.ok,
        "info": glyphs.none,
        "warning": glyphs.behind,
        "problem": glyphs.trouble,
        "unknown": text.UNKNOWN_SHORT,
        "running": glyphs.running,
    }
    return text.fit(signs[level], max(map(text.width_of, signs.values())))
