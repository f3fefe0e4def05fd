"""What a host says of its lock timers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.keys.timer import TimerState, about, parse_timers, start_command
from sealift.zfs.names import BadNameError
from sealift.zfs.parse import ParseError


def line(fares: str = "alive", state: str = "waiting", due: int = 2000, now: int = 1000) -> bytes:
    written = about(("backup/prod", "backup/my data"), "ann")
    return f"7f3a\t{fares}\t{state}\t{due}\t{now}\t{written}\n".encode()


def test_a_timer_says_when_and_what_it_locks() -> None:
    (found,) = parse_timers(line())
    assert (found.left, found.due.timestamp(), found.runs) == (1000, 2000, True)
    assert (found.roots, found.operator) == (("backup/prod", "backup/my data"), "ann")


@pytest.mark.parametrize(
    ("fares", "state", "meant"),
    [
        ("alive", "waiting", TimerState.WAITING),
        ("alive", "busy", TimerState.BUSY),
        ("gone", "locked", TimerState.LOCKED),
        ("gone", "cancelled", TimerState.CANCELLED),
        ("gone", "waiting", TimerState.LOST),
        ("gone", "busy", TimerState.LOST),
        ("rebooted", "waiting", TimerState.REBOOTED),
        ("rebooted", "locked", TimerState.LOCKED),
    ],
)
def test_how_it_stands(fares: str, state: str, meant: TimerState) -> None:
    (found,) = parse_timers(line(fares, state))
    assert found.state is meant


def test_the_next_one_comes_first() -> None:
    assert [each.left for each in parse_timers(line(due=3000) + line(due=1500))] == [500, 2000]


def test_what_starts_it_names_what_it_locks() -> None:
    command = start_command("7f3a", "{}", 3600, "sudo -n", "zfs", ("backup/prod",))
    assert command.text() == "lock_start.sh 7f3a  # lock again in 60 min: backup/prod"
    assert command.argv[-4:] == ("3600", "sudo -n", "zfs", "backup/prod")
    with pytest.raises(BadNameError):
        start_command("7f3a", "{}", 60, "", "zfs", ("-r",))


@given(st.binary(max_size=200))
def test_it_reads_anything_or_says_that_it_cannot(data: bytes) -> None:
    try:
        parse_timers(data)
    except ParseError:
        return
