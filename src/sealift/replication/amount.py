"""How far a job is as a whole: what its finished steps carried, and what the running one has. Pure.

What each step would carry was estimated before the job was ordered, and stands in its order.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealift.replication.job import Job


@dataclass(frozen=True, slots=True)
class Amount:
    """Bytes of a job: `done`, and `expected` at the end (None: unknown).

    `step` and `steps` are which of its steps runs, and of how many, counted from 1; both are 0
    while what the package of a tree left undone is being mended. `whole` tells whether the bytes
    are the whole job's; else they are those of the running step, because the size of another one is
    not known.
    """

    done: int
    expected: int | None
    step: int
    steps: int
    whole: bool

    @property
    def fraction(self) -> float | None:
        """The part that is done, 0.0 to 1.0; None if the total is unknown or nothing is to send."""
        if not self.expected:
            return None
        return min(1.0, self.done / self.expected)


def amount(job: Job) -> Amount:
    """How far it is."""
    progress = job.progress
    orders = [step for step in job.steps if step.kind != "repair"]
    at = next((i for i, step in enumerate(orders) if step.number == job.step.number), None)
    if at is None:
        return Amount(progress.done, progress.expected, 0, 0, whole=False)
    place = (at + 1, len(orders))
    if job.how == "resume" and len(job.step.brings) > 1:
        # A token finishes one snapshot; how much of the step comes after it is not told yet.
        return Amount(progress.done, progress.expected, *place, whole=False)
    sizes = [step.size for step in orders if step.size is not None]
    if len(sizes) < len(orders):
        return Amount(progress.done, progress.expected, *place, whole=len(orders) == 1)
    here = progress.expected if progress.expected is not None else sizes[at]
    # A step that was cut off goes on, and is then told what remains of it.
    kept = max(0, sizes[at] - here)
    done = sum(sizes[:at]) + kept + progress.done
    expected = sum(sizes[:at]) + kept + here + sum(sizes[at + 1 :])
    return Amount(done, expected, *place, whole=True)
