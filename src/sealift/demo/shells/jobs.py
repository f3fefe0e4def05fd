"""The processes of a demo: which there are, and that none outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from sealift.demo.shells.processes import Process, found, kill_all
from sealift.demo.shells.session import Hello

_SWEEP = 1.0  # seconds
_INIT = 1  # whose children the daemons are
_SSH_FACTS = 3  # what `ssh` says of itself before the words that were typed


class Jobs:
    """Knows the sessions that were started for the demo, and the programs that are connected.

    A program may run in a group that is not the demo's (somebody's own script): of those only the
    program itself is ended, and what it started with the demo's HOME or PATH.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._groups: dict[int, str] = {}
        self._programs: dict[int, tuple[Hello, float]] = {}
        self._own: set[asyncio.subprocess.Process] = set()

    def add(self, group: int, host: str) -> None:
        """A process group that was started for the demo, on this host."""
        self._groups[group] = host

    def connected(self, hello: Hello) -> None:
        """A program of the demo runs."""
        if hello.program != "link":  # that is another connection of an ssh
            self._programs[hello.pid] = hello, time.monotonic()

    def disconnected(self, hello: Hello) -> None:
        """It has ended, or is about to."""
        if hello.program != "link":
            self._programs.pop(hello.pid, None)

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
        self.add(process.pid, host)
        self._own.add(process)

    async def sweep(self) -> None:
        """Forget groups that are gone, before their number can be someone else's."""
        while True:
            await asyncio.sleep(_SWEEP)
            self._groups = {group: host for group, host in self._groups.items() if _there(group)}
            self._own = {process for process in self._own if process.returncode is None}

    def on(self, host: str) -> tuple[Process, ...]:
        """What runs on a host, by process id: the simulated programs under their own names."""
        known = {each.pid: each for each in found(self._directory)}
        now = time.monotonic()
        for pid, (hello, since) in self._programs.items():
            there = known.get(pid)
            parent = there.parent if there else hello.parent
            if hello.program == "sshd":
                parent = _INIT
            seconds = there.seconds if there else int(now - since)
            known[pid] = Process(hello.host, pid, parent, seconds, _words(hello))
        return tuple(known[pid] for pid in sorted(known) if known[pid].host == host)

    def simulated(self, pid: int) -> bool:
        """Whether a process is one of the demo's own programs."""
        return pid in self._programs

    def end(self, host: str) -> None:
        """Kill whatever runs on one host, as when its power is cut."""
        for group in [group for group, where in self._groups.items() if where == host]:
            _kill_group(group)
        for pid, (hello, _) in self._programs.items():
            if hello.host == host:
                _kill(pid)
        # An sshd is forked from a client on another host, whose environment it still shows.
        elsewhere = {pid for pid, (hello, _) in self._programs.items() if hello.host != host}
        kill_all(self._directory, host, elsewhere)

    def end_all(self) -> None:
        """Kill what is left."""
        for group in self._groups:
            _kill_group(group)
        for program in self._programs:
            _kill(program)
        kill_all(self._directory)


def _words(hello: Hello) -> tuple[str, ...]:
    """The arguments of a program as `ps` shows them."""
    match hello.program:
        case "sshd":
            return ("sshd: root@notty",)
        case "ssh":
            return "ssh", *hello.words[_SSH_FACTS:]
    return hello.program, *hello.words


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    return True
