"""The user's ssh_config is followed as ssh does, and what cannot be followed is said."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError
from sealift.zfs.commands import Command, Effect

if TYPE_CHECKING:
    from sealift.hosts.host import Host
    from tests.sandbox.conftest import Home, Hosts, MakeServer, Tools
    from tests.ssh_server import Server

ECHO = Command(("echo", "in"), Effect.READ, "a test")


async def reached(host: Host) -> bool:
    return (await host.run(ECHO)).stdout == b"in\n"


async def trouble(host: Host, deadline: float = 30) -> Trouble:
    with pytest.raises(TroubleError) as raised:
        await host.run(ECHO, deadline=deadline)
    return raised.value.trouble


@pytest.fixture
async def server(make_server: MakeServer, home: Home, tools: Tools) -> Server:
    found = await make_server()
    home.know(f"{found.name} {tools.public(tools.host_key)}")
    return found


def lock(file: Path) -> None:
    """Make a key with a passphrase; AsyncSSH itself may lack bcrypt for that."""
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    file.unlink(missing_ok=True)
    subprocess.run(("ssh-keygen", "-q", "-a1", "-N", "secret", "-f", str(file)), check=True)


async def test_include_match_and_user(hosts: Hosts, home: Home, server: Server) -> None:
    (home.ssh / "config.d").mkdir()
    (home.ssh / "config.d" / "lab").write_text(
        f"Host box nas\n HostName 127.0.0.1\n Port {server.port}\n"
    )
    home.config(
        "Include config.d/*\n"
        'Match originalhost nas exec "test -d /"\n User by-match\n'
        "Host *\n User by-config\n"
    )
    assert await reached(hosts.ssh("box"))
    assert await reached(hosts.ssh("nas"))
    assert await reached(hosts.ssh("nas", "explicit"))
    assert server.users == ["by-config", "by-match", "explicit"]


async def test_match_final(hosts: Hosts, home: Home, server: Server) -> None:
    home.config(
        f"Host box\n HostName 127.0.0.1\n Port {server.port}\n"
        "Match final host 127.0.0.1\n User at-last\n UserKnownHostsFile ~/.ssh/at-last\n"
    )
    home.known_hosts.rename(home.ssh / "at-last")
    assert await reached(hosts.ssh("box"))
    assert server.users == ["at-last"]


async def test_a_config_file_of_its_own(hosts: Hosts, home: Home, server: Server) -> None:
    home.config("Host box\n HostName nowhere.invalid\n")
    own = home.path / "own"
    own.write_text(f"Host box\n HostName 127.0.0.1\n Port {server.port}\n")
    assert await reached(hosts.ssh("box", config=own))
    absent = await trouble(hosts.ssh("box", config=home.path / "absent"))
    assert absent.finding == "ssh-config"
    assert str(home.path / "absent") in absent.raw


async def test_identity_files(hosts: Hosts, home: Home, make_server: MakeServer) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await make_server(clients=[key])
    hosts.of(server)
    (home.ssh / "special").write_bytes(key.export_private_key("openssh"))
    (home.ssh / "garbage").write_text("this is no key")
    lock(home.ssh / "locked")
    config = (home.ssh / "config").read_text()
    useless = "".join(f" IdentityFile ~/.ssh/{each}\n" for each in ("absent", "garbage", "locked"))
    home.config(config + useless)
    assert (await trouble(hosts.ssh("box"))).finding == "authentication-failed"
    for last in ("", " CertificateFile ~/.ssh/absent\n", " IdentitiesOnly yes\n"):
        home.config(config + useless + " IdentityFile ~/.ssh/special\n" + last)
        assert await reached(hosts.ssh("box"))
    (home.ssh / "special").rename(home.ssh / "id_ed25519")
    home.config(config + " CertificateFile ~/.ssh/absent\n")
    assert await reached(hosts.ssh("box"))


async def test_neither_terminal_nor_remote_command(
    hosts: Hosts, home: Home, server: Server
) -> None:
    home.config(
        f"Host box\n HostName 127.0.0.1\n Port {server.port}\n RequestTTY force\n"
        " RemoteCommand tmux attach\n ForwardX11Trusted yes\n SetEnv LC_ALL=de_DE.UTF-8\n"
    )
    result = await hosts.ssh("box").run(
        Command(("sh", "-c", "tty; echo $LC_ALL"), Effect.READ, "a test")
    )
    assert result.stdout == b"not a tty\nC\n"
    assert server.terminals == [None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Host *\n Port many\n", "config line 2"),
        ('Host *\n User "half\n', "config line 2"),
        ("Host *\n ProxyJump a:b:c\n", "ProxyJump 'a:b:c'"),
        ("Host *\n ProxyJump bastion\n", "ProxyJump 'bastion' leads back to itself"),
        ("Host *\n User caf\xe9\n", "decode"),
    ],
)
async def test_a_broken_config(hosts: Hosts, home: Home, text: str, said: str) -> None:
    (home.ssh / "config").write_bytes(text.encode("latin-1"))
    found = await trouble(hosts.ssh("127.0.0.1"))
    assert found.finding == "ssh-config"
    assert said in found.raw


def behind(home: Home, target: Server, *jumps: Server, options: str = "") -> None:
    names = [f"jump{number}" for number, _ in enumerate(jumps)]
    home.config(
        "".join(
            f"Host {name}\n HostName 127.0.0.1\n Port {jump.port}\n User {name}\n"
            for name, jump in zip(names, jumps, strict=True)
        )
        + f"Host box\n HostName 127.0.0.1\n Port {target.port}\n User tester\n"
        + f" ProxyJump {','.join(names)}\nHost *\n{options}"
    )


@pytest.mark.parametrize("count", [1, 2])
async def test_jump_hosts(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools, count: int
) -> None:
    jumps = [await make_server() for _ in range(count)]
    target = await make_server(keys=[tools.other_key])
    behind(home, target, *jumps)
    home.know(
        *(f"{jump.name} {tools.public(tools.host_key)}" for jump in jumps),
        f"{target.name} {tools.public(tools.other_key)}",
    )
    host = hosts.ssh("box")
    assert await reached(host)
    assert [jump.forwarded for jump in jumps] == [1] * count
    assert [jump.users for jump in jumps] == [[f"jump{number}"] for number in range(count)]
    assert target.users == ["tester"]
    await host.close()
    await tools.until(
        lambda: not any(each for jump in jumps for each in _open(jump)),
        "the jump hosts are left as well",
    )


def _open(server: Server) -> list[bool]:
    return [not connection.is_closed() for connection in server.connections]


async def test_jump_hosts_have_to_be_known_as_well(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    jump, target = await make_server(), await make_server(keys=[tools.other_key])
    # With these options AsyncSSH's own jump would check nothing.
    behind(home, target, jump, options=" UserKnownHostsFile none\n")
    own = home.path / "own"
    (home.ssh / "config").rename(own)
    host = hosts.ssh("box", config=own)
    for server, key in ((jump, tools.host_key), (target, tools.other_key)):
        with pytest.raises(HostKeyUnknownError) as raised:
            await host.run(ECHO)
        assert raised.value.key.name == server.name
        assert raised.value.key.fingerprint == key.get_fingerprint()
        assert ("jump host jump0" in raised.value.trouble.what) is (server is jump)
        host.accept(raised.value.key, remember=False)
    assert await reached(host)


async def test_a_target_that_its_jump_host_cannot_reach(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    jump, target = await make_server(), await make_server()
    behind(home, target, jump)
    home.know(f"* {tools.public(tools.host_key)}")
    await target.stop()
    found = await trouble(hosts.ssh("box"))
    assert found.finding == "host-unreachable"
    assert "jump host" in found.what
    await tools.until(lambda: not any(_open(jump)), "the jump host is left")


async def test_who_is_not_let_in(hosts: Hosts, make_server: MakeServer, tools: Tools) -> None:
    host = hosts.of(await make_server(clients=[tools.other_key]))
    assert (await trouble(host)).finding == "authentication-failed"
    state = host.connection
    assert state.retry_at is not None
    assert (state.retry_at - state.since).total_seconds() > 200, "nobody should get us banned"


async def test_an_agent_that_is_not_there(
    hosts: Hosts, home: Home, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home.path / "no agent"))
    home.config(f"Host box\n HostName 127.0.0.1\n Port {server.port}\n")
    assert await reached(hosts.ssh("box"))


@pytest.mark.parametrize("options", ["", " IdentityFile ~/.ssh/held\n IdentitiesOnly yes\n"])
async def test_a_key_that_only_the_agent_has(
    hosts: Hosts, home: Home, server: Server, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    if not shutil.which("ssh-agent"):
        pytest.skip("needs ssh-agent")
    agent = await asyncio.create_subprocess_exec("ssh-agent", "-D", "-a", str(home.path / "agent"))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home.path / "agent"))
    try:
        key = home.ssh / "id_ed25519"
        while True:
            adding = await asyncio.create_subprocess_exec("ssh-add", "-q", str(key))
            if await adding.wait() == 0:
                break
            await asyncio.sleep(0.05)
        (home.ssh / "held.pub").write_bytes(
            asyncssh.read_private_key(key).export_public_key("openssh")
        )
        key.unlink()
        home.config(f"Host box\n HostName 127.0.0.1\n Port {server.port}\n{options}")
        assert await reached(hosts.ssh("box"))
    finally:
        agent.terminate()
        await agent.wait()


async def test_nothing_listens(hosts: Hosts, home: Home) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        home.config(f"Host box\n HostName 127.0.0.1\n Port {closed.getsockname()[1]}\n")
        found = await trouble(hosts.ssh("box"))
    assert found.finding == "host-unreachable"
    assert "refuses" in found.what


@pytest.mark.parametrize("name", ["nowhere.invalid", "a" * 70 + ".invalid", "."])
async def test_a_name_that_is_not_known(
    hosts: Hosts, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    if name.startswith("nowhere"):  # no test asks the network
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", nobody)
    found = await trouble(hosts.ssh(name))
    assert found.finding == "host-unreachable"
    assert "name is not known" in found.what


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n\0\0"])
async def test_who_speaks_something_else(hosts: Hosts, home: Home, answer: bytes) -> None:
    async def speak(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        home.config(f"Host box\n HostName 127.0.0.1\n Port {port}\n")
        assert (await trouble(hosts.ssh("box"))).finding == "host-unreachable"


async def test_silence_hangs_nobody_else(hosts: Hosts, home: Home) -> None:
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        home.config(f"Host box\n HostName 127.0.0.1\n Port {port}\n")
        silent = hosts.ssh("box")
        waiting = asyncio.create_task(silent.run(ECHO))
        assert await reached(hosts.local())
        assert not waiting.done()
        found = await trouble(silent, deadline=0.3)
        assert found.finding == "host-unreachable"
        assert found.what.startswith("the login did not end within")
        waiting.cancel()
        await silent.close()
        for writer in held:
            writer.close()


_ASKED = """
import asyncio
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.ssh import SSHTransport
from sealift.hosts.trouble import TroubleError
from sealift.zfs.commands import Command, Effect

async def main():
    host = Host(SSHTransport("box", None), Gate(), CommandLog())
    try:
        await host.run(Command(("echo",), Effect.READ, "a test"))
    except TroubleError as error:
        print(error.trouble.finding)

asyncio.run(main())
"""


async def test_nothing_is_asked_or_logged_on_the_terminal(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    hosts.of(await make_server(clients=[tools.other_key]))
    lock(home.ssh / "id_ed25519")
    terminal, ours = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ASKED, stdin=ours, stdout=ours, stderr=ours, start_new_session=True
    )
    os.close(ours)
    async with asyncio.timeout(30):
        await process.wait()
    assert os.read(terminal, 65536) == b"authentication-failed\r\n"
    os.close(terminal)
