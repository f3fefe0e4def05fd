"""What the destination has of its own after the base, and what a rollback would destroy of it.

A raw increment needs the base to be the destination's newest snapshot and its head unchanged since
(dmu_recv.c); both are mended by `zfs rollback -r`, which destroys what came after. So that is never
done on the way, but shown first and then run as a step of its own. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import humanize

from sealift.replication.comparison import Comparison, DatasetComparison, State
from sealift.replication.inventory import Held, Inventory
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Dataset, KeyStatus, Snapshot
from sealift.zfs.names import printable

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Lost:
    """What a rollback of one dataset of the destination to its base would destroy.

    `base` is the destination's own snapshot of that guid, None where nothing is shared and so there
    is nothing to go back to. `snapshots` and `bookmarks` are those after it, oldest first;
    `head_bytes` is what changed after the newest snapshot. `held` (`dataset@name: tag`) and
    `clones` (datasets of the tree) stand against it: ZFS destroys nothing that is held or cloned.
    """

    dataset: str
    base: Snapshot | None
    snapshots: tuple[Snapshot, ...]
    bookmarks: tuple[Snapshot, ...]
    head_bytes: int
    held: tuple[str, ...]
    clones: tuple[str, ...]

    @property
    def refusal(self) -> str:
        """Why it cannot be rolled back now, in words; empty if it can."""
        if self.base is None:
            return f"{self.dataset} shares no base with the source: there is nothing to go back to"
        if self.held:
            return f"held, and so not to be destroyed: {', '.join(self.held)}"
        if self.clones:
            return f"clones depend on what would be destroyed: {', '.join(self.clones)}"
        return ""


def divergence(comparison: Comparison, holds: tuple[Hold, ...]) -> tuple[Lost, ...]:
    """The datasets of the destination that a raw increment would find changed, and how.

    Those with snapshots after the base, and those whose head changed. `written` alone is no proof
    of the latter where nobody could have written: read-only, with the key not loaded. A dataset
    that waits to be resumed is not listed, for that comes first, nor one out of the route's scope.
    `holds` are the destination's.
    """
    return tuple(
        _lost(each, each.destination, comparison.destination, holds)
        for each in comparison.datasets.values()
        if each.source is not None and each.destination is not None and each.token is None
        if each.state is not State.LEFT_OUT
        if each.state is State.DIVERGED or _head_changed(each.destination.dataset)
    )


def rollback_command(lost: Lost) -> Command:
    """The rollback to the base. Raises `ValueError` with the reason where it has to be refused."""
    if lost.base is None or lost.refusal:
        raise ValueError(lost.refusal)
    return commands.rollback(f"{lost.dataset}@{lost.base.name}")


def explained(lost: Lost) -> tuple[str, ...]:
    """The paragraphs to read before it is done: what goes, thing by thing, and what forbids it."""
    if lost.base is None:
        return (f"{lost.refusal}.", *_head(lost))
    base = f"@{lost.base.name}, made {_moment(lost.base)}"
    paragraphs = [
        f"{lost.dataset} goes back to {base}. What came after it is destroyed and gone for good:",
        *(
            f"@{each.name}, made {_moment(each)}, {_size(each.written)} written for it"
            for each in lost.snapshots
        ),
        *(f"#{each.name}, a bookmark, made {_moment(each)}" for each in lost.bookmarks),
    ]
    paragraphs += _head(lost)
    if lost.refusal:
        paragraphs.append(f"It cannot be done now: {lost.refusal}.")
    return tuple(paragraphs)


def _head(lost: Lost) -> tuple[str, ...]:
    if not lost.head_bytes:
        return ()
    return (f"{_size(lost.head_bytes)} changed after the newest snapshot, kept by no snapshot",)


def _head_changed(dataset: Dataset) -> bool:
    writable = not dataset.readonly or dataset.key_status is not KeyStatus.UNAVAILABLE
    return dataset.written > 0 and writable


def _lost(
    each: DatasetComparison, held: Held, destination: Inventory, holds: tuple[Hold, ...]
) -> Lost:
    name = held.dataset.name
    base = _base(each, held)
    after = held.snapshots[held.snapshots.index(base) + 1 :] if base is not None else ()
    marks = (m for m in held.bookmarks if base is not None and m.createtxg > base.createtxg)
    full = {f"{name}@{snapshot.name}": snapshot for snapshot in after}
    tags: dict[str, list[str]] = {}
    for hold in holds:
        tags.setdefault(hold.snapshot, []).append(printable(hold.tag))
    return Lost(
        dataset=name,
        base=base,
        snapshots=after,
        bookmarks=tuple(marks),
        head_bytes=held.dataset.written,
        held=tuple(
            f"{snapshot}: {', '.join(tags[snapshot])}" if snapshot in tags else snapshot
            for snapshot, entry in full.items()
            if entry.userrefs > 0 or snapshot in tags
        ),
        clones=tuple(
            other.dataset.name
            for other in destination.datasets.values()
            if other.dataset.origin in full
        ),
    )


def _base(each: DatasetComparison, held: Held) -> Snapshot | None:
    """The destination's own snapshot that the next increment starts from."""
    start = each.start
    if start is None or each.state is State.KEY_DIFFERS:
        return None
    return next((s for s in held.snapshots if s.guid == start.guid), None)


def _size(number: int | None) -> str:
    if number is None:
        return "an unknown number of bytes"
    return f"{number} B" if number < _KIB else humanize.naturalsize(number, binary=True)


def _moment(snapshot: Snapshot) -> str:
    try:
        return f"{datetime.fromtimestamp(snapshot.creation, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):  # a host may print any number
        return "at an unknown time"
