"""Sizes and dates as zfs prints and reads them (`zfs_nicenum_format`, `zfs_nicestrtonum`)."""

from __future__ import annotations

import re
import time

_UNITS = ("", "K", "M", "G", "T", "P", "E")
_WIDTH = 5
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGTPE]?)(?:I?B)?", re.IGNORECASE)


def nice(number: int, unit: str = "") -> str:
    """A number with at most five characters; `unit` is appended where no power of 1024 is."""
    index, rest = 0, number
    while rest >= 1024:  # noqa: PLR2004 - the base of the units
        rest >>= 10
        index += 1
    if index == 0:
        return f"{rest}{unit}"
    if number % (1 << 10 * index) == 0:
        return f"{rest}{_UNITS[index]}"
    texts = (f"{number / (1 << 10 * index):.{places}f}{_UNITS[index]}" for places in (2, 1, 0))
    return next((text for text in texts if len(text) <= _WIDTH), f"{rest}{_UNITS[index]}")


def nice_bytes(size: int) -> str:
    """A size; whole bytes end in `B`."""
    return nice(size, "B")


def nice_time(nanoseconds: int | None) -> str:
    """A latency as `zpool iostat -l` shows it; `-` for none."""
    if nanoseconds is None:
        return "-"
    value, units = float(nanoseconds), ("ns", "us", "ms", "s")
    index = 0
    while value >= 1000 and index < len(units) - 1:  # noqa: PLR2004 - the base of the units
        value /= 1000
        index += 1
    return f"{value:.0f}{units[index]}"


def parse_size(text: str) -> int | None:
    """A size as it is typed; None if it is none."""
    found = _SIZE.fullmatch(text)
    if not found:
        return None
    return int(float(found[1]) * (1 << 10 * _UNITS.index(found[2].upper())))


def date(seconds: int) -> str:
    """`Mon Nov 23  0:36 2026`, local time."""
    at = time.localtime(seconds)
    return f"{time.strftime('%a %b', at)} {at.tm_mday:2} {at.tm_hour:2}:{at.tm_min:02} {at.tm_year}"


def date_of_hold(seconds: int) -> str:
    """The same with two digits for the hour, as `zfs holds` prints it."""
    return time.strftime("%a %b %e %H:%M %Y", time.localtime(seconds))


def date_with_seconds(seconds: int) -> str:
    """`Mon Nov 23  0:38:35 2026`: with seconds, as `snapshots_changed` and `zpool status` do."""
    at = time.localtime(seconds)
    day = f"{time.strftime('%a %b', at)} {at.tm_mday:2}"
    return f"{day} {at.tm_hour:2}:{at.tm_min:02}:{at.tm_sec:02} {at.tm_year}"
