"""What a session saw of a route, from the pictures that it was shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sealift.hosts.host import Connection
from sealift.replication.comparison import compare
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job, JobState
from sealift.replication.lag_history import Sighting
from sealift.replication.picture import Picture, Side
from sealift.replication.seen import CELL, IDLE, KEPT, Measured, RateCell, Seen, row_of
from sealift.routes import Location, Route
from sealift.zfs.iostat import IostatSample
from sealift.zfs.progress import Rate
from tests.factories import NOON, job, mirrored

ROUTE = Route(Location.parse("root@nas1:tank/prod"), Location.parse("root@dr1:backup/prod"))
UP = Connection(connected=True, since=NOON)
FIRST = int(NOON.timestamp()) // CELL


def picture(
    source: Inventory | None = None,
    destination: Inventory | None = None,
    running: Job | None = None,
    *samples: IostatSample,
) -> Picture:
    comparison = compare(source, destination) if source and destination else None
    return Picture(
        ROUTE,
        Side(ROUTE.source, UP, iostat=samples),
        Side(ROUTE.destination, UP),
        comparison,
        job=running,
    )


def sample(*, read: int | None = None, write: int | None = None) -> IostatSample:
    return IostatSample("tank", 1, 1, 1, 1, 1, 1, read, write)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_each_new_reading_is_a_look_and_a_run_of_the_same_keeps_its_ends() -> None:
    seen, (source, destination) = Seen(), mirrored({"": [99, 100]}, {"": [99]})
    for seconds in (0, 10, 20, 30):
        read = replace(destination, taken_at=at(seconds))
        shown = picture(source, read)
        seen.note(shown, at(seconds))
        seen.note(shown, at(seconds + 1))
    there = NOON.timestamp() - 3600
    assert seen.sightings == [
        Sighting(NOON.timestamp(), there),
        Sighting(NOON.timestamp() + 30, there),
    ]
    read = replace(mirrored({}, {"": [99, 100]})[1], taken_at=at(40))
    seen.note(picture(source, read), at(40))
    assert seen.sightings[2:] == [Sighting(NOON.timestamp() + 40, NOON.timestamp())]


def test_a_route_that_shares_nothing_has_no_lag_to_see() -> None:
    seen = Seen()
    seen.note(picture(*mirrored({"": [99]}, {"": []})), NOON)
    assert seen.sightings == []


def sending(rate: int) -> Job:
    return replace(job(), rate=Rate().add(0.0, 0).add(10.0, 10 * rate))


def test_rates_are_those_of_a_job_that_is_heard_of() -> None:
    seen, same = Seen(), sending(4_000)
    seen.note(picture(running=sending(2_000)), at(0))
    seen.note(picture(running=same), at(1))
    seen.note(picture(running=same), at(15))  # the iostat of the other host: nothing of the job
    assert {cell: each.mean for cell, each in seen.rates.items()} == {FIRST: 3_000}


def test_the_last_rate_is_that_of_a_job_or_of_a_trial_whichever_was_later() -> None:
    seen = Seen()
    assert seen.measured is None
    seen.note_trial(2_000_000, at(3))
    assert seen.measured == Measured(2_000_000, at(3).timestamp(), trial=True)
    seen.note(picture(running=sending(4_000)), at(31))
    seen.note(picture(running=job(JobState.WAITING)), at(41))  # nothing moved: no rate to go by
    assert seen.measured == Measured(4_000, (FIRST + 4) * CELL)
    seen.note_trial(3_000_000, at(60))
    assert seen.measured == Measured(3_000_000, at(60).timestamp(), trial=True)


def test_no_job_is_not_nothing_seen_and_a_job_that_waits_moves_nothing() -> None:
    seen = Seen()
    seen.note(picture(), at(0))
    seen.note(picture(running=job(JobState.WAITING)), at(10))
    assert seen.rates == {FIRST: RateCell(), FIRST + 1: RateCell(1, 0.0)}
    away = Connection(connected=False, since=NOON)
    gone = picture()
    seen.note(replace(gone, source=replace(gone.source, connection=away)), at(20))
    assert FIRST + 2 not in seen.rates


def test_a_sample_counts_once_in_the_row_of_its_slower_wait() -> None:
    seen = Seen()
    slow, idle = sample(read=500_000, write=20_000_000), sample()
    seen.note(picture(None, None, None, slow), at(0))
    seen.note(picture(None, None, None, slow), at(1))
    seen.note(picture(None, None, None, slow, idle), at(2))
    counts = seen.waits[0][FIRST]
    assert {row: count for row, count in enumerate(counts) if count} == {3: 1, IDLE: 1}
    assert seen.waits[1] == {}


def test_a_wait_lies_in_the_row_whose_ends_are_around_it() -> None:
    assert [row_of(sample(read=each)) for each in (0, 999_999, 1_000_000, 10**12)] == [0, 0, 1, 7]


def test_a_day_of_cells_is_kept() -> None:
    seen = Seen()
    for seconds in (0, 10, KEPT + 5):
        seen.note(picture(None, None, None, sample(read=1)), at(seconds))
    assert min(seen.waits[0]) == min(seen.rates) == FIRST
    seen.note(picture(None, None, None, sample(read=1)), at(KEPT + 15))
    assert min(seen.waits[0]) == min(seen.rates) == FIRST + 1
