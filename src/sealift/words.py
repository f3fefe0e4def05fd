"""How sealift writes numbers and times in sentences, "unknown" in words included.

The screen, the playbook and plain text write them alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import humanize

UNKNOWN = "unknown"
UNKNOWN_SHORT = "?"

# An estimate that underflowed comes out near 2**64 (openzfs/zfs#16691). No pool holds 8 EiB.
_ABSURD = 2**63
_STEP = 1024
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def sane(number: float | None) -> float | None:
    """A number that may be believed; None for one that is unknown, negative or absurd."""
    return number if number is not None and 0 <= number < _ABSURD else None


def size(number: int | None) -> str:
    """Bytes for a sentence: `11.2 GiB`."""
    known = sane(number)
    if known is None:
        return UNKNOWN
    if known < _STEP:
        return f"{known:.0f} B"
    return humanize.naturalsize(known, binary=True)


def rate(per_second: float | None) -> str:
    """Bytes per second: `2.0 MB/s`. Decimal, as links are sold and as `zpool iostat` is not."""
    known = sane(per_second)
    if known is None:
        return UNKNOWN
    if known < 1000:  # noqa: PLR2004 - humanize would write "Bytes"
        return f"{known:.0f} B/s"
    return f"{humanize.naturalsize(known)}/s"


def duration(seconds: float | None) -> str:
    """A length of time in at most two units: `45 s`, `12 min`, `3 h 12 min`, `2 d 4 h`."""
    known = sane(seconds)
    if known is None:
        return UNKNOWN
    whole = int(known)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"
    return f"{whole // _DAY:,} d {whole % _DAY // _HOUR} h"


def age(seconds: float | None) -> str:
    """How long ago: `3 h 12 min ago`. What a skewed clock puts into the future is `in … `."""
    if seconds is not None and seconds < 0:
        return f"in {duration(-seconds)}"
    known = duration(seconds)
    return known if known == UNKNOWN else f"{known} ago"


def count(number: int | None, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 snapshot`, `1,204 snapshots`."""
    noun = one if number == 1 else (many or f"{one}s")
    return f"{UNKNOWN if number is None else f'{number:,}'} {noun}"


def few(names: Sequence[str], most: int) -> str:
    """Some names for a sentence: the first few, and how many more there are."""
    more = len(names) - most
    shown = ", ".join(names[:most])
    return f"{shown} and {more} more" if more > 0 else shown


def percent(part: float | None, whole: float | None) -> str:
    """How much of the whole: `61 %`. An estimate that was too low does not make it exceed 100."""
    known, total = sane(part), sane(whole)
    if known is None or not total:
        return f"{UNKNOWN_SHORT} %"
    return f"{min(100, int(100 * known / total))} %"


def share(part: float, digits: int = 0) -> str:
    """A part of one, in percent: `93 %`."""
    return f"{100 * part:.{digits}f} %"


def latency(seconds: float | None) -> str:
    """How long one operation takes: `0.4 ms`, `12 ms`, `2.1 s`."""
    if seconds is None:
        return UNKNOWN
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{1000 * seconds:.{0 if seconds >= 0.01 else 1}f} ms"  # noqa: PLR2004 - ten of them
