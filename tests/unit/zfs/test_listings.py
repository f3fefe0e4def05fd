from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.listings import KeyStatus, SnapshotReader, parse_datasets
from sealift.zfs.parse import ParseError

ROOT = (
    b"tank/my data\tfilesystem\t837\t12\t1766624400\t98304\t99\t98304\taes-256-gcm\ttank/my data\t"
    b"available\tpassphrase\t55\tyes\toff\t-\t-\t0\n"
)
PLAIN = (
    b"tank/p\tvolume\t838\t13\t1766624401\t1\t2\t3\toff\t-\t-\tnone\t-\t-\ton\t1-ab-c-d\t"
    b"tank/o@a b\t7\n"
)
SNAPSHOTS = (
    b"tank/a@one two\t11\t5\t1766628000\t0\t98304\t777\t2\n"
    b"tank/a@x\t12\t6\t1766628001\t1\t2\t0\t0\n"
    b"tank/a#mark\t11\t5\t1766628000\t-\t-\t777\t-\n"
)


def test_datasets() -> None:
    root, plain = parse_datasets(ROOT + PLAIN)
    assert (root.name, root.key_guid, root.mounted, root.readonly) == (
        "tank/my data",
        55,
        True,
        False,
    )
    assert root.encrypted
    assert root.key_status is KeyStatus.AVAILABLE
    assert root.resume_token is None
    assert not plain.encrypted
    assert (plain.key_status, plain.encryption_root, plain.key_guid) == (KeyStatus.NONE, None, None)
    assert plain.resume_token == "1-ab-c-d"
    assert (root.origin, root.written, plain.origin, plain.written) == (None, 0, "tank/o@a b", 7)
    assert plain.readonly


def read(pieces: list[bytes]) -> object:
    reader = SnapshotReader()
    for piece in pieces:
        reader.feed(piece)
    return reader.finish()


def test_snapshots_and_bookmarks() -> None:
    reader = SnapshotReader()
    reader.feed(SNAPSHOTS)
    first, second, mark = reader.finish()["tank/a"]
    assert (first.name, first.guid, first.written, first.ivsetguid) == ("one two", 11, 98304, 777)
    assert first.userrefs == 2
    assert second.ivsetguid is None
    assert mark.bookmark
    assert (mark.used, mark.written, mark.userrefs) == (None, None, 0)


@given(st.lists(st.integers(0, len(SNAPSHOTS)), max_size=6))
def test_a_listing_reads_the_same_in_whatever_pieces_it_comes(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(SNAPSHOTS)]
    pieces = [SNAPSHOTS[a:b] for a, b in itertools.pairwise(edges)]
    assert read(pieces) == read([SNAPSHOTS])


@pytest.mark.parametrize(
    "line",
    [
        b"tank/a@x\t12\t6\t1766628001\t1\t2\t0\n",
        b"tank/a\t12\t6\t1766628001\t1\t2\t0\t0\n",
        b"tank/a@\x1b[31m\t12\t6\t1766628001\t1\t2\t0\t0\n",
        b"tank/a@x;rm -rf\t12\t6\t1766628001\t1\t2\t0\t0\n",
        b"tank/$(x)@y\t12\t6\t1766628001\t1\t2\t0\t0\n",
        b"tank/a@x\t12\t6\t1766628001\t1\t2\t0\t0",
    ],
)
def test_what_zfs_would_never_print_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError):
        read([line])


@given(st.binary(max_size=300))
def test_any_bytes_give_a_value_or_one_clear_error(data: bytes) -> None:
    try:
        parse_datasets(data)
    except ParseError as error:
        assert str(error).isprintable()
    try:
        read([data])
    except ParseError as error:
        assert str(error).isprintable()


@given(st.lists(st.sampled_from([b"tank/a@x", b"9", b"-", b"", b"\xff", b"\t", b"\n"])))
def test_near_misses_too(words: list[bytes]) -> None:
    try:
        read([b"\t".join(words) + b"\n"])
    except ParseError as error:
        assert str(error).isprintable()
