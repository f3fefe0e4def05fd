"""The pages of docs/procedures name keys and findings that there are, and are short enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sealift.actions import SCREENS
from sealift.keymap import key_word
from sealift.playbook.catalogue import page as finding

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "docs" / "procedures"
_PAGES = sorted(each for each in _FOLDER.glob("*.md") if each.name != "README.md")
_PARTS = ("When", "Before", "It worked", "What can go wrong", "Undo")
_HEAD = "| screen | key | action |\n|---|---|---|\n"


def on_the_screens() -> set[tuple[str, str, str]]:
    """What there is: screen, key, title."""
    return {
        (screen.replace("_", " "), key_word(key), each.title)
        for screen, actions in SCREENS.items()
        for each in actions
        for key in each.keys
    }


def rows(page: Path) -> list[tuple[str, str, str]]:
    """The table at the head of a page: screen, key, title."""
    _, _, rest = page.read_text(encoding="utf-8").partition(_HEAD)
    head, _, _ = rest.partition("\n\n")
    found: list[tuple[str, str, str]] = []
    for line in head.splitlines():
        screen, key, title = (cell.strip() for cell in line.strip("|").split("|"))
        found.append((screen, key.strip("`"), title))
    return found


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_every_key_does_there_what_the_page_says(page: Path) -> None:
    named = rows(page)

    assert named
    assert set(named) <= on_the_screens()


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_every_finding_that_is_linked_has_its_page(page: Path) -> None:
    linked = re.findall(r"\(\.\./findings\.md#([^)]*)\)", page.read_text(encoding="utf-8"))

    assert [each for each in linked if finding(each) is None] == []


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_parts_and_fits_a_terminal(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    lines = text.splitlines()

    assert [part for part in _PARTS if f"\n**{part}" not in text] == []
    assert 25 <= len(lines) <= 60
    assert [line for line in lines if len(line) > 100] == []


def test_the_index_leads_to_every_page() -> None:
    index = (_FOLDER / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in _PAGES if f"({page.name})" not in index] == []
