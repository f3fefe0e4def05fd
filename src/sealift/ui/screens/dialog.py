"""A question over the route screen: what would run, what it does, and Cancel with the focus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from sealift.zfs.names import printable

# Keys that were meant for the screen below reach a dialog that has just opened.
_DEAF_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: the value the dialog gives back, its words, and how dangerous it is."""

    value: str
    words: str
    variant: str = "default"


class Dialog(ModalScreen[str]):
    """Shows paragraphs and buttons; gives back the chosen value, `cancel` for escape.

    Text in `paragraphs` is shown as it is, never read as markup. `copy` is the text that the Copy
    button sends to the terminal's clipboard; there is no such button without it.
    """

    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape", "leave", "cancel"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("pageup", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(1)", show=False),
    ]

    def __init__(
        self,
        title: str,
        paragraphs: Sequence[str],
        choices: Sequence[Choice] = (),
        *,
        copy: str = "",
        cancel: str = "Cancel",
    ) -> None:
        super().__init__()
        self._title = title
        self._paragraphs = tuple(paragraphs)
        self._choices = tuple(choices)
        self._copy = copy
        self._cancel = cancel
        self._opened = 0.0

    def compose(self) -> ComposeResult:
        """Title, text, buttons."""
        with Vertical(id="dialog") as box:
            box.border_title = Text(printable(self._title))
            with VerticalScroll(id="text", can_focus=False):
                for paragraph in self._paragraphs:
                    yield Static(Text(printable(paragraph)), classes="paragraph")
            with Horizontal(id="buttons"):
                yield Button(Text(f" {self._cancel} "), id="cancel")
                if self._copy:
                    yield Button(Text(" Copy "), id="copy")
                for choice in self._choices:
                    button = Button(Text(f" {choice.words} "), id=choice.value)
                    button.add_class(choice.variant)
                    yield button

    def on_mount(self) -> None:
        """Cancel has the focus."""
        self._opened = asyncio.get_running_loop().time()
        self.query_one("#cancel", Button).focus()

    def on_key(self, event: events.Key) -> None:
        """Pass over keys that came before anyone can have read the question."""
        if (
            asyncio.get_running_loop().time() - self._opened < _DEAF_SECONDS
            and event.key == "enter"
        ):
            event.prevent_default()
            event.stop()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "copy":
            self.app.copy_to_clipboard(self._copy)
            self.notify("Sent to the terminal's clipboard (OSC 52).")
            return
        self.dismiss(event.button.id or "cancel")

    def action_leave(self) -> None:
        """Escape is Cancel."""
        self.dismiss("cancel")

    def action_scroll(self, pages: int) -> None:
        """Scroll a long text."""
        area = self.query_one("#text", VerticalScroll)
        area.scroll_relative(y=pages * max(1, area.size.height - 1), animate=False)
