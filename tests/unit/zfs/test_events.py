"""What the kernel noted is read as `zpool events -vH` prints it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.commands import Effect, pool_events
from sealift.zfs.events import parse_events, unfinished
from sealift.zfs.parse import ParseError

SHOWN = b"""Jun  3 2019 22:45:01.391635204\tsysevent.fs.zfs.history_event
        version = 0x0
        class = "sysevent.fs.zfs.history_event"
        pool = "backup"
        pool_guid = 0x7c1a9c0a4c5ab1d2
        history_hostname = "dr1"
        history_dsname = "backup/prod/db/%recv"
        history_internal_str = "snap=rep-1"
        history_internal_name = "receive"
        history_txg = 0x22647a7
        history_time = 0x5cf6055d
        time = 0x5cf6055d 0x1757f504
        eid = 0x30

dropped 3 events
Jun  3 2019 22:46:01.000000000\tereport.fs.zfs.checksum
        detector = (embedded nvlist)
                version = 0x0
                scheme = "zfs"
        (end detector)
        vdev_path = "/dev/sdb1"
        vdev_state = "ONLINE" (0x7)
        time = 0x5cf60599 0x0

"""


def test_the_listing_only_reads() -> None:
    assert pool_events("backup").effect is Effect.READ


def test_events_have_their_class_their_facts_and_their_moment() -> None:
    receive, checksum = parse_events(SHOWN)
    assert (receive.receives, receive.dataset) == ("receive", "backup/prod/db")
    assert receive.at == 0x5CF6055D
    assert checksum.class_ == "ereport.fs.zfs.checksum"
    assert checksum.facts["vdev_path"] == "/dev/sdb1"
    assert (checksum.at, checksum.receives) == (0x5CF60599, "")
    assert parse_events(b"") == ()


def received(*what: str) -> bytes:
    """Receives into one dataset, in this order."""
    return b"".join(
        b"today\tsysevent.fs.zfs.history_event\n"
        b'        history_dsname = "backup/prod"\n'
        b'        history_internal_name = "%s"\n\n' % each.encode()
        for each in what
    )


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (("receive", "finish receiving"), 0),
        (("receive",), 1),
        (("receive", "resume receive"), 1),
        (("receive", "resume receive", "finish receiving"), 0),
        (("receive", "finish receiving", "receive"), 1),
        (("set", "destroy"), 0),
    ],
)
def test_a_receive_without_its_end_is_unfinished(what: tuple[str, ...], left: int) -> None:
    assert len(unfinished(parse_events(received(*what)))) == left


def test_an_event_without_a_time_has_none() -> None:
    (event,) = parse_events(received("receive"))
    assert event.at is None


@pytest.mark.parametrize("text", [b"        lone = 1\n", b"no class here\n", b"when\t\n"])
def test_what_is_no_such_listing_is_refused(text: bytes) -> None:
    with pytest.raises(ParseError):
        parse_events(text)


lines = st.sampled_from(
    [*SHOWN.split(b"\n"), b"        time = 0x", b"        time = 0xffffffffffff"]
)


@given(st.binary() | st.lists(lines).map(b"\n".join))
def test_any_bytes_are_events_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        for each in parse_events(data):
            assert each.class_
            assert each.at is None or each.at >= 0
