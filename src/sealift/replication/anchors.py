"""The holds that keep a chain: what the next increment depends on cannot be destroyed by anybody.

An anchor is such a snapshot: the base on both sides, and on the source also what is on its way. A
hold keeps it from `zfs destroy`, from pruning by other tools and from a rollback (zfs-hold(8)).
Pure: everything here is decided from a comparison and the holds that were read with it.

`zfs hold` and `zfs release` go through their snapshots one by one and exit 1 if one of them already
has the tag, or has it no more, so what is known to be so is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from sealift.replication.comparison import Comparison, DatasetComparison, State
from sealift.replication.obstacles import Problem
from sealift.replication.plan import Chain, Step
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import relative

Side = Literal["source", "destination"]

# 200 names of 255 bytes stay well below what one word of a remote shell may hold (128 KiB).
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held before the first byte is sent. Neither side depends on the other."""

    source: tuple[Command, ...]
    destination: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Anchoring:
    """How the anchors move on to a step's targets.

    `destination` runs first, to its end, then `source`; each in order. So the new base is held on
    both sides before the former one is let go on either, and an end in between leaves both held.
    """

    destination: tuple[Command, ...]
    source: tuple[Command, ...]


def before(
    steps: tuple[Step, ...],
    comparison: Comparison,
    tag: str,
    *,
    source_held: frozenset[str],
    destination_held: frozenset[str],
) -> Holding:
    """What to hold before the first byte of a plan.

    On the source every chain's start (unless it is a bookmark), target, and origin; on the
    destination every start and origin that is there, by guid, under the name it has there. And the
    bases of all other datasets of the route, on both sides.
    `source_held` and `destination_held` are the snapshots (`dataset@name`) that carry `tag`.
    """
    chains = [chain for step in steps for chain in step.chains]
    ours = [name for chain in chains for name in (*_starts(chain), _target(chain))]
    theirs = [name for chain in chains for name in _there(chain, comparison)]
    # A job that was killed may have left the base of a dataset unheld that has nothing to send now.
    for each in comparison.datasets.values():
        for side, dataset, name in _bases(each) if _chained(each) else ():
            (ours if side == "source" else theirs).append(f"{dataset}@{name}")
    return Holding(
        _holds(tag, (name for name in dict.fromkeys(ours) if name not in source_held)),
        _holds(tag, (name for name in dict.fromkeys(theirs) if name not in destination_held)),
    )


def after(
    step: Step,
    comparison: Comparison,
    tag: str,
    *,
    source_held: frozenset[str],
    destination_held: frozenset[str],
    to_come: tuple[Step, ...] = (),
) -> Anchoring:
    """How to move the anchors once all of `step` is confirmed, by guid, on the destination.

    Each target is held on the destination (on the source `before` did so). Then `tag` is released
    from what is older in the same dataset, on both sides, and the target bookmarked on the source.
    Only the step's own datasets are touched, and what a step `to_come` starts from stays held.

    The comparison and the holds may be those from before the run, so that a job can be written down
    as a whole: a chain's start counts as held, `before` or an earlier `after` having done that.
    """
    datasets = {chain.dataset for chain in step.chains}
    needed = _needed(to_come, datasets, comparison)
    hold: list[str] = []
    release: list[str] = []
    release_there: list[str] = []
    bookmarks: list[Command] = []
    for chain in step.chains:
        arrived = (s for s in chain.snapshots if s is chain.target or s.guid in needed)
        hold += (f"{chain.into}@{each.name}" for each in arrived)
        release += _former(chain, comparison, source_held, needed)
        release_there += _former_there(chain, comparison, destination_held, needed)
        bookmarks += _bookmark(chain, comparison)
    new = (name for name in hold if name not in destination_held)
    return Anchoring(
        destination=(*_holds(tag, new), *_releases(tag, release_there)),
        source=(*_releases(tag, release), *bookmarks),
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
        for each in comparison.datasets.values()
        if _chained(each)
        for side, dataset, name in _bases(each)
        if f"{dataset}@{name}" not in (source_held if side == "source" else destination_held)
    )


def _chained(each: DatasetComparison) -> bool:
    """Whether the route means to go on with this dataset from its base."""
    return each.state in {State.LEVEL, State.BEHIND, State.PARTIAL, State.DIVERGED}


def _bases(each: DatasetComparison) -> Iterator[tuple[Side, str, str]]:
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


def _target(chain: Chain) -> str:
    return f"{chain.dataset}@{chain.target.name}"


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
        origin = _origin(chain.origin, comparison)
        if origin is not None:
            owner = chain.origin.partition("@")[0]
            found.append(_counterpart(comparison, owner, origin.guid))
    return tuple(name for name in found if name is not None)


def _origin(name: str, comparison: Comparison) -> Snapshot | None:
    """The snapshot that a clone was made of, if it is in the route's tree."""
    dataset, _, short = name.partition("@")
    return next((s for s in _snapshots(comparison, dataset) if s.name == short), None)


def _of(comparison: Comparison, dataset: str) -> DatasetComparison | None:
    """The entry of a dataset of the source; None for one outside the tree (a clone's origin)."""
    try:
        return comparison.datasets.get(relative(dataset, comparison.source.root))
    except ValueError:
        return None


def _snapshots(comparison: Comparison, dataset: str) -> tuple[Snapshot, ...]:
    each = _of(comparison, dataset)
    return each.source.snapshots if each and each.source else ()


def _counterpart(comparison: Comparison, dataset: str, guid: int) -> str | None:
    """The destination's name of a snapshot of the source's `dataset`."""
    each = _of(comparison, dataset)
    if each is None or each.destination is None:
        return None
    named = (s.name for s in each.destination.snapshots if s.guid == guid)
    name = next(named, None)
    return None if name is None else f"{each.destination.dataset.name}@{name}"


def _needed(
    to_come: tuple[Step, ...], datasets: set[str], comparison: Comparison
) -> frozenset[int]:
    """The guids in these datasets that later steps start from; of clones the origin's, anywhere."""
    found: set[int] = set()
    for chain in (chain for later in to_come for chain in later.chains):
        if chain.start is not None and chain.dataset in datasets:
            found.add(chain.start.guid)
        if chain.origin is not None:
            origin = _origin(chain.origin, comparison)
            found |= {origin.guid} if origin is not None else set()
    return frozenset(found)


def _former(
    chain: Chain, comparison: Comparison, held: frozenset[str], needed: frozenset[int]
) -> list[str]:
    """What is no anchor of the source any more, oldest first, once the chain has arrived."""
    names = _short(held, chain.dataset)
    if chain.start is not None and not chain.bookmark:
        names.add(chain.start.name)
    return [
        f"{chain.dataset}@{each.name}"
        for each in _snapshots(comparison, chain.dataset)
        if each.name in names
        and each.createtxg < chain.target.createtxg
        and each.guid not in needed
    ]


def _former_there(
    chain: Chain, comparison: Comparison, held: frozenset[str], needed: frozenset[int]
) -> list[str]:
    """The same of the destination, where the target may or may not be listed yet."""
    each = _of(comparison, chain.dataset)
    there = each.destination.snapshots if each and each.destination else ()
    arrived = [index for index, snapshot in enumerate(there) if snapshot.guid == chain.target.guid]
    former = there[: arrived[0]] if arrived else there
    names, start = _short(held, chain.into), chain.start
    if start is not None and all(snapshot.guid != start.guid for snapshot in former):
        # It comes with an earlier step of the same run, under its own name.
        former = (*former, start)
    return [
        f"{chain.into}@{snapshot.name}"
        for snapshot in former
        if snapshot.guid not in needed
        and (snapshot.name in names or (start is not None and snapshot.guid == start.guid))
    ]


def _short(held: frozenset[str], dataset: str) -> set[str]:
    """The short names of what is held of one dataset."""
    parted = (name.partition("@") for name in held)
    return {short for name, _, short in parted if name == dataset}


def _bookmark(chain: Chain, comparison: Comparison) -> tuple[Command, ...]:
    """The bookmark of the target, unless there is one of its guid or another has its name."""
    each = _of(comparison, chain.dataset)
    marks = each.source.bookmarks if each and each.source else ()
    target = chain.target
    if any(target.guid == mark.guid or target.name == mark.name for mark in marks):
        return ()
    return (commands.bookmark(_target(chain)),)


def _holds(tag: str, names: Iterable[str]) -> tuple[Command, ...]:
    return tuple(commands.hold(tag, batch) for batch in _batches(names))


def _releases(tag: str, names: Iterable[str]) -> tuple[Command, ...]:
    return tuple(commands.release(tag, batch) for batch in _batches(names))


def _batches(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Each name once, in order. All are of one tree and so of one pool, as one call needs."""
    unique = tuple(dict.fromkeys(names))
    for begin in range(0, len(unique), _BATCH):
        yield unique[begin : begin + _BATCH]
