"""What can be known of the lag in the past. Pure.

No property of a destination says when something arrived there. What is known are moments at which
somebody looked: this session's readings, and the ends of jobs. Between two of them the lag is known
if nothing arrived meanwhile; otherwise only that it was not less than what the later one allows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sighting:
    """At `at` everything up to `newest` had arrived, and nothing later; both in epoch seconds.

    `newest` is the creation of the newest shared snapshot of the dataset that was furthest behind.
    """

    at: float
    newest: float


@dataclass(frozen=True, slots=True)
class Lag:
    """The lag at a moment, in seconds: `exact`, or not below `least`. Neither: it is unknown."""

    exact: float | None = None
    least: float | None = None


def lag_at(sightings: Sequence[Sighting], at: float) -> Lag:
    """What these sightings, oldest first, tell of the lag at `at` (epoch seconds)."""
    index = bisect_right(sightings, at, key=_at)
    before = sightings[index - 1] if index else None
    after = sightings[index] if index < len(sightings) else None
    if before is not None and (
        before.at == at or (after is not None and after.newest == before.newest)
    ):
        return Lag(exact=at - before.newest)
    if after is None or at <= after.newest:
        return Lag()
    if before is not None and before.newest > after.newest:
        return Lag()  # something was taken back on the destination, nobody knows when
    return Lag(least=at - after.newest)


def lag_between(sightings: Sequence[Sighting], start: float, end: float) -> Lag:
    """The largest lag that is known of the time from `start` to before `end`."""
    inside = sightings[
        bisect_left(sightings, start, key=_at) : bisect_left(sightings, end, key=_at)
    ]
    found = [lag_at(sightings, end), *(Lag(exact=each.at - each.newest) for each in inside)]
    return Lag(_largest(each.exact for each in found), _largest(each.least for each in found))


def merged(*several: Iterable[Sighting]) -> list[Sighting]:
    """All sightings, oldest first."""
    return sorted((each for some in several for each in some), key=_at)


def _at(sighting: Sighting) -> float:
    return sighting.at


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
