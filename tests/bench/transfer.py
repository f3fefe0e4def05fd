"""Our send against the same bare pipeline, in the same lab, alternating."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.opening import open_host
from sealift.replication.picture import Picture
from sealift.replication.transfer import TransferState
from sealift.replication.watch import RouteWatch
from sealift.routes import Location, Route
from tests.lab.lab import Lab

PAIRS = 5
MIB = 256
TARGET = 0.97


def measure() -> dict[str, object]:
    """Seconds of both, pair by pair, and the median of bare / ours (throughput of ours to bare)."""
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder)) as lab:
        lab.fresh_pools()
        lab.make_source_tree(children=(), mib=MIB)
        lab.source.run("zfs snapshot -r tank/prod@rep-1")
        pairs = []
        for number in range(PAIRS):
            bare = _bare(lab, f"backup/bare{number}")
            ours = asyncio.run(_ours(lab, f"backup/ours{number}"))
            pairs.append((round(bare, 2), round(ours, 2)))
        return {
            "seconds (bare, ours)": pairs,
            "MB/s, median of bare": round(
                MIB * 1.048576 / statistics.median(b for b, _ in pairs), 2
            ),
            "median ratio of throughput, ours to bare": round(
                statistics.median(bare / ours for bare, ours in pairs), 3
            ),
            "target": TARGET,
        }


def _bare(lab: Lab, into: str) -> float:
    """The pipeline alone, timed on the source, so that the harness's own ssh does not count."""
    timed = lab.source.run(
        "start=$(date +%s.%N); "
        f"zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u {into}; "
        "echo $(date +%s.%N) $start",
        timeout=300,
    )
    end, start = timed.text.split()
    return float(end) - float(start)


async def _ours(lab: Lab, into: str) -> float:
    """A send as the screen starts it, with everything that the screen reads beside it."""
    gate, log = Gate(), CommandLog()
    route = Route(Location.parse("root@source:tank/prod"), Location.parse(f"root@dest:{into}"))
    hosts = [
        open_host(each, gate, log, lab.ssh_config) for each in (route.source, route.destination)
    ]
    watch = RouteWatch(route, *hosts)
    moments: list[float] = []
    over = asyncio.Event()

    def look(picture: Picture) -> None:
        if picture.transfer is None:
            return
        if not moments:
            moments.append(time.perf_counter())
        if picture.transfer.state is not TransferState.SENDING and not over.is_set():
            moments.append(time.perf_counter())
            over.set()

    watch.subscribe(look)
    reading = asyncio.create_task(watch.run())
    try:
        shown = await watch.preview()
        await watch.start(shown)
        await asyncio.wait_for(over.wait(), 300)
        took = moments[1] - moments[0]
        transfer = watch.picture.transfer
        if transfer is None or transfer.state is TransferState.FAILED:
            raise RuntimeError(f"the send failed: {transfer and transfer.trouble}")
        return took
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await asyncio.gather(*(host.close() for host in hosts))
