"""Read `zfs holds -H`: who keeps a snapshot from being destroyed.

A line is snapshot, tag, time, parted by TABs. The time is local to the host, without its zone
(`Thu Dec 25  2:00 2025`), or seconds since 1970 with `-p` (2.2 and later). No holds is no line.
Source: zfs-hold(8), `print_holds` in `cmd/zfs/zfs_main.c`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sealift.zfs.names import BadNameError, split_snapshot
from sealift.zfs.parse import ParseError, is_number, lines_of

_OF_A_SEND = re.compile(r"\.send-\d+-\d+")


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold. `since` is the time as the host printed it, for showing and not for counting."""

    snapshot: str
    tag: str
    since: str

    @property
    def temporary(self) -> bool:
        """Whether a running `zfs send -R` or `-I` holds it: it goes when that process ends."""
        return _OF_A_SEND.fullmatch(self.tag) is not None

    @property
    def at(self) -> int | None:
        """When it was made, in seconds since 1970 UTC; None unless `-p` printed it so.

        A local time without its zone is nobody's moment, so it is not guessed at.
        """
        return int(self.since) if is_number(self.since) else None


def carrying(holds: Iterable[Hold], tag: str) -> frozenset[str]:
    """The snapshots (`dataset@name`) that carry this tag."""
    return frozenset(hold.snapshot for hold in holds if hold.tag == tag)


def parse_holds(data: bytes) -> tuple[Hold, ...]:
    """Read the holds of any number of snapshots; raise `ParseError` on a line that is none."""
    return tuple(_hold(line) for line in lines_of(data))


def _hold(line: str) -> Hold:
    # A tag may be any text but one that starts with a dot, a TAB inside included.
    snapshot, _, rest = line.partition("\t")
    tag, _, since = rest.rpartition("\t")
    try:
        split_snapshot(snapshot)
    except BadNameError as error:
        raise ParseError("a line of `zfs holds`", line, str(error)) from None
    if not tag or not since:
        raise ParseError("a line of `zfs holds`", line, "tag or time is missing")
    return Hold(snapshot, tag, since)
