"""Jobs: every one that the route's hosts know, how far it is, and what it said."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from sealift.actions import JOBS, named
from sealift.hosts.trouble import Trouble
from sealift.replication.amount import amount
from sealift.replication.job import Job, JobState, JobStep
from sealift.replication.watch import JOBS_EVERY
from sealift.routes import Location
from sealift.ui import dialogs, headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.panel import Panel, trouble_entry
from sealift.ui.screens.dialog import Choice
from sealift.zfs.names import BadNameError

COLUMNS = ("job", "host", "state", "since", "what", "how far", "by")
NOT_RUNNING = "It is not running."
_ENDED = "It has ended meanwhile."
_LEVELS = {
    JobState.WAITING: headline.WARNING,
    JobState.DONE: headline.OK,
    JobState.FAILED: headline.PROBLEM,
    JobState.LOST: headline.PROBLEM,
}


def entries(
    jobs: tuple[Job, ...], followed: Job | None = None, troubles: tuple[Trouble, ...] = ()
) -> tuple[Entry, ...]:
    """Every job, newest first, and above them the hosts that could not be asked.

    `followed` is the one whose log is read, which says more than the list of its coordinator.
    """
    unasked = tuple(trouble_entry(each, len(COLUMNS)) for each in troubles)
    return (*unasked, *(_entry(job, followed) for job in merged(jobs, followed)))


def merged(jobs: tuple[Job, ...], followed: Job | None) -> tuple[Job, ...]:
    """The jobs, newest first, with the newest that is known of the followed one."""
    if followed is None:
        return jobs
    others = [job for job in jobs if job.about.id != followed.about.id]
    return tuple(sorted((followed, *others), key=lambda job: job.about.made, reverse=True))


def _entry(job: Job, followed: Job | None) -> Entry:
    about, running = job.about, job.state.running
    cells = (
        about.id,
        job.host,
        "waiting" if job.state is JobState.WAITING else job.state.value,
        f"{about.made:%m-%d %H:%M}",
        f"{_dataset(about.source)} → {_dataset(about.destination)}",
        _how_far(job, followed=followed is not None and followed.about.id == about.id),
        about.operator,
    )
    refusal = "" if running else NOT_RUNNING
    deeds = (Deed.of(named(JOBS, "cancel"), refusal),)
    level = _LEVELS.get(job.state, headline.INFO)
    return Entry(about.id, level, cells, tuple(_details(job)), deeds)


def _dataset(place: str) -> str:
    """The dataset of a place; the hosts stand in the details."""
    try:
        return Location.parse(place).dataset
    except (ValueError, BadNameError):
        return place


def _how_far(job: Job, *, followed: bool) -> str:
    if job.state is JobState.DONE:
        return "all of it"
    if not followed:
        return text.UNKNOWN if job.state.running else ""
    known = amount(job)
    far = text.percent(known.done, known.expected)
    if known.steps < 2:  # noqa: PLR2004 - one step is the whole job
        return far
    step = f"{known.step}/{known.steps}"
    return f"{far}, {step}" if known.whole else f"step {step}: {far}"


def _details(job: Job) -> list[str]:
    about = job.about
    since = f"{about.made:%Y-%m-%d %H:%M:%S} UTC"
    route = f"\n{about.name}" if about.name else ""
    paragraphs = [
        (
            f"Job {about.id} on {job.host}: {job.state.value}. Ordered {since} by {about.operator}."
            f"{route}\n{about.source} → {about.destination}"
        )
    ]
    if job.ended is not None:
        paragraphs[0] += f"\nEnded {job.ended:%Y-%m-%d %H:%M:%S} UTC."
    known = amount(job)
    if job.state.running and known.expected is not None:
        done, expected = text.size(known.done), text.size(known.expected)
        step = f"Step {known.step} of {known.steps}. " if known.steps > 1 else ""
        speed = text.rate(job.rate.bytes_per_second)
        paragraphs.append(f"{step}{done} of {expected}, {speed}.")
    if job.trouble is not None:
        paragraphs += dialogs.trouble_paragraphs(job.trouble)
    if job.said:
        paragraphs.append("\n".join(("The hosts said:", *job.said)))
    if job.notes:
        paragraphs.append("\n".join(("Notes:", *job.notes)))
    paragraphs.append("\n".join(_steps(job)))
    paragraphs.append(f"{job.host}$ {job.step.pipeline}")
    paragraphs.append(f"What it is made of, and its log: {job.host}:{job.folder}")
    return paragraphs


def _steps(job: Job) -> list[str]:
    """What was ordered; what mends a package that was cut is told only while it runs."""
    shown = [step for step in job.steps if step.kind != "repair" or step is job.step]
    return [f"{number}  {_step(step, job)}" for number, step in enumerate(shown, 1)]


def _step(step: JobStep, job: Job) -> str:
    start = f"@{step.base} → " if step.base else "everything up to "
    tree = " and all below" if step.kind == "package" else ""
    mends = ", what the package left undone" if step.kind == "repair" else ""
    words = f"{step.dataset}{tree}: {start}@{step.target}, into {step.into}{mends}"
    if step.number in job.arrived or job.state is JobState.DONE:
        return f"{words}  (there)"
    return f"{words}  (now)" if step is job.step and job.state.running else words


class JobsPanel(Panel):
    """The list of jobs."""

    title = "Jobs"
    columns = COLUMNS
    kind = "job"
    empty = "No host of this route knows a job."

    def __init__(self, desk: Desk) -> None:
        self._asked_for = False
        super().__init__(desk)

    def entries(self) -> tuple[Entry, ...] | None:
        """The jobs of the newest picture; None until the hosts were asked."""
        picture = self.desk.picture
        troubles = self.desk.watch.job_troubles if self._asked_for else ()
        shown = entries(picture.jobs, picture.job, troubles)
        return shown if shown or self._asked_for else None

    def opened(self) -> None:
        """Look for jobs as long as it is open: the watch does not while it follows one."""
        self.desk.begin(self._look(), "panel-jobs")

    async def _look(self) -> None:
        while self.is_open:
            await self.desk.watch.find_jobs()
            self._asked_for = True
            if self.is_open:
                self.draw()
            await asyncio.sleep(JOBS_EVERY)

    async def act(self, deed: str, ids: tuple[str, ...]) -> None:  # noqa: ARG002 - there is but one
        """Cancel what was asked for, one after the other."""
        for identity in ids:
            await cancel(self.desk, partial(self._running, identity))

    def _running(self, identity: str) -> Job | None:
        picture = self.desk.picture
        found = (job for job in merged(picture.jobs, picture.job) if job.about.id == identity)
        return next((job for job in found if job.state.running), None)


async def cancel(desk: Desk, find: Callable[[], Job | None]) -> None:
    """End a running job after asking; `find` gives it as long as it runs."""
    job = find()
    if job is None:
        desk.say(_ENDED)
        return
    chosen = await desk.ask(
        f"Cancel job {job.about.id}",
        dialogs.cancel_paragraphs(job),
        [Choice("end", "End the job", "change")],
        cancel="Let it run",
    )
    if chosen != "end":
        return
    if find() is None:
        desk.say(_ENDED)
        return
    await desk.carry_out(desk.changes.cancel(job), "Not cancelled")
