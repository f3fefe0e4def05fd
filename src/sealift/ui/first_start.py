"""The first screen and the checklists of hosts: what to begin with where there is no route yet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from sealift.routes import Location
from sealift.ui import first_rows
from sealift.ui.entries import Entry
from sealift.ui.first_rows import DEMO, NEW, OTHER
from sealift.ui.host_key import ask_host_key
from sealift.ui.looks import Looks
from sealift.ui.screens.asking import Asking
from sealift.ui.screens.dialog import Choice
from sealift.ui.screens.host import HostScreen
from sealift.ui.screens.top import TopScreen
from sealift.zfs.names import check_dataset

if TYPE_CHECKING:
    from sealift.ui.app import SealiftApp

TITLE = "Sealift: no route yet. Begin with"
_WORKERS = "first"


class FirstStart:
    """The first screen. `new_route` is called with a source and a destination, where chosen."""

    def __init__(
        self,
        app: SealiftApp,
        looks: Looks,
        new_route: Callable[[Location | None, Location | None], None],
    ) -> None:
        self._app = app
        self._looks = looks
        self._new_route = new_route
        self._read_only = app.options.read_only
        self._checks: HostScreen | None = None
        self._where = ""
        self._screen = TopScreen(
            TITLE,
            first_rows.COLUMNS,
            self._rows(),
            self._act,
            new_route=lambda: new_route(None, None),
            empty="",
            glyphs=app.glyphs,
            read_only=self._read_only,
        )

    def show(self) -> None:
        """Show it. No host is looked at before it is chosen."""
        self._looks.subscribe(self._draw)
        self._app.push_screen(self._screen)
        for words in self._looks.unread:
            self._app.notify(words, title="ssh_config", severity="warning", markup=False)

    def _rows(self) -> tuple[Entry, ...]:
        looks = self._looks
        places = [(where, looks.origin[where]) for where in looks.places]
        return first_rows.first_rows(places, looks.seen, looks.looking, self._app.glyphs)

    def _draw(self) -> None:
        if self._screen not in self._app.screen_stack:
            return
        self._screen.show(self._rows())
        if self._checks is not None:
            self._checks.show(self._check_rows())

    def _act(self, _: str, ids: tuple[str, ...]) -> None:
        if ids[0] == DEMO:
            self._app.begin_demo()
        elif ids[0] == OTHER:
            self._app.run_worker(self._ask_host(), group=_WORKERS)
        elif ids[0] == NEW:
            self._new_route(None, None)
        else:
            self._open(first_rows.host_of(ids[0]))

    async def _ask_host(self) -> None:
        said: tuple[str, ...] = ()
        written = ""
        while True:
            dialog = Asking(
                "Another host",
                ["It is looked at, and nothing on it is changed.", *said],
                [Choice("look", "Look at it")],
                label="[user@]host",
                value=written,
                cancel="Back",
            )
            if await self._app.push_screen_wait(dialog) == "cancel":
                return
            written = dialog.written.strip()
            try:
                place = self._looks.add(written)
            except ValueError as error:  # BadLocationError, BadNameError
                said = (str(error),)
            else:
                self._open(place.where)
                return

    # One host

    def _open(self, where: str) -> None:
        """Show the checklist of a host, which is looked at if it was not seen in order before."""
        self._where = where
        look = self._looks.seen.get(where)
        if look is None or look.trouble is not None:
            self._looks.begin(where)
        self._checks = HostScreen(
            where,
            self._check_rows(),
            self._act_on_host,
            new_route=lambda: self._new_route(None, None),
            again=lambda: self._looks.begin(where),
            glyphs=self._app.glyphs,
            read_only=self._read_only,
        )
        self._app.push_screen(self._checks, self._left)

    def _left(self, _: None) -> None:
        self._checks = None

    def _check_rows(self) -> tuple[Entry, ...] | None:
        """None while it is being looked at: what was seen before may be wrong now."""
        look = self._looks.seen.get(self._where)
        if look is None or self._where in self._looks.looking:
            return None
        return first_rows.check_rows(look)

    def _act_on_host(self, deed: str, ids: tuple[str, ...]) -> None:
        if deed == "open":
            self._app.run_worker(self._ask_key(self._where), group=_WORKERS)
            return
        place = self._looks.places[self._where]
        chosen = Location(place.user, place.host, check_dataset(ids[0]))
        if deed == "route_from":
            self._new_route(chosen, None)
        else:
            self._new_route(None, chosen)

    async def _ask_key(self, where: str) -> None:
        key = self._looks.seen[where].unknown_key
        if key is not None:
            accept = partial(self._looks.accept, where)
            await ask_host_key(self._app, where, key, accept, read_only=self._read_only)
