"""Datasets and snapshots are listed side by side: what ended in between is looked at again.

A receive that ends between the two listings leaves a token in one whose snapshot stands in the
other, as a dead token does; one that began leaves a token whose base is not listed yet, as a
rollback does. Either is told as a reason to give the token up. So no token is judged by such a
pair: its dataset is listed again, and only what is still odd then is so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sealift.hosts.host import Host, Result
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import TroubleError
from sealift.replication.inventory import Held, Inventory
from sealift.zfs import commands, tokens
from sealift.zfs.commands import Command
from sealift.zfs.errors import explain
from sealift.zfs.listings import Dataset, Snapshot, SnapshotReader, parse_datasets
from sealift.zfs.names import relative
from sealift.zfs.parse import ParseError


async def settled(host: Host, found: Inventory, *, deadline: float) -> Inventory:
    """The same inventory; what does not fit together in it is listed again, token first.

    `deadline` is how long listing snapshots may take, in seconds. Raises `TroubleError` or
    `ParseError`, as the listings do.
    """
    odd = [each.dataset.name for each in found.datasets.values() if _odd(each)]
    if odd:
        found = _with_datasets(found, odd, await _datasets(host, odd))
    # Listed before the receive began: the snapshots are the older half.
    late = [
        each.dataset.name
        for each in found.datasets.values()
        if _starts_elsewhere(each) and not _is_there(each)
    ]
    if late:
        found = _with_snapshots(found, late, await _snapshots(host, late, deadline))
    return found


def _odd(held: Held) -> bool:
    return _is_there(held) or _starts_elsewhere(held)


def _is_there(held: Held) -> bool:
    """Whether what a token is for has arrived already."""
    token = _token(held)
    return token is not None and any(each.guid == token.to_guid for each in held.snapshots)


def _starts_elsewhere(held: Held) -> bool:
    """Whether a token starts from something other than the newest snapshot; a clone's has none."""
    token = _token(held)
    if token is None or (not held.snapshots and held.dataset.origin is not None):
        return False
    return token.from_guid != (held.snapshots[-1].guid if held.snapshots else None)


def _token(held: Held) -> tokens.ResumeToken | None:
    if held.dataset.resume_token is None:
        return None
    try:
        return tokens.decode(held.dataset.resume_token)
    except ParseError:
        return None  # what cannot be read is odd by itself; a second look shows no more of it


async def _datasets(host: Host, names: list[str]) -> tuple[Dataset, ...]:
    command = commands.list_datasets(*names, below=False)
    result = await host.run(command)
    _check(host, command, result)
    return parse_datasets(result.stdout)


async def _snapshots(
    host: Host, names: list[str], deadline: float
) -> dict[str, tuple[Snapshot, ...]]:
    command, reader = commands.list_snapshots(*names, below=False), SnapshotReader()
    result = await host.run(command, deadline=deadline, on_stdout=reader.feed)
    _check(host, command, result)
    return reader.finish()


def _check(host: Host, command: Command, result: Result) -> None:
    """Raise `TroubleError` if a listing failed over more than what does not exist any more.

    A new dataset goes with its token (zfs-receive(8) `-A`).
    """
    missing = any(each.entry.id == "dataset-missing" for each in explain(result.stderr))
    if not result.ok and not missing:
        raise TroubleError(refusal(host.where, command, result))


def _with_datasets(
    found: Inventory, asked: Iterable[str], listed: tuple[Dataset, ...]
) -> Inventory:
    """Put newer rows in; what was asked for and is not listed any more is left out."""
    newer = {each.name: each for each in listed}
    gone = set(asked) - newer.keys()

    def kept() -> Iterator[tuple[str, Held]]:
        for below, held in found.datasets.items():
            if held.dataset.name not in gone:
                dataset = newer.get(held.dataset.name, held.dataset)
                yield below, replace(held, dataset=dataset)

    return replace(found, datasets=dict(kept()))


def _with_snapshots(
    found: Inventory, asked: list[str], listed: dict[str, tuple[Snapshot, ...]]
) -> Inventory:
    datasets = dict(found.datasets)
    for name in asked:
        below = relative(name, found.root)
        datasets[below] = Held.of(datasets[below].dataset, listed.get(name, ()))
    return replace(found, datasets=datasets)
