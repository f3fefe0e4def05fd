"""Faults of what is being sent, if anything is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..lab import PASSPHRASE, Lab
from ..waiting import wait_until
from .fault import ROUTE, Fault, Make, Words
from .making import (
    DAY,
    HOUR,
    ago,
    bulk,
    cut,
    flowing,
    level,
    pipeline,
    planted,
    receiving,
    seed,
    snapshot,
    write,
)


def not_running(seconds: int, *options: str) -> Make:
    """The destination has what is that old; the source went on, and nothing carries it over."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        planted(lab)
        with ago(lab, seconds):
            snapshot(lab, "rep-1")
        seed(lab)
        with ago(lab, seconds // 2):
            write(lab, "tank/prod/db", 2)
            snapshot(lab, "rep-2")
        yield (*ROUTE, *options)

    return make


@contextmanager
def never_begun(lab: Lab) -> Iterator[Words]:
    """Snapshots of three nights, and nobody has ever sent one."""
    planted(lab)
    for night in (3, 2, 1):
        with ago(lab, night * DAY):
            snapshot(lab, f"rep-{4 - night}")
    yield ROUTE


def no_new_snapshot(seconds: int, *options: str) -> Make:
    """Both sides are level, at a snapshot that is that old."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        planted(lab)
        with ago(lab, seconds):
            snapshot(lab, "rep-1")
        seed(lab)
        write(lab, "tank/prod/db", 1)
        yield (*ROUTE, *options)

    return make


@contextmanager
def another_tool_only(lab: Lab) -> Iterator[Words]:
    """Fresh snapshots there are, but none that the route carries for four days."""
    planted(lab)
    with ago(lab, 4 * DAY):
        snapshot(lab, "rep-1")
    seed(lab)
    write(lab, "tank/prod/db", 1)
    snapshot(lab, "autosnap_today")
    yield ROUTE


@contextmanager
def never_snapshotted(lab: Lab) -> Iterator[Words]:
    """A source without any snapshot."""
    planted(lab)
    yield ROUTE


@contextmanager
def not_raw_seed(lab: Lab) -> Iterator[Words]:
    """A first send without -w runs: it arrives in the clear."""
    bulk(lab)
    lab.source.run("zfs load-key tank/prod", stdin=PASSPHRASE.encode())
    with flowing(lab, pipeline("zfs send tank/prod@rep-2")):
        yield ROUTE


@contextmanager
def not_raw_increment(lab: Lab) -> Iterator[Words]:
    """An increment without -w runs into a raw replica whose key is loaded."""
    bulk(lab, seeded=True)
    lab.source.run("zfs load-key tank/prod", stdin=PASSPHRASE.encode())
    lab.dest.run("zfs load-key backup/prod", stdin=PASSPHRASE.encode())
    with flowing(lab, pipeline("zfs send -i @rep-1 tank/prod@rep-2")):
        yield ROUTE


@contextmanager
def not_raw_token(lab: Lab) -> Iterator[Words]:
    """What a send without -w left when it was cut off."""
    planted(lab, children=(), mib=8)
    snapshot(lab, "rep-1")
    cut(lab, "zfs send tank/prod@rep-1", 4, "backup/prod")
    yield ROUTE


def plaintext(where: str, create: str = "-o encryption=off", *options: str) -> Make:
    """A dataset without encryption within the tree."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab)
        lab.source.run(f"zfs create {create} tank/prod/{where}")
        snapshot(lab, "rep-2")
        yield (*ROUTE, *options)

    return make


@contextmanager
def plaintext_root(lab: Lab) -> Iterator[Words]:
    """Nothing of the tree is encrypted."""
    lab.fresh_pools()
    lab.make_source_tree(children=(), mib=1, passphrase=None)
    snapshot(lab, "rep-1")
    yield ROUTE


@contextmanager
def full_onto_the_replica(lab: Lab) -> Iterator[Words]:
    """A full send goes into a buffer before a receive that can only refuse it."""
    bulk(lab, seeded=True)
    filling = "mbuffer -q -s 128k -m 600M -P 99 | zfs receive -s -u"
    with flowing(lab, pipeline(receive=filling), least=0):
        wait_until(lambda: receiving(lab), "a receive", 60)
        yield ROUTE


def full_beside(send: str, into: str) -> Make:
    """A full send runs, into another name, though both sides share a base."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab, seeded=True)
        with flowing(lab, pipeline(send, into=into)):
            yield ROUTE

    return make


def churn(usual: float, now: float, dataset: str, nights: int = 6) -> Make:
    """Every night brought `usual` MiB; the newest snapshot has `now`, in one dataset."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        planted(lab, children=("db", "app"))
        with ago(lab, nights * DAY):
            snapshot(lab, "rep-0")
        for night in range(1, nights):
            with ago(lab, (nights - night) * DAY):
                write(lab, "tank/prod/db", usual)
                write(lab, "tank/prod/app", usual)
                snapshot(lab, f"rep-{night}")
        seed(lab, f"rep-{nights - 1}")
        write(lab, dataset, now, "reindexed")
        snapshot(lab, f"rep-{nights}")
        yield ROUTE

    return make


def many_snapshots(count: int, seconds: int) -> Make:
    """So many small snapshots wait, taken within that time; nothing runs."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        planted(lab, children=())
        with ago(lab, seconds + HOUR):
            snapshot(lab, "rep-0")
        seed(lab, "rep-0")
        with ago(lab, seconds):
            small_snapshots(lab, count, seconds // count)
        yield ROUTE

    return make


def small_snapshots(lab: Lab, count: int, seconds: int = 0) -> None:
    """Snapshots with a few bytes in each, `seconds` apart by the source's clock."""
    step = f"date --set @$(($(date +%s) + {seconds})) >/dev/null;" if seconds else ""
    lab.source.run(
        f"set -e; for i in $(seq {count}); do echo $i > /tank/prod/counter;"
        f" zfs snapshot tank/prod@rep-s$i; {step} done",
        timeout=600,
    )
    if seconds:
        lab.source.run(f"date --set @$(($(date +%s) - {seconds * count}))")


SENDING = (
    Fault("not-running", "a day behind", not_running(3 * DAY), "sending"),
    Fault(
        "not-running",
        "20 minutes behind, 5 allowed",
        not_running(40 * 60, "--lag-limit", "5m"),
        "sending",
    ),
    Fault("not-running", "never begun", never_begun, "sending"),
    Fault("no-new-snapshot", "four days old", no_new_snapshot(4 * DAY), "sending"),
    Fault(
        "no-new-snapshot",
        "an hour old, 10 minutes allowed",
        no_new_snapshot(HOUR, "--lag-limit", "10m"),
        "sending",
    ),
    Fault("no-new-snapshot", "only another tool's", another_tool_only, "sending"),
    Fault("no-new-snapshot", "none at all", never_snapshotted, "sending"),
    Fault("not-raw", "a seed runs", not_raw_seed, "sending", bulky=True),
    Fault("not-raw", "an increment runs", not_raw_increment, "sending", bulky=True),
    Fault("not-raw", "a token", not_raw_token, "sending"),
    Fault("plaintext-in-scope", "a child", plaintext("plain"), "sending", core=True),
    Fault("plaintext-in-scope", "a grandchild", plaintext("db/plain"), "sending"),
    Fault(
        "plaintext-in-scope",
        "a volume",
        plaintext("vol", "-o encryption=off -s -V 64M"),
        "sending",
    ),
    Fault("plaintext-in-scope", "the root", plaintext_root, "sending"),
    Fault(
        "full-instead-of-incremental",
        "onto the replica",
        full_onto_the_replica,
        "sending",
        bulky=True,
    ),
    Fault(
        "full-instead-of-incremental",
        "a -R package beside it",
        full_beside("zfs send -w -R tank/prod@rep-2", "backup/anew"),
        "sending",
        bulky=True,
    ),
    Fault("churn", "32 MiB after nights of 100 KiB", churn(0.1, 32, "tank/prod/db"), "sending"),
    Fault("churn", "24 MiB after nights of 1 MiB", churn(1, 24, "tank/prod/app"), "sending"),
    Fault("many-snapshots", "150, one a minute", many_snapshots(150, 150 * 60), "sending"),
    Fault("many-snapshots", "300, one in ten minutes", many_snapshots(300, 2 * DAY), "sending"),
)
