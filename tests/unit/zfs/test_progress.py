"""Estimates and progress are read for what they say, and unknown stays unknown."""

from __future__ import annotations

import contextlib
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.parse import ParseError
from sealift.zfs.progress import (
    Estimate,
    EstimateLine,
    Rate,
    SendProgress,
    parse_estimate,
)

RECURSIVE = (
    b"full\ttank/prod/new@rep-3\t4096\n"
    b"incremental\trep-2\ttank/prod@rep-3\t21474836480\n"
    b"incremental\trep-2\ttank/prod/db@rep-3\t1048576\n"
    b"size\t21475889152\n"
)
RESUMED = (
    b"resume token contents:\n"
    b"nvlist version: 0\n"
    b"\tfromguid = 0x48b30805fc767ab2\n"
    b"\tobject = 0xa742\n"
    b"\toffset = 0x36240000\n"
    b"\tbytes = 0x788936c0\n"
    b"\ttoguid = 0x82739b2a726247de\n"
    b"\ttoname = tank/my data@backup_daily-2022-01-04-0125\n"
    b"\tcompressok = 1\n"
    b"\trawok = 1\n"
    b"incremental\ttank/my data@daily-03\ttank/my data@backup_daily-2022-01-04-0125\t1599981784\n"
    b"size\t1599981784\n"
)


def test_every_snapshot_of_a_tree_is_in_the_estimate() -> None:
    assert parse_estimate(RECURSIVE) == Estimate(
        lines=(
            EstimateLine("tank/prod/new", "rep-3", None, 4096),
            EstimateLine("tank/prod", "rep-3", "rep-2", 21474836480),
            EstimateLine("tank/prod/db", "rep-3", "rep-2", 1048576),
        ),
        total=21475889152,
    )


def test_what_a_token_holds_is_not_taken_for_an_estimate() -> None:
    estimate = parse_estimate(RESUMED)
    assert estimate.total == 1599981784
    assert estimate.lines[0].from_name == "tank/my data@daily-03"
    assert estimate.lines[0].name == "tank/my data@backup_daily-2022-01-04-0125"


@pytest.mark.parametrize(
    ("text", "total"),
    [
        (b"", None),
        (b"full\tzroot/test/a@1\t5389768\n", None),  # before 0.8 there was no total with -t
        (b"size\t18446744073709551000\n", None),  # below zero, openzfs#12265
        (b"size\t9223372036854775807\n", 2**63 - 1),
        (b"size\t0\n", 0),
    ],
)
def test_a_total_that_cannot_be_is_unknown(text: bytes, total: int | None) -> None:
    assert parse_estimate(text).total == total


def test_a_bookmark_may_be_the_base() -> None:
    line = parse_estimate(b"incremental\ttank/a#mark\ttank/a@2\t5383312\n").lines[0]
    assert line == EstimateLine("tank/a", "2", "tank/a#mark", 5383312)


@pytest.mark.parametrize(
    "text",
    [
        b"cannot open 'tank': dataset does not exist\n",
        b"size\t-1\n",
        b"size\t" + b"9" * 5000 + b"\n",
        b"full\ttank\t1\n",
        b"full\ttank@a\n",
        b"\xff\xfe",
    ],
)
def test_other_text_is_no_estimate(text: bytes) -> None:
    with pytest.raises(ParseError):
        parse_estimate(text)


@given(st.binary() | st.text("fulsizencr\t@/0123456789\n\r").map(str.encode))
def test_any_bytes_are_an_estimate_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        assert isinstance(parse_estimate(data), Estimate)


HEAD = b"full\ttank/a b@1\t100\nincremental\t1\ttank/a b@2\t50\nfull\ttank/c@2\t200\nsize\t350\n"


def after(*chunks: bytes) -> SendProgress:
    return reduce(SendProgress.feed, chunks, SendProgress())


def test_before_the_first_tick_nothing_is_done() -> None:
    state = after(HEAD)
    assert (state.done, state.expected, state.current) == (0, 350, None)


def test_the_counter_begins_again_with_every_snapshot() -> None:
    state = after(HEAD, b"19:25:07\t60\ttank/a b@1\n", b"19:25:08\t20\ttank/a b@2\n")
    assert (state.current, state.current_bytes, state.done) == ("tank/a b@2", 20, 120)


def test_snapshots_without_a_tick_count_as_sent() -> None:
    state = after(HEAD, b"23:59:59\t60\ttank/a b@1\n", b"00:00:00\t100\ttank/c@2\n")
    assert (state.done, state.expected) == (250, 350)


def test_more_than_estimated_is_never_more_than_all() -> None:
    state = after(HEAD, b"19:25:07\t150\ttank/a b@1\n")
    assert (state.done, state.expected) == (150, 400)
    state = state.feed(b"19:25:08\t200\ttank/c@2\n")
    assert (state.done, state.expected) == (400, 400)


def test_an_unknown_total_stays_unknown() -> None:
    state = after(b"size\t18446744073709551000\n19:25:07\t60\ttank/a@1\n")
    assert (state.done, state.expected) == (60, None)
    state = state.feed(b"19:25:08\t5\ttank/b@1\n")
    assert state.done == 65


def test_blocks_between_bytes_and_name_are_passed_over() -> None:
    assert after(b"18:16:15\t253755392\t1234\ttank/a@1\n").current_bytes == 253755392


def test_lines_may_come_one_by_one_or_all_at_once() -> None:
    text = HEAD + b"19:25:07\t60\ttank/a b@1\noops\n19:25:08\t20\ttank/c@2\n"
    assert after(*text.splitlines(keepends=True)) == after(text)


def test_what_is_no_progress_is_kept_as_a_message() -> None:
    state = after(RESUMED, b"warning: cannot send 'tank/a@1': Broken pipe\n", b"\x1b[31mred\n")
    assert state.messages == (
        "warning: cannot send 'tank/a@1': Broken pipe",
        "\\x1b[31mred",
    )


def test_a_flood_of_messages_is_bounded_and_the_newest_stay() -> None:
    state = after(*(b"line %d %s\n" % (i, b"x" * 5000) for i in range(500)))
    assert len(state.messages) <= 200
    assert max(map(len, state.messages)) <= 1000
    assert state.messages[-1].startswith("line 499 ")


ticks = st.builds("19:25:07\t{}\ttank/{}@1\n".format, st.integers(0, 1000), st.sampled_from("abcd"))
heads = st.builds("full\ttank/{}@1\t{}\n".format, st.sampled_from("abcd"), st.integers(0, 2**64))
sizes = st.builds("size\t{}\n".format, st.integers(0, 2000))


@given(st.lists(ticks | heads | sizes))
def test_done_never_goes_back(lines: list[str]) -> None:
    state = SendProgress()
    for line in lines:
        before, state = state.done, state.feed(line.encode())
        assert state.done >= before


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_are_taken(chunks: list[bytes]) -> None:
    assert isinstance(after(*chunks), SendProgress)


def test_one_sample_is_no_basis_for_a_rate() -> None:
    rate = Rate().add(10.0, 500)
    assert rate.bytes_per_second is None
    assert rate.seconds_left(1000, 500) is None


def test_the_rate_is_the_average_over_the_window() -> None:
    rate = reduce(
        lambda r, i: r.add(i, i * 100 if i < 50 else 5000 + (i - 50) * 10), range(100), Rate()
    )
    assert rate.bytes_per_second == pytest.approx(10)
    assert len(rate.samples) == 31
    assert rate.seconds_left(6490, 5490) == pytest.approx(100)


def test_rare_samples_are_still_a_basis() -> None:
    assert Rate().add(0, 0).add(60, 600).add(120, 1800).bytes_per_second == pytest.approx(20)


def test_nothing_moves_means_the_time_left_is_unknown() -> None:
    rate = Rate().add(0, 100).add(10, 100)
    assert rate.bytes_per_second == 0
    assert rate.seconds_left(1000, 100) is None
    assert Rate().add(0, 0).add(10, 100).seconds_left(None, 100) is None


def test_a_total_that_goes_back_starts_over() -> None:
    assert Rate().add(0, 100).add(1, 200).add(2, 50).bytes_per_second is None


def test_more_than_the_total_leaves_no_time() -> None:
    assert Rate().add(0, 0).add(10, 100).seconds_left(50, 100) == 0


@given(st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 2**63))))
def test_a_rate_is_never_negative(samples: list[tuple[float, int]]) -> None:
    rate = reduce(lambda r, s: r.add(*s), samples, Rate())
    assert rate.bytes_per_second is None or rate.bytes_per_second >= 0
