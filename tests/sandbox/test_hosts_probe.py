"""The first questions to a host, with a `zfs` that prints what OpenZFS prints."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealift import remote
from sealift.hosts.elevation import Elevation
from sealift.hosts.host import Host, utc_now
from sealift.hosts.probe import HostFacts, probe
from sealift.hosts.trouble import Trouble, TroubleError

if TYPE_CHECKING:
    from tests.sandbox.conftest import Hosts, MakeServer

VERSION = r'[ "$1" = version ] && printf "zfs-2.2.7-1\nzfs-kmod-2.1.15-1~bpo\n"'
Programs = Callable[..., None]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Put scripts into a folder, by default one of PATH."""

    def put(folder: str = "bin", **scripts: str) -> None:
        there = tmp_path / folder
        there.mkdir(exist_ok=True)
        for name, script in scripts.items():
            (there / name).write_text(f"#!/bin/sh\n{script}\n")
            (there / name).chmod(0o755)

    put()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    one_line = remote.one_line

    def elsewhere(name: str) -> str:
        # No test may put anything into the real folders.
        script = one_line(name)
        assert name != "watch.sh" or ":/usr/local/sbin:/usr/sbin:/sbin" in script
        return script.replace(":/usr/local/sbin:/usr/sbin:/sbin", f":{tmp_path / 'sbin'}")

    monkeypatch.setattr(remote, "one_line", elsewhere)
    return put


async def refused(host: Host) -> Trouble:
    with pytest.raises(TroubleError) as raised:
        await probe(host)
    return raised.value.trouble


async def test_the_facts(host: Host, programs: Programs) -> None:
    programs(zfs=VERSION)
    facts = await probe(host)
    assert facts.uid == os.getuid()
    assert facts.hostname == os.uname().nodename
    assert facts.system == "Linux"
    assert facts.zfs == "zfs"
    assert facts.version.release == (2, 2, 7)
    assert facts.version.module == "2.1.15-1~bpo"
    assert abs(facts.ahead_seconds) <= 5


async def test_zfs_that_only_root_has_in_path(
    host: Host, programs: Programs, tmp_path: Path
) -> None:
    programs("sbin", zfs=VERSION)
    facts = await probe(host)
    assert facts.zfs == str(tmp_path / "sbin" / "zfs")
    assert facts.version.userland == "2.2.7-1"


async def test_no_zfs(host: Host, programs: Programs) -> None:
    assert (await refused(host)).finding == "zfs-missing"


async def test_no_kernel_module(host: Host, programs: Programs) -> None:
    programs(zfs="echo zfs-2.1.11-1; echo 'not loaded' >&2; exit 1")
    facts = await probe(host)
    assert (facts.version.userland, facts.version.module) == ("2.1.11-1", None)


async def test_no_kernel_module_and_programs_that_say_nothing_without_it(
    host: Host, programs: Programs
) -> None:
    # As 2.3.2 says it where its module cannot be loaded.
    said = "The ZFS modules cannot be auto-loaded."
    programs(zfs=f'echo "{said}" >&2; echo "Try running \'modprobe zfs\'." >&2; exit 1')
    trouble = await refused(host)
    assert trouble.finding == "zfs-missing"
    assert "modprobe zfs" in trouble.mend
    assert said in trouble.raw


@pytest.mark.parametrize("sudo", [True, False])
async def test_how_to_become_root(
    host: Host, programs: Programs, tmp_path: Path, *, sudo: bool
) -> None:
    asked = f'echo "$0 $*" >> {tmp_path}/asked'
    programs(
        zfs=VERSION,
        id=r'[ "$1" = -u ] && echo 1000 || printf "%s" "ADS\nina"',
        sudo=f"{asked}; exit {int(not sudo)}",
        doas=asked,
    )
    facts = await probe(host)
    assert (facts.uid, facts.user) == (1000, r"ADS\nina")
    assert (facts.sudo, facts.doas) == (sudo, True)
    assert facts.elevation is (Elevation.SUDO if sudo else Elevation.DOAS)
    zfs = tmp_path / "bin" / "zfs"
    assert (tmp_path / "asked").read_text().splitlines() == [
        f"{tmp_path}/bin/sudo -n -l {zfs} receive",
        f"{tmp_path}/bin/doas -n {zfs} version",
    ]


async def test_what_a_hostile_host_says_is_made_printable(host: Host, programs: Programs) -> None:
    programs(
        zfs=r'printf "zfs-2.2.7\033[2J\nzfs-kmod-2.2.7\n"',
        uname=r'printf "nas\033]0;gotcha\007"',
    )
    facts = await probe(host)
    assert "\x1b" not in facts.hostname + facts.system + facts.version.userland
    assert facts.hostname == r"nas\x1b]0;gotcha\x07"


@pytest.mark.parametrize(
    "scripts",
    [
        {"zfs": "echo unrecognized command >&2; exit 2"},
        {"zfs": VERSION, "date": "echo today"},
        {"zfs": VERSION, "id": ""},
    ],
)
async def test_answers_that_make_no_sense(
    host: Host, programs: Programs, scripts: dict[str, str]
) -> None:
    programs(**scripts)
    assert (await refused(host)).finding == "command-failed"


@pytest.mark.parametrize("text", ["Welcome!\n", "Welcome!", "\n\n*** Authorized use only ***\n"])
async def test_a_login_that_prints_text(
    hosts: Hosts, make_server: MakeServer, programs: Programs, text: str
) -> None:
    programs(zfs=VERSION)
    server = await make_server()
    server.login_text = text
    trouble = await refused(hosts.of(server))
    assert trouble.finding == "noisy-login"
    assert trouble.raw == text.strip()
    server.login_text = "\n"
    assert isinstance(await probe(hosts.made[-1]), HostFacts)


async def test_a_clock_that_is_ahead(
    host: Host, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = round(utc_now().timestamp()) + 600
    programs(zfs=VERSION, date=f"echo {ahead}")
    assert 590 <= (await probe(host)).ahead_seconds <= 600
