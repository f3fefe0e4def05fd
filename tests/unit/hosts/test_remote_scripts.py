"""The scripts that hosts are sent: clean, on one line, the same to every sh."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from sealift import remote

NAMES = ["watch.sh", "probe.sh"]
SHELLS = ["dash", "bash --posix", "bash", "busybox sh", "ksh", "mksh", "zsh --emulate sh"]


def run(shell: str, script: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = shell.split()
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} here")
    reading, writing = os.pipe()  # as a host does, it keeps stdin open
    try:
        return subprocess.run(
            [*command, "-c", script, "sealift", *words],
            stdin=reading,
            capture_output=True,
            start_new_session=True,
            timeout=30,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("name", NAMES)
def test_shellcheck(name: str) -> None:
    shellcheck = Path(sys.executable).parent / "shellcheck"
    found = shutil.which("shellcheck") or (str(shellcheck) if shellcheck.exists() else None)
    if found is None:
        pytest.skip("needs shellcheck")
    script = files(remote).joinpath(name).read_bytes()
    checked = subprocess.run((found, "-"), input=script, capture_output=True, check=False)
    assert checked.stdout == b""
    assert checked.returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_any_login_shell_can_quote_it(name: str) -> None:
    """A csh takes neither a newline nor `!` within quotes, a fish reads two backslashes as one."""
    script = remote.one_line(name)
    assert script
    for unsafe in ("\n", "!", "\\\\", "\\'", "#"):
        assert unsafe not in script


@pytest.mark.parametrize("shell", SHELLS)
def test_watch(shell: str) -> None:
    words = ("60", "", "sh", "-c", 'echo "$1"; echo err >&2; sleep 60 & exit 5', "x", "it's; $(x)")
    ended = run(shell, remote.one_line("watch.sh"), *words)
    assert (ended.returncode, ended.stdout) == (5, b"it's; $(x)\n")
    assert ended.stderr == b"err\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_watch_says_127(shell: str) -> None:
    ended = run(shell, remote.one_line("watch.sh"), "0", "", "zfs-of-nowhere")
    assert ended.returncode == 127
    assert b"zfs-of-nowhere" in ended.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_probe(shell: str) -> None:
    ended = run(shell, remote.one_line("probe.sh"))
    assert (ended.returncode, ended.stderr) == (0, b"")
    first, *lines = ended.stdout.decode().splitlines()
    assert first == ""
    assert all(line.startswith("sealift ") for line in lines)
    assert f"sealift uid {os.getuid()}" in lines
