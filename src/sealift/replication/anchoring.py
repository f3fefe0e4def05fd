"""How the anchors move on to what has arrived, step by step of a plan.

Pure. The comparison and the holds are those from before the run, so that a job can be written down
as a whole: a chain's start and what it brings count as held, `anchors.before` having done that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealift.replication.comparison import Comparison
from sealift.replication.hold_calls import calls, whole_trees
from sealift.replication.plan import Chain, Step
from sealift.routes import Role
from sealift.tags import Shared
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.listings import Snapshot


@dataclass(frozen=True, slots=True)
class Anchoring:
    """How the anchors move on to a step's targets, as snapshots (`dataset@name`) of both sides.

    `destination` runs first, to its end, then `source`; each in order. So the new base is held on
    both sides before the former one is let go on either, and an end in between leaves both held.
    `trees` are those of the source's top whose name is let go in the whole tree.
    """

    tag: str
    hold_there: tuple[str, ...] = ()
    release_there: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    bookmark: tuple[str, ...] = ()
    trees: tuple[str, ...] = ()

    @property
    def destination(self) -> tuple[Command, ...]:
        """Hold what arrived, let go of what was the base."""
        holds = calls(commands.hold, self.tag, self.hold_there)
        return (*holds, *calls(commands.release, self.tag, self.release_there))

    @property
    def source(self) -> tuple[Command, ...]:
        """Let go of all that is older than the targets, and bookmark these."""
        releases = calls(commands.release, self.tag, self.release, self.trees)
        return (*releases, *(commands.bookmark(name) for name in self.bookmark))

    def apart(self, chains: Iterable[Chain]) -> tuple[Anchoring, ...]:
        """The part of each of several datasets, should they have to go one by one."""
        hold_there, release_there = _by_dataset(self.hold_there), _by_dataset(self.release_there)
        release, bookmark = _by_dataset(self.release), _by_dataset(self.bookmark)
        return tuple(
            Anchoring(
                self.tag,
                tuple(hold_there.get(chain.into, ())),
                tuple(release_there.get(chain.into, ())),
                tuple(release.get(chain.dataset, ())),
                tuple(bookmark.get(chain.dataset, ())),
            )
            for chain in chains
        )


def along(
    steps: tuple[Step, ...],
    comparison: Comparison,
    tag: str,
    *,
    source_held: frozenset[str],
    destination_held: frozenset[str],
    sharing: tuple[Shared, ...] = (),
) -> tuple[Anchoring, ...]:
    """How to move the anchors once all of a step is confirmed, by guid, there; for each step.

    Each target is held on the destination (on the source `before` did so). Then `tag` is released
    from what is older in the same dataset, on both sides, and the target bookmarked on the source.
    That is also what an earlier job has left held. Only the step's own datasets are touched, and
    what a later step starts from stays held.

    `source_held` and `destination_held` are the snapshots (`dataset@name`) that carry `tag`. Where
    another route holds with the same tag (`sharing`) nothing is let go: it may start from that.
    """
    needed = Counter(each for step in steps for each in _starts(step, comparison))
    held, held_there = _short_names(source_held), _short_names(destination_held)
    grounds: dict[str, _Ground] = {}
    moved: list[Anchoring] = []
    for step in steps:
        needed.subtract(_starts(step, comparison))
        found: list[_Moves] = []
        for chain in step.chains:
            if chain.dataset not in grounds:
                known = held.get(chain.dataset, set()), held_there.get(chain.into, set())
                grounds[chain.dataset] = _ground(chain, comparison, *known)
            found.append(_move(chain, grounds[chain.dataset], needed))
        release = _ours("source", (name for each in found for name in each.release), sharing)
        release_there = (name for each in found for name in each.release_there)
        moved.append(
            Anchoring(
                tag,
                hold_there=tuple(name for each in found for name in each.hold_there),
                release_there=_ours("destination", release_there, sharing),
                release=release,
                bookmark=tuple(each.bookmark for each in found if each.bookmark),
                trees=whole_trees(release, comparison.source),
            )
        )
    return tuple(moved)


def _ours(side: Role, names: Iterable[str], sharing: tuple[Shared, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if not any(each.has(side, name) for each in sharing))


# A dataset of the source, and a guid of it.
_Needed = Counter[tuple[str, int]]


def _starts(step: Step, comparison: Comparison) -> Iterator[tuple[str, int]]:
    """What a step starts from; of a clone the origin."""
    for chain in step.chains:
        if chain.start is not None:
            yield chain.dataset, chain.start.guid
        if chain.origin is not None:
            origin = comparison.snapshot(chain.origin)
            if origin is not None:
                yield chain.origin.partition("@")[0], origin.guid


def _by_dataset(names: Iterable[str]) -> dict[str, list[str]]:
    """Snapshots (`dataset@name`) by their datasets, in the order given."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.partition("@")[0], []).append(name)
    return found


def _short_names(held: Iterable[str]) -> dict[str, set[str]]:
    """The names behind the `@` of what is held, by dataset."""
    return {
        dataset: {name.partition("@")[2] for name in names}
        for dataset, names in _by_dataset(held).items()
    }


@dataclass(slots=True)
class _Ground:
    """What both sides have of one dataset, by name; `guids` are the destination's.

    `held` and `held_there` are what will carry the tag as the steps go by.
    """

    ours: dict[str, Snapshot]
    theirs: dict[str, Snapshot]
    guids: dict[int, Snapshot]
    marks: set[int | str]
    held: set[str]
    held_there: set[str]


def _ground(chain: Chain, comparison: Comparison, held: set[str], held_there: set[str]) -> _Ground:
    each = comparison.entry(chain.dataset)
    ours = each.source.snapshots if each and each.source else ()
    theirs = each.destination.snapshots if each and each.destination else ()
    marks = each.source.bookmarks if each and each.source else ()
    return _Ground(
        ours={snapshot.name: snapshot for snapshot in ours},
        theirs={snapshot.name: snapshot for snapshot in theirs},
        guids={snapshot.guid: snapshot for snapshot in theirs},
        marks={mark.guid for mark in marks} | {mark.name for mark in marks},
        held=held,
        held_there=held_there,
    )


@dataclass(frozen=True, slots=True)
class _Moves:
    hold_there: list[str]
    release_there: list[str]
    release: list[str]
    bookmark: str


def _move(chain: Chain, ground: _Ground, needed: _Needed) -> _Moves:
    arrived = [
        each.name
        for each in chain.snapshots
        if each is chain.target or needed[chain.dataset, each.guid] > 0
    ]
    hold = [name for name in arrived if name not in ground.held_there]
    ground.held_there.update(hold)
    former, former_there = _former(chain, ground, needed), _former_there(chain, ground, needed)
    ground.held.difference_update(former)
    ground.held_there.difference_update(former_there)
    # A bookmark of the target's guid is as good; one of its name is in the way.
    marked = chain.target.guid in ground.marks or chain.target.name in ground.marks
    return _Moves(
        [f"{chain.into}@{name}" for name in hold],
        [f"{chain.into}@{name}" for name in former_there],
        [f"{chain.dataset}@{name}" for name in former],
        "" if marked else f"{chain.dataset}@{chain.target.name}",
    )


def _former(chain: Chain, ground: _Ground, needed: _Needed) -> list[str]:
    """What is no anchor of the source any more, oldest first, once the chain has arrived."""
    names = ground.held | {each.name for each in chain.snapshots}
    if chain.start is not None and not chain.bookmark:
        names.add(chain.start.name)
    listed = (ground.ours[name] for name in names if name in ground.ours)
    former = (each for each in listed if each.createtxg < chain.target.createtxg)
    return _spent(chain, former, needed)


def _former_there(chain: Chain, ground: _Ground, needed: _Needed) -> list[str]:
    """The same of the destination, where the target may or may not be listed yet."""
    target, start = ground.guids.get(chain.target.guid), chain.start
    names = set(ground.held_there)
    if start is not None and start.guid in ground.guids:
        names.add(ground.guids[start.guid].name)
    listed = (ground.theirs[name] for name in names if name in ground.theirs)
    former = (each for each in listed if target is None or each.createtxg < target.createtxg)
    spent = _spent(chain, former, needed)
    if start is not None and start.guid not in ground.guids:
        # It comes with an earlier step of the same run, under its own name.
        spent += _spent(chain, (start,), needed)
    return spent


def _spent(chain: Chain, former: Iterable[Snapshot], needed: _Needed) -> list[str]:
    oldest_first = sorted(former, key=lambda each: each.createtxg)
    return [each.name for each in oldest_first if needed[chain.dataset, each.guid] <= 0]
