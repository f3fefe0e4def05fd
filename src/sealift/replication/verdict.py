"""Whether all that a job was to bring has arrived, by what both sides then hold. Pure."""

from __future__ import annotations

from dataclasses import replace

from sealift.hosts.trouble import Trouble
from sealift.replication.comparison import Comparison, Presence
from sealift.replication.job import Job, JobState


def verified(job: Job, comparison: Comparison | None, troubles: tuple[Trouble, ...]) -> Job:
    """The job after both sides were read again: done, if all that was to arrive is there.

    `troubles` is what kept a side from being read; what arrived is then not known.
    """
    if troubles or comparison is None:
        because = troubles[0] if troubles else Trouble("host-unreachable", job.host, "")
        what = f"everything was sent, but it could not be read back: {because.what}"
        return replace(job, state=JobState.FAILED, trouble=replace(because, what=what))
    there = {
        pair.source.guid
        for each in comparison.datasets.values()
        for pair in each.pairs
        if pair.source is not None and pair.presence is Presence.BOTH
    }
    missing = job.brings - there
    if not missing:
        return replace(job, state=JobState.DONE, trouble=None)
    return replace(
        job,
        state=JobState.FAILED,
        trouble=Trouble(
            "replica-incomplete",
            job.host,
            f"{len(missing)} snapshots are not on both sides, though every command ended well",
            "Some versions leave datasets out of a tree silently (openzfs/zfs#14568). Or they were "
            "destroyed meanwhile.",
            "Send again: the plan starts from what is there.",
            "guids: " + ", ".join(map(str, sorted(missing))),
        ),
    )
