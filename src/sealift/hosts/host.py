"""The one door: every process on every host is started by `Host.run`."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sealift import remote
from sealift.hosts.command_log import CommandLog
from sealift.hosts.elevation import Elevation
from sealift.hosts.gate import Gate
from sealift.hosts.process import Process, Transport
from sealift.hosts.trouble import Trouble, TroubleError, UnknownKey, slow_login
from sealift.zfs.commands import Command

CHANNELS = 6  # sshd's MaxSessions is 10 by default; others use this host too
DEADLINE = 30.0
STDERR_KEPT = 64 * 1024
STDOUT_KEPT = 256 * 1024 * 1024  # a million snapshots fit; a host that says more is not believed
_PAUSES = (0, 1, 2, 4, 8, 15, 30)
_PAUSE_DENIED = 300  # logins that fail again and again get an address banned (fail2ban, sshguard)
_STEADY = timedelta(seconds=30)

Sink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended. `stdout` is empty if it went to a sink, `stderr` its last 64 KiB."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it exited with 0."""
        return self.exit_code == 0


@dataclass(frozen=True, slots=True)
class Connection:
    """How things stand with a host. `retry_at` (aware) is when the next try may be made."""

    connected: bool
    since: datetime
    attempt: int = 0
    trouble: Trouble | None = None
    retry_at: datetime | None = None


def utc_now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


class Host:
    """A host that commands are run on, through the gate and into the log."""

    def __init__(
        self,
        transport: Transport,
        gate: Gate,
        log: CommandLog,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._transport = transport
        self._gate = gate
        self._log = log
        self._clock = clock
        self._channels = asyncio.Semaphore(CHANNELS)
        self._connecting: asyncio.Task[None] | None = None
        self._attempt = 0
        self._error: TroubleError | None = None
        self._state = Connection(connected=transport.connected, since=clock())
        self.elevation = Elevation.NONE

    @property
    def where(self) -> str:
        """The host as the user named it."""
        return self._transport.where

    @property
    def read_only(self) -> bool:
        """Whether the gate lets only reads through."""
        return self._gate.read_only

    @property
    def connection(self) -> Connection:
        """How things stand now; a connection that went away meanwhile is noticed here."""
        if self._state.connected and not self._transport.connected:
            if self._clock() - self._state.since >= _STEADY:
                self._attempt = -1
            self._disconnected(
                TroubleError(Trouble("host-unreachable", self.where, "the connection was lost"))
            )
        return self._state

    @property
    def logging_in(self) -> bool:
        """Whether the host took up a connection whose login has not ended yet."""
        return self._connecting is not None and self._transport.reached

    def check(self, command: Command) -> None:
        """Raise `TroubleError` if the gate would refuse it, as `run` does."""
        self._gate.check(command, self.where)

    async def run(
        self,
        command: Command,
        *,
        deadline: float | None = DEADLINE,
        stdin: bytes | bytearray = b"",
        on_stdout: Sink | None = None,
        on_stderr: Sink | None = None,
    ) -> Result:
        """Run one command to its end and give what it said. `stdin` is never logged.

        A secret comes as a `bytearray`, which its owner overwrites once this has returned.

        `deadline` in seconds covers connecting, too; None is for a command that is watched and
        ended by its caller (a transfer, `zpool iostat`), which the connection's keepalive bounds.
        Output goes to the sinks as it comes, if there are any. Whoever cancels this coroutine ends
        the command on its host. Raises `TroubleError` if the gate refuses, the host cannot be
        reached or is lost, or the deadline passes; an exit code other than 0 is not an exception.
        """
        self.check(command)
        limit = asyncio.timeout(deadline)
        try:
            async with limit, self._channels:
                await self._ensure_connected()
                return await self._run(command, deadline, stdin, on_stdout, on_stderr)
        except TimeoutError:
            if not limit.expired():
                raise
            raise TroubleError(self._too_slow(command, deadline)) from None

    async def _run(
        self,
        command: Command,
        deadline: float | None,
        stdin: bytes | bytearray,
        on_stdout: Sink | None,
        on_stderr: Sink | None,
    ) -> Result:
        loop = asyncio.get_running_loop()
        began = loop.time()
        number = self._log.start(command, self.where, self._clock())
        stdout = _Output(self.where, on_stdout)
        stderr = _Output(self.where, on_stderr, keep=STDERR_KEPT)
        code: int | None = None
        note = ""
        try:
            process = await self._start(command, deadline, len(stdin))
            try:
                await _all(
                    process.write(stdin),
                    stdout.drain(process.read_stdout),
                    stderr.drain(process.read_stderr),
                )
                code = await process.wait()
            finally:
                process.close()
        except asyncio.CancelledError:
            note = "ended: not waited for any longer"
            raise
        except TroubleError as error:
            note = error.trouble.what
            raise
        except BaseException as error:
            note = f"ended: {type(error).__name__}"
            raise
        finally:
            self._log.end(number, loop.time() - began, code, stdout.count, note)
        return Result(code, stdout.kept(), stderr.kept(), loop.time() - began)

    async def _start(self, command: Command, deadline: float | None, size: int) -> Process:
        limit = 0 if deadline is None else math.ceil(deadline) + 5
        watch = remote.argv("watch.sh", str(limit), str(size))
        words = (*watch, self.elevation.value, *command.argv)
        starting = asyncio.ensure_future(self._transport.start(words))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            # It may have started all the same, and nobody would be left to end it.
            starting.add_done_callback(_close_late)
            raise

    def _too_slow(self, command: Command, deadline: float | None) -> Trouble:
        if self.logging_in:
            return slow_login(self.where, f"within {deadline:.0f} s", command.text())
        if not self.connection.connected:
            return Trouble(
                "host-unreachable",
                self.where,
                f"no answer to the connection within {deadline:.0f} s",
                "The host is down, its network is, or a firewall drops what we send.",
                f"Check that `ssh {self.where}` works from this machine.",
                command.text(),
            )
        return Trouble(
            "host-unreachable",
            self.where,
            f"no answer within {deadline:.0f} s",
            "The host or its ZFS is very slow, or hangs. The command was ended there.",
            "Try again; look at `zpool status` and at the load of the host.",
            command.text(),
        )

    async def _ensure_connected(self) -> None:
        state = self.connection
        if state.connected:
            return
        if self._connecting is None:
            paused = state.retry_at is not None and self._clock() < state.retry_at
            if self._error is not None and paused:
                raise self._error.with_traceback(None)
            # A task of its own: whoever waits for it may give up without spoiling it for others.
            self._connecting = asyncio.create_task(self._connect())
        await asyncio.shield(self._connecting)
        if self._error is not None:
            raise self._error.with_traceback(None)

    async def _connect(self) -> None:
        try:
            await self._transport.connect()
            self._error = None
            self._state = Connection(connected=True, since=self._clock())
        except TroubleError as error:
            self._disconnected(error)
        except asyncio.CancelledError:
            self._disconnected(
                TroubleError(Trouble("host-unreachable", self.where, "the connection was closed"))
            )
        finally:
            self._connecting = None

    def _disconnected(self, error: TroubleError) -> None:
        now = self._clock()
        self._attempt += 1
        pause = _PAUSES[min(self._attempt, len(_PAUSES) - 1)]
        if error.trouble.finding == "authentication-failed":
            pause = _PAUSE_DENIED
        self._error = error
        self._state = Connection(
            connected=False,
            since=now if self._state.connected else self._state.since,
            attempt=self._attempt,
            trouble=error.trouble,
            retry_at=now + timedelta(seconds=pause),
        )

    def retry_now(self) -> None:
        """Let the next command try to connect at once, whatever pause is running."""
        if not self.connection.connected:
            self._attempt = 0
            self._state = replace(self._state, attempt=0, retry_at=self._clock())

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        """Trust a key that the operator accepted, and connect at the next call.

        To remember it writes known_hosts. Raises `TroubleError` if the gate refuses that, and then
        nothing is trusted; `OSError` if it fails, and then it is trusted for now.
        """
        if remember:
            self._gate.check_writing(key.file, "a host key that is trusted from now on")
        self._transport.accept(key, remember=remember)
        self.retry_now()

    async def close(self) -> None:
        """End the connection, and with it whatever runs on the host."""
        if self._connecting is not None:
            self._connecting.cancel()
        await self._transport.close()


class _Output:
    """Takes a stream to its sink, or keeps it (the last `keep` bytes if that is given)."""

    def __init__(self, where: str, sink: Sink | None, keep: int | None = None) -> None:
        self._where = where
        self._sink = sink
        self._keep = keep
        self._data = bytearray()
        self.count = 0

    async def drain(self, read: Callable[[], Awaitable[bytes]]) -> None:
        while data := await read():
            self.count += len(data)
            if self._sink is not None:
                self._sink(data)
            if self._sink is None or self._keep is not None:
                self._data += data
            if self._keep is not None and len(self._data) > self._keep:
                del self._data[: -self._keep]
            if len(self._data) > STDOUT_KEPT:
                raise TroubleError(
                    Trouble(
                        "command-failed",
                        self._where,
                        f"its answer is longer than {STDOUT_KEPT // 2**20} MiB",
                    )
                )

    def kept(self) -> bytes:
        return bytes(self._data)


async def _all(*parts: Coroutine[None, None, None]) -> None:
    """Wait for all; if one fails, no other is left behind."""
    tasks = [asyncio.ensure_future(each) for each in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _close_late(starting: asyncio.Task[Process]) -> None:
    if not starting.cancelled() and starting.exception() is None:
        starting.result().close()
