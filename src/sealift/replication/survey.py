"""Ask a host what it holds of a tree."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sealift.hosts.host import Host, Result, utc_now
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.replication.inventory import Inventory, build
from sealift.replication.second_look import settled
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.errors import explain
from sealift.zfs.listings import SnapshotReader, parse_datasets
from sealift.zfs.names import pool_of
from sealift.zfs.parse import ParseError
from sealift.zfs.pools import Pool, parse_pool

# A listing of 100,000 snapshots takes minutes on a busy pool.
LISTING_DEADLINE = 900.0


async def survey(host: Host, root: str) -> Inventory:
    """List the tree below `root` on `host`. Raises `TroubleError`.

    A root that does not exist is not an error: its inventory is empty.
    """
    began = asyncio.get_running_loop().time()
    taken_at = utc_now()
    listing = commands.list_datasets(root)
    reader = SnapshotReader()
    with reading(host, listing):
        async with asyncio.TaskGroup() as group:  # if one fails, the others end, too
            asked = group.create_task(host.run(listing))
            counted = group.create_task(_pool(host, root))
            listed = group.create_task(
                host.run(
                    commands.list_snapshots(root), deadline=LISTING_DEADLINE, on_stdout=reader.feed
                )
            )
        datasets, pool, snapshots = asked.result(), counted.result(), listed.result()
        seconds = asyncio.get_running_loop().time() - began
        if not datasets.ok and _does_not_exist(datasets):
            return Inventory(root, {}, pool, taken_at, seconds)
        for command, result in (
            (listing, datasets),
            (commands.list_snapshots(root), snapshots),
        ):
            if not result.ok:
                raise TroubleError(refusal(host.where, command, result))
        found = build(
            root,
            parse_datasets(datasets.stdout),
            reader.finish(),
            pool=pool,
            taken_at=taken_at,
            seconds=seconds,
        )
        return await settled(host, found, deadline=LISTING_DEADLINE)


@contextmanager
def reading(host: Host, listing: Command) -> Iterator[None]:
    """What goes wrong while listings are made side by side and read, as one `TroubleError`."""
    try:
        yield
    except ParseError as error:
        raise TroubleError(unreadable(host, listing, error)) from error
    except ExceptionGroup as group_error:
        first = group_error.exceptions[0]
        if isinstance(first, ParseError):
            raise TroubleError(unreadable(host, listing, first)) from first
        raise first from None


async def _pool(host: Host, root: str) -> Pool | None:
    command = commands.list_pool(pool_of(root))
    result = await host.run(command)
    if result.ok:
        return parse_pool(result.stdout)
    raise TroubleError(refusal(host.where, command, result))


def _does_not_exist(result: Result) -> bool:
    return any(explained.entry.id == "dataset-missing" for explained in explain(result.stderr))


def unreadable(host: Host, command: Command, error: ParseError) -> Trouble:
    """What it means that a command's answer is not what its version of ZFS would say."""
    return Trouble(
        "command-failed",
        host.where,
        f"`{command.argv[0]}` answered with something that sealift cannot read",
        "Its version may be older than 2.1 or newer than sealift knows, or something else writes "
        "into its output.",
        "Check `zfs version` there; please report the text below.",
        str(error),
    )
