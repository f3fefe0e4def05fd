"""The command log: what was run where, by the newest; each line can be pasted into a shell."""

from __future__ import annotations

from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sealift.actions import TREES
from sealift.hosts.command_log import CommandLog, LogEntry
from sealift.ui import text
from sealift.ui.bindings import bindings
from sealift.ui.text import Glyphs
from sealift.zfs.commands import Effect


class CommandLogPane(ScrollView, can_focus=True):
    """Lines drawn on demand, the newest last; changes are bold."""

    DEFAULT_CSS = """
    CommandLogPane { height: 5; padding: 0 1; scrollbar-size: 0 0; }
    """
    BORDER_TITLE = "Commands"
    HELP = (
        "Commands\n"
        "Everything that sealift ran, on which host, with its exit code and time. Reads are plain, "
        "changes are bold. The line under the cursor can be copied."
    )
    BINDINGS = bindings(each for each in TREES if each.id in {"tree_up", "tree_down"})

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._entries: tuple[LogEntry, ...] = ()
        self._cursor: int | None = None  # an entry's number; None follows the newest
        self._drawn: tuple[CommandLog, int] | None = None  # which log, and its version then

    def follow(self, log: CommandLog) -> None:
        """Draw a log if it has changed since it was drawn last, or is another one."""
        if self._drawn != (log, log.version):
            self._drawn = (log, log.version)
            self.show(log.entries())

    def show(self, entries: tuple[LogEntry, ...]) -> None:
        """Draw these entries; keeps to the end unless the operator moved up."""
        self._entries = entries
        self.virtual_size = Size(self.size.width, len(entries))
        if self._cursor is None:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

    @property
    def selected(self) -> LogEntry | None:
        """The entry under the cursor: the newest, unless the operator moved."""
        if not self._entries:
            return None
        found = [each for each in self._entries if each.number == self._cursor]
        return found[0] if found else self._entries[-1]

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        selected = self.selected
        if selected is None:
            return
        index = self._entries.index(selected) + by
        index = max(0, min(len(self._entries) - 1, index))
        last = index == len(self._entries) - 1
        self._cursor = None if last else self._entries[index].number
        self.scroll_to(y=max(0, index - self.size.height + 1), animate=False)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One entry as a line."""
        index = y + self.scroll_offset.y
        width = self.size.width
        if index >= len(self._entries):
            return Strip.blank(width, self.rich_style)
        entry = self._entries[index]
        style = self.rich_style
        if entry.effect is not Effect.READ:
            style += Style(bold=True)
        if self.has_focus and entry is self.selected:
            style += Style(reverse=True)
        line = text.one_line(f"{entry.started:%H:%M:%S} {_outcome(entry)}")
        line = f"{line} {entry.host}$ {text.one_line(entry.text)}"
        if text.width_of(line) > width:
            line = set_cell_size(line, width - 1) + self._glyphs.ellipsis[:1]
        return Strip([Segment(line, style)]).adjust_cell_length(width, style)


def _outcome(entry: LogEntry) -> str:
    if entry.seconds is None:
        return "running   "
    code = "ended" if entry.exit_code is None else f"exit {entry.exit_code}"
    return f"{code:<6}{entry.seconds:>5.1f}s" if entry.seconds < 1000 else f"{code:<12}"  # noqa: PLR2004
