"""Each chart says in a sentence what is to be seen in it, and what is not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.hosts.host import Connection
from sealift.playbook.growth import DAY, HOUR, Growth, Unusual, growth
from sealift.replication.comparison import compare
from sealift.replication.ended import Ended
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job
from sealift.replication.lag_history import Sighting
from sealift.replication.picture import Picture, Side
from sealift.replication.seen import CELL, IDLE, RateCell, Seen
from sealift.routes import Location, Route
from sealift.ui import spans
from sealift.ui.charts.increments import increments_chart
from sealift.ui.charts.lag import lag_chart
from sealift.ui.charts.page import SPANS, Night, Record
from sealift.ui.charts.plot import MARGIN
from sealift.ui.charts.rate import rate_chart
from sealift.ui.charts.waits import waits_chart
from sealift.ui.playbook_rows import Item, Paper
from sealift.ui.text import ASCII, UNICODE, Glyphs
from sealift.zfs.iostat import IostatSample
from sealift.zfs.progress import Rate
from tests.factories import NOON, job, mirrored

ROUTE = Route(Location.parse("root@nas1:tank/prod"), Location.parse("root@dr1:backup/prod"))
UP = Connection(connected=True, since=NOON)
NOW = NOON + timedelta(hours=14)
NOW_S = NOW.timestamp()
MIB = 1 << 20
BOTH = mirrored({"": [100, 101, 102], "db": [100, 101, 102]}, {"": [100, 101], "db": [100, 101]})
BUSY = IostatSample("tank", 1, 1, 1, 1, 1, 1, 2_000_000, 300_000)


def picture(source: Inventory, destination: Inventory, running: Job | None = None) -> Picture:
    return Picture(
        ROUTE,
        Side(ROUTE.source, UP, inventory=replace(source, taken_at=NOW), iostat=(BUSY,)),
        Side(ROUTE.destination, UP, inventory=replace(destination, taken_at=NOW)),
        compare(source, destination),
        job=running,
    )


def night(shown: Picture | None = None, *sightings: Sighting, now: datetime = NOW) -> Night:
    seen = Seen()
    seen.sightings += sightings
    return Night(shown or picture(*BOTH), seen, now, Record())


NOT_READ = Night(Picture(ROUTE, Side(ROUTE.source, UP), Side(ROUTE.destination, UP)), Seen(), NOW)


def ago(hours: float, lag_hours: float) -> Sighting:
    """A look so long ago, and the lag that it saw."""
    return Sighting(NOW_S - 3600 * hours, NOW_S - 3600 * (hours + lag_hours))


def lag(shown: Night, width: int = 70, height: int = 6, glyphs: Glyphs = UNICODE) -> Item:
    return lag_chart(shown, Paper(width + MARGIN, glyphs), width, height)


def rate(shown: Night, width: int = 70) -> Item:
    return rate_chart(shown, Paper(width + MARGIN, UNICODE), width, 6)


def waits(shown: Night, width: int = 70) -> Item:
    return waits_chart(shown, shown.picture.source, Paper(width + MARGIN, UNICODE), width)


def sizes(shown: Night, width: int = 70) -> Item:
    return increments_chart(shown, Paper(width + MARGIN, UNICODE), width, 6)


def words(item: Item) -> str:
    return " ".join(item.copy.split())


# Lag


def test_a_lag_that_was_watched_is_told_with_its_worst_and_its_limit() -> None:
    item = lag(night(None, ago(20.5, 3.5), ago(20, 4), ago(0.01, 0.3)))
    assert "worst lag 4 h 00 min at 06:" in words(item)
    assert "now 18 min; limit 1 h 00 min" in words(item)
    assert item.level == "warning"
    assert "─" in item.copy
    assert "limit │" in item.copy


def test_a_lag_within_its_limit_is_in_order() -> None:
    assert lag(night(None, ago(5, 0.5), ago(0, 0.4))).level == "ok"


def test_the_time_nobody_watched_is_drawn_as_such() -> None:
    item = lag(night(None, ago(0, 6)), width=24)
    bottom = item.copy.splitlines()[6].partition("│")[2]
    assert bottom == "?" * 18 + "░" * 5 + "█"


def test_what_was_only_bound_from_below_is_called_that() -> None:
    shown = night(None, ago(12, 9), ago(11, 0.1))
    assert "worst lag 9 h 00 min" in words(lag(shown))
    shown = night(None, ago(20, 1), ago(4, 9))
    # At 20 h ago 1 h was seen; then at least what four hours ago was seen as nine.
    assert "worst lag 9 h 00 min" in words(lag(shown))
    early = night(None, Sighting(NOW_S + 5, NOW_S - 9 * 3600))
    assert "worst lag at least 9 h 00 min at 02:00" in words(lag(early))


def test_what_was_read_last_is_told_with_its_age() -> None:
    item = lag(night(None, ago(3, 0.5)))
    assert "30 min when last read, 3 h 00 min ago" in words(item)
    assert item.level == "unknown"
    assert item.copy.splitlines()[6].endswith("?" * 8)


def test_no_lag_says_why() -> None:
    assert "both hosts have to be read first" in words(lag(NOT_READ))
    unseeded = picture(BOTH[0], replace(BOTH[1], datasets={}))
    assert "not seeded yet" in words(lag(night(unseeded)))
    new = picture(*mirrored({"": [100], "new": [100]}, {"": [100]}))
    assert "never arrived" in words(lag(night(new)))


def test_the_end_of_a_job_is_a_look() -> None:
    record = Record((Ended(NOW_S - 2 * HOUR, NOW_S - HOUR, 1, NOW_S - 3 * HOUR),))
    item = lag(replace(night(None, ago(0, 3)), record=record))
    assert "worst lag 3 h 00 min" in words(item)
    assert item.copy.splitlines()[6].endswith("███")


# Rate


def ended(size: int | None = 8192, *, hours: float = 2) -> Record:
    """A job that ended so long ago, after four seconds."""
    return Record((Ended(NOW_S - hours * HOUR - 4, NOW_S - hours * HOUR, size),))


def test_the_rate_of_a_done_job_is_what_its_snapshots_hold_in_its_time() -> None:
    item = rate(replace(night(), record=ended()))
    assert "highest 2.0 kB/s" in words(item)
    assert "1 job ended, 8.0 KiB" in words(item)
    assert "░" in item.copy.splitlines()[6]
    assert "█" not in "".join(item.copy.splitlines()[1:7])


def test_a_job_that_failed_leaves_its_rate_unknown() -> None:
    item = rate(replace(night(), record=ended(None)))
    assert "unknown: 1 job ended" in words(item)
    assert item.level == "unknown"


def test_what_this_session_saw_is_drawn_solid() -> None:
    shown = replace(night(), span=HOUR)
    shown.seen.rates[int(NOW_S) // CELL - 6] = RateCell(2, 40_000_000)
    item = rate(shown)
    assert "highest 20.0 MB/s at 01:5" in words(item)
    assert "no job is running; no job ended" in words(item)
    assert "20 MB/s │" in item.copy
    assert "█" in item.copy.splitlines()[1]


def test_a_running_job_is_told() -> None:
    running = replace(job(), rate=Rate().add(0, 0).add(10, 50_000_000))
    shown = night(picture(*BOTH, running))
    assert "a job runs; now 5.0 MB/s" in words(rate(shown))


def test_without_a_job_the_chart_says_so_and_not_that_nothing_moved() -> None:
    assert "no job ended in the last 24 h; transfers of other tools" in words(rate(night()))
    assert "no job ended in the last 7 d" in words(rate(replace(night(), span=SPANS[1])))


def test_a_record_that_is_not_read_is_no_empty_record() -> None:
    assert "reading when the jobs ended" in words(rate(replace(night(), record=None)))
    unread = rate(replace(night(), record=Record(unread="root@dr1: away")))
    assert "unknown: root@dr1: away" in words(unread)


# Latency


def counted(*counts: tuple[int, int, int]) -> Night:
    """A night with samples: so many cells ago, in this row, so many."""
    shown = night()
    for back, row, count in counts:
        cells = shown.seen.waits[0].setdefault(int(NOW_S) // CELL - back, [0] * (IDLE + 1))
        cells[row] += count
    return shown


def test_latencies_are_told_by_their_usual_and_their_slowest() -> None:
    item = waits(counted((30, 4, 1), (20, 1, 5), (0, 1, 5)))
    assert "usually 1 ms to 4 ms, slowest 64 ms to 256 ms at 01:55" in words(item)
    assert "now 2.0 ms; 11 samples" in words(item)
    assert "Latency of tank, source" in item.copy
    lines = item.copy.splitlines()
    assert lines[4].startswith(" <256 ms │")
    assert lines[4].count("█") == 1
    assert lines[7].count("█") == 2
    assert lines[9].count("?") == 67


def test_a_pool_that_is_idle_is_not_one_that_nobody_looked_at() -> None:
    item = waits(counted((1, IDLE, 5), (0, IDLE, 5)))
    assert "nothing was read or written in 10 samples" in words(item)
    assert item.copy.splitlines()[9].endswith("?██")


def test_latencies_that_stopped_to_come_carry_their_age() -> None:
    item = waits(counted((360, 1, 5)))
    assert "last seen 1 h 00 min ago" in words(item)
    assert item.level == "unknown"


def test_no_latency_is_unknown() -> None:
    assert "no line of zpool iostat came yet" in words(waits(night()))


def test_a_whole_day_fits_into_the_width() -> None:
    item = waits(counted((24 * 360 - 2, 2, 1), (0, 0, 1)))
    assert "slowest 4 ms to 16 ms" in words(item)


# Increments


def grown(*totals: int, odd: tuple[Unusual, ...] = ()) -> Growth:
    """Days of these sizes, the last one today; the last is that of one dataset."""
    first = int(NOW_S) // DAY + 1 - len(totals)
    largest = (*((None,) * (len(totals) - 1)), ("tank/prod/db", totals[-1]))
    return Growth(DAY, first, totals, largest, odd, len(totals))


WEEK = (3 * MIB, 4 * MIB, 0, 5 * MIB, 90 * MIB)


def test_increments_are_told_by_their_usual_and_their_largest() -> None:
    item = sizes(replace(night(), growth=grown(*WEEK)))
    assert "usual day 4.5 MiB; most 90.0 MiB on 12-26, tank/prod/db 90.0 MiB of it" in words(item)
    assert "100 MiB │" in item.copy
    assert item.level == "ok"


def test_churn_is_marked_and_named() -> None:
    odd = Unusual("tank/prod/db", int(NOW_S) // DAY, 80 * MIB, 2 * MIB)
    item = sizes(replace(night(), growth=grown(*WEEK, odd=(odd,))))
    assert "tank/prod/db stands out on 12-26: 80.0 MiB, 40 times its usual" in words(item)
    assert item.level == "warning"
    marks = item.copy.splitlines()[7]
    assert marks == f"{'unusual':>8} │{' ' * 16}!!!!"


def test_a_tree_without_increments_and_one_that_was_not_read_differ() -> None:
    none = growth(compare(*mirrored({"": [100]}, {"": []})), NOW_S)
    assert "no increment in the last 56 days" in words(sizes(replace(night(), growth=none)))
    assert "both hosts have to be read" in words(sizes(NOT_READ))
    assert "adding up what the snapshots hold" in words(sizes(night()))


# All of them


def every(shown: Night, width: int, glyphs: Glyphs) -> tuple[Item, ...]:
    paper, room = Paper(width, glyphs), max(1, width - MARGIN)
    return (
        lag_chart(shown, paper, room, 6),
        rate_chart(shown, paper, room, 6),
        waits_chart(shown, shown.picture.source, paper, room),
        waits_chart(shown, shown.picture.destination, paper, room),
        increments_chart(shown, paper, room, 6),
    )


def full() -> Night:
    shown = counted((400, 4, 1), (20, 1, 5), (0, 1, 5))
    shown.seen.sightings += [ago(20, 4), ago(0, 1)]
    shown.seen.rates[int(NOW_S) // CELL - 6] = RateCell(2, 40_000_000)
    return replace(shown, growth=grown(*WEEK), record=ended())


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [20, 76, 196])
@pytest.mark.parametrize("make", [full, night, lambda: NOT_READ])
def test_every_line_fits_and_ascii_is_ascii(
    make: Callable[[], Night], width: int, glyphs: Glyphs
) -> None:
    for span in SPANS:
        for item in every(replace(make(), span=span), width, glyphs):
            assert all(spans.width_of(line) <= width for line in item.lines), item.copy
            assert glyphs is UNICODE or item.copy.isascii(), item.copy


@given(
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), max_size=5),
    st.dictionaries(st.integers(0, 2**28), st.floats(0, 2.0**70), max_size=5),
    st.lists(st.integers(0, 2**70), min_size=1, max_size=60),
)
def test_no_number_breaks_a_chart(
    looks: list[tuple[int, int]], rates: dict[int, float], totals: list[int]
) -> None:
    shown = night(None, *(Sighting(at, min(at, newest)) for at, newest in sorted(looks)))
    shown.seen.rates |= {cell: RateCell(1, each) for cell, each in rates.items()}
    for item in every(replace(shown, growth=grown(*totals)), 76, UNICODE):
        assert all(spans.width_of(line) <= 76 for line in item.lines)
