"""A catch-up that finds nothing to do, from the command to the answer: ours against bzfs's."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.lab.bzfs import Bzfs
from tests.lab.faults.fault import ROUTE
from tests.lab.lab import Lab

ROUNDS = 7


def measure() -> dict[str, object]:
    """Median seconds of `sealift plan` and of `bzfs` (from PyPI) on three level datasets.

    Both log in anew each time. bzfs leaves its connections open for a while; what a second run
    within that while takes is measured, too.
    """
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder) / "lab") as lab:
        bzfs = Bzfs.install(Path(folder), lab)
        lab.fresh_pools()
        lab.make_source_tree(mib=1)
        lab.source.run(
            "zfs snapshot -r tank/prod@rep-1;"
            "zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u backup/prod",
            timeout=120,
        )
        ours = [
            sys.executable,
            "-m",
            "sealift",
            "plan",
            "--ssh-config",
            str(lab.ssh_config),
            *ROUTE,
        ]
        theirs = bzfs.argv()
        rounds = []
        for _ in range(ROUNDS):
            mine, first = _timed(ours), _timed(theirs)
            rounds.append((mine, first, _timed(theirs)))
            _hang_up()
        medians = [round(statistics.median(each), 2) for each in zip(*rounds, strict=True)]
        return {
            "sealift plan, median seconds": medians[0],
            "bzfs, median seconds": medians[1],
            "bzfs again within 90 s, over the connections it has left open": medians[2],
            "rounds": [tuple(round(each, 2) for each in one) for one in rounds],
        }


def _hang_up() -> None:
    """End the ssh masters that bzfs has left: the next run has to log in again."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            title = (entry / "cmdline").read_bytes()
            if title.startswith(b"ssh: ") and b"/bzfs/" in title and b"[mux]" in title:
                os.kill(int(entry.name), signal.SIGTERM)


def _timed(argv: list[str]) -> float:
    began = time.perf_counter()
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    if ended.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {ended.stdout}{ended.stderr}")
    return time.perf_counter() - began
