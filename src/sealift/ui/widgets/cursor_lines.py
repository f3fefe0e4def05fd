"""Lines that are drawn on demand, one of them under the cursor: what lists and trees share."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.scroll_view import ScrollView


class CursorLines(ScrollView, can_focus=True):
    """Moves a cursor over `_count` lines, and keeps it in sight.

    Whoever draws them says how many there are, what its component classes begin with, what is to
    be done when the cursor stands elsewhere, and what it forgets when the colours change.
    """

    ALLOW_SELECT = False
    STYLES_OF: ClassVar[str] = ""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._cursor = 0
        self._styles: dict[tuple[str, bool], Style] = {}

    @property
    def _count(self) -> int:
        raise NotImplementedError

    def _cursor_moved(self) -> None:
        raise NotImplementedError

    def _forget_drawn(self) -> None:
        raise NotImplementedError

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, the nearest one if there is no such row."""
        old, new = self._cursor, max(0, min(index, self._count - 1))
        if new != old:
            self._cursor = new
            self.refresh_line(old)
            self.refresh_line(new)
            self._cursor_moved()
        self._scroll_to_cursor()

    def action_move(self, rows: int) -> None:
        """Move the cursor by a number of rows."""
        self.move_to(self._cursor + rows)

    def action_page(self, pages: float) -> None:
        """Move the cursor by a part of the visible height."""
        step = max(1, int(self._page * abs(pages)))
        self.move_to(self._cursor + (step if pages > 0 else -step))

    def action_go(self, index: int) -> None:
        """To the first row (0) or the last one (-1)."""
        self.move_to(index if index >= 0 else self._count - 1)

    def notify_style_update(self) -> None:
        """Forget what was drawn in other colours."""
        super().notify_style_update()
        self._styles.clear()
        self._forget_drawn()

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _scroll_to_cursor(self) -> None:
        top = self.scroll_offset.y
        new = min(max(top, self._cursor - self._page + 1), self._cursor)
        if new != top:
            self.scroll_to(y=new, animate=False, force=True, immediate=True)

    def _style(self, name: str, *, cursor: bool) -> Style:
        style = self._styles.get((name, cursor))
        if style is None:
            style = (
                self.get_component_rich_style(f"{self.STYLES_OF}--{name}")
                if name
                else self.rich_style
            )
            if cursor:
                style += self.get_component_rich_style(f"{self.STYLES_OF}--cursor", partial=True)
            self._styles[name, cursor] = style
        return style
