"""Command lines in the docs are ones that the program takes, and links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sealift.actions import ACTIONS
from sealift.cli import parse
from sealift.keymap import USUAL
from tests import actions_page

_ROOT = Path(__file__).parents[2]
_PAGES = sorted([_ROOT / "README.md", *(_ROOT / "docs").rglob("*.md")])
_BLOCK = re.compile(r"```(?:sh)?\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def lines(page: Path) -> list[str]:
    """The command lines of a page's blocks that name both places of a route, or the demo.

    `[…]` and `|` stand for a choice, and so are none.
    """
    blocks = "".join(_BLOCK.findall(page.read_text(encoding="utf-8")))
    found = [line.strip() for line in blocks.splitlines() if line.strip().startswith("sealift ")]
    whole = [line for line in found if not re.search(r"[\[…]|\w\|\w", line)]
    return [line for line in whole if re.search(r"\S+:\S+ \S+:\S+| demo( |$)", line)]


@pytest.mark.parametrize(
    ("page", "line"), [(page.name, line) for page in _PAGES for line in lines(page)]
)
def test_a_command_line_is_taken(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    if ">" in line:
        words = shlex.split(line.partition(">")[0])
    parse(words[1:])


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_of_the_project(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        assert "://" in link or (page.parent / link).exists(), link


def test_the_readme_names_every_key() -> None:
    text = (_ROOT / "README.md").read_text(encoding="utf-8")
    table = "".join(line for line in text.splitlines() if line.startswith("| `"))
    keys = set(re.findall(r"`([^`]+)`", table))
    shown = {USUAL.shown(each) for each in ACTIONS}
    assert {each for each in shown if len(each) == 1} <= keys


def test_the_page_of_actions_has_what_the_table_says() -> None:
    made = actions_page.FILE.read_text(encoding="utf-8")
    assert made == actions_page.text(), "run: python -m tests.actions_page"
