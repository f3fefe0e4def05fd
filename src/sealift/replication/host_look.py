"""A first look at a host: who we are there, what we may do, which pools and datasets it has.

It only reads, and each question that fails leaves the answers to the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from sealift.hosts.elevation import Elevation
from sealift.hosts.host import Host
from sealift.hosts.probe import HostFacts, probe
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError, UnknownKey
from sealift.replication.survey import unreadable
from sealift.zfs import commands
from sealift.zfs.allow import Grant, parse_allow
from sealift.zfs.commands import Command
from sealift.zfs.listings import Dataset, parse_datasets
from sealift.zfs.parse import ParseError, text_of
from sealift.zfs.pools import Pool, parse_pool

# Grants are asked for by dataset, a call each; they are made near the top of a pool.
ASKED = 12

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Granted:
    """What we may do without being root. `datasets` are those that were asked about.

    What is said of one holds for its ancestors, too: `zfs allow` shows theirs with it.
    """

    user: str
    groups: tuple[str, ...]
    datasets: tuple[str, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class HostLook:
    """What a host said. Of what is None, the trouble beside it says why it was not seen.

    `connected` is whether we were let in, `trouble` what kept us from knowing anything more.
    `granted` is None as well where root makes the question idle.
    """

    where: str
    connected: bool
    facts: HostFacts | None = None
    trouble: Trouble | None = None
    unknown_key: UnknownKey | None = None
    pools: tuple[Pool, ...] | None = None
    pools_trouble: Trouble | None = None
    datasets: tuple[Dataset, ...] | None = None
    datasets_trouble: Trouble | None = None
    granted: Granted | None = None
    granted_trouble: Trouble | None = None

    @property
    def root(self) -> bool:
        """Whether we are root there, or can become it without a password."""
        facts = self.facts
        return facts is not None and (facts.uid == 0 or facts.elevation is not Elevation.NONE)


async def look(host: Host) -> HostLook:
    """Ask a host. What goes wrong is in the answer."""
    try:
        facts = await probe(host)
    except HostKeyUnknownError as error:
        return HostLook(host.where, connected=False, trouble=error.trouble, unknown_key=error.key)
    except TroubleError as error:
        return HostLook(host.where, host.connection.connected, trouble=error.trouble)
    (pools, no_pools), (datasets, no_datasets) = await asyncio.gather(
        _ask(host, commands.list_pool(), _pools),
        _ask(host, commands.list_datasets(), parse_datasets),
    )
    found = HostLook(
        host.where,
        connected=True,
        facts=facts,
        pools=pools,
        pools_trouble=no_pools,
        datasets=datasets,
        datasets_trouble=no_datasets,
    )
    if found.root or not datasets:
        return found
    granted, no_grants = await _granted(host, facts.user, datasets)
    return replace(found, granted=granted, granted_trouble=no_grants)


async def _ask(
    host: Host, command: Command, read: Callable[[bytes], T]
) -> tuple[T | None, Trouble | None]:
    try:
        result = await host.run(command)
        if not result.ok:
            return None, refusal(host.where, command, result)
        return read(result.stdout), None
    except TroubleError as error:
        return None, error.trouble
    except ParseError as error:
        return None, unreadable(host, command, error)


def _pools(output: bytes) -> tuple[Pool, ...]:
    return tuple(parse_pool(line + b"\n") for line in output.split(b"\n") if line)


async def _granted(
    host: Host, user: str, datasets: tuple[Dataset, ...]
) -> tuple[Granted | None, Trouble | None]:
    groups, trouble = await _ask(host, commands.GROUPS, lambda data: tuple(text_of(data).split()))
    asked = asked_about(datasets)
    grants: dict[Grant, None] = {}
    for name in asked:
        if trouble is not None:
            return None, trouble
        found, trouble = await _ask(host, commands.delegations(name), parse_allow)
        grants.update(dict.fromkeys(found or ()))
    if groups is None or trouble is not None:
        return None, trouble
    return Granted(user, groups, asked, tuple(grants)), None


def asked_about(datasets: tuple[Dataset, ...]) -> tuple[str, ...]:
    """The datasets whose grants are asked for: the topmost ones, without those above others."""
    names = sorted((each.name for each in datasets), key=lambda name: (name.count("/"), name))
    chosen = names[:ASKED]
    return tuple(
        sorted(name for name in chosen if not any(o.startswith(f"{name}/") for o in chosen))
    )
