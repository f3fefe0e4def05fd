"""Step 4: how what arrives is received, and whether the streams of the two sides fit together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sealift import words
from sealift.hosts.trouble import Trouble
from sealift.playbook import chain, kernel_events, known_bugs, turned
from sealift.playbook.diagnosis import (
    Evidence,
    Fact,
    Finding,
    Level,
    NextStep,
    Severity,
    Side,
    StepReport,
)
from sealift.playbook.ground import Ground
from sealift.playbook.judged import report
from sealift.playbook.scene import Scene
from sealift.playbook.steps import STREAM
from sealift.playbook.unseen import Unseen
from sealift.replication.job import Job, JobState
from sealift.replication.report import NO_CONTACT
from sealift.routes import ROLES, Role
from sealift.zfs.commands import Command, Effect
from sealift.zfs.events import Event
from sealift.zfs.holds import Hold
from sealift.zfs.names import printable

_VERSION = Command(("zfs", "version"), Effect.READ, "which ZFS that is")


@dataclass(frozen=True, slots=True)
class Stream:
    """What was read for this step beside the scene. None: it could not be read.

    `jobs` are the route's, newest first; `holds` those of what `chain.to_ask` names.
    """

    events: Mapping[Role, tuple[Event, ...] | None]
    pool_guids: Mapping[Role, str]
    jobs: tuple[Job, ...] = ()
    holds: chain.Holds = field(default_factory=dict)


async def look(ground: Ground) -> StepReport:
    """Look at what the kernels noted, at the jobs, and at the chain."""
    unseen = Unseen()
    scene, jobs, ours, theirs, *guids = await asyncio.gather(
        ground.scene(),
        ground.jobs(),
        unseen.see(ground.events("source"), "events of the source's pool"),
        unseen.see(ground.events("destination"), "events of the destination's pool"),
        _pool_guid(ground, "source"),
        _pool_guid(ground, "destination"),
    )
    held, held_there = await asyncio.gather(
        *(_holds(ground, role, chain.to_ask(scene, role), unseen) for role in ROLES)
    )
    if scene.comparison is None:
        unseen.say("the chain: it takes the listings of both sides")
    seen = Stream(
        {"source": ours, "destination": theirs},
        dict(zip(ROLES, guids, strict=True)),
        jobs,
        {"source": held, "destination": held_there},
    )
    return judge(scene, seen, unseen.sentences)


async def _holds(
    ground: Ground, role: Role, names: tuple[str, ...], unseen: Unseen
) -> tuple[Hold, ...] | None:
    if not names:
        return ()
    return await unseen.see(ground.holds(role, names), f"who holds the anchors of the {role}")


async def _pool_guid(ground: Ground, role: Role) -> str:
    properties = await Unseen().see(ground.pool_properties(role), "")  # the second step says why
    return (properties or {}).get("guid", "")


def judge(scene: Scene, seen: Stream, unseen: tuple[str, ...] = ()) -> StepReport:
    """Judge the chain, the events, the last job and the versions."""
    recent = {
        role: kernel_events.recent(scene, role, events, seen.pool_guids.get(role, ""))
        for role, events in seen.events.items()
        if events is not None
    }
    return report(STREAM, _facts(scene, seen, recent), _findings(scene, seen, recent), unseen)


_Recent = Mapping[Role, tuple[Event, ...]]


def _facts(scene: Scene, seen: Stream, recent: _Recent) -> Iterator[Fact]:
    yield from chain.facts(scene)
    for role, events in recent.items():
        yield from kernel_events.facts(scene, role, events)
    if seen.jobs:
        yield _last_job(seen.jobs[0])
    yield from _versions(scene)


def _last_job(job: Job) -> Fact:
    bad = job.state in (JobState.FAILED, JobState.LOST)
    level: Level = "warning" if bad or job.state is JobState.WAITING else "ok"
    value = f"{job.about.id} of {job.about.made:%Y-%m-%d %H:%MZ}: {job.state.value}"
    if job.trouble is not None:
        value += f", {job.trouble.what}"
    return Fact("Last job", value, level, (_log(job, value),))


def _log(job: Job, value: str) -> Evidence:
    return Evidence(f"cat {job.folder}/log", job.host, value)


def _versions(scene: Scene) -> Iterator[Fact]:
    said = []
    for role in ROLES:
        facts = scene.side(role).facts
        if facts is not None:
            version = facts.version
            differs = version.module not in (None, version.userland)
            module = f" (module {version.module})" if differs else ""
            said.append(f"{scene.where(role)} {version.userland}{module}")
    if not said:
        return
    applying = any(known_bugs.applying(scene, role) for role in ROLES)
    known = "" if applying else "; nothing known that applies"
    evidence = scene.evidence("source", _VERSION, said[0])
    yield Fact("ZFS", f"{', '.join(said)}{known}", "info" if applying else "ok", evidence)


# --- findings


def _findings(scene: Scene, seen: Stream, recent: _Recent) -> Iterator[Finding]:
    yield from chain.findings(scene, seen.holds, seen.jobs)
    for role, events in recent.items():
        yield from kernel_events.findings(scene, role, events)
    if seen.jobs:
        yield from _job(scene, seen.jobs[0])
    for role in ROLES:
        yield from bugs(scene, role)


def _job(scene: Scene, job: Job) -> Iterator[Finding]:
    """Why the route's last job failed, if nothing has mended it since."""
    trouble = job.trouble
    weights: dict[JobState, Severity] = {
        JobState.FAILED: "problem",
        JobState.LOST: "problem",
        JobState.WAITING: "warning",
    }
    if trouble is None or job.state not in weights or _arrived(scene, job):
        return
    said = printable(trouble.raw).strip() or trouble.what
    # Between the hosts, and not between us and them.
    side: Side = "link" if trouble.finding in NO_CONTACT else "destination"
    again = () if job.state is JobState.WAITING else (scene.sending("Send again.", job.step.into),)
    yield Finding(
        trouble.finding,
        weights[job.state],
        side,
        job.step.into,
        f"job {job.about.id} on {job.host} {_ended(job)}: {trouble.what}",
        (_log(job, said),),
        (*_mending(trouble, scene), *again),
    )


def _mending(trouble: Trouble, scene: Scene) -> tuple[NextStep, ...]:
    if trouble.finding == "space-low":
        return turned.making_room(scene)
    why = " ".join(filter(None, (trouble.means, trouble.mend)))
    return (NextStep(why, action="jobs"),) if why else ()


def _ended(job: Job) -> str:
    if job.state is JobState.WAITING:
        return f"waits to try again ({words.count(job.tries, 'try', 'tries')} so far)"
    return "was lost" if job.state is JobState.LOST else "failed"


def _arrived(scene: Scene, job: Job) -> bool:
    """Whether the destination has all that it was to bring: somebody else succeeded."""
    inventory = scene.picture.destination.inventory
    held = inventory.datasets.values() if inventory else ()
    there = {snapshot.guid for each in held for snapshot in each.snapshots}
    return bool(job.brings) and job.brings <= there


def bugs(scene: Scene, role: Role) -> Iterator[Finding]:
    """Known defects of a side's version."""
    facts, found = scene.side(role).facts, known_bugs.applying(scene, role)
    if facts is None or not found:
        return
    old = known_bugs.hard(facts.version)
    said = "; ".join(f"{bug.issue}: {bug.effect} (mended in {bug.fixed})" for bug in found)
    yield Finding(
        "known-bug",
        "warning" if old else "info",
        role,
        scene.side(role).location.dataset,
        f"ZFS {facts.version.userland} on {scene.where(role)} has, by its number, "
        f"{words.count(len(found), 'known defect')} that can matter here: {said}",
        scene.evidence(role, _VERSION, f"{facts.version.userland}, {facts.version.module}"),
        (
            NextStep(
                "The distribution may have mended some of them without another number: look into "
                "its changelog. Otherwise plan the update."
            ),
        ),
    )
