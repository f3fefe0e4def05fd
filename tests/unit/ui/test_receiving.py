"""A job knows what it has brought before the tree is read again."""

from __future__ import annotations

from dataclasses import replace

from sealift.hosts.host import Connection
from sealift.replication.comparison import compare
from sealift.replication.job import Job, JobState, JobStep
from sealift.replication.picture import Picture, Side
from sealift.routes import Location, Route
from sealift.ui.receiving import receiving
from sealift.ui.rows import build
from sealift.ui.text import UNICODE
from sealift.ui.widgets.paired_line import draw
from tests.factories import NOON, job, mirrored

ROUTE = Route(Location("root", "nas1", "tank/prod"), Location("root", "dr1", "backup/prod"))


def step(number: str, below: str, guid: int) -> JobStep:
    return JobStep(
        number,
        f"tank/prod/{below}",
        f"backup/prod/{below}",
        "s101",
        "s102",
        "single",
        frozenset({guid}),
        "zfs send | zfs receive",
    )


STEPS = (step("0001", "a", 10_102), step("0002", "b", 20_102))


def shown(theirs: dict[str, list[int]], **changes: object) -> Picture:
    """Two datasets of which each has a step."""
    known = Connection(connected=True, since=NOON)
    ours = {"": [101], "a": [101, 102], "b": [101, 102]}
    running: Job = replace(job(JobState.RUNNING, *STEPS), **changes)  # type: ignore[arg-type]
    return Picture(
        ROUTE,
        Side(ROUTE.source, known),
        Side(ROUTE.destination, known),
        compare(*mirrored(ours, theirs)),
        job=running,
    )


BEFORE = {"": [101], "a": [101], "b": [101]}


def said(picture: Picture) -> list[str]:
    """What each dataset's row says."""
    assert picture.comparison is not None
    rows = build(picture.comparison, {}, receiving=receiving(picture))
    return [
        "".join(span.text for span in draw(row, 80, UNICODE))
        for row in rows
        if row.key.kind == "dataset"
    ]


def test_a_dataset_whose_step_is_done_has_arrived_though_the_tree_is_older() -> None:
    _, first, second = said(shown(BEFORE, arrived=frozenset({"0001"})))
    assert "arrived" in first
    assert "behind" not in first
    assert "1 behind" in second


def test_what_the_last_reading_has_is_said_by_it() -> None:
    after = BEFORE | {"a": [101, 102]}
    assert receiving(shown(after, arrived=frozenset({"0001"}))) == {}


def test_a_job_that_has_ended_says_nothing_of_rows() -> None:
    done = shown(BEFORE, arrived=frozenset({"0001"}), state=JobState.DONE)
    assert receiving(done) == {}
