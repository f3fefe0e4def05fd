"""Faults of the receiver: pools, room, rights of way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..lab import Lab
from ..machine import Machine
from ..waiting import wait_until
from .fault import ROUTE, SOURCE, Fault, Make, Words
from .making import (
    HOUR,
    MIB,
    ago,
    bulk,
    flowing,
    level,
    pipeline,
    planted,
    seed,
    snapshot,
    write,
)
from .sending import small_snapshots

# --- room ---


def little_room(left: float, coming: float) -> Make:
    """So many MiB are free on the destination, and so many are to come. Reserved is not free."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        write(lab, "tank/prod/db", coming)
        snapshot(lab, "rep-2")
        reserve(lab, left)
        yield ROUTE

    return make


def reserve(lab: Lab, left: float) -> None:
    """Reserve what is free on the destination, but for so many MiB."""
    free = int(lab.dest.run("zfs get -Hp -o value available backup").text)
    lab.dest.run(f"zfs create -o refreservation={free - int(left * MIB)} backup/old")


@contextmanager
def filling_up(lab: Lab) -> Iterator[Words]:
    """A send runs that is larger than the room there."""
    bulk(lab)
    reserve(lab, 200)
    with flowing(lab, pipeline()):
        yield ROUTE


def quota(where: str, into: str, property_: str = "quota") -> Make:
    """A limit leaves less than what is to come."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        planted(lab)
        snapshot(lab, "rep-1")
        if "/" in into.removeprefix("backup/"):
            lab.dest.run(f"zfs create -p -o canmount=off {into.rpartition('/')[0]}")
        seed(lab, into=into)
        write(lab, "tank/prod", 12)
        snapshot(lab, "rep-2")
        used = int(lab.dest.run(f"zpool sync; zfs get -Hp -o value used {where}").text)
        lab.dest.run(f"zfs set {property_}={used + 2 * MIB} {where}")
        yield SOURCE, f"root@dest:{into}"

    return make


# --- pools ---


def degraded(name: str, offline: str) -> Make:
    """A mirror of that host's pool has lost one side."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        host, pool = lab.host(name), {"source": "tank", "dest": "backup"}[name]
        size = host.run("blockdev --getsize64 /dev/vdb1").text
        host.run(
            f"set -e; truncate -s {size} /root/other;"
            f" zpool attach -w {pool} /dev/vdb1 /root/other; zpool offline {offline} {pool}"
            " /root/other",
            timeout=120,
        )
        assert host.run(f"zpool list -H -o health {pool}").text == "DEGRADED"
        yield ROUTE

    return make


def suspended(name: str) -> Make:
    """That host's pool is on a disk that takes no more writes."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        lab.fresh_pools()
        host, pool = lab.host(name), {"source": "tank", "dest": "backup"}[name]
        # A sparse file on a file system smaller than itself.
        host.run(
            f"set -e; zpool destroy {pool}; mkdir /tmp/small;"
            " mount -t tmpfs -o size=40m small /tmp/small; truncate -s 400m /tmp/small/disk;"
            f" zpool create {pool} /tmp/small/disk; zfs create {pool}/filler"
        )
        lab.make_source_tree(children=("db",), mib=1)
        snapshot(lab, "rep-1")
        seed(lab)
        filling = f"dd if=/dev/urandom of=/{pool}/filler/file bs=1M count=100 conv=fsync"
        with host.spawn(filling) as writer:
            try:
                wait_until(lambda: _health(host, pool) == "SUSPENDED", "the pool is suspended", 90)
                yield ROUTE
            finally:
                # With room again, it takes up where it stood.
                host.run(f"mount -o remount,size=500m /tmp/small; zpool clear {pool}", check=False)
                writer.communicate(timeout=120)
        # The folder goes with the next fresh pools, which only an unmounted one can.
        host.run(f"zpool destroy -f {pool}; umount /tmp/small", check=False)

    return make


def _health(host: Machine, pool: str) -> str:
    return host.run(["zpool", "list", "-H", "-o", "health", pool]).text


def read_only(*, behind: bool) -> Make:
    """The destination's pool was imported read-only."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        if behind:
            write(lab, "tank/prod/db", 1)
            snapshot(lab, "rep-2")
        lab.dest.run("zpool export backup; zpool import -o readonly=on backup")
        try:
            yield ROUTE
        finally:  # a pool that cannot be written to cannot be destroyed
            lab.dest.run("zpool export backup; zpool import backup")

    return make


@contextmanager
def scrubbing(host: Machine, pool: str) -> Iterator[None]:
    """A scrub that does not end: it stands still, as ZFS's own tests have it."""
    still = "/sys/module/zfs/parameters/zfs_scan_suspend_progress"
    host.run(f"echo 1 > {still}; zpool scrub {pool}")
    try:
        assert "scrub in progress" in host.run(["zpool", "status", pool]).text
        yield
    finally:
        host.run(f"zpool scrub -s {pool}; echo 0 > {still}", check=False)


def scrub_beside(name: str) -> Make:
    """A scrub of that host's pool while a send runs."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab)
        pool = {"source": "tank", "dest": "backup"}[name]
        with scrubbing(lab.host(name), pool), flowing(lab, pipeline()):
            yield ROUTE

    return make


@contextmanager
def scrub_in_the_way(lab: Lab) -> Iterator[Words]:
    """A scrub reads a slow source disk from end to end, and a send wants to as well."""
    bulk(lab)
    lab.source.throttle_disk(bytes_per_second_read=3 * MIB)
    lab.source.run("zpool scrub tank")
    with flowing(lab, pipeline()):
        yield ROUTE
        assert "scrub in progress" in lab.source.run("zpool status tank").text


@contextmanager
def scrub_alone(lab: Lab) -> Iterator[Words]:
    """A scrub of the destination, and what is to be sent waits."""
    level(lab)
    write(lab, "tank/prod/db", 2)
    snapshot(lab, "rep-2")
    with scrubbing(lab.dest, "backup"):
        yield ROUTE


def dedup(where: str) -> Make:
    """The destination deduplicates."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        planted(lab)
        snapshot(lab, "rep-1")
        if where == "backup":
            lab.dest.run("zfs set dedup=on backup")
        seed(lab)
        if where != "backup":
            lab.dest.run(f"zfs set dedup=on {where}")
        write(lab, "tank/prod/db", 2)
        snapshot(lab, "rep-2")
        yield ROUTE

    return make


def features(options: Sequence[str], tree: str = "") -> Make:
    """The destination's pool was made with these options, the source's tree with those."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        lab.fresh_pools(dest_options=options)
        lab.make_source_tree(children=("db",), mib=1)
        if tree:
            lab.source.run(f"zfs set {tree} tank/prod/db")
            write(lab, "tank/prod/db", 4)
        snapshot(lab, "rep-1")
        yield ROUTE

    return make


# --- who else is there ---


@contextmanager
def other_route(lab: Lab) -> Iterator[Words]:
    """Something else is being received into the place of this route."""
    planted(lab, children=())
    snapshot(lab, "rep-1")
    lab.dest.run(
        "set -e; zfs create backup/other; head -c 8M /dev/urandom > /backup/other/file;"
        " zfs snapshot backup/other@then"
    )
    slowly = "zfs send backup/other@then | pv -q -L 100k | zfs receive -s -u backup/prod"
    with flowing(lab, slowly, on="dest", least=1):
        yield ROUTE


@contextmanager
def other_route_into_a_child(lab: Lab) -> Iterator[Words]:
    """The same with a child that is to be received for the first time."""
    level(lab, children=("db", "app"))
    lab.dest.run(
        "set -e; zfs release keepforrep backup/prod/app@rep-1; zfs destroy -r backup/prod/app;"
        # Below a locked dataset only what brings its own key arrives.
        "echo 'another passphrase' | zfs create -o encryption=on -o keyformat=passphrase"
        " backup/other; head -c 8M /dev/urandom > /backup/other/file;"
        " zfs snapshot backup/other@then"
    )
    slowly = "zfs send -w backup/other@then | pv -q -L 50k | zfs receive -s -u backup/prod/app"
    with flowing(lab, slowly, on="dest", least=1):
        yield ROUTE


# --- how it receives ---


def tiny_snapshots(count: int) -> Make:
    """An increment of so many tiny snapshots runs, the first of them hours old."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab, children=(), age=4 * HOUR)
        with ago(lab, 3 * HOUR):
            small_snapshots(lab, count, 3 * HOUR // count)
        with flowing(lab, pipeline(f"zfs send -w -I @rep-1 tank/prod@rep-s{count}"), least=1):
            yield ROUTE

    return make


def large_dnodes(files: int) -> Make:
    """Many small files with large dnodes: a transaction group for each of them."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        planted(lab, children=())
        lab.source.run("zfs set dnodesize=1k tank/prod")
        _small_files(lab, "old", files)
        with ago(lab, 4 * HOUR):
            snapshot(lab, "rep-1")
        seed(lab)
        # New objects of another size in the places of old ones: only once mounted anew is the
        # search for a free place at the beginning again.
        lab.source.run("rm -r /tank/prod/old; zfs set dnodesize=2k tank/prod")
        lab.source.run("zfs unmount tank/prod; zpool sync tank; zfs mount tank/prod")
        _small_files(lab, "new", files)
        with ago(lab, 2 * HOUR):
            snapshot(lab, "rep-2")
        snapshot(lab, "rep-3")
        with flowing(lab, pipeline("zfs send -w -i @rep-1 tank/prod@rep-2"), least=1):
            yield ROUTE

    return make


def _small_files(lab: Lab, folder: str, count: int) -> None:
    """Files of 64 KiB: the receive works its queue of 16 MiB off even when it is killed."""
    made = f"mkdir /tank/prod/{folder}; cd /tank/prod/{folder}"
    lab.source.run(
        f"{made}; head -c {65536 * count} /dev/urandom | split -a 4 -b 65536", timeout=300
    )


NO_FEATURES = ("-d",)
# large_microzap would bring large_blocks along, which it depends on (zfeature_common.c).
OLD_FEATURES = tuple(
    word
    for name in ("zstd_compress", "large_blocks", "large_microzap")
    for word in ("-o", f"feature@{name}=disabled")
)

RECEIVER = (
    Fault("space-low", "8 MiB free, 12 to come", little_room(8, 12), "receiver"),
    Fault("space-low", "4 MiB free, 48 to come", little_room(4, 48), "receiver"),
    Fault("space-low", "a send runs into it", filling_up, "receiver", bulky=True),
    Fault(
        "quota-reached",
        "on the dataset",
        quota("backup/prod", "backup/prod"),
        "receiver",
        core=True,
    ),
    Fault("quota-reached", "on an ancestor", quota("backup/a", "backup/a/b/prod"), "receiver"),
    Fault(
        "quota-reached",
        "a refquota on the dataset",
        quota("backup/prod", "backup/prod", "refquota"),
        "receiver",
    ),
    Fault("pool-degraded", "destination, offline", degraded("dest", ""), "receiver"),
    Fault("pool-degraded", "destination, faulted", degraded("dest", "-f"), "receiver"),
    Fault("pool-degraded", "source, offline", degraded("source", ""), "receiver"),
    Fault("pool-suspended", "destination", suspended("dest"), "receiver"),
    Fault("pool-suspended", "source", suspended("source"), "receiver"),
    Fault("pool-readonly", "behind", read_only(behind=True), "receiver"),
    Fault("pool-readonly", "level", read_only(behind=False), "receiver"),
    Fault(
        "scrub-running", "destination, beside a send", scrub_beside("dest"), "receiver", bulky=True
    ),
    Fault("scrub-running", "source, beside a send", scrub_beside("source"), "receiver", bulky=True),
    Fault(
        "scrub-running",
        "source, in the way of a send",
        scrub_in_the_way,
        "receiver",
        may=frozenset({"source-disk"}),
        bulky=True,
    ),
    Fault("scrub-running", "destination, nothing runs", scrub_alone, "receiver"),
    Fault("dedup-on", "inherited", dedup("backup"), "receiver"),
    Fault("dedup-on", "of a child", dedup("backup/prod/db"), "receiver"),
    Fault("feature-missing", "all of them", features(NO_FEATURES), "receiver"),
    Fault(
        "feature-missing",
        "zstd",
        features(OLD_FEATURES, "compression=zstd"),
        "receiver",
    ),
    Fault("feature-missing", "large blocks", features(OLD_FEATURES, "recordsize=1M"), "receiver"),
    Fault("dataset-busy", "another stream into it", other_route, "receiver"),
    Fault("dataset-busy", "another stream into a child", other_route_into_a_child, "receiver"),
    Fault("receiver-semantics", "200 tiny snapshots", tiny_snapshots(200), "bottleneck"),
    Fault("receiver-semantics", "large dnodes", large_dnodes(1500), "bottleneck"),
)
