"""States in which nothing is wrong: none of them may be given a name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from ..lab import PASSPHRASE, Lab
from ..working import working
from .access import OP_DEST, OP_SOURCE, WITHOUT_SUDO, allow
from .bottleneck import INCREMENT
from .fault import ROUTE, Healthy, Words
from .making import (
    HOUR,
    ago,
    bulk,
    catch_up,
    flowing,
    level,
    pipeline,
    planted,
    seed,
    snapshot,
    write,
)


@contextmanager
def idle(lab: Lab) -> Iterator[Words]:
    """Seeded and brought up to date by sealift's own jobs."""
    planted(lab, children=("db", "app"))
    snapshot(lab, "rep-1")

    async def nights() -> None:
        async with working(lab) as night:
            await night.start()
            await night.done()
            write(lab, "tank/prod/db", 2)
            snapshot(lab, "rep-2")
            await night.start()
            await night.done()

    asyncio.run(nights())
    yield ROUTE


@contextmanager
def old_but_allowed(lab: Lab) -> Iterator[Words]:
    """Level at a snapshot of yesterday, where two days are allowed."""
    planted(lab)
    with ago(lab, 20 * HOUR):
        snapshot(lab, "rep-1")
    seed(lab)
    yield (*ROUTE, "--lag-limit", "2d")


@contextmanager
def seeding(lab: Lab) -> Iterator[Words]:
    """A first send runs as fast as both hosts can, and will be there in time."""
    bulk(lab)
    with flowing(lab, pipeline()):
        yield (*ROUTE, "--lag-limit", "7d")


@contextmanager
def incrementing(lab: Lab) -> Iterator[Words]:
    """An increment runs as fast as both hosts can, and will be there in time."""
    bulk(lab, seeded=True)
    with flowing(lab, INCREMENT):
        yield (*ROUTE, "--lag-limit", "6h")


@contextmanager
def behind_but_allowed(lab: Lab) -> Iterator[Words]:
    """A snapshot was just taken, and its send has not begun yet."""
    level(lab)
    write(lab, "tank/prod/db", 2)
    snapshot(lab, "rep-2")
    yield (*ROUTE, "--lag-limit", "1h")


@contextmanager
def warm_standby(lab: Lab) -> Iterator[Words]:
    """The replica's key is loaded, which a standby may have."""
    level(lab)
    lab.dest.run("zfs load-key backup/prod", stdin=PASSPHRASE.encode())
    yield (*ROUTE, "--standby")


@contextmanager
def hourly(lab: Lab) -> Iterator[Words]:
    """A day of hourly snapshots, all sent; the pools were scrubbed."""
    planted(lab)
    with ago(lab, 24 * HOUR):
        snapshot(lab, "rep-24")
    for hours in range(23, -1, -1):
        with ago(lab, hours * HOUR):
            write(lab, "tank/prod/db", 0.2)
            snapshot(lab, f"rep-{hours}")
    seed(lab, "rep-0")
    for host, pool in ((lab.source, "tank"), (lab.dest, "backup")):
        host.run(f"zpool scrub -w {pool}", timeout=120)
    yield ROUTE


@contextmanager
def foreign_snapshots(lab: Lab) -> Iterator[Words]:
    """Another tool takes snapshots of the source as well; the route leaves them out."""
    level(lab)
    for number in range(4):
        write(lab, "tank/prod/db", 0.2)
        snapshot(lab, f"autosnap_2025-12-25_0{number}:00:00_hourly")
    yield ROUTE


@contextmanager
def fully_delegated(lab: Lab) -> Iterator[Words]:
    """`op` has every right that the route needs, on both hosts."""
    level(lab)
    allow(lab)
    yield (OP_SOURCE, OP_DEST, *WITHOUT_SUDO, "--per-dataset")


@contextmanager
def locked_source(lab: Lab) -> Iterator[Words]:
    """The source's key is not loaded: a raw send needs none."""
    level(lab)
    write(lab, "tank/prod/db", 1)
    snapshot(lab, "rep-2")
    lab.source.run("zfs unmount -f tank/prod; zfs unload-key -r tank/prod")
    catch_up(lab, "rep-1", "rep-2")
    yield ROUTE


HEALTHY = (
    Healthy("idle and level", idle, core=True),
    Healthy("level, old, allowed", old_but_allowed),
    Healthy("seeding fast", seeding),
    Healthy("an increment runs", incrementing),
    Healthy("behind, allowed", behind_but_allowed),
    Healthy("a warm standby", warm_standby),
    Healthy("a day of hourly snapshots", hourly),
    Healthy("another tool's snapshots", foreign_snapshots),
    Healthy("op with every right", fully_delegated),
    Healthy("the source's key not loaded", locked_source),
)
