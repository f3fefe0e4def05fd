"""Runs the four steps of the playbook at once, and keeps its newest answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from sealift.hosts.host import utc_now
from sealift.playbook import mending, receiver, sending, stream, time
from sealift.playbook.diagnosis import Diagnosis, StepReport
from sealift.playbook.ground import Ground
from sealift.playbook.steps import RECEIVER, SENDING, STREAM, TIME, TITLES
from sealift.replication.watch import RouteWatch

WINDOW = 10.0  # seconds that are sampled; a receive works in bursts of up to five
TRIAL = 10.0  # seconds that a trial may take when nothing runs; 0 is none

_LOOKS: Mapping[str, Callable[[Ground], Awaitable[StepReport]]] = {
    SENDING: sending.look,
    RECEIVER: receiver.look,
    TIME: time.look,
    STREAM: stream.look,
}


class Playbook:
    """One walk through the playbook. `diagnosis` is the newest answer, immutable.

    `watch` has the route and its hosts; nothing else need have read them before. Every listener
    gets every new answer, in the event loop's thread.
    """

    diagnosis: Diagnosis

    def __init__(self, watch: RouteWatch, *, window: float = WINDOW, trial: float = TRIAL) -> None:
        self._watch = watch
        self._window, self._trial = window, trial
        self._listeners: list[Callable[[Diagnosis], None]] = []
        self.diagnosis = Diagnosis(
            watch.picture.route.title, utc_now(), 0.0, tuple(_running(step) for step in TITLES)
        )

    def subscribe(self, listener: Callable[[Diagnosis], None]) -> None:
        """Have `listener` called with every new answer."""
        self._listeners.append(listener)

    async def run(self) -> Diagnosis:
        """Take all four steps at once, both hosts at once; the last answer is given back."""
        return await self._walk(*TITLES)

    async def run_step(self, step: str) -> Diagnosis:
        """Take one step again, with fresh readings; `step` is one of `steps`."""
        return await self._walk(step)

    async def _walk(self, *steps: str) -> Diagnosis:
        self.diagnosis = replace(self.diagnosis, began=utc_now())
        self._put(*(_running(step) for step in steps))
        ground = Ground(self._watch, window=self._window, trial=self._trial, announce=self._put)
        tasks = [asyncio.create_task(self._take(step, ground), name=step) for step in steps]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await ground.close()
        return self.diagnosis

    async def _take(self, step: str, ground: Ground) -> None:
        self._put(await _LOOKS[step](ground))

    def _put(self, *reports: StepReport) -> None:
        """Show new answers of some steps in the place of their old ones."""
        newer = {report.id: report for report in reports}
        steps = tuple(newer.get(each.id, each) for each in self.diagnosis.steps)
        self.diagnosis = replace(
            self.diagnosis,
            seconds=(utc_now() - self.diagnosis.began).total_seconds(),
            steps=steps,
            findings=mending.in_order(finding for step in steps for finding in step.findings),
        )
        for listener in self._listeners:
            listener(self.diagnosis)


def _running(step: str) -> StepReport:
    return StepReport(step, TITLES[step], "running")
