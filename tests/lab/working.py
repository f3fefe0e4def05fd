"""A route on the lab, worked on without a screen: what the keys lead to, and nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.local import LocalTransport
from sealift.hosts.opening import open_host
from sealift.replication.changes import Changes
from sealift.replication.job import Job, JobState
from sealift.replication.picture import Picture
from sealift.replication.preview import Preview
from sealift.replication.watch import RouteWatch
from tests.driving import options

from .lab import Lab

SOURCE, DEST = "root@source:tank/prod", "root@dest:backup/prod"
OVER = {JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.LOST}


class Working:
    """Somebody who works on a route."""

    def __init__(self, watch: RouteWatch) -> None:
        self.watch = watch
        self.changes = Changes(watch)

    @property
    def job(self) -> Job | None:
        """The route's job."""
        return self.watch.picture.job

    async def start(self) -> Preview:
        """Plan and start; what was planned is given back."""
        shown = await self.changes.preview()
        assert shown.plan.blocked == ()
        before = self.job.about.id if self.job else ""
        await self.changes.start(shown)
        await self.until(lambda: self.job is not None and self.job.about.id != before, "a new job")
        return shown

    async def blocked(self) -> list[str]:
        """Plan; the ids of what stands in the way."""
        return [each.id for each in (await self.changes.preview()).plan.blocked]

    async def ended(self, within: float = 300) -> Job:
        """Wait until the job is over."""
        await self.until(lambda: self.job is not None and self.job.state in OVER, "its end", within)
        assert self.job is not None
        return self.job

    async def done(self, within: float = 300) -> Job:
        """Wait until the job is over, which went well."""
        job = await self.ended(within)
        assert job.state is JobState.DONE, (job.trouble, job.said, job.notes)
        return job

    async def until(self, true: Callable[[], bool], what: str, within: float = 60) -> None:
        """Wait until something holds of the picture."""
        happened = asyncio.Event()

        def look(_: Picture) -> None:
            if true():
                happened.set()

        self.watch.subscribe(look)
        if true():
            return
        try:
            async with asyncio.timeout(within):
                await happened.wait()
        except TimeoutError:
            raise AssertionError(f"not within {within:.0f} s: {what}; {self.job}") from None


@asynccontextmanager
async def working(lab: Lab, *words: str) -> AsyncIterator[Working]:
    """Work on `SOURCE DEST`, or on what the words of a command line say."""
    chosen = options(*(words or (SOURCE, DEST)), ssh_config=lab.ssh_config)
    gate, log, route = Gate(), CommandLog(), chosen.route
    # A relay's jobs stay on this machine: not among those of whoever runs the tests.
    environment = os.environ | {"XDG_STATE_HOME": str(lab.ssh_config.parent / "state")}
    hosts = [open_host(end, gate, log, lab.ssh_config) for end in (route.source, route.destination)]
    watch = RouteWatch(
        route,
        *hosts,
        operator=Host(LocalTransport(environment), gate, log),
        elevation=chosen.elevation,
        ssh_config=lab.ssh_config,
    )
    reading = asyncio.create_task(watch.run())
    try:
        yield Working(watch)
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await asyncio.gather(*(host.close() for host in hosts))
