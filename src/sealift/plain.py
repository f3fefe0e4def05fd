"""The picture and the plan as plain lines, for pipes and screen readers: no boxes, no colour."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from sealift.playbook.diagnosis import Diagnosis, Evidence, Finding, Stage
from sealift.replication.comparison import Comparison
from sealift.replication.job import Job
from sealift.replication.obstacles import Problem
from sealift.replication.picture import Picture
from sealift.replication.preview import Preview
from sealift.replication.tools import tools
from sealift.routes import ROLES
from sealift.ui import dialogs, headline, text
from sealift.ui.text import ASCII
from sealift.zfs.names import printable

if TYPE_CHECKING:
    from sealift.keys.audit import Audit
    from sealift.keys.posture import Row


def status(picture: Picture, now: datetime) -> str:
    """What the header and the tree of the screen say."""
    lines = [
        f"route        {picture.route.title}",
        f"seal         {headline.seal(picture, ASCII).words}",
        f"behind       {headline.lag(picture, now, ASCII).words or text.UNKNOWN}",
        f"now          {headline.worst(picture, now, ASCII).said}",
    ]
    lines += [
        f"breach       {each.id}: {each.dataset}: {each.summary}" for each in picture.seal.breaches
    ]
    lines += [f"problem      {_problem(each)}" for each in picture.problems]
    lines += _tools(picture.comparison)
    if picture.seal.proof:
        lines.append(f"proof        {picture.seal.proof}")
    for each in picture.comparison.datasets.values() if picture.comparison else ():
        base = f"base @{each.base.name}" if each.base else "no base"
        behind = text.count(len(each.behind), "snapshot") + " behind"
        lines.append(f"dataset      {each.dataset.name}: {each.state.value}, {base}, {behind}")
    return printable("\n".join(lines))


def _tools(comparison: Comparison | None) -> list[str]:
    """A line for each tool whose names either side bears."""
    return [
        f"tool         {each.name}: {text.count(each.source, 'snapshot')} on the source, "
        f"{each.destination:,} on the destination, {text.count(each.bookmarks, 'bookmark')}"
        for each in (tools(comparison) if comparison else ())
    ]


def statuses(pictures: Iterable[Picture], now: datetime) -> str:
    """A line a route, in the order in which they are given."""
    return printable("\n".join(_status_line(each, now) for each in pictures))


def _status_line(picture: Picture, now: datetime) -> str:
    behind = headline.lag(picture, now, ASCII).words or f"behind {text.UNKNOWN}"
    limit = text.duration(picture.route.lag_limit)
    words = (
        headline.seal(picture, ASCII).words,
        f"{behind} (limit {limit})",
        headline.activity(picture, ASCII).words,
        headline.worst(picture, now, ASCII).said,
    )
    return text.one_line(f"{picture.route.title}: {'; '.join(words)}")


def plan(shown: Preview) -> str:
    """The plan: what would run where, and what stands in the way."""
    lines = [f"# {dialogs.holding_sentence(shown)}"] if shown.steps else []
    for end, calls in (
        (shown.ends.source, shown.holding.source),
        (shown.ends.destination, shown.holding.destination),
    ):
        lines += [f"# on {end.location.where}:"] if calls else []
        lines += [shlex.join(end.words(call.argv)) for call in calls]
    for planned in shown.steps:
        size = text.size(planned.estimate.total if planned.estimate else None)
        step = planned.step
        start = f"@{step.send.base}" if step.send.base else "nothing"
        lines += [
            (
                f"# {step.send.dataset}: from {start} to @{step.send.target}, "
                f"{text.count(step.snapshots, 'snapshot')}, about {size}; {step.why}"
            ),
            f"# on {shown.host}:",
            planned.pipeline.text(),
        ]
    lines += [f"# blocked: {_problem(each)}" for each in shown.plan.blocked]
    lines += [f"# {note}" for note in shown.plan.notes]
    if not shown.steps and not shown.plan.blocked:
        lines.append("# nothing to send: the destination has every snapshot of the source")
    return printable("\n".join(lines))


def diagnosis(shown: Diagnosis) -> str:
    """The verdict first, then what to mend in its order, then the steps with what they saw."""
    verdict = shown.verdict
    lines = [f"route        {shown.route}"]
    if verdict is None:
        lines.append("verdict      not known")
    else:
        named = verdict.bottleneck or "no bottleneck"
        lines.append(f"verdict      {named}, {verdict.confidence} confidence: {verdict.summary}")
        lines += [f"evidence     {_evidence(each)}" for each in verdict.evidence]
    lines += _findings(shown.findings)
    for report in shown.steps:
        lines.append(f"step         {report.title}: {report.state}")
        lines += [f"  {each.level:<12}{each.title}: {each.value}" for each in report.facts]
        lines += [f"  stage       {_stage(each)}" for each in report.chain]
        lines += [f"  not seen    {each}" for each in report.unseen]
    lines.append(f"took         {shown.seconds:.1f} s")
    return printable("\n".join(lines))


def audit(shown: Audit) -> str:
    """The claim, the findings, what is unknown, then every dataset: source | destination."""
    from sealift.keys.host_rows import host_rows  # noqa: PLC0415 - not loaded for a status
    from sealift.keys.posture import rows  # noqa: PLC0415

    scene = shown.scene
    lines = [
        f"route        {scene.route.title}",
        f"purpose      {scene.route.purpose.value}",
        f"destination  {shown.claim}",
    ]
    lines += _findings(shown.findings)
    lines += [f"unknown      {each}" for each in shown.unseen]
    lines += _tools(scene.comparison)
    lines += ["hosts        source | destination", *map(_beside, host_rows(shown))]
    for below, each in scene.comparison.datasets.items() if scene.comparison else ():
        ours, theirs = (shown.seen.trees[role].get(below) for role in ROLES)
        names = " | ".join(one.name if one else "not there" for one in (ours, theirs))
        lines.append(f"dataset      {names}")
        lines += map(_beside, rows(each, ours, theirs))
    lines.append(f"took         {shown.seconds:.1f} s")
    return printable("\n".join(lines))


def _beside(row: Row) -> str:
    differs = "  (differs)" if row.differs else ""
    return f"  {row.title:<17}{row.source} | {row.destination}{differs}"


def _findings(findings: tuple[Finding, ...]) -> list[str]:
    lines = [] if findings else ["findings     none"]
    for finding in findings:
        lines.append(f"{finding.severity:<13}{finding.id}: {finding.summary}")
        lines += [f"  evidence    {_evidence(each)}" for each in finding.evidence]
        for step in finding.next:
            lines.append(f"  next        {step.why}")
            if step.command:
                lines.append(f"  {step.effect.value:<12}{step.host}: {step.command}")
    return lines


def _evidence(evidence: Evidence) -> str:
    said = f"{evidence.host}: {text.one_line(evidence.value)}"
    return f"{said} ({evidence.command})" if evidence.command else said


def _stage(stage: Stage) -> str:
    busy = text.UNKNOWN if stage.busy is None else f"{stage.busy:.0%} busy"
    where = f" on {stage.host}" if stage.host else ""
    return f"{stage.name}{where}: {busy}" + (f", {stage.doing}" if stage.doing else "")


def jobs(found: tuple[Job, ...]) -> str:
    """One line a job, newest first: id, host, state, since when, what goes where."""
    lines = [
        f"{job.about.id}  {job.host}  {job.state.value}  {job.about.made:%Y-%m-%dT%H:%M:%SZ}  "
        f"{job.about.source} → {job.about.destination}  by {job.about.operator}"
        for job in found
    ]
    return printable("\n".join(lines or ["no jobs"]))


def _problem(problem: Problem) -> str:
    return f"{problem.id}: {problem.summary}. {problem.mend}"
