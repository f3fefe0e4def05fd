"""`zfs hold`, `holds`, `release`."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.programs.call import Call
from sealift.demo.programs.numbers import date_of_hold
from sealift.demo.programs.options import parse
from sealift.demo.programs.table import aligned
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Snapshot
from sealift.demo.world.names import complaint, split

_LONGEST_TAG = 256
_Pair = tuple[Dataset, Snapshot]


async def hold(call: Call) -> int:
    """Put a hold on snapshots: one after the other, whatever becomes of those before.

    What `-r` makes of one of them is held as a whole or not at all (dsl_userhold.c).
    """
    return _each(call, "cannot hold snapshot", _hold)


async def release(call: Call) -> int:
    """Take a hold away; with `-r` from those that have it."""
    return _each(call, "cannot release hold from snapshot", _release)


def _hold(call: Call, found: list[_Pair], tag: str) -> tuple[str, str]:
    """Hold all or none; the name of one that refuses, and why."""
    for dataset, snapshot in found:
        name = f"{dataset.name}@{snapshot.name}"
        if len(tag) >= _LONGEST_TAG:
            return name, "tag too long"
        if snapshot.holds and tag in snapshot.holds:
            return name, "tag already exists on this dataset"
    for dataset, snapshot in found:
        snapshot.holds = {**(snapshot.holds or {}), tag: call.world.now()}
        name, detail = f"{dataset.name}@{snapshot.name}", f"tag={tag} temp=0"
        refs = snapshot.userrefs
        tree.log(call.world, call.pool, "hold", name, f"{detail} refs={refs}", snapshot.objsetid)
    return "", ""


def _release(call: Call, found: list[_Pair], tag: str) -> tuple[str, str]:
    held = [(each, snapshot) for each, snapshot in found if tag in (snapshot.holds or {})]
    if not held:
        dataset, snapshot = found[0]
        return f"{dataset.name}@{snapshot.name}", "no such tag on this dataset"
    for dataset, snapshot in held:
        (snapshot.holds or {}).pop(tag)
        name, detail = f"{dataset.name}@{snapshot.name}", f"tag={tag} refs={snapshot.userrefs}"
        tree.log(call.world, call.pool, "release", name, detail, snapshot.objsetid)
        settle(dataset, snapshot)
    return "", ""


def settle(dataset: Dataset, snapshot: Snapshot) -> None:
    """Destroy a snapshot that only waited for its last hold to go."""
    if snapshot.deferred and not snapshot.holds:
        tree.drop(dataset, snapshot)


def _each(call: Call, cannot: str, act: Callable[[Call, list[_Pair], str], tuple[str, str]]) -> int:
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
        top = call.dataset(above)
        if top is None:
            why = complaint(above) or "dataset does not exist"
            call.err(f"cannot open '{above}': {why}")
            failed = True
            continue
        below = list(tree.descendants(call.pool, above)) if options.has("r") else [top]
        found = [(each, entry) for each in below if (entry := each.snapshot(short)) is not None]
        if not found:
            call.err(f"{cannot} '{name}': dataset does not exist")
            failed = True
            continue
        call.pool.next_txg()
        which, why = act(call, found, tag)
        if why:
            call.err(f"{cannot} '{which}': {why}")
            failed = True
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
        top = call.dataset(above)
        if top is None or top.snapshot(short) is None:
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
