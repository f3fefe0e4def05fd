"""A line of `zpool iostat` becomes a sample, whichever columns were asked for."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.iostat import IostatSample, parse_iostat
from sealift.zfs.parse import ParseError

PLAIN = b"tank\t1024\t4096\t7\t31\t524288\t8388608"
LATENCIES = b"\t5000000\t9000000\t4000000\t8000000\t-\t1000\t-\t2000\t-\t-\t-"
QUEUES = b"\t0" * 14


def test_latencies_are_read() -> None:
    assert parse_iostat(PLAIN + LATENCIES + b"\n") == IostatSample(
        pool="tank",
        alloc=1024,
        free=4096,
        read_ops=7,
        write_ops=31,
        read_bytes=524288,
        write_bytes=8388608,
        read_wait_ns=5000000,
        write_wait_ns=9000000,
        read_disk_ns=4000000,
        write_disk_ns=8000000,
    )


def test_without_latencies_they_are_unknown() -> None:
    sample = parse_iostat(PLAIN)
    assert (sample.write_bytes, sample.read_wait_ns, sample.write_disk_ns) == (8388608, None, None)


def test_an_idle_pool_has_no_latencies() -> None:
    sample = parse_iostat(PLAIN + b"\t-" * 11)
    assert (sample.read_wait_ns, sample.write_wait_ns) == (None, None)
    assert (sample.read_disk_ns, sample.write_disk_ns) == (None, None)


def test_queues_behind_the_latencies_do_not_disturb() -> None:
    assert parse_iostat(PLAIN + LATENCIES + QUEUES) == parse_iostat(PLAIN + LATENCIES)


def test_a_pool_name_may_hold_spaces() -> None:
    assert parse_iostat(PLAIN.replace(b"tank", b"my tank")).pool == "my tank"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"tank  1024  4096  7  31  524288  8388608",
        b"\t" + PLAIN,
        PLAIN + b"\t1",
        PLAIN.replace(b"4096", b"4.00K"),
        PLAIN.replace(b"4096", b"-"),
        PLAIN + b"\n" + PLAIN,
        b"cannot open 'tank': no such pool",
    ],
)
def test_another_line_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError):
        parse_iostat(line)


@given(
    st.binary() | st.lists(st.sampled_from(["1", "-", "x", "²", ""])).map("\t".join).map(str.encode)
)
def test_any_bytes_are_a_sample_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        assert isinstance(parse_iostat(data), IostatSample)
