"""A host of a demo as sealift reaches hosts: words are started in its private shell."""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Callable
from pathlib import Path

from sealift.hosts.local import LocalProcess
from sealift.hosts.trouble import Trouble, TroubleError, UnknownKey

_CHUNK = 65536
_KEPT = ("LANG", "TERM", "TZ")  # of our own environment


class DemoTransport:
    """Starts words on one host of a demo. `started` is told the process group of each."""

    def __init__(self, name: str, directory: Path, started: Callable[[int], None]) -> None:
        self.name = name
        self._directory = directory
        self._started = started
        self._open = True

    @property
    def where(self) -> str:
        """The host as routes name it."""
        return f"root@{self.name}"

    @property
    def connected(self) -> bool:
        """Whether the demo still runs."""
        return self._open

    @property
    def environment(self) -> dict[str, str]:
        """What a process on this host finds in its environment."""
        home = self._directory / self.name / "root"
        path = f"{self._directory / self.name / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin"
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        names = {"USER": "root", "LOGNAME": "root", "SHELL": "/bin/sh"}
        return {**kept, **names, "HOME": str(home), "PATH": path}

    async def connect(self) -> None:
        """There is nothing to connect. Raises `TroubleError` once the demo has ended."""
        if not self._open:
            raise TroubleError(Trouble("host-unreachable", self.where, "the demo has ended"))

    async def start(self, words: tuple[str, ...]) -> LocalProcess:
        """Start `words` on the host. Raises `TroubleError`."""
        loop = asyncio.get_running_loop()
        try:
            transport, protocol = await loop.subprocess_exec(
                lambda: SubprocessStreamProtocol(limit=_CHUNK, loop=loop),
                *words,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,
                env=self.environment,
                cwd=self._directory / self.name / "root",
            )
        except (OSError, ValueError) as error:
            raise TroubleError(
                Trouble(
                    "command-failed",
                    self.where,
                    "the command could not be started",
                    "The demo has ended, or this machine has no room for another process.",
                    "Start the demo again.",
                    f"{type(error).__name__}: {error}",
                )
            ) from error
        process = Process(transport, protocol, loop)
        self._started(process.pid)
        return LocalProcess(process, transport)

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        """A demo's hosts have no host keys."""

    async def close(self) -> None:
        """The demo itself is closed by whoever opened it."""
        self._open = False
