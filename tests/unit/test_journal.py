"""The journal: every change has its line, no secret has, and no line is lost to another."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.hosts.command_log import CommandLog, LogEntry
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.local import LocalTransport
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.journal import BEGINS, Journal, default_path, entries, login_name
from sealift.zfs.commands import Command, Effect

AT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)


def ran(
    text: str = "zfs snapshot tank@x", effect: Effect = Effect.CHANGE, number: int = 1
) -> LogEntry:
    return LogEntry(number, AT, "root@nas1", text, effect, "a snapshot", 0.25, 0)


def silent(trouble: Trouble) -> None:
    raise AssertionError(trouble)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sealift" / "journal.jsonl"


def test_it_is_in_the_state_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert default_path() == tmp_path / "state" / "sealift" / "journal.jsonl"


def test_a_line_says_all_and_is_read_back(path: Path) -> None:
    journal = Journal(path, "a → b", silent)
    journal.note(ran())
    assert json.loads(path.read_text()) == {
        "time": "2026-01-02T03:04:05.678Z",
        "operator": login_name(),
        "host": "root@nas1",
        "route": "a → b",
        "command": "zfs snapshot tank@x",
        "effect": "change",
        "why": "a snapshot",
        "exit_code": 0,
        "seconds": 0.25,
        "note": "",
        "reason": "",
    }
    (entry,) = entries(path)
    assert (entry.time, entry.effect, entry.exit_code) == (AT, Effect.CHANGE, 0)
    assert (entry.operator, entry.route, entry.seconds) == (login_name(), "a → b", 0.25)


def test_only_what_changes_is_written_down(path: Path) -> None:
    journal = Journal(path, "r", silent)
    journal.note(ran("zfs list", Effect.READ))
    assert not path.exists()
    journal.note(ran("zfs destroy tank@x", Effect.DESTRUCTION))
    assert [entry.effect for entry in entries(path)] == [Effect.DESTRUCTION]


def test_only_its_owner_may_read_it(path: Path) -> None:
    old = os.umask(0)
    try:
        assert Journal(path, "r", silent).ready()
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    path.chmod(0o644)
    Journal(path, "r", silent).note(ran())
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_only_ever_appended_to(path: Path) -> None:
    for number in range(3):
        Journal(path, "r", silent).note(ran(f"zfs hold {number}"))
    assert [entry.command for entry in entries(path)] == [f"zfs hold {n}" for n in range(3)]


def test_reading_by_route_and_time(path: Path) -> None:
    for route in ("one", "two"):
        Journal(path, route, silent).note(ran(route))
    assert [entry.command for entry in entries(path, "two")] == ["two"]
    there = timezone(timedelta(hours=5))
    assert len(entries(path, since=AT.astimezone(there))) == 2
    assert entries(path, since=AT + timedelta(seconds=1)) == ()
    assert entries(path.with_name("none")) == ()


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"time": "2026-01-01T00:00:00", "exit_code": 0}',
        b'{"time": 5}',
    ],
)
def test_a_broken_line_costs_no_other(path: Path, broken: bytes) -> None:
    journal = Journal(path, "r", silent)
    journal.note(ran("first"))
    with path.open("ab") as file:
        file.write(broken + b"\n")
    journal.note(ran("second"))
    assert [entry.command for entry in entries(path)] == ["first", "second"]


def test_a_line_that_was_cut_does_not_take_the_next_one_with_it(path: Path) -> None:
    journal = Journal(path, "r", silent)
    journal.note(ran("first"))
    with path.open("ab") as file:
        file.write(b'{"time": "2026-01')
    journal.note(ran("second"))
    assert [entry.command for entry in entries(path)] == ["first", "second"]


@given(st.text())
def test_any_text_comes_back_and_shows_nothing_to_a_terminal(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    Journal(path, text, silent).note(ran(text))
    data = path.read_bytes()
    assert data.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in data[:-1])
    assert [(entry.command, entry.route) for entry in entries(path)] == [(text, text)]


def test_what_cannot_be_written_is_told_once_and_breaks_nothing(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.mkdir()
    told: list[Trouble] = []
    journal = Journal(path, "r", told.append)
    assert not journal.ready()
    journal.note(ran())
    journal.note(ran())
    (trouble,) = told
    assert trouble.finding == "journal-not-written"
    assert str(path) in trouble.sentence()
    assert "directory" in trouble.sentence()
    assert trouble.means
    assert trouble.mend
    assert journal.trouble == trouble
    path.rmdir()
    assert journal.ready()
    assert journal.trouble is None


def test_a_full_disk_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Trouble] = []
    journal = Journal(path, "r", told.append)
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:10]))
    journal.note(ran("cut"))
    assert "only 10 of" in told[0].what
    monkeypatch.setattr(os, "write", _no_space)
    journal.note(ran("lost"))
    assert len(told) == 1
    assert journal.trouble is not None
    assert "No space left" in journal.trouble.what
    monkeypatch.undo()
    journal.note(ran("whole"))
    assert [entry.command for entry in entries(path)] == ["whole"]


def test_what_is_announced_is_there_before_it_is_done(path: Path) -> None:
    journal = Journal(path, "r", silent)
    command = Command(
        ("zfs", "load-key", "tank"), Effect.CHANGE, "load the key", reason="ticket 1182"
    )
    assert journal.announce("root@dr1", command, AT)
    (entry,) = entries(path)
    assert (entry.command, entry.host, entry.reason) == (
        "zfs load-key tank",
        "root@dr1",
        "ticket 1182",
    )
    assert (entry.exit_code, entry.note, entry.time) == (None, BEGINS, AT)


def test_a_full_disk_lets_nothing_be_announced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes no line, though the file can be opened."""
    journal = Journal(path, "r", lambda _: None)
    assert journal.ready()
    monkeypatch.setattr(os, "write", _no_space)
    assert not journal.announce("root@dr1", Command(("true",), Effect.CHANGE, "x"), AT)
    assert journal.trouble is not None
    assert "No space left" in journal.trouble.what


def _no_space(descriptor: int, data: bytes) -> int:
    """As Linux has it: to write nothing always works."""
    if not data:
        return 0
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_two_programs_at_once_write_whole_lines(path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.unit.test_journal import Journal, ran, silent\n"
        "journal = Journal(Path(sys.argv[1]), sys.argv[2], silent)\n"
        "assert journal.ready() and sys.stdin.readline()\n"
        "for number in range(400):\n"
        "    journal.note(ran(f'{number} ' + sys.argv[2] * 3000))\n"
    )
    writers = [
        subprocess.Popen(
            (sys.executable, "-c", script, str(path), name), stdin=subprocess.PIPE, text=True
        )
        for name in ("a", "b")
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    lines = path.read_bytes().split(b"\n")
    assert len([line for line in lines if line]) == 800
    for name in ("a", "b"):
        found = [entry.command for entry in entries(path, name)]
        assert found == [f"{number} {name * 3000}" for number in range(400)]


# What goes through the door


def journalled(path: Path, *, read_only: bool = False) -> Host:
    log = CommandLog()
    log.subscribe(Journal(path, "r", silent).note)
    return Host(LocalTransport(), Gate(read_only=read_only), log)


def sh(script: str, effect: Effect = Effect.CHANGE) -> Command:
    return Command(("sh", "-c", script), effect, "a test")


async def test_a_secret_on_stdin_never_reaches_it(path: Path) -> None:
    host = journalled(path)
    secret = b"correct horse battery staple"
    result = await host.run(sh("cat; cat >&2; exit 3"), stdin=secret + b"\n")
    assert result.stdout == secret + b"\n"
    (entry,) = entries(path)
    assert (entry.exit_code, entry.host, entry.why) == (3, "this machine", "a test")
    everything = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert b"horse" not in everything
    assert b"exit 3" in everything


async def test_what_the_gate_refuses_was_not_done(path: Path) -> None:
    with pytest.raises(TroubleError):
        await journalled(path, read_only=True).run(sh("true"))
    assert entries(path) == ()


async def test_what_was_broken_off_is_written_down_with_its_reason(path: Path) -> None:
    host = journalled(path)
    with pytest.raises(TroubleError):
        await host.run(sh("sleep 60"), deadline=0.3)
    (entry,) = entries(path)
    assert entry.exit_code is None
    assert entry.note == "ended: not waited for any longer"
    await host.close()


async def test_a_change_is_not_lost_because_many_looks_came_after_it(path: Path) -> None:
    log = CommandLog(limit=2)
    log.subscribe(Journal(path, "r", silent).note)
    host = Host(LocalTransport(), Gate(), log)
    change = asyncio.ensure_future(host.run(sh("sleep 0.5")))
    await asyncio.sleep(0)
    for _ in range(3):
        await host.run(sh("true", Effect.READ))
    await change
    assert [entry.command for entry in entries(path)] == ["sh -c 'sleep 0.5'"]
    await host.close()
