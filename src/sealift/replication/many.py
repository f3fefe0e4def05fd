"""Ask a host what it holds of several trees, with as many calls as for one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from sealift.hosts.host import Host, Result, utc_now
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.replication.inventory import Inventory, build
from sealift.replication.second_look import settled
from sealift.replication.survey import LISTING_DEADLINE, reading
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.errors import explain
from sealift.zfs.listings import Dataset, SnapshotReader, parse_datasets
from sealift.zfs.names import pool_of
from sealift.zfs.pools import Pool, parse_pool


async def survey_all(host: Host, roots: Iterable[str]) -> dict[str, Inventory | Trouble]:
    """List the trees below `roots`, each as `survey` would. Raises `TroubleError`.

    A tree whose pool cannot be listed has a trouble of its own, and the others go on.
    """
    wanted = tuple(dict.fromkeys(roots))
    asked = outermost(wanted)
    listing, snapshots = commands.list_datasets(*asked), commands.list_snapshots(*asked)
    pools = commands.list_pool(*sorted({pool_of(root) for root in asked}))
    reader = SnapshotReader()
    began, taken_at = asyncio.get_running_loop().time(), utc_now()
    with reading(host, listing):
        async with asyncio.TaskGroup() as group:  # if one fails, the others end, too
            listed = group.create_task(host.run(listing))
            counted = group.create_task(host.run(pools))
            dated = group.create_task(
                host.run(snapshots, deadline=LISTING_DEADLINE, on_stdout=reader.feed)
            )
        _check(host, listing, listed.result())
        _check(host, snapshots, dated.result())
        datasets, entries = parse_datasets(listed.result().stdout), reader.finish()
        known = _pools(counted.result().stdout)
        seconds = asyncio.get_running_loop().time() - began
        found: dict[str, Inventory | Trouble] = {}
        for root in wanted:
            pool = known.get(pool_of(root))
            if pool is None:
                found[root] = _no_pool(host, pools, counted.result(), pool_of(root))
                continue
            below = tuple(each for each in datasets if _within(each, root))
            made = build(root, below, entries, pool=pool, taken_at=taken_at, seconds=seconds)
            try:
                found[root] = await settled(host, made, deadline=LISTING_DEADLINE)
            except TroubleError as error:  # of this tree alone: the others are listed already
                found[root] = error.trouble
        return found


def outermost(roots: Iterable[str]) -> tuple[str, ...]:
    """These trees without those that lie within another of them, sorted."""
    names = set(roots)
    return tuple(
        sorted(
            name
            for name in names
            if not any(name.startswith(f"{other}/") for other in names if other != name)
        )
    )


def _within(dataset: Dataset, root: str) -> bool:
    return dataset.name == root or dataset.name.startswith(f"{root}/")


def _check(host: Host, command: Command, result: Result) -> None:
    """Raise `TroubleError` if a listing failed over more than trees that do not exist."""
    if result.ok:
        return
    said = [line for line in result.stderr.splitlines() if line.strip()]
    if not said or not all(_is_missing(line) for line in said):
        raise TroubleError(refusal(host.where, command, result))


def _is_missing(line: bytes) -> bool:
    return any(explained.entry.id == "dataset-missing" for explained in explain(line))


def _pools(output: bytes) -> dict[str, Pool]:
    pools = (parse_pool(line + b"\n") for line in output.split(b"\n") if line)
    return {pool.name: pool for pool in pools}


def _no_pool(host: Host, command: Command, result: Result, pool: str) -> Trouble:
    """What is said of this pool; other pools' messages are left out."""
    lines = result.stderr.splitlines(keepends=True)
    own = b"".join(line for line in lines if f"'{pool}'".encode() in line)
    return refusal(host.where, command, replace(result, stderr=own or result.stderr))
