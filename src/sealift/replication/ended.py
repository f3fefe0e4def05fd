"""What the jobs that have ended tell of the past: when, how much, and what was there then. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sealift.replication.comparison import Comparison, DatasetComparison
from sealift.replication.job import Job, JobState


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended. Times in epoch seconds, `start` is when it was ordered.

    `size` is how many bytes it has brought: what its snapshots hold on the source (`written`).
    `newest` is the creation of the newest snapshot that the dataset furthest behind had then. Both
    are None for a job that did not bring all of it, or whose snapshots are gone.
    """

    start: float
    end: float
    size: int | None = None
    newest: float | None = None

    @property
    def rate(self) -> float | None:
        """Bytes a second on average, pauses included."""
        return None if self.size is None else self.size / max(1.0, self.end - self.start)


def ended(comparison: Comparison | None, jobs: Sequence[tuple[Job, datetime]]) -> tuple[Ended, ...]:
    """These jobs, each with its end (aware). Looks at each snapshot once, however many jobs."""
    brought = [job.brings if job.state is JobState.DONE else frozenset[int]() for job, _ in jobs]
    wanted = frozenset[int]().union(*brought)
    written: dict[int, int | None] = {}
    newest: list[float | None] = [float("inf")] * len(jobs)
    for each in _carried(comparison) if comparison and wanted else ():
        ours = each.source.snapshots if each.source else ()
        theirs = each.destination.snapshots if each.destination else ()
        there = {snapshot.guid for snapshot in theirs}
        creations: dict[int, int] = {}
        for snapshot in ours:
            if snapshot.guid in wanted:
                creations[snapshot.guid] = snapshot.creation
                written[snapshot.guid] = snapshot.written
        shared = sorted(one.creation for one in ours if one.guid in there)
        for index, (job, _) in enumerate(jobs):
            last = max(
                (creations[guid] for guid in creations.keys() & brought[index]), default=None
            )
            # A dataset of which it brought nothing was level when it was ordered.
            level = bisect_right(shared, job.about.made.timestamp())
            if last is None and level:
                last = shared[level - 1]
            newest[index] = _earlier(newest[index], last)
    return tuple(
        Ended(
            job.about.made.timestamp(),
            at.timestamp(),
            *_known([written.get(guid) for guid in brought[index]], newest[index]),
        )
        for index, (job, at) in enumerate(jobs)
    )


def _carried(comparison: Comparison) -> list[DatasetComparison]:
    return [
        each
        for below, each in comparison.datasets.items()
        if each.source is not None and comparison.scope.carries(below)
    ]


def _earlier(one: float | None, other: float | None) -> float | None:
    """The earlier of both; unknown if either is."""
    return None if one is None or other is None else min(one, other)


def _known(sizes: list[int | None], newest: float | None) -> tuple[int | None, float | None]:
    """Size and newest of a job, both or neither."""
    known = [size for size in sizes if size is not None]
    if not sizes or len(known) < len(sizes):
        return None, None
    return sum(known), newest
