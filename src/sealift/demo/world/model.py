"""The state of both pools: mutable, because it is what commands change, and single-threaded.

Sizes are bytes, times seconds since 1970 UTC. Names are whole ZFS names.
"""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

# What an empty filesystem refers to, in the clear and encrypted (OpenZFS 2.3.2, seen in the lab).
EMPTY = 24576
EMPTY_ENCRYPTED = 100352
_EVENTS = 512  # the kernel's ring buffer holds as many
_HISTORY = 4000


@dataclass(frozen=True, slots=True)
class Wrapping:
    """The user's key as a pool knows it: not the key, but enough to tell whether one is right."""

    keyformat: str
    iterations: int
    proof: str

    @classmethod
    def of(cls, secret: bytes, keyformat: str = "passphrase", iterations: int = 350000) -> Wrapping:
        """The wrapping of a secret."""
        return cls(keyformat, iterations, hashlib.sha256(secret).hexdigest())

    @property
    def salt(self) -> int:
        """What `pbkdf2salt` shows: another one for another passphrase, 0 for other keys."""
        return int(self.proof[:15], 16) if self.keyformat == "passphrase" else 0

    def opens_with(self, secret: bytes) -> bool:
        """Whether this is the secret."""
        return hashlib.sha256(secret).hexdigest() == self.proof


@dataclass(slots=True)
class Crypt:
    """How a dataset is encrypted. `keyguid` names its master key, for as long as it exists."""

    suite: str
    keyguid: int
    wrapping: Wrapping


@dataclass(slots=True, eq=False)
class Snapshot:
    """A snapshot, or a bookmark (then only its identities count).

    `data` is what the files in it come to, `written` what changed since the snapshot before, `used`
    what destroying it alone gives back. `older` are the parts of `written` that were another
    snapshot's, which was destroyed: until which txg, and how much; `taken_over` is their sum.
    """

    name: str
    guid: int
    createtxg: int
    creation: int
    ivsetguid: int | None
    data: int
    written: int
    objsetid: int
    used: int = 0
    older: list[tuple[int, int]] | None = None
    taken_over: int = 0
    holds: dict[str, int] | None = None
    properties: dict[str, str] | None = None
    deferred: bool = False

    def written_since(self, txg: int) -> int:
        """What changed in it after a transaction group, as far as its own part goes."""
        if not self.older or self.older[0][0] > txg:
            return self.written
        return self.written - sum(size for until, size in self.older if until <= txg)

    @property
    def userrefs(self) -> int:
        """How many holds there are."""
        return len(self.holds) if self.holds else 0


@dataclass(slots=True)
class Partial:
    """A receive that runs or was interrupted; what it has is kept for a resume.

    `position` counts payload bytes from the beginning of the snapshot's stream. `whole` says that
    the dataset itself is what arrives (a full stream), `running` that a process still receives.
    """

    toname: str
    toguid: int
    fromguid: int | None
    raw: bool
    position: int = 0
    arrived: int = 0
    whole: bool = False
    resumable: bool = False
    running: bool = True
    large_blocks: bool = False


@dataclass(slots=True, eq=False)
class Dataset:
    """A filesystem or a volume. `root` is its encryption root, itself if it is one.

    `loaded` is the key in the kernel, of an encryption root. `data` is what its files come to now,
    `dirty` what was written since the newest snapshot, `kept` what only its snapshots still hold,
    all of them together.
    """

    name: str
    guid: int
    createtxg: int
    creation: int
    objsetid: int
    volume: bool = False
    volsize: int = 0
    crypt: Crypt | None = None
    root: Dataset | None = None
    loaded: Wrapping | None = None
    data: int = 0
    dirty: int = 0
    kept: int = 0
    mounted: bool = False
    local: dict[str, str] = field(default_factory=dict)
    received: dict[str, str] = field(default_factory=dict)
    grants: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    snapshots: list[Snapshot] = field(default_factory=list)
    bookmarks: list[Snapshot] = field(default_factory=list)
    partial: Partial | None = None
    origin: str | None = None
    snapshots_changed: int = 0

    @property
    def inconsistent(self) -> bool:
        """Whether it is the unfinished target of a full receive."""
        return self.partial is not None and self.partial.whole

    @property
    def empty(self) -> int:
        """What it refers to without any data."""
        return EMPTY_ENCRYPTED if self.crypt else EMPTY

    @property
    def overhead(self) -> int:
        """What a change costs beyond the data: the metadata that is written with it."""
        return 90112 if self.crypt else 12288

    @property
    def referenced(self) -> int:
        """What is reachable from its head."""
        return self.empty + self.data

    def since(self, txg: int) -> int:
        """The index of the first snapshot that was taken after a transaction group."""
        return bisect_right(self.snapshots, txg, key=attrgetter("createtxg"))

    def snapshot(self, name: str) -> Snapshot | None:
        """The snapshot of this short name."""
        return next((each for each in self.snapshots if each.name == name), None)

    def bookmark(self, name: str) -> Snapshot | None:
        """The bookmark of this short name."""
        return next((each for each in self.bookmarks if each.name == name), None)


@dataclass(slots=True)
class Traffic:
    """What the disks of a pool carried since boot: operations and bytes, each way."""

    read_operations: int = 0
    write_operations: int = 0
    read_bytes: int = 0
    write_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of `zpool events`. `facts` is what `-v` shows, in its order and its notation."""

    at: float
    class_: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Pool:
    """A pool. Rates are what its disks manage, bytes a second; None is no limit.

    `wait_ns` is how long a disk takes for an operation when it is not busy.
    """

    name: str
    guid: int
    size: int
    hostname: str
    health: str = "ONLINE"
    vdevs: tuple[tuple[str, str, int, int, int], ...] = (("sda1", "ONLINE", 0, 0, 0),)
    scan: str = ""
    status: str = ""
    action: str = ""
    see: str = ""
    errors: str = "No known data errors"
    fragmentation: int = 0
    datasets: dict[str, Dataset] = field(default_factory=dict)
    disabled_features: frozenset[str] = frozenset()
    local: dict[str, str] = field(default_factory=dict)
    txg: int = 4
    objects: int = 54
    read_rate: int | None = None
    write_rate: int | None = None
    wait_ns: int = 400_000
    traffic: Traffic = field(default_factory=Traffic)
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    history: deque[tuple[float, str, bool]] = field(default_factory=lambda: deque(maxlen=_HISTORY))

    def next_txg(self) -> int:
        """Open the next transaction group."""
        self.txg += 1
        return self.txg

    def next_object(self) -> int:
        """An id for a new object set."""
        self.objects += 8
        return self.objects


@dataclass(slots=True)
class Link:
    """The network between the hosts. `rate` is in bytes a second (None: no limit).

    `wire` is what it could do if nothing shaped it. While it is not `up`, nothing passes and new
    connections fail. In seconds: a packet takes `round_trip` there and back where nothing waits; an
    ssh that looks after its server (ServerAliveInterval) gives a session up after `patience`,
    another one after `retries`; once the link is back, a host notices after `linger` that the other
    end of a session has gone meanwhile.
    """

    rate: int | None = None
    up: bool = True
    wire: int = 120_000_000
    round_trip: float = 0.0004
    patience: float = 2.5
    retries: float = 15.0
    linger: float = 2.0


@dataclass(slots=True)
class Host:
    """One host: its name in the network and its pool. It is off while it is not `up`.

    `changed` are the commands that changed something and are not ZFS's, which its pool remembers:
    when (seconds since 1970), and their words.
    """

    name: str
    pool: Pool
    up: bool = True
    changed: list[tuple[float, str]] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """Both hosts of a demo, source first, and the link between them.

    `clock` gives the time; `random` is seeded, so that the same scenario has the same guids.
    """

    hosts: dict[str, Host]
    clock: Callable[[], float]
    random: random.Random
    link: Link = field(default_factory=Link)

    @property
    def connected(self) -> bool:
        """Whether the hosts reach each other now."""
        return self.link.up and all(host.up for host in self.hosts.values())

    def guid(self) -> int:
        """A new 64-bit identity."""
        return self.random.getrandbits(63) | 1 << 60

    def ivset(self) -> int:
        """A new identity of a set of initialisation vectors: 56 bits."""
        return self.random.getrandbits(55) | 1 << 52

    def now(self) -> int:
        """The time in whole seconds."""
        return int(self.clock())
