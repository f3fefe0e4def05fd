"""What a scenario is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Pool, World
from sealift.routes import LAG_LIMIT

SOURCE, DESTINATION = "tank/prod", "backup/prod"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens `after` seconds, then again `every` so many seconds if that is given.

    `change` does it to the world; `run` is a host and a script for its shell.
    """

    after: float
    every: float | None = None
    change: Callable[[World], None] | None = None
    run: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One night. `briefing` is what the operator is told, `hint` what an expert would have done.

    `mended` says of the world whether it is over. `autostart` wishes that whoever shows the demo
    starts the planned transfer by itself. `began` is when the world was made. `lag_limit` is how
    many seconds the destination may be behind.
    """

    name: str
    title: str
    briefing: str
    hint: str
    mended: Callable[[World], bool]
    began: float
    standby: bool = False
    autostart: bool = False
    lag_limit: int = LAG_LIMIT
    events: tuple[Event, ...] = field(default=())


Make = Callable[[int | None, Callable[[], float] | None], tuple[Scenario, World]]


def pair(world: World) -> tuple[Pool, Pool]:
    """Both pools, the source's first."""
    return world.hosts["nas1"].pool, world.hosts["dr1"].pool


def level(world: World, *, behind: int = 0) -> bool:
    """Whether every source dataset's newest snapshot (or one of the last) has arrived."""
    source, destination = pair(world)
    return all(
        arrived(dataset, destination.datasets.get(_there(dataset.name)), behind=behind)
        for dataset in tree.descendants(source, SOURCE)
    )


def arrived(dataset: Dataset, replica: Dataset | None, *, behind: int = 0) -> bool:
    """Whether a replica has one of the dataset's newest snapshots, with its IV set."""
    if replica is None or replica.partial is not None:
        return False
    there = {(each.guid, each.ivsetguid) for each in replica.snapshots}
    newest = dataset.snapshots[-1 - behind :]
    return any((each.guid, each.ivsetguid) in there for each in newest)


def _there(name: str) -> str:
    return DESTINATION + name[len(SOURCE) :]
