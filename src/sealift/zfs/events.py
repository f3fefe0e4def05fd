"""Read `zpool events -vH`: what the kernel noted of a pool since it was loaded, 512 events at most.

An event begins at the left edge with its local time, a TAB and its class; its facts are indented,
`key = value`, strings in quotes and numbers in hexadecimal, and a blank line ends it. In between
may stand `dropped N events`. Receives are `history_event`s whose `history_internal_name` is
`receive`, `resume receive` or `finish receiving`; there is no event for one that failed.
Sources: zpool-events(8), `zpool_do_events_nvprint` in `cmd/zpool/zpool_main.c`, dmu_recv.c.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sealift.zfs.parse import ParseError, lines_of

_READING = "`zpool events`"
_DROPPED = re.compile(r"dropped \d+ events?")
_HEX = re.compile(r"0x([0-9a-f]{1,16})\b")
_MOST_SECONDS = 1 << 40
_HISTORY = "sysevent.fs.zfs.history_event"
_CLONE = "/%recv"  # where an increment arrives until it is whole


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `when` is the local time as it was printed, `facts` as printed but for quotes."""

    when: str
    class_: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def at(self) -> int | None:
        """When it was, in seconds since 1970 UTC; None if its facts do not say."""
        for name in ("time", "history_time"):
            if found := _HEX.match(self.facts.get(name, "")):
                seconds = int(found[1], 16)
                return seconds if seconds < _MOST_SECONDS else None
        return None

    @property
    def receives(self) -> str:
        """`receive`, `resume receive` or `finish receiving`; empty for any other event."""
        if self.class_ != _HISTORY:
            return ""
        name = self.facts.get("history_internal_name", "")
        return name if name in {"receive", "resume receive", "finish receiving"} else ""

    @property
    def dataset(self) -> str:
        """The dataset of a receive, without the name that ZFS gives the part that arrives."""
        return self.facts.get("history_dsname", "").removesuffix(_CLONE)


def parse_events(data: bytes) -> tuple[Event, ...]:
    """Read all events, oldest first. Raises `ParseError`."""
    found: list[Event] = []
    facts: dict[str, str] = {}
    for line in lines_of(data):
        if line[0].isspace():
            if not found:
                raise ParseError(_READING, line, "it belongs to no event")
            name, equals, value = line.strip().partition(" = ")
            if equals:
                facts[name] = value.strip().removeprefix('"').removesuffix('"')
        elif not _DROPPED.fullmatch(line.strip()):
            when, tab, class_ = line.partition("\t")
            if not tab or not class_.strip():
                raise ParseError(_READING, line, "it names no class")
            facts = {}
            found.append(Event(when, class_.strip(), facts))
    return tuple(found)


def unfinished(events: tuple[Event, ...]) -> dict[str, Event]:
    """The newest receive of each dataset that was begun (or resumed) and did not finish."""
    newest = {event.dataset: event for event in events if event.receives}
    return {name: event for name, event in newest.items() if event.receives != "finish receiving"}
