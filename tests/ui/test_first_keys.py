"""Without a route: every key is of the action table, and another one if the user wants it."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.widgets import Input

from sealift.actions import SCREENS
from sealift.keymap import settled
from sealift.ui.screens.asking import Asking
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.help import HelpScreen
from sealift.ui.screens.listing import ListScreen
from tests.driving import Operator
from tests.ui.starting import Seen, at_home, choose, chosen, first, listed, onto, row

OWN, _ = settled(
    {"open": ("e",), "route_from": ("f",), "write": ("W",), "copy_table": ("C",), "type": ("Y",)}
)


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seen:
    return at_home(monkeypatch, tmp_path)


def can_be_pressed(operator: Operator) -> set[str]:
    """The names of all that has a key here, on whichever row."""
    screen = listed(operator)
    nodes = (operator.app, screen, screen.pane)
    # Textual has no public way to the bindings of one node (reference: Textual 8.2.8).
    bound = {each.id for node in nodes for _, each in node._bindings if each.id}  # noqa: SLF001
    return bound | {deed.id for entry in screen.pane.entries for deed in entry.deeds}


def in_the_table(screen: str) -> set[str]:
    return {each.id for each in SCREENS[screen]}


async def test_what_can_be_pressed_is_what_the_table_has() -> None:
    async with first() as operator:
        assert can_be_pressed(operator) == in_the_table("first_start")
        await choose(operator, "host odd1")
        await onto(operator, "login")
        of_hosts = can_be_pressed(operator)
        await operator.pilot.press("escape")
        await choose(operator, "host nas1")
        await onto(operator, "tank/prod")
        assert of_hosts | can_be_pressed(operator) == in_the_table("host")
        await operator.pilot.press("s")
        await onto(operator, "source")
        assert can_be_pressed(operator) == in_the_table("new_route")
        await choose(operator, "destination")
        await onto(operator, "nas1:tank/prod")
        assert can_be_pressed(operator) == in_the_table("places")
        await operator.pilot.press("escape")
        await operator.until("New route")
        await operator.pilot.press("escape", "escape")
        await chosen(operator)
        await operator.confirm("w", "write")
        await operator.until("All routes, worst first")
        assert can_be_pressed(operator) == in_the_table("overview")


async def test_the_palette_has_what_can_be_done_with_the_row() -> None:
    async with first() as operator:
        await choose(operator, "host nas1")
        await onto(operator, "tank/prod")
        await operator.pilot.press("colon")
        await operator.until_that(
            lambda: isinstance(operator.app.screen, CommandPalette), "the palette"
        )
        operator.app.screen.query_one(Input).value = "route from here"
        await operator.until("s: Begin a route with this as its source.")
        await operator.pilot.press("enter")
        await operator.until("nas1:tank/prod")
        assert row(operator, "source").startswith("source | nas1:tank/prod")


async def test_the_users_keys_lead_from_the_first_screen_to_the_table_of_the_route() -> None:
    async with first(keys=OWN) as operator:
        await operator.until("e start the demo")
        await choose(operator, "host nas1", "e")
        await choose(operator, "tank/prod", "f")
        await choose(operator, "destination", "e")
        await onto(operator, "host nas1")
        await operator.until("Y type it…")
        await operator.pilot.press("Y")
        await operator.until_that(
            lambda: isinstance(operator.app.screen, Asking), "a place to be typed"
        )
        await operator.pilot.press("escape")
        await operator.until("W write…")
        assert "C table" in operator.sees()
        await operator.pilot.press("question_mark")
        await operator.until_that(lambda: isinstance(operator.app.screen, HelpScreen), "help")
        await operator.until("Under the cursor")
        for words in ("e  change…", "W  write…", "C  table"):
            assert f"│ {words} " in operator.sees()


async def test_the_usual_keys_that_were_given_away_do_nothing() -> None:
    async with first(keys=OWN) as operator:
        screen = operator.app.screen
        await choose(operator, "host nas1")
        assert operator.app.screen is screen
        await operator.pilot.press("e")
        await choose(operator, "tank/prod", "s")
        await operator.pilot.press("f")
        await operator.until("New route")
        await operator.pilot.press("w", "c")
        assert isinstance(operator.app.screen, ListScreen)


async def test_a_key_that_is_dimmed_says_why_under_its_new_name() -> None:
    async with first(keys=OWN) as operator:
        await operator.pilot.press("N", "W")
        await operator.until("Choose a source and a destination first.")
        assert not isinstance(operator.app.screen, Dialog)
        assert row(operator, "source").startswith("source | not chosen yet")
