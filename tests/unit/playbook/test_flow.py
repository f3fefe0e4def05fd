"""What runs is sorted: the route's own, what lost its sender, and what is somebody else's."""

from __future__ import annotations

import pytest

from sealift.playbook.flow import Flow, flow, still
from sealift.replication.job import JobState
from sealift.zfs.processes import parse_listing
from tests.factories import job, resume_token, snapshot
from tests.unit.playbook.scenes import ROUTE, at, listed

SEND = "zfs send -w -R -I @s101 tank/prod@s110"
RECEIVE = "zfs receive -s -u backup/prod"


def found(source: str, destination: str, *, age: int = 100, older: int = 100) -> Flow:
    """What one process on each side makes; `older` is the receive's age."""
    return flow(
        ROUTE,
        listed((source,) if source else (), age),
        listed((destination,) if destination else (), older),
        (),
        at(0),
    )


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        (SEND, RECEIVE),
        ("zfs send -w tank/prod/db@s110", "zfs receive -s -u backup/prod/db"),
        ("zfs send -w -R tank@s110", "zfs receive -s -u -d backup"),
        (
            f"zfs send -w -t {resume_token(snapshot('s110', 110))}",
            "sudo -n zfs receive -s -u backup/prod",
        ),
        ("ssh -S none root@dr1 zfs receive -s -u backup/prod && zfs hold x", RECEIVE),
        ("zfs: sending tank/prod@s110 (3%: 1G/30G)", RECEIVE),
    ],
)
def test_a_receive_that_the_source_feeds_is_the_routes_own(source: str, destination: str) -> None:
    what = found(source, destination)
    assert (len(what.receives), what.orphans, what.foreign) == (1, (), ())
    assert what.running is True


@pytest.mark.parametrize(
    "source", ["", "zfs send -w tank/other@s1", "zfs send -w -n tank/prod@s110", "ssh root@dr1 top"]
)
def test_a_receive_that_nothing_feeds_is_an_orphan(source: str) -> None:
    what = found(source, RECEIVE)
    assert [each.dataset for each in what.orphans] == ["backup/prod"]
    assert what.running is False


def test_a_receive_much_older_than_every_sender_has_lost_its_own() -> None:
    assert len(found(SEND, RECEIVE, age=5, older=4000).orphans) == 1
    assert found(SEND, RECEIVE, age=5, older=30).orphans == ()


def test_a_receive_into_another_tree_is_none_of_ours() -> None:
    what = found("", "zfs receive -s -u backup/production")
    assert (what.orphans, what.running) == ((), False)
    assert [each.dataset for each in what.others] == ["backup/production"]
    assert found("", "zfs receive -d backup").orphans == ()


def test_a_receive_that_something_there_feeds_is_foreign() -> None:
    there = parse_listing(
        b"1 0 999 init\n50 1 99 -bash\n51 50 9 zfs send -w backup/old@a\n"
        b"52 50 9 zfs receive -s -u backup/prod/db\n"
    )
    what = flow(ROUTE, listed(()), there, (), at(0))
    assert [each.dataset for each in what.foreign] == ["backup/prod/db"]
    assert what.orphans == ()


def test_a_listener_there_is_fed_by_a_younger_sender() -> None:
    there = parse_listing(
        b"1 0 999 init\n50 1 9000 sh -c x\n51 50 9000 mbuffer -I 9090\n"
        b"52 50 9000 zfs receive -s -u backup/prod\n"
    )
    assert len(flow(ROUTE, listed((SEND,), 10), there, (), at(0)).receives) == 1
    pulled = parse_listing(b"50 1 9 sh\n51 50 9 ssh nas1 zfs send\n52 50 9 zfs receive backup/prod")
    assert len(flow(ROUTE, listed(()), pulled, (), at(0)).orphans) == 1


def test_other_sessions_over_the_same_connection_feed_nothing() -> None:
    there = parse_listing(
        b"1 0 9 init\n50 1 9 sshd: root@notty\n51 50 9 zfs list\n52 50 9 zfs receive backup/prod\n"
    )
    assert len(flow(ROUTE, listed(()), there, (), at(0)).orphans) == 1


def test_nothing_is_said_against_a_receive_without_the_sources_processes() -> None:
    what = flow(ROUTE, None, listed((RECEIVE,)), (), at(0))
    assert (len(what.receives), what.orphans) == (1, ())
    assert flow(ROUTE, None, None, (), at(0)).running is None
    assert flow(ROUTE, listed(()), None, (), at(0)).running is False


def test_a_running_job_explains_the_receive_it_started() -> None:
    running = job(JobState.RUNNING)
    assert flow(ROUTE, listed(()), listed((RECEIVE,), 30), (running,), at(1)).orphans == ()
    # Older than the job by far: what an earlier one left.
    assert len(flow(ROUTE, listed(()), listed((RECEIVE,), 9000), (running,), at(1)).orphans) == 1
    ended = job(JobState.DONE)
    assert len(flow(ROUTE, listed(()), listed((RECEIVE,), 30), (ended,), at(1)).orphans) == 1


def test_only_what_is_in_doubt_twice_stays_so() -> None:
    first = found("", RECEIVE)
    assert still(first, first).orphans == first.orphans
    assert still(first, found("", "")).orphans == ()


def test_a_package_goes_on_to_what_is_below_and_a_single_stream_does_not() -> None:
    package = found(SEND, RECEIVE)
    assert package.receiving("backup/prod/db")
    assert not package.receiving("backup/production")
    single = found("zfs send -w -I @s101 tank/prod@s110", RECEIVE)
    assert single.receiving("backup/prod")
    assert not single.receiving("backup/prod/db")
