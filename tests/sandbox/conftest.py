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
from tests.ssh_server import Server, public

HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER_KEY = asyncssh.generate_private_key("ssh-ed25519")
ECDSA_KEY = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
CLIENT_KEY = asyncssh.generate_private_key("ssh-ed25519")


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
