"""What a simulated stream says of itself: a package of a tree, and the snapshots in it.

The bytes between are of no meaning. Sizes are bytes of payload; the frame that carries them is in
`shells.program`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from sealift.demo.world.model import Dataset, Snapshot, Wrapping

# What `zfs send -nP` adds for the records that begin and end a stream.
ENDS = 624
# What an encrypted increment carries besides the data.
_METADATA = 13000


@dataclass(frozen=True, slots=True)
class Begin:
    """One snapshot's stream. `position` is where it starts again, if `resumed`.

    `encrypted` tells whether it was made of an encrypted dataset; only `raw` keeps it so.
    """

    toname: str
    toguid: int
    fromguid: int | None
    payload: int
    creation: int
    data: int
    written: int
    raw: bool
    encrypted: bool
    volume: bool = False
    volsize: int = 0
    position: int = 0
    resumed: bool = False
    toivset: int | None = None
    fromivset: int | None = None
    keyguid: int = 0
    suite: str = ""
    wrapping: tuple[str, int, str] | None = None

    def text(self) -> bytes:
        """As it goes into the stream."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, text: bytes) -> Begin:
        """Read it back."""
        fields = json.loads(text)
        fields["wrapping"] = tuple(fields["wrapping"]) if fields["wrapping"] else None
        return cls(**fields)

    def key(self) -> Wrapping:
        """The wrapped key that travels with a raw stream."""
        assert self.wrapping is not None  # noqa: S101 - every raw stream has it
        return Wrapping(*self.wrapping)


@dataclass(frozen=True, slots=True)
class Packed:
    """A dataset in a package. `below` is its name behind the top's. `root`: it is one of keys."""

    below: str
    snapshots: tuple[tuple[str, int], ...]
    properties: dict[str, str]
    root: bool
    keylocation: str


@dataclass(frozen=True, slots=True)
class Package:
    """A stream of several snapshots: of one dataset (`-I`, `-p`), or of a tree (`replicate`)."""

    top: str
    target: str
    base: str | None
    replicate: bool
    raw: bool
    datasets: tuple[Packed, ...] = field(default=())

    def text(self) -> bytes:
        """As it goes into the stream."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def read(cls, text: bytes) -> Package:
        """Read it back."""
        fields = json.loads(text)
        fields["datasets"] = tuple(
            Packed(**{**each, "snapshots": tuple((n, g) for n, g in each["snapshots"])})
            for each in fields["datasets"]
        )
        return cls(**fields)


def full_size(dataset: Dataset, snapshot: Snapshot) -> int:
    """How many bytes a full send of a snapshot is estimated at."""
    return snapshot.data + dataset.empty // 2 + ENDS


def increment_size(dataset: Dataset, base: Snapshot, target: Snapshot) -> int:
    """How many bytes lie between two snapshots; the base may be a bookmark."""
    changed, any_ = _between(dataset, base, target)
    return changed + (_METADATA if any_ else 0) + ENDS


def _between(dataset: Dataset, base: Snapshot, target: Snapshot) -> tuple[int, bool]:
    """How much data was written between two snapshots, and whether anything was."""
    chosen = dataset.snapshots[dataset.since(base.createtxg) : dataset.since(target.createtxg)]
    between = [each.written_since(base.createtxg) for each in chosen]
    return sum(max(0, written - dataset.overhead) for written in between), any(between)


def begin(
    dataset: Dataset, target: Snapshot, base: Snapshot | None, *, raw: bool, position: int = -1
) -> Begin:
    """What a stream from `base` (None: full) to `target` says. A `position` from 0 is a resume."""
    size = increment_size(dataset, base, target) if base else full_size(dataset, target)
    written = target.written
    if base is not None:
        changed, any_ = _between(dataset, base, target)
        written = changed + dataset.overhead if any_ else 0
    crypt = dataset.crypt
    key = crypt.wrapping if crypt is not None and raw else None
    return Begin(
        toname=f"{dataset.name}@{target.name}",
        toguid=target.guid,
        fromguid=base.guid if base else None,
        payload=size - ENDS,
        creation=target.creation,
        data=target.data,
        written=written,
        raw=raw and crypt is not None,
        encrypted=crypt is not None,
        volume=dataset.volume,
        volsize=dataset.volsize,
        position=max(0, position),
        resumed=position >= 0,
        toivset=target.ivsetguid if raw else None,
        fromivset=base.ivsetguid if base and raw else None,
        keyguid=crypt.keyguid if crypt and raw else 0,
        suite=crypt.suite if crypt and raw else "",
        wrapping=(key.keyformat, key.iterations, key.proof) if key else None,
    )
