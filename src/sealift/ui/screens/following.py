"""A dialog that follows a job until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.widgets import Static

from sealift.ui.screens.dialog import Dialog
from sealift.zfs.names import printable

OVER = "over"
_LOOK = 0.5  # seconds


class Following(Dialog):
    """Says again and again how far it is; gives back `OVER` once it is over.

    `look` gives a sentence, and whether that is the last one. Leaving it ends nothing.
    """

    def __init__(
        self, title: str, paragraphs: Sequence[str], look: Callable[[], tuple[str, bool]]
    ) -> None:
        super().__init__(title, paragraphs, cancel="Leave it running")
        self._look = look

    def _above_the_buttons(self) -> ComposeResult:
        yield from super()._above_the_buttons()
        yield Static(Text(printable(self._look()[0])), id="state")

    def on_mount(self) -> None:
        """Begin to look."""
        self.set_interval(_LOOK, self._again)

    def _again(self) -> None:
        said, over = self._look()
        self.query_one("#state", Static).update(Text(printable(said)))
        if over and self.is_current:
            self.dismiss(OVER)
