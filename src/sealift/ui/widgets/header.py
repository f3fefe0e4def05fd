"""The header: route, seal, lag, activity and clock; below it the worst trouble and its key."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from sealift.replication.picture import Picture
from sealift.ui import headline, text
from sealift.ui.bindings import keys_of
from sealift.ui.headline import Line
from sealift.ui.text import Glyphs

NARROW = 100


class RouteHeader(Widget):
    """Two lines, three where the screen is narrow."""

    COMPONENT_CLASSES = {"header--ok", "header--info", "header--warning", "header--problem"}
    DEFAULT_CSS = """
    RouteHeader {
        height: 2;
        background: $panel;
        padding: 0 1;
        & > .header--ok { color: $text-success; text-style: bold; }
        & > .header--info { color: $foreground; }
        & > .header--warning { color: $text-warning; text-style: bold; }
        & > .header--problem { color: $text-error; text-style: bold; }
    }
    """
    HELP = "Header\nRoute, seal, lag, activity. Below: the worst trouble and the key for it."

    picture: reactive[Picture | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)
    read_only = reactive(default=False)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs

    def render(self) -> RenderResult:
        """Draw it from the newest picture."""
        picture, now = self.picture, self.now
        if picture is None or now is None:
            return ""
        width = max(20, self.content_size.width)
        narrow = width < NARROW - 2
        clock = f"{now:%H:%M:%S}" if narrow else f"{now:%H:%M:%S} UTC"
        parts = [
            Line(headline.INFO, "", "READ-ONLY" if self.read_only else ""),
            headline.seal(picture, self.glyphs),
            headline.lag(picture, now, self.glyphs),
            headline.activity(picture, self.glyphs),
        ]
        gap = "  " if narrow else "    "
        first = Text()
        for line in parts:
            if line.words:
                first.append(line.plain(), self._style(line)).append(gap)
        top = Text()
        if picture.route.name or not narrow:  # else it has a line of its own (SidesBar)
            room = width - first.cell_len - len(gap) - len(clock)
            title = text.shorten(self._title(picture), room, self.glyphs.ellipsis)
            top.append(title, "bold").append(gap)
        top.append_text(first)
        top.truncate(width - len(clock) - 1, overflow="ellipsis", pad=True)
        top.append(" " + clock)
        lines = [top, self._trouble(picture, now, width)]
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _title(self, picture: Picture) -> str:
        route = picture.route
        if route.name:
            return route.name
        arrow = self.glyphs.arrow
        return text.one_line(f"{route.source.text()} {arrow} {route.destination.text()}")

    def _trouble(self, picture: Picture, now: datetime, width: int) -> Text:
        line = headline.worst(picture, now, self.glyphs)
        words = text.one_line(line.plain())
        key = keys_of(self).hint(line.action) if line.action else ""
        room = width - text.width_of(key) - 2 - len(line.more)
        words = text.cut_sentence(words, room, self.glyphs.ellipsis) + line.more
        shown = Text(words, self._style(line), no_wrap=True, overflow="crop")
        shown.pad_right(max(1, width - shown.cell_len - text.width_of(key)))
        shown.append(key, "bold")
        return shown

    def _style(self, line: Line) -> str:
        return str(self.get_component_rich_style(f"header--{line.level}", partial=True))
