"""What `Host.run` promises, on this machine and over SSH."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from sealift import remote
from sealift.hosts.host import CHANNELS, STDERR_KEPT, Host
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import TroubleError
from sealift.zfs.commands import Command, Effect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.sandbox.conftest import Hosts, MakeServer, Tools


def sh(script: str, *words: str, effect: Effect = Effect.READ) -> Command:
    return Command(("sh", "-c", script, *words), effect, "a test")


async def test_output_and_exit_code(host: Host) -> None:
    result = await host.run(sh("echo out; echo err >&2; exit 3"))
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    assert not result.ok
    assert result.seconds > 0


async def test_a_missing_program_is_127(host: Host) -> None:
    command = Command(("zpool-of-nowhere", "list"), Effect.READ, "a test")
    result = await host.run(command)
    assert result.exit_code == 127
    assert b"zpool-of-nowhere" in result.stderr
    assert refusal(host.where, command, result).finding != "zfs-missing"
    zfs = Command(("/nowhere/zfs", "list"), Effect.READ, "a test")
    assert refusal(host.where, zfs, await host.run(zfs)).finding == "zfs-missing"


@pytest.mark.parametrize(("signal", "code"), [("KILL", 137), ("TERM", 143), ("SEGV", 139)])
async def test_a_signal_is_128_and_its_number(host: Host, signal: str, code: int) -> None:
    assert (await host.run(sh(f"kill -{signal} $$"))).exit_code == code


@pytest.mark.parametrize(
    "word",
    [
        "two words",
        'it\'s "quoted"',
        "; rm -rf /nowhere",
        "$(touch /nowhere) `id` ${HOME} $$",
        "first\nsecond",
        "back\\slash \\n",
        "*",
        "",
        "-n",
        "tänk",
        "{a,b} !! ~ # & | > <",
    ],
)
async def test_words_arrive_as_they_are(host: Host, word: str) -> None:
    result = await host.run(Command(("printf", "[%s]", word, "last"), Effect.READ, "a test"))
    assert result.stdout.decode() == f"[{word}][last]"


async def test_the_environment(host: Host) -> None:
    result = await host.run(sh('echo "$LC_ALL"; echo "$PATH"; echo "$LOGIN_PATH"; env'))
    locale, path, login_path, *environment = result.stdout.decode().splitlines()
    assert locale == "C"
    assert path == f"{login_path}:/usr/local/sbin:/usr/sbin:/sbin"
    assert f"LOGIN_PATH={login_path}" in environment


async def test_stdin_is_empty(host: Host) -> None:
    assert (await host.run(Command(("cat",), Effect.READ, "a test"))).stdout == b""


@pytest.mark.parametrize("size", [1, 4096, 1_000_000])
async def test_stdin_is_given_to_the_last_byte_and_then_ends(host: Host, size: int) -> None:
    data = (bytes(range(256)) * (size // 256 + 1))[:size]
    result = await host.run(Command(("cat",), Effect.READ, "a test"), stdin=data)
    assert result.stdout == data
    assert (result.exit_code, result.stderr) == (0, b"")


@pytest.mark.parametrize("code", [0, 3, 255])
async def test_with_stdin_exit_code_and_stderr_come_through(host: Host, code: int) -> None:
    result = await host.run(sh(f"cat >/dev/null; echo err >&2; exit {code}"), stdin=b"some")
    assert (result.exit_code, result.stdout, result.stderr) == (code, b"", b"err\n")


async def test_with_stdin_a_missing_program_is_127(host: Host) -> None:
    command = Command(("zpool-of-nowhere",), Effect.READ, "a test")
    result = await host.run(command, stdin=b"some")
    assert result.exit_code == 127
    assert b"zpool-of-nowhere" in result.stderr


@pytest.mark.parametrize("script", ["exit 4", "exec <&-; exit 4", "head -c 1 >/dev/null; exit 4"])
async def test_a_command_that_does_not_read_its_stdin_is_no_error(host: Host, script: str) -> None:
    result = await host.run(sh(script), stdin=b"x" * 1_000_000)
    assert (result.exit_code, result.stdout, result.stderr) == (4, b"", b"")


async def test_with_stdin_the_shell_says_nothing_of_its_own(host: Host) -> None:
    """Neither of the command's background processes nor of the watchers that are ended."""
    result = await host.run(sh("cat; sleep 300 & sleep 300 | sleep 300 & exit 5"), stdin=b"some")
    assert (result.exit_code, result.stdout, result.stderr) == (5, b"some", b"")


async def test_stdin_is_not_in_the_log(host: Host, hosts: Hosts) -> None:
    await host.run(sh("cat >/dev/null"), stdin=b"a passphrase")
    assert "passphrase" not in str(hosts.log.entries())


async def test_with_stdin_a_command_ends_when_nobody_waits(
    host: Host, tools: Tools, tmp_path: Path
) -> None:
    note = tmp_path / "group"
    script = 'cat >/dev/null; cut -d" " -f5 /proc/$$/stat >"$0.new"; mv "$0.new" "$0"; sleep 300'
    task = asyncio.create_task(host.run(sh(script, str(note)), stdin=b"some", deadline=None))
    await tools.until(note.exists, "it has read")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    group = int(note.read_text())
    await tools.until(lambda: not tools.group(group), "nothing is left of it")


async def test_with_stdin_the_deadline_passes(host: Host) -> None:
    with pytest.raises(TroubleError, match="no answer within 1 s"):
        await host.run(sh("sleep 300"), stdin=b"some", deadline=1)


def test_with_stdin_the_limit_ends_it_where_our_end_cannot_be_seen() -> None:
    """LIMIT, SIZE, ELEVATE, COMMAND: stdin stays open here."""
    watch = ("sh", "-c", remote.one_line("watch.sh"), "sealift")
    with subprocess.Popen(
        [*watch, "1", "4", "", "sh", "-c", "cat; sleep 300"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"some")
        process.stdin.flush()
        assert process.wait(30) > 0
        assert process.stdout.read() == b"some"
        assert process.stderr.read() == b""


async def test_large_output_goes_through_a_sink(host: Host) -> None:
    counted = 0

    def count(data: bytes) -> None:
        nonlocal counted
        counted += len(data)

    size = 50_000_000
    command = sh(f"head -c {size} /dev/zero")
    result = await host.run(command, deadline=60, on_stdout=count)
    assert result.ok
    assert counted == size
    assert result.stdout == b""


async def test_of_stderr_the_end_is_kept(host: Host) -> None:
    heard = bytearray()
    script = "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo done >&2"
    result = await host.run(sh(script), on_stderr=heard.extend)
    assert len(result.stderr) == STDERR_KEPT
    assert result.stderr.endswith(b"xdone\n")
    assert len(heard) == 1_000_005


async def test_an_answer_without_end_is_not_kept(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealift.hosts.host.STDOUT_KEPT", 1_000_000)
    with pytest.raises(TroubleError, match="longer than"):
        await host.run(Command(("yes",), Effect.READ, "a test"))


async def test_not_more_than_six_at_once(
    hosts: Hosts, make_server: MakeServer, tools: Tools, tmp_path: Path
) -> None:
    server = await make_server()
    host = hosts.of(server)
    go = tmp_path / "go"
    script = 'while [ ! -e "$0" ]; do sleep 0.05; done; echo $$'
    tasks = [asyncio.create_task(host.run(sh(script, str(go)))) for _ in range(15)]
    await tools.until(lambda: server.running == CHANNELS, "as many run as may")
    go.touch()
    results = await asyncio.gather(*tasks)
    assert len({result.stdout for result in results}) == 15
    assert server.most_running == CHANNELS
    assert len(server.connections) == 1


async def test_a_sink_that_raises_ends_the_command(hosts: Hosts) -> None:
    def broken(data: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hosts.local().run(sh("echo; echo err >&2; sleep 100"), on_stdout=broken)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nobody goes on reading"
    entry = hosts.log.entries()[-1]
    assert entry.note == "ended: ZeroDivisionError"
    assert not entry.running


async def test_the_log_can_be_pasted(host: Host, hosts: Hosts) -> None:
    command = Command(("printf", "%s", "it's $HOME; rm\n-rf"), Effect.READ, "why not")
    await host.run(command)
    await host.run(sh("exit 7"))
    with pytest.raises(TroubleError):
        await host.run(sh("sleep 100"), deadline=0.5)
    first, second, third = hosts.log.entries()
    assert tuple(shlex.split(first.text)) == command.argv
    assert (first.exit_code, first.note, first.why, first.host) == (0, "", "why not", host.where)
    assert first.bytes_out == len("it's $HOME; rm\n-rf")
    assert (second.exit_code, second.note) == (7, "")
    assert third.exit_code is None
    assert third.note.startswith("ended")
    assert all(entry.seconds is not None and entry.seconds > 0 for entry in hosts.log.entries())


@pytest.mark.parametrize("effect", [Effect.CHANGE, Effect.DESTRUCTION])
async def test_read_only_lets_nothing_but_reads_through(
    hosts: Hosts, make_server: MakeServer, tmp_path: Path, effect: Effect
) -> None:
    server = await make_server()
    made = tmp_path / "made"
    for host in (hosts.local(read_only=True), hosts.of(server, read_only=True)):
        with pytest.raises(TroubleError) as raised:
            await host.run(sh('touch "$0"', str(made), effect=effect))
        assert raised.value.trouble.finding == "read-only"
        assert str(made) in raised.value.trouble.raw
    assert not made.exists()
    assert not server.connections, "it was not even connected"
    assert hosts.log.entries() == ()
    assert (await hosts.made[-1].run(sh("echo read"))).stdout == b"read\n"


async def test_a_command_too_long_for_this_machine_is_a_trouble(hosts: Hosts) -> None:
    with pytest.raises(TroubleError, match="could not be started"):
        await hosts.local().run(Command(("echo", "x" * 3_000_000), Effect.READ, "a test"))
