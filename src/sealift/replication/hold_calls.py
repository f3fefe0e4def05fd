"""Which calls of `zfs hold` and `zfs release` snapshots take: few, and each of bounded length.

Both go through their snapshots one by one, a transaction group each, and exit 1 if one of them
already has the tag, or has it no more. With `-r` a name is held in a whole tree at once, or, if one
of them has the tag, in none of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from sealift.replication.inventory import Inventory
from sealift.zfs.commands import Command

# 200 names of 255 bytes stay well below what one word of a remote shell may hold (128 KiB).
_BATCH = 200


def whole_trees(names: Sequence[str], inventory: Inventory) -> tuple[str, ...]:
    """The snapshots of the top among `names` that one `-r` takes together with those below it.

    Only where it takes no others: all below the top that have such a snapshot are in `names`.
    """
    root = inventory.root
    parted = [(dataset, short) for dataset, _, short in (name.partition("@") for name in names)]
    tops = {short for dataset, short in parted if dataset == root}
    wanted = Counter(
        short for dataset, short in parted if short in tops and dataset.startswith(f"{root}/")
    )
    if not wanted:
        return ()
    listed = Counter(
        snapshot.name
        for below, held in inventory.datasets.items()
        if below
        for snapshot in held.snapshots
        if snapshot.name in wanted
    )
    return tuple(f"{root}@{short}" for short, count in wanted.items() if listed[short] == count)


class Verb(Protocol):
    """`commands.hold` or `commands.release`."""

    def __call__(self, tag: str, snapshots: tuple[str, ...], *, recursive: bool = False) -> Command:
        """The command for these snapshots."""
        ...


def calls(
    verb: Verb, tag: str, names: tuple[str, ...], trees: tuple[str, ...] = ()
) -> tuple[Command, ...]:
    """Hold or release `names`; those among them that are `trees` or below, with `-r`."""
    root = trees[0].partition("@")[0] if trees else ""
    short = {name.partition("@")[2] for name in trees}

    def taken(name: str) -> bool:
        dataset, _, last = name.partition("@")
        return last in short and f"{dataset}/".startswith(f"{root}/")

    rest = tuple(name for name in names if not taken(name)) if trees else names
    return (
        *(verb(tag, batch, recursive=True) for batch in _batches(trees)),
        *(verb(tag, batch) for batch in _batches(rest)),
    )


def _batches(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for begin in range(0, len(names), _BATCH):
        yield names[begin : begin + _BATCH]
