"""Which other tools' snapshots and bookmarks are in a route's trees, by their names. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sealift.replication.comparison import Comparison
from sealift.replication.inventory import Inventory
from sealift.zfs import makers


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: how many snapshots are its on each side, how many of the source's bookmarks."""

    name: str
    source: int
    destination: int
    bookmarks: int


def tools(comparison: Comparison) -> tuple[Tool, ...]:
    """All that are known by name, who has most on the source first."""
    ours, theirs = _taken(comparison.source), _taken(comparison.destination)
    marks = Counter(
        makers.of_bookmark(mark.name, mark.guid)
        for held in comparison.source.datasets.values()
        for mark in held.bookmarks
    )
    names = sorted((ours | theirs | marks).keys() - {""}, key=lambda name: (-ours[name], name))
    return tuple(Tool(name, ours[name], theirs[name], marks[name]) for name in names)


def _taken(inventory: Inventory) -> Counter[str]:
    return Counter(
        makers.of_snapshot(snapshot.name)
        for held in inventory.datasets.values()
        for snapshot in held.snapshots
    )
