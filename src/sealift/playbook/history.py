"""What is usual for a route, from the snapshots of its source. Pure.

The source's own snapshots are the history: `written` says what each of them added, `creation` how
often they are taken. So it is there at the first look, on a route that nobody ever watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from sealift.playbook import thresholds
from sealift.replication.comparison import DatasetComparison
from sealift.routes import Scope
from sealift.zfs.listings import Snapshot


@dataclass(frozen=True, slots=True)
class Increment:
    """What one snapshot of the route adds to the one before it, in bytes, and after how long.

    What another tool's snapshot in between holds is in it: it travels along.
    """

    snapshot: Snapshot
    size: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Churn:
    """A snapshot that is to be sent and holds far more than is usual for its dataset.

    `expected` is what the time since the snapshot before it would explain; `others` counts further
    ones of the same dataset.
    """

    dataset: str
    increment: Increment
    expected: float
    others: int = 0

    @property
    def excess(self) -> float:
        """Bytes beyond what was to be expected."""
        return self.increment.size - self.expected

    @property
    def times(self) -> float:
        """How many times what was to be expected."""
        return self.increment.size / max(1.0, self.expected)


def increments(
    each: DatasetComparison, scope: Scope, latest: int | None = None
) -> tuple[Increment, ...]:
    """The route's increments of a dataset of the source, oldest first; the `latest` so many.

    The first snapshot holds everything and is none.
    """
    found: list[Increment] = []
    after: Snapshot | None = None
    size = 0
    for snapshot in reversed(each.source.snapshots if each.source else ()):
        if len(found) == latest:
            break
        if scope.own(snapshot.name):
            if after is not None:
                found.append(Increment(after, size, max(0, after.creation - snapshot.creation)))
            after, size = snapshot, 0
        size += snapshot.written or 0
    return tuple(reversed(found))


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual, as medians of the latest increments. None: too few to say.

    `size` is of the whole tree, in bytes; `seconds` pass between two snapshots of the dataset that
    has them most often.
    """

    size: float | None
    seconds: float | None
    increments: int


def usual(datasets: tuple[DatasetComparison, ...], scope: Scope) -> Usual:
    """What is usual for these datasets together."""
    latest = [increments(each, scope, _most()) for each in datasets]
    known = [each for each in latest if len(each) >= thresholds.HISTORY_LEAST.value]
    return Usual(
        size=sum(_size(each) for each in known) if known else None,
        seconds=min((_seconds(each) for each in known), default=None),
        increments=max((len(each) for each in latest), default=0),
    )


def churn(
    datasets: tuple[DatasetComparison, ...], scope: Scope, typical: Usual
) -> tuple[Churn, ...]:
    """The snapshots to be sent that hold far more than usual, one a dataset, the worst first.

    A snapshot is held against those of its dataset before it. One that was taken late may hold as
    much more. Where nothing is shared yet everything is sent, and there is nothing unusual in that.
    """
    found = [
        worst
        for each in datasets
        if each.start is not None and each.behind
        if (worst := _worst(each, scope, typical.size or 0.0)) is not None
    ]
    return tuple(sorted(found, key=lambda each: -each.excess))


def _worst(each: DatasetComparison, scope: Scope, typical: float) -> Churn | None:
    to_come = {snapshot.guid for snapshot in each.behind}
    # What is to come are the latest ones.
    looked_at = increments(each, scope, len(each.behind) + _most())
    found: list[Churn] = []
    for index, increment in enumerate(looked_at):
        # Most are too small to matter, and are not worth a median.
        if increment.size < thresholds.CHURN_BYTES.value or increment.snapshot.guid not in to_come:
            continue
        before = looked_at[max(0, index - _most()) : index]
        if len(before) >= thresholds.HISTORY_LEAST.value:
            late = max(1.0, increment.seconds / max(1.0, _seconds(before)))
            candidate = Churn(each.dataset.name, increment, _size(before) * late)
            if _unusual(candidate, typical * late):
                found.append(candidate)
    worst = max(found, key=lambda one: one.excess, default=None)
    if worst is None:
        return None
    return Churn(worst.dataset, worst.increment, worst.expected, len(found) - 1)


def _unusual(candidate: Churn, typical: float) -> bool:
    return (
        candidate.times > thresholds.CHURN_FACTOR.value
        and candidate.excess >= thresholds.CHURN_SHARE.value * typical
        and candidate.excess >= thresholds.CHURN_BYTES.value
    )


def _most() -> int:
    return int(thresholds.HISTORY_MOST.value)


def _size(some: tuple[Increment, ...]) -> float:
    return median(each.size for each in some)


def _seconds(some: tuple[Increment, ...]) -> float:
    return median(each.seconds for each in some)
