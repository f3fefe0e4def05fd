"""Which snapshots may be destroyed without harm to the chain, and never the last copy of anything.

A list is made for one side at a time. What it offers is on the other side, too, confirmed by guid
and IV set, and the other side's copy is then the one to keep: whoever prunes both sides, one after
the other, each time from a fresh comparison, keeps every snapshot at least once and every base.
Pure. Nothing is destroyed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sealift.replication.comparison import Comparison, DatasetComparison, Presence, State
from sealift.replication.inventory import Held, Inventory
from sealift.routes import Role, Scope
from sealift.zfs import makers
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import printable


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one snapshot may go, and why or why not, in words. `dataset` is its full name."""

    side: Role
    dataset: str
    name: str
    guid: int
    may_go: bool
    why: str


def prune_list(
    comparison: Comparison,
    *,
    source_holds: tuple[Hold, ...],
    destination_holds: tuple[Hold, ...],
    keep: int = 0,
    side: Role = "source",
) -> tuple[Verdict, ...]:
    """A verdict on every snapshot of both sides, of which only those of `side` may ever go.

    Dataset by dataset, the source's snapshots before the destination's, each oldest first. The
    newest `keep` of a dataset stay. A snapshot that is held, or that a clone was made of, stays on
    both sides whichever of them that was seen on.
    """
    kept = _kept(comparison, source_holds, destination_holds)
    return tuple(
        verdict
        for each in comparison.datasets.values()
        for verdict in _verdicts(each, kept, keep, side, comparison.scope)
    )


def by_dataset(verdicts: tuple[Verdict, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What may go, as `commands.destroy` takes it: each dataset with its short names."""
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.may_go:
            found.setdefault(verdict.dataset, []).append(verdict.name)
    return tuple((dataset, tuple(names)) for dataset, names in found.items())


def _kept(
    comparison: Comparison, source_holds: tuple[Hold, ...], destination_holds: tuple[Hold, ...]
) -> dict[int, str]:
    """Why a snapshot stays on both sides, by its guid."""
    kept: dict[int, str] = {}
    sides: tuple[tuple[Role, Inventory, tuple[Hold, ...]], ...] = (
        ("source", comparison.source, source_holds),
        ("destination", comparison.destination, destination_holds),
    )
    for side, inventory, holds in sides:
        tags = {hold.snapshot: hold.tag for hold in holds}
        clones = {held.dataset.origin: held.dataset.name for held in inventory.datasets.values()}
        for held in inventory.datasets.values():
            for snapshot in held.snapshots:
                name = f"{held.dataset.name}@{snapshot.name}"
                if name in tags:
                    kept[snapshot.guid] = f"held on the {side} (tag {printable(tags[name])})"
                elif snapshot.userrefs > 0:
                    kept[snapshot.guid] = f"held on the {side}"
                elif name in clones:
                    kept.setdefault(snapshot.guid, f"{clones[name]} on the {side} is a clone of it")
    return kept


@dataclass(frozen=True, slots=True)
class _Rules:
    """What speaks against destroying the snapshots of one dataset, on either side."""

    whole: str
    bases: frozenset[int]
    kept: dict[int, str]
    scope: Scope
    presence: dict[int, Presence]
    newer: frozenset[int]

    def against(self, side: Role, snapshot: Snapshot) -> str:
        """Why this copy has to stay; empty if it may go as long as the other one stays."""
        if self.whole:
            return self.whole
        if snapshot.guid in self.bases:
            return "the base of the next increment"
        if snapshot.guid in self.kept:
            return self.kept[snapshot.guid]
        # Who carries all snapshots is not the one who thins them out.
        tool = makers.of_snapshot(snapshot.name)
        if tool and not snapshot.name.startswith(self.scope.prefix):
            return f"{tool}'s, which prunes its own"
        if side == "source" and not self.scope.own(snapshot.name):
            return "another tool's"
        presence = self.presence[snapshot.guid]
        if presence is Presence.BOTH:
            return "newer than the base" if snapshot.guid in self.newer else ""
        return _ALONE[presence]


_ALONE = {
    Presence.SOURCE: "the destination does not have it",
    Presence.DESTINATION: "only here: the source no longer has it",
    Presence.IVSET: "the two copies differ in their IV set",
}


def _rules(each: DatasetComparison, kept: dict[int, str], scope: Scope) -> _Rules:
    starts = [start for start in (each.base_bookmark, each.base) if start is not None]
    ours = each.source.snapshots if each.source else ()
    newer = {s.guid for s in ours if starts and s.createtxg > starts[0].createtxg}
    return _Rules(
        whole=_whole(each, scope),
        bases=frozenset(start.guid for start in starts),
        kept=kept,
        scope=scope,
        presence={pair.snapshot.guid: pair.presence for pair in each.pairs},
        newer=frozenset(newer | {s.guid for s in each.ahead}),
    )


def _verdicts(
    each: DatasetComparison, kept: dict[int, str], keep: int, side: Role, scope: Scope
) -> Iterator[Verdict]:
    rules = _rules(each, kept, scope)
    offering = each.source if side == "source" else each.destination
    listed = offering.snapshots if offering else ()
    may_go = {s.guid for s in listed if not rules.against(side, s)}
    newest = {s.guid for s in listed[-keep:]} & may_go if keep > 0 else set()
    may_go -= newest
    sides: tuple[tuple[Role, Held | None], ...] = (
        ("source", each.source),
        ("destination", each.destination),
    )
    for where, held in sides:
        if held is None:
            continue
        for snapshot in held.snapshots:
            why = rules.against(where, snapshot)
            if not why and where == side and snapshot.guid in newest:
                why = f"one of the newest {keep}"
            goes = where == side and snapshot.guid in may_go
            if not why:
                why = _reason(side, "here" if goes else "there" if snapshot.guid in may_go else "")
            yield Verdict(where, held.dataset.name, snapshot.name, snapshot.guid, goes, why)


def _reason(side: Role, goes: Literal["here", "there", ""]) -> str:
    """Why a snapshot that nothing speaks against goes from this side, or the other, or stays."""
    if goes == "here":
        return f"confirmed on the {'destination' if side == 'source' else 'source'} by guid"
    if goes == "there":
        return f"the {side}'s copy may go: this is the one to keep"
    return f"not asked about: this list is for the {side}"


def _whole(each: DatasetComparison, scope: Scope) -> str:
    """Why nothing of the whole dataset may go; empty if that depends on the snapshot."""
    if not scope.carries(each.below):
        return "left out of the route"
    if each.token is not None:
        return "a partly received snapshot waits: what it needs is not known for certain"
    if each.state is State.KEY_DIFFERS:
        return "the two sides are not of one lineage: their master keys differ"
    if each.start is None:
        return "no base: nothing of this dataset is confirmed on both sides"
    return ""
