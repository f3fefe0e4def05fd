"""The charts over the route screen: what they are made of beyond the picture is read here."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta

from sealift.hosts.trouble import TroubleError
from sealift.playbook.growth import Growth, growth
from sealift.replication import jobs
from sealift.replication.comparison import Comparison
from sealift.replication.job import Job
from sealift.ui.charts.page import SPANS, Night, Record
from sealift.ui.panels.desk import Desk
from sealift.ui.screens.charts import ChartsScreen

_MOST = 60  # jobs of a route whose logs are asked how they ended
_WORK = "charts"  # the group of workers that ends when the screen is left


class ChartsPanel:
    """The charts of one route, for as long as their screen is open.

    Beyond the pictures it asks each coordinator once, when it is opened and whenever another job
    has ended, for the last line of some logs.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._record: Record | None = None
        self._recorded: frozenset[str] = frozenset()
        self._reading = False
        self._growth: tuple[Comparison, Growth] | None = None
        self.screen = ChartsScreen(self._night, self.read_again, desk.glyphs)

    def open(self) -> None:
        """Show the screen, and read the record of jobs."""
        self.desk.screen.app.push_screen(self.screen, lambda _: self._close())
        self.read_again()

    def read_again(self) -> None:
        """Read when the route's jobs ended."""
        if not self._reading:
            self._reading = True
            self.desk.begin(self._read(), _WORK)

    def _night(self, span: int) -> Night:
        """What is to be drawn now."""
        picture = self.desk.picture
        ended = self._ended(picture.jobs)
        if self._record is not None and {job.about.id for job in ended} - self._recorded:
            self.read_again()
        return Night(
            picture, self.desk.seen, self.desk.clock(), self._record, self._growing(), span
        )

    def _growing(self) -> Growth | None:
        comparison = self.desk.picture.comparison
        if comparison is None:
            return None
        if self._growth is None or self._growth[0] is not comparison:
            self._growth = comparison, growth(comparison, self.desk.clock().timestamp())
        return self._growth[1]

    def _ended(self, some: tuple[Job, ...]) -> tuple[Job, ...]:
        since = self.desk.clock() - timedelta(seconds=max(SPANS))
        route = self.desk.picture.route
        own = (job for job in some if job.about.is_of(route) and not job.state.running)
        return tuple(job for job in own if job.about.made >= since)[:_MOST]

    async def _read(self) -> None:
        try:
            ended = self._ended(await self.desk.watch.find_jobs())
            unread = [each.sentence() for each in self.desk.watch.job_troubles]
            by_host: dict[str, list[Job]] = defaultdict(list)
            for job in ended:
                by_host[job.host].append(job)
            answers = await asyncio.gather(
                *(jobs.ends(self.desk.watch.host_of(some[0]), some) for some in by_host.values()),
                return_exceptions=True,
            )
        finally:
            self._reading = False
        ends: dict[str, datetime] = {}
        for answer in answers:
            if isinstance(answer, TroubleError):
                unread.append(answer.trouble.sentence())
            elif isinstance(answer, BaseException):
                raise answer
            else:
                ends |= answer
        found = tuple((job, ends[job.about.id]) for job in ended if job.about.id in ends)
        self._record = Record(found, "; ".join(unread))
        self._recorded = frozenset(job.about.id for job in ended)
        self.screen.draw()

    def _close(self) -> None:
        route = self.desk.screen
        route.workers.cancel_group(route, _WORK)
