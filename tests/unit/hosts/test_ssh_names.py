"""The hosts that an ssh_config names: no patterns, through every Include, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealift.hosts.ssh_names import NamedHost, named_hosts


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `.ssh` of a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".ssh"
    folder.mkdir()
    return folder


def names(file: Path | None = None) -> list[str]:
    return [each.name for each in named_hosts(file).hosts]


def test_hosts_are_listed_in_order_and_patterns_are_none(ssh: Path) -> None:
    (ssh / "config").write_text(
        "# Host commented\n"
        "Host nas1 nas2.example.org  # Host after-it\n"
        "  HostName 10.0.0.1\n"
        "HOST *.lab dr? !secret dr1\n"
        'host="quoted" nas1\n'
        "Host = spaced\n"
        "Host fe80::1 bad/name -oProxyCommand=x user@host\n"
        "Match host never exec true\n"
        "Host *\n"
        "  ProxyCommand foo Host=bar\n"
    )
    assert names() == ["nas1", "nas2.example.org", "dr1", "quoted", "spaced", "fe80::1"]
    assert named_hosts().hosts[0] == NamedHost("nas1", ssh / "config", 2)


def test_included_files_are_followed_where_ssh_looks_for_them(ssh: Path, tmp_path: Path) -> None:
    (ssh / "d").mkdir()
    (ssh / "d" / "b").write_text("Host two\n")
    (ssh / "d" / "a").write_text("Host one\nInclude config\n")
    (tmp_path / "other").write_text("Host other\n")
    (tmp_path / "third").write_text("Host third\n")
    (ssh / "config").write_text(
        "Host first\nInclude d/* nothing-there* / ~nobody-here/x\n"
        f"Include ~/other {tmp_path / 'third'}\nHost last\n"
    )
    assert names() == ["first", "one", "two", "other", "third", "last"]


def test_another_file_takes_the_place_of_the_users(ssh: Path, tmp_path: Path) -> None:
    (ssh / "config").write_text("Host mine\n")
    (ssh / "more").write_text("Host more\n")
    file = tmp_path / "given"
    file.write_text("Host given\nInclude more\n")
    assert names(file) == ["given", "more"]


def test_no_file_is_no_hosts_and_one_that_cannot_be_read_is_said(ssh: Path, tmp_path: Path) -> None:
    assert named_hosts().hosts == ()
    assert named_hosts().unread == ()
    (ssh / "config").write_text('Host a\nHost "never closed\nHost b\n')
    assert names() == ["a", "b"]
    (ssh / "config").unlink()
    (ssh / "config").mkdir()
    assert named_hosts().unread == (f"{ssh / 'config'}: Is a directory",)
