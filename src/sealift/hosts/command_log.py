"""Every command that was run, by whom asked, where, and how it ended: the text can be pasted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sealift.zfs.commands import Command, Effect


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One command. `seconds` and `exit_code` are None while it runs, `note` says why it was ended
    if it did not end by itself. `bytes_out` counts what it wrote to stdout, `reason` is the
    operator's own.
    """

    number: int
    started: datetime
    host: str
    text: str
    effect: Effect
    why: str
    seconds: float | None = None
    exit_code: int | None = None
    bytes_out: int = 0
    note: str = ""
    reason: str = ""

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.seconds is None


class CommandLog:
    """The newest commands, oldest first, at most `limit` of them.

    `version` grows with every change, so that a reader can tell whether there is anything new.
    """

    def __init__(self, limit: int = 2000) -> None:
        self._entries: deque[LogEntry] = deque(maxlen=limit)
        self._running: dict[int, LogEntry] = {}
        self._listeners: list[Callable[[LogEntry], None]] = []
        self._count = 0
        self.version = 0

    def subscribe(self, listener: Callable[[LogEntry], None]) -> None:
        """Have `listener` called with every command that has ended, however it ended."""
        self._listeners.append(listener)

    def start(self, command: Command, host: str, now: datetime) -> int:
        """Note that a command starts; the number given back names it in `end`."""
        self._count += 1
        self.version += 1
        entry = LogEntry(
            self._count,
            now,
            host,
            command.text(),
            command.effect,
            command.why,
            reason=command.reason,
        )
        self._running[entry.number] = entry
        self._entries.append(entry)
        return entry.number

    def end(
        self, number: int, seconds: float, exit_code: int | None, bytes_out: int, note: str = ""
    ) -> None:
        """Note how it ended. One that left the log meanwhile is only told to the listeners."""
        self.version += 1
        begun = self._running.pop(number)
        ended = replace(begun, seconds=seconds, exit_code=exit_code, bytes_out=bytes_out, note=note)
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].number == number:
                self._entries[index] = ended
                break
        for listener in self._listeners:
            listener(ended)

    def entries(self) -> tuple[LogEntry, ...]:
        """What is in the log now, oldest first."""
        return tuple(self._entries)
