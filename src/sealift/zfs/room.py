"""Read what bounds a dataset: space and quotas, and whether it is deduplicated.

The columns are those of `commands.ROOM_COLUMNS`, one dataset a line, parted by TABs. Source:
zfsprops(7); with `-p` a quota that is not set is `0`, and `-` for a volume.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealift.zfs.commands import ROOM_COLUMNS
from sealift.zfs.names import BadNameError, check_dataset
from sealift.zfs.parse import ParseError, lines_of, number, number_or_none

_READING = "a line of `zfs list` about space"


@dataclass(frozen=True, slots=True)
class Room:
    """What one dataset may take. Sizes in bytes; a quota that is not set is None.

    `available` is what it may still use, all quotas above it and the pool counted. `dedup` is the
    property as it is (`off`, `on`, `sha256,verify` …).
    """

    name: str
    used: int
    available: int
    referenced: int
    quota: int | None
    refquota: int | None
    dedup: str

    @property
    def under_quota(self) -> int | None:
        """What its quota leaves to it and to all below it; None without one."""
        return None if self.quota is None else max(0, self.quota - self.used)

    @property
    def under_refquota(self) -> int | None:
        """What its refquota leaves to it alone, snapshots and children not counted."""
        return None if self.refquota is None else max(0, self.refquota - self.referenced)

    @property
    def headroom(self) -> int | None:
        """What its own quota (of both the tighter one) leaves to it; None without one."""
        left = [left for left in (self.under_quota, self.under_refquota) if left is not None]
        return min(left, default=None)


def parse_room(data: bytes) -> tuple[Room, ...]:
    """Read `commands.room` or `commands.room_below`. Raises `ParseError`."""
    return tuple(_room(line) for line in lines_of(data))


def _room(line: str) -> Room:
    fields = line.split("\t")
    if len(fields) != ROOM_COLUMNS.count(",") + 1:
        raise ParseError(_READING, line)
    try:
        name = check_dataset(fields[0])
    except BadNameError as error:
        raise ParseError(_READING, line, str(error)) from None
    used, available, referenced = (number(field, _READING) for field in fields[1:4])
    quota, refquota = (number_or_none(field, _READING) for field in fields[4:6])
    return Room(
        name=name,
        used=used,
        available=available,
        referenced=referenced,
        quota=quota or None,
        refquota=refquota or None,
        dedup=fields[6],
    )
