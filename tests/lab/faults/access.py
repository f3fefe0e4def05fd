"""Faults of the ways in: names, keys, rights, clocks, and programs that are not there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..lab import Lab
from ..machine import Machine
from .fault import DEST, ROUTE, SOURCE, Fault, Make, Words
from .making import DAY, level, set_clock, snapshot, write

ZFS = "/usr/sbin/zfs"
SENDS = ("send", "snapshot", "hold", "release", "bookmark")
RECEIVES = ("receive", "create", "mount", "hold", "release", "readonly", "userprop")
OP_SOURCE, OP_DEST = "op@source:tank/prod", "op@dest:backup/prod"
WITHOUT_SUDO = ("--elevation", "none")


# --- no answer ---


def unplugged(name: str) -> Make:
    """The operator's cable to that host is out; whoever calls waits."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        lab.host(name).unplug()
        try:
            yield ROUTE
        finally:
            lab.host(name).plug()

    return make


def with_config(change: Callable[[Lab, str], str]) -> Make:
    """The operator's ssh config is another one."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        config = lab.ssh_config.with_name("changed_ssh_config")
        config.write_text(change(lab, lab.ssh_config.read_text()))
        yield ("--ssh-config", str(config), *ROUTE)

    return make


def _nobody_listens(lab: Lab, config: str) -> str:
    head, host, rest = config.partition("Host dest\n")
    words = rest.split("\n")
    words[1] = "    Port 9"
    return head + host + "\n".join(words)


@contextmanager
def no_way_between(lab: Lab) -> Iterator[Words]:
    """The cable between the hosts is out; the operator reaches both."""
    level(lab)
    write(lab, "tank/prod/db", 1)
    snapshot(lab, "rep-2")
    lab.link.pull()
    try:
        yield ROUTE
    finally:
        lab.link.plug()


# --- not let in ---


def _another_key(lab: Lab, config: str) -> str:
    key = _new_key(lab.ssh_config.parent / "stranger")
    return _replaced(config, "IdentityFile", str(key))


def _another_host_key(lab: Lab, config: str) -> str:
    known = lab.ssh_config.parent / "other_known_hosts"
    stranger = _new_key(lab.ssh_config.parent / "stranger").with_suffix(".pub").read_text()
    lines = _known_hosts(config).read_text().splitlines()
    ours = [line for line in lines if not line.startswith("dest ")]
    known.write_text("\n".join([*ours, f"dest {stranger}"]))
    return _replaced(config, "UserKnownHostsFile", str(known))


def _known_hosts(config: str) -> Path:
    line = next(line for line in config.splitlines() if "UserKnownHostsFile" in line)
    return Path(line.split()[1])


def _replaced(config: str, option: str, value: str) -> str:
    return "".join(
        f"    {option} {value}\n" if line.split()[0] == option else line
        for line in config.splitlines(keepends=True)
    )


def _new_key(path: Path) -> Path:
    if not path.exists():
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
        subprocess.run(words, check=True)
    return path


def as_user(source: str, dest: str) -> Make:
    """These users, everything else being well."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        yield source, dest

    return make


@contextmanager
def changed_file(host: Machine, path: str, text: str) -> Iterator[None]:
    """Another content of a file for a while."""
    host.run(f"cp -a {path} {path}.kept && cat > {path}", stdin=text.encode())
    try:
        yield
    finally:
        host.run(f"mv {path}.kept {path}")


@contextmanager
def host_key_changed_between(lab: Lab) -> Iterator[Words]:
    """The source knows the destination by another key; the operator knows the right one."""
    level(lab)
    write(lab, "tank/prod/db", 1)
    snapshot(lab, "rep-2")
    stranger = _new_key(lab.ssh_config.parent / "stranger").with_suffix(".pub").read_text()
    with changed_file(lab.source, "/etc/ssh/ssh_known_hosts", f"dest {stranger}"):
        yield ROUTE


@contextmanager
def not_let_in_between(lab: Lab) -> Iterator[Words]:
    """The source's key opens the destination no more; the operator's does."""
    level(lab)
    write(lab, "tank/prod/db", 1)
    snapshot(lab, "rep-2")
    only = lab.dest.run("head -n 1 /root/.ssh/authorized_keys").text
    with changed_file(lab.dest, "/root/.ssh/authorized_keys", f"{only}\n"):
        yield ROUTE


# --- not allowed to ---


def delegated(at_source: tuple[str, ...], at_dest: tuple[str, ...]) -> Make:
    """`op` on both hosts, with these rights and no sudo."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        write(lab, "tank/prod/db", 1)
        snapshot(lab, "rep-2")
        allow(lab, at_source, at_dest)
        yield (OP_SOURCE, OP_DEST, *WITHOUT_SUDO)

    return make


def allow(
    lab: Lab, at_source: tuple[str, ...] = SENDS, at_dest: tuple[str, ...] = RECEIVES
) -> None:
    """Give op these rights."""
    if at_source:
        lab.delegate("source", "op", at_source, "tank/prod")
    if at_dest:
        lab.delegate("dest", "op", at_dest, "backup")


# --- not there, not on time ---


def hidden_zfs(name: str) -> Make:
    """That host has no zfs."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        host = lab.host(name)
        host.run(f"mv {ZFS} {ZFS}.hidden")
        try:
            yield ROUTE
        finally:
            host.run(f"mv {ZFS}.hidden {ZFS}")

    return make


@contextmanager
def no_module(lab: Lab) -> Iterator[Words]:
    """The programs of ZFS are there, its module is not, as after a kernel it was not built for."""
    level(lab)
    # The programs would load it themselves.
    lab.dest.run(
        "zpool export backup; modprobe -r zfs; mkdir -p /etc/modprobe.d;"
        " echo 'install zfs /bin/false' > /etc/modprobe.d/no-zfs.conf"
    )
    try:
        yield ROUTE
    finally:
        # Also /dev/zfs is new then, see build/init.sh.
        lab.dest.run(
            "rm /etc/modprobe.d/no-zfs.conf; modprobe zfs; chmod 666 /dev/zfs;"
            " zpool import -d /dev/vdb1 backup"
        )


def skewed(name: str, seconds: int) -> Make:
    """That host's clock is wrong by so many seconds."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        set_clock(lab.host(name), seconds)
        try:
            yield ROUTE
        finally:
            set_clock(lab.host(name), -seconds)

    return make


ACCESS = tuple(
    Fault(finding, name, make, "access", core=core)
    for finding, name, make, core in (
        ("host-unreachable", "destination unplugged", unplugged("dest"), False),
        ("host-unreachable", "source unplugged", unplugged("source"), False),
        ("host-unreachable", "nobody listens", with_config(_nobody_listens), False),
        ("host-unreachable", "no way between the hosts", no_way_between, False),
        ("authentication-failed", "nobody", as_user(SOURCE, "nobody@dest:backup/prod"), False),
        ("authentication-failed", "another key", with_config(_another_key), False),
        ("authentication-failed", "between the hosts", not_let_in_between, False),
        ("host-key-changed", "for the operator", with_config(_another_host_key), False),
        ("host-key-changed", "for the source", host_key_changed_between, False),
        ("permission-missing", "nothing allowed there", delegated(SENDS, ()), False),
        ("permission-missing", "all but receive", delegated(SENDS, RECEIVES[1:]), False),
        ("permission-missing", "no send", delegated((), RECEIVES), False),
        ("zfs-missing", "destination", hidden_zfs("dest"), False),
        ("zfs-missing", "source", hidden_zfs("source"), False),
        ("zfs-missing", "destination, no module", no_module, False),
        ("clock-skew", "destination 10 minutes slow", skewed("dest", -600), True),
        ("clock-skew", "source two days fast", skewed("source", 2 * DAY), False),
        ("clock-skew", "destination a year slow", skewed("dest", -365 * DAY), False),
    )
)

__all__ = ["ACCESS", "DEST", "OP_DEST", "OP_SOURCE", "WITHOUT_SUDO", "allow"]
