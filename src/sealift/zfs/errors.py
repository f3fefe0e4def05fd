"""Say what went wrong, from what a command wrote on stderr and from its exit code."""

from __future__ import annotations

from dataclasses import dataclass

from sealift.zfs.error_catalogue import CATALOGUE
from sealift.zfs.error_catalogue.entry import Entry, Retry, Weight
from sealift.zfs.names import printable
from sealift.zfs.parse import text_of

__all__ = ["CATALOGUE", "Entry", "Explained", "Retry", "Weight", "explain"]

# Enough for the messages of a failed pipeline. The rest of a flood is left out in the middle: the
# first words tell how it began, the last how it ended.
_MOST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Explained:
    """An entry of the catalogue, and the messages that it explains, printable, as they came.

    `texts` is empty where only the exit code told.
    """

    entry: Entry
    texts: tuple[str, ...]

    @property
    def text(self) -> str:
        """The first of the messages, or nothing."""
        return self.texts[0] if self.texts else ""


def explain(stderr: str | bytes, exit_code: int | None = None) -> tuple[Explained, ...]:
    """What the catalogue knows of this text, the most telling first.

    One failure makes both ends speak. A refusal comes before what it left behind ("incomplete
    stream"), that before what the other end noticed ("Broken pipe"), and notes come last; among
    equals it is the order in the text. If no refusal is among it and `exit_code` means something of
    its own (128 and a signal as a shell has it, or negative as Python has it), that is explained
    as well. Text that the catalogue does not know gives an empty tuple.
    """
    text = _bounded(text_of(stderr))
    texts: dict[str, tuple[Entry, list[str]]] = {}
    for match in _matches(text):
        said = texts.setdefault(match.entry.id, (match.entry, []))[1]
        if (shown := printable(text[match.start : match.end]).strip()) not in said:
            said.append(shown)
    explained = [Explained(entry, tuple(said)) for entry, said in texts.values()]
    if exit_code is not None and all(item.entry.weight > Weight.CAUSE for item in explained):
        explained += [Explained(entry, ()) for entry in _by_code(exit_code, text)]
    return tuple(sorted(explained, key=lambda item: item.entry.weight))


@dataclass(frozen=True, slots=True)
class _Match:
    """Where in the text an entry's pattern was found."""

    entry: Entry
    start: int
    end: int


def _matches(text: str) -> list[_Match]:
    """All matches in the order of the text. Of two that overlap, the one that says more stays."""
    found = [
        _Match(entry, match.start(), match.end())
        for entry in CATALOGUE
        if entry.pattern is not None
        for match in entry.pattern.finditer(text)
    ]
    found.sort(key=lambda match: (match.start, -match.end))
    kept: list[_Match] = []
    for match in found:
        if not kept or match.end > kept[-1].end:
            kept.append(match)
    return kept


def _by_code(exit_code: int, text: str) -> list[Entry]:
    return [
        entry
        for entry in CATALOGUE
        # 1 is what every failure ends with: it only tells something where nothing was said.
        if exit_code in entry.exit_codes and (exit_code != 1 or not text.strip())
    ]


def _bounded(text: str) -> str:
    if len(text) <= _MOST:
        return text
    return text[: _MOST // 2] + "\n" + text[-_MOST // 2 :]
