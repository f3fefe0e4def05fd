"""The charts over the route screen: what they are made of beyond the picture is read here."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import zip_longest

from sealift.hosts.trouble import TroubleError
from sealift.playbook.growth import Growth, growth
from sealift.replication import jobs
from sealift.replication.ended import ended
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
        self._asked: frozenset[str] = frozenset()  # the jobs that were asked about
        # Their ends, as far as they have any, and what kept others from being read.
        self._ends: tuple[tuple[tuple[Job, datetime], ...], str] | None = None
        self._reading = False
        self._made_of: tuple[object, ...] = ()
        self._making = False
        self._record: Record | None = None
        self._growth: Growth | None = None
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
        picture, now = self.desk.picture, self.desk.clock()
        if self._ends is not None and _ids(self._ended(picture.jobs)) - self._asked:
            self.read_again()
        if not self._making and self._differs():
            self._making = True
            self.desk.begin(self._make(), _WORK)
        return Night(picture, self.desk.seen, now, self._record, self._growth, span)

    def _differs(self) -> bool:
        """Whether what was made of the trees and of the record is made of older ones."""
        newest = (self.desk.picture.comparison, self._ends)
        return any(old is not new for old, new in zip_longest(self._made_of, newest))

    async def _make(self) -> None:
        """Look at every snapshot, in a thread: 100,000 of them take 0.4 s, and keys go on."""
        try:
            while self._differs():
                tree, ends = self.desk.picture.comparison, self._ends
                now = self.desk.clock().timestamp()
                if tree is not None:
                    self._growth = await asyncio.to_thread(growth, tree, now)
                if ends is not None:
                    told = await asyncio.to_thread(ended, tree, ends[0])
                    self._record = Record(told, ends[1])
                self._made_of = (tree, ends)
        finally:
            self._making = False
        self.screen.draw()

    def _ended(self, some: tuple[Job, ...]) -> tuple[Job, ...]:
        since = self.desk.clock() - timedelta(seconds=max(SPANS))
        route, others = self.desk.picture.route, self.desk.watch.others
        own = (job for job in some if job.about.is_of(route, others) and not job.state.running)
        return tuple(job for job in own if job.about.made >= since)[:_MOST]

    async def _read(self) -> None:
        try:
            found = self._ended(await self.desk.watch.find_jobs())
            unread = [each.sentence() for each in self.desk.watch.job_troubles]
            by_host: dict[str, list[Job]] = defaultdict(list)
            for job in found:
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
        with_end = tuple((job, ends[job.about.id]) for job in found if job.about.id in ends)
        self._ends = with_end, "; ".join(unread)
        self._asked = _ids(found)
        self.screen.draw()

    def _close(self) -> None:
        route = self.desk.screen
        route.workers.cancel_group(route, _WORK)


def _ids(some: tuple[Job, ...]) -> frozenset[str]:
    return frozenset(job.about.id for job in some)
