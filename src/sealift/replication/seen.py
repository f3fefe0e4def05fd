"""What was seen of a route while sealift looked: lag, rate of its job, waits of both pools.

Nothing is asked for it: it is what the pictures said, and a trial of the playbook, with the time at
which they did. It is gone with the program. A day of it is kept, in cells of ten seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime

from sealift.replication.comparison import Comparison
from sealift.replication.job import Job, JobState
from sealift.replication.lag_history import Sighting
from sealift.replication.picture import Picture
from sealift.zfs.iostat import IostatSample

CELL = 10  # seconds
KEPT = 24 * 3600  # seconds of cells
_SIGHTINGS = 10_000
WAITS = tuple(each * 1_000_000 for each in (1, 4, 16, 64, 256, 1000, 4000))
"""Where one row of latencies ends and the next begins, in nanoseconds."""
IDLE = len(WAITS) + 1
"""The row of samples in which the pool was asked for nothing, behind the slowest one."""


@dataclass(frozen=True, slots=True)
class RateCell:
    """What ten seconds said of the route's job: bytes a second, summed over so many looks.

    No looks: the hosts were watched, and no job of the route ran.
    """

    looks: int = 0
    total: float = 0.0

    def add(self, rate: float) -> RateCell:
        """The cell with one more look."""
        return RateCell(self.looks + 1, self.total + rate)

    @property
    def mean(self) -> float | None:
        """Bytes a second, None if no job ran."""
        return self.total / self.looks if self.looks else None


@dataclass(frozen=True, slots=True)
class Measured:
    """How fast the route carried last: bytes a second, and when that was (epoch seconds).

    A `trial` writes nothing on the destination: a transfer is at best as fast.
    """

    rate: float
    at: float
    trial: bool = False


def row_of(sample: IostatSample) -> int:
    """The row that a sample belongs to, by the slower of its reads and writes."""
    waits = [wait for wait in (sample.read_wait_ns, sample.write_wait_ns) if wait is not None]
    return bisect_right(WAITS, max(waits)) if waits else IDLE


class Seen:
    """Fed with every picture of one route. Cells are keyed by epoch seconds // `CELL`.

    `sightings` are ordered by time. `waits` holds for the source and the destination how many
    samples of `zpool iostat` fell into each row; a cell that is not there was not watched.
    """

    def __init__(self) -> None:
        self.sightings: list[Sighting] = []
        self.rates: dict[int, RateCell] = {}
        self.waits: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
        self._tried: Measured | None = None
        self._comparison: Comparison | None = None
        self._job: Job | None = None
        self._samples: list[IostatSample | None] = [None, None]

    def note(self, picture: Picture, now: datetime) -> None:
        """Take what a picture says that the one before it did not. `now` is aware."""
        cell = int(now.timestamp() // CELL)
        if picture.comparison is not None and picture.comparison is not self._comparison:
            self._comparison = picture.comparison
            self._note_lag(picture.comparison)
        self._note_rate(picture, cell)
        for index, side in enumerate((picture.source, picture.destination)):
            if side.iostat and side.iostat[-1] is not self._samples[index]:
                self._samples[index] = side.iostat[-1]
                counts = self.waits[index].setdefault(cell, [0] * (IDLE + 1))
                counts[row_of(side.iostat[-1])] += 1
                _forget(self.waits[index], cell)

    def note_trial(self, rate: float, now: datetime) -> None:
        """Take what the way carried in a trial, in bytes a second. `now` is aware."""
        self._tried = Measured(rate, now.timestamp(), trial=True)

    @property
    def measured(self) -> Measured | None:
        """The last rate of a job or of a trial; None if this session saw neither."""
        moved = ((cell, each.mean) for cell, each in reversed(self.rates.items()) if each.mean)
        cell, mean = next(moved, (0, None))
        seen = [Measured(mean, (cell + 1) * CELL)] if mean else []
        return max((*seen, *filter(None, [self._tried])), key=lambda each: each.at, default=None)

    def _note_lag(self, comparison: Comparison) -> None:
        at = comparison.destination.taken_at.timestamp()
        lag = comparison.lag_seconds(at)
        if lag is None:
            return
        sighting = Sighting(at, at - lag)
        # Of a time in which nothing arrived, its beginning and its end say everything.
        run = [each.newest for each in self.sightings[-2:]] == [sighting.newest] * 2
        if run or (self.sightings and self.sightings[-1].at >= at):
            self.sightings.pop()
        self.sightings.append(sighting)
        del self.sightings[:-_SIGHTINGS]

    def _note_rate(self, picture: Picture, cell: int) -> None:
        job, before = picture.job, self._job
        self._job = job
        before_it = self.rates.get(cell, RateCell())
        if job is not None and job.state is JobState.RUNNING:
            rate = job.rate.bytes_per_second
            # The same job again says nothing: its host may be away.
            if job is not before and rate is not None:
                self.rates[cell] = before_it.add(rate)
        elif picture.source.connection.connected and picture.destination.connection.connected:
            waiting = job is not None and job.state is JobState.WAITING
            self.rates[cell] = before_it.add(0.0) if waiting else before_it
        _forget(self.rates, cell)


def _forget(cells: dict[int, RateCell] | dict[int, list[int]], newest: int) -> None:
    while cells and (oldest := next(iter(cells))) < newest - KEPT // CELL:
        del cells[oldest]
