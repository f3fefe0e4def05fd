"""A catch-up that finds nothing to do, from the command to the answer: ours against bzfs's."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from tests.lab.lab import Lab

ROUNDS = 7
_ROUTE = ("root@source:tank/prod", "root@dest:backup/prod")


def measure() -> dict[str, object]:
    """Median seconds of `sealift plan` and of `bzfs` (from PyPI) on three level datasets."""
    with tempfile.TemporaryDirectory() as folder, Lab.start(Path(folder) / "lab") as lab:
        home = Path(folder) / "bzfs"
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin/pip", "install", "--quiet", "bzfs"], check=True)
        lab.fresh_pools()
        lab.make_source_tree(mib=1)
        lab.source.run(
            "zfs snapshot -r tank/prod@rep-1;"
            "zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u backup/prod",
            timeout=120,
        )
        config = lab.ssh_config
        named = Path(shutil.copy(config, Path(folder) / "bzfs_ssh_config"))  # it insists on a name
        ours = [sys.executable, "-m", "sealift", "plan", "--ssh-config", str(config), *_ROUTE]
        theirs = [
            str(home / "bin/bzfs"),
            *_ROUTE,
            "--recursive",
            f"--ssh-src-config-file={named}",
            f"--ssh-dst-config-file={named}",
            "--quiet",
        ]
        seconds = [(_timed(ours), _timed(theirs)) for _ in range(ROUNDS)]
        mine, others = zip(*seconds, strict=True)
        return {
            "sealift plan, median seconds": round(statistics.median(mine), 2),
            "bzfs, median seconds": round(statistics.median(others), 2),
            "rounds (ours, bzfs)": [(round(a, 2), round(b, 2)) for a, b in seconds],
        }


def _timed(argv: list[str]) -> float:
    began = time.perf_counter()
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    if ended.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {ended.stdout}{ended.stderr}")
    return time.perf_counter() - began
