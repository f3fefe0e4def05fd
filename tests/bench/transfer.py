"""A job against the same bare pipeline in the same lab, alternating, and what it costs."""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sealift.replication.amount import amount
from tests.lab.lab import Lab
from tests.lab.working import working

PAIRS = 5
MIB = 1024
TARGET, CPU_TARGET = 0.98, 2
_HALFWAY = 0.5
# Two programs only: the hosts are slow to start one.
_LIST = "ps -A -o pid=,args="
_PROCESSES = f"cat /proc/[0-9]*/stat 2>/dev/null; echo; {_LIST}"
_TICKS = 100  # a second, in /proc/PID/stat (proc(5)): the same for all of Debian's kernels


def measure() -> dict[str, object]:
    """Seconds of both, pair by pair, and the median of bare / ours (throughput of ours to bare)."""
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder)) as lab:
        lab.fresh_pools()
        lab.make_source_tree(children=(), mib=MIB)
        lab.source.run("zfs snapshot -r tank/prod@rep-1")
        cost = asyncio.run(_cost(lab, "backup/cost"))
        pairs, whole = [], []
        for number in range(PAIRS):
            bare = _bare(lab, f"backup/bare{number}")
            ours, with_start = asyncio.run(_ours(lab, f"backup/ours{number}"))
            pairs.append((bare, ours))
            whole.append(with_start)
            sys.stderr.write(f"bare {bare:.1f} s, ours {ours:.1f} s, ratio {bare / ours:.3f}\n")
            # Five of them side by side would not fit on the pools.
            lab.dest.run(f"zfs release -r keepforrep backup/ours{number}@rep-1; :")
            lab.dest.run(f"zfs destroy -r backup/bare{number}; zfs destroy -r backup/ours{number}")
        median = statistics.median(bare for bare, _ in pairs)
        return {
            "MiB": MIB,
            "seconds (bare, ours)": [(round(b, 1), round(o, 1)) for b, o in pairs],
            "MB/s, median of bare": round(MIB * 1.048576 / median, 2),
            "median ratio of throughput, ours to bare": round(
                statistics.median(bare / ours for bare, ours in pairs), 3
            ),
            "target of the ratio": TARGET,
            "median seconds from start to confirmed and anchored": round(
                statistics.median(whole), 1
            ),
            "CPU of ours on the coordinator while it sends, % of the pipeline's": round(
                cost.sending, 2
            ),
            "target of the CPU, %": CPU_TARGET,
            "CPU of ours there before the first byte, once, s": round(cost.starting, 2),
        }


def _bare(lab: Lab, into: str) -> float:
    """The pipeline alone, timed on the source, so that the harness's own ssh does not count."""
    timed = lab.source.run(
        "start=$(date +%s.%N); "
        f"zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u {into}; "
        "echo $(date +%s.%N) $start",
        timeout=1200,
    )
    end, start = timed.text.split()
    return float(end) - float(start)


async def _ours(lab: Lab, into: str) -> tuple[float, float]:
    """A job as the screen starts it and follows it, with everything that is read beside it.

    Seconds from the runner's start to the end of its pipeline, by the clock of its host; and
    seconds from the key to its end, with preview, holds, confirming and reading back.
    """
    async with working(lab, "root@source:tank/prod", f"root@dest:{into}") as night:
        began = time.perf_counter()
        await night.start()
        job = await night.done(1200)
        whole = time.perf_counter() - began
        moments = lab.source.run(f"stat -c %.Y {job.folder}/pid {job.folder}/received").text
        first, last = map(float, moments.split())
        return last - first, whole


@dataclass(frozen=True)
class Cost:
    """CPU time of everything of ours on the coordinator.

    `starting`: seconds from the operator's key to the pipeline's first byte (readings, preview,
    holds, the runner); `sending`: percent of the pipeline's from then until half was sent.
    """

    starting: float
    sending: float


async def _cost(lab: Lab, into: str) -> Cost:
    """What a job costs that is followed on a screen; a run of its own, for measuring costs, too."""
    async with working(lab, "root@source:tank/prod", f"root@dest:{into}") as night:
        await night.until(lambda: night.watch.picture.comparison is not None, "both sides read")
        reading = await asyncio.to_thread(_spent, lab)
        await night.start()
        begun = await asyncio.to_thread(_spent, lab)

        def halfway() -> bool:
            return night.job is not None and (amount(night.job).fraction or 0) > _HALFWAY

        await night.until(halfway, "half of it sent", 1200)
        later = await asyncio.to_thread(_spent, lab)
        assert night.job is not None
        await night.changes.cancel(night.job)
    lab.dest.run(f"zfs receive -A {into}; :")
    ours, pipeline = (after - before for before, after in zip(begun, later, strict=True))
    return Cost((begun[0] - reading[0]) / _TICKS, 100 * ours / pipeline)


def _spent(lab: Lab) -> tuple[int, int]:
    """Ticks of CPU that everything of ours on the source has spent, and `zfs send` and its `ssh`.

    Ours are the runner, and our sshd with what it runs or ran: all but the pipeline itself. The
    session that asks is the harness's own.
    """
    spent: dict[int, int] = {}
    parents: dict[int, int] = {}
    words: dict[int, str] = {}
    stats, _, listed = (
        lab.source.run(_PROCESSES).stdout.decode("utf-8", "replace").partition("\n\n")
    )
    for line in stats.splitlines():
        numbers, _, rest = line.rpartition(") ")
        pid = int(numbers.split(" ", 1)[0])
        _, parent, *fields = rest.split()
        parents[pid] = int(parent)
        spent[pid] = sum(map(int, fields[9:13]))  # utime, stime, cutime, cstime
    for line in listed.splitlines():
        number, _, command = line.strip().partition(" ")
        words[int(number)] = command.strip()

    def below(root: int) -> set[int]:
        found = {root}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found

    pipeline = {
        pid for pid, command in words.items() if command.startswith(("zfs send -w", "ssh -S none"))
    }
    asking = next(pid for pid, command in words.items() if command == _LIST)
    sessions = {pid for pid, command in words.items() if command.startswith("sshd: root@")}
    ours_there = {pid for pid in sessions if asking not in below(pid)}
    runners = {pid for pid, command in words.items() if command.startswith("sh ./runner ")}
    ours = set().union(*(below(pid) for pid in ours_there | runners)) - pipeline
    return sum(spent.get(pid, 0) for pid in ours), sum(spent[pid] for pid in pipeline)
