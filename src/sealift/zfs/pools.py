"""What zpool says of a pool: how full, how healthy, what is wrong; and which ZFS a host runs.

`zpool status` is read as text, which OpenZFS 2.1 to 2.4 all print: JSON exists only since 2.3.
Sources: zpool-list(8), zpool-status(8), `status_callback` and `print_scan_scrub_resilver_status`
in `cmd/zpool/zpool_main.c`, `zfs_version_print` in `lib/libzfs/libzfs_util.c`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from sealift.zfs.parse import ParseError, lines_of, number_or_none


@dataclass(frozen=True, slots=True)
class Pool:
    """A line of `zpool list`. Sizes in bytes of raw space, parity included.

    `fragmentation` (of the free space) and `capacity` (how full) in percent. A pool that cannot be
    opened has a name and a health only; everything else is None.
    """

    name: str
    size: int | None
    allocated: int | None
    free: int | None
    fragmentation: int | None
    capacity: int | None
    health: str


def parse_pool(data: bytes) -> Pool:
    """Read `zpool list -Hp -o name,size,alloc,free,frag,cap,health POOL`.

    Raises `ParseError` unless it is exactly one such line.
    """
    reading = "the line of `zpool list`"
    match [line.split("\t") for line in lines_of(data)]:
        case [[name, size, allocated, free, fragmentation, capacity, health]] if name and health:
            return Pool(
                name=name,
                size=number_or_none(size, reading),
                allocated=number_or_none(allocated, reading),
                free=number_or_none(free, reading),
                fragmentation=number_or_none(fragmentation, reading),
                capacity=number_or_none(capacity, reading),
                health=health,
            )
    raise ParseError(reading, data)


class ScanKind(Enum):
    """What reads the whole pool."""

    NONE = "none"
    SCRUB = "scrub"
    RESILVER = "resilver"


class ScanState(Enum):
    """Where a scan stands."""

    NEVER = "never"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Scan:
    """The latest scrub or resilver. `percent` only while it runs or is paused, and if it is known.

    `text` is all that zpool says of it, its speed and its time to go included.
    """

    kind: ScanKind
    state: ScanState
    percent: float | None
    text: str


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """What `zpool status` says in words.

    `status` and `action` are empty for a pool without trouble. `scan` is
    None if nothing, or nothing intelligible, is said of it.
    """

    name: str
    state: str
    scan: Scan | None
    status: str
    action: str
    errors: str

    @property
    def suspended(self) -> bool:
        """Whether all I/O waits for somebody to bring its disks back (zpool-clear(8))."""
        return self.state == "SUSPENDED"

    @property
    def damaged(self) -> bool:
        """Whether the pool knows of data that it cannot read any more."""
        return bool(self.errors) and self.errors != "No known data errors"


# A section starts at the left edge, indented by two spaces at most; what belongs to it is indented
# by a TAB (some eight spaces where a text was pasted).
_SECTION = re.compile(r" {0,3}([a-z]+):(?: (.*))?")
_SCAN_STATES = (
    (re.compile(r"none requested"), ScanState.NEVER),
    (re.compile(r"(scrub|resilver)(?: \(.*\))? in progress since"), ScanState.RUNNING),
    (re.compile(r"(scrub) paused since"), ScanState.PAUSED),
    (re.compile(r"(scrub) repaired|(resilver)ed"), ScanState.FINISHED),
    (re.compile(r"(scrub|resilver)(?: \(.*\))? canceled on"), ScanState.CANCELED),
)
_PERCENT = re.compile(r"\b(\d{1,9}(?:\.\d{1,9})?)% done")


def parse_status(data: bytes) -> tuple[PoolStatus, ...]:
    """Read the text of `zpool status`, of one pool or of several.

    Raises `ParseError` if it is not such a text, or if a pool in it has no state.
    """
    pools: list[list[tuple[str, list[str]]]] = []
    for line in lines_of(data):
        section = _SECTION.fullmatch(line)
        if section and section[1] == "pool":
            pools.append([])
        if not pools:
            raise ParseError("`zpool status`", line)
        if section:
            pools[-1].append((section[1], [section[2] or ""]))
        else:
            pools[-1][-1][1].append(line)
    if not pools:
        raise ParseError("`zpool status`", data, "there is nothing to read")
    return tuple(_status(sections) for sections in pools)


def _status(sections: list[tuple[str, list[str]]]) -> PoolStatus:
    texts = {key: " ".join(" ".join(lines).split()) for key, lines in sections}
    name, state = texts["pool"], texts.get("state", "")
    if not name or not state:
        raise ParseError("`zpool status`", str(sections), "a pool has no name or no state")
    # There may be several scans: a sequential resilver has one line for each of its vdevs.
    scans = [_scan(lines) for key, lines in sections if key == "scan"]
    known = [scan for scan in scans if scan is not None]
    return PoolStatus(
        name=name,
        state=state,
        scan=min(known, key=lambda scan: scan.state is not ScanState.RUNNING, default=None),
        status=texts.get("status", ""),
        action=texts.get("action", ""),
        errors=texts.get("errors", ""),
    )


def _scan(lines: list[str]) -> Scan | None:
    text = " ".join(" ".join(lines).split())
    for pattern, state in _SCAN_STATES:
        if found := pattern.match(text):
            kind = next(filter(None, found.groups()), "none")
            percent = _PERCENT.search(text)
            unfinished = state in (ScanState.RUNNING, ScanState.PAUSED)
            # An empty pool makes it "nan", and what grew since the start exceeds 100 %.
            value = min(100.0, float(percent[1])) if percent and unfinished else None
            return Scan(ScanKind(kind), state, value, text)
    return None


@dataclass(frozen=True, slots=True)
class ZfsVersion:
    """What `zfs version` prints, without the leading `zfs-` and `zfs-kmod-`.

    `module` is None if the kernel module is not loaded. It may differ from `userland`, and most
    defects are fixed in the one or the other. `release` and `module_release` are the numbers in
    front, for comparing: a distribution may have fixed more than its number says.
    """

    userland: str
    module: str | None
    release: tuple[int, int, int] | None
    module_release: tuple[int, int, int] | None


_RELEASE = re.compile(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})")


def parse_version(data: bytes) -> ZfsVersion:
    """Read the stdout of `zfs version`; raise `ParseError` if it names no version."""
    lines = [line.strip() for line in lines_of(data)]
    module = next((line for line in lines if line.startswith("zfs-kmod-")), None)
    userland = next((line for line in lines if line.startswith("zfs-") and line != module), None)
    if userland is None:
        raise ParseError("`zfs version`", data)
    userland = userland.removeprefix("zfs-")
    module = module.removeprefix("zfs-kmod-") if module else None
    return ZfsVersion(userland, module, _release(userland), _release(module or ""))


def _release(version: str) -> tuple[int, int, int] | None:
    found = _RELEASE.match(version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
