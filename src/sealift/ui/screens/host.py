"""The checklist of one host."""

from __future__ import annotations

from collections.abc import Callable

from sealift.actions import LIST, NEW_ROUTE, REFRESH
from sealift.ui import first_rows
from sealift.ui.bindings import bindings
from sealift.ui.entries import Entry
from sealift.ui.screens.listing import ListScreen
from sealift.ui.text import Glyphs


class HostScreen(ListScreen):
    """What was seen of a host; `again` looks anew, `new_route` begins a route."""

    _always = (*LIST, NEW_ROUTE, REFRESH)
    BINDINGS = bindings((NEW_ROUTE, REFRESH))

    def __init__(
        self,
        where: str,
        entries: tuple[Entry, ...] | None,
        act: Callable[[str, tuple[str, ...]], None],
        *,
        new_route: Callable[[], None],
        again: Callable[[], None],
        glyphs: Glyphs,
        read_only: bool,
    ) -> None:
        super().__init__(
            f"{where}: what it has, and what we may do there",
            first_rows.CHECKS,
            entries,
            act,
            empty="It said nothing.",
            glyphs=glyphs,
            read_only=read_only,
        )
        self._new_route = new_route
        self._again = again

    def action_new_route(self) -> None:
        """Begin a new route."""
        self._new_route()

    def action_refresh(self) -> None:
        """Look at the host again."""
        self._again()
