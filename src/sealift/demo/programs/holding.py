"""`zfs hold`, `holds`, `release`."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.programs.call import Call
from sealift.demo.programs.numbers import date_of_hold
from sealift.demo.programs.options import parse
from sealift.demo.programs.table import aligned
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Snapshot
from sealift.demo.world.names import split

_LONGEST_TAG = 256


async def hold(call: Call) -> int:
    """Put a hold on snapshots."""
    return _each(call, "cannot hold snapshot", _hold)


async def release(call: Call) -> int:
    """Take a hold away."""
    return _each(call, "cannot release hold from snapshot", _release)


def _hold(call: Call, dataset: Dataset, snapshot: Snapshot, tag: str) -> str:
    if len(tag) >= _LONGEST_TAG:
        return "tag too long"
    if snapshot.holds and tag in snapshot.holds:
        return "tag already exists on this dataset"
    snapshot.holds = {**(snapshot.holds or {}), tag: call.world.now()}
    name, refs = f"{dataset.name}@{snapshot.name}", snapshot.userrefs
    tree.log(
        call.world, call.pool, "hold", name, f"tag={tag} temp=0 refs={refs}", snapshot.objsetid
    )
    return ""


def _release(call: Call, dataset: Dataset, snapshot: Snapshot, tag: str) -> str:
    if not snapshot.holds or tag not in snapshot.holds:
        return "no such tag on this dataset"
    del snapshot.holds[tag]
    name, refs = f"{dataset.name}@{snapshot.name}", snapshot.userrefs
    tree.log(call.world, call.pool, "release", name, f"tag={tag} refs={refs}", snapshot.objsetid)
    settle(dataset, snapshot)
    return ""


def settle(dataset: Dataset, snapshot: Snapshot) -> None:
    """Destroy a snapshot that only waited for its last hold to go."""
    if snapshot.deferred and not snapshot.holds:
        tree.drop(dataset, snapshot)


def _each(call: Call, cannot: str, act: Callable[[Call, Dataset, Snapshot, str], str]) -> int:
    options = parse(call, "r")
    if len(options.rest) < 2:  # noqa: PLR2004 - a tag and a snapshot
        call.misuse()
    tag, names = options.rest[0], options.rest[1:]
    if tag.startswith(".") and call.command == "hold":
        call.misuse("tag may not start with '.'")
    failed = False
    for name in names:
        above, mark, short = split(name)
        if mark != "@":
            call.err(f"'{name}' is not a snapshot")
            failed = True
            continue
        top = call.open_dataset(above)
        below = list(tree.descendants(call.pool, above)) if options.has("r") else [top]
        found = [(each, entry) for each in below if (entry := each.snapshot(short)) is not None]
        if not found:
            call.err(f"{cannot} '{name}': dataset does not exist")
            failed = True
        call.pool.next_txg()
        for dataset, snapshot in found:
            why = act(call, dataset, snapshot, tag)
            if why:
                call.err(f"{cannot} '{dataset.name}@{snapshot.name}': {why}")
                failed = True
                break
    return 1 if failed else 0


async def holds(call: Call) -> int:
    """List the holds of snapshots."""
    options = parse(call, "rHp")
    if not options.rest:
        call.misuse()
    rows: list[tuple[str, str, str]] = []
    failed = False
    for name in options.rest:
        above, mark, short = split(name)
        if mark != "@":
            call.err(f"'{name}' is not a snapshot")
            failed = True
            continue
        top = call.open_dataset(above) if call.dataset(above) is None else call.pool.datasets[above]
        if top.snapshot(short) is None:
            call.err(f"cannot open '{name}': dataset does not exist")
            failed = True
            continue
        below = tree.descendants(call.pool, above) if options.has("r") else (top,)
        for dataset in below:
            entry = dataset.snapshot(short)
            for tag, at in sorted((entry.holds or {}).items()) if entry else ():
                when = str(at) if options.has("p") else date_of_hold(at)
                rows.append((f"{dataset.name}@{short}", tag, when))
    if options.has("H"):
        for row in rows:
            call.out("\t".join(row))
    else:
        call.out(aligned([("NAME", "TAG", "TIMESTAMP"), *rows]))
    if failed:
        call.err("no datasets available")
    return 1 if failed else 0
