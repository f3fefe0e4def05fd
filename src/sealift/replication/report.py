"""The picture of a route for scripts, as one JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sealift.hosts.trouble import Trouble
from sealift.replication.comparison import Comparison, DatasetComparison
from sealift.replication.job import Job
from sealift.replication.obstacles import Problem
from sealift.replication.picture import Picture, Side
from sealift.replication.preview import Preview
from sealift.replication.seal import Seal, SealState
from sealift.replication.tools import tools as tools_of
from sealift.routes import Purpose

SCHEMA = 1
NO_CONTACT = {
    "host-unreachable",
    "authentication-failed",
    "host-key-changed",
    "host-key-unknown",
}

Json = dict[str, Any]


def exit_code(picture: Picture) -> int:
    """0 nothing to report, 1 findings, 2 the ssh config is wrong, 3 a host cannot be reached."""
    findings = {trouble.finding for trouble in picture.troubles}
    if findings & NO_CONTACT:
        return 3
    if "ssh-config" in findings:
        return 2
    if findings or picture.problems or picture.comparison is None:
        return 1
    standby = picture.route.purpose is Purpose.STANDBY
    sealed = picture.seal.state in {SealState.SEALED, SealState.ABSENT} or (
        standby and picture.seal.state is SealState.BROKEN and picture.seal.only_unlocked
    )
    return 0 if picture.comparison.level and sealed else 1


def status(picture: Picture, now: datetime) -> Json:
    """The whole picture as one object. Sizes in bytes, times in seconds; null is unknown."""
    comparison = picture.comparison
    return {
        "schema": SCHEMA,
        "route": picture.route.title,
        "purpose": picture.route.purpose.value,
        "source": _side(picture.source),
        "destination": _side(picture.destination),
        "level": comparison.level if comparison else None,
        "behind": {
            "snapshots": comparison.snapshots_behind if comparison else None,
            "bytes": comparison.bytes_behind if comparison else None,
        },
        "lag_seconds": picture.lag_seconds(now),
        "lag_limit": picture.route.lag_limit,
        "seal": _seal(picture.seal),
        "problems": [_problem(each) for each in picture.problems],
        "tools": tools(comparison),
        "datasets": [_dataset(each) for each in _datasets(comparison)],
    }


def statuses(pictures: Iterable[Picture], now: datetime) -> Json:
    """Several routes as one object, in the order in which they are given."""
    return {"schema": SCHEMA, "routes": [status(each, now) for each in pictures]}


def preview(shown: Preview) -> Json:
    """A plan as one object; `pipeline` is the text that runs on `host`."""
    return {
        "schema": SCHEMA,
        "host": shown.host,
        "via": shown.ends.transport.via.value,
        "before": {
            "source": [c.text() for c in shown.holding.source],
            "destination": [c.text() for c in shown.holding.destination],
            "snapshots": {"source": shown.holding.here, "destination": shown.holding.there},
        },
        "bytes": shown.total_bytes,
        "steps": [
            {
                "dataset": planned.step.send.dataset,
                "into": planned.step.into,
                "base": planned.step.send.base,
                "target": planned.step.send.target,
                "recursive": planned.step.send.replicate,
                "snapshots": planned.step.snapshots,
                "bytes": planned.estimate.total if planned.estimate else None,
                "why": planned.step.why,
                "resumes": planned.step.resumes is not None,
                "pipeline": planned.pipeline.text(),
                "holds": [c.text() for c in planned.anchoring.destination],
                "afterwards": [c.text() for c in planned.anchoring.source],
            }
            for planned in shown.steps
        ],
        "blocked": [_problem(each) for each in shown.plan.blocked],
        "level": list(shown.plan.level),
        "notes": list(shown.plan.notes),
    }


def jobs(found: tuple[Job, ...]) -> Json:
    """Jobs as one object, newest first. Times in seconds since 1970 UTC."""
    return {
        "schema": SCHEMA,
        "jobs": [
            {
                "id": job.about.id,
                "host": job.host,
                "state": job.state.value,
                "source": job.about.source,
                "destination": job.about.destination,
                "via": job.about.via,
                "operator": job.about.operator,
                "made": job.about.made.timestamp(),
                "folder": job.folder,
                "steps": [
                    {"dataset": s.dataset, "into": s.into, "target": s.target, "base": s.base}
                    for s in job.steps
                    if s.kind != "repair"
                ],
                "trouble": trouble(job.trouble) if job.trouble else None,
            }
            for job in found
        ],
    }


def trouble(shown: Trouble) -> Json:
    """What went wrong, as an object."""
    return {
        "id": shown.finding,
        "host": shown.host,
        "summary": shown.what,
        "means": shown.means,
        "mend": shown.mend,
        "raw": shown.raw,
    }


def _side(side: Side) -> Json:
    pool = side.inventory.pool if side.inventory else None
    return {
        "location": side.location.text(),
        "hostname": side.facts.hostname if side.facts else None,
        "user": side.facts.user if side.facts else None,
        "zfs": side.facts.version.userland if side.facts else None,
        "exists": side.inventory.exists if side.inventory else None,
        "pool": {
            "name": pool.name,
            "health": pool.health,
            "free": pool.free,
            "capacity_percent": pool.capacity,
        }
        if pool
        else None,
        "trouble": trouble(side.trouble) if side.trouble else None,
    }


def _seal(seal: Seal) -> Json:
    return {
        "state": seal.state.value,
        "proof": seal.proof,
        "breaches": [
            {"id": each.id, "dataset": each.dataset, "summary": each.summary}
            for each in seal.breaches
        ],
    }


def _problem(problem: Problem) -> Json:
    return {
        "id": problem.id,
        "severity": problem.severity,
        "side": problem.side,
        "dataset": problem.dataset,
        "summary": problem.summary,
        "mend": problem.mend,
    }


def tools(comparison: Comparison | None) -> list[Json]:
    """The other tools that are known by the names of their snapshots and bookmarks."""
    return [asdict(each) for each in tools_of(comparison)] if comparison else []


def _datasets(comparison: Comparison | None) -> list[DatasetComparison]:
    return list(comparison.datasets.values()) if comparison else []


def _dataset(each: DatasetComparison) -> Json:
    return {
        "source": each.source.dataset.name if each.source else None,
        "destination": each.destination.dataset.name if each.destination else None,
        "state": each.state.value,
        "base": each.base.name if each.base else None,
        "behind": len(each.behind),
        "behind_bytes": each.behind_bytes,
        "ahead": len(each.ahead),
        "resume_token": each.token is not None,
        "key_status": each.destination.dataset.key_status.value if each.destination else None,
    }
