"""How the screen writes numbers, times and names: the same everywhere, and "unknown" in words.

Nothing here knows Textual. Text from a host passes `one_line` before it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from sealift.words import (
    UNKNOWN,
    UNKNOWN_SHORT,
    age,
    count,
    duration,
    percent,
    rate,
    sane,
    size,
)
from sealift.zfs.names import printable

__all__ = (
    "ASCII",
    "UNICODE",
    "UNKNOWN",
    "UNKNOWN_SHORT",
    "Glyphs",
    "age",
    "count",
    "cut_sentence",
    "duration",
    "fit",
    "in_ascii",
    "one_line",
    "percent",
    "plain_terminal",
    "rate",
    "shorten",
    "size",
    "size_short",
    "sparkline",
    "width_of",
)

_STEP = 1024
# What a terminal without UTF-8, or without the glyphs, shows instead: cell for cell.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("─━═╌┄▔▀", "-"),
        **dict.fromkeys("│┃║▏▎▍▕▐┆", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯╞╡", "+"),
        **dict.fromkeys("█▉▊▋▌▇▆▅▄▓◆", "#"),
        **dict.fromkeys("▁▂▃", "_"),
        **dict.fromkeys("·…░•", "."),
        **dict.fromkeys("→▸▶", ">"),
        **dict.fromkeys("←◀", "<"),
        **dict.fromkeys("↑▲▴", "^"),
        **dict.fromkeys("↓▾▼", "v"),
        **dict.fromkeys("✓●", "*"),
        "◐": "%",
        "▒": ":",
        "≤": "<",
        "≥": ">",
        "\N{MULTIPLICATION SIGN}": "x",
    }
)


def size_short(number: int | None) -> str:
    """Bytes for a column of 6: `0 B`, `96 K`, `1.2 G`, `1023 G`."""
    known = sane(number)
    if known is None:
        return UNKNOWN_SHORT
    if known < _STEP:
        return f"{known:.0f} B"
    for unit in "KMGTP":
        known /= _STEP
        if known < 9.95:  # noqa: PLR2004 - from here on, one decimal would show as 10.0
            return f"{known:.1f} {unit}"
        if known < _STEP - 0.5:
            return f"{known:.0f} {unit}"
    return f"{known / _STEP:.1f} E"


def sparkline(values: Sequence[float], glyphs: Glyphs) -> str:
    """A character for each value, scaled to the highest of them."""
    top = max(values, default=0) or 1
    highest = len(glyphs.levels) - 1
    return "".join(glyphs.levels[min(highest, int(value * highest // top))] for value in values)


def one_line(text: str) -> str:
    """Text from a host as one harmless line: no control characters, no line ends, no tabs."""
    if text.isascii() and text.isprintable():
        return text
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def width_of(text: str) -> int:
    """How many terminal cells `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def in_ascii(text: str) -> str:
    """`text` in ASCII, in as many terminal cells: for what is not known, a `?` for each cell."""
    if text.isascii():
        return text
    plain = text.translate(_PLAIN)
    return "".join(each if each.isascii() else "?" * cell_len(each) for each in plain)


def plain_terminal(term: str, encoding: str) -> bool:
    """Whether a terminal is to be shown ASCII only, by `TERM` and the locale's encoding.

    The console of Linux takes UTF-8, but its font has at most 512 glyphs.
    """
    return term in {"linux", "dumb"} or encoding.lower().replace("-", "") != "utf8"


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut `text` to `width` cells out of its middle: names differ at their ends more often."""
    if width_of(text) <= width:
        return text
    room = width - width_of(ellipsis)
    if room < 0:
        return set_cell_size(text, max(0, width))
    head = room // 3
    tail = text
    while width_of(tail) > room - head:
        tail = tail[max(1, len(tail) - (room - head)) :]
    return set_cell_size(text, head) + ellipsis + tail if head else ellipsis + tail


def cut_sentence(text: str, width: int, ellipsis: str = "…") -> str:
    """Cut the end of a sentence to `width` cells: where a clause ends, else where a word does.

    The end of a clause has to leave three quarters of the room in use, that of a word half of it.
    """
    if width_of(text) <= width:
        return text
    end = f" {ellipsis}"
    room = width - width_of(end)
    if room < 0:
        return set_cell_size(text, max(0, width))
    head = set_cell_size(text, room)
    if not text.startswith(head):  # half of a wide character is a space
        head = head[:-1]
    for marks, least in (((", ", "; ", ". "), 0.75), ((" ",), 0.5)):
        at = max(text.rfind(mark, 0, len(head) + len(mark)) for mark in marks)
        if at > least * len(head):
            return text[:at] + end
    return set_cell_size(text, room + 1) + ellipsis


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """`text` in exactly `width` cells: shortened or padded, to the right if asked."""
    text = shorten(text, width, ellipsis)
    padding = " " * (width - width_of(text))
    return padding + text if right else text + padding


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the screen. Each stands beside a word; none carries a meaning alone."""

    closed: str
    opened: str
    line: str
    cross: str
    bar: str
    source_only: str
    destination_only: str
    both: str
    trouble: str
    partial: str
    behind: str
    none: str
    ellipsis: str
    sealed: str
    running: str
    arrow: str
    ok: str
    full: str
    empty: str
    levels: str
    heat: str


UNICODE = Glyphs(
    closed="▸",
    opened="▾",
    line="─",
    cross="┼",
    bar="│",
    source_only="+",
    destination_only="-",
    both="=",
    trouble="!",
    partial="◐",
    behind="▲",
    none="·",
    ellipsis="…",
    sealed="◆",
    running="▶",
    arrow="──▶",
    ok="✓",
    full="█",
    empty="·",
    levels=" ▁▂▃▄▅▆▇█",
    heat=" ░▒▓█",
)
ASCII = Glyphs(
    closed=">",
    opened="v",
    line="-",
    cross="+",
    bar="|",
    source_only="+",
    destination_only="-",
    both="=",
    trouble="!",
    partial="%",
    behind="^",
    none=".",
    ellipsis="..",
    sealed="#",
    running=">",
    arrow="-->",
    ok="ok",
    full="#",
    empty=".",
    levels=" .:-=+*#@",
    heat=" ~o%#",
)
