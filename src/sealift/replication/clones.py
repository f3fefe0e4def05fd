"""Which datasets arrive as clones, and what must be there before what.

A clone is sent as an increment from its origin, which the destination must already have
(zfs-send(8)); where it cannot, the clone is sent in full, and takes the space of a copy there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sealift.replication.comparison import Comparison, State
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import split_snapshot


@dataclass(frozen=True, slots=True)
class Origin:
    """What a clone was made of: `snapshot` (`dataset@snapshot`, on the source).

    `owner` is that dataset's name below the root.
    """

    snapshot: str
    owner: str


def origins(
    comparison: Comparison, arriving: Mapping[str, tuple[Snapshot, ...]]
) -> tuple[dict[str, Origin], tuple[str, ...]]:
    """The origins of the new datasets that can go as clones, and a note for each that cannot.

    Names are those below the root. `arriving` is what each dataset brings before the clones' turn.
    """
    names = {each.dataset.name: below for below, each in comparison.datasets.items()}
    found: dict[str, Origin] = {}
    notes: list[str] = []
    for below in arriving:
        each = comparison.datasets[below]
        origin = each.dataset.origin
        if origin is None or each.state is not State.MISSING:
            continue
        dataset, short = split_snapshot(origin)
        owner = names.get(dataset)
        whole = f"{each.dataset.name} is a clone of {origin}, "
        if owner is None or not _will_be_there(comparison, arriving, owner, short):
            notes.append(f"{whole}which will not be on the destination: it is sent in full")
        elif below in _needed(owner, found):
            notes.append(f"{whole}which can only arrive after it: it is sent in full")
        else:
            found[below] = Origin(origin, owner)
    return found, tuple(notes)


def tangled(comparison: Comparison) -> bool:
    """Whether a clone and its origin each need the other first, as after `zfs promote` of a child.

    `zfs send -R` puts off a dataset until its parent and its origin were sent, and would never end
    (`dump_filesystems` in libzfs_sendrecv.c).
    """
    names = {each.dataset.name: below for below, each in comparison.datasets.items()}
    found: dict[str, Origin] = {}
    for below, each in comparison.datasets.items():
        origin = each.source.dataset.origin if each.source else None
        owner = names.get(origin.partition("@")[0]) if origin else None
        if origin is None or owner is None:
            continue
        if below in _needed(owner, found):
            return True
        found[below] = Origin(origin, owner)
    return False


def order(names: Iterable[str], found: Mapping[str, Origin]) -> tuple[str, ...]:
    """The same names, parents before children and origins before their clones.

    `found` is what `origins` gave, in which nothing needs itself.
    """
    wanted = tuple(names)
    done: dict[str, None] = {}
    waiting = list(reversed(wanted))
    while waiting:
        first = [each for each in _before(waiting[-1], found) if each not in done]
        if waiting[-1] in done or not first:
            done[waiting.pop()] = None
        else:
            waiting += first
    kept = set(wanted)
    return tuple(each for each in done if each in kept)


def _will_be_there(
    comparison: Comparison, arriving: Mapping[str, tuple[Snapshot, ...]], owner: str, short: str
) -> bool:
    each = comparison.datasets[owner]
    ours = each.source.snapshots if each.source else ()
    origin = next((entry for entry in ours if entry.name == short), None)
    if origin is None:
        return False
    theirs = each.destination.snapshots if each.destination else ()
    same = ((entry.guid, entry.ivsetguid) for entry in theirs)
    return (origin.guid, origin.ivsetguid) in same or origin in arriving.get(owner, ())


def _needed(below: str, found: Mapping[str, Origin]) -> set[str]:
    """The dataset itself and all that must be there before it."""
    needed: set[str] = set()
    waiting = [below]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += _before(name, found)
    return needed


def _before(below: str, found: Mapping[str, Origin]) -> tuple[str, ...]:
    above = (below.rpartition("/")[0],) if below else ()
    return (*above, found[below].owner) if below in found else above
