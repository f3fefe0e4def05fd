"""Walk a key procedure in the real program, a step a screen."""

from __future__ import annotations

from textual.widgets import Button, Input

from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.listing import ListScreen
from sealift.ui.widgets.masked_entry import MaskedEntry
from tests.driving import Operator
from tests.waiting import wait_for


async def open_keys(operator: Operator, name: str, host: str = "dr1") -> None:
    """Open the list of keys and put the cursor on a root of a host."""
    await operator.pilot.press("k")
    await go_to(operator, name, host)


async def go_to(operator: Operator, name: str, host: str = "dr1") -> None:
    """Put the cursor of the open list of keys on a root of a host."""

    def rows() -> list[int]:
        screen = operator.app.screen
        if not isinstance(screen, ListScreen):
            return []
        shown = enumerate(screen.pane.shown)
        return [n for n, each in shown if each.cells[0] == name and host in each.cells[1]]

    await wait_for(operator.pilot, rows, f"{name} of {host} in the list", operator.patience)
    screen = operator.app.screen
    assert isinstance(screen, ListScreen)
    screen.pane.move_to(rows()[0])
    await operator.pilot.pause()


async def opened(operator: Operator, words: str) -> Dialog:
    """Wait until a dialog that says these words takes keys; it is given back."""

    def ready() -> bool:
        screen = operator.app.screen
        shown = isinstance(screen, Dialog) and words in said(screen) and screen.takes_enter
        return shown and screen.focused is not None

    await wait_for(operator.pilot, ready, f"a step with {words!r}", operator.patience)
    dialog = operator.app.screen
    assert isinstance(dialog, Dialog)
    return dialog


def refuses(dialog: Dialog, value: str) -> bool:
    """Whether a choice of a dialog is there and cannot be taken."""
    return dialog.query_one(f"#{value}", Button).disabled


async def step(operator: Operator, words: str, value: str, write: str | None = None) -> str:
    """Wait for the step with these words in it, write into its line, take a choice.

    What the dialog said is given back, whole.
    """
    dialog = await opened(operator, words)
    if write is not None:
        assert isinstance(dialog.focused, Input | MaskedEntry)
        await operator.pilot.press("ctrl+u", *(_KEYS.get(each, each) for each in write))
    whole = said(dialog)
    assert not refuses(dialog, value), f"{value} is off:\n{whole}"
    await operator.choose(value)
    return whole


async def passed(operator: Operator, words: str) -> str:
    """Wait for a step with these words in it, which takes nothing but Enter."""

    def ready() -> bool:
        screen = operator.app.screen
        shown = isinstance(screen, Dialog) and words in said(screen) and screen.takes_enter
        return shown and operator.focused_button() == "next"

    await wait_for(operator.pilot, ready, f"a step with {words!r}, Enter enough", operator.patience)
    dialog = operator.app.screen
    assert isinstance(dialog, Dialog)
    whole = said(dialog)
    assert "It is so." in whole, whole
    await operator.choose("next")
    return whole


def said(dialog: Dialog) -> str:
    """All that a dialog says, also what is longer than the screen."""
    return "\n\n".join((dialog._title, *dialog._paragraphs))  # noqa: SLF001


_KEYS = {
    " ": "space",
    "/": "slash",
    ",": "comma",
    ".": "full_stop",
    "-": "minus",
    "_": "underscore",
    ":": "colon",
}
