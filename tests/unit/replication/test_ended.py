"""What an ended job tells of the past, and what it leaves unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealift.replication.comparison import Comparison, compare
from sealift.replication.ended import Ended, ended
from sealift.replication.job import Job, JobState, JobStep
from tests.factories import NOON, about, job, mirrored

ORDERED, END = NOON + timedelta(hours=2), NOON + timedelta(hours=3)


def both(**guids: list[int]) -> Comparison:
    """Two equal trees of the root (`top`) and others."""
    tree = {("" if name == "top" else name): each for name, each in guids.items()}
    return compare(*mirrored(tree, tree))


def a_job(state: JobState = JobState.DONE) -> Job:
    """A job that was to bring what was taken when it was ordered."""
    return replace(job(state), about=about(made=ORDERED))


def steps_of(*guids: int) -> JobStep:
    return replace(about().steps[0], brings=frozenset(guids))


def only(found: tuple[Ended, ...]) -> Ended:
    (one,) = found
    assert (one.start, one.end) == (ORDERED.timestamp(), END.timestamp())
    return one


def test_a_done_job_tells_how_much_it_brought_and_what_was_there_then() -> None:
    one = only(ended(both(top=[101, 102], db=[101, 102]), [(a_job(), END)]))
    assert (one.size, one.newest) == (8192, ORDERED.timestamp())
    assert one.rate == 8192 / 3600


def test_a_dataset_that_it_did_not_bring_was_level_when_it_was_ordered() -> None:
    order = replace(a_job(), about=replace(a_job().about, steps=(steps_of(102),)))
    one = only(ended(both(top=[101, 102, 104], db=[101, 105]), [(order, END)]))
    assert one.newest == (NOON + timedelta(hours=1)).timestamp()
    assert one.size == 4096


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED])
def test_a_job_that_may_not_have_brought_all_of_it_tells_when_it_ended(state: JobState) -> None:
    one = only(ended(both(top=[101, 102], db=[101, 102]), [(a_job(state), END)]))
    assert (one.size, one.newest, one.rate) == (None, None, None)


def test_a_job_whose_snapshots_are_gone_tells_when_it_ended() -> None:
    one = only(ended(both(top=[105], db=[105]), [(a_job(), END)]))
    assert (one.size, one.newest) == (None, None)


def test_a_dataset_that_had_nothing_then_leaves_the_lag_unknown() -> None:
    order = replace(a_job(), about=replace(a_job().about, steps=(steps_of(102),)))
    one = only(ended(both(top=[101, 102], new=[110]), [(order, END)]))
    assert (one.size, one.newest) == (4096, None)


def test_trees_that_were_not_read_leave_the_end_alone_known() -> None:
    assert only(ended(None, [(a_job(), END)])).size is None
