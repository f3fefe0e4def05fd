"""A dialog with a line to write into: a reason, a path, or a secret."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Button, Input, Static

from sealift.keys.secret import Secret
from sealift.ui.screens.dialog import Choice, Dialog
from sealift.ui.widgets.masked_entry import MaskedEntry
from sealift.zfs.names import printable


class Asking(Dialog):
    """A dialog that is written into, and gives back the choice that was taken.

    The line has the focus, and Enter in it goes on to the first choice without pressing it. What
    was written is then in `written`, or with `masked` to be had by `take_secret`, once.
    """

    def __init__(
        self,
        title: str,
        paragraphs: Sequence[str],
        choices: Sequence[Choice],
        *,
        label: str,
        value: str = "",
        masked: bool = False,
        cancel: str = "Stop here",
    ) -> None:
        super().__init__(title, paragraphs, choices, cancel=cancel)
        self._label = label
        self._first = next((each.value for each in choices if not each.refusal), "cancel")
        self._masked = masked
        self._secret: Secret | None = None
        self.written = value

    def take_secret(self) -> Secret:
        """What was written into a masked line; the caller has to wipe it."""
        secret, self._secret = self._secret, None
        return secret if secret is not None else Secret(bytearray())

    def _above_the_buttons(self) -> ComposeResult:
        yield from super()._above_the_buttons()
        yield Static(Text(printable(self._label)), id="label")
        if self._masked:
            yield MaskedEntry(id="entry")
        else:
            yield Input(self.written, id="entry")

    def _focus_first(self) -> None:
        # To write changes nothing; the buttons come behind it.
        for entry in self.query("#entry"):
            entry.focus()

    @on(Input.Changed, "#entry")
    def _wrote(self, event: Input.Changed) -> None:
        self.written = event.value

    @on(Input.Submitted, "#entry")
    @on(MaskedEntry.Submitted)
    def _go_on(self) -> None:
        # An Enter that was meant for the dialog before leaves the focus where there is to write.
        if self.takes_enter:
            self.query_one(f"#{self._first}", Button).focus()

    @on(Button.Pressed)
    def _keep_secret(self, event: Button.Pressed) -> None:
        if self._masked and event.button.id != "cancel":
            self._secret = Secret(self.query_one("#entry", MaskedEntry).take())
