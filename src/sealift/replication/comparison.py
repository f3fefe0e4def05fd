"""Two inventories, aligned: what is shared, what is missing, what has diverged.

Everything is matched by `guid`; names are labels. For a raw increment the base must agree in
`ivsetguid` too, and the datasets in `keyguid`: a non-raw receive keeps the guid and stamps a new IV
set, after which every raw increment is refused (openzfs/zfs#8758).

A route carries the snapshots that are its own; those of other tools are shown, serve as a base
where both sides have them, and are not missed where the destination lacks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from sealift.replication.inventory import Held, Inventory
from sealift.routes import Scope
from sealift.zfs.listings import Dataset, Snapshot
from sealift.zfs.names import relative


class Presence(Enum):
    """Where one snapshot is."""

    BOTH = "both"
    SOURCE = "source only"
    DESTINATION = "destination only"
    IVSET = "IV sets differ"


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of the two trees: a snapshot on the source, on the destination, or on both."""

    source: Snapshot | None
    destination: Snapshot | None

    @property
    def presence(self) -> Presence:
        """Where the snapshot is; `IVSET` if both have the guid but not the same IV set."""
        if self.destination is None:
            return Presence.SOURCE
        if self.source is None:
            return Presence.DESTINATION
        if self.source.ivsetguid != self.destination.ivsetguid:
            return Presence.IVSET
        return Presence.BOTH

    @property
    def snapshot(self) -> Snapshot:
        """The source's snapshot, or the destination's where only it has one."""
        found = self.source or self.destination
        assert found is not None  # noqa: S101 - align() never makes an empty pair
        return found


class State(Enum):
    """How one dataset stands, from the most to the least troubled."""

    DIVERGED = "diverged"
    NO_BASE = "no common base"
    KEY_DIFFERS = "other key"
    PARTIAL = "partly received"
    EXTRA = "destination only"
    MISSING = "not there yet"
    BEHIND = "behind"
    EMPTY = "no snapshots"
    LEVEL = "level"
    LEFT_OUT = "left out"


EVERYTHING = Scope("", all_snapshots=True)
"""A scope that carries every dataset and every snapshot."""


@dataclass(frozen=True, slots=True)
class DatasetComparison:
    """One dataset on both sides. `below` is its name below the roots (`""` for the root).

    `pairs` are newest first. `base` is the newest snapshot that both share by guid and IV set,
    `base_bookmark` a bookmark on the source that does so and is newer than any such snapshot.
    `behind` are the source's snapshots that the destination lacks and the route carries, oldest
    first; `foreign` those since the base that the route does not carry. `ahead` are the
    destination's that are newer than the base and so block the next raw receive. A dataset that is
    left out has none of the three.
    """

    below: str
    source: Held | None
    destination: Held | None
    pairs: tuple[Pair, ...]
    base: Snapshot | None
    base_bookmark: Snapshot | None
    behind: tuple[Snapshot, ...]
    ahead: tuple[Snapshot, ...]
    newest_shared: Snapshot | None
    state: State
    foreign: tuple[Snapshot, ...] = ()

    @property
    def start(self) -> Snapshot | None:
        """What an increment starts from: the bookmark where there is one, or else the base."""
        return self.base_bookmark or self.base

    @property
    def behind_bytes(self) -> int | None:
        """What changed up to the newest snapshot that is missing, in bytes; None if unknown.

        The sum of `written`: close to a send's size, known without asking for an estimate. What was
        written before another tool's snapshot travels with the next one that the route carries.
        """
        last = self.behind[-1].createtxg if self.behind else 0
        between = (each for each in self.foreign if each.createtxg < last)
        sizes = [snapshot.written for snapshot in (*self.behind, *between)]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def token(self) -> str | None:
        """The resume token that waits on the destination, if one does."""
        return self.destination.dataset.resume_token if self.destination else None

    @property
    def dataset(self) -> Dataset:
        """The source's dataset, or the destination's where only it has one."""
        held = self.source or self.destination
        assert held is not None  # noqa: S101 - a name comes from at least one inventory
        return held.dataset


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both trees of a route, dataset by dataset in the source's order (extra ones at the end).

    `scope` is what of the source's tree the route carries.
    """

    source: Inventory
    destination: Inventory
    datasets: Mapping[str, DatasetComparison]
    scope: Scope = EVERYTHING

    def entry(self, dataset: str) -> DatasetComparison | None:
        """The entry of a dataset of the source; None for one outside the tree."""
        try:
            return self.datasets.get(relative(dataset, self.source.root))
        except ValueError:
            return None

    def snapshot(self, name: str) -> Snapshot | None:
        """The source's snapshot called `name` (`dataset@snapshot`), if it is in the tree."""
        dataset, _, short = name.partition("@")
        each = self.entry(dataset)
        snapshots = each.source.snapshots if each and each.source else ()
        return next((every for every in snapshots if every.name == short), None)

    @property
    def snapshots_behind(self) -> int:
        """How many snapshots that the route carries the destination lacks."""
        return sum(len(each.behind) for each in self.datasets.values())

    @property
    def bytes_behind(self) -> int | None:
        """What changed in them, in bytes; None if it is not known for one of them."""
        total = 0
        for each in self.datasets.values():
            size = each.behind_bytes
            if size is None:
                return None
            total += size
        return total

    @property
    def level(self) -> bool:
        """Whether the destination has everything that the route carries."""
        quiet = {State.LEVEL, State.EMPTY, State.EXTRA, State.LEFT_OUT}
        return self.destination.exists and all(
            each.state in quiet for each in self.datasets.values()
        )

    def lag_seconds(self, now: float) -> float | None:
        """Seconds from the oldest dataset's newest shared snapshot to `now` (epoch seconds).

        A shared snapshot counts whatever made it. None if a dataset that the route carries shares
        nothing yet.
        """
        ages: list[float] = []
        for each in self.datasets.values():
            if each.source is None or each.state in (State.EMPTY, State.LEFT_OUT):
                continue
            if each.newest_shared is None:
                return None
            ages.append(now - each.newest_shared.creation)
        return max(ages, default=None)


def compare(source: Inventory, destination: Inventory, scope: Scope = EVERYTHING) -> Comparison:
    """Align two inventories. Pure: the same inventories give the same comparison."""
    names = [*source.datasets, *(n for n in destination.datasets if n not in source.datasets)]
    return Comparison(
        source,
        destination,
        {n: _compare(n, source.datasets.get(n), destination.datasets.get(n), scope) for n in names},
        scope,
    )


def _compare(
    below: str, source: Held | None, destination: Held | None, scope: Scope
) -> DatasetComparison:
    ours = source.snapshots if source else ()
    theirs = destination.snapshots if destination else ()
    marks = source.bookmarks if source else ()
    oldest_first = align(ours, theirs)
    by_guid = {each.guid: each for each in theirs}
    encrypted = source is not None and source.dataset.encrypted

    def usable(mine: Snapshot) -> bool:
        its = by_guid.get(mine.guid)
        # An encrypted snapshot without an IV set (made before 0.8.1) is no base for a raw send.
        known = mine.ivsetguid is not None or not encrypted
        return its is not None and known and mine.ivsetguid == its.ivsetguid

    base = next((each for each in reversed(ours) if usable(each)), None)
    mark = next((each for each in reversed(marks) if usable(each)), None)
    newer = mark is not None and (base is None or mark.createtxg > base.createtxg)
    base_bookmark = mark if newer else None
    newest = (
        next((e for e in reversed(some) if e.guid in by_guid), None) for some in (ours, marks)
    )
    shared = [each for each in newest if each is not None]
    start = base_bookmark or base
    carried = scope.carries(below)
    behind, foreign = _to_come(ours, start, scope) if carried else ((), ())
    ahead = _newer_than(theirs, start) if carried else ()
    state = _state(source, destination, start, behind, ahead) if carried else State.LEFT_OUT
    return DatasetComparison(
        below=below,
        source=source,
        destination=destination,
        pairs=tuple(reversed(oldest_first)),
        base=base,
        base_bookmark=base_bookmark,
        behind=behind,
        ahead=ahead,
        newest_shared=max(shared, key=lambda each: each.createtxg, default=None),
        state=state,
        foreign=foreign,
    )


def _to_come(
    ours: tuple[Snapshot, ...], start: Snapshot | None, scope: Scope
) -> tuple[tuple[Snapshot, ...], tuple[Snapshot, ...]]:
    """What is newer than `start`: what the route carries, and what it does not."""
    newer = tuple(each for each in ours if start is None or each.createtxg > start.createtxg)
    if scope.all_snapshots:
        return newer, ()
    own = tuple(each for each in newer if scope.own(each.name))
    if len(own) == len(newer):
        return own, ()
    return own, tuple(each for each in newer if not scope.own(each.name))


def _newer_than(theirs: tuple[Snapshot, ...], start: Snapshot | None) -> tuple[Snapshot, ...]:
    if start is None:
        return theirs
    position = next(i for i, each in enumerate(theirs) if each.guid == start.guid)
    return theirs[position + 1 :]


def _state(
    source: Held | None,
    destination: Held | None,
    start: Snapshot | None,
    behind: tuple[Snapshot, ...],
    ahead: tuple[Snapshot, ...],
) -> State:
    if source is None:
        return State.EXTRA
    if destination is None:
        return State.MISSING if behind else State.EMPTY
    if destination.dataset.resume_token is not None:
        return State.PARTIAL
    if keys_differ(source.dataset, destination.dataset):
        return State.KEY_DIFFERS
    if start is None:
        return State.NO_BASE if destination.snapshots or behind else State.EMPTY
    if ahead:
        return State.DIVERGED
    return State.BEHIND if behind else State.LEVEL


def keys_differ(ours: Dataset, theirs: Dataset) -> bool:
    """Whether two datasets provably have not the same master key; unknown ones prove nothing."""
    if ours.encrypted != theirs.encrypted:
        return True
    known = ours.key_guid is not None and theirs.key_guid is not None
    return known and ours.key_guid != theirs.key_guid


def align(source: tuple[Snapshot, ...], destination: tuple[Snapshot, ...]) -> list[Pair]:
    """Pair two lists, both oldest first, by guid; the result is oldest first.

    Snapshots that only one side has stand between the shared ones they were made between, older
    `creation` first. A shared pair that the two sides order differently keeps the source's order.
    """
    position = {each.guid: index for index, each in enumerate(source)}
    pairs: list[Pair] = []
    next_source = 0
    waiting: list[Snapshot] = []
    shared = {each.guid: each for each in destination if each.guid in position}
    for each in destination:
        index = position.get(each.guid)
        if index is None:
            waiting.append(each)
        elif index >= next_source:
            if index > next_source or waiting:
                pairs += _between(source[next_source:index], waiting, shared)
            pairs.append(Pair(source[index], each))
            next_source = index + 1
            waiting = []
    pairs += _between(source[next_source:], waiting, shared)
    return pairs


def _between(
    ours: tuple[Snapshot, ...], theirs: list[Snapshot], shared: Mapping[int, Snapshot]
) -> list[Pair]:
    if not theirs:
        return [Pair(each, shared.get(each.guid)) for each in ours]
    alone = [Pair(each, shared.get(each.guid)) for each in ours]
    alone += [Pair(None, each) for each in theirs]
    return sorted(alone, key=lambda pair: pair.snapshot.creation)
