"""A line for a secret: a dot for each character, and never a `str`, which nothing can overwrite."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

_ROOM = 2048  # bytes; the longest passphrase has 512
_DOT = "•"


class MaskedEntry(Widget, can_focus=True):
    """Takes what is typed or pasted into one buffer of its own. It copies and shows nothing of it.

    Its cursor is always at the end: backspace takes the last character back, ctrl+u all of them.
    """

    DEFAULT_CSS = """
    MaskedEntry {
        height: 1;
        background: $panel;
    }
    """

    class Submitted(Message):
        """Enter was pressed in it."""

    class Changed(Message):
        """There is more or less in it than before."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as every widget has it
        super().__init__(id=id)
        self._buffer = bytearray(_ROOM)
        self._ends: list[int] = []  # where each character ends

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not self._ends

    def take(self) -> bytearray:
        """What was given, which is the caller's to overwrite; the line is empty afterwards."""
        used = self._ends[-1] if self._ends else 0
        taken = self._buffer[:used]
        self.wipe()
        return taken

    def wipe(self) -> None:
        """Overwrite what is in it."""
        for index in range(len(self._buffer)):
            self._buffer[index] = 0
        self._ends.clear()
        self._redraw()

    def render(self) -> Text:
        """The dots, the last ones if there are too many."""
        room = max(1, self.size.width - 1)
        cursor = "▏" if self.has_focus else ""
        return Text(_DOT * min(len(self._ends), room) + cursor)

    def on_key(self, event: events.Key) -> None:
        """Take a character; what is no character moves on to the dialog."""
        if event.is_printable and event.character is not None:
            self._add(event.character)
        elif event.key == "backspace":
            self._drop_last()
        elif event.key == "ctrl+u":
            self.wipe()
        elif event.key == "enter":
            self.post_message(self.Submitted())
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Take the first line of what is pasted."""
        event.stop()
        for character in event.text.split("\n", 1)[0].removesuffix("\r"):
            self._add(character)

    def on_unmount(self) -> None:
        """Nothing of it outlives the line."""
        self.wipe()

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002
        """Every character is taken here, also those that are keys of the screen."""
        return character is not None and character.isprintable()

    def _add(self, character: str) -> None:
        data = character.encode("utf-8", "surrogateescape")
        start = self._ends[-1] if self._ends else 0
        if start + len(data) > _ROOM:
            self.app.bell()
            return
        self._buffer[start : start + len(data)] = data
        self._ends.append(start + len(data))
        self._redraw()

    def _drop_last(self) -> None:
        if self._ends:
            end = self._ends.pop()
            start = self._ends[-1] if self._ends else 0
            for index in range(start, end):
                self._buffer[index] = 0
            self._redraw()

    def _redraw(self) -> None:
        self.refresh()
        if self.is_mounted:
            self.post_message(self.Changed())
