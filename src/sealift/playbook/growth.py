"""How much a tree's snapshots hold, day by day, and which days stand out. Pure.

`written` says what each snapshot added to the one before it. Where retention has destroyed some in
between, the next one holds what is left of them: old days are less exact than new ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from sealift.playbook import thresholds
from sealift.replication.comparison import Comparison

HOUR, DAY = 3600, 86400
_HOURS, DAYS = 60, 56  # the longest past that is told by the hour, and the longest at all


@dataclass(frozen=True, slots=True)
class Unusual:
    """A dataset that changed far more than usual in one period: `size` and `usual` in bytes."""

    dataset: str
    period: int
    size: int
    usual: float


@dataclass(frozen=True, slots=True)
class Growth:
    """What was added in each period of `unit` seconds: an hour or a day, of UTC.

    `first` is the first period (epoch seconds // `unit`); `totals` are bytes from there on to the
    one of now, 0 where no snapshot was taken. `largest` names the dataset that added most to each,
    with its bytes. `unusual` is what stands out, the largest first.
    """

    unit: int
    first: int
    totals: tuple[int, ...]
    largest: tuple[tuple[str, int] | None, ...]
    unusual: tuple[Unusual, ...]
    snapshots: int


def growth(comparison: Comparison, now: float) -> Growth:
    """The growth of what the route carries, up to `now` (epoch seconds).

    The oldest snapshot of a dataset holds all that was there, and is left out.
    """
    since = now - DAYS * DAY
    taken: list[tuple[str, int, int]] = []
    for below, each in comparison.datasets.items():
        if each.source is None or not comparison.scope.carries(below):
            continue
        name = each.source.dataset.name
        for snapshot in reversed(each.source.snapshots[1:]):
            if snapshot.creation < since:
                break
            if snapshot.creation <= now:
                taken.append((name, snapshot.creation, snapshot.written or 0))
    oldest = min((creation for _, creation, _ in taken), default=int(now))
    unit = HOUR if now - oldest <= _HOURS * HOUR else DAY
    first, count = oldest // unit, int(now) // unit - oldest // unit + 1
    sizes: dict[str, list[int]] = {}
    for name, creation, size in taken:
        sizes.setdefault(name, [0] * count)[creation // unit - first] += size
    totals = tuple(sum(each) for each in zip(*sizes.values(), strict=True)) or (0,) * count
    return Growth(
        unit,
        first,
        totals,
        tuple(_largest(sizes, period) for period in range(count)),
        _unusual(sizes, first, totals),
        len(taken),
    )


def _largest(sizes: Mapping[str, list[int]], period: int) -> tuple[str, int] | None:
    largest = max(((each[period], name) for name, each in sizes.items()), default=(0, ""))
    return (largest[1], largest[0]) if largest[0] else None


def _unusual(
    sizes: Mapping[str, list[int]], first: int, totals: tuple[int, ...]
) -> tuple[Unusual, ...]:
    """By the playbook's own thresholds for churn, each period against the dataset's others."""
    typical = median([total for total in totals if total] or [0])
    found: list[Unusual] = []
    for name, each in sizes.items():
        known = [size for size in each if size]
        if len(known) <= thresholds.HISTORY_LEAST.value:
            continue
        usual = median(known)
        least = max(
            thresholds.CHURN_FACTOR.value * usual,
            usual + thresholds.CHURN_SHARE.value * typical,
            usual + thresholds.CHURN_BYTES.value,
        )
        found += [
            Unusual(name, first + period, size, usual)
            for period, size in enumerate(each)
            if size > least
        ]
    return tuple(sorted(found, key=lambda one: -one.size))
