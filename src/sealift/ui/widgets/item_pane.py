"""Items of several lines each, and a cursor that goes from one to the next."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from sealift.ui.playbook_rows import Item
from sealift.ui.text import Glyphs
from sealift.ui.widgets.entry_pane import EntryPane

_GUTTER = 2  # cells at the left that show where the cursor is


class ItemPane(ScrollView, can_focus=True):
    """The items that `write` makes for a width in cells; written anew when that changes.

    `moved` is called after another item, or another version of it, is current.
    """

    ALLOW_SELECT = False
    BINDINGS = EntryPane.BINDINGS  # every list moves by the same keys
    COMPONENT_CLASSES = {
        "item-pane--ok",
        "item-pane--info",
        "item-pane--warning",
        "item-pane--problem",
        "item-pane--unknown",
        "item-pane--running",
        "item-pane--strong",
        "item-pane--muted",
        "item-pane--cursor",
    }
    DEFAULT_CSS = """
    ItemPane {
        height: 1fr;
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        & > .item-pane--ok { color: $text-success; }
        & > .item-pane--info { color: $foreground; }
        & > .item-pane--warning { color: $text-warning; text-style: bold; }
        & > .item-pane--problem { color: $text-error; text-style: bold; }
        & > .item-pane--unknown { color: $text-warning; }
        & > .item-pane--running { color: $text-accent; }
        & > .item-pane--strong { text-style: bold; }
        & > .item-pane--muted { color: $text-muted; }
        & > .item-pane--cursor { text-style: underline; }
        &:focus > .item-pane--cursor { text-style: reverse; }
    }
    """

    def __init__(
        self, write: Callable[[int], tuple[Item, ...]], glyphs: Glyphs, moved: Callable[[], None]
    ) -> None:
        super().__init__(id="items")
        self._write = write
        self._glyphs = glyphs
        self._moved = moved
        self._items: tuple[Item, ...] = ()
        self._starts: list[int] = [0]  # the line on which each begins, and the one after the last
        self._cursor = 0
        self._styles: dict[tuple[str, bool], Style] = {}

    @property
    def current(self) -> Item | None:
        """The item under the cursor, None before anything was written."""
        return self._items[self._cursor] if self._items else None

    def draw(self) -> None:
        """Write the items anew. The cursor stays on its item, and that where it is on the screen.

        If it is gone, the cursor goes to the nearest one that is left; if it is not in sight, the
        item at the top of the screen stays there.
        """
        width = self.scrollable_content_region.width - _GUTTER
        if width <= 0:
            return  # not laid out yet: `on_resize` comes
        before, starts, top = self._items, self._starts, self.scroll_offset.y
        cursor, first = self._cursor, self._index_at(top)
        in_sight = bool(before) and starts[cursor] < top + self._page and starts[cursor + 1] > top
        items = self._write(width)
        if items == self._items:
            return  # a slow terminal is spared what it shows already
        self._items = items
        self._starts = [0, *accumulate(len(item.lines) for item in self._items)]
        self._cursor = self._place(before, cursor)
        self.virtual_size = Size(0, self._starts[-1])
        if in_sight:
            line = self._starts[self._cursor] - (starts[cursor] - top)
        else:
            line = self._starts[self._place(before, first)] + top - starts[first] if before else 0
        self._scroll(line)
        if in_sight:
            self._scroll_to_cursor()
        self.refresh()
        self._moved()

    def _place(self, before: tuple[Item, ...], at: int) -> int:
        """Where the item is now that was at `at`, or else its nearest neighbour that is there."""
        places = {item.id: index for index, item in enumerate(self._items) if item.id}
        for distance in range(len(before)):
            for near in (at - distance, at + distance):
                if 0 <= near < len(before) and before[near].id in places:
                    return places[before[near].id]
        return 0

    # Moving

    def action_move(self, by: int) -> None:
        """To the next or the last item; a line only where the current one is not all in sight."""
        if not self._items:
            return
        top, end = self._block(self._cursor)
        if by > 0 and end > self.scroll_offset.y + self._page and end - top > self._page:
            self._scroll(self.scroll_offset.y + 1)
        elif by < 0 and top < self.scroll_offset.y and end - top > self._page:
            self._scroll(self.scroll_offset.y - 1)
        else:
            self._move_to(self._next(self._cursor, 1 if by > 0 else -1))

    def action_page(self, pages: float) -> None:
        """Move the cursor by a part of the visible height."""
        step = 1 if pages > 0 else -1
        line = self._starts[self._cursor] + int(pages * self._page)
        target = self._index_at(max(0, min(line, self._starts[-1] - 1)))
        if self._items and not self._items[target].id:
            target = self._next(target, step)
        if target == self._cursor:
            target = self._next(target, step)
        self._move_to(target)

    def action_go(self, index: int) -> None:
        """To the first item (0) or the last one (-1)."""
        if self._items:
            self._move_to(self._next(-1, 1) if index >= 0 else self._next(len(self._items), -1))

    def go_to(self, identity: str) -> None:
        """To the item of this id, if there is one."""
        for index, item in enumerate(self._items):
            if item.id == identity:
                self._move_to(index)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        offset = event.get_content_offset(self)
        if offset is None or self.scroll_offset.y + offset.y >= self._starts[-1]:
            return
        index = self._index_at(self.scroll_offset.y + offset.y)
        if self._items[index].id:
            self._move_to(index)

    def _move_to(self, index: int) -> None:
        if index != self._cursor:
            self._cursor = index
            self.refresh()
            self._moved()
        self._scroll_to_cursor()

    def _next(self, index: int, step: int) -> int:
        """The next item in a direction that the cursor can be on, else where it is now."""
        near = index + step
        while 0 <= near < len(self._items):
            if self._items[near].id:
                return near
            near += step
        return self._cursor

    # Scrolling

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _index_at(self, line: int) -> int:
        """The item that a line belongs to."""
        ends = enumerate(self._starts[1:])
        return next((index for index, end in ends if line < end), max(0, len(self._items) - 1))

    def _block(self, index: int) -> tuple[int, int]:
        """Where an item begins, its heading included, and the line after its end."""
        start = index
        while start > 0 and not self._items[start - 1].id:
            start -= 1
        return self._starts[start], self._starts[index + 1]

    def _scroll(self, line: int) -> None:
        self.scroll_to(y=line, animate=False, force=True, immediate=True)

    def _scroll_to_cursor(self) -> None:
        """All of the item into sight; its beginning if it is higher than the screen."""
        if not self._items:
            return
        top, end = self._block(self._cursor)
        line = max(self.scroll_offset.y, end - self._page)
        self._scroll(min(line, top))

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Draw one line of the visible part."""
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        blank = self._style("", cursor=False)
        if number >= self._starts[-1]:
            return Strip.blank(width, blank)
        index = self._index_at(number)
        first, here = number == self._starts[index], index == self._cursor
        gutter = ""
        if here:
            gutter = self._glyphs.closed if first else self._glyphs.bar
        line = self._items[index].lines[number - self._starts[index]]
        segments = [
            Segment(f"{gutter:{_GUTTER}}", self._style("strong", cursor=False)),
            *(Segment(each.words, self._style(each.look, cursor=here and first)) for each in line),
        ]
        return Strip(segments).adjust_cell_length(width, blank)

    def _style(self, look: str, *, cursor: bool) -> Style:
        style = self._styles.get((look, cursor))
        if style is None:
            style = self.rich_style
            if look:
                style = self.get_component_rich_style(f"item-pane--{look}")
            if cursor:
                style += self.get_component_rich_style("item-pane--cursor", partial=True)
            self._styles[look, cursor] = style
        return style

    def notify_style_update(self) -> None:
        """Forget what was drawn in other colours."""
        super().notify_style_update()
        self._styles.clear()

    def on_resize(self) -> None:
        """Other lines fit now; the cursor stays in sight."""
        self.draw()
        self._scroll_to_cursor()
