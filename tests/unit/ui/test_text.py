"""How numbers, times and names are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.ui import text

KIB, MIB, GIB = 2**10, 2**20, 2**30


@pytest.mark.parametrize(
    ("number", "long", "short"),
    [
        (None, "unknown", "?"),
        (-1, "unknown", "?"),
        (2**64 - 1, "unknown", "?"),
        (0, "0 B", "0 B"),
        (1023, "1023 B", "1023 B"),
        (96 * KIB, "96.0 KiB", "96 K"),
        (10188, "9.9 KiB", "9.9 K"),
        (10189, "10.0 KiB", "10 K"),
        (MIB - 1, "1.0 MiB", "1.0 M"),
        (int(11.2 * GIB), "11.2 GiB", "11 G"),
        (int(1.2 * GIB), "1.2 GiB", "1.2 G"),
        (2**63 - 2**53, "8.0 EiB", "8.0 E"),
    ],
)
def test_sizes(number: int | None, long: str, short: str) -> None:
    assert text.size(number) == long
    assert text.size_short(number) == short


@given(st.integers(min_value=-1, max_value=2**70))
def test_a_short_size_fits_its_column(number: int) -> None:
    assert len(text.size_short(number)) <= 6


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "unknown"),
        (0, "0 s"),
        (59.9, "59 s"),
        (12 * 60, "12 min"),
        (3 * 3600 + 12 * 60 + 5, "3 h 12 min"),
        (3600 + 2 * 60, "1 h 02 min"),
        (2 * 86400 + 4 * 3600, "2 d 4 h"),
        (2**64, "unknown"),
        (float("inf"), "unknown"),
        (float("nan"), "unknown"),
    ],
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert text.duration(seconds) == expected


def test_ages() -> None:
    assert text.age(3 * 3600 + 12 * 60) == "3 h 12 min ago"
    assert text.age(-90) == "in 1 min"
    assert text.age(None) == "unknown"


def test_rates_are_decimal() -> None:
    assert text.rate(2_000_000) == "2.0 MB/s"
    assert text.rate(12) == "12 B/s"
    assert text.rate(None) == "unknown"


def test_counts() -> None:
    assert text.count(1, "snapshot") == "1 snapshot"
    assert text.count(1204, "snapshot") == "1,204 snapshots"
    assert text.count(0, "entry", "entries") == "0 entries"
    assert text.count(None, "snapshot") == "unknown snapshots"


def test_percents() -> None:
    assert text.percent(61, 100) == "61 %"
    assert text.percent(120, 100) == "100 %"
    assert text.percent(99.99, 100) == "99 %"
    assert text.percent(1, None) == text.percent(None, 1) == text.percent(1, 0) == "? %"


def test_host_text_becomes_one_harmless_line() -> None:
    assert text.one_line("[bold]x") == "[bold]x"
    assert text.one_line("a\x1b[31m\tb\nc") == "a\\x1b[31m\\tb\\nc"
    assert "\u202e" not in text.one_line("a\u202eb")


def test_shortening_keeps_both_ends_and_more_of_the_last() -> None:
    assert text.shorten("autosnap_2025-12-25_06:00:00_hourly", 20) == "autosn…:00:00_hourly"
    assert text.shorten("short", 5) == "short"
    assert text.shorten("abcdef", 1) == "…"
    assert text.shorten("abcdef", 0) == ""
    assert text.shorten("abcdef", 4, "..") == "..ef"


@given(st.text(), st.integers(min_value=0, max_value=60), st.sampled_from(["…", ".."]))
def test_fitted_text_takes_exactly_its_cells(shown: str, width: int, ellipsis: str) -> None:
    shown = text.one_line(shown)
    assert text.width_of(text.fit(shown, width, ellipsis=ellipsis)) == width
    assert text.width_of(text.fit(shown, width, right=True, ellipsis=ellipsis)) == width


@pytest.mark.parametrize("name", text.Glyphs.__slots__)
def test_the_ascii_glyphs_are_ascii(name: str) -> None:
    assert getattr(text.ASCII, name).isascii()
    if name != "levels":
        assert getattr(text.UNICODE, name)
    else:
        assert len(text.ASCII.levels) == len(text.UNICODE.levels)


@pytest.mark.parametrize(
    ("sentence", "width", "expected"),
    [
        ("it fits, all of it", 18, "it fits, all of it"),
        (
            "it holds a partly received snapshot, or gets one",
            45,
            "it holds a partly received snapshot …",
        ),
        (
            "it holds a partly received snapshot, or gets one",
            37,
            "it holds a partly received snapshot …",
        ),
        ("it holds a partly received snapshot, or gets one", 36, "it holds a partly received …"),
        (
            "one; two and three and four and five and six",
            40,
            "one; two and three and four and five …",
        ),
        ("one/long/name/without/any/place/to/cut/it", 20, "one/long/name/witho…"),
        ("0⺀ 0", 4, "0⺀…"),
    ],
)
def test_a_sentence_is_cut_where_it_may_be(sentence: str, width: int, expected: str) -> None:
    assert text.cut_sentence(sentence, width) == expected


@given(st.text(max_size=60).map(text.one_line), st.integers(min_value=0, max_value=40))
def test_a_cut_sentence_fits_and_begins_as_it_was(sentence: str, width: int) -> None:
    found = text.cut_sentence(sentence, width)
    assert text.width_of(found) <= width
    if width >= 2 and found != sentence:
        assert found.endswith("…")
        assert sentence.startswith(found.removesuffix("…").rstrip(" "))
