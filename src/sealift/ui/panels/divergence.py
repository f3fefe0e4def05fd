"""Divergence: what the destination has of its own after the base, and rolling it back."""

from __future__ import annotations

from sealift.actions import DIVERGENCE, named
from sealift.mentions import SEND
from sealift.replication.changes import Holds
from sealift.replication.comparison import Comparison
from sealift.replication.divergence import Lost, divergence, explained, rollback_command
from sealift.ui import headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.panel import HoldsPanel
from sealift.ui.screens.dialog import Choice

COLUMNS = ("dataset", "back to", "snapshots lost", "bookmarks lost", "changed since")


def entries(found: tuple[Lost, ...]) -> tuple[Entry, ...]:
    """A row for each dataset that diverged."""
    return tuple(_entry(lost) for lost in found)


def _entry(lost: Lost) -> Entry:
    cells = (
        lost.dataset,
        f"@{lost.base.name}" if lost.base else "no base",
        str(len(lost.snapshots)),
        str(len(lost.bookmarks)),
        text.size_short(lost.head_bytes),
    )
    deed = Deed.of(named(DIVERGENCE, "roll_back"), lost.refusal)
    return Entry(lost.dataset, headline.PROBLEM, cells, explained(lost), (deed,))


class DivergencePanel(HoldsPanel):
    """The datasets that diverged, one to be rolled back at a time."""

    title = "Roll back"
    columns = COLUMNS
    kind = "divergence"
    empty = "Nothing has diverged."

    def __init__(self, desk: Desk) -> None:
        self._found: dict[str, Lost] = {}
        super().__init__(desk)

    def rows(self, comparison: Comparison, holds: Holds) -> tuple[Entry, ...]:
        """Every dataset that diverged."""
        found = divergence(comparison, holds.destination)
        self._found = {lost.dataset: lost for lost in found}
        return entries(found)

    async def act(self, deed: str, ids: tuple[str, ...]) -> None:  # noqa: ARG002 - there is but one
        """Roll one dataset back after asking."""
        if len(ids) > 1:
            self.desk.say("One dataset at a time.", warning=True)
            return
        for each in ids:
            if each in self._found:
                await roll_back(self.desk, self._found[each])


async def roll_back(desk: Desk, lost: Lost) -> None:
    """Set a dataset of the destination back to its base after asking."""
    line = "" if lost.refusal else desk.command("destination", rollback_command(lost))
    chosen = await desk.ask(
        f"Roll back {lost.dataset}",
        [
            *explained(lost),
            *([line] if line else []),
            (
                "It is read again first, and nothing is done if anything else would be lost by "
                f"then. There is no undo. Then plan anew {SEND}."
            ),
        ],
        [Choice("roll_back", "Roll back", "destruction", lost.refusal)],
        copy=line,
        typed=lost.dataset,
    )
    if chosen != "roll_back":
        return
    if await desk.carry_out(desk.changes.roll_back(lost), "Not rolled back"):
        desk.say(f"Rolled back: {lost.dataset}. Then plan anew {SEND}.")
