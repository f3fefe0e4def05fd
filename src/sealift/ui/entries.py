"""The rows of a list as values: what each says, and what can be done with it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sealift.actions import Action
from sealift.ui import headline, text
from sealift.ui.text import Glyphs
from sealift.zfs.commands import Effect

LEAST = 4  # a column is not cut below this many cells


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done with an entry.

    `key` is Textual's name of its usual key, which must not be one of the screen's own.
    `effect` is what it can lead to once it is confirmed; more than reading is off in a read-only
    session. `refusal` says why it cannot be done now; empty if it can. `help` is for the help page.
    """

    key: str
    id: str
    title: str
    effect: Effect
    refusal: str = ""
    help: str = ""

    @classmethod
    def of(cls, action: Action, refusal: str = "", *, title: str = "") -> Deed:
        """An action of the table as a deed; `title` is what it is on this row, if not the usual."""
        words = title or action.title
        return cls(action.keys[0], action.id, words, action.effect, refusal, action.help)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `id` names the thing itself, once in a list: cursor and marks stay with it.

    `level` is one of `ui.headline` and decides glyph and colour. `cells` has a text for every
    column, `details` the paragraphs that are shown while the cursor is on it. Both may hold
    whatever a host said: they are made harmless where they are drawn. `grey` is a row that is no
    longer kept new; its texts say so too. `kind` is one of `ui.things.THINGS`; empty: the list's.
    """

    id: str
    level: str
    cells: tuple[str, ...]
    details: tuple[str, ...]
    deeds: tuple[Deed, ...]
    grey: bool = False
    kind: str = ""


def glyph_of(level: str, glyphs: Glyphs) -> str:
    """The sign of a level, another one for each: no row depends on its colour."""
    return {
        headline.OK: glyphs.ok,
        headline.INFO: glyphs.none,
        headline.WARNING: glyphs.behind,
        headline.PROBLEM: glyphs.trouble,
    }[level]


def matching(entries: Sequence[Entry], words: str) -> tuple[Entry, ...]:
    """The entries with a cell that holds `words`, in any case; with a `!` in front, the others."""
    word = words.strip().removeprefix("!").lower()
    if not word:
        return tuple(entries)
    inverse = words.strip().startswith("!")
    return tuple(
        entry
        for entry in entries
        if any(word in cell.lower() for cell in entry.cells) is not inverse
    )


def column_widths(natural: Sequence[int], room: int) -> tuple[int, ...]:
    """Cells for each column: what its widest text takes; where all do not fit, the widest give."""
    widest = max(LEAST, min(max(natural, default=0), room))
    while widest > LEAST and sum(min(each, widest) for each in natural) > room:
        widest -= 1
    return tuple(min(each, widest) for each in natural)


def offered(targets: Sequence[Entry]) -> tuple[Deed, ...]:
    """What can be done with all of these at once, in the order in which they offer it.

    A deed that one of several refuses, or does not know, is refused for all, with its name.
    """
    if len(targets) == 1:
        return targets[0].deeds
    deeds: dict[str, Deed] = {}
    known: dict[str, int] = {}
    for entry in targets:
        for deed in entry.deeds:
            known[deed.id] = known.get(deed.id, 0) + 1
            before = deeds.get(deed.id)
            if before is None or (deed.refusal and not before.refusal):
                name = text.one_line(entry.cells[0]) if entry.cells else entry.id
                refusal = f"{name}: {deed.refusal}" if deed.refusal else ""
                deeds[deed.id] = replace(deed, refusal=refusal)
    return tuple(
        deed
        if known[deed.id] == len(targets)
        else replace(deed, refusal="Not for everything that is marked.")
        for deed in deeds.values()
    )
