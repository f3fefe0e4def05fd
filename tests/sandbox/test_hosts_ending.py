"""No process that we started outlives its purpose, however it comes to its end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealift import remote
from sealift.hosts.elevation import Elevation
from sealift.hosts.host import Host
from sealift.hosts.trouble import TroubleError
from sealift.zfs.commands import Command, Effect

if TYPE_CHECKING:
    from tests.sandbox.conftest import Hosts, MakeServer, Tools

# Writes its process group to the file, then runs what was asked.
_NOTE = 'cut -d" " -f5 /proc/$$/stat > "$0.new"; mv "$0.new" "$0"; '
PIPELINE = "sleep 300 | sleep 300 | cat"
_KILLED = """
import asyncio, sys
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.local import LocalTransport
from sealift.zfs.commands import Command, Effect

def transport():
    if sys.argv[1] == "local":
        return LocalTransport()
    from sealift.hosts.ssh import SSHTransport
    return SSHTransport("box", None)

async def main():
    host = Host(transport(), Gate(), CommandLog())
    await host.run(Command(tuple(sys.argv[2:]), Effect.READ, "a test"), deadline=None)

asyncio.run(main())
"""


class Watched:
    """A command that tells the process group that it runs in on its host."""

    def __init__(self, folder: Path, tools: Tools) -> None:
        self._file = folder / "group"
        self._tools = tools

    def command(self, script: str = PIPELINE) -> Command:
        return Command(("sh", "-c", _NOTE + script, str(self._file)), Effect.READ, "a test")

    async def running(self) -> None:
        await self._tools.until(self._file.exists, "it runs")

    def left(self) -> list[str]:
        if not self._file.exists():  # it was ended before it could tell
            return []
        return self._tools.group(int(self._file.read_text()))

    def left_of_command(self) -> list[str]:
        """What is left without the watcher, which stays for a second to see who ignores SIGTERM."""
        return [each for each in self.left() if "end_all" not in each and each != "sleep 1 "]

    async def gone(self) -> None:
        await self._tools.until(lambda: not self.left_of_command(), "its processes are gone")

    async def all_gone(self) -> None:
        await self._tools.until(lambda: not self.left(), "its processes and watchers are gone")


@pytest.fixture
def watched(tmp_path: Path, tools: Tools) -> Watched:
    return Watched(tmp_path, tools)


async def test_after_its_own_end_nothing_is_left(host: Host, watched: Watched) -> None:
    assert (await host.run(watched.command("sleep 300 & exit 4"))).exit_code == 4
    await watched.all_gone()


async def test_when_the_deadline_passes(host: Host, watched: Watched) -> None:
    with pytest.raises(TroubleError, match="no answer within 1 s") as raised:
        await host.run(watched.command(), deadline=1)
    assert raised.value.trouble.finding == "host-unreachable"
    await watched.gone()
    assert (await host.run(Command(("echo",), Effect.READ, "a test"))).ok


async def test_when_it_is_cancelled(host: Host, watched: Watched) -> None:
    task = asyncio.create_task(host.run(watched.command()))
    await watched.running()
    assert watched.left()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await watched.gone()


async def test_when_it_ignores_sigterm(host: Host, watched: Watched) -> None:
    script = "trap '' TERM; sleep 300 | sleep 300; sleep 300"
    task = asyncio.create_task(host.run(watched.command(script)))
    await watched.running()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await watched.all_gone()


async def test_when_it_floods_us(host: Host, watched: Watched) -> None:
    task = asyncio.create_task(host.run(watched.command("yes"), on_stdout=lambda _: None))
    await watched.running()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await watched.gone()
    assert (await host.run(Command(("echo",), Effect.READ, "a test"))).ok


async def test_when_a_sink_raises(host: Host, watched: Watched) -> None:
    def broken(data: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await host.run(watched.command(f"echo; {PIPELINE}"), on_stdout=broken)
    await watched.gone()


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13])
async def test_when_it_is_cancelled_while_it_starts(
    hosts: Hosts, make_server: MakeServer, tools: Tools, steps: int
) -> None:
    server = await make_server()
    host = hosts.of(server)
    await host.run(Command(("echo",), Effect.READ, "a test"))
    task = asyncio.create_task(host.run(Command(("sleep", "300"), Effect.READ, "a test")))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    after = await host.run(Command(("echo", "after"), Effect.READ, "a test"))
    assert after.stdout == b"after\n"
    await tools.until(lambda: server.running == 0, "the server has nothing left to run")


async def test_when_the_connection_drops(
    hosts: Hosts, make_server: MakeServer, watched: Watched
) -> None:
    server = await make_server()
    host = hosts.of(server)
    task = asyncio.create_task(host.run(watched.command(), deadline=None))
    await watched.running()
    server.drop()
    with pytest.raises(TroubleError, match="connection was lost") as raised:
        await task
    assert raised.value.trouble.finding == "host-unreachable"
    assert hosts.log.entries()[-1].note == "the connection was lost"
    await watched.gone()


async def test_when_the_host_is_closed(host: Host, watched: Watched) -> None:
    task = asyncio.create_task(host.run(watched.command(), deadline=None))
    await watched.running()
    await host.close()
    ended = (await asyncio.gather(task, return_exceptions=True))[0]
    assert isinstance(ended, TroubleError) or (host.where == "this machine" and ended.exit_code)  # type: ignore[union-attr]
    await watched.gone()


@pytest.mark.parametrize("kind", ["local", "ssh"])
async def test_when_we_are_killed(
    kind: str, hosts: Hosts, make_server: MakeServer, watched: Watched
) -> None:
    hosts.of(await make_server())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _KILLED, kind, *watched.command().argv
    )
    await watched.running()
    process.kill()
    await process.wait()
    await watched.gone()


async def test_what_runs_as_root_is_ended_as_root(
    host: Host, watched: Watched, tmp_path: Path, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    sudo, asked = tmp_path / "sudo", tmp_path / "asked"
    sudo.write_text(f'#!/bin/sh\necho "$*" >> {asked}\nshift; exec "$@"\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    host.elevation = Elevation.SUDO
    assert (await host.run(Command(("true",), Effect.READ, "a test"))).ok
    assert not asked.exists(), "what ended by itself needs nobody to end it"
    task = asyncio.create_task(host.run(watched.command()))
    await watched.running()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await watched.gone()
    await tools.until(asked.exists, "sudo was asked")
    assert asked.read_text().splitlines()[0] == "-n kill -TERM 0"


def test_the_limit_ends_it_where_our_end_cannot_be_seen(tmp_path: Path) -> None:
    """A network that only falls silent closes nothing: stdin stays open here."""
    reading, writing = os.pipe()
    try:
        script = remote.one_line("watch.sh")
        ended = subprocess.run(
            ["sh", "-c", script, "sealift", "1", "0", "", "sleep", "300"],
            stdin=reading,
            start_new_session=True,
            timeout=30,
            check=False,
        )
        assert ended.returncode == -15
    finally:
        os.close(reading)
        os.close(writing)
