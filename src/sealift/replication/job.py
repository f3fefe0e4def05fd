"""What a coordinator says of its jobs, as values: which there are and how far each is. Pure.

A job's log is what `remote/job.sh` and the stages write; whoever reads it from its beginning knows
all that a watcher from the start would know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sealift.hosts.trouble import Trouble
from sealift.mentions import SEND, TOKENS
from sealift.routes import Location, Route
from sealift.zfs.errors import explain
from sealift.zfs.names import BadNameError, check_dataset, check_snapshot_name, printable
from sealift.zfs.parse import ParseError
from sealift.zfs.progress import Rate, SendProgress

_ID = re.compile(r"[0-9a-z]{4,32}")
_KEPT = 60  # lines of what was said, and of notes


class JobState(Enum):
    """Where a job stands."""

    RUNNING = "sending"
    WAITING = "waiting to try again"
    VERIFYING = "reading back"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def running(self) -> bool:
        """Whether it may still write to the destination."""
        return self in {JobState.RUNNING, JobState.WAITING}


@dataclass(frozen=True, slots=True)
class JobStep:
    """One step as it was ordered: see `plan.Step`. `kind` is single, package or repair.

    `size` is how many bytes it was estimated to carry, None if that is unknown.
    """

    number: str
    dataset: str
    into: str
    base: str | None
    target: str
    kind: str
    brings: frozenset[int]
    pipeline: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What was ordered, by whom and when (`made`, aware), from where to where."""

    id: str
    key: str
    name: str
    source: str
    destination: str
    via: str
    operator: str
    made: datetime
    tag: str
    steps: tuple[JobStep, ...]

    def is_of(self, route: Route, others: Iterable[Route] = ()) -> bool:
        """Whether it was ordered for this route: the same datasets, and not by another's names.

        A host may go by other names where the job was ordered: that it is not found would be worse
        than that it is shown beside an equally named one. `others` are the routes that are known.
        """
        try:
            source, destination = Location.parse(self.source), Location.parse(self.destination)
        except (ValueError, BadNameError):
            return False
        ours = (route.source.dataset, route.destination.dataset)
        if (source.dataset, destination.dataset) != ours:
            return False
        return self._names(route) or not any(self._names(other) for other in others)

    def _names(self, route: Route) -> bool:
        return (self.source, self.destination) == (route.source.text(), route.destination.text())


@dataclass(frozen=True, slots=True)
class Job:
    """A job as its coordinator lists it. `host` is the coordinator as the user named it.

    `log` is how many bytes of log there are, `folder` where it lies there. `trouble` says why it
    failed or what its end left behind, as far as that is known.
    """

    about: About
    host: str
    state: JobState
    folder: str
    log: int = 0
    index: int = 0
    how: str = ""
    progress: SendProgress = field(default_factory=SendProgress)
    rate: Rate = field(default_factory=Rate)
    rates: tuple[float, ...] = ()
    started: datetime | None = None
    ended: datetime | None = None
    tries: int = 0
    retry_at: datetime | None = None
    arrived: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: Trouble | None = None

    @property
    def steps(self) -> tuple[JobStep, ...]:
        """What was ordered."""
        return self.about.steps

    @property
    def step(self) -> JobStep:
        """The step that runs now, or ran last."""
        return self.about.steps[self.index]

    @property
    def brings(self) -> frozenset[int]:
        """The guids of all snapshots that are to arrive."""
        return frozenset[int]().union(*(step.brings for step in self.steps))


def parse_jobs(output: bytes, host: str) -> tuple[Job, ...]:
    """Read what `remote/job_list.sh` says, newest first. Raises `ParseError`."""
    jobs = [_job(line, host) for line in output.decode("utf-8", "replace").splitlines() if line]
    return tuple(sorted(jobs, key=lambda job: job.about.made, reverse=True))


def _job(line: str, host: str) -> Job:
    fields = line.split("\t", 5)
    if len(fields) != 6 or not fields[3].isdigit():  # noqa: PLR2004 - see job_list.sh
        raise ParseError("a line of the job list", line)
    identity, fares, state, log, folder, text = fields
    about = parse_about(text)
    if identity != about.id:
        raise ParseError("a line of the job list", line, "its folder is another's")
    job = Job(about, host, _STATES.get(state, JobState.LOST), folder, int(log))
    if job.state.running and fares != "alive":
        job = replace(job, state=JobState.LOST, trouble=_lost(job, rebooted=fares == "rebooted"))
    return job


_STATES = {
    "running": JobState.RUNNING,
    "waiting": JobState.WAITING,
    "done": JobState.DONE,
    "failed": JobState.FAILED,
    "cancelled": JobState.CANCELLED,
}


def parse_about(text: str) -> About:
    """Read what `job_files.about` wrote. Raises `ParseError`."""
    try:
        data: dict[str, Any] = json.loads(text)
        if data["schema"] != 1:
            raise ParseError("a job", text, f"schema {data['schema']} is not known")
        if not _ID.fullmatch(data["id"]) or not _ID.fullmatch(data["key"]):
            raise ParseError("a job", text, "its id is none")
        return About(
            id=data["id"],
            key=data["key"],
            name=str(data["route"]),
            source=str(data["source"]),
            destination=str(data["destination"]),
            via=str(data["via"]),
            operator=str(data["operator"]),
            made=datetime.fromtimestamp(float(data["made"]), UTC),
            tag=str(data["tag"]),
            steps=tuple(_step(each) for each in data["steps"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise ParseError("a job", text, str(error)) from None


def _step(data: dict[str, Any]) -> JobStep:
    base, size = data["base"], data.get("size")  # older jobs have no size
    return JobStep(
        number=str(data["number"]),
        dataset=check_dataset(data["dataset"]),
        into=check_dataset(data["into"]),
        base=None if base is None else check_snapshot_name(base),
        target=check_snapshot_name(data["target"]),
        kind=str(data["kind"]),
        brings=frozenset(int(each) for each in data["brings"]),
        pipeline=str(data["pipeline"]),
        size=None if size is None else max(0, int(size)),
    )


def parse_ends(output: bytes, jobs: Iterable[Job]) -> dict[str, datetime]:
    """When jobs ended (aware), by their ids, from the last lines of their logs in any order.

    A line that is no job's end is passed over: its job goes on, or was killed.
    """
    ids = {f"sealift-{job.about.key}": job.about.id for job in jobs}
    found: dict[str, datetime] = {}
    for line in output.decode("utf-8", "replace").splitlines():
        match line.split(" ", 3):
            case [mark, when, "end", *_] if mark in ids and when.isdigit():
                with suppress(ValueError, OverflowError, OSError):  # no such year
                    found[ids[mark]] = datetime.fromtimestamp(int(when), UTC)
            case _:
                pass
    return found


class Follower:
    """Reads a job's log from its beginning; `job` is the newest picture.

    `seconds` given to `feed` is a monotonic clock, for the rate.
    """

    def __init__(self, job: Job) -> None:
        self.job = replace(job, trouble=job.trouble if job.state is JobState.LOST else None)
        self._mark = f"sealift-{job.about.key} "
        self._rest = b""
        self._caught_up = 0

    def feed(self, data: bytes, seconds: float) -> Job:
        """Take the next bytes of the log."""
        self._caught_up += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        said: list[bytes] = []
        for line in lines:
            if line.startswith(self._mark.encode()):
                self._progress(said)
                said = []
                self._event(line.decode("utf-8", "replace")[len(self._mark) :])
            else:
                said.append(line)
        self._progress(said)
        # What was there before we came would pass for a burst.
        if self._caught_up >= self.job.log:
            rate = self.job.rate.add(seconds, self.job.progress.done)
            self.job = replace(self.job, rate=rate)
        return self.job

    def _progress(self, lines: list[bytes]) -> None:
        if lines:
            progress = self.job.progress.feed(b"\n".join(lines) + b"\n")
            self.job = replace(self.job, progress=progress)

    def _event(self, line: str) -> None:
        when, _, rest = line.partition(" ")
        at = datetime.fromtimestamp(int(when), UTC) if when.isdigit() else None
        word, _, text = rest.partition(" ")
        words = text.split(" ")
        job = self.job
        match word:
            case "started":
                job = replace(job, started=at)
            case "step":
                job = replace(
                    job,
                    index=_index(job, words[0]),
                    how=words[1] if len(words) > 1 else "",
                    progress=SendProgress(),
                    rate=Rate(),
                    state=JobState.RUNNING if job.state.running else job.state,
                    retry_at=None,
                    said=(),
                )
            case "said":
                job = replace(job, said=(*job.said, printable(text))[-_KEPT:])
            case "note":
                job = replace(job, notes=(*job.notes, printable(text))[-_KEPT:])
            case "arrived":
                job = replace(job, arrived=job.arrived | {words[0]})
            case "pause":
                job = _paused(job, at, words)
            case "end":
                job = _ended(job, at, words)
            case _:
                pass  # `exit` is for people who read the log; a newer runner may say more
        self.job = job


def _index(job: Job, number: str) -> int:
    return next((i for i, step in enumerate(job.steps) if step.number == number), job.index)


def _paused(job: Job, at: datetime | None, words: list[str]) -> Job:
    if at is None or len(words) < 3 or not (words[0].isdigit() and words[1].isdigit()):  # noqa: PLR2004
        return job
    until = datetime.fromtimestamp(at.timestamp() + int(words[0]), UTC)
    state = JobState.WAITING if job.state.running else job.state
    trouble = _explained(job, words[2])
    return replace(job, state=state, retry_at=until, tries=int(words[1]), trouble=trouble)


def _ended(job: Job, at: datetime | None, words: list[str]) -> Job:
    state = _STATES.get(words[0], JobState.FAILED)
    trouble = None
    if state is JobState.FAILED:
        trouble = _failed(job, words[1:])
    elif state is JobState.CANCELLED:
        trouble = Trouble(
            "cancelled",
            job.host,
            "the job was cancelled",
            "What had arrived of a snapshot is kept on the destination as a resume token.",
            f"Send again {SEND}: it goes on from there. Or give the token up {TOKENS}.",
        )
    return replace(job, state=state, ended=at, retry_at=None, trouble=trouble)


def _failed(job: Job, words: list[str]) -> Trouble:
    """Why it failed: one reason, or `gave-up` and the reason of the last try."""
    if words[:1] != ["gave-up"]:
        return _explained(job, "".join(words[:1]))
    last = _explained(job, "".join(words[1:2]))
    return replace(last, what=f"{last.what}; given up after {job.tries} tries")


def _explained(job: Job, reason: str) -> Trouble:
    """Why a try failed: the runner's own reason, or what the catalogue knows of what was said."""
    raw = "\n".join((*job.said, *job.progress.messages))
    if reason in _REASONS:
        finding, what, means, mend = _REASONS[reason]
        return Trouble(finding, job.host, what.format(into=job.step.into), means, mend, raw)
    explained = explain(raw)
    if explained:
        entry = explained[0].entry
        finding = entry.finding or entry.id
        return Trouble(finding, job.host, entry.title, entry.meaning, entry.mending, raw)
    return Trouble(
        "transfer-failed" if reason == "stopped" else "transfer-interrupted",
        job.host,
        "the pipeline was refused" if reason == "stopped" else "the pipeline was cut off",
        "Sealift does not know this message." if raw else "Neither side said why.",
        f"Read what the hosts said, below. The pipeline was: {job.step.pipeline}",
        raw,
    )


_AGAIN = f"Send again {SEND} once that is mended: it goes on where it stopped."
_REASONS = {
    "foreign-token": (
        "foreign-token",
        "{into} offers a resume token for something else",
        "It names another snapshot or base than is due: somebody else's, or forged. Nothing sent.",
        f"Look at the token {TOKENS}. If nobody needs it, abort it there; then send again.",
    ),
    "not-raw": (
        "not-raw",
        "{into} offers a resume token for a stream that is not raw",
        "Resuming it would send the data in the clear. Nothing was sent.",
        f"Abort it {TOKENS} and send again; and find out who sent there without -w.",
    ),
    "dead-token": (
        "dead-token",
        "{into} offers a resume token that the source cannot take",
        "The snapshot it is for, or its base, is gone from the source, or the token is damaged.",
        f"Abort it {TOKENS}; what arrived of that one snapshot is lost with it. Then send again.",
    ),
    "busy": (
        "dataset-busy",
        "another receive into {into} is under way",
        "A `zfs receive` that this job did not start runs there.",
        "Wait for it or end it; `ps -ef | grep 'zfs receive'` there shows it. Then send again.",
    ),
    "unconfirmed": (
        "replica-incomplete",
        "not everything that was sent to {into} is there by guid",
        "Some versions leave datasets out of a tree silently (openzfs/zfs#14568).",
        _AGAIN,
    ),
    "unreachable": (
        "host-unreachable",
        "{into} cannot be looked at",
        "The destination or the way to it is down.",
        _AGAIN,
    ),
}


def _lost(job: Job, *, rebooted: bool) -> Trouble:
    why = "its coordinator was started anew" if rebooted else "its runner was killed"
    return Trouble(
        "job-lost",
        job.host,
        f"job {job.about.id} is lost: {why}",
        "Nothing goes on by itself any more. What the destination has received is kept there.",
        f"Send again {SEND}: the plan starts from what the destination has, its resume token "
        "included.",
    )
