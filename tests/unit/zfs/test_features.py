"""The features of a pool are read out of all its properties."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.features import parse_features
from sealift.zfs.parse import ParseError


def test_features_are_picked_out_of_the_properties() -> None:
    text = (
        b"backup\tsize\t42949672960\t-\n"
        b"backup\tcomment\t-\tdefault\n"
        b"backup\tfeature@encryption\tactive\tlocal\n"
        b"backup\tfeature@bookmark_v2\tdisabled\tlocal\n"
    )
    assert parse_features(text) == {
        "feature@encryption": "active",
        "feature@bookmark_v2": "disabled",
    }


@pytest.mark.parametrize("line", [b"no such pool\n", b"a\tb\tc\n", b"\tfeature@x\ty\tlocal\n"])
def test_another_line_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError):
        parse_features(line)


@given(st.binary() | st.text("ab@\t\n").map(str.encode))
def test_any_bytes_are_features_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        assert all(name.startswith("feature@") for name in parse_features(data))
