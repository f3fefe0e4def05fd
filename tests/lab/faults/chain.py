"""Faults of the chain: what the next raw increment would start from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..lab import PASSPHRASE, Lab
from ..machine import Machine
from ..waiting import wait_until
from .fault import ROUTE, Fault, Make, Words
from .making import (
    calm,
    catch_up,
    cut,
    destroyed,
    level,
    pipeline,
    planted,
    receiving,
    snapshot,
    write,
)


@contextmanager
def nothing_left_there(lab: Lab) -> Iterator[Words]:
    """The replica is there, without a single snapshot."""
    level(lab, children=())
    lab.dest.run("zfs release keepforrep backup/prod@rep-1; zfs destroy backup/prod@rep-1")
    snapshot(lab, "rep-2")
    yield ROUTE


@contextmanager
def by_hand_only(lab: Lab) -> Iterator[Words]:
    """The replica has one snapshot, made and sent by hand; the source has it no more."""
    planted(lab)
    snapshot(lab, "before-upgrade")
    lab.source.run(pipeline("zfs send -w -R tank/prod@before-upgrade"), timeout=60)
    lab.source.run("zfs destroy -r tank/prod@before-upgrade")
    snapshot(lab, "rep-1")
    yield ROUTE


def base_missing(*datasets: str) -> Make:
    """The only snapshot that both had is gone from these datasets of the source."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        for dataset in datasets:
            destroyed(lab, dataset, "rep-1")
        snapshot(lab, "rep-2")
        yield ROUTE

    return make


@contextmanager
def newer_base_missing(lab: Lab) -> Iterator[Words]:
    """An older one is still shared; the one that the destination stands at is gone."""
    level(lab)
    write(lab, "tank/prod/db", 1)
    snapshot(lab, "rep-2")
    catch_up(lab, "rep-1", "rep-2")
    destroyed(lab, "tank/prod/db", "rep-2")
    snapshot(lab, "rep-3")
    yield ROUTE


def diverged(script: str) -> Make:
    """Somebody did this on the destination after the base."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        write(lab, "tank/prod/db", 1)
        snapshot(lab, "rep-2")
        lab.dest.run(script, stdin=PASSPHRASE.encode())
        yield ROUTE

    return make


_WRITTEN = (
    "set -e; zfs load-key backup/prod; zfs mount backup/prod; zfs mount backup/prod/db;"
    "head -c 1M /dev/urandom > /backup/prod/db/mine; zfs unmount backup/prod; zfs unload-key -r"
    " backup/prod"
)


def non_raw_increment(dataset: str) -> Make:
    """One increment of a dataset was sent without -w: same guid, another IV set."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        into = dataset.replace("tank", "backup", 1)
        snapshot(lab, "rep-2")
        lab.dest.run("zfs load-key backup/prod", stdin=PASSPHRASE.encode())
        lab.source.run(pipeline(f"zfs send -i @rep-1 {dataset}@rep-2", into=into), timeout=60)
        lab.dest.run("zfs unload-key -r backup/prod")
        snapshot(lab, "rep-3")
        yield ROUTE

    return make


@contextmanager
def another_key(lab: Lab) -> Iterator[Words]:
    """The source was made anew: same names, another master key."""
    level(lab)
    lab.source.run("zfs release -r keepforrep tank/prod@rep-1; zfs destroy -r tank/prod")
    lab.make_source_tree(children=("db",), mib=1)
    snapshot(lab, "rep-2")
    yield ROUTE


@contextmanager
def another_key_in_a_child(lab: Lab) -> Iterator[Words]:
    """The same with a child."""
    level(lab)
    lab.source.run(
        "zfs release -r keepforrep tank/prod/db@rep-1; zfs destroy -r tank/prod/db;"
        " zfs create tank/prod/db"
    )
    snapshot(lab, "rep-2")
    yield ROUTE


@contextmanager
def unencrypted_replica(lab: Lab) -> Iterator[Words]:
    """What stands at the destination was never encrypted."""
    planted(lab, children=())
    snapshot(lab, "rep-1")
    lab.dest.run("zfs create -o canmount=off backup/prod; zfs snapshot backup/prod@rep-0")
    yield ROUTE


def not_held(*datasets: str) -> Make:
    """The base of these datasets of the source lost its hold and its bookmark."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        for dataset in datasets:
            lab.source.run(f"zfs release keepforrep {dataset}@rep-1; zfs destroy {dataset}#rep-1")
        yield ROUTE

    return make


@contextmanager
def not_held_there(lab: Lab) -> Iterator[Words]:
    """The base lost its hold on the destination, where no bookmark stands in for it."""
    level(lab)
    lab.dest.run("zfs release -r keepforrep backup/prod@rep-1")
    yield ROUTE


# --- the tree as a whole ---


@contextmanager
def mixed_root_ahead(lab: Lab) -> Iterator[Words]:
    """The root went on to rep-2, its children did not."""
    level(lab, children=("db", "app"))
    snapshot(lab, "rep-2")
    lab.source.run(pipeline("zfs send -w -i @rep-1 tank/prod@rep-2"), timeout=60)
    yield ROUTE


@contextmanager
def mixed_after_a_package(lab: Lab) -> Iterator[Words]:
    """A -R increment failed at a child that already held a token."""
    level(lab)
    write(lab, "tank/prod/db", 8)
    snapshot(lab, "rep-2")
    cut(lab, "zfs send -w -i @rep-1 tank/prod/db@rep-2", 4, "backup/prod/db")
    package = pipeline("zfs send -w -R -I @rep-1 tank/prod@rep-2")
    assert lab.source.run(package, check=False, timeout=120).status != 0
    yield ROUTE


@contextmanager
def orphan_of_a_pull(lab: Lab) -> Iterator[Words]:
    """The destination fetches; the source lost its power in a quiet moment and is back again."""
    level(lab, children=())
    write(lab, "tank/prod", 32)
    snapshot(lab, "rep-2")
    lab.source.run("zpool sync tank")
    pull = "ssh root@source zfs send -w -i @rep-1 tank/prod@rep-2 | zfs receive -s -u backup/prod"
    with lab.dest.spawn(pull) as fetching:
        try:
            _hushed(lab)
            lab.source.restart()
            yield ROUTE
            assert fetching.poll() is None
        finally:
            calm(lab)
            fetching.communicate(timeout=60)


@contextmanager
def orphan_of_a_lost_connection(lab: Lab) -> Iterator[Words]:
    """The sender's end of the connection is gone, and the receiver's was never told."""
    level(lab, children=())
    write(lab, "tank/prod", 32)
    snapshot(lab, "rep-2")
    orphans = "net.ipv4.tcp_orphan_retries"
    before = lab.source.run(["sysctl", "-n", orphans]).text
    with lab.source.spawn(pipeline("zfs send -w -i @rep-1 tank/prod@rep-2")) as sending:
        try:
            _hushed(lab)
            lab.source.run(f"sysctl -q -w {orphans}=1")
            lab.link.pull()
            lab.source.run("pkill -KILL -x ssh; pkill -KILL -x zfs")
            wait_until(lambda: not lab.source.run(_CONNECTED).text, "the connection is lost", 120)
            lab.link.plug()
            yield ROUTE
            assert receiving(lab)
        finally:
            lab.source.run(f"sysctl -q -w {orphans}={before}")
            lab.dest.run("pkill -KILL -f '^sshd: root@notty' --newest", check=False)
            calm(lab)
            sending.communicate(timeout=60)


_CONNECTED = "ss -tanH 'dport = :22' dst 10.77.0.2"


def _hushed(lab: Lab) -> None:
    """Wait for the receive, stop the sender, and wait until nothing is under way any more.

    Who has nothing to send, nor to confirm, never hears that the other end is gone.
    """
    wait_until(lambda: receiving(lab), "a receive", 60)
    stop = ["pkill", "-STOP", "-x", "zfs"]  # the receiver may be there before the sender is
    wait_until(lambda: lab.source.run(stop, check=False).status == 0, "a sender to stop", 60)
    wait_until(lambda: not any(map(_on_its_way, lab.hosts)), "a quiet link", 60)


def _on_its_way(host: Machine) -> bool:
    """Whether bytes wait in a socket of the link."""
    lines = host.run("ss -tnH dst 10.77.0.0/24").text.splitlines()
    return any(int(line.split()[2]) for line in lines)


@contextmanager
def a_child_missing(lab: Lab) -> Iterator[Words]:
    """The tree arrived without one of its children, which has the snapshot as well."""
    level(lab, children=("db", "app"))
    lab.dest.run("zfs release keepforrep backup/prod/app@rep-1; zfs destroy -r backup/prod/app")
    yield ROUTE


@contextmanager
def children_never_sent(lab: Lab) -> Iterator[Words]:
    """Only the root was ever sent, without -R."""
    planted(lab, children=("db", "db/wal"))
    snapshot(lab, "rep-1")
    lab.source.run(pipeline("zfs send -w tank/prod@rep-1"), timeout=60)
    lab.source.run("zfs hold keepforrep tank/prod@rep-1")
    lab.dest.run("zfs hold keepforrep backup/prod@rep-1")
    yield ROUTE


CHAIN = tuple(
    Fault(finding, name, make, "chain", core=core)
    for finding, name, make, core in (
        ("no-common-base", "nothing left there", nothing_left_there, False),
        ("no-common-base", "made by hand", by_hand_only, False),
        (
            "base-missing-on-source",
            "of the whole tree",
            base_missing("tank/prod", "tank/prod/db"),
            True,
        ),
        ("base-missing-on-source", "of a child", base_missing("tank/prod/db"), False),
        ("base-missing-on-source", "an older one is left", newer_base_missing, False),
        (
            "destination-diverged",
            "a snapshot of a child",
            diverged("zfs snapshot backup/prod/db@mine"),
            False,
        ),
        (
            "destination-diverged",
            "three of another tool, everywhere",
            diverged("for i in 1 2 3; do zfs snapshot -r backup/prod@autosnap_$i; done"),
            False,
        ),
        ("destination-diverged", "written to, no snapshot", diverged(_WRITTEN), False),
        ("ivset-mismatch", "the root", non_raw_increment("tank/prod"), False),
        ("ivset-mismatch", "a child", non_raw_increment("tank/prod/db"), False),
        ("key-lineage-mismatch", "the source made anew", another_key, False),
        ("key-lineage-mismatch", "a child made anew", another_key_in_a_child, False),
        ("key-lineage-mismatch", "an unencrypted replica", unencrypted_replica, False),
        ("anchor-not-held", "of the tree", not_held("tank/prod", "tank/prod/db"), False),
        ("anchor-not-held", "of a child", not_held("tank/prod/db"), False),
        ("anchor-not-held", "on the destination", not_held_there, False),
        ("mixed-snapshots", "the root alone went on", mixed_root_ahead, False),
        ("mixed-snapshots", "after a broken package", mixed_after_a_package, False),
        ("orphan-receive", "pulled, the source was reset", orphan_of_a_pull, False),
        ("orphan-receive", "pushed, the connection was lost", orphan_of_a_lost_connection, False),
        ("replica-incomplete", "a child is missing", a_child_missing, False),
        ("replica-incomplete", "only the root was sent", children_never_sent, False),
    )
)
