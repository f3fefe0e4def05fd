"""The first look in words: seal, lag, activity, the worst trouble and the next action. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealift.hosts.trouble import Trouble
from sealift.replication.amount import amount
from sealift.replication.job import Job, JobState
from sealift.replication.obstacles import Problem
from sealift.replication.picture import Picture, Side
from sealift.replication.seal import SealState
from sealift.routes import Purpose
from sealift.ui import text
from sealift.ui.text import Glyphs

# How bad a line is; the same words name its colour in the style sheets.
OK, INFO, WARNING, PROBLEM = "ok", "info", "warning", "problem"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the header: how bad it is, its glyph and words, and the action that helps.

    `more` stands behind the words, and stays where they are cut.
    """

    level: str
    glyph: str
    words: str
    action: str = ""
    more: str = ""

    def plain(self) -> str:
        """Glyph and words as one text."""
        return f"{self.glyph} {self.words}" if self.glyph else self.words

    @property
    def said(self) -> str:
        """All its words, without the glyph."""
        return f"{self.words}{self.more}"


def seal(picture: Picture, glyphs: Glyphs) -> Line:
    """Whether the destination is sealed, as far as that is proven."""
    if picture.comparison is None:
        return Line(INFO, glyphs.none, "seal not read yet")
    words = {
        SealState.SEALED: Line(OK, glyphs.sealed, f"SEALED {picture.route.purpose.value}"),
        SealState.BROKEN: Line(PROBLEM, glyphs.trouble, "NOT SEALED"),
        SealState.UNKNOWN: Line(WARNING, glyphs.none, "seal unknown"),
        SealState.ABSENT: Line(INFO, glyphs.none, "nothing there yet"),
    }
    line = words[picture.seal.state]
    if line.level == PROBLEM and _excused(picture):
        return Line(WARNING, glyphs.trouble, "unlocked standby")
    return line


def _excused(picture: Picture) -> bool:
    return picture.route.purpose is Purpose.STANDBY and picture.seal.only_unlocked


def lag(picture: Picture, now: datetime, glyphs: Glyphs) -> Line:
    """How far the destination is behind."""
    comparison = picture.comparison
    if comparison is None:
        return Line(INFO, "", "")
    if not comparison.source.exists:
        return Line(PROBLEM, glyphs.trouble, "no source")
    if not comparison.destination.exists:
        return Line(WARNING, glyphs.behind, "not seeded yet")
    seconds = picture.lag_seconds(now)
    if seconds is None:
        return Line(WARNING, glyphs.behind, "partly there")
    if comparison.level:
        return Line(OK, glyphs.both, f"level, {text.duration(max(0, seconds))} old")
    return Line(WARNING, glyphs.behind, f"{text.duration(max(0, seconds))} behind")


def activity(picture: Picture, glyphs: Glyphs) -> Line:
    """What is running."""
    job = picture.job
    if job is None:
        return Line(INFO, "", "idle")
    if job.state is JobState.RUNNING:
        known = amount(job)
        far = "" if known.fraction is None else f" {int(known.fraction * 100)} %"
        part = "a token" if job.how == "resume" else f"step {known.step}/{known.steps}"
        of = "" if known.whole or not known.step else f" of {part}"
        return Line(INFO, glyphs.running, f"sending{far}{far and of}")
    if job.state is JobState.WAITING:
        return Line(WARNING, glyphs.trouble, f"waiting, try {job.tries}")
    level = {JobState.DONE: OK, JobState.FAILED: PROBLEM, JobState.LOST: PROBLEM}.get(
        job.state, INFO
    )
    glyph = {OK: glyphs.ok, PROBLEM: glyphs.trouble}.get(level, glyphs.running)
    return Line(level, glyph, f"job {job.state.value}")


def worst(picture: Picture, now: datetime, glyphs: Glyphs) -> Line:
    """The worst thing known, and the action that goes on from there."""
    for side in (picture.source, picture.destination):
        if side.trouble is not None:
            return Line(PROBLEM, glyphs.trouble, _contact(side, side.trouble, now), "details")
    if picture.comparison is None:
        return Line(INFO, glyphs.none, "reading both sides")
    job = picture.job
    if picture.seal.state is SealState.BROKEN and not _excused(picture):
        breach = picture.seal.breaches[0]
        return Line(
            PROBLEM,
            glyphs.trouble,
            f"{breach.id}: {breach.dataset}: {breach.summary}",
            "details",
            _more(len(picture.seal.breaches)),
        )
    if job is not None and job.trouble is not None and not picture.comparison.level:
        line = _unfinished(job, now, glyphs)
        if line is not None:
            return line
    problems = problems_now(picture)
    grave = [each for each in problems if each.severity == "problem"]
    if grave:
        return _finding(grave, len(problems), glyphs)
    if job and job.state.running:
        what = job.progress.current or job.step.dataset
        return Line(INFO, glyphs.running, f"sending {what}", "cancel")
    # A warning forbids nothing: while a job runs, what it sends is the news.
    warnings = [each for each in problems if each.severity == "warning"]
    return _finding(warnings, len(problems), glyphs) if warnings else _to_do(picture, glyphs)


def problems_now(picture: Picture) -> list[Problem]:
    """The problems but for resume tokens while a job runs: what is being received shows one."""
    running = picture.job is not None and picture.job.state.running
    return [each for each in picture.problems if not (running and each.id in _TOKENS)]


def _finding(found: list[Problem], count: int, glyphs: Glyphs) -> Line:
    """The first of them, and how many more there are."""
    first = found[0]
    level = PROBLEM if first.severity == "problem" else WARNING
    action = ACTIONS.get(first.id, "details")
    return Line(level, glyphs.trouble, f"{first.id}: {first.summary}", action, _more(count))


# The action that goes on from a finding; the others are told at length.
ACTIONS = {
    "no-new-snapshot": "snapshot",
    "stale-token": "send",
    "dead-token": "tokens",
    "foreign-token": "tokens",
    "not-raw": "tokens",
    "destination-diverged": "roll_back",
    "anchor-not-held": "holds",
    "pool-degraded": "playbook",
    "pool-suspended": "playbook",
}
_TOKENS = frozenset({"stale-token", "dead-token", "foreign-token", "not-raw"})


def _unfinished(job: Job, now: datetime, glyphs: Glyphs) -> Line | None:
    """A job that failed, was lost, or waits to try again; None for one that is fine."""
    what = job.trouble.what if job.trouble else ""
    if job.state is JobState.FAILED:
        finding = job.trouble.finding if job.trouble else ""
        action = ACTIONS.get(finding, "details")
        return Line(PROBLEM, glyphs.trouble, f"the job failed: {what}", action)
    if job.state is JobState.LOST:
        return Line(PROBLEM, glyphs.trouble, what, "send")
    if job.state is JobState.WAITING and job.retry_at is not None:
        pause = max(0, round((job.retry_at - now).total_seconds()))
        words = f"next try in {pause} s, try {job.tries}: {what}"
        return Line(WARNING, glyphs.trouble, words, "details")
    return None


def _to_do(picture: Picture, glyphs: Glyphs) -> Line:
    comparison = picture.comparison
    if comparison is None or comparison.level:
        return Line(OK, glyphs.ok, "the destination has every snapshot of the source", "snapshot")
    count = text.count(comparison.snapshots_behind, "snapshot")
    if not comparison.destination.exists:
        words = f"{comparison.destination.root} does not exist yet: a seed sends {count}"
        return Line(WARNING, glyphs.behind, words, "send")
    size = text.size(comparison.bytes_behind)
    return Line(WARNING, glyphs.behind, f"{count} to send, about {size}", "send")


def _contact(side: Side, trouble: Trouble, now: datetime) -> str:
    """What to expect and how old the picture is come first: a narrow screen cuts the end."""
    words = ""
    connection = side.connection
    if connection.retry_at is not None:
        pause = max(0, round((connection.retry_at - now).total_seconds()))
        words += f"next try in {pause} s, attempt {connection.attempt + 1}; "
    if side.inventory is not None:
        since = (now - side.inventory.taken_at).total_seconds()
        words += f"shown: {text.age(since)}; "
    return f"{words}{trouble.finding}: {trouble.sentence()}"


def _more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""
