"""sealift on a machine that is reached over a slow link: 200 ms there and back, 256 kbit/s.

An SSH server with a pseudo-terminal runs `sealift demo slow-link` (the link between the demo's
hosts is another one). Its client comes through a proxy that shapes each way. What is measured is
what a person feels: from a key to the first and to the last byte of what it brings up.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import statistics
import struct
import sys
import tempfile
import termios
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import asyncssh

RATE, ONE_WAY = 256_000 // 8, 0.1  # bytes a second, seconds
_PACKET = 1460
_COLUMNS, _ROWS = 120, 36
ROUNDS, QUIET = 7, 60.0
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class _Key:
    """A key, and what the first and the last part of its answer say."""

    name: str
    sent: bytes
    first: bytes
    last: bytes


_REVERSE = b"7;38;5;"  # how the row under the cursor is written
_KEYS = (
    _Key("down", b"\x1b[B", _REVERSE, _REVERSE),
    _Key("help", b"?", b"Help", b"esc back"),
    _Key("back from help", b"\x1b", b"SEALED", b"more"),
    _Key("jobs", b"j", b"Jobs", b"more"),
    _Key("back from jobs", b"\x1b", b"SEALED", b"more"),
)


def measure() -> dict[str, object]:
    """Seconds from a key to the answer, and bytes a second while nothing is pressed."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, object]:
    async with _terminal() as terminal:
        began = asyncio.get_running_loop().time()
        await terminal.until(b"Begin")
        started = asyncio.get_running_loop().time() - began
        await terminal.press(b"\r", b"rep-")
        idle = await _steady(terminal)
        await terminal.press(b"s", b"Start")
        await terminal.press(b"\t\t\r", b"% ")
        await terminal.until(b"left")
        keys: dict[str, list[tuple[float, float]]] = {each.name: [] for each in _KEYS}
        for _ in range(ROUNDS):
            for key in _KEYS:
                keys[key.name].append(await terminal.press(key.sent, key.first, key.last))
        sending = await _steady(terminal)
    return {
        "first screen, log-in included, seconds": round(started, 2),
        "seconds from a key to the first and the last of its answer, median and worst": {
            name: [
                [round(statistics.median(each), 2), round(max(each), 2)]
                for each in zip(*times, strict=True)
            ]
            for name, times in keys.items()
        },
        "bytes a second, idle": idle,
        "bytes a second, a transfer in motion": sending,
    }


async def _steady(terminal: _Terminal) -> dict[str, float]:
    """What comes while nothing is pressed: to the terminal, and with SSH's part on the wire."""
    written, wire = terminal.written, terminal.link.carried
    await asyncio.sleep(QUIET)
    return {
        "terminal": round((terminal.written - written) / QUIET),
        "wire": round((terminal.link.carried - wire) / QUIET),
    }


@dataclass
class _Link:
    """A proxy to a port. `carried` counts the bytes that came from there."""

    port: int
    carried: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry a connection both ways."""
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(
            self._carry(reader, back, count=False), self._carry(there, writer, count=True)
        )
        self.ended.set()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, count: bool
    ) -> None:
        loop = asyncio.get_running_loop()
        flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        landing = asyncio.create_task(_land(flying, writer))
        free = 0.0  # when the wire can take the next packet
        while data := await reader.read(_PACKET):
            self.carried += len(data) if count else 0
            free = max(free, loop.time()) + len(data) / RATE
            await asyncio.sleep(free - loop.time())
            flying.put_nowait((free + ONE_WAY, data))
        flying.put_nowait((loop.time(), b""))
        await landing


async def _land(flying: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while True:
        at, data = await flying.get()
        if not data:
            return writer.close()
        await asyncio.sleep(at - loop.time())
        writer.write(data)


@dataclass
class _Terminal:
    """The client's end. `written` counts what came to it."""

    process: asyncssh.SSHClientProcess[bytes]
    link: _Link
    written: int = 0
    _seen: bytes = b""

    async def read(self) -> None:
        """Take what comes, until the end."""
        while data := await self.process.stdout.read(65536):
            self.written += len(data)
            self._seen += data

    async def until(self, *texts: bytes) -> list[float]:
        """Wait for texts, one after the other; when each had come, by the loop's clock."""
        loop, at, times = asyncio.get_running_loop(), 0, []
        async with asyncio.timeout(_PATIENCE):
            for text in texts:
                while (found := self._seen.find(text, at)) < 0:  # noqa: ASYNC110 - a measurement
                    await asyncio.sleep(0.005)
                at = found + len(text)
                times.append(loop.time())
        return times

    async def press(self, key: bytes, *texts: bytes) -> tuple[float, float]:
        """Press a key; seconds until the first and until the last of these texts."""
        self._seen = b""
        began = asyncio.get_running_loop().time()
        self.process.stdin.write(key)
        times = await self.until(*texts)
        # What still comes belongs to this key, not to the next.
        await asyncio.sleep(1)
        return times[0] - began, times[-1] - began


@asynccontextmanager
async def _terminal() -> AsyncIterator[_Terminal]:
    """The program on a terminal at the far end of the slow link."""
    async with AsyncExitStack() as stack:
        key = asyncssh.generate_private_key("ssh-ed25519")
        acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            authorized_client_keys=asyncssh.import_authorized_keys(
                key.export_public_key("openssh").decode()
            ),
            process_factory=_run,
            encoding=None,
            line_editor=False,
        )
        stack.callback(acceptor.close)
        link = _Link(acceptor.get_port())
        proxy = await asyncio.start_server(link.serve, "127.0.0.1", 0, limit=_PACKET)
        stack.callback(proxy.close)
        stack.push_async_callback(link.ended.wait)
        connection = await stack.enter_async_context(
            asyncssh.connect(
                "127.0.0.1",
                proxy.sockets[0].getsockname()[1],
                known_hosts=None,  # it is our own server, in this process
                client_keys=[key],
                username="op",
                config=None,
                agent_path=None,
            )
        )
        process = await connection.create_process(
            term_type="xterm-256color", term_size=(_COLUMNS, _ROWS), encoding=None
        )
        terminal = _Terminal(process, link)
        reading = asyncio.create_task(terminal.read())
        try:
            yield terminal
        finally:
            reading.cancel()
            process.close()


async def _run(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """Run the program on a pseudo-terminal, as sshd does."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    clean = {k: v for k, v in os.environ.items() if k not in {"COLORTERM", "NO_COLOR"}}
    with tempfile.TemporaryDirectory() as state:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sealift",
            "demo",
            "slow-link",
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**clean, "TERM": "xterm-256color", "XDG_STATE_HOME": state},
            start_new_session=True,
        )
        os.close(theirs)
        try:
            await process.redirect(stdin=ours, stdout=os.dup(ours))
            await process.wait_closed()
        finally:
            if child.returncode is None:
                child.terminate()
            await child.wait()
