"""A demo leaves nothing behind, however it ends, and never meets another one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo

# Opens a demo, starts a transfer through a slow link on it, says where it is, and stays.
_HOLDER = """
import asyncio, sys
from sealift.demo.stage import Demo

async def main():
    async with Demo.open("blank") as demo:
        await demo.pace(link=50_000)
        script = (
            "zfs create tank/t; fill tank/t 50; zfs snapshot tank/t@1; "
            "zfs send tank/t@1 | ssh root@dr1 zfs receive -s -u backup/t"
        )
        process = await demo.source.start(("sh", "-c", script))
        print(demo.directory, process.process.pid, flush=True)
        await process.wait()

asyncio.run(main())
"""


def of_demo(directory: Path) -> list[str]:
    """The command lines of all processes that have to do with a demo."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            words = (each / "cmdline").read_bytes() + (each / "environ").read_bytes()
            line = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if os.fsencode(directory) in words:
            found.append(line)
    return found


def until(true: Callable[[], object], what: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


async def eventually(true: Callable[[], object], what: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


needs_proc = pytest.mark.skipif(not Path("/proc/self/wchan").exists(), reason="reads /proc")


@needs_proc
def test_kill_9_in_a_transfer_leaves_no_process_no_socket_and_no_directory() -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLDER], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            directory = Path(holder.stdout.readline().split()[0].decode())
            # The server, the script, send, ssh, the far shell, receive.
            until(lambda: len(of_demo(directory)) >= 6, "a transfer runs", 10)
            assert any("zfs receive" in each for each in of_demo(directory))
        finally:
            holder.send_signal(signal.SIGKILL)
    until(lambda: not of_demo(directory), "all processes have ended", 10)
    until(lambda: not directory.exists(), "the directory is gone", 10)


async def test_closing_a_demo_leaves_nothing() -> None:
    async with Demo.open(BLANK) as demo:
        directory = demo.directory
        assert directory.stat().st_mode & 0o777 == 0o700
        process = await demo.source.start(("sh", "-c", "zpool iostat -Hply tank 1"))
        assert await process.read_stdout()
    assert not directory.exists()
    until(lambda: not of_demo(directory), "all processes have ended", 5)


async def test_two_demos_do_not_meet() -> None:
    async with Demo.open(BLANK) as one, Demo.open(BLANK) as other:
        assert one.directory != other.directory
        await said(one, "nas1", "zfs create tank/mine")
        assert await said(other, "nas1", "zfs list -H -o name") == "tank\n"
        assert await said(one, "nas1", "zfs list -H -o name") == "tank\ntank/mine\n"
        assert await said(one, "dr1", "zfs list -H -o name") == "backup\n"


async def test_nothing_is_answered_without_the_key_of_this_run() -> None:
    async with Demo.open(BLANK) as demo:
        reader, writer = await asyncio.open_unix_connection(demo.directory / "socket")
        writer.write(b"\0" * 32 + b"\0\0\0\x10" + b"nas1\0zfs\0001\0001\0000\0list")
        assert await reader.read() == b""
        writer.close()
        assert (demo.directory / "key").stat().st_mode & 0o777 == 0o600


async def said(demo: Demo, host: str, script: str) -> str:
    """What a script on a host writes to its stdout."""
    process = await asyncio.create_subprocess_exec(
        demo.shell(host), "-c", script, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, script
    return out.decode()
