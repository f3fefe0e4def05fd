"""What a fault of the suite is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, get_args

from ..lab import Lab

Words = tuple[str, ...]
Make = Callable[[Lab], AbstractContextManager[Words]]
Group = Literal["sending", "chain", "receiver", "access", "bottleneck"]
GROUPS: tuple[Group, ...] = get_args(Group)

SOURCE, DEST = "root@source:tank/prod", "root@dest:backup/prod"
ROUTE: Words = (SOURCE, DEST)

# What a verdict may name; every other id is a finding only.
BOTTLENECKS = frozenset(
    {
        "source-disk",
        "destination-disk",
        "source-cpu",
        "destination-cpu",
        "ssh-cpu",
        "network-bandwidth",
        "network-loss",
        "network-window",
        "throttled",
        "sender-idle",
        "receiver-semantics",
    }
)


@dataclass(frozen=True)
class Fault:
    """Something wrong with a route. `make` brings it about and gives the words of a command line.

    The words are SOURCE DESTINATION and options. `id` is the finding or bottleneck that has to be
    named, `name` says strength and place. `may` are bottlenecks that it brings along by its nature.
    `core` ones are tested wherever the lab is, the others in the whole suite. `bulky` ones take
    the bulky tree.
    """

    id: str
    name: str
    make: Make
    group: Group
    may: frozenset[str] = frozenset()
    core: bool = False
    bulky: bool = False


@dataclass(frozen=True)
class Healthy:
    """A state in which nothing is wrong, and how to bring it about."""

    name: str
    make: Make
    core: bool = False


@dataclass(frozen=True)
class Pair:
    """Two faults at once. `first` is the one of both to mend first."""

    ids: tuple[str, str]
    first: str
    name: str
    make: Make
    core: bool = False
