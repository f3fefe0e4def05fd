"""The holds that keep a chain: what the next increment depends on cannot be destroyed by anybody.

An anchor is such a snapshot: the base on both sides, and on the source also all that is on its way.
Not only the target: a transfer that breaks off leaves the destination at whichever snapshot came
last, and that is the base then. A hold keeps a snapshot from `zfs destroy`, from pruning by other
tools and from a rollback (zfs-hold(8)).
Pure: everything here is decided from a comparison and the holds that were read with it. What is
known to be held is left out: `zfs hold` would exit 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sealift.mentions import HOLD_THERE
from sealift.replication.comparison import Comparison, DatasetComparison, State
from sealift.replication.hold_calls import calls, whole_trees
from sealift.replication.obstacles import Problem
from sealift.replication.plan import Chain, Step
from sealift.routes import Role
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.listings import Snapshot


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held before the first byte is sent. Neither side depends on the other.

    `here` and `there` count the snapshots that it holds on the source and on the destination.
    """

    source: tuple[Command, ...] = ()
    destination: tuple[Command, ...] = ()
    here: int = 0
    there: int = 0


def before(
    steps: tuple[Step, ...],
    comparison: Comparison,
    tag: str,
    *,
    source_held: frozenset[str],
    destination_held: frozenset[str],
) -> Holding:
    """What to hold before the first byte of a plan.

    On the source every chain's start (unless it is a bookmark), origin, and all that it brings; on
    the destination every start and origin that is there, by guid, under the name it has there. And
    the bases of all other datasets of the route, on both sides.
    `source_held` and `destination_held` are the snapshots (`dataset@name`) that carry `tag`.
    """
    chains = [chain for step in steps for chain in step.chains]
    ours = [name for chain in chains for name in (*_starts(chain), *_brought(chain))]
    theirs = [name for chain in chains for name in _there(chain, comparison)]
    # A job that was killed may have left the base of a dataset unheld that has nothing to send now.
    for each in comparison.datasets.values():
        for side, dataset, name in _bases(each) if _chained(each) else ():
            (ours if side == "source" else theirs).append(f"{dataset}@{name}")
    here = tuple(name for name in dict.fromkeys(ours) if name not in source_held)
    there = tuple(name for name in dict.fromkeys(theirs) if name not in destination_held)
    return Holding(
        calls(commands.hold, tag, here, whole_trees(here, comparison.source)),
        calls(commands.hold, tag, there, whole_trees(there, comparison.destination)),
        len(here),
        len(there),
    )


def unheld(
    comparison: Comparison,
    source_held: frozenset[str],
    destination_held: frozenset[str],
    tag: str,
) -> tuple[Problem, ...]:
    """The bases that this route should hold and does not, one warning for each.

    A hold of another tag does not count: its owner may release it at any moment.
    """
    return tuple(
        Problem(
            "anchor-not-held",
            side,
            dataset,
            f"{dataset}@{name}, the base of the next increment, is not held",
            "Whoever destroys it breaks the chain. Hold it: "
            f"`{commands.hold(tag, (f'{dataset}@{name}',)).text()}`.",
            severity="warning",
        )
        for side, dataset, name in lacking(comparison, source_held, destination_held)
    )


def loose(comparison: Comparison, *, ours: bool) -> tuple[Problem, ...]:
    """The anchors that nobody holds, a warning for each side, as far as listings tell.

    Only of a route that holds any of them, or has a job (`ours`): whatever else sends may do
    without. Whose a hold is they do not tell, so one of another tag counts here.
    """
    found: dict[Role, list[tuple[str, Snapshot]]] = {"source": [], "destination": []}
    for each in comparison.datasets.values():
        for side, known in found.items():
            if each.source is not None and (one := anchor(each, side)) is not None:
                known.append(one)
    holds = ours or any(each.userrefs for known in found.values() for _, each in known)
    return tuple(
        _loose(side, names)
        for side, known in found.items()
        if holds and (names := [name for name, snapshot in known if not snapshot.userrefs])
    )


def _loose(side: Role, names: list[str]) -> Problem:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    use = "starts from" if side == "source" else "goes on from"
    return Problem(
        "anchor-not-held",
        side,
        names[0].partition("@")[0],
        f"{names[0]}{more}, which the next increment {use}, {'are' if more else 'is'} not held",
        f"Whoever destroys it breaks the chain. Hold it: {HOLD_THERE}.",
        "warning",
    )


def anchor(each: DatasetComparison, side: Role) -> tuple[str, Snapshot] | None:
    """The snapshot (and its `dataset@name`) of a side that the next increment needs, if any.

    None on the source where a bookmark of the same guid stands in for it, at no cost.
    """
    start, held = each.start, each.source if side == "source" else each.destination
    if start is None or held is None or not _chained(each):
        return None
    if side == "source":
        marked = each.base_bookmark is not None
        marked = marked or any(mark.guid == start.guid for mark in held.bookmarks)
        return None if marked else (f"{held.dataset.name}@{start.name}", start)
    base = next((one for one in reversed(held.snapshots) if one.guid == start.guid), None)
    return None if base is None else (f"{held.dataset.name}@{base.name}", base)


def lacking(
    comparison: Comparison, source_held: frozenset[str], destination_held: frozenset[str]
) -> tuple[tuple[Role, str, str], ...]:
    """Side, dataset and name of the bases that are not among what is held with the route's tag."""
    return tuple(
        (side, dataset, name)
        for each in comparison.datasets.values()
        if _chained(each)
        for side, dataset, name in _bases(each)
        if f"{dataset}@{name}" not in (source_held if side == "source" else destination_held)
    )


def unmarked(comparison: Comparison) -> tuple[str, ...]:
    """The bases on the source (`dataset@name`) that no bookmark outlives, and one could."""
    found: list[str] = []
    for each in comparison.datasets.values():
        if not _chained(each) or each.source is None or each.base is None:
            continue
        if each.base_bookmark is not None:
            continue
        marks = each.source.bookmarks
        known = {mark.guid for mark in marks} | {mark.name for mark in marks}
        if not known & {each.base.guid, each.base.name}:
            found.append(f"{each.source.dataset.name}@{each.base.name}")
    return tuple(found)


def _chained(each: DatasetComparison) -> bool:
    """Whether the route means to go on with this dataset from its base."""
    return each.state in {State.LEVEL, State.BEHIND, State.PARTIAL, State.DIVERGED}


def _bases(each: DatasetComparison) -> Iterator[tuple[Role, str, str]]:
    """Side, dataset and name of the snapshots that are the base now."""
    start = each.start
    if start is None:
        return
    if each.source is not None and each.base is start:
        yield "source", each.source.dataset.name, start.name
    if each.destination is not None:
        for snapshot in each.destination.snapshots:
            if snapshot.guid == start.guid:
                yield "destination", each.destination.dataset.name, snapshot.name


def _brought(chain: Chain) -> Iterator[str]:
    """All that is to arrive, as the source names it."""
    return (f"{chain.dataset}@{each.name}" for each in chain.snapshots)


def _starts(chain: Chain) -> tuple[str, ...]:
    """The snapshots of the source that the chain's first increment is made from."""
    start = () if chain.start is None or chain.bookmark else (chain.start,)
    origin = () if chain.origin is None else (chain.origin,)
    return (*(f"{chain.dataset}@{each.name}" for each in start), *origin)


def _there(chain: Chain, comparison: Comparison) -> tuple[str, ...]:
    """The same on the destination, under the names they have there; what is not there is left."""
    found: list[str | None] = []
    if chain.start is not None:
        found.append(_counterpart(comparison, chain.dataset, chain.start.guid))
    if chain.origin is not None:
        origin = comparison.snapshot(chain.origin)
        if origin is not None:
            owner = chain.origin.partition("@")[0]
            found.append(_counterpart(comparison, owner, origin.guid))
    return tuple(name for name in found if name is not None)


def _counterpart(comparison: Comparison, dataset: str, guid: int) -> str | None:
    """The destination's name of a snapshot of the source's `dataset`."""
    each = comparison.entry(dataset)
    if each is None or each.destination is None:
        return None
    named = (s.name for s in each.destination.snapshots if s.guid == guid)
    name = next(named, None)
    return None if name is None else f"{each.destination.dataset.name}@{name}"
