"""Read `zfs list -Hp`: datasets, snapshots and bookmarks as values.

The columns are those of `commands.DATASET_COLUMNS` and `commands.SNAPSHOT_COLUMNS`. Listings of
100,000 snapshots are ordinary, so `SnapshotReader` reads while bytes still arrive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from sealift.zfs.commands import DATASET_COLUMNS
from sealift.zfs.names import BadNameError, check_dataset, split_snapshot
from sealift.zfs.parse import ParseError

_ABSENT = b"-"
# Names reach argv and screens: one that ZFS itself would refuse is not taken from a host.
_SHORT_NAME = re.compile(rb"[A-Za-z0-9_.: -]+")


class KeyStatus(Enum):
    """Whether the key of a dataset is in the kernel of its host (zfsprops(7), `keystatus`)."""

    NONE = "-"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One filesystem or volume. Sizes in bytes, `creation` in seconds since 1970 UTC.

    `encryption` is `off` or the suite. `key_guid` names the master key: a raw replica has its
    source's. `createtxg` orders within one pool and is never compared across hosts. `origin` is the
    snapshot (`dataset@name`) that a clone was made of, `written` what changed since the newest
    snapshot.
    """

    name: str
    kind: str
    guid: int
    createtxg: int
    creation: int
    used: int
    available: int
    referenced: int
    encryption: str
    encryption_root: str | None
    key_status: KeyStatus
    key_format: str | None
    key_guid: int | None
    mounted: bool
    readonly: bool
    resume_token: str | None
    origin: str | None = None
    written: int = 0

    @property
    def encrypted(self) -> bool:
        """Whether the data of this dataset is encrypted on its pool."""
        return self.encryption != "off"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot or bookmark, by its short name (what stands behind `@` or `#`).

    `guid` survives a receive. `ivsetguid` is None where the dataset is not encrypted (or a bookmark
    is too old to have one). `written` is the space that changed since the snapshot before, in
    bytes, and like `used` None for a bookmark. `creation` is in seconds since 1970 UTC.
    """

    name: str
    guid: int
    createtxg: int
    creation: int
    used: int | None
    written: int | None
    ivsetguid: int | None
    userrefs: int
    bookmark: bool = False


def parse_datasets(output: bytes) -> tuple[Dataset, ...]:
    """Read the listing of `commands.list_datasets`; raise `ParseError` if it is not one."""
    return tuple(_dataset(line) for line in output.split(b"\n") if line)


def _dataset(line: bytes) -> Dataset:
    fields = line.split(b"\t")
    if len(fields) != DATASET_COLUMNS.count(",") + 1:
        raise ParseError("a line of `zfs list`", line)
    words = [None if field == _ABSENT else field for field in fields]
    try:
        name = check_dataset(fields[0].decode())
        return Dataset(
            name=name,
            kind=fields[1].decode("ascii"),
            guid=int(fields[2]),
            createtxg=int(fields[3]),
            creation=int(fields[4]),
            used=int(fields[5]),
            available=int(fields[6]),
            referenced=int(fields[7]),
            encryption=fields[8].decode("ascii"),
            encryption_root=check_dataset(words[9].decode()) if words[9] else None,
            key_status=KeyStatus(fields[10].decode("ascii")),
            key_format=words[11].decode("ascii") if words[11] else None,
            key_guid=int(words[12]) if words[12] else None,
            mounted=fields[13] == b"yes",
            readonly=fields[14] == b"on",
            resume_token=words[15].decode("ascii") if words[15] else None,
            origin="@".join(split_snapshot(words[16].decode())) if words[16] else None,
            written=int(fields[17]),
        )
    except (ValueError, BadNameError) as error:
        raise ParseError("a line of `zfs list`", line) from error


class SnapshotReader:
    """Reads the listing of `commands.list_snapshots` piece by piece.

    `feed` takes bytes as they come and raises `ParseError` on a line that is none; `finish` gives
    snapshots and bookmarks by dataset name, in the order of the listing.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._by_dataset: dict[str, list[Snapshot]] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the listing."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        current_name = b""
        current: list[Snapshot] = []
        for line in lines:
            try:
                full, guid, createtxg, creation, used, written, ivsetguid, userrefs = line.split(
                    b"\t"
                )
                dataset, at, short = full.partition(b"@")
                if not at:
                    dataset, at, short = full.partition(b"#")
                    if not at:
                        raise ParseError("a line of `zfs list -t snapshot`", line)
                if not _SHORT_NAME.fullmatch(short):
                    raise ParseError("a line of `zfs list -t snapshot`", line)
                if dataset != current_name:
                    current_name = dataset
                    current = self._by_dataset.setdefault(check_dataset(dataset.decode()), [])
                current.append(
                    Snapshot(
                        short.decode("ascii"),
                        int(guid),
                        int(createtxg),
                        int(creation),
                        None if used == _ABSENT else int(used),
                        None if written == _ABSENT else int(written),
                        None if ivsetguid == _ABSENT else int(ivsetguid) or None,
                        0 if userrefs == _ABSENT else int(userrefs),
                        at == b"#",
                    )
                )
            except ValueError as error:
                raise ParseError("a line of `zfs list -t snapshot`", line) from error

    def finish(self) -> dict[str, tuple[Snapshot, ...]]:
        """What was read, by dataset name. Raises `ParseError` if the last line is cut off."""
        if self._rest:
            raise ParseError("the end of `zfs list -t snapshot`", self._rest)
        return {name: tuple(snapshots) for name, snapshots in self._by_dataset.items()}
