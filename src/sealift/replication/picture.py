"""The newest picture of a route: all that a screen or a report shows, and nothing that changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sealift.hosts.host import Connection
from sealift.hosts.probe import HostFacts
from sealift.hosts.trouble import Trouble, UnknownKey
from sealift.replication import anchors
from sealift.replication.comparison import Comparison
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job
from sealift.replication.obstacles import Problem, ill_pool, problems
from sealift.replication.seal import Seal, SealState
from sealift.routes import Location, Route
from sealift.zfs.iostat import IostatSample


def found_in(comparison: Comparison, job: Job | None) -> tuple[Problem, ...]:
    """What is wrong with a tree and the pools it lies in, what is gravest first.

    `job` is the route's, running or the last one, if it is known.

    While one runs what arrives is not held yet, and nobody is to do it by hand.
    """
    running = job is not None and job.state.running
    loose = () if running else anchors.loose(comparison, ours=job is not None)
    ill = (
        problem
        for side, pool in (
            ("source", comparison.source.pool),
            ("destination", comparison.destination.pool),
        )
        if pool is not None and (problem := ill_pool(side, pool)) is not None
    )
    found = (*ill, *problems(comparison), *loose)
    return tuple(sorted(found, key=lambda each: each.severity != "problem"))


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the route. `trouble` is what keeps it from being read, if something does.

    `inventory` stays the last one read, whatever happens after; its `taken_at` is its age.
    `unknown_key` is a host key that waits for the operator's decision. `iostat` are the newest
    samples, oldest first; the last one came at `iostat_at` (aware).
    """

    location: Location
    connection: Connection
    facts: HostFacts | None = None
    inventory: Inventory | None = None
    trouble: Trouble | None = None
    unknown_key: UnknownKey | None = None
    iostat: tuple[IostatSample, ...] = ()
    iostat_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """The route at one moment. `comparison` is None until both sides were read once.

    `job` is the route's running job, or the last one; `jobs` are all that its hosts know, newest
    first, whatever route they are of.
    """

    route: Route
    source: Side
    destination: Side
    comparison: Comparison | None = None
    seal: Seal = field(default=Seal(SealState.UNKNOWN))
    problems: tuple[Problem, ...] = ()
    job: Job | None = None
    jobs: tuple[Job, ...] = ()

    def lag_seconds(self, now: datetime) -> float | None:
        """How old the newest thing is that the destination has of the source; None if unknown."""
        return self.comparison.lag_seconds(now.timestamp()) if self.comparison else None

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What keeps either side from being read."""
        sides = (self.source, self.destination)
        return tuple(side.trouble for side in sides if side.trouble is not None)
