"""`zpool iostat` of both pools, a line each: bandwidth, operations, latency, the last minutes."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from sealift.replication.picture import Picture, Side
from sealift.ui import text
from sealift.ui.text import Glyphs
from sealift.zfs.iostat import IostatSample
from sealift.zfs.names import pool_of

_NANOSECONDS = 1_000_000
_WIDE = 64
STALE = 15.0  # seconds: three lines of a slow host (`watch.IOSTAT_SLOW`)


class IostatPane(Widget, can_focus=True):
    """Source above, destination below. Sparklines are scaled to their own highest value."""

    DEFAULT_CSS = """
    IostatPane { height: auto; padding: 0 1; }
    """
    BORDER_TITLE = "zpool iostat"
    HELP = (
        "zpool iostat\n"
        "Bytes and operations a second, and how long an operation takes from asking to answer, "
        "averaged over 2 s (5 s on a slow host). The curve is the last minutes, scaled to its own "
        "highest value. Numbers that are older than 15 s carry their age, without a curve."
    )

    picture: reactive[Picture | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def get_content_height(self, *_: object) -> int:
        """Two pools, and in a wide pane two lines each."""
        return 2

    def render(self) -> RenderResult:
        """Draw it from the newest picture."""
        picture = self.picture
        if picture is None:
            return ""
        width = self.size.width
        lines = [self._line(side, width) for side in (picture.source, picture.destination)]
        for line in lines:  # else the first one wraps, and pushes the other out of the pane
            line.truncate(width, overflow="ellipsis")
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _line(self, side: Side, width: int) -> Text:
        name = text.fit(text.one_line(pool_of(side.location.dataset)), 8)
        if not side.iostat:
            why = "not connected" if not side.connection.connected else "waiting for the first line"
            return Text(f"{name} {why}", no_wrap=True)
        last = side.iostat[-1]
        read = self._spark([each.read_bytes for each in side.iostat], width)
        write = self._spark([each.write_bytes for each in side.iostat], width)
        if (age := self._age(side)) > STALE:
            # What it did when it was last heard of is no news: the age stands where nothing is cut.
            return Text(
                f"{name} {text.age(age)}: read {text.rate(last.read_bytes)}, "
                f"write {text.rate(last.write_bytes)}, {_wait(last)}",
                no_wrap=True,
                overflow="crop",
            )
        carried = (
            *("read", f"{text.rate(last.read_bytes):>10}", read),
            *("write", f"{text.rate(last.write_bytes):>10}", write),
        )
        line = " ".join((name, *filter(None, carried)))
        for more in (f" {_wait(last):>7}", f"  {last.read_ops + last.write_ops:>5} op/s"):
            if len(line) + len(more) <= width:
                line += more
        return Text(line, no_wrap=True, overflow="crop")

    def _age(self, side: Side) -> float:
        """For how many seconds nothing was heard of a pool."""
        if self.now is None or side.iostat_at is None:
            return 0.0
        return (self.now - side.iostat_at).total_seconds()

    def _spark(self, values: list[int], width: int) -> str:
        room = max(0, min(24, (width - _WIDE + 16) // 2 - 2))
        if not room:
            return ""
        return text.sparkline(values[-room:], self._glyphs).rjust(room, self._glyphs.levels[0])


def _wait(sample: IostatSample) -> str:
    waits = [wait for wait in (sample.read_wait_ns, sample.write_wait_ns) if wait is not None]
    if not waits:
        return "idle"
    milliseconds = max(waits) / _NANOSECONDS
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else "<1 ms"
