"""The process that keeps a demo's world: python -m sealift.demo.shells.server.

It lives as long as its stdin: when whoever started it ends, however that may be, it ends every
process of the demo, removes the directory, and ends. Requests are lines of JSON on stdin, answered
by lines on stdout. The programs of the demo's shells come over a Unix socket, with the run's key.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sealift.demo.scenarios import Scenario, open_scenario
from sealift.demo.shells import directory as layout
from sealift.demo.shells import tcp, tools, wire
from sealift.demo.shells.jobs import Jobs
from sealift.demo.shells.kernel import GROUP, SSH, Kernel
from sealift.demo.shells.pacing import Pace
from sealift.demo.shells.proc import cat
from sealift.demo.shells.ps import ps
from sealift.demo.shells.session import Channel, Hello, ProtocolError, Session
from sealift.demo.shells.ssh import Ssh, serve_link
from sealift.demo.world import tree
from sealift.demo.world.model import World

_FIRST_PORT = 44328  # that an ssh client gets


class Server:
    """One demo."""

    def __init__(self, directory: Path, scenario: Scenario, world: World) -> None:
        self._directory = directory
        self._scenario = scenario
        self._world = world
        self._jobs = Jobs(directory)
        self._key = layout.lay_out(directory, world.hosts)
        # Each direction of the link by the host that sends.
        self._links = {name: Pace(partial(_link_rate, world)) for name in world.hosts}
        self._paces = {
            name: (
                Pace(partial(_rate, world, name, "read_rate")),
                Pace(partial(_rate, world, name, "write_rate")),
            )
            for name in world.hosts
        }
        self._kernels = {
            name: Kernel(host.pool, partial(_waits, self._paces[name][1]))
            for name, host in world.hosts.items()
        }
        self._places = tcp.addresses(world.hosts)
        self._ports = count(_FIRST_PORT, 2)
        self._tools: dict[str, Callable[[Hello], tuple[str, int]]] = {
            "fill": partial(tools.fill, world),
            "find": partial(tools.find, world),
            "tc": partial(tools.tc, world),
            "ps": lambda hello: ps(hello.words, self._jobs.on(hello.host)),
            "ss": self._ss,
            "cat": self._cat,
        }
        self._sessions: dict[int, Ssh] = {}  # by the client's process id
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until stdin ends."""
        server = await asyncio.start_unix_server(self._accept, self._directory / "socket")
        (self._directory / "socket").chmod(0o600)
        _say({"ready": True})
        events = asyncio.create_task(self._happen())
        events.add_done_callback(_note_of)
        sweeping = asyncio.create_task(self._jobs.sweep())
        syncing = asyncio.create_task(self._sync())
        try:
            await self._requests()
        finally:
            events.cancel()
            sweeping.cancel()
            syncing.cancel()
            server.close()
            for task in self._connections:
                task.cancel()
            self._jobs.end_all()

    async def _requests(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            request = json.loads(line)
            if "started" in request:
                # Nobody waits for an answer.
                self._jobs.add(int(request["started"]), request["host"])
            else:
                _say(self._answer(request))

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        world = self._world
        for name, pool in ((name, host.pool) for name, host in world.hosts.items()):
            for field in ("read_rate", "write_rate"):
                if f"{name}.{field}" in request:
                    setattr(pool, field, request[f"{name}.{field}"])
        for field in ("rate", "up", "patience", "retries", "linger"):
            if f"link.{field}" in request:
                setattr(world.link, field, request[f"link.{field}"])
        for name in world.hosts:
            if f"{name}.up" in request:
                self._power(name, on=request[f"{name}.up"])
        if "mended" in request:
            return {"mended": self._scenario.mended(world)}
        if "done" in request:
            return {"done": self._done()}
        return {}

    def _power(self, name: str, *, on: bool) -> None:
        host = self._world.hosts[name]
        if host.up and not on:
            host.up = False  # first, so that no other host sees its connections closed
            self._jobs.end(name)
        elif on and not host.up:
            tree.boot(host.pool)
            host.up = True

    def _done(self) -> list[tuple[float, str, str]]:
        """What was changed by hand or program since the demo began, oldest first."""
        found: list[tuple[float, str, str]] = []
        for host in self._world.hosts.values():
            zfs = ((at, text) for at, text, internal in host.pool.history if not internal)
            found += ((at, host.name, text) for at, text in (*zfs, *host.changed))
        return sorted(each for each in found if each[0] >= self._scenario.began)

    async def _happen(self) -> None:
        """Let the scenario's events happen in their time."""
        async with asyncio.TaskGroup() as group:
            for event in self._scenario.events:
                group.create_task(self._event(event.after, event.every, event.change, event.run))

    async def _event(
        self,
        after: float,
        every: float | None,
        change: Callable[[World], None] | None,
        run: tuple[str, str] | None,
    ) -> None:
        await asyncio.sleep(after)
        while True:
            if change is not None:
                change(self._world)
            if run is not None:
                await self._jobs.run(*run)
            if every is None:
                return
            await asyncio.sleep(every)

    async def _sync(self) -> None:
        """Close the pools' transaction groups in their time."""
        while True:
            await asyncio.sleep(GROUP)
            for kernel in self._kernels.values():
                kernel.close_group()

    # Programs

    def _ss(self, hello: Hello) -> tuple[str, int]:
        connections = [session.connection for session in self._sessions.values()]
        return tcp.ss(hello.words, hello.host, self._places, connections)

    def _cat(self, hello: Hello) -> tuple[str, int]:
        kernel, pool = self._kernels[hello.host], self._world.hosts[hello.host].pool
        running = partial(self._jobs.on, hello.host)
        return cat(hello.words, kernel, pool.name, running, self._jobs.simulated)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this in a task
        self._connections.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, ProtocolError, ValueError):
                key = await reader.readexactly(layout.KEY_SIZE)
                if not hmac.compare_digest(key, self._key):
                    return
                size = int.from_bytes(await reader.readexactly(4), "big")
                hello = Hello.read(await reader.readexactly(size))
                await self._serve(hello, reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(
        self, hello: Hello, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        channel = Channel(reader, writer)
        here = asyncio.create_task(channel.pump())
        serving = asyncio.create_task(self._answer_program(hello, channel))
        self._jobs.connected(hello)
        try:
            # A program that has ended needs no answers any more.
            await asyncio.wait({here, serving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._jobs.disconnected(hello)
            if hello.program != "link":
                self._kernels[hello.host].forget(hello.pid)
            for task in (here, serving):
                task.cancel()
            for fault in await asyncio.gather(here, serving, return_exceptions=True):
                if isinstance(fault, Exception):
                    _note(fault)

    async def _answer_program(self, hello: Hello, channel: Channel) -> None:
        if hello.program == "ssh":
            await self._ssh(hello, channel)
        elif hello.program == "link":
            session = self._sessions[int(hello.words[0])]
            carried = partial(self._carried, session, hello.host)
            await serve_link(channel, self._links[hello.host], session, hello.host, carried)
        elif hello.program == "sshd":
            await self._sshd(hello, channel)
        elif hello.program in self._tools:
            answer, code = self._tools[hello.program](hello)
            channel.put(wire.ERR if code else wire.OUT, answer.encode())
            channel.put(wire.EXIT, str(code).encode())
            await channel.drain()
        else:
            host, paces = self._world.hosts[hello.host], self._paces[hello.host]
            kernel = self._kernels[hello.host]
            await Session(self._world, host, hello, channel, paces, kernel).run()

    async def _ssh(self, hello: Hello, channel: Channel) -> None:
        """Say where the far shell is found, and end the client if nothing gets through."""
        user, name, alive, *_ = hello.words
        why = self._unreachable(user, name)
        if why:
            channel.put(wire.ERR, f"{why}\r\n".encode())
            return await channel.drain()
        connection = tcp.Connection(
            hello.host, name, next(self._ports), time.monotonic, self._world.link.round_trip
        )
        session = Ssh(self._world, connection, hello.pid, alive=bool(alive))
        self._sessions[hello.pid] = session
        channel.put(wire.GO, f"{name}\0{self._directory / name / 'root'}".encode())
        try:
            await session.watch(channel)
        finally:
            session.client_gone()
            self._forget(hello.pid)

    def _unreachable(self, user: str, name: str) -> str:
        """Why ssh does not get to a host; empty if it does."""
        if name not in self._world.hosts:
            return f"ssh: Could not resolve hostname {name}: Name or service not known"
        if not self._world.connected:
            return f"ssh: connect to host {name} port 22: No route to host"
        if user not in {"", "root"}:
            return f"{user}@{name}: Permission denied (publickey)."
        return ""

    async def _sshd(self, hello: Hello, channel: Channel) -> None:
        """Serve a session's far end: it asks what it may know of its client."""
        self._jobs.add(hello.pid, hello.host)
        client = int(hello.words[0])
        self._sessions[client].server = hello.pid
        try:
            while True:
                letter, data = await channel.get()
                if letter == wire.GROUP:
                    self._jobs.add(int(data), hello.host)
        finally:
            self._forget(client)

    def _carried(self, session: Ssh, sender: str, size: int) -> None:
        """Count what went over a session's connection from one of its hosts."""
        connection = session.connection
        self._kernels[connection.client].work(session.client, size, SSH)
        self._kernels[connection.server].work(session.server, size, SSH)
        out, back = tcp.on_the_wire(size)
        for host, kernel in self._kernels.items():
            kernel.sent += out if host == sender else back
            kernel.received += back if host == sender else out

    def _forget(self, client: int) -> None:
        if self._sessions[client].ended():
            del self._sessions[client]


def _link_rate(world: World) -> int | None:
    return world.link.rate if world.connected else 0


def _rate(world: World, host: str, field: str) -> int | None:
    rate: int | None = getattr(world.hosts[host].pool, field)
    return rate


def _waits(pace: Pace) -> int:
    return pace.waits


def _note(fault: BaseException) -> None:
    """Put a fault into the demo's log: whoever asked has seen an exit code of 1."""
    traceback.print_exception(fault)
    sys.stderr.flush()


def _note_of(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        _note(fault)


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main(directory: str, scenario: str, snapshots: str, frozen: str) -> None:
    """Serve a demo in an empty directory until stdin ends."""
    # The terminal's Ctrl-C is for the program, which then closes our stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    path = Path(directory)
    clock = (lambda: float(frozen)) if frozen else None
    opened, world = open_scenario(scenario, int(snapshots) if snapshots else None, clock)
    server = Server(path, opened, world)
    try:
        asyncio.run(server.run())
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os._exit(0)  # do not wait for anything that a killed program left


if __name__ == "__main__":
    main(*sys.argv[1:])
