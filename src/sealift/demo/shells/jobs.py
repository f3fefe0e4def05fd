"""The process groups of a demo, so that none outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

_SWEEP = 1.0  # seconds


class Jobs:
    """Knows the sessions that were started for the demo, and the programs that are connected.

    A program may run in a group that is not the demo's (somebody's own script): of those only the
    program itself is ended.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._groups: set[int] = set()
        self._programs: set[int] = set()
        self._own: set[asyncio.subprocess.Process] = set()

    def add(self, group: int) -> None:
        """A process group that was started for the demo."""
        self._groups.add(group)

    def connected(self, program: int) -> None:
        """A program of the demo runs, under this process id."""
        self._programs.add(program)

    def disconnected(self, program: int) -> None:
        """It has ended, or is about to."""
        self._programs.discard(program)

    async def run(self, host: str, script: str) -> None:
        """Run a script in a shell of a host, and leave it running."""
        process = await asyncio.create_subprocess_exec(
            self._directory / host / "shell",
            "-c",
            script,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        self._groups.add(process.pid)
        self._own.add(process)

    async def sweep(self) -> None:
        """Forget groups that are gone, before their number can be someone else's."""
        while True:
            await asyncio.sleep(_SWEEP)
            self._groups = {group for group in self._groups if _there(group)}
            self._own = {process for process in self._own if process.returncode is None}

    def end_all(self) -> None:
        """Kill what is left."""
        for group in self._groups:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        for program in self._programs:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(program, signal.SIGKILL)


def _there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True
