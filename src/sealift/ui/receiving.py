"""What a running job knows of the tree's rows before the tree is read again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sealift.replication.comparison import Comparison
from sealift.replication.job import Job, JobState
from sealift.replication.picture import Picture
from sealift.ui.row import Receiving
from sealift.zfs.names import relative


def receiving(picture: Picture) -> Mapping[str, Receiving]:
    """What the running job sends now, and what it has brought, by the name below the root."""
    job, comparison = picture.job, picture.comparison
    if job is None or comparison is None:
        return {}
    found: dict[str, Receiving] = {}
    if job.arrived and (job.state.running or job.state is JobState.VERIFYING):
        found |= dict(_arrived(job, comparison))
    if job.state is JobState.RUNNING:
        found |= dict(_sent_now(job, comparison))
    return found


def _arrived(job: Job, comparison: Comparison) -> Iterator[tuple[str, Receiving]]:
    """What finished steps brought and the last reading of the destination does not have yet."""
    steps = (step.brings for step in job.steps if step.number in job.arrived)
    brought = frozenset[int]().union(*steps)
    for below, each in comparison.datasets.items():
        newest = next((one.guid for one in reversed(each.behind) if one.guid in brought), None)
        if newest is not None:
            yield below, Receiving(newest, None, live=True, arrived=True)


def _sent_now(job: Job, comparison: Comparison) -> Iterator[tuple[str, Receiving]]:
    source, progress = comparison.source, job.progress
    dataset, at, name = (progress.current or "").partition("@")
    if not at or dataset not in {held.dataset.name for held in source.datasets.values()}:
        return
    below = relative(dataset, source.root)
    guid = next((each.guid for each in source.datasets[below].snapshots if each.name == name), None)
    size = next(
        (line.size for line in progress.estimate.lines if line.name == progress.current), None
    )
    yield below, Receiving(guid, progress.current_bytes, size, live=True)
