"""The small parts of hosts: log, gate, names of errors, jump hosts, what is imported when."""

from __future__ import annotations

import shlex
import subprocess
import sys
from datetime import UTC, datetime

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.hosts.command_log import CommandLog
from sealift.hosts.elevation import Elevation
from sealift.hosts.gate import Gate
from sealift.hosts.host import Result
from sealift.hosts.refusal import refusal
from sealift.hosts.ssh.config import Hop, parse_jumps
from sealift.hosts.ssh.troubles import explain
from sealift.hosts.trouble import TroubleError
from sealift.zfs.commands import Command, Effect

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READ = Command(("zfs", "list", "-Hp"), Effect.READ, "a test")


def test_the_log_keeps_the_newest() -> None:
    log = CommandLog(limit=2)
    numbers = [log.start(READ, "nas", NOW) for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert [entry.number for entry in log.entries()] == [2, 3]
    version = log.version
    log.end(1, 0.5, 0, 10)
    log.end(3, 0.5, 1, 10, "noted")
    assert log.version > version
    second, third = log.entries()
    assert second.running
    assert (third.running, third.exit_code, third.bytes_out, third.note) == (False, 1, 10, "noted")


@given(st.lists(st.text(), min_size=1))
def test_the_text_of_the_log_is_the_words(words: list[str]) -> None:
    log = CommandLog()
    log.start(Command(tuple(words), Effect.READ, "a test"), "nas", NOW)
    assert shlex.split(log.entries()[0].text) == words


def test_the_gate() -> None:
    for effect in Effect:
        command = Command(("zfs", "destroy", "tank"), effect, "a test")
        Gate().check(command, "nas")
        if effect is Effect.READ:
            Gate(read_only=True).check(command, "nas")
            continue
        with pytest.raises(TroubleError, match=effect.value) as raised:
            Gate(read_only=True).check(command, "nas")
        assert raised.value.trouble.raw == "zfs destroy tank"


def test_elevation_never_asks_for_a_password() -> None:
    assert Elevation.NONE.wrap(("zfs",)) == ("zfs",)
    assert Elevation.SUDO.wrap(("zfs",)) == ("sudo", "-n", "zfs")
    assert Elevation.DOAS.wrap(("zfs",)) == ("doas", "-n", "zfs")


@pytest.mark.parametrize(
    ("stderr", "code", "finding"),
    [
        (b"sealift: 1: zfs: not found\n", 127, "zfs-missing"),
        (b"sealift: line 1: zfs: command not found\n", 127, "zfs-missing"),
        (b"sealift: 1: mbuffer: not found\n", 127, "command-not-started"),
        (b"sudo: a password is required\n", 1, "permission-missing"),
        (b"something new\n", 1, "command-failed"),
        (b"\xff\xfe", 1, "command-failed"),
    ],
)
def test_refusals(stderr: bytes, code: int, finding: str) -> None:
    trouble = refusal("nas", READ, Result(code, b"", stderr, 1.0))
    assert trouble.finding == finding
    assert trouble.host == "nas"


@pytest.mark.parametrize(
    ("text", "hops"),
    [
        ("", ()),
        ("bastion", (Hop("bastion"),)),
        ("me@bastion:2222", (Hop("bastion", "me", 2222),)),
        ("a, b@b", (Hop("a"), Hop("b", "b"))),
        ("ssh://me@[::1]:22/", (Hop("::1", "me", 22),)),
        ("[fe80::1%eth0]", (Hop("fe80::1%eth0"),)),
    ],
)
def test_jump_hosts(text: str, hops: tuple[Hop, ...]) -> None:
    assert parse_jumps(text) == hops


@pytest.mark.parametrize("text", ["a:b", "::1", "a,,b", "a@", "ssh://", "a:22x"])
def test_jump_hosts_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="ProxyJump"):
        parse_jumps(text)


def test_jump_hosts_that_lead_back() -> None:
    with pytest.raises(ValueError, match="leads back"):
        parse_jumps("a,b", (Hop("b"),))


@pytest.mark.parametrize(
    ("error", "finding"),
    [
        (asyncssh.PermissionDenied("no"), "authentication-failed"),
        (asyncssh.ProtocolError("Too many authentication failures"), "authentication-failed"),
        (ConnectionRefusedError(111, "refused"), "host-unreachable"),
        (TimeoutError(), "host-unreachable"),
        (PermissionError(1, "Operation not permitted"), "host-unreachable"),
        (PermissionError(13, "Permission denied", "/root/.ssh/id"), "ssh-config"),
        (asyncssh.KeyImportError("no key"), "ssh-config"),
        (asyncssh.ConnectionLost("bye"), "host-unreachable"),
        (AssertionError(), "host-unreachable"),
    ],
)
def test_what_ssh_errors_are_called(error: Exception, finding: str) -> None:
    trouble = explain("nas", error, "its jump host bastion: ")
    assert trouble.finding == finding
    assert trouble.what.startswith("its jump host bastion: ")
    assert type(error).__name__ in trouble.raw


def test_asyncssh_is_imported_when_it_is_needed() -> None:
    modules = ["host", "probe", "refusal", "local", "opening", "command_log"]
    script = "import sys\n" + "".join(f"import sealift.hosts.{name}\n" for name in modules)
    script += "sys.exit('asyncssh' in sys.modules)"
    assert subprocess.run((sys.executable, "-c", script), check=False).returncode == 0
