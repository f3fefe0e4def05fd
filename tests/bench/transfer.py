"""A job against the same bare pipeline in the same lab, alternating, and what it costs."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.working import working

PAIRS = 5
MIB = 256
TARGET = 0.98
_HALFWAY = 0.5
# Two programs only: the hosts are slow to start one, and the pipeline must not end meanwhile.
_PROCESSES = "cat /proc/[0-9]*/stat 2>/dev/null; echo; ps -A -o pid=,args="


def measure() -> dict[str, object]:
    """Seconds of both, pair by pair, and the median of bare / ours (throughput of ours to bare)."""
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder)) as lab:
        lab.fresh_pools()
        lab.make_source_tree(children=(), mib=MIB)
        lab.source.run("zfs snapshot -r tank/prod@rep-1")
        bare_seconds, ours_seconds, whole_seconds, shares = [], [], [], []
        for number in range(PAIRS):
            bare_seconds.append(_bare(lab, f"backup/bare{number}"))
            ours, whole, share = asyncio.run(_ours(lab, f"backup/ours{number}"))
            ours_seconds.append(ours)
            whole_seconds.append(whole)
            shares.append(share)
        pairs = list(zip(bare_seconds, ours_seconds, strict=True))
        median = statistics.median(bare_seconds)
        return {
            "MiB": MIB,
            "seconds (bare, ours)": [(round(b, 1), round(o, 1)) for b, o in pairs],
            "MB/s, median of bare": round(MIB * 1.048576 / median, 2),
            "median ratio of throughput, ours to bare": round(
                statistics.median(bare / ours for bare, ours in pairs), 3
            ),
            "target": TARGET,
            "median seconds from start to confirmed and anchored": round(
                statistics.median(whole_seconds), 1
            ),
            "median CPU of ours on the coordinator, % of the pipeline's": round(
                statistics.median(shares), 2
            ),
        }


def _bare(lab: Lab, into: str) -> float:
    """The pipeline alone, timed on the source, so that the harness's own ssh does not count."""
    timed = lab.source.run(
        "start=$(date +%s.%N); "
        f"zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u {into}; "
        "echo $(date +%s.%N) $start",
        timeout=600,
    )
    end, start = timed.text.split()
    return float(end) - float(start)


async def _ours(lab: Lab, into: str) -> tuple[float, float, float]:
    """A job as the screen starts it and follows it, with everything that is read beside it.

    Seconds from the runner's start to the end of its pipeline, by the clock of its host; seconds
    from the key to its end, with preview, holds, confirming and reading back; and our CPU time.
    """
    async with working(lab, "root@source:tank/prod", f"root@dest:{into}") as night:
        began = time.perf_counter()
        await night.start()

        def halfway() -> bool:
            return night.job is not None and (night.job.progress.fraction or 0) > _HALFWAY

        await night.until(halfway, "half of it sent", 600)
        share = await asyncio.to_thread(_share, lab)
        job = await night.done(600)
        whole = time.perf_counter() - began
        moments = lab.source.run(f"stat -c %.Y {job.folder}/pid {job.folder}/received").text
        first, last = map(float, moments.split())
        return last - first, whole, share


def _share(lab: Lab) -> float:
    """CPU time of everything of ours on the source, in percent of `zfs send` and its `ssh`.

    Ours are the runner, and our sshd with what it runs or ran: all but the pipeline itself.
    """
    spent: dict[int, float] = {}
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
    (tail,) = (pid for pid, command in words.items() if command.startswith("tail -c +1 -f"))
    sshd = tail
    while not words.get(sshd, "").startswith("sshd: root@"):
        sshd = parents[sshd]
    runners = {pid for pid, command in words.items() if command.startswith("sh ./runner ")}
    ours = set().union(below(sshd), *(below(pid) for pid in runners)) - pipeline
    return 100 * sum(spent.get(pid, 0) for pid in ours) / sum(spent[pid] for pid in pipeline)
