"""First looks at hosts, as tests need them."""

from __future__ import annotations

from dataclasses import replace

from sealift.hosts.probe import HostFacts
from sealift.hosts.trouble import Trouble
from sealift.replication.host_look import Granted, HostLook
from sealift.zfs.allow import parse_allow
from sealift.zfs.listings import KeyStatus
from sealift.zfs.pools import Pool, parse_version
from tests.factories import dataset

TIB = 1 << 40


def facts(user: str = "root", **changes: object) -> HostFacts:
    """What a quiet host says of itself."""
    usual = HostFacts(
        user=user,
        uid=0 if user == "root" else 1000,
        hostname="a-host",
        system="Linux",
        zfs="zfs",
        version=parse_version(b"zfs-2.3.2\nzfs-kmod-2.3.2\n"),
        ahead_seconds=0,
        sudo=False,
        doas=False,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def pool(name: str, health: str = "ONLINE") -> Pool:
    """A pool of 2 TiB that is a quarter full."""
    return Pool(name, 2 * TIB, TIB // 2, 3 * TIB // 2, 7, 25, health)


def source(where: str = "nas1") -> HostLook:
    """A source: a pool in the clear, an encrypted tree in it, a plain dataset beside it."""
    status = KeyStatus.AVAILABLE
    datasets = (
        dataset("tank", key=None),
        dataset("tank/prod", status=status, root="tank/prod"),
        dataset("tank/prod/db", status=status, root="tank/prod"),
        dataset("tank/scratch", key=None),
    )
    return HostLook(where, connected=True, facts=facts(), pools=(pool("tank"),), datasets=datasets)


def vault(where: str = "dr1") -> HostLook:
    """A destination that has nothing yet."""
    return HostLook(
        where,
        connected=True,
        facts=facts(),
        pools=(pool("backup"),),
        datasets=(dataset("backup", key=None),),
    )


def gone(where: str = "old1") -> HostLook:
    """A host that does not answer."""
    trouble = Trouble(
        "host-unreachable",
        where,
        "no answer to the connection",
        "The host is down, its network is, or a firewall drops what we send.",
        f"Check that `ssh {where}` works from this machine.",
        "TimeoutError: ",
    )
    return HostLook(where, connected=False, trouble=trouble)


def delegated(look: HostLook, said: str, *asked: str, user: str = "zsend") -> HostLook:
    """The same host as somebody who is not root sees it."""
    grants = parse_allow(said.encode())
    granted = Granted(user, (user,), asked, grants)
    return replace(look, facts=facts(user), granted=granted)
