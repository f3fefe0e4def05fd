"""The lock timer, as its host tells of it, which runs it by itself (`remote/lock_timer.sh`)."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from sealift import remote
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import BadNameError, check_dataset, printable
from sealift.zfs.parse import ParseError, lines_of, number

LONGEST = 7 * 24 * 60  # minutes
_FIELDS = 6


class TimerState(Enum):
    """How a timer stands."""

    WAITING = "waiting"
    BUSY = "due, but in use"
    LOCKED = "locked"
    CANCELLED = "cancelled"
    LOST = "lost"
    """Its process is gone, and it did not lock: the key may still be there."""
    REBOOTED = "its host was restarted"
    """A restart takes keys out of the kernel, and the timer with them."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One lock timer. `left` is in seconds by the host's own clock, negative once it is due."""

    id: str
    state: TimerState
    due: datetime
    left: int
    roots: tuple[str, ...]
    operator: str

    @property
    def runs(self) -> bool:
        """Whether it will still lock, or try to."""
        return self.state in {TimerState.WAITING, TimerState.BUSY}


def start_command(
    identity: str, about: str, seconds: int, elevate: str, zfs: str, roots: tuple[str, ...]
) -> Command:
    """Have the host lock these roots after so many seconds; the script goes on stdin."""
    size = len(script())
    words = (identity, str(size), about, str(seconds), elevate, zfs, *map(check_dataset, roots))
    shown = f"lock again in {seconds // 60} min: {shlex.join(roots)}"
    argv = remote.argv("lock_start.sh", *words)
    why = "lock again by itself, also when nobody is connected any more"
    return Command(argv, Effect.CHANGE, why, shown=f"lock_start.sh {identity}  # {shown}")


def script() -> bytes:
    """What the host runs."""
    return remote.text("lock_timer.sh").encode()


def about(roots: tuple[str, ...], operator: str) -> str:
    """The line that `parse_timers` reads back."""
    return json.dumps({"version": 1, "roots": list(roots), "operator": operator})


def list_command() -> Command:
    """Which timers there are."""
    argv = remote.argv("lock_list.sh")
    return Command(argv, Effect.READ, "which lock timers there are", shown="lock_list.sh")


def cancel_command(timer: Timer) -> Command:
    """End a timer: what it would have locked stays open."""
    argv = remote.argv("cancel.sh", "locks", "timer", timer.id)
    why = "do not lock by itself any more"
    return Command(argv, Effect.CHANGE, why, shown=f"cancel.sh locks timer {timer.id}")


def parse_timers(output: bytes) -> tuple[Timer, ...]:
    """The timers of a host, the next one first. Raises `ParseError`."""
    return tuple(sorted((_timer(line) for line in lines_of(output)), key=lambda each: each.due))


def _timer(line: str) -> Timer:
    fields = line.split("\t", _FIELDS - 1)
    if len(fields) != _FIELDS:
        raise ParseError("a lock timer", line)
    identity, fares, state, due, now, written = fields
    try:
        data = json.loads(written)
        roots = tuple(check_dataset(str(each)) for each in data["roots"])
        operator = printable(str(data["operator"]))
        at = number(due, "a lock timer")
        left = at - number(now, "a lock timer")
        when = datetime.fromtimestamp(at, UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, BadNameError) as error:
        raise ParseError("a lock timer", line) from error
    return Timer(printable(identity), _state(fares, state), when, left, roots, operator)


def _state(fares: str, state: str) -> TimerState:
    if state == "locked":
        return TimerState.LOCKED
    if state == "cancelled":
        return TimerState.CANCELLED
    if fares == "rebooted":
        return TimerState.REBOOTED
    if fares != "alive":
        return TimerState.LOST
    return TimerState.BUSY if state == "busy" else TimerState.WAITING
