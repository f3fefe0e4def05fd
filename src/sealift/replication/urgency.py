"""Which of many routes needs somebody most. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum

from sealift.replication.job import JobState
from sealift.replication.picture import Picture
from sealift.replication.seal import SealState
from sealift.routes import Purpose


class Urgency(IntEnum):
    """How a route stands, the worst first. The last that was known counts of a host that is gone.

    `STOPPED`: something forbids the next send, or its job failed. `LATE`: behind for longer
    than its limit. `UNREACHABLE`: one of its hosts cannot be read. `ODD`: nothing that stops it.
    """

    UNSEALED = 0
    STOPPED = 1
    LATE = 2
    UNREACHABLE = 3
    ODD = 4
    UNREAD = 5
    BEHIND = 6
    FINE = 7


def urgency(picture: Picture, now: datetime) -> Urgency:
    """How a route stands at `now` (aware)."""
    if unsealed(picture):
        return Urgency.UNSEALED
    if _stopped(picture):
        return Urgency.STOPPED
    if late(picture, now):
        return Urgency.LATE
    if picture.troubles:
        return Urgency.UNREACHABLE
    comparison = picture.comparison
    if comparison is None:
        return Urgency.UNREAD
    waiting = picture.job is not None and picture.job.state is JobState.WAITING
    unsure = picture.seal.state in {SealState.UNKNOWN, SealState.BROKEN}
    warned = any(each.severity == "warning" for each in picture.problems)
    if waiting or unsure or warned or not comparison.destination.exists:
        return Urgency.ODD
    return Urgency.FINE if comparison.level else Urgency.BEHIND


def worst_first(pictures: Iterable[Picture], now: datetime) -> tuple[Picture, ...]:
    """The routes in the order in which they need somebody; alike ones by how late, by name."""
    return tuple(
        sorted(
            pictures,
            key=lambda each: (urgency(each, now), -_part_of_limit(each, now), each.route.title),
        )
    )


def unsealed(picture: Picture) -> bool:
    """Whether the seal is broken, and not as a standby's may be."""
    if picture.comparison is None or picture.seal.state is not SealState.BROKEN:
        return False
    return not (picture.route.purpose is Purpose.STANDBY and picture.seal.only_unlocked)


def waits(picture: Picture, now: datetime) -> float:
    """For how many seconds the oldest snapshot waits that the destination lacks; 0 for none.

    Not the lag: a tree whose snapshots are rare is not late because they are old. Nor is one that
    was never seeded.
    """
    comparison = picture.comparison
    if comparison is None or not comparison.destination.exists:
        return 0.0
    oldest = (each.behind[0].creation for each in comparison.datasets.values() if each.behind)
    first = min(oldest, default=None)
    return 0.0 if first is None else max(0.0, now.timestamp() - first)


def late(picture: Picture, now: datetime) -> bool:
    """Whether something waits for longer than the route allows."""
    return waits(picture, now) > picture.route.lag_limit


def _stopped(picture: Picture) -> bool:
    comparison, job = picture.comparison, picture.job
    if comparison is None:
        return False
    failed = job is not None and job.state in {JobState.FAILED, JobState.LOST}
    forbidden = any(each.severity == "problem" for each in picture.problems)
    return forbidden or (failed and not comparison.level)


def _part_of_limit(picture: Picture, now: datetime) -> float:
    return waits(picture, now) / max(1, picture.route.lag_limit)
