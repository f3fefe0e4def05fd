"""Who changed what, when and why: an append-only file on the operator's machine, a line a command.

Every change and destruction that passed the gate is written down when it has ended, as one JSON
object on one line; what touches a key also before it begins. The text of a command is in it, its
stdin never: secrets only travel there.
Several programs may write at once: each line is one `write` to a file opened with `O_APPEND`.
"""

from __future__ import annotations

import getpass
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs

from sealift.hosts.command_log import LogEntry
from sealift.hosts.trouble import Trouble
from sealift.zfs.commands import Command, Effect

BEGINS = "begins"
"""The note of a line that says what is about to be run; how it ended is a line of its own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that changed something, or tried to.

    `time` (aware, UTC) is its start, `operator` the login name on the machine that sealift ran on,
    `route` the route's title. `exit_code` is None if it did not end by itself; `note` says why.
    `reason` is what the operator gave for it, where one is asked for (a key is loaded).
    """

    time: datetime
    operator: str
    host: str
    route: str
    command: str
    effect: Effect
    why: str
    exit_code: int | None
    seconds: float
    note: str = ""
    reason: str = ""


def default_path() -> Path:
    """Where the journal of this user is: `$XDG_STATE_HOME/sealift/journal.jsonl`."""
    return platformdirs.user_state_path("sealift") / "journal.jsonl"


def login_name() -> str:
    """Who runs sealift, as this machine calls them; the number if it has no name for them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return f"uid {os.getuid()}"


class Journal:
    """The journal of one run of the program, for one route.

    A journal that cannot be written does not keep anything from being done: `trouble` is then what
    is in the way, and `warn` is told the first time. Whatever must not be done without a journal
    is announced before, and left undone if that fails.
    """

    def __init__(self, path: Path, route: str, warn: Callable[[Trouble], None]) -> None:
        self.path = path
        self.trouble: Trouble | None = None
        self._route = route
        self._operator = login_name()
        self._warn = warn
        self._warned = False

    def ready(self) -> bool:
        """Whether the file can be opened for writing. Makes it if there is none.

        A full disk is not noticed by that: it takes nothing, and only nothing is written.
        """
        return self._append(b"")

    def announce(self, host: str, command: Command, now: datetime) -> bool:
        """Write down that a command is about to be run there, and see the line to the disk.

        With it there is a trace of a key that was loaded by a sealift which then was killed. False
        if it could not be written: `trouble` says why.
        """
        begins = LogEntry(
            0,
            now,
            host,
            command.text(),
            command.effect,
            command.why,
            note=BEGINS,
            reason=command.reason,
        )
        return self._append(_line(begins, self._operator, self._route), lasting=True)

    def note(self, entry: LogEntry) -> None:
        """Write down a command that has ended, unless it only read. For `CommandLog.subscribe`."""
        if entry.effect is not Effect.READ:
            self._append(_line(entry, self._operator, self._route))

    def _append(self, data: bytes, *, lasting: bool = False) -> bool:
        try:
            _append(self.path, data, lasting=lasting)
        except OSError as error:
            self._failed(error)
            return False
        self.trouble = None
        return True

    def _failed(self, error: OSError) -> None:
        self.trouble = Trouble(
            "journal-not-written",
            "this machine",
            f"the journal {self.path} cannot be written: {error.strerror or error}",
            "What is changed meanwhile is not written down.",
            "Make room there or give it back to its owner; or set XDG_STATE_HOME.",
            str(error),
        )
        if not self._warned:
            self._warned = True
            self._warn(self.trouble)


def _append(path: Path, data: bytes, *, lasting: bool) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        state = os.fstat(descriptor)
        if stat.S_IMODE(state.st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
        # A line that was cut (no space, no power) must not take the next one with it. Where it is
        # only another program's that is still growing, an empty line comes of it.
        if data and state.st_size and os.pread(descriptor, 1, state.st_size - 1) != b"\n":
            data = b"\n" + data
        written = os.write(descriptor, data)
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes were taken")
        if lasting:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _line(entry: LogEntry, operator: str, route: str) -> bytes:
    started = entry.started.astimezone(UTC).isoformat(timespec="milliseconds")
    words = json.dumps(
        {
            "time": started.replace("+00:00", "Z"),
            "operator": operator,
            "host": entry.host,
            "route": route,
            "command": entry.text,
            "effect": entry.effect.value,
            "why": entry.why,
            "exit_code": entry.exit_code,
            "seconds": round(entry.seconds or 0.0, 3),
            "note": entry.note,
            "reason": entry.reason,
        }
    )
    # JSON lets DEL through, the one control character that is left; people look with `cat`.
    return words.replace("\x7f", "\\u007f").encode("ascii") + b"\n"


def entries(
    path: Path, route: str | None = None, since: datetime | None = None
) -> tuple[Entry, ...]:
    """What was written down, in the order in which it ended; nothing if there is no journal.

    `route` is a route's title, `since` (aware) the earliest start. A line that cannot be read (cut
    by a full disk, edited by hand) is passed over. Raises `OSError` for a file that cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return ()
    found = [entry for entry in map(_parsed, lines) if entry is not None]
    return tuple(
        entry
        for entry in found
        if (route is None or entry.route == route) and (since is None or entry.time >= since)
    )


def _parsed(line: bytes) -> Entry | None:
    try:
        data: dict[str, Any] = json.loads(line)
        time = datetime.fromisoformat(data["time"])
        code = data["exit_code"]
        return Entry(
            time=_aware(time),
            operator=str(data["operator"]),
            host=str(data["host"]),
            route=str(data["route"]),
            command=str(data["command"]),
            effect=Effect(data["effect"]),
            why=str(data["why"]),
            exit_code=None if code is None else int(code),
            seconds=float(data["seconds"]),
            note=str(data["note"]),
            reason=str(data.get("reason", "")),  # lines from before there were any
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _aware(time: datetime) -> datetime:
    if time.tzinfo is None:
        raise ValueError("a time without its zone")
    return time.astimezone(UTC)
