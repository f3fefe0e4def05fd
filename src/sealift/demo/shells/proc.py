"""`cat` of what the kernel of a demo's host shows: files of /proc, among them ZFS's kstats.

Sources: proc(5), `spa_stats.c` and `dmu_tx.c` of OpenZFS; samples recorded in the lab.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sealift.demo.shells.kernel import GROUP, Group, Kernel, uptime
from sealift.demo.shells.processes import Process

CPUS = 4
_HERTZ = 100
_IDLE, _WAITED = 0.985, 0.001  # shares of all CPUs, if nothing runs
_PACKET = 1500
_BLOCK = 128 << 10
_STAT = re.compile(r"/proc/([0-9]+)/stat")


def cat(
    words: Sequence[str],
    kernel: Kernel,
    pool: str,
    processes: Callable[[], Sequence[Process]],
    simulated: Callable[[int], bool],
) -> tuple[str, int]:
    """What `cat` prints of these files of a host, and its exit code.

    Of processes only the host's are there; others that a shell's `*` has found, and that are this
    machine's, are left out. `simulated` tells which have no CPU times but the world's.
    """
    wanted = {int(match[1]) for word in words if (match := _STAT.fullmatch(word))}
    found = [_stat(each, kernel, simulated) for each in processes() if each.pid in wanted]
    files = {
        "/proc/stat": _cpu,
        "/proc/net/dev": _net,
        "/proc/spl/kstat/zfs/dmu_tx": _dmu_tx,
        f"/proc/spl/kstat/zfs/{pool}/txgs": _txgs,
    }
    missing = ""
    for word in words:
        if word in files:
            found.append(files[word](kernel))
        elif not _STAT.fullmatch(word):
            missing = f"cat: {word}: No such file or directory\n"
    return (missing, 1) if missing else ("".join(found), 0)


def _stat(process: Process, kernel: Kernel, simulated: Callable[[int], bool]) -> str:
    """`/proc/PID/stat`."""
    with suppress(OSError):
        text = Path(f"/proc/{process.pid}/stat").read_text(errors="replace")
        state, *numbers = text.rpartition(") ")[2].split()
        numbers[0] = str(process.parent)
        if simulated(process.pid):
            ticks = int(kernel.used(process.pid) * _HERTZ)
            numbers[10:12] = str(ticks // 3), str(ticks - ticks // 3)
        name = process.words[0].rpartition("/")[2].partition(":")[0][:15]
        return f"{process.pid} ({name}) {state} {' '.join(numbers)}\n"
    return ""  # it has ended meanwhile


def _cpu(kernel: Kernel) -> str:
    """`/proc/stat`. What programs use is spread over all CPUs."""
    total, waited = uptime() * _HERTZ, uptime() * _HERTZ * _WAITED
    used = (1 - _IDLE) * total + kernel.cpu * _HERTZ / CPUS
    times = used / 3, 0, used - used / 3, total - used - waited, waited, 0, 0, 0, 0, 0
    lines = [("cpu ", CPUS), *((f"cpu{number}", 1) for number in range(CPUS))]
    shown = [" ".join((name, *(str(int(each * of)) for each in times))) for name, of in lines]
    return "\n".join([*shown, f"btime {int(time.time() - uptime())}", "procs_running 1", ""])


def _net(kernel: Kernel) -> str:
    """`/proc/net/dev`: the link between the hosts is eth1."""
    counts = {"lo": (0, 0), "eth0": (0, 0), "eth1": (kernel.received, kernel.sent)}
    lines = [
        "Inter-|   Receive                                                |  Transmit",
        " face |{}|{}".format(
            "bytes    packets errs drop fifo frame compressed multicast",
            "bytes    packets errs drop fifo colls carrier compressed",
        ),
    ]
    for name, both in counts.items():
        cells = " ".join(f"{size:8} {size // _PACKET:7} 0 0 0 0 0 0" for size in both)
        lines.append(f"{name:>6}: {cells}")
    return "\n".join([*lines, ""])


def _dmu_tx(kernel: Kernel) -> str:
    """`/proc/spl/kstat/zfs/dmu_tx`."""
    counts = {
        "assigned": kernel.writes,
        "delay": 0,
        "error": 0,
        "suspended": 0,
        "group": 0,
        "memory_reserve": 0,
        "memory_reclaim": 0,
        "dirty_throttle": 0,
        "dirty_delay": kernel.delays(),
        "dirty_over_max": 0,
        "dirty_frees_delay": 0,
        "wrlog_delay": 0,
        "quota": 0,
    }
    lines = [
        f"16 1 0x01 {len(counts)} 3536 8132964351 {_ns(uptime())}",
        f"{'name':<31} type data",
        *(f"{f'dmu_tx_{name}':<31} 4    {count}" for name, count in counts.items()),
    ]
    return "\n".join([*lines, ""])


_COLUMNS = {
    "txg": 8, "birth": 16, "state": 5, "ndirty": 12, "nread": 12, "nwritten": 12, "reads": 8,
    "writes": 8, "otime": 12, "qtime": 12, "wtime": 12, "stime": 12,
}  # fmt: skip


def _txgs(kernel: Kernel) -> str:
    """`/proc/spl/kstat/zfs/POOL/txgs`: the newest transaction groups, the last one still open."""
    rows = [_COLUMNS, *_rows(kernel)]
    return "".join(
        " ".join(f"{cell:<{width}}" for cell, width in zip(row, _COLUMNS.values(), strict=True))
        + "\n"
        for row in rows
    )


def _rows(kernel: Kernel) -> Iterator[tuple[object, ...]]:
    for each in kernel.groups:
        yield (*_row(each, "C"), _ns(GROUP), 40_000, 150_000, _ns(each.synced))
    yield (*_row(kernel.open, "O"), 0, 0, 0, 0)


def _row(group: Group, state: str) -> tuple[object, ...]:
    writes = -(-group.size // _BLOCK)
    return group.number, _ns(group.born), state, group.size, 0, group.size, 0, writes


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)
