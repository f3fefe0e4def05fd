"""An SSH server on this machine that runs commands as sshd does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass, field

import asyncssh


def public(key: asyncssh.SSHKey) -> str:
    """The key as a line of known_hosts has it, without the name."""
    return key.export_public_key("openssh").decode().strip()


@dataclass
class Server:
    """An SSH server on 127.0.0.1. Commands get a session of their own, and go on without us."""

    keys: list[asyncssh.SSHKey]
    clients: list[asyncssh.SSHKey]
    certificates: list[asyncssh.SSHCertificate] = field(default_factory=list)
    sessions: int = 100
    environment: dict[str, str] | None = None
    login_text: str = ""
    port: int = 0
    users: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    terminals: list[str | None] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    forwarded: int = 0
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    _acceptor: asyncssh.SSHAcceptor | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_host_keys=self.keys,
            server_host_certs=self.certificates,
            authorized_client_keys=asyncssh.import_authorized_keys(
                "".join(f"{public(each)}\n" for each in self.clients)
            ),
            server_factory=lambda: _Policy(self),
        )
        self.port = self._acceptor.get_port()

    @property
    def name(self) -> str:
        """What known_hosts calls it."""
        return f"[127.0.0.1]:{self.port}"

    def drop(self) -> None:
        """Cut all connections, as a reboot does."""
        for connection in self.connections:
            connection.abort()
        self.connections.clear()

    async def stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            self._acceptor = None
        self.drop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)

    def serve(self, process: asyncssh.SSHServerProcess[bytes]) -> Awaitable[None]:
        task = asyncio.ensure_future(self._run(process))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return asyncio.sleep(0)

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        assert process.command is not None
        self.commands.append(process.command)
        self.terminals.append(process.term_type)
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        child = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            process.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=self.environment,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        with contextlib.suppress(OSError, asyncssh.Error):
            process.stdout.write(self.login_text.encode())
        feeding = asyncio.ensure_future(_feed(process.stdin, child.stdin))
        await asyncio.gather(
            _pump(child.stdout, process.stdout), _pump(child.stderr, process.stderr)
        )
        code = await child.wait()
        self.running -= 1
        feeding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await feeding
        with contextlib.suppress(OSError, asyncssh.Error):
            if code < 0:
                process.exit_with_signal({-15: "TERM", -9: "KILL"}[code])
            else:
                process.exit(code)


class _Policy(asyncssh.SSHServer):
    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        self._server.users.append(username)
        return True

    def connection_requested(
        self,
        dest_host: str,  # noqa: ARG002 - the base class calls it with these
        dest_port: int,  # noqa: ARG002
        orig_host: str,  # noqa: ARG002
        orig_port: int,  # noqa: ARG002
    ) -> bool:
        self._server.forwarded += 1
        return True

    def session_requested(
        self,
    ) -> tuple[asyncssh.SSHServerChannel[bytes], asyncssh.SSHServerProcess[bytes]]:
        if self._server.running >= self._server.sessions:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "enough")
        process = asyncssh.SSHServerProcess[bytes](self._server.serve, None, 3, allow_scp=False)
        return self._connection.create_server_channel(encoding=None), process


async def _feed(source: asyncssh.SSHReader[bytes], sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


async def _pump(source: asyncio.StreamReader, sink: asyncssh.SSHWriter[bytes]) -> None:
    gone = False
    while data := await source.read(65536):
        # A command that still writes when nobody listens would get SIGPIPE from sshd; here it is
        # read on, so that only the watcher can be what ends it.
        if not gone:
            try:
                sink.write(data)
                await sink.drain()
            except (OSError, asyncssh.Error):
                gone = True
