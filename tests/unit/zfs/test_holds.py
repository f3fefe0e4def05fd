"""Holds are read with whatever tag they carry."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.holds import Hold, carrying, parse_holds
from sealift.zfs.parse import ParseError


def test_holds_of_several_snapshots() -> None:
    text = (
        b"tank/prod@rep-1\tsealift\tThu Dec 25  2:00 2025\n"
        b"tank/my data@rep-1\t.send-846235-1\tThu Dec 25  2:01 2025\n"
        b"tank/prod@rep-1\tkeep\t1766628000\n"
    )
    assert parse_holds(text) == (
        Hold("tank/prod@rep-1", "sealift", "Thu Dec 25  2:00 2025"),
        Hold("tank/my data@rep-1", ".send-846235-1", "Thu Dec 25  2:01 2025"),
        Hold("tank/prod@rep-1", "keep", "1766628000"),
    )


def test_only_the_holds_of_a_running_send_are_temporary() -> None:
    tags = [".send-846235-1", "send-1-1", ".send-x-1", "sealift", ".send-1-1 "]
    assert [Hold("a@b", tag, "").temporary for tag in tags] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("since", "at"),
    [
        ("1766628000", 1766628000),
        ("Thu Dec 25  2:00 2025", None),
        ("-1", None),
        ("²", None),
        ("9" * 5000, None),
    ],
)
def test_the_moment_of_a_hold_is_known_only_from_epoch_seconds(since: str, at: int | None) -> None:
    assert Hold("tank@a", "keep", since).at == at


def test_carrying_gives_the_snapshots_of_exactly_that_tag() -> None:
    holds = [
        Hold("tank@a", "keep", "1"),
        Hold("tank@b", "keep", "2"),
        Hold("tank@c", "keeper", "3"),
    ]
    assert carrying(holds, "keep") == {"tank@a", "tank@b"}


def test_no_holds_is_no_line() -> None:
    assert parse_holds(b"") == ()


def test_a_tag_may_hold_a_tab() -> None:
    assert parse_holds(b"tank@a\todd\ttag\tThu Dec 25  2:00 2025")[0].tag == "odd\ttag"


@pytest.mark.parametrize(
    "line",
    [
        b"no datasets available\n",
        b"tank@a\ttag\n",
        b"tank\ttag\ttime\n",
        b"tank@a\t\ttime\n",
    ],
)
def test_another_line_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError):
        parse_holds(line)


@given(st.binary() | st.text("tank@/\t\n .").map(str.encode))
def test_any_bytes_are_holds_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        for hold in parse_holds(data):
            assert hold.at is None or hold.at >= 0
