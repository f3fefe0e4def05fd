"""Bytes really move in a demo: blocked writes block, torn streams leave tokens, rates hold."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.zfs.tokens import decode

from .test_demo_ends import eventually, needs_proc, of_demo, said

_SEALED = (
    "printf 'correct horse battery staple' | "
    "zfs create -o encryption=on -o keyformat=passphrase -o keylocation=prompt tank/t; "
    "fill tank/t 40; zfs snapshot tank/t@1"
)
_PUSH = "zfs send -w -vP tank/t@1 | ssh root@dr1 zfs receive -s -u backup/t"


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    async with Demo.open(BLANK) as opened:
        await said(opened, "nas1", _SEALED)
        yield opened


def pid_of(demo: Demo, words: str) -> int | None:
    for each in Path("/proc").glob("[0-9]*"):
        try:
            line = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(demo.directory) in line and words in line and "program.py" in line:
            return int(each.name)
    return None


@needs_proc
async def test_a_sender_whose_link_is_slow_is_blocked_in_its_write(demo: Demo) -> None:
    await demo.pace(link=100_000)
    process = await demo.source.start(("sh", "-c", _PUSH))

    def blocked() -> bool:
        pid = pid_of(demo, "zfs send")
        return pid is not None and "pipe_write" in Path(f"/proc/{pid}/wchan").read_text()

    await eventually(blocked, "zfs send waits in pipe_write")
    process.close()


async def test_a_torn_transfer_leaves_a_token_that_carries_on(demo: Demo) -> None:
    await demo.pace(link=4_000_000)
    process = await demo.source.start(("sh", "-c", _PUSH))
    seen = b""
    while b":" not in seen:  # a line of progress
        seen += await process.read_stderr()
    os.killpg(process.process.pid, signal.SIGKILL)
    await process.wait()
    process.close()
    await eventually(
        lambda: "zfs receive" not in " ".join(of_demo(demo.directory)), "the receive has ended"
    )
    token = await said(
        demo, "dr1", "zfs get -H -o value receive_resume_token backup/t | tr -d '\\n'"
    )
    decoded = decode(token)
    assert decoded.raw
    assert decoded.bytes_received > 0
    await demo.pace(link=None)
    rest = (await said(demo, "nas1", f"zfs send -wnP -t {token}")).rpartition("\t")[2]
    assert int(rest) < 40 << 20
    await said(demo, "nas1", f"zfs send -w -t {token} | ssh root@dr1 zfs receive -s -u backup/t")
    guids = "zfs list -H -o guid,ivsetguid"
    there = await said(demo, "dr1", f"{guids} backup/t@1")
    assert there == await said(demo, "nas1", f"{guids} tank/t@1")


@pytest.mark.parametrize("slow", ["link", "source", "destination"])
async def test_the_slowest_stage_sets_the_rate(demo: Demo, slow: str) -> None:
    await demo.pace(**{slow: 20_000_000})
    began = time.monotonic()
    await said(demo, "nas1", _PUSH)
    seconds = time.monotonic() - began
    assert 1.6 < seconds < 4.0, "40 MiB at 20 MB/s"


async def test_rates_change_while_bytes_move(demo: Demo) -> None:
    await demo.pace(link=500_000)
    process = await demo.source.start(("sh", "-c", _PUSH))
    seen = b""
    while b":" not in seen:
        seen += await process.read_stderr()
    await demo.pace(link=None)
    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def test_progress_is_a_line_a_second_with_growing_bytes(demo: Demo) -> None:
    await demo.pace(link=12_000_000)
    process = await asyncio.create_subprocess_exec(
        demo.shell("nas1"), "-c", _PUSH, stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    lines = [line.split("\t") for line in err.decode().splitlines()]
    assert [line[0] for line in lines[:2]] == ["full", "size"]
    counts = [int(line[1]) for line in lines[2:]]
    assert len(counts) >= 2
    assert counts == sorted(counts)
    assert all(line[2] == "tank/t@1" for line in lines[2:])


async def test_a_pipeline_without_ssh_moves_bytes_on_one_host(demo: Demo) -> None:
    await said(demo, "nas1", "zfs send -w tank/t@1 | zfs receive -s -u tank/copy")
    listing = await said(demo, "nas1", "zfs list -H -r -o name,used tank/copy")
    assert listing == "tank/copy\t40.1M\n"


async def test_a_cut_link_refuses_new_connections(demo: Demo) -> None:
    await demo.connect_link(up=False)
    process = await asyncio.create_subprocess_exec(
        demo.shell("nas1"), "-c", "ssh root@dr1 true", stderr=asyncio.subprocess.PIPE
    )
    _, err = await process.communicate()
    assert process.returncode == 255
    assert b"No route to host" in err
