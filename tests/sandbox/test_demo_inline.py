"""The demo's hosts without processes answer as those with do: `tests/contract/inline.py`."""

from __future__ import annotations

import pytest

from sealift.zfs.tokens import decode
from tests.contract.inline import Inline

_CREATE = ("zfs", "create", "-o", "encryption=on", "-o", "keyformat=passphrase")
_INTO = ("zfs", "receive", "-s", "-u", "backup/t")
_MIB = 1 << 20


@pytest.fixture
def hosts() -> Inline:
    """A sealed dataset with two snapshots."""
    hosts = Inline()
    assert hosts.run("nas1", *_CREATE, "tank/t").code == 0
    for name in "12":
        hosts.fill("nas1", "tank/t", 8 * _MIB)
        assert hosts.run("nas1", "zfs", "snapshot", f"tank/t@{name}").code == 0
    return hosts


def token(hosts: Inline) -> str:
    asked = ("zfs", "get", "-Ho", "value", "receive_resume_token", "backup/t")
    return hosts.run("dr1", *asked).stdout.strip()


def guids(hosts: Inline, host: str, dataset: str) -> list[str]:
    asked = ("zfs", "list", "-H", "-t", "snapshot", "-o", "guid,ivsetguid", dataset)
    return hosts.run(host, *asked).stdout.splitlines()


@pytest.mark.parametrize("killed", [False, True])
def test_what_broke_off_is_resumed_and_goes_on(hosts: Inline, killed: bool) -> None:  # noqa: FBT001
    full = ("zfs", "send", "-w", "tank/t@1")
    sent, received = hosts.transfer("nas1", full, _INTO, limit=3 * _MIB, killed=killed)
    assert sent.code == 0
    assert received.code == (143 if killed else 1)
    assert ("Partially received snapshot is saved" in received.stderr) is not killed
    assert decode(token(hosts)).raw
    rest = hosts.run("nas1", "zfs", "get", "-Ho", "value", "guid", "tank/t@1")
    assert decode(token(hosts)).to_guid == int(rest.stdout)
    resume = ("zfs", "send", "-w", "-t", token(hosts))
    assert [each.code for each in hosts.transfer("nas1", resume, _INTO)] == [0, 0]
    increment = ("zfs", "send", "-w", "-I", "@1", "tank/t@2")
    assert [each.code for each in hosts.transfer("nas1", increment, _INTO)] == [0, 0]
    assert guids(hosts, "dr1", "backup/t") == guids(hosts, "nas1", "tank/t")
    assert len(guids(hosts, "dr1", "backup/t")) == 2


def test_a_hold_forbids_to_prune(hosts: Inline) -> None:
    assert hosts.run("nas1", "zfs", "hold", "keep", "tank/t@1").code == 0
    assert hosts.run("nas1", "zfs", "destroy", "tank/t@1").code == 1
    assert hosts.run("nas1", "zfs", "release", "keep", "tank/t@1").code == 0
    assert hosts.run("nas1", "zfs", "destroy", "tank/t@1").code == 0


def test_a_partial_receive_can_be_dropped(hosts: Inline) -> None:
    hosts.transfer("nas1", ("zfs", "send", "-w", "tank/t@1"), _INTO, limit=_MIB)
    assert hosts.run("dr1", "zfs", "receive", "-A", "backup/t").code == 0
    assert hosts.run("dr1", "zfs", "list", "backup/t").code == 1


@pytest.mark.parametrize("limit", [0, 1, 9 * _MIB])
def test_a_package_may_break_off_anywhere(hosts: Inline, limit: int) -> None:
    package = ("zfs", "send", "-w", "-R", "tank/t@2")
    _, received = hosts.transfer("nas1", package, _INTO, limit=limit)
    assert received.code == 1
    assert hosts.run("dr1", "zfs", "receive", "-A", "backup/t").code == 0
