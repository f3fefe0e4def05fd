"""Every screen is drawn as it was looked at: as text at three sizes, some with their styles."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from tests.goldens import FOLDER, SIZES, STYLED, drawn
from tests.scenes import SCREENS

_LONGEST = 100  # lines of a diff


@pytest.mark.parametrize("screen", SCREENS)
async def test_a_screen_is_as_it_was_looked_at(screen: str) -> None:
    for name, text in (await drawn(screen)).items():
        file = FOLDER / name
        golden = file.read_text(encoding="utf-8") if file.exists() else ""
        changes = unified_diff(
            golden.splitlines(), text.splitlines(), f"golden {name}", "now", lineterm="", n=1
        )
        if shown := list(changes)[:_LONGEST]:
            told = "\n".join(shown)
            pytest.fail(f"{told}\n\nAs it should be? `make goldens`, look, commit.", pytrace=False)


def test_no_golden_is_left_of_a_screen_that_is_gone() -> None:
    wanted = {f"{screen}-{width}x{height}.txt" for screen in SCREENS for width, height in SIZES}
    wanted |= {f"{screen}-styles.txt" for screen in STYLED}
    assert {each.name for each in FOLDER.iterdir()} == wanted
