"""`zpool iostat`: what the disks did, once or a line every so often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from sealift.demo.programs.call import Call
from sealift.demo.programs.numbers import nice, nice_bytes, nice_time
from sealift.demo.programs.options import Options, parse
from sealift.demo.world import tree
from sealift.demo.world.model import Pool, Traffic

_LATENCIES = 11
_QUEUES = 14
_BUSY = 0.9
_BOOTED = 3 * 24 * 3600  # seconds ago


@dataclass(frozen=True, slots=True)
class Line:
    """What a pool did a second, on average over some time. `busy` from 0 to 1, each way."""

    reads: int
    writes: int
    read_bytes: int
    write_bytes: int
    busy_read: float
    busy_write: float


def line(pool: Pool, before: Traffic, seconds: float) -> Line:
    """What happened since `before`."""
    now = pool.traffic
    read = int((now.read_bytes - before.read_bytes) / seconds)
    written = int((now.write_bytes - before.write_bytes) / seconds)
    return Line(
        round((now.read_operations - before.read_operations) / seconds),
        round((now.write_operations - before.write_operations) / seconds),
        read,
        written,
        read / pool.read_rate if pool.read_rate else 0.0,
        written / pool.write_rate if pool.write_rate else 0.0,
    )


async def iostat(call: Call) -> int:
    """Show the traffic of pools."""
    options = parse(call, "c:gLPT:vyhpHlqrwn")
    interval, count = _arguments(call, options.rest)
    pool = call.pool
    before = Traffic()
    seconds = float(_BOOTED)
    if not options.has("H"):
        _head(call, options)
    shown = 0
    skip = options.has("y") and interval is not None
    while True:
        if not skip:
            _show(call, options, pool, line(pool, before, seconds))
            shown += 1
            await call.flush()
            if interval is None or shown == count:
                return 0
        skip = False
        before, seconds = replace(pool.traffic), interval or 1.0
        await asyncio.sleep(seconds)


def _arguments(call: Call, rest: tuple[str, ...]) -> tuple[float | None, int | None]:
    words = list(rest)
    numbers: list[float] = []
    while words and words[-1].replace(".", "", 1).isdigit() and len(numbers) < 2:  # noqa: PLR2004
        numbers.insert(0, float(words.pop()))
    unknown = [word for word in words if word != call.pool.name]
    if unknown and unknown == words:
        call.err("Unable to parse pools/vdevs list.")
        call.fail("", 1)
    if unknown:
        call.err(
            f'Expected either a list of pools, or list of vdevs in "{call.pool.name}", but got:'
        )
        for word in unknown:
            call.err(f"\t{word} (unknown)")
        call.err("")
        call.misuse()
    interval = numbers[0] if numbers else None
    return interval, int(numbers[1]) if len(numbers) > 1 else None


def _show(call: Call, options: Options, pool: Pool, values: Line) -> None:
    allocated = tree.allocated(pool)
    numbers = [
        allocated,
        pool.size - allocated,
        values.reads,
        values.writes,
        values.read_bytes,
        values.write_bytes,
    ]
    exact = options.has("p")
    if exact:
        cells = [str(each) for each in numbers]
    else:
        cells = [*map(nice_bytes, numbers[:2]), *map(nice, numbers[2:])]
    extra: list[int | None] = _latencies(pool, values) if options.has("l") else []
    cells += [str(each) if exact and each is not None else nice_time(each) for each in extra]
    if options.has("q"):
        cells += [str(each) for each in _queues(values)]
    if options.has("H"):
        call.out("\t".join([pool.name, *cells]))
        return
    for name in [pool.name, *([f"  {vdev[0]}" for vdev in pool.vdevs] if options.has("v") else [])]:
        call.out("  ".join([f"{name:<10}", *(f"{cell:>5}" for cell in cells)]))
    if options.has("v"):
        call.out("  ".join(["-" * 10, *("-" * 5 for _ in cells)]))


def _latencies(pool: Pool, values: Line) -> list[int | None]:
    """Total and disk waits, then queues, reads before writes; None where nothing was done."""
    disks: list[int | None] = []
    for operations, busy in (
        (values.reads, values.busy_read),
        (values.writes, values.busy_write),
    ):
        # A disk that is asked for all it can answers ever later.
        slow = 1 / (1 - min(busy, _BUSY)) ** 2
        disks.append(int(pool.wait_ns * slow) if operations else None)
    totals = [each * 3 // 2 if each is not None else None for each in disks]
    queues = [each // 4 if each is not None else None for each in disks]
    return [*totals, *disks, *[None, None], *queues, *([None] * (_LATENCIES - 8))]


def _queues(values: Line) -> list[int]:
    waiting = [int(8 * values.busy_read), int(16 * values.busy_write)]
    queues = [0] * _QUEUES
    queues[4], queues[5] = waiting[0], min(waiting[0], 3)
    queues[6], queues[7] = waiting[1], min(waiting[1], 5)
    return queues


def _head(call: Call, options: Options) -> None:
    heads = ["alloc", "free", "read", "write", "read", "write"]
    groups = "              capacity     operations     bandwidth "
    if options.has("l"):
        heads += ["read", "write"] * 4 + ["wait"] * 3
        groups += "   total_wait     disk_wait    syncq_wait    asyncq_wait  scrub   trim  rebuild"
    call.out(groups)
    call.out("  ".join([f"{'pool':<10}", *(f"{each:>5}" for each in heads)]))
    call.out("  ".join(["-" * 10, *("-" * 5 for _ in heads)]))
