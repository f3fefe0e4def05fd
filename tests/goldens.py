"""`make goldens`: the screens as text at three sizes, and how some are styled in each theme.

One file a screen and size: the text as it stands. Files of styles give for each theme a letter for
every style, and the runs of letters of every row. What a reader can compare is the point: a golden
that fails shows a diff of such lines.
"""

from __future__ import annotations

import asyncio
import os
import string
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from unittest import mock

from rich.style import Style
from textual.strip import Strip

from sealift.ui import themes
from tests.scenes import SCREENS, settled

FOLDER = Path(__file__).parent / "sandbox" / "goldens"
SIZES = ((80, 24), (120, 36), (200, 50))
THEMES = (themes.DEFAULT, "sealift-light", "sealift-high-contrast")
# The screens whose styles are written down, too, and the size.
STYLED, STYLED_AT = ("overview", "route", "preview", "playbook", "audit"), (120, 36)


async def drawn(screen: str) -> dict[str, str]:
    """The contents of all files of one screen by their names."""
    files: dict[str, str] = {}
    with _environment():
        async with SCREENS[screen]() as pilot:
            for width, height in SIZES:
                shown = await settled(pilot, (width, height), themes.DEFAULT)
                files[f"{screen}-{width}x{height}.txt"] = _text(shown)
            styles = [
                f"{theme}\n{_styles(await settled(pilot, STYLED_AT, theme))}"
                for theme in (THEMES if screen in STYLED else ())
            ]
    if screen in STYLED:
        with _environment(NO_COLOR="1"):
            async with SCREENS[screen]() as pilot:
                plain = _styles(await settled(pilot, STYLED_AT, themes.NO_COLOR), colour=False)
        files[f"{screen}-styles.txt"] = "\n".join([*styles, f"NO_COLOR\n{plain}"])
    return files


@contextmanager
def _environment(**more: str) -> Iterator[None]:
    """A terminal of its own, whatever the developer's is."""
    clean = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    own = {"TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none", **more}
    with mock.patch.dict(os.environ, {**clean, **own}, clear=True):
        yield


def _text(lines: Sequence[Strip]) -> str:
    return "".join(f"{line.text.rstrip()}\n" for line in lines)


def _styles(lines: Sequence[Strip], *, colour: bool = True) -> str:
    """A legend of the styles, and the runs of each row; equal rows in a row share a line."""
    names = iter(_names())
    letters: dict[str, str] = {}
    rows = []
    for line in lines:
        cells = [
            (_shown(each.style, colour=colour), each.cell_length) for each in line if each.text
        ]
        runs = [(style, sum(n for _, n in run)) for style, run in groupby(cells, lambda c: c[0])]
        for style, _ in runs:
            if style not in letters:
                letters[style] = next(names)
        rows.append(" ".join(f"{letters[style]}{length}" for style, length in runs))
    legend = [f"{letter} = {style}\n" for style, letter in letters.items()]
    return "".join([*legend, *_numbered(rows)])


def _numbered(rows: list[str]) -> Iterator[str]:
    first = 1
    for row, alike in groupby(rows):
        last = first + len(list(alike)) - 1
        yield f"{first:02}" + (f"-{last:02}" if last > first else "") + f" {row}\n"
        first = last + 1


def _names() -> Iterator[str]:
    yield from string.ascii_letters
    yield from (f"{a}{b}" for a in string.ascii_lowercase for b in string.ascii_lowercase)


def _shown(style: Style | None, *, colour: bool) -> str:
    """What a terminal shows of a style, without what Textual keeps in it for itself."""
    given = style or Style()
    return str(
        Style(
            color=given.color if colour else None,
            bgcolor=given.bgcolor if colour else None,
            bold=given.bold,
            dim=given.dim,
            italic=given.italic,
            underline=given.underline,
            reverse=given.reverse,
            strike=given.strike,
        )
    )


def main() -> int:
    """Write them all, in the place of those that are there."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state  # no journal of it in the home
        for screen in SCREENS:
            for name, text in asyncio.run(drawn(screen)).items():
                (FOLDER / name).write_text(text, encoding="utf-8")
                sys.stdout.write(f"{FOLDER.name}/{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
