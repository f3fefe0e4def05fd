"""Terminals without UTF-8, without the glyphs, without colours: everything is there in ASCII."""

from __future__ import annotations

import locale

import pytest

from sealift.ui.text import in_ascii, plain_terminal, width_of
from tests.factories import mirrored
from tests.ui.pictures import picture, showing

BEHIND = mirrored({"": [101, 102, 103], "db": [101, 102, 103]}, {"": [101], "db": [101]})


@pytest.mark.parametrize(
    ("term", "encoding", "plain"),
    [
        ("xterm-256color", "UTF-8", False),
        ("xterm", "utf8", False),
        ("linux", "UTF-8", True),
        ("dumb", "UTF-8", True),
        ("xterm-256color", "ISO-8859-1", True),
        ("xterm-256color", "ANSI_X3.4-1968", True),
    ],
)
def test_ascii_is_for_the_console_and_for_a_locale_without_utf8(
    term: str,
    encoding: str,
    plain: bool,  # noqa: FBT001
) -> None:
    assert plain_terminal(term, encoding) is plain


@pytest.mark.parametrize("text", ["╭─ Keys ─╮", "send…", "漢字 x", "e\u0301", "⣿█▇▁", "plain"])
def test_a_text_in_ascii_takes_as_many_cells(text: str) -> None:
    assert in_ascii(text).isascii()
    assert len(in_ascii(text)) == width_of(text)


@pytest.mark.parametrize("key", ["", "question_mark", "d", "j", "colon", "y"])
@pytest.mark.parametrize("why", ["locale", "console"])
async def test_no_screen_shows_anything_but_ascii(
    key: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why == "console":
        monkeypatch.setenv("TERM", "linux")
    else:
        monkeypatch.setattr(locale, "getencoding", lambda: "ISO-8859-1")
    async with showing(picture(*BEHIND), size=(120, 40)) as operator:
        if key:
            await operator.pilot.press(key)
            await operator.pilot.pause()
        assert operator.sees().isascii(), operator.sees()
