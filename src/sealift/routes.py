"""What a route is: two dataset trees, their hosts, and how they are meant to relate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

from sealift.zfs.names import check_dataset, check_snapshot_name, printable

# Which end of a route something is about.
Role = Literal["source", "destination"]
ROLES: tuple[Role, Role] = ("source", "destination")

LAG_LIMIT = 3600  # seconds
SNAPSHOT_FORMAT = "rep-%Y-%m-%dT%H%MZ"
_LOCATION = re.compile(
    r"(?:(?P<user>[^@:/\s]+)@)?(?:(?P<host>\[[^\]@/\s]+\]|[^@:/\s\[\]]*):)?(?P<dataset>.*)",
    re.DOTALL,
)


class BadLocationError(ValueError):
    """A text that names no dataset on a host. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Location:
    """A dataset on a host. `host` is None for this machine."""

    user: str | None
    host: str | None
    dataset: str

    @classmethod
    def parse(cls, text: str) -> Location:
        """Read `[user@]host:pool/dataset` or `pool/dataset`.

        A pool whose name holds a `:` is written with an empty host: `:tank:1/data`. Raises
        `BadLocationError` or `names.BadNameError`.
        """
        found = _LOCATION.fullmatch(text)
        user, host = (found["user"], found["host"]) if found else (None, None)
        if found is None or (user and not host) or "-" in ((host or "")[:1], (user or "")[:1]):
            raise BadLocationError(
                f"{printable(text)!r} is not a place: write [user@]host:pool/dataset, "
                "or pool/dataset for this machine"
            )
        return cls(user, host.strip("[]") if host else None, check_dataset(found["dataset"]))

    @property
    def where(self) -> str:
        """The host as the user wrote it, `this machine` without one."""
        if self.host is None:
            return "this machine"
        return f"{self.user}@{self.host}" if self.user else self.host

    def text(self) -> str:
        """The location as `parse` reads it."""
        if self.host is None:
            return f":{self.dataset}" if ":" in self.dataset else self.dataset
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}:{self.dataset}" if self.user else f"{host}:{self.dataset}"


class Purpose(Enum):
    """What the destination is for."""

    VAULT = "vault"
    STANDBY = "standby"


class Via(Enum):
    """Which host is the coordinator: whose shell runs the pipeline, and keeps the job."""

    SOURCE = "source"
    DESTINATION = "destination"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Transport:
    """How a route's data travels between the hosts.

    `forward_agent` lends the operator's ssh agent to the coordinator for as long as sealift is
    connected. `rate_limit` (as `pv -L` takes it: `8m`) and `buffer` (as `mbuffer -m` takes it) add
    a program to the pipeline; empty, as by default, adds none. `tries` are made without any
    progress between them before a job gives up; the pause before the first is `pause` seconds, and
    each later one is longer.
    """

    via: Via = Via.SOURCE
    forward_agent: bool = False
    rate_limit: str = ""
    buffer: str = ""
    tries: int = 20
    pause: int = 5


@dataclass(frozen=True, slots=True)
class Scope:
    """What of the source's tree the route carries.

    `prefix` is what the names of the route's own snapshots begin with; others are left out unless
    `all_snapshots`. `exclude` are datasets by their names below the root, each with all below it.
    `per_dataset` never sends the tree as one package.
    """

    prefix: str
    all_snapshots: bool = False
    exclude: frozenset[str] = frozenset()
    per_dataset: bool = False

    def carries(self, below: str) -> bool:
        """Whether a dataset (its name below the root) is not excluded."""
        return not any(below == each or below.startswith(each + "/") for each in self.exclude)

    def own(self, snapshot: str) -> bool:
        """Whether a snapshot of this name is one that the route carries."""
        return self.all_snapshots or snapshot.startswith(self.prefix)


@dataclass(frozen=True, slots=True)
class Route:
    """One source tree, one destination tree, and what is expected of them.

    `snapshot_format` is a strftime format, filled in with UTC. `hold_tag` is the tag of the holds
    that keep both ends of the chain. `lag_limit` is how many seconds the destination may be behind
    before that is a problem.
    """

    source: Location
    destination: Location
    name: str = ""
    purpose: Purpose = Purpose.VAULT
    snapshot_format: str = SNAPSHOT_FORMAT
    read_only: bool = False
    hold_tag: str = "keepforrep"
    transport: Transport = Transport()
    all_snapshots: bool = False
    exclude: frozenset[str] = frozenset()
    per_dataset: bool = False
    lag_limit: int = LAG_LIMIT

    @property
    def scope(self) -> Scope:
        """What of the source's tree it carries."""
        prefix = self.snapshot_format.partition("%")[0]
        return Scope(prefix, self.all_snapshots, self.exclude, self.per_dataset)

    @property
    def lends_agent(self) -> tuple[bool, bool]:
        """Whether the source's and the destination's host are lent the operator's ssh agent."""
        lent = self.transport.forward_agent
        via = self.transport.via
        return lent and via is Via.SOURCE, lent and via is Via.DESTINATION

    @property
    def title(self) -> str:
        """The name of the route, or what it connects if it has none."""
        return self.name or f"{self.source.text()} → {self.destination.text()}"

    def snapshot_name(self, now: datetime, taken: frozenset[str]) -> str:
        """A name for a snapshot taken at `now` (aware) that is not one of `taken`.

        The format has minutes; a second snapshot within one gets `-2` behind it, and so on.
        Raises `names.BadNameError` if the format makes a name that ZFS would not take.
        """
        base = check_snapshot_name(now.strftime(self.snapshot_format))
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}-{number}"
        return name
