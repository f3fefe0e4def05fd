"""The line over the two trees: who we really are on each host, its pool, its ZFS."""

from __future__ import annotations

from rich.cells import set_cell_size
from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from sealift.replication.picture import Picture, Side
from sealift.ui import text
from sealift.ui.text import Glyphs
from sealift.ui.widgets import paired_line


class SidesBar(Widget):
    """Source on the left, destination on the right; from the live connection, not the config."""

    DEFAULT_CSS = """
    SidesBar { height: 1; background: $panel; padding: 0 1; color: $text-primary; }
    """

    picture: reactive[Picture | None] = reactive(None)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def render(self) -> RenderResult:
        """Draw it from the newest picture."""
        picture = self.picture
        if picture is None:
            return ""
        width = self.size.width
        if width < paired_line.WIDE:
            return self._narrow(picture, width)
        # The tree's right half begins behind its middle column (paired_line).
        right = paired_line.sides(width)[1]
        # Cut at the end: who we are there matters more than the last digit of a version.
        left = set_cell_size(self._side("Source", picture.source), width - right - 1)
        there = set_cell_size(self._side("Destination", picture.destination), right)
        return Text(f"{left} {there}", no_wrap=True, overflow="crop")

    def _narrow(self, picture: Picture, width: int) -> Text:
        route = picture.route
        line = f"{route.source.text()} {self._glyphs.arrow} {route.destination.text()}"
        ill = "".join(self._ill(side) for side in (picture.source, picture.destination))
        pool = picture.destination.inventory.pool if picture.destination.inventory else None
        full = f"  {pool.name} {pool.capacity} % full" if pool and pool.capacity is not None else ""
        if text.width_of(line + full + ill) <= width:
            line += full
        # A pool that is not well is told whatever else has to be cut.
        room = max(0, width - text.width_of(ill))
        line = text.fit(text.one_line(line), room, ellipsis=self._glyphs.ellipsis) + ill
        return Text(text.fit(line, width), no_wrap=True, overflow="crop")

    def _ill(self, side: Side) -> str:
        pool = side.inventory.pool if side.inventory else None
        if pool is None or pool.health == "ONLINE":
            return ""
        return f"  {self._glyphs.trouble} {text.one_line(f'{pool.name} {pool.health}')}"

    def _side(self, role: str, side: Side) -> str:
        words = [f"{role}  {self._who(side)}"]
        pool = side.inventory.pool if side.inventory else None
        if pool is not None:
            full = "" if pool.capacity is None else f" {pool.capacity} % full"
            health = "" if pool.health == "ONLINE" else f" {pool.health}"
            words.append(f"{pool.name}{full}{health}")
        if side.facts:
            words.append(f"ZFS {side.facts.version.userland}")
        return text.one_line(" · ".join(words))

    def _who(self, side: Side) -> str:
        if side.facts is None:
            return f"{side.location.where} (not reached yet)"
        who = f"{side.facts.user}@{side.facts.hostname}"
        how = side.facts.elevation.value
        return f"{who} ({how})" if how else who
