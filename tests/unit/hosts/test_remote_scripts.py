"""The scripts that hosts are sent: clean, on one line, the same to every sh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from sealift import remote
from sealift.zfs.errors import CATALOGUE, Entry, Retry, Weight, explain

NAMES = [
    *("watch.sh", "probe.sh", "look.sh", "job_start.sh", "job_list.sh", "cancel.sh"),
    *("key_users.sh", "lock_start.sh", "lock_list.sh"),
]
SHELLS = ["dash", "bash --posix", "bash", "busybox sh", "ksh", "mksh", "zsh --emulate sh"]


def run(
    shell: str, script: str, *words: str, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
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
            env=os.environ | (env or {}),
            timeout=30,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("name", [*NAMES, "job.sh", "posture.sh", "lock_timer.sh"])
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
    script = 'echo "$1"; echo err >&2; sleep 60 & exit 5'
    words = ("60", "0", "", "sh", "-c", script, "x", "it's; $(x)")
    ended = run(shell, remote.one_line("watch.sh"), *words)
    assert (ended.returncode, ended.stdout) == (5, b"it's; $(x)\n")
    assert ended.stderr == b"err\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_watch_says_127(shell: str) -> None:
    ended = run(shell, remote.one_line("watch.sh"), "0", "0", "", "zfs-of-nowhere")
    assert ended.returncode == 127
    assert b"zfs-of-nowhere" in ended.stderr


@pytest.mark.parametrize("script", ["cat; exit 5", "head -c 2; exec <&-; sleep 60 & exit 5"])
@pytest.mark.parametrize("shell", SHELLS)
def test_watch_hands_on_as_many_bytes_as_it_is_told(shell: str, script: str) -> None:
    command = shell.split()
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} here")
    words = ("60", "3", "", "sh", "-c", f"{script.replace('cat', 'cat; echo err >&2')}")
    with subprocess.Popen(
        [*command, "-c", remote.one_line("watch.sh"), "sealift", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"abcdef")
        process.stdin.flush()  # and it stays open
        assert process.wait(30) == 5
        assert process.stdout.read() == (b"abc" if script.startswith("cat") else b"ab")
        assert process.stderr.read() == (b"err\n" if script.startswith("cat") else b"")


@pytest.mark.parametrize("shell", SHELLS)
def test_look_says_all_or_has_no_end(shell: str) -> None:
    script = remote.one_line("look.sh")
    zfs = ("sh", "-c", 'case $* in *token*) echo "t $*" ;; *guid*) echo "s $*" ;; esac', "zfs")
    ended = run(shell, script, "30", "-d1", "tank/of nowhere", *zfs)
    assert ended.returncode == 0
    # The ps of busybox does not tell ages; receives are then not seen.
    assert ended.stderr == b"" or b"'etimes'" in ended.stderr
    first, heading, token, snapshots, listed, end = ended.stdout.decode().splitlines()
    assert (first, heading, snapshots, end) == ("receiving 0", "tokens", "snapshots", "end")
    assert token == (
        "t get -Hp -d1 -t filesystem,volume -o name,value receive_resume_token tank/of nowhere"
    )
    assert listed == "s list -Hp -d1 -t snapshot -o name,guid tank/of nowhere"
    failed = run(shell, script, "0", "-r", "tank/x", "sh", "-c", "echo no such pool >&2; exit 1")
    assert failed.returncode == 1
    assert b"end" not in failed.stdout
    assert failed.stderr == b"no such pool\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_jobs_of_a_host_that_never_had_any(shell: str, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "a home"), "XDG_STATE_HOME": ""}
    listed = run(shell, remote.one_line("job_list.sh"), env=home)
    assert (listed.returncode, listed.stdout, listed.stderr) == (0, b"", b"")
    cancelled = run(shell, remote.one_line("cancel.sh"), "jobs", "runner", "job1", env=home)
    assert (cancelled.returncode, cancelled.stdout, cancelled.stderr) == (3, b"", b"")
    words = ("job1", "vault:tank/x", "ssh-of-nowhere")
    started = run(shell, remote.one_line("job_start.sh"), *words, env=home)
    assert (started.returncode, started.stderr) == (5, b"")
    assert started.stdout == b"ssh-of-nowhere\n"
    assert not (tmp_path / "a home").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_probe(shell: str) -> None:
    ended = run(shell, remote.one_line("probe.sh"))
    assert (ended.returncode, ended.stderr) == (0, b"")
    first, *lines = ended.stdout.decode().splitlines()
    assert first == ""
    assert all(line.startswith("sealift ") for line in lines)
    assert f"sealift uid {os.getuid()}" in lines


# Each line of `harmless` in a message as it is really printed.
HARMLESS = {
    "broken pipe": "warning: cannot send 'tank/a@1': Broken pipe",
    "signal received": "warning: cannot send 'tank/a@1': signal received",
    "interrupted system call": "warning: cannot send 'tank/a@1': Interrupted system call",
    "connection reset": "Connection reset by 192.0.2.1 port 22",
    "connection closed by": "Connection closed by 192.0.2.1 port 22",
    "connect to host": "ssh: connect to host vault port 22: Host is unreachable",
    "connection to ": "Connection to vault closed by remote host.",
    "read from remote host": "Read from remote host vault: Connection reset by peer",
    "connection timed out": "ssh: connect to host vault port 22: Connection timed out",
    "connection refused": "ssh: connect to host vault port 22: Connection refused",
    "operation timed out": "ssh: connect to host vault port 22: Operation timed out",
    "no route to host": "ssh: connect to host vault port 22: No route to host",
    "network is unreachable": "ssh: connect to host vault port 22: Network is unreachable",
    "network is down": "ssh: connect to host vault port 22: Network is down",
    "host is down": "ssh: connect to host vault port 22: Host is down",
    "client_loop: send disconnect": "client_loop: send disconnect: Broken pipe",
    "kex_exchange_identification": "kex_exchange_identification: read: Connection reset by peer",
    "banner exchange": "Connection timed out during banner exchange",
    "timeout, server ": "Timeout, server vault not responding.",
    "packet_write_wait": "packet_write_wait: Connection to 192.0.2.1 port 22: Broken pipe",
    "ssh_dispatch_run_fatal": "ssh_dispatch_run_fatal: Connection to 192.0.2.1 port 22: no MAC",
    "could not resolve hostname": "ssh: Could not resolve hostname vault: Name not known",
    "temporary failure in name resolution": (
        "ssh: Could not resolve hostname vault: Temporary failure in name resolution"
    ),
    "checksum mismatch or incomplete stream": (
        "cannot receive incremental stream: checksum mismatch or incomplete stream."
    ),
    "incomplete stream": "cannot receive: incomplete stream",
    "partially received snapshot is saved": "Partially received snapshot is saved.",
    "a resuming stream can be generated on the sending system by running": (
        "A resuming stream can be generated on the sending system by running:"
    ),
    "zfs send -t 1-": "    zfs send -t 1-c740b4779-a8-789c636064000310a500c4ec",
    "failed to read from stream": "cannot receive: failed to read from stream",
    "error during output to": "mbuffer: warning: error during output to <stdout>: canceled",
    "killed": "./runner: line 87: 4711 Killed  ssh vault 'zfs receive -s -u backup/a'",
    "terminated": "Terminated",
}
# The first wording of every message after which the same may be run again.
SAME = {
    "nothing-received": "cannot receive: failed to read from stream",
    "interrupted-and-saved": (
        "cannot receive resume stream: checksum mismatch or incomplete stream.\n"
        "Partially received snapshot is saved.\n"
        "A resuming stream can be generated on the sending system by running:\n"
        "    zfs send -t 1-c740b4779-a8-789c636064000310a500c4ec"
    ),
    "stream-incomplete": "cannot receive new filesystem stream: incomplete stream",
    "send-interrupted": "cannot send 'tank/a@1': signal received",
    "host-unreachable": "ssh: connect to host vault port 22: Host is unreachable",
    "connection-lost": "client_loop: send disconnect: Broken pipe",
}


def harmless() -> list[str]:
    return remote.text("harmless").splitlines()


def test_every_harmless_line_is_known_to_this_test() -> None:
    assert sorted(harmless()) == sorted(HARMLESS)
    assert all(len(line) > 5 for line in harmless()), "an empty line would match everything"


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_harmless_may_be_tried_again(line: str) -> None:
    """A side that only notices that the other is gone (an echo) tells of no cause of its own."""
    message = HARMLESS[line]
    assert line in message.lower()
    for explained in explain(message):
        entry = explained.entry
        assert entry.retry is Retry.SAME or entry.weight is Weight.ECHO, entry.id


def test_every_message_after_which_the_same_may_be_tried_is_harmless() -> None:
    found = {entry.id for entry in CATALOGUE if entry.retry is Retry.SAME and entry.pattern}
    assert found == set(SAME)
    for identity, message in SAME.items():
        assert identity in {each.entry.id for each in explain(message)}
        for text in message.splitlines():
            assert any(line in text.lower() for line in harmless()), text


@pytest.mark.parametrize(
    "entry", [each for each in CATALOGUE if each.retry is not Retry.SAME], ids=lambda each: each.id
)
def test_no_harmless_line_is_part_of_another_message(entry: Entry) -> None:
    """Else a refusal would be tried again. Of an echo the other side's words tell more."""
    if entry.pattern is None or entry.weight is Weight.ECHO:
        return
    for wording in entry.pattern.pattern.split("|"):
        plain = re.sub(r"\\s\{1,8\}", " ", wording).replace("\\", "").lower()
        assert not [line for line in harmless() if line.strip() in plain], plain
