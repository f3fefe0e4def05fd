"""The lag in the past: what is known is told, the rest is not made up."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sealift.replication.lag_history import (
    Lag,
    Sighting,
    lag_at,
    lag_between,
    merged,
)

HOUR = 3600.0
#: A night: at 10 h something of 8 h was there, still at 12 h; at 20 h what was taken at 15 h.
NIGHT = [
    Sighting(10 * HOUR, 8 * HOUR),
    Sighting(12 * HOUR, 8 * HOUR),
    Sighting(20 * HOUR, 15 * HOUR),
]


def test_between_two_looks_that_saw_the_same_the_lag_is_known() -> None:
    assert lag_at(NIGHT, 10 * HOUR) == Lag(exact=2 * HOUR)
    assert lag_at(NIGHT, 11 * HOUR) == Lag(exact=3 * HOUR)


def test_where_something_arrived_in_between_only_a_lower_bound_is_known() -> None:
    assert lag_at(NIGHT, 18 * HOUR) == Lag(least=3 * HOUR)
    assert lag_at(NIGHT, 14 * HOUR) == Lag()
    assert lag_at(NIGHT, 9 * HOUR) == Lag(least=1 * HOUR)


def test_before_and_after_all_looks_nothing_is_made_up() -> None:
    assert lag_at(NIGHT, 7 * HOUR) == Lag()
    assert lag_at(NIGHT, 21 * HOUR) == Lag()
    assert lag_at([], 0) == Lag()


def test_what_was_taken_back_on_the_destination_leaves_the_time_between_unknown() -> None:
    back = [Sighting(10 * HOUR, 8 * HOUR), Sighting(20 * HOUR, 5 * HOUR)]
    assert lag_at(back, 15 * HOUR) == Lag()


def test_a_column_has_the_largest_lag_that_is_known_of_it() -> None:
    assert lag_between(NIGHT, 9.5 * HOUR, 12.5 * HOUR) == Lag(exact=4 * HOUR)
    assert lag_between(NIGHT, 16 * HOUR, 19 * HOUR) == Lag(least=4 * HOUR)
    assert lag_between(NIGHT, 19 * HOUR, 21 * HOUR) == Lag(exact=5 * HOUR)


@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 50)), max_size=12),
    st.integers(0, 1000),
    st.data(),
)
def test_what_is_said_is_true_of_every_course_that_fits_the_sightings(
    arrivals: list[tuple[int, int]], at: int, data: st.DataObject
) -> None:
    """Snapshots arrive, each some time after it was taken; somebody looks now and then."""

    def newest(moment: int) -> int | None:
        there = [when - ago for when, ago in arrivals if when <= moment]
        return max(there, default=None)

    looks = data.draw(st.lists(st.integers(0, 1000), max_size=8))
    seen = [
        Sighting(look, there) for look in sorted(set(looks)) if (there := newest(look)) is not None
    ]
    said, there = lag_at(seen, at), newest(at)
    if there is None:
        assert said.exact is None
    else:
        assert said.exact in (None, at - there)
        assert said.least is None or said.least <= at - there


def test_looks_of_several_are_in_order_of_time() -> None:
    assert merged(NIGHT[2:], NIGHT[:2]) == NIGHT
    assert replace(NIGHT[0], at=0.0) == merged(NIGHT, [Sighting(0.0, 8 * HOUR)])[0]
