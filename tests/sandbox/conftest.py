"""Real processes, and SSH servers in this process that run commands as sshd does."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
import pytest

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.local import LocalTransport
from sealift.hosts.ssh import SSHTransport

HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519")
ECDSA_KEY = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
CLIENT_KEY = asyncssh.generate_private_key("ssh-ed25519")


def public(key: asyncssh.SSHKey) -> str:
    """The key as a line of known_hosts has it, without the name."""
    return key.export_public_key("openssh").decode().strip()


class Tools:
    """How tests wait and look for processes."""

    host_key = HOST_KEY
    other_key = OTHER_KEY
    ecdsa_key = ECDSA_KEY

    @staticmethod
    def public(key: asyncssh.SSHKey) -> str:
        return public(key)

    @staticmethod
    async def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
        """Wait until `condition` holds; fail with `what` if it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            await asyncio.sleep(0.02)

    @staticmethod
    def group(pgid: int) -> list[str]:
        """The command lines of the processes of a process group that still run."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                state, _, pgrp = (process / "stat").read_text().rpartition(") ")[2].split()[:3]
                if int(pgrp) == pgid and state not in "ZX":
                    found.append((process / "cmdline").read_text().replace("\0", " "))
        return found


@pytest.fixture
def tools() -> Tools:
    return Tools()


@dataclass
class Home:
    """A home directory of its own, with a key that the servers let in and no agent."""

    path: Path

    @property
    def ssh(self) -> Path:
        return self.path / ".ssh"

    @property
    def known_hosts(self) -> Path:
        return self.ssh / "known_hosts"

    def config(self, text: str) -> None:
        (self.ssh / "config").write_text(text)

    def know(self, *lines: str) -> None:
        self.known_hosts.write_text("".join(f"{line}\n" for line in lines))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    found = Home(tmp_path / "home")
    found.ssh.mkdir(parents=True, mode=0o700)
    key = found.ssh / "id_ed25519"
    key.write_bytes(CLIENT_KEY.export_private_key("openssh"))
    key.chmod(0o600)
    monkeypatch.setenv("HOME", str(found.path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return found


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


MakeServer = Callable[..., Awaitable[Server]]


@pytest.fixture
async def make_server() -> AsyncIterator[MakeServer]:
    """Start servers: by default with one key, which lets in the key of `home`."""
    servers: list[Server] = []

    async def make(
        keys: list[asyncssh.SSHKey] | None = None,
        clients: list[asyncssh.SSHKey] | None = None,
        certificates: list[asyncssh.SSHCertificate] | None = None,
        port: int = 0,
    ) -> Server:
        server = Server(keys or [HOST_KEY], clients or [CLIENT_KEY], certificates or [], port=port)
        await server.start()
        servers.append(server)
        return server

    yield make
    for server in servers:
        await server.stop()


@dataclass
class Hosts:
    """Makes hosts that share a log."""

    home: Home
    log: CommandLog = field(default_factory=CommandLog)
    made: list[Host] = field(default_factory=list)

    def local(self, *, read_only: bool = False) -> Host:
        return self._made(Host(LocalTransport(), Gate(read_only=read_only), self.log))

    def ssh(
        self,
        host: str,
        user: str | None = None,
        *,
        read_only: bool = False,
        config: Path | None = None,
    ) -> Host:
        transport = SSHTransport(host, user, config)
        return self._made(Host(transport, Gate(read_only=read_only), self.log))

    def of(self, server: Server, *, read_only: bool = False) -> Host:
        """A host whose key is known and whose config names the port."""
        self.home.config(f"Host box\n HostName 127.0.0.1\n Port {server.port}\n User tester\n")
        self.home.know(f"{server.name} {public(server.keys[0])}")
        return self.ssh("box", read_only=read_only)

    def _made(self, host: Host) -> Host:
        self.made.append(host)
        return host


@pytest.fixture
async def hosts(home: Home) -> AsyncIterator[Hosts]:
    found = Hosts(home)
    yield found
    for host in found.made:
        await host.close()


@pytest.fixture(params=["local", "ssh"])
async def host(request: pytest.FixtureRequest, hosts: Hosts, make_server: MakeServer) -> Host:
    """A host of either kind."""
    if request.param == "local":
        return hosts.local()
    return hosts.of(await make_server())
