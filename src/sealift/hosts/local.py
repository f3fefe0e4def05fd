"""This machine as a host."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process, SubprocessStreamProtocol
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sealift.hosts.trouble import Trouble, TroubleError, UnknownKey

_CHUNK = 65536


class LocalTransport:
    """Starts commands on this machine, each in a session of its own.

    They get our own environment and directory unless `environment` and `directory` say otherwise;
    `started` is told the process group of each. `where` is what the user knows this machine as.
    """

    connected = True
    reached = True

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        started: Callable[[int], None] | None = None,
        *,
        where: str = "this machine",
    ) -> None:
        self.where = where
        self._environment = environment
        self._directory = directory
        self._started = started
        self._running: list[LocalProcess] = []
        self._starting = asyncio.Lock()  # so that `close` misses nothing that is just starting

    async def connect(self) -> None:
        """There is nothing to connect."""

    async def start(self, words: tuple[str, ...]) -> LocalProcess:
        """Start `words`; `sh` is the first of them, so a missing program is its exit 127."""
        async with self._starting:
            started = await self._start(words)
            self._running = [each for each in self._running if each.process.returncode is None]
            self._running.append(started)
        return started

    async def _start(self, words: tuple[str, ...]) -> LocalProcess:
        loop = asyncio.get_running_loop()
        try:
            # As asyncio.create_subprocess_exec does it; but that keeps the transport for itself,
            # and without it pipes that nobody reads any more could not be closed.
            transport, protocol = await loop.subprocess_exec(
                lambda: SubprocessStreamProtocol(limit=_CHUNK, loop=loop),
                *words,
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,
                env=self._environment,
                cwd=self._directory,
            )
        except (OSError, ValueError) as error:
            raise TroubleError(
                Trouble(
                    "command-failed",
                    self.where,
                    "the command could not be started",
                    "It is too long, or this machine has no room for another process.",
                    "Read what the system said, below.",
                    f"{type(error).__name__}: {error}",
                )
            ) from error
        process = Process(transport, protocol, loop)
        if self._started is not None:
            self._started(process.pid)
        return LocalProcess(process, transport)

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        """This machine has no host key."""

    async def close(self) -> None:
        """End what still runs."""
        async with self._starting:
            for each in self._running:
                each.close()
                await each.wait()


@dataclass(frozen=True, slots=True)
class LocalProcess:
    """A command on this machine."""

    process: Process
    transport: asyncio.SubprocessTransport

    async def write(self, data: bytes | bytearray) -> None:
        """Hand `data` to the command. One that reads no further is no error."""
        assert self.process.stdin is not None  # noqa: S101 - started with PIPE above
        with suppress(ConnectionError):
            self.process.stdin.write(data)
            await self.process.stdin.drain()

    async def read_stdout(self) -> bytes:
        """The next bytes of stdout, `b""` at its end."""
        assert self.process.stdout is not None  # noqa: S101 - started with PIPE above
        return await self.process.stdout.read(_CHUNK)

    async def read_stderr(self) -> bytes:
        """The next bytes of stderr, `b""` at its end."""
        assert self.process.stderr is not None  # noqa: S101 - started with PIPE above
        return await self.process.stderr.read(_CHUNK)

    async def wait(self) -> int:
        """The exit code; 128 + n after signal n, as a shell has it."""
        code = await self.process.wait()
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """Close the pipes, stdin among them, which ends the command (`remote/watch.sh`)."""
        self.transport.close()
