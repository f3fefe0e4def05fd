"""The server's side of one program that runs in a shell of the demo."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from sealift.demo.programs import sending
from sealift.demo.programs.accepting import RefusedError
from sealift.demo.programs.call import Call
from sealift.demo.programs.dispatch import answer
from sealift.demo.programs.holding import settle
from sealift.demo.programs.numbers import nice
from sealift.demo.programs.receiving import Receiver, asked
from sealift.demo.shells import wire
from sealift.demo.shells.kernel import RECEIVE, SEND, Kernel
from sealift.demo.shells.pacing import Pace
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Host, Snapshot, World
from sealift.demo.world.stream import Begin, Package

_LIMIT = 64 << 20  # no message is longer; the package of a large tree is megabytes


class ProtocolError(Exception):
    """A program said something that it cannot have been asked for."""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a program says of itself. `terminals` are those of stdin, stdout, stderr."""

    host: str
    program: str
    pid: int
    parent: int
    terminals: tuple[bool, bool, bool]
    words: tuple[str, ...]

    @classmethod
    def read(cls, data: bytes) -> Hello:
        """Read it from the first message."""
        host, program, pid, parent, terminals, *words = data.decode(
            "utf-8", "surrogateescape"
        ).split("\0")
        flags = tuple(each == "1" for each in terminals)
        return cls(
            host, program, int(pid), int(parent), (flags[0], flags[1], flags[2]), tuple(words)
        )


class Channel:
    """Messages to and from one program."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._come: asyncio.Queue[tuple[bytes, bytes]] = asyncio.Queue()

    async def pump(self) -> None:
        """Take in messages until the program is gone."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await self._reader.readexactly(5)
                size = int.from_bytes(head[1:], "big")
                if size > _LIMIT:
                    raise ProtocolError(f"{size} bytes")
                self._come.put_nowait((head[:1], await self._reader.readexactly(size)))

    def put(self, letter: bytes, data: bytes = b"") -> None:
        """Send a message, some time."""
        self._writer.write(letter + len(data).to_bytes(4, "big") + data)

    async def drain(self) -> None:
        """Wait until what was put has mostly left."""
        await self._writer.drain()

    async def get(self) -> tuple[bytes, bytes]:
        """The next message. Waits forever once the program is gone."""
        return await self._come.get()


class Session:
    """A `zfs` or `zpool` that runs: answers it, and paces what it moves."""

    def __init__(
        self,
        world: World,
        host: Host,
        hello: Hello,
        channel: Channel,
        paces: tuple[Pace, Pace],
        kernel: Kernel,
    ) -> None:
        self._world = world
        self._host = host
        self._hello = hello
        self._channel = channel
        self._reading, self._writing = paces
        self._kernel = kernel
        self._receiver: Receiver | None = None
        self._held: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Serve the program to its end."""
        call = Call(
            self._world,
            self._host,
            self._hello.program,
            self._hello.words[0] if self._hello.words else "",
            self._hello.words[1:],
            lambda text: self._channel.put(wire.OUT, text.encode("utf-8", "surrogateescape")),
            lambda text: self._channel.put(wire.ERR, text.encode("utf-8", "surrogateescape")),
            self._ask,
            self._channel.drain,
            self._hello.pid,
        )
        transfers: dict[str, Callable[[Call], Awaitable[int]]] = {
            "send": self._send,
            "receive": self._receive,
        }
        try:
            code = await answer(call, transfers)
            self._channel.put(wire.EXIT, str(code).encode())
            await self._channel.drain()
        finally:
            # Also when the program was killed: a kernel would clean up after it as well.
            if self._receiver is not None:
                self._receiver.abandon()
            for free in self._held:
                free()

    async def _ask(self, prompt: str, keyformat: str) -> bytes | None:
        self._channel.put(wire.ASK, f"{keyformat}\0{prompt}".encode())
        _, data = await self._channel.get()
        return data or None

    # Sending

    async def _send(self, call: Call) -> int:
        stream = sending.plan(call, terminal=self._hello.terminals[1])
        if stream.verbose:
            for line in stream.estimate():
                (call.out if stream.dry else call.err)(line)
        if stream.dry:
            return stream.code
        self._hold(call, stream)
        self._channel.put(wire.SEND)
        if stream.package is not None:
            await self._record(wire.PACKAGE, stream.package.text())
        for part in stream.parts:
            await self._send_part(call, stream, part)
        if stream.package is not None:
            await self._record(wire.PACKAGE_END, b"")
        return stream.code

    def _hold(self, call: Call, stream: sending.Stream) -> None:
        tag = f".send-{self._hello.pid}-1"
        for dataset, snapshot in stream.held:
            snapshot.holds = {**(snapshot.holds or {}), tag: call.world.now()}
            self._held.append(partial(_free, dataset, snapshot, tag))

    async def _send_part(self, call: Call, stream: sending.Stream, part: sending.Part) -> None:
        progress = _Progress(call, stream, part.name)
        ticking = asyncio.create_task(progress.tick())
        try:
            begin = part.begin()
            await self._record(wire.BEGIN, begin.text())
            left = max(0, begin.payload - begin.position)
            while left > 0:
                size = min(left, self._reading.piece)
                await self._reading.take(size)
                self._channel.put(wire.PAYLOAD, size.to_bytes(8, "big"))
                await self._done()
                tree.note_read(call.pool, size)
                self._kernel.work(self._hello.pid, size, SEND)
                progress.sent += size
                left -= size
            await self._record(wire.FINISH, b"")
        finally:
            ticking.cancel()

    async def _record(self, kind: bytes, text: bytes) -> None:
        self._channel.put(wire.RECORD, wire.block(kind, len(text)) + text)
        await self._done()

    async def _done(self) -> None:
        await self._channel.drain()
        letter, _ = await self._channel.get()
        if letter != wire.DONE:
            raise ProtocolError("a write was expected to be done")

    # Receiving

    async def _receive(self, call: Call) -> int:
        wanted = asked(call)
        if wanted is None:
            return 0
        if self._hello.terminals[0]:
            call.err("Error: Backup stream can not be read from a terminal.")
            call.err("You must redirect standard input.")
            return 1
        receiver = self._receiver = Receiver(call, wanted, time.monotonic)
        self._channel.put(wire.RECEIVE)
        try:
            await self._read_stream(receiver)
        except RefusedError as error:
            call.err(str(error))
            receiver.finish()
            return 1
        return 0

    async def _read_stream(self, receiver: Receiver) -> None:
        parts = 0
        while True:
            letter, data = await self._channel.get()
            if letter == wire.GARBAGE:
                raise RefusedError("cannot receive: invalid stream (bad magic number)")
            if letter == wire.END:
                whole = receiver.complete if receiver.package else parts > 0
                if receiver.begun is not None or not whole:
                    raise receiver.interrupted()
                return
            if letter == wire.PAYLOAD:
                size = int.from_bytes(data, "big")
                await self._writing.take(size)
                receiver.data(size)
                self._kernel.work(self._hello.pid, size, RECEIVE)
            elif letter == wire.RECORD:
                parts += self._record_came(receiver, data[:1], data[1:])
            else:
                raise ProtocolError("a stream was expected")
            self._channel.put(wire.GO)

    def _record_came(self, receiver: Receiver, kind: bytes, text: bytes) -> int:
        if kind == wire.PACKAGE:
            receiver.start(Package.read(text))
        elif kind == wire.BEGIN:
            receiver.begin(Begin.read(text))
        elif kind == wire.FINISH:
            receiver.end()
            return 1
        elif kind == wire.PACKAGE_END:
            receiver.complete = True
            receiver.finish()
        return 0


def _free(dataset: Dataset, snapshot: Snapshot, tag: str) -> None:
    if snapshot.holds:
        snapshot.holds.pop(tag, None)
    settle(dataset, snapshot)


class _Progress:
    """The lines that `-v` writes while a snapshot is sent."""

    def __init__(self, call: Call, stream: sending.Stream, name: str) -> None:
        self._call = call
        self._stream = stream
        self._name = name
        self.sent = wire.BLOCK
        self._shown = stream.progress
        if self._shown and not stream.parsable:
            call.err(f"TIME        SENT   SNAPSHOT {name}")

    async def tick(self) -> None:
        """A line a second."""
        while self._shown:
            await asyncio.sleep(1)
            at = time.strftime("%H:%M:%S", time.localtime(self._call.world.clock()))
            if self._stream.parsable:
                self._call.err(f"{at}\t{self.sent}\t{self._name}")
            else:
                self._call.err(f"{at}  {nice(self.sent):>6}   {self._name}")
