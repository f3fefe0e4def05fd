"""A secret is shown nowhere, overwritten after use, and refused before it is sent if it is none."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.keys.secret import Secret

WORDS = b"correct horse battery staple"


def secret(data: bytes = WORDS) -> Secret:
    return Secret(bytearray(data))


def test_it_shows_nothing_of_itself() -> None:
    shown = [repr(secret()), str(secret()), f"{secret()}", repr([secret()])]
    assert not any("horse" in each or "28" in each for each in shown)


def test_it_goes_into_no_file_and_no_copy() -> None:
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not written anywhere"):
            write(secret())


def test_it_is_overwritten_where_it_lies() -> None:
    data = bytearray(WORDS)
    seen = memoryview(bytearray(0))
    with Secret(data) as held:
        with held.on_stdin("passphrase") as given:
            seen = memoryview(given)
            assert given.startswith(WORDS + b"\n")
        assert not any(seen), "what travelled is overwritten, also for who still looks at it"
        assert not held.empty
    assert held.empty
    assert data == b""


def test_it_is_overwritten_also_when_what_it_was_for_fails() -> None:
    given = bytearray()

    def fail() -> None:
        nonlocal given
        with secret() as held, held.on_stdin("passphrase") as given:
            raise RuntimeError("the host is gone")

    with pytest.raises(RuntimeError) as raised:
        fail()
    assert not any(given)
    assert "horse" not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("data", [b"eight888", WORDS, b"x" * 512, b"with a line end\n"])
def test_how_long_a_passphrase_is_shows_in_no_command_line(data: bytes) -> None:
    with secret(data).on_stdin("passphrase") as given:
        assert len(given) == 600
        assert given.split(b"\n", 1)[0] == data.rstrip(b"\n")


def test_a_raw_key_travels_as_it_is() -> None:
    key = bytes(range(32))
    with secret(key).on_stdin("raw") as given:
        assert given == key


@pytest.mark.parametrize(
    ("keyformat", "data", "words"),
    [
        ("passphrase", b"", "Nothing was given"),
        ("passphrase", b"seven77", "at least 8 bytes"),
        ("passphrase", b"seven77\n", "at least 8 bytes"),
        ("passphrase", b"x" * 513, "at most 512 bytes"),
        ("passphrase", b"two lines\nof it", "one line"),
        ("hex", b"a" * 63, "this has 63"),
        ("hex", b"a" * 65, "this has 65"),
        ("hex", b"g" * 64, "something else"),
        ("raw", b"x" * 31, "this has 31"),
        ("raw", b"x" * 32 + b"\n", "a line end"),
        ("raw", b"x" * 64, "this has 64"),
    ],
)
def test_what_cannot_be_a_key_is_refused_before_it_is_sent(
    keyformat: str, data: bytes, words: str
) -> None:
    assert words in secret(data).flaw(keyformat)
    with pytest.raises(ValueError, match="cannot be a key"), secret(data).on_stdin(keyformat):
        raise AssertionError("it was handed out")


@pytest.mark.parametrize(
    ("keyformat", "data"),
    [("passphrase", "größer ä".encode()), ("hex", b"0aF" * 21 + b"0\n"), ("raw", b"\n" * 32)],
)
def test_what_can_be_one_is_not(keyformat: str, data: bytes) -> None:
    assert secret(data).flaw(keyformat) == ""


@given(st.binary(min_size=12, max_size=600), st.sampled_from(["passphrase", "hex", "raw", None]))
def test_no_flaw_repeats_what_was_given(data: bytes, keyformat: str | None) -> None:
    flaw = secret(data).flaw(keyformat)
    assert data.decode("latin-1") not in flaw
