"""Space and quotas are read as `zfs list -Hp` prints them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.commands import Effect, room, room_below
from sealift.zfs.parse import ParseError
from sealift.zfs.room import Room, parse_room


def test_the_listings_only_read_and_name_what_they_are_of() -> None:
    assert room(("backup", "backup/prod")).argv[-2:] == ("backup", "backup/prod")
    assert room_below("backup/prod").argv[-1] == "backup/prod"
    assert {room(("a",)).effect, room_below("a").effect} == {Effect.READ}


def test_quotas_that_are_not_set_are_none() -> None:
    tree, volume = parse_room(
        b"backup/prod\t300\t1000\t200\t0\t400\toff\nbackup/prod/vol\t8\t1000\t8\t-\t-\tsha256\n"
    )
    assert tree == Room("backup/prod", 300, 1000, 200, None, 400, "off")
    assert (volume.quota, volume.refquota, volume.dedup) == (None, None, "sha256")


@pytest.mark.parametrize(
    ("quota", "refquota", "left"),
    [(None, None, None), (1000, None, 700), (None, 1000, 800), (1000, 250, 50), (200, None, 0)],
)
def test_the_tighter_quota_counts(
    quota: int | None, refquota: int | None, left: int | None
) -> None:
    assert Room("backup", 300, 9, 200, quota, refquota, "off").headroom == left


@pytest.mark.parametrize(
    "line",
    [b"backup\t1\t2\t3\t0\t0", b"b@d\t1\t2\t3\t0\t0\toff", b"backup\tx\t2\t3\t0\t0\toff"],
)
def test_any_other_line_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError):
        parse_room(line)


fields = st.sampled_from(
    ["backup", "backup/a", "0", "-", "18446744073709551615", "off", "", "none"]
)
rows = st.lists(fields, min_size=6, max_size=8).map(lambda each: "\t".join(each).encode())


@given(st.binary() | st.lists(rows).map(b"\n".join))
def test_any_bytes_are_rooms_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        for each in parse_room(data):
            assert each.headroom is None or each.headroom >= 0
