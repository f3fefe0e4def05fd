"""The pages of docs/procedures name keys and findings that there are, and are short enough."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from textual.binding import Binding

from sealift.playbook.catalogue import page as finding
from sealift.ui.actions import ACTIONS
from sealift.ui.screens.playbook import PlaybookScreen

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "docs" / "procedures"
_PAGES = sorted(each for each in _FOLDER.glob("*.md") if each.name != "README.md")
_PANELS = {
    "audit": "audit",
    "holds": "holds",
    "jobs": "jobs",
    "keys": "keys",
    "prune": "prune",
    "roll back": "divergence",
    "tokens": "tokens",
}
_PARTS = ("When", "Before", "It worked", "What can go wrong", "Undo")
_HEAD = "| screen | key | action |\n|---|---|---|\n"


def deeds(panel: str) -> set[tuple[str, str]]:
    """Key and title of every deed that a panel's module makes, read from its text."""
    path = _ROOT / "src" / "sealift" / "ui" / "panels" / f"{panel}.py"
    calls = (
        node.args
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Deed"
    )
    found: set[tuple[str, str]] = set()
    for args in calls:
        key, _, title = (ast.literal_eval(each) for each in args[:3])
        found.add((key, title))
    return found


def on_the_screens() -> set[tuple[str, str, str]]:
    """What there is: screen, key, title."""
    route = {
        ("route", key, each.title)
        for each in ACTIONS
        for key in (each.keys if not each.shown_key else (each.shown_key,))
    }
    playbook = {
        ("playbook", each.key, each.description)
        for each in PlaybookScreen.BINDINGS
        if isinstance(each, Binding)
    }
    panels = {(screen, *deed) for screen, module in _PANELS.items() for deed in deeds(module)}
    return route | playbook | panels


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
