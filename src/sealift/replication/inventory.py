"""What one host holds of one tree, at one moment: the immutable input of comparison and plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sealift.zfs.listings import Dataset, KeyStatus, Snapshot
from sealift.zfs.names import relative
from sealift.zfs.parse import ParseError
from sealift.zfs.pools import Pool


@dataclass(frozen=True, slots=True)
class Held:
    """A dataset with its snapshots and bookmarks, each in the order they were made (createtxg)."""

    dataset: Dataset
    snapshots: tuple[Snapshot, ...]
    bookmarks: tuple[Snapshot, ...]

    @classmethod
    def of(cls, dataset: Dataset, entries: Iterable[Snapshot]) -> Held:
        """A dataset with what was listed of it, in whichever order."""
        ordered = sorted(entries, key=lambda entry: entry.createtxg)
        return cls(
            dataset,
            tuple(entry for entry in ordered if not entry.bookmark),
            tuple(entry for entry in ordered if entry.bookmark),
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """The tree below `root` on one host.

    `datasets` is keyed by the name below the root (`""` is the root itself), in `zfs list`'s order;
    it is empty when the root does not exist, which is how a destination looks before its seed.
    `taken_at` is aware, `seconds` is how long the listing took.
    """

    root: str
    datasets: Mapping[str, Held]
    pool: Pool | None
    taken_at: datetime
    seconds: float = 0.0

    @property
    def exists(self) -> bool:
        """Whether the root dataset is there at all."""
        return "" in self.datasets

    @property
    def locked(self) -> bool:
        """Whether no key of it is loaded: nothing can be written there, so no snapshot of its own
        would hold anything new. A source that is locked is, most likely, a replica itself.
        """
        keys = {each.dataset.key_status for each in self.datasets.values()}
        return keys == {KeyStatus.UNAVAILABLE}


def build(
    root: str,
    datasets: tuple[Dataset, ...],
    snapshots: Mapping[str, tuple[Snapshot, ...]],
    *,
    pool: Pool | None,
    taken_at: datetime,
    seconds: float = 0.0,
) -> Inventory:
    """Join the two listings of a tree. A snapshot of a dataset not listed is left out.

    (The listings are two calls; a dataset made in between has its turn at the next one.) A dataset
    outside the tree was not asked for and raises `ParseError`.
    """
    held: dict[str, Held] = {}
    for dataset in datasets:
        if dataset.name != root and not dataset.name.startswith(root + "/"):
            raise ParseError(f"the listing of {root}", dataset.name, "it is not below the root")
        held[relative(dataset.name, root)] = Held.of(dataset, snapshots.get(dataset.name, ()))
    return Inventory(root, held, pool, taken_at, seconds)
