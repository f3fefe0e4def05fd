"""What a detached job meets on a demo's hosts: ssh as it is called, ps, kill, cut links, power."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.hosts.trouble import TroubleError
from sealift.zfs.commands import list_datasets
from sealift.zfs.listings import parse_datasets
from sealift.zfs.tokens import decode

from .test_demo_ends import eventually, needs_proc, of_demo, said

_SEALED = (
    "printf 'correct horse battery staple' | "
    "zfs create -o encryption=on -o keyformat=passphrase -o keylocation=prompt tank/t; "
    "fill tank/t 40; zfs snapshot tank/t@1"
)
_OPTIONS = "-o BatchMode=yes -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -o ControlPath=none"
_RECEIVE = "zfs receive -s -u backup/t"
_PUSH = f"zfs send -w tank/t@1 | ssh {_OPTIONS} root@dr1 {shlex.quote(_RECEIVE)}"
_TOKEN = "zfs get -H -o value receive_resume_token {} | tr -d '\\n'"
_LOOP = "setsid sh -c 'while :; do sleep 60; done' loop </dev/null >/dev/null 2>&1 &"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended."""

    code: int | None
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Running:
    """A line of `ps -eo pid=,ppid=,etimes=,args=`."""

    pid: int
    parent: int
    seconds: int
    args: str


async def started(demo: Demo, host: str, script: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        demo.shell(host),
        "-c",
        script,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(process: asyncio.subprocess.Process) -> Ended:
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    return Ended(process.returncode, out.decode(), err.decode())


async def run(demo: Demo, host: str, script: str) -> Ended:
    return await ended(await started(demo, host, script))


async def ps(demo: Demo, host: str) -> list[Running]:
    text = await said(demo, host, "ps -eo pid=,ppid=,etimes=,args=")
    rows = [line.split(maxsplit=3) for line in text.splitlines()]
    return [Running(int(row[0]), int(row[1]), int(row[2]), row[3]) for row in rows]


async def the(demo: Demo, host: str, args: str) -> Running:
    """The process with these arguments, once there is one."""
    async with asyncio.timeout(10):
        while True:
            for each in await ps(demo, host):
                if each.args == args:
                    return each


async def gone(demo: Demo, host: str, args: str) -> None:
    async with asyncio.timeout(10):
        while any(each.args == args for each in await ps(demo, host)):
            pass


async def bytes_there(demo: Demo) -> None:
    """Wait until something of the transfer has arrived."""
    async with asyncio.timeout(10):
        while (await run(demo, "dr1", _TOKEN.format("backup/t"))).out in {"", "-"}:
            pass


async def resumed(demo: Demo) -> None:
    """Finish what was interrupted by its token, and compare."""
    token = await said(demo, "dr1", _TOKEN.format("backup/t"))
    assert decode(token).raw
    await demo.pace(link=None)
    await said(demo, "nas1", f"zfs send -w -t {token} | ssh {_OPTIONS} root@dr1 '{_RECEIVE}'")
    guids = "zfs list -H -o guid,ivsetguid"
    there = await said(demo, "dr1", f"{guids} backup/t@1")
    assert there == await said(demo, "nas1", f"{guids} tank/t@1")


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    async with Demo.open(BLANK) as opened:
        yield opened


@pytest.fixture
async def slow(demo: Demo) -> Demo:
    """Something to send, and a link on which that takes a while."""
    await said(demo, "nas1", _SEALED)
    await demo.pace(link=4_000_000)
    await demo.patience(patience=0.5, retries=5.0, linger=1.0)
    return demo


# ssh


@pytest.mark.parametrize(
    "options",
    [
        _OPTIONS,
        "-oBatchMode=yes -4 -p22",
        "-F /dev/null -i key -J jump",
        "-nTqA",
        "-l root -o 'StrictHostKeyChecking accept-new'",
        "--",
    ],
)
async def test_ssh_takes_the_options_that_openssh_takes(demo: Demo, options: str) -> None:
    assert await run(demo, "nas1", f"ssh {options} dr1 uname -n; exit $?") == Ended(0, "dr1\n", "")


async def test_options_may_follow_the_destination(demo: Demo) -> None:
    assert (await run(demo, "nas1", "ssh dr1 -n -l root uname -n")).out == "dr1\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("-Z dr1 true", "unknown option -- Z\r\nusage: ssh ["),
        ("-o", "option requires an argument -- o\r\nusage: ssh ["),
        ("-o Nonsense=1 dr1 true", "command-line: line 0: Bad configuration option: nonsense\r\n"),
        ("-o BatchMode dr1 true", 'command-line line 0: no argument after keyword "batchmode"\r\n'),
        ("-F /none dr1 true", "Can't open user config file /none: No such file or directory\r\n"),
        ("", "usage: ssh ["),
        ("other@dr1 true", "other@dr1: Permission denied (publickey).\r\n"),
        ("nohost true", "ssh: Could not resolve hostname nohost: Name or service not known\r\n"),
    ],
)
async def test_ssh_refuses_as_openssh_does(demo: Demo, words: str, says: str) -> None:
    found = await run(demo, "nas1", f"ssh {words}")
    assert (found.code, found.out) == (255, "")
    assert found.err.startswith(says)


async def test_ssh_joins_its_words_for_the_far_shell_and_ends_with_its_code(demo: Demo) -> None:
    inner = shlex.join(("sh", "-c", 'printf "%s|" "$0" "$@"; exit 7', "sealift", "a b", "c'd"))
    found = await run(demo, "nas1", f"ssh dr1 {shlex.quote(inner)}")
    assert found == Ended(7, "sealift|a b|c'd|", "")
    assert (await run(demo, "nas1", "ssh dr1 printf '%s-' 'a b'")).out == "a-b-"


async def test_ssh_n_leaves_stdin_to_the_next(demo: Demo) -> None:
    script = "printf 'one\\ntwo\\n' | while read -r each; do ssh {} dr1 cat; echo $each; done"
    assert (await run(demo, "nas1", script.format("-n"))).out == "one\ntwo\n"
    assert (await run(demo, "nas1", script.format("-T"))).out == "two\none\n"


async def test_a_session_lasts_while_something_keeps_its_stdout(demo: Demo) -> None:
    found = await run(demo, "nas1", "ssh dr1 '(sleep 0.3; echo late) & echo first'")
    assert found == Ended(0, "first\nlate\n", "")


async def test_a_pull_is_as_good_as_a_push(demo: Demo) -> None:
    await said(demo, "nas1", _SEALED)
    await said(demo, "dr1", f"ssh {_OPTIONS} root@nas1 'zfs send -w tank/t@1' | {_RECEIVE}")
    guids = "zfs list -H -o guid,ivsetguid"
    there = await said(demo, "dr1", f"{guids} backup/t@1")
    assert there == await said(demo, "nas1", f"{guids} tank/t@1")


# ps and kill


async def test_ps_shows_a_receive_under_its_own_words_and_its_sshd(slow: Demo) -> None:
    push = await started(slow, "nas1", _PUSH)
    receive = await the(slow, "dr1", _RECEIVE)
    parent = await said(slow, "dr1", f"ps -o args= -p {receive.parent}")
    assert parent == "sshd: root@notty\n"
    assert receive.seconds < 20
    os.kill(receive.pid, 0)
    there = [each.args for each in await ps(slow, "nas1")]
    assert "zfs send -w tank/t@1" in there
    assert f"ssh {_OPTIONS} root@dr1 {_RECEIVE}" in there
    assert _RECEIVE not in there
    assert not any(each.args.startswith("zfs send") for each in await ps(slow, "dr1"))
    elsewhere = await run(slow, "nas1", f"ps -o args= -p {receive.pid}")
    assert elsewhere == Ended(1, "", "")
    await slow.pace(link=None)
    assert (await ended(push)).code == 0


@needs_proc
async def test_ps_shows_the_shells_of_its_host_and_no_process_of_anybody_else(demo: Demo) -> None:
    script = (
        "echo 'sleep 60; :' >runner; setsid sh ./runner JOB </dev/null >/dev/null 2>&1 & echo $!"
    )
    process = await demo.source.start(("sh", "-c", script))
    pid = int(await process.read_stdout())
    process.close()
    assert (await the(demo, "nas1", "sh ./runner JOB")).pid == pid
    assert await said(demo, "nas1", f"kill -0 {pid} && ps -o args= -p {pid}") == "sh ./runner JOB\n"
    assert os.getpid() not in {each.pid for each in await ps(demo, "nas1")}
    assert all("runner" not in each.args for each in await ps(demo, "dr1"))


async def test_ps_has_headers_and_says_what_it_cannot_do(demo: Demo) -> None:
    assert (await said(demo, "nas1", "ps -e -o pid,args")).startswith("    PID COMMAND\n")
    assert (await run(demo, "nas1", "ps aux")).code == 1
    assert await run(demo, "nas1", "ps -o args= -p 0") == Ended(1, "", "")


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
async def test_a_killed_receive_saves_what_it_has(slow: Demo, signal: str) -> None:
    push = await started(slow, "nas1", _PUSH)
    receive = await the(slow, "dr1", _RECEIVE)
    await bytes_there(slow)
    await said(slow, "dr1", f"kill -{signal} {receive.pid}")
    assert await ended(push) == Ended(255, "", "")
    await resumed(slow)


async def test_whoever_kills_the_sshd_of_a_receive_ends_it_with_end_of_file(slow: Demo) -> None:
    await said(slow, "dr1", "mkfifo said")
    script = f"{_RECEIVE} 2>said.err; echo $? >said"
    push = await started(slow, "nas1", _PUSH.replace(shlex.quote(_RECEIVE), shlex.quote(script)))
    receive = await the(slow, "dr1", _RECEIVE)
    await bytes_there(slow)
    sshd = next(each for each in await ps(slow, "dr1") if each.args == "sshd: root@notty")
    shell = next(each for each in await ps(slow, "dr1") if each.pid == receive.parent)
    assert shell.parent == sshd.pid
    await said(slow, "dr1", f"kill {sshd.pid}")
    found = await ended(push)
    assert found.code == 255
    assert found.err == "Connection to dr1 closed by remote host.\r\n"
    assert await said(slow, "dr1", "cat said; sed -n 2p said.err") == (
        "1\nPartially received snapshot is saved.\n"
    )
    await resumed(slow)


# A link that is cut


async def test_a_cut_link_ends_ssh_and_leaves_a_receive_that_hangs_until_it_is_back(
    slow: Demo,
) -> None:
    push = await started(slow, "nas1", _PUSH)
    receive = await the(slow, "dr1", _RECEIVE)
    await bytes_there(slow)
    await slow.connect_link(up=False)
    assert await ended(push) == Ended(255, "", "Timeout, server dr1 not responding.\r\n")
    again = await run(slow, "nas1", f"ssh {_OPTIONS} root@dr1 true")
    assert again == Ended(255, "", "ssh: connect to host dr1 port 22: No route to host\r\n")
    assert (await the(slow, "dr1", _RECEIVE)).pid == receive.pid
    await slow.patience(linger=600)
    await slow.connect_link(up=True)
    busy = await run(
        slow, "nas1", f"zfs send -w -t $(ssh dr1 {shlex.quote(_TOKEN.format('backup/t'))}) | "
        f"ssh root@dr1 '{_RECEIVE}'"
    )  # fmt: skip
    assert busy.err == "cannot receive resume stream: dataset is busy\n"
    await said(slow, "dr1", f"kill {receive.parent}")
    await gone(slow, "dr1", _RECEIVE)
    await resumed(slow)


async def test_a_host_notices_in_the_end_that_its_client_went_while_the_link_was_cut(
    slow: Demo,
) -> None:
    push = await started(slow, "nas1", _PUSH)
    await bytes_there(slow)
    await slow.connect_link(up=False)
    await ended(push)
    await slow.connect_link(up=True)
    await gone(slow, "dr1", _RECEIVE)
    await resumed(slow)


async def test_without_server_alive_ssh_hangs_until_tcp_gives_up(slow: Demo) -> None:
    await slow.patience(retries=1.5)
    push = await started(slow, "nas1", _PUSH.replace(_OPTIONS, ""))
    await bytes_there(slow)
    await slow.connect_link(up=False)
    found = await ended(push)
    assert found == Ended(255, "", "client_loop: send disconnect: Broken pipe\r\n")


async def test_a_link_that_is_back_soon_interrupts_nothing(slow: Demo) -> None:
    await slow.patience(patience=30)
    push = await started(slow, "nas1", _PUSH)
    await bytes_there(slow)
    await slow.connect_link(up=False)
    before = await said(slow, "dr1", _TOKEN.format("backup/t"))
    await slow.connect_link(up=True)
    await slow.pace(link=None)
    assert (await ended(push)).code == 0
    assert before != await said(slow, "dr1", _TOKEN.format("backup/t"))


# Power


async def test_a_host_without_power_loses_what_runs_and_locks_its_keys(slow: Demo) -> None:
    await said(slow, "nas1", _LOOP)
    push = await started(slow, "nas1", _PUSH)
    await bytes_there(slow)
    await slow.power("nas1", on=False)
    await push.wait()
    assert not any("while :" in each for each in of_demo(slow.directory))
    assert not slow.source.connected
    with pytest.raises(TroubleError, match="no route to host"):
        await slow.source.start(("true",))
    assert (await the(slow, "dr1", _RECEIVE)).args  # it does not know yet
    await slow.power("nas1", on=True)
    assert await said(slow, "nas1", "zfs get -H -o value keystatus tank/t") == "unavailable\n"
    await gone(slow, "dr1", _RECEIVE)
    await resumed(slow)


async def test_a_destination_without_power_is_a_server_that_does_not_respond(slow: Demo) -> None:
    push = await started(slow, "nas1", _PUSH)
    await bytes_there(slow)
    await slow.power("dr1", on=False)
    assert await ended(push) == Ended(255, "", "Timeout, server dr1 not responding.\r\n")
    await slow.power("dr1", on=True)
    await resumed(slow)


# What is left


@needs_proc
async def test_what_left_its_session_ends_with_the_demo() -> None:
    async with Demo.open(BLANK) as demo:
        directory = demo.directory
        process = await demo.source.start(("sh", "-c", f"{_LOOP} echo started"))
        assert await process.read_stdout() == b"started\n"
        await said(demo, "nas1", f"ssh dr1 {shlex.quote(_LOOP)}")
        process.close()
        await eventually(
            lambda: sum("while :" in each for each in of_demo(directory)) == 2, "both loops run"
        )
    assert of_demo(directory) == []


async def test_the_users_own_state_is_not_the_hosts(
    demo: Demo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    script = 'echo "${XDG_STATE_HOME:-$HOME/.local/state}"'
    home = demo.directory / "nas1" / "root"
    process = await demo.source.start(("sh", "-c", script))
    assert (await process.read_stdout()).decode() == f"{home}/.local/state\n"
    assert await process.wait() == 0
    process.close()
    assert await said(demo, "nas1", script) == f"{home}/.local/state\n"
    assert await said(demo, "dr1", f"ssh nas1 {shlex.quote(script)}") == f"{home}/.local/state\n"


async def test_a_listing_says_what_a_clone_is_of_and_what_was_written(demo: Demo) -> None:
    await said(demo, "nas1", f"{_SEALED}; zfs clone tank/t@1 tank/c; fill tank/c 2")
    listing = await said(demo, "nas1", shlex.join(list_datasets("tank").argv))
    found = {each.name: each for each in parse_datasets(listing.encode())}
    assert found["tank/c"].origin == "tank/t@1"
    assert found["tank/t"].origin is None
    assert found["tank/t"].written == 0
    assert found["tank/c"].written >= 2 << 20
