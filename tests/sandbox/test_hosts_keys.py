"""Host keys: what is unknown is asked, what has changed is refused, nothing goes unchecked."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest

from sealift.hosts.host import Host
from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError, UnknownKey
from sealift.zfs.commands import Command, Effect

if TYPE_CHECKING:
    from tests.sandbox.conftest import Home, Hosts, MakeServer, Tools
    from tests.ssh_server import Server

ECHO = Command(("echo", "in"), Effect.READ, "a test")


async def reached(host: Host) -> bool:
    return (await host.run(ECHO)).stdout == b"in\n"


async def unknown(host: Host) -> UnknownKey:
    with pytest.raises(HostKeyUnknownError) as raised:
        await host.run(ECHO)
    assert raised.value.trouble.finding == "host-key-unknown"
    return raised.value.key


async def refused(host: Host) -> Trouble:
    with pytest.raises(TroubleError) as raised:
        await host.run(ECHO)
    assert not isinstance(raised.value, HostKeyUnknownError), "there is nothing to accept"
    return raised.value.trouble


def box(home: Home, server: Server, *options: str) -> None:
    lines = ("Host box", "HostName 127.0.0.1", f"Port {server.port}", "User tester", *options)
    home.config("\n ".join(lines) + "\n")


def ssh_keygen(*words: str) -> bool:
    if not shutil.which("ssh-keygen"):
        pytest.skip("needs ssh-keygen")
    return subprocess.run(("ssh-keygen", *words), capture_output=True, check=False).returncode == 0


def found_by_openssh(file: Path, name: str) -> bool:
    return ssh_keygen("-F", name, "-f", str(file))


def hash_names(file: Path) -> None:
    assert ssh_keygen("-H", "-f", str(file))
    assert "127.0.0.1" not in file.read_text()


async def test_an_unknown_key_is_shown_and_nothing_is_written(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server)
    key = await unknown(hosts.ssh("box"))
    assert key.name == server.name
    assert key.algorithm == "ssh-ed25519"
    assert key.fingerprint == tools.host_key.get_fingerprint()
    assert key.fingerprint.startswith("SHA256:")
    assert key.file == home.known_hosts
    assert not home.known_hosts.exists()
    assert not server.users, "nobody logs in before the key is accepted"


async def test_accepted_for_the_session(hosts: Hosts, home: Home, make_server: MakeServer) -> None:
    server = await make_server()
    box(home, server)
    host = hosts.ssh("box")
    key = await unknown(host)
    assert await unknown(host) == key, "also while it waits for the next try"
    host.accept(key, remember=False)
    assert await reached(host)
    assert not home.known_hosts.exists()
    await unknown(hosts.ssh("box"))


@pytest.mark.parametrize("before", [None, "", "other ssh-ed25519 AAAA\n", "# no newline"])
async def test_accepted_and_remembered(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools, before: str | None
) -> None:
    server = await make_server()
    file = home.ssh / "for sealift" / "known"
    box(home, server, f'UserKnownHostsFile "{file}"')
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
        file.chmod(0o640)
    host = hosts.ssh("box")
    key = await unknown(host)
    assert key.file == file
    host.accept(key, remember=True)
    host.accept(key, remember=True)
    line = f"{server.name} {tools.public(tools.host_key)}\n"
    assert file.read_text().splitlines() == [*(before or "").splitlines(), line.strip()]
    assert file.read_text().endswith(line)
    assert file.stat().st_mode & 0o777 == (0o600 if before is None else 0o640)
    if before is None:
        assert file.parent.stat().st_mode & 0o777 == 0o700
    assert found_by_openssh(file, server.name)
    assert await reached(host)
    assert await reached(hosts.ssh("box"))


async def test_hashed_names(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server)
    home.know(
        f"{server.name} {tools.public(tools.host_key)}", f"other {tools.public(tools.other_key)}"
    )
    hash_names(home.known_hosts)
    assert await reached(hosts.ssh("box"))


async def test_a_file_with_hashed_names_gets_hashed_names(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server)
    home.know(f"other {tools.public(tools.other_key)}")
    hash_names(home.known_hosts)
    host = hosts.ssh("box")
    host.accept(await unknown(host), remember=True)
    assert "127.0.0.1" not in home.known_hosts.read_text()
    assert found_by_openssh(home.known_hosts, server.name)
    assert await reached(hosts.ssh("box"))


async def test_a_changed_key_is_refused(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server)
    home.know("# a comment", f"{server.name} {tools.public(tools.other_key)}")
    trouble = await refused(hosts.ssh("box"))
    assert trouble.finding == "host-key-changed"
    assert f"{home.known_hosts} line 2" in trouble.what
    assert tools.host_key.get_fingerprint() in trouble.mend
    assert f"ssh-keygen -f {home.known_hosts} -R '{server.name}'" in trouble.mend
    assert not server.users


async def test_a_key_that_changes_within_a_session(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server)
    host = hosts.ssh("box")
    host.accept(await unknown(host), remember=False)
    assert await reached(host)
    await server.stop()
    await make_server(keys=[tools.other_key], port=server.port)
    await tools.until(lambda: not host.connection.connected, "the loss is noticed")
    host.retry_now()
    trouble = await refused(host)
    assert trouble.finding == "host-key-changed"
    assert "accepted in this session" in trouble.what
    assert "ssh-keygen" not in trouble.mend


async def test_a_key_of_another_kind_than_the_known_one_has_changed(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server(keys=[tools.host_key])
    box(home, server)
    home.know(f"{server.name} {tools.public(tools.ecdsa_key)}")
    trouble = await refused(hosts.ssh("box"))
    assert trouble.finding == "host-key-changed"
    assert f"{home.known_hosts} line 1" in trouble.what


@pytest.mark.parametrize("which", [0, 1])
async def test_one_of_several_keys_is_enough(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools, which: int
) -> None:
    server = await make_server(keys=[tools.host_key, tools.ecdsa_key])
    box(home, server)
    home.know(f"{server.name} {tools.public(server.keys[which])}")
    assert await reached(hosts.ssh("box"))


@pytest.mark.parametrize("name", ["*", "[127.0.0.1]:{port}", "127.0.0.1"])
async def test_a_revoked_key_is_refused(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools, name: str
) -> None:
    server = await make_server()
    box(home, server)
    key = tools.public(tools.host_key)
    home.know(f"127.0.0.1 {key}", f"@revoked {name.format(port=server.port)} {key}")
    host = hosts.ssh("box")
    trouble = await refused(host)
    assert trouble.finding == "host-key-revoked"
    assert f"{home.known_hosts} line 2" in trouble.what
    line = f"{server.name} {key}"
    forced = UnknownKey(server.name, "ssh-ed25519", "", line, home.known_hosts)
    host.accept(forced, remember=False)
    assert (await refused(host)).finding == "host-key-revoked", "not even accepting helps"


async def test_the_key_on_port_22_will_do_but_is_no_conflict(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server)
    home.know(f"127.0.0.1 {tools.public(tools.host_key)}")
    assert await reached(hosts.ssh("box"))
    home.know(f"127.0.0.1 {tools.public(tools.other_key)}")
    assert (await unknown(hosts.ssh("box"))).name == server.name


async def test_a_name_is_not_known_by_its_address(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    home.config(f"Host box\n HostName localhost\n Port {server.port}\n AddressFamily inet\n")
    home.know(f"{server.name} {tools.public(tools.host_key)}")
    assert (await unknown(hosts.ssh("box"))).name == f"[localhost]:{server.port}"


@pytest.mark.parametrize("option", ["UserKnownHostsFile none", "UserKnownHostsFile /dev/null"])
async def test_no_file_never_means_no_check(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools, option: str
) -> None:
    server = await make_server()
    box(home, server, option, "StrictHostKeyChecking no")
    home.know(f"{server.name} {tools.public(tools.host_key)}")
    host = hosts.ssh("box")
    key = await unknown(host)
    host.accept(key, remember=True)
    assert await reached(host)
    await unknown(hosts.ssh("box"))


async def test_files_of_the_config(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    everywhere = home.path / "everywhere"
    everywhere.write_text(f"{server.name} {tools.public(tools.host_key)}\n")
    box(home, server, f"GlobalKnownHostsFile {everywhere}")
    assert await reached(hosts.ssh("box"))
    everywhere.unlink()
    assert (await unknown(hosts.ssh("box"))).file == home.known_hosts
    each = home.ssh / "known.box"
    each.write_text(f"{server.name} {tools.public(tools.host_key)}\n")
    box(home, server, "UserKnownHostsFile %d/.ssh/known.%n ~/.ssh/second")
    assert await reached(hosts.ssh("box"))


async def test_host_key_alias(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server, "HostKeyAlias Vault-1")
    host = hosts.ssh("box")
    key = await unknown(host)
    assert key.name == "vault-1"
    host.accept(key, remember=True)
    assert found_by_openssh(home.known_hosts, "vault-1")
    assert await reached(hosts.ssh("box"))
    home.know(f"vault-1 {tools.public(tools.other_key)}")
    assert (await refused(hosts.ssh("box"))).finding == "host-key-changed"


async def test_lines_that_cannot_be_read_are_passed_over(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    box(home, server)
    key = tools.public(tools.host_key)
    home.known_hosts.write_bytes(
        f"""
        {server.name}
        @bogus {server.name} {key}
        @revoked
        |1|not base64|at all {key}
        |2|c2FsdA==|aGFzaA== {key}
        {server.name} ssh-ed25519 AAAA
        {server.name} ssh-rsa {key.split()[1]}
        {server.name} ssh-from-the-future AAAAB3NzaC1lZDI1NTE5
        [[[*?!,,! {key}
""".encode()
        + b"\xff\xfe\0 \n"
        + f"{server.name} {key} and a comment".encode()
    )
    assert await reached(hosts.ssh("box"))


async def test_unreadable_files_know_nobody(
    hosts: Hosts, home: Home, make_server: MakeServer
) -> None:
    server = await make_server()
    home.known_hosts.mkdir()
    box(home, server)
    host = hosts.ssh("box")
    key = await unknown(host)
    with pytest.raises(OSError, match="directory"):
        host.accept(key, remember=True)


def certificate(
    authority: asyncssh.SSHKey, key: asyncssh.SSHKey, principal: str, before: str = "+1d"
) -> asyncssh.SSHCertificate:
    return authority.generate_host_certificate(
        key, "box", principals=[principal], valid_after="-2d", valid_before=before
    )


async def test_certificates(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    signed = certificate(tools.other_key, tools.host_key, "127.0.0.1")
    server = await make_server(certificates=[signed])
    box(home, server)
    authority = f"@cert-authority [127.0.0.1]:* {tools.public(tools.other_key)}"
    home.know(authority)
    assert await reached(hosts.ssh("box"))
    home.know(f"{server.name} {tools.public(tools.host_key)}")
    assert await reached(hosts.ssh("box")), "the plain key is known, the authority is not"
    home.know()
    assert (await unknown(hosts.ssh("box"))).algorithm == "ssh-ed25519"
    home.know(authority, f"@revoked * {tools.public(tools.other_key)}")
    assert (await refused(hosts.ssh("box"))).finding == "host-key-revoked"


@pytest.mark.parametrize(("principal", "before"), [("elsewhere", "+1d"), ("127.0.0.1", "-1d")])
async def test_certificates_that_are_not_valid(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools, principal: str, before: str
) -> None:
    signed = certificate(tools.other_key, tools.host_key, principal, before)
    server = await make_server(certificates=[signed])
    box(home, server)
    home.know(f"@cert-authority * {tools.public(tools.other_key)}")
    assert (await refused(hosts.ssh("box"))).finding == "host-certificate-refused"
