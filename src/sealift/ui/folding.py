"""Which snapshots of a dataset are shown, and which stand folded behind one row. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import groupby
from typing import NamedTuple

from sealift.replication.comparison import DatasetComparison, Pair
from sealift.zfs.listings import Snapshot

# How many snapshots stand for a dataset that has no base to stop at.
_NEWEST = 3
# A longer run of snapshots that are alike is drawn as its ends: the newest, and the next to travel.
_ALIKE, _HEAD, _TAIL = 8, 3, 2


class Fold(Enum):
    """How much of a dataset is shown. `RECENT` is the base and everything newer."""

    CLOSED = "closed"
    RECENT = "recent"
    ALL = "all"


class Run(NamedTuple):
    """Pairs `start` to `stop` of a dataset: a row each, or one row for all where `folded`."""

    start: int
    stop: int
    folded: bool = False


def runs(
    each: DatasetComparison, fold: Fold, receiving: int | None = None
) -> tuple[tuple[Run, ...], bool]:
    """The runs that a folding shows of a dataset, and whether `RECENT` would fold any away.

    The snapshot with the guid `receiving` always stands on its own, like the base.
    """
    recent = _recent(each, receiving)
    foldable = any(run.folded for run in recent)
    if fold is Fold.CLOSED:
        return (), foldable
    return (recent if fold is Fold.RECENT else (Run(0, len(each.pairs)),)), foldable


def start_of(each: DatasetComparison) -> Snapshot | None:
    """What the next increment starts from: the base, or a bookmark that serves as one."""
    return each.base or each.base_bookmark


def blockers_of(each: DatasetComparison) -> tuple[Snapshot, ...]:
    """The destination's snapshots that the next raw receive would be refused for.

    None where nothing will be received, because the source has no such dataset.
    """
    return each.ahead if each.source else ()


def _recent(each: DatasetComparison, receiving: int | None) -> tuple[Run, ...]:
    pairs, start = each.pairs, start_of(each)
    if start is None:
        end = min(_NEWEST, len(pairs))
        shown = [Run(0, end)]
        found = (i for i, pair in enumerate(pairs) if pair.snapshot.guid == receiving)
        here = next(found, None)
        if here is not None and here >= end:
            shown.append(Run(end, here, folded=here - end > 1))
            end = here + 1
            shown.append(Run(here, end))
    else:
        end = _end_of_recent(each, start)
        shown = list(_alike(pairs[:end], {start.guid, receiving}))
    # One row that hides one row would save nothing.
    if len(pairs) - end == 1:
        shown.append(Run(end, end + 1))
    elif end < len(pairs):
        shown.append(Run(end, len(pairs), folded=True))
    return tuple(shown)


def _end_of_recent(each: DatasetComparison, start: Snapshot) -> int:
    # Two sides that order their snapshots differently may have one that matters below the base.
    wanted = {start.guid}
    wanted.update(snapshot.guid for snapshot in each.ahead)
    wanted.update(snapshot.guid for snapshot in each.behind)
    for position, pair in enumerate(each.pairs):
        wanted.discard(pair.snapshot.guid)
        if not wanted:
            return position + 1
    return len(each.pairs)


def _alike(pairs: tuple[Pair, ...], apart: set[int | None]) -> Iterator[Run]:
    def kind(pair: Pair) -> tuple[bool, bool, int]:
        guid = pair.snapshot.guid
        return pair.source is None, pair.destination is None, guid if guid in apart else 0

    position = 0
    for _, group in groupby(pairs, kind):
        end = position + sum(1 for _ in group)
        if end - position > _ALIKE:
            yield Run(position, position + _HEAD)
            yield Run(position + _HEAD, end - _TAIL, folded=True)
            yield Run(end - _TAIL, end)
        else:
            yield Run(position, end)
        position = end
