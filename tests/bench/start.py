"""From the command to the first painted frame, in a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import termios
import time

RUNS = 9
TARGET = 0.7


def measure() -> dict[str, object]:
    """Median and worst seconds to the first frame; and of `--version`, which loads no Textual."""
    seconds_until(["--version"], b"sealift")  # the first run reads everything from the disk
    route = ["root@192.0.2.1:tank/prod", "root@192.0.2.2:backup/prod"]
    screen = sorted(seconds_until(route, b"zpool iostat") for _ in range(RUNS))
    version = sorted(seconds_until(["--version"], b"sealift") for _ in range(RUNS))
    return {
        "first paint, seconds": {
            "median": round(statistics.median(screen), 3),
            "worst": round(screen[-1], 3),
            "target": TARGET,
        },
        "--version, seconds": round(statistics.median(version), 3),
    }


def seconds_until(words: list[str], text: bytes, patience: float = 20) -> float:
    """Seconds from starting sealift with these words to `text` in what it writes."""
    began = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        os.execv(sys.executable, [sys.executable, "-m", "sealift", *words])  # noqa: S606 - ours
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
        seen = b""
        while text not in seen:
            rest = patience - (time.perf_counter() - began)
            if rest <= 0 or not select.select([terminal], [], [], rest)[0]:
                raise TimeoutError(f"{text!r} was not painted within {patience} s")
            seen += os.read(terminal, 65536)
        return time.perf_counter() - began
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
