"""A host of a demo as sealift reaches hosts: words are started in its private shell."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from sealift.hosts.local import LocalProcess, LocalTransport
from sealift.hosts.trouble import Trouble, TroubleError, UnknownKey

_KEPT = ("LANG", "TERM", "TZ")  # of our own environment


class DemoTransport:
    """Starts words on one host of a demo. `started` is told the process group of each.

    `powered` is whether the host is on; whoever cuts its power says so here.
    """

    def __init__(self, name: str, directory: Path, started: Callable[[int], None]) -> None:
        self.name = name
        self.powered = True
        self._directory = directory
        self._open = True
        self._local = LocalTransport(
            self.environment, directory / name / "root", started, where=self.where
        )

    @property
    def where(self) -> str:
        """The host as routes name it."""
        return f"root@{self.name}"

    @property
    def connected(self) -> bool:
        """Whether the demo still runs, and the host in it."""
        return self._open and self.powered

    @property
    def reached(self) -> bool:
        """Nothing lies between a demo's host taking a connection up and its being usable."""
        return self.connected

    @property
    def environment(self) -> dict[str, str]:
        """What a process on this host finds in its environment."""
        home = self._directory / self.name / "root"
        path = f"{self._directory / self.name / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin"
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        names = {"USER": "root", "LOGNAME": "root", "SHELL": "/bin/sh"}
        # Where `remote/posture.sh` looks for what the host does at boot.
        system = str(self._directory / self.name / "system")
        return {**kept, **names, "HOME": str(home), "PATH": path, "POSTURE_ROOT": system}

    async def connect(self) -> None:
        """There is nothing to connect. Raises `TroubleError` if the demo or its host is off."""
        if not self.connected:
            what = "the demo has ended" if not self._open else "no route to host"
            raise TroubleError(Trouble("host-unreachable", self.where, what))

    async def start(self, words: tuple[str, ...]) -> LocalProcess:
        """Start `words` on the host. Raises `TroubleError`."""
        await self.connect()
        return await self._local.start(words)

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        """A demo's hosts have no host keys."""

    async def close(self) -> None:
        """End what was started here. The demo itself is closed by whoever opened it."""
        self._open = False
        await self._local.close()
