"""Open a demo, and close it without a trace."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sealift.demo.scenarios import Scenario, open_scenario
from sealift.demo.scenarios.scenario import DESTINATION, SOURCE
from sealift.demo.shells.processes import kill_all
from sealift.demo.transport import DemoTransport
from sealift.routes import Location, Purpose, Route

_START = 30.0  # seconds
_CLOSE = 5.0


class DemoError(Exception):
    """The demo could not be started; the message says why."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A command that changed something since the demo began. `at` is seconds since 1970."""

    at: float
    host: str
    text: str


class Demo:
    """Two running hosts. Made by `Demo.open`."""

    def __init__(self, scenario: Scenario, directory: Path, server: Process) -> None:
        self.scenario = scenario
        self.directory = directory
        self._server = server
        self._asking = asyncio.Lock()
        self.source = DemoTransport("nas1", directory, partial(self._started, "nas1"))
        self.destination = DemoTransport("dr1", directory, partial(self._started, "dr1"))
        self.route = Route(
            Location("root", "nas1", SOURCE),
            Location("root", "dr1", DESTINATION),
            name=scenario.name,
            purpose=Purpose.STANDBY if scenario.standby else Purpose.VAULT,
            lag_limit=scenario.lag_limit,
        )

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        name: str = "quiet-night",
        snapshots: int | None = None,
        *,
        frozen: datetime | None = None,
    ) -> AsyncIterator[Demo]:
        """A demo of the scenario of this name; it is gone when the context is left.

        `snapshots` is about how many each side has. `frozen` (aware) is a time that stands still,
        for pictures that are to be equal. Raises `UnknownScenarioError`, `DemoError`.
        """
        at = str(frozen.timestamp()) if frozen else ""
        # The words of a scenario are read here, its world is made in the server.
        scenario, _ = open_scenario(name, 0, (lambda: float(at)) if at else None)
        directory = Path(tempfile.mkdtemp(prefix="sealift-demo-"))
        try:
            with (directory / "log").open("wb") as log:
                server = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "sealift.demo.shells.server",
                    str(directory),
                    name,
                    "" if snapshots is None else str(snapshots),
                    at,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=log,
                    start_new_session=True,
                )
            demo = cls(scenario, directory, server)
            try:
                await demo._wait_ready()
                yield demo
            finally:
                await demo._close()
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def shell(self, host: str) -> Path:
        """A program that opens a shell on a host (`nas1` or `dr1`), or with `-c` runs a script."""
        return self.directory / host / "shell"

    async def mended(self) -> bool:
        """Whether what was wrong is mended."""
        return bool((await self.ask({"mended": True}))["mended"])

    async def deeds(self) -> tuple[Deed, ...]:
        """What was changed since the beginning, oldest first."""
        return tuple(Deed(*each) for each in (await self.ask({"done": True}))["done"])

    async def pace(self, **rates: int | None) -> None:
        """Set rates in bytes a second (None: no limit): `link`, `source`, `destination`."""
        names = {"link": "link.rate", "source": "nas1.read_rate", "destination": "dr1.write_rate"}
        await self.ask({names[name]: rate for name, rate in rates.items()})

    async def connect_link(self, *, up: bool) -> None:
        """Cut or restore the link between the hosts."""
        await self.ask({"link.up": up})

    async def patience(self, **seconds: float) -> None:
        """Set how long ssh waits over a cut link: `patience`, `retries`, `linger` (see `Link`)."""
        await self.ask({f"link.{name}": value for name, value in seconds.items()})

    async def power(self, host: str, *, on: bool) -> None:
        """Cut a host's power, which ends all that runs there, or start it again, keys locked."""
        transport = self.source if host == "nas1" else self.destination
        transport.powered = on
        await self.ask({f"{host}.up": on})

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask the server something. Raises `DemoError` if it is gone."""
        assert self._server.stdin is not None  # noqa: S101 - started with PIPE
        assert self._server.stdout is not None  # noqa: S101 - started with PIPE
        async with self._asking:
            with suppress(ConnectionError):
                self._server.stdin.write(json.dumps(request).encode() + b"\n")
                await self._server.stdin.drain()
            line = await self._server.stdout.readline()
        if not line:
            raise DemoError("the demo's server has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _started(self, host: str, group: int) -> None:
        """Let the server know of a process group at once: it has to end it if we cannot."""
        if self._server.stdin is not None and not self._server.stdin.is_closing():
            request = {"started": group, "host": host}
            self._server.stdin.write(json.dumps(request).encode() + b"\n")

    async def _wait_ready(self) -> None:
        assert self._server.stdout is not None  # noqa: S101 - started with PIPE
        async with asyncio.timeout(_START):
            line = await self._server.stdout.readline()
        if not line:
            why = (self.directory / "log").read_text(errors="replace")
            raise DemoError(f"the demo's server did not start: {why.strip()}")

    async def _close(self) -> None:
        assert self._server.stdin is not None  # noqa: S101 - started with PIPE
        await self.source.close()
        await self.destination.close()
        self._server.stdin.close()
        try:
            async with asyncio.timeout(_CLOSE):
                await self._server.wait()
        except TimeoutError:
            self._server.kill()
            await self._server.wait()
        # The server has done this, unless it was killed; nothing can be started any more.
        kill_all(self.directory)
