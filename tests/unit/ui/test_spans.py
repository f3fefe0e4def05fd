"""Lines of pieces: folding loses nothing and never makes a line too wide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.ui import text
from sealift.ui.spans import Span, fold, plain, sign, width_of
from sealift.ui.text import ASCII, UNICODE, Glyphs

WORDS = st.text(st.sampled_from("ab c世─"), max_size=60)
LEVELS = ("ok", "info", "warning", "problem", "unknown", "running")


@given(st.lists(WORDS, max_size=4), st.integers(4, 40), st.integers(0, 30))
def test_folding_keeps_every_letter_and_the_width(words: list[str], width: int, hang: int) -> None:
    lines = fold(tuple(Span(each, str(index)) for index, each in enumerate(words)), width, hang)
    assert all(width_of(line) <= width for line in lines)
    kept = "".join(plain(line) for line in lines)
    assert kept.replace(" ", "") == "".join(words).replace(" ", "")


@given(st.lists(st.text("abc世", min_size=1, max_size=2)), st.integers(4, 40), st.integers(0, 2))
def test_words_that_fit_are_never_joined_nor_cut(words: list[str], width: int, hang: int) -> None:
    lines = fold((Span(" ".join(words)),), width, 0 if width < 8 else hang)
    assert " ".join(plain(line) for line in lines).split() == words


def test_later_lines_hang_and_looks_stay_with_their_words() -> None:
    lines = fold((Span("! problem", "problem"), Span(" the link carries 16 Mbit/s")), 16, 2)
    assert [plain(line) for line in lines] == ["! problem the", "  link carries", "  16 Mbit/s"]
    assert lines[0][0] == Span("! problem", "problem")
    assert {span.look for line in lines[1:] for span in line} == {""}


def test_a_word_wider_than_a_line_is_cut_and_none_of_it_is_lost() -> None:
    lines = fold((Span("see tank/" + "x" * 20),), 12, 2)
    assert [plain(line).strip() for line in lines] == ["see", "tank/xxxxx", "x" * 10, "x" * 5]


def test_an_indent_at_the_beginning_stays() -> None:
    assert plain(fold((Span("    a b"),), 20)[0]) == "    a b"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_level_has_a_sign_of_its_own_and_all_are_as_wide(glyphs: Glyphs) -> None:
    signs = [sign(level, glyphs) for level in LEVELS]
    assert len(set(signs)) == len(LEVELS)
    assert len({text.width_of(each) for each in signs}) == 1
