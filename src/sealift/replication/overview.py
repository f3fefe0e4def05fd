"""Keeps the picture of many routes new, with one connection to each of their hosts.

A host is asked for all its trees at once and independently of the others: one that hangs or is gone
keeps nothing from being shown but its own routes' news.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from sealift.hosts.host import Host, utc_now
from sealift.hosts.probe import probe
from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError
from sealift.replication import jobs
from sealift.replication.comparison import compare
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job
from sealift.replication.many import survey_all
from sealift.replication.picture import Picture, Side, found_in
from sealift.replication.seal import judge
from sealift.routes import Location, Route, Via

EVERY = 30.0  # seconds between two readings of a host, at least
_SHARE = 20  # listing takes at most one part in so many of a host's time
_THIS_MACHINE = Location(None, None, "")


@dataclass(frozen=True, slots=True)
class Overview:
    """All routes at one moment, in the config's order."""

    pictures: tuple[Picture, ...]


def hosts_of(routes: Iterable[Route]) -> tuple[Location, ...]:
    """One location for each host that these routes need, relays included."""
    found: dict[str, Location] = {}
    for route in routes:
        relay = (_THIS_MACHINE,) if route.transport.via is Via.OPERATOR else ()
        for end in (*_ends(route), *relay):
            found.setdefault(end.where, end)
    return tuple(found.values())


class OverviewWatch:
    """Reads the hosts of many routes again and again; `overview` is the newest, immutable.

    `hosts` are those of `hosts_of`, by their `Location.where`.
    """

    def __init__(self, routes: Iterable[Route], hosts: Mapping[str, Host]) -> None:
        self._hosts = hosts
        self.overview = Overview(
            tuple(
                Picture(
                    route,
                    Side(route.source, hosts[route.source.where].connection),
                    Side(route.destination, hosts[route.destination.where].connection),
                )
                for route in routes
            )
        )
        self._wake = {where: asyncio.Event() for where in hosts}
        self._awake = asyncio.Event()
        self._awake.set()
        self._seconds = dict.fromkeys(hosts, 0.0)
        self._taking = asyncio.Lock()
        self._jobs: dict[str, tuple[Job, ...]] = {}
        self._read_to_end: dict[str, Job] = {}
        self._listeners: list[Callable[[Overview], None]] = []

    def subscribe(self, listener: Callable[[Overview], None]) -> None:
        """Have `listener` called with every new overview, in the event loop's thread."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Keep reading until cancelled."""
        async with asyncio.TaskGroup() as group:
            for where in self._hosts:
                group.create_task(self._read_forever(where))

    async def read_once(self) -> Overview:
        """Read every host at once, for a report; trouble with one is in its routes' pictures."""
        await asyncio.gather(*(self._read(where) for where in self._hosts))
        return self.overview

    def refresh(self) -> None:
        """Read every host now, and try those that are gone at once."""
        for where, host in self._hosts.items():
            host.retry_now()
            self._wake[where].set()

    def rest(self) -> None:
        """Read nothing until `go_on`: somebody looks at something else."""
        self._awake.clear()

    def go_on(self) -> None:
        """Read again, now."""
        self._awake.set()
        self.refresh()

    async def _read_forever(self, where: str) -> None:
        while True:
            await self._awake.wait()
            self._wake[where].clear()
            await self._read(where)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause(where)):
                    await self._wake[where].wait()

    def _pause(self, where: str) -> float:
        connection = self._hosts[where].connection
        if connection.retry_at is not None:
            return max(0.2, (connection.retry_at - utc_now()).total_seconds())
        return max(EVERY, _SHARE * self._seconds[where])

    async def _read(self, where: str) -> None:
        host = self._hosts[where]
        answer: Mapping[str, Inventory | Trouble] | TroubleError
        try:
            answer = await self._survey(where, host)
            await self._find_jobs(where, host)
        except TroubleError as error:
            answer = error
        except Exception as error:  # noqa: BLE001 - whatever a host says, the others go on
            answer = TroubleError(
                Trouble(
                    "sealift-defect",
                    where,
                    "sealift failed to read it, which is a defect of sealift",
                    mend="Please report the text below.",
                    raw=f"{type(error).__name__}: {error}",
                )
            )
        else:
            took = (each.seconds for each in answer.values() if isinstance(each, Inventory))
            self._seconds[where] = max(took, default=0.0)
        async with self._taking:  # an older comparison must not replace a newer one
            await self._take(where, answer)

    async def _survey(self, where: str, host: Host) -> dict[str, Inventory | Trouble]:
        ends = (end for each in self.overview.pictures for end in _ends(each.route))
        roots = [end.dataset for end in ends if end.where == where]
        if not roots:
            return {}
        try:
            return await survey_all(host, roots)
        except TroubleError:
            # What a host says of itself tells best why it cannot be listed: no ZFS, a noisy login.
            if host.connection.connected:
                await probe(host)
            raise

    async def _find_jobs(self, where: str, host: Host) -> None:
        """The newest job of each route that this host coordinates, with what its log says."""
        routes = [each.route for each in self.overview.pictures if where in _around(each.route)]
        try:
            found = await jobs.find(host)
            shown: dict[str, Job] = {}
            for route in routes:
                own = [job for job in found if job.about.is_of(route, routes)]
                current = next((job for job in own if job.state.running), next(iter(own), None))
                if current is not None and current.about.id not in shown:
                    shown[current.about.id] = await self._with_log(host, current)
        except TroubleError:
            if not host.connection.connected:
                raise
            return  # the trees are read: a folder of jobs that cannot be is told on its route
        self._jobs[where] = tuple(shown.values())

    async def _with_log(self, host: Host, job: Job) -> Job:
        known = self._read_to_end.get(job.about.id)
        if known is not None and known.state is job.state:
            return known
        told = await jobs.read(host, job)
        if not job.state.running:
            self._read_to_end[job.about.id] = told
        return told

    async def _take(
        self, where: str, answer: Mapping[str, Inventory | Trouble] | TroubleError
    ) -> None:
        """Put what a host said into the pictures of its routes."""
        host, routes = self._hosts[where], [each.route for each in self.overview.pictures]

        def told(side: Side) -> Side:
            if side.location.where != where:
                return side
            side = replace(side, connection=host.connection, trouble=None, unknown_key=None)
            if isinstance(answer, TroubleError):
                key = answer.key if isinstance(answer, HostKeyUnknownError) else None
                return replace(side, trouble=answer.trouble, unknown_key=key)
            found = answer[side.location.dataset]
            if isinstance(found, Trouble):
                return replace(side, trouble=found)
            return replace(side, inventory=found)

        def redrawn(picture: Picture) -> Picture:
            if where not in _around(picture.route):
                return picture
            newer = replace(
                picture,
                source=told(picture.source),
                destination=told(picture.destination),
                job=self._job_of(picture.route, routes),
            )
            source, destination = newer.source.inventory, newer.destination.inventory
            same = (
                source is picture.source.inventory and destination is picture.destination.inventory
            )
            if source is None or destination is None or same:
                return newer
            comparison = compare(source, destination, picture.route.scope)
            return replace(
                newer,
                comparison=comparison,
                seal=judge(comparison),
                problems=found_in(comparison, newer.job),
            )

        def all_redrawn() -> tuple[Picture, ...]:
            return tuple(redrawn(each) for each in self.overview.pictures)

        # In a thread: many trees take a while to compare.
        self.overview = Overview(await asyncio.to_thread(all_redrawn))
        for listener in self._listeners:
            listener(self.overview)

    def _job_of(self, route: Route, routes: list[Route]) -> Job | None:
        own = [
            job
            for where in _around(route)
            for job in self._jobs.get(where, ())
            if job.about.is_of(route, routes)
        ]
        own.sort(key=lambda job: (not job.state.running, -job.about.made.timestamp()))
        return next(iter(own), None)


def _ends(route: Route) -> tuple[Location, Location]:
    return route.source, route.destination


def _around(route: Route) -> set[str]:
    """The hosts that may keep a job of this route."""
    return {location.where for location in hosts_of([route])}
