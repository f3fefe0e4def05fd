"""A list that is the program's first screen: there is nothing to go back to from it."""

from __future__ import annotations

from collections.abc import Callable

from sealift.actions import LIST, TOP
from sealift.ui.bindings import bindings
from sealift.ui.entries import Entry
from sealift.ui.screens.listing import ListScreen
from sealift.ui.text import Glyphs


class TopScreen(ListScreen):
    """Escape only clears the filter, `q` ends the program. `new_route` begins one."""

    _always = (*(each for each in LIST if each.id not in {"back", "leave"}), *TOP)
    BINDINGS = bindings(TOP)

    def __init__(
        self,
        title: str,
        columns: tuple[str, ...],
        entries: tuple[Entry, ...] | None,
        act: Callable[[str, tuple[str, ...]], None],
        *,
        new_route: Callable[[], None],
        empty: str,
        glyphs: Glyphs,
        read_only: bool,
    ) -> None:
        super().__init__(
            title, columns, entries, act, empty=empty, glyphs=glyphs, read_only=read_only
        )
        self._new_route = new_route

    def action_new_route(self) -> None:
        """Begin a new route."""
        self._new_route()

    def action_clear(self) -> None:
        """Out of the filter. There is nothing to go back to."""
        if self.query_one("#filter-line").display:
            self.action_back()
