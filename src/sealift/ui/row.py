"""What one line of the paired tree says, as a value with nothing drawn yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from sealift.replication.comparison import Pair, Presence, State
from sealift.ui.folding import Fold
from sealift.zfs.listings import Dataset, KeyStatus, Snapshot


class RowKey(NamedTuple):
    """What a row is called across refreshes.

    `kind` is `dataset`, `snapshot`, `folded` or `notice`. `guid` is the snapshot's; of folded rows
    the oldest hidden one's, or 0 where they reach down to the oldest of all. `side` is `source`,
    `destination` or `both`.
    """

    kind: str
    below: str
    guid: int = 0
    side: str = ""


@dataclass(frozen=True, slots=True)
class Receiving:
    """A snapshot that is partly on the destination, or is there since the tree was read.

    `guid` is None if it is not a snapshot of the source. `done` and `total` are bytes of the
    stream, None where unknown. `live` while a job sends it now, otherwise a token waits. `arrived`
    once that job has found it there.
    """

    guid: int | None
    done: int | None
    total: int | None = None
    live: bool = False
    arrived: bool = False


class Key(Enum):
    """What one side's dataset says about its key."""

    PLAIN = "not encrypted"
    LOCKED = "locked"
    LOADED = "KEY LOADED"


@dataclass(frozen=True, slots=True)
class Holder:
    """One side of a dataset row. `key_root` if the dataset is its own encryption root."""

    used: int
    key: Key
    key_root: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """One side of a snapshot row. `written` is what changed since the snapshot before, in bytes."""

    name: str
    written: int | None
    held: bool
    bookmark: bool


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """The header of a dataset. `label` begins with the last component of the route's root."""

    key: RowKey
    label: str
    fold: Fold
    snapshots: int
    state: State
    behind: int
    ahead: int
    behind_bytes: int | None
    receiving: Receiving | None
    source: Holder | None
    destination: Holder | None


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One snapshot on either side or both.

    `base` is where the next increment starts. `behind`: the destination lacks it. `ahead`: it is
    newer than the base on the destination, and so blocks the next raw receive. `tool` is the other
    tool that took it, where its name does not say that by itself.
    """

    key: RowKey
    presence: Presence
    source: Cell | None
    destination: Cell | None
    base: bool
    behind: bool
    ahead: bool
    receiving: Receiving | None
    tool: str = ""


@dataclass(frozen=True, slots=True)
class FoldedRow:
    """Snapshots that are folded away: so many on each side.

    `older` if they are older than what matters. Otherwise they stand between two rows and are all
    alike: all behind, or all ahead. Of those that both sides have, `differing` have another IV set
    on each.
    """

    key: RowKey
    source: int
    destination: int
    shared: int
    differing: int
    older: bool


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A sentence in place of, or above, the trees."""

    key: RowKey
    text: str


Row = DatasetRow | SnapshotRow | FoldedRow | NoticeRow


def side_of(pair: Pair) -> str:
    """The `side` of a pair's row key."""
    if pair.destination is None:
        return "source"
    return "both" if pair.source else "destination"


def cell_of(snapshot: Snapshot | None) -> Cell | None:
    """One side of a snapshot row, None where that side has nothing."""
    if snapshot is None:
        return None
    return Cell(snapshot.name, snapshot.written, snapshot.userrefs > 0, snapshot.bookmark)


def holder_of(dataset: Dataset) -> Holder:
    """One side of a dataset row."""
    key = Key.LOCKED if dataset.key_status is KeyStatus.UNAVAILABLE else Key.LOADED
    return Holder(
        used=dataset.used,
        key=key if dataset.encrypted else Key.PLAIN,
        key_root=dataset.encryption_root == dataset.name,
    )
