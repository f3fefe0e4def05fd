"""The list of holds: who keeps which snapshot, what for, and what can break once it is released."""

from __future__ import annotations

from dataclasses import dataclass

from sealift.replication.comparison import Comparison, Pair, Presence, State
from sealift.routes import Role
from sealift.zfs import makers
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import printable, relative

BASE = "base of the next increment"
UNCONFIRMED = "on its way, not confirmed yet"
ORIGIN = "what a clone starts from"
APART = "ours, but the source has no such snapshot"
SPENT = "ours, no longer needed"
UNLISTED = "ours, not in this reading"
SENDING = "a running zfs send"
_STILL_TO_COME = frozenset({State.MISSING, State.PARTIAL})
# What is depended on first; a send's own holds, which nobody has to look after, last.
_ORDER = (BASE, UNCONFIRMED, ORIGIN, APART, SPENT, UNLISTED)


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One hold in the list of holds. `snapshot` is `dataset@name`, `whose` says in words what for.

    `since` is the time as the host printed it, `at` the same in epoch seconds where that is known.
    """

    side: Role
    snapshot: str
    tag: str
    since: str
    at: int | None
    whose: str

    @property
    def releasable(self) -> bool:
        """Whether releasing may be offered at all: a running send's own hold is never touched."""
        return self.whose != SENDING


def rows(
    comparison: Comparison,
    source_holds: tuple[Hold, ...],
    destination_holds: tuple[Hold, ...],
    tag: str,
) -> tuple[HoldRow, ...]:
    """Every hold of both sides: what the chain depends on first, and the oldest of each kind first.

    The age is the snapshot's where the hold's own is not known, which is older than the hold.
    """
    chain = _chain(comparison)
    found: list[tuple[int, int, HoldRow]] = []
    sides: tuple[tuple[Role, tuple[Hold, ...]], ...] = (
        ("source", source_holds),
        ("destination", destination_holds),
    )
    for side, holds in sides:
        listed = _listed(comparison, side, {hold.snapshot.partition("@")[0] for hold in holds})
        for hold in holds:
            entry = listed.get(hold.snapshot)
            whose = _whose(hold, tag, side, entry, chain)
            rank = _ORDER.index(whose) if whose in _ORDER else len(_ORDER) + hold.temporary
            age = hold.at if hold.at is not None else entry.creation if entry else 0
            row = HoldRow(side, hold.snapshot, hold.tag, hold.since, hold.at, whose)
            found.append((rank, age, row))
    return tuple(row for _, _, row in sorted(found, key=lambda each: each[:2]))


def release_warning(row: HoldRow, comparison: Comparison) -> str:
    """What can break once this hold is released; empty if nothing does.

    Releasing destroys nothing by itself. It lets others do so: retention, a rollback, a person.
    """
    dataset, _, name = row.snapshot.partition("@")
    if row.whose == SENDING:
        return "A running `zfs send` reads it. The hold ends with that process and is left alone."
    if row.whose == BASE:
        return _without_base(row, dataset, comparison)
    if row.whose == UNCONFIRMED:
        return (
            f"The destination does not have @{name} yet. If it is destroyed before it has arrived, "
            "it never will, and what was partly received of it cannot be resumed."
        )
    if row.whose == ORIGIN:
        return (
            f"A clone was made of @{name} and is not on the destination yet. If it is destroyed "
            "on either side, the clone can only be sent in full."
        )
    if row.whose == APART:
        return f"The source has no @{name}: this may be the last copy of what it holds."
    if row.whose in {SPENT, UNLISTED}:
        return ""
    tool = makers.of_hold(row.tag)
    if tool:
        return (
            f"It is {tool}'s, which relies on it as long as it runs, and lets it go by itself. "
            "Release it only if that tool is no longer used."
        )
    return f"It is not this route's: whoever set the tag {printable(row.tag)!r} relies on it."


def _without_base(row: HoldRow, dataset: str, comparison: Comparison) -> str:
    root = comparison.source.root if row.side == "source" else comparison.destination.root
    each = comparison.datasets[relative(dataset, root)]
    start = each.start
    guid = start.guid if start is not None else None
    depends = f"The next increment of {each.dataset.name} starts from it. If it is destroyed"
    marks = each.source.bookmarks if each.source else ()
    if row.side == "source" and any(mark.guid == guid and mark.ivsetguid for mark in marks):
        return f"{depends}, the increment can still start from its bookmark, and only from that."
    older = next((p for p in each.pairs if p.presence is Presence.BOTH and _older(p, start)), None)
    if older is None:
        return f"{depends}, no base is left: everything would have to be sent in full again."
    if row.side == "source":
        return (
            f"{depends}, the destination has to be rolled back to @{older.snapshot.name}, and all "
            "that is newer sent again."
        )
    return f"{depends}, all that is newer than @{older.snapshot.name} has to be sent again."


def _older(pair: Pair, start: Snapshot | None) -> bool:
    return start is not None and pair.snapshot.createtxg < start.createtxg


@dataclass(frozen=True, slots=True)
class _Chain:
    """What the guids of a comparison are to the chain: to look a hold up without searching."""

    bases: frozenset[int]
    unconfirmed: frozenset[int]
    origins: frozenset[int]
    source: frozenset[int]


def _chain(comparison: Comparison) -> _Chain:
    datasets = tuple(comparison.datasets.values())
    starts = (each.start for each in datasets)
    awaited = {
        each.source.dataset.origin
        for each in datasets
        if each.source is not None and each.start is None and each.state in _STILL_TO_COME
    }
    named = {origin for origin in awaited if origin is not None}
    listed = _listed(comparison, "source", {origin.partition("@")[0] for origin in named})
    return _Chain(
        bases=frozenset(start.guid for start in starts if start is not None),
        unconfirmed=frozenset(s.guid for each in datasets for s in each.behind),
        origins=frozenset(listed[origin].guid for origin in named & listed.keys()),
        source=frozenset(
            s.guid for each in datasets if each.source is not None for s in each.source.snapshots
        ),
    )


def _listed(comparison: Comparison, side: Role, datasets: set[str]) -> dict[str, Snapshot]:
    """The snapshots of these datasets by their full names."""
    inventory = comparison.source if side == "source" else comparison.destination
    return {
        f"{held.dataset.name}@{snapshot.name}": snapshot
        for held in inventory.datasets.values()
        if held.dataset.name in datasets
        for snapshot in held.snapshots
    }


def _whose(hold: Hold, tag: str, side: Role, snapshot: Snapshot | None, chain: _Chain) -> str:
    if hold.temporary:
        return SENDING
    if hold.tag != tag:
        return f"{makers.of_hold(hold.tag) or 'another'}'s (tag {printable(hold.tag)})"
    if snapshot is None:
        return UNLISTED
    if snapshot.guid in chain.bases:
        return BASE
    if side == "source" and snapshot.guid in chain.unconfirmed:
        return UNCONFIRMED
    if snapshot.guid in chain.origins:
        return ORIGIN
    return SPENT if snapshot.guid in chain.source else APART
