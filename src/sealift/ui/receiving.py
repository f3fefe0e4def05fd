"""Which row of the tree is being received right now. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sealift.replication.job import JobState
from sealift.replication.picture import Picture
from sealift.ui.row import Receiving
from sealift.zfs.names import relative


def receiving(picture: Picture) -> Mapping[str, Receiving]:
    """What the running job sends now, by the dataset's name below the root."""
    job, source = picture.job, picture.source.inventory
    if job is None or job.state is not JobState.RUNNING or source is None:
        return {}
    progress = job.progress
    dataset, at, name = (progress.current or "").partition("@")
    if not at or dataset not in {held.dataset.name for held in source.datasets.values()}:
        return {}
    below = relative(dataset, source.root)
    guid = next((each.guid for each in source.datasets[below].snapshots if each.name == name), None)
    size = next(
        (line.size for line in progress.estimate.lines if line.name == progress.current), None
    )
    return {below: Receiving(guid, progress.current_bytes, size, live=True)}
