"""A new route: chosen setting by setting, opened once, or written into the config after asking."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING

from sealift.chains import onto_itself
from sealift.config.reading import wrong_name
from sealift.config.settings import NOWHERE, SETTINGS, Setup
from sealift.config.writing import Draft, draft, target, write
from sealift.hosts.gate import Gate
from sealift.hosts.trouble import TroubleError
from sealift.routes import Location, Role
from sealift.ui import dialogs, first_rows
from sealift.ui import new_route_rows as rows
from sealift.ui.entries import Entry
from sealift.ui.looks import Looks
from sealift.ui.screens.asking import Asking
from sealift.ui.screens.dialog import Choice, Copied, Dialog
from sealift.ui.screens.listing import ListScreen

if TYPE_CHECKING:
    from sealift.ui.app import SealiftApp

TITLE = "New route"
_WORKERS = "new-route"
_TAKE = [Choice("take", "Take it")]
Put = Callable[[Setup, str], Setup]


class NewRoute:
    """The form, and the list of places that a source or a destination is chosen from.

    `opened` is told to open the route without writing it down, `written` that it is in the config.
    """

    def __init__(
        self,
        app: SealiftApp,
        looks: Looks,
        opened: Callable[[Setup], None],
        written: Callable[[Setup], None],
    ) -> None:
        self._app = app
        self._looks = looks
        self._opened = opened
        self._written = written
        self._into = target(app.options.config)
        self._setup = app.options.template
        self._choosing: tuple[Role, ListScreen] | None = None
        self._screen = self._list(TITLE, rows.COLUMNS, self._act)

    @property
    def draft(self) -> Draft:
        """What it would be in the config, which is read again if somebody changed it."""
        self._into = target(self._app.options.config, self._into)
        return draft(self._setup, self._into)

    def show(self, source: Location | None, destination: Location | None) -> None:
        """Show the form. What was chosen already is in it."""
        stop = self._looks.subscribe(self._draw)
        self._app.push_screen(self._screen, lambda _: stop())
        self._draw()
        if source is not None:
            self._take("source", source)
        if destination is not None:
            self._take("destination", destination)

    def _list(
        self,
        title: str,
        columns: tuple[str, ...],
        act: Callable[[str, tuple[str, ...]], None],
        entries: tuple[Entry, ...] | None = None,
    ) -> ListScreen:
        glyphs, read_only = self._app.glyphs, self._app.options.read_only
        return ListScreen(
            title, columns, entries, act, empty="", glyphs=glyphs, read_only=read_only
        )

    def _draw(self) -> None:
        if self._screen in self._app.screen_stack:
            wanted = self.draft
            others = self._into.routes
            self._screen.show(rows.form_rows(self._setup, wanted, self._looks.seen, others))
        if self._choosing is not None:
            role, screen = self._choosing
            screen.show(self._places(role))

    def _change(self, setup: Setup) -> None:
        self._setup = setup
        self._draw()

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        self._app.run_worker(work, group=_WORKERS)

    def _act(self, deed: str, ids: tuple[str, ...]) -> None:
        if deed == "open":
            self._edit(ids[0])
        elif deed == "open_once":
            self._opened(self._setup)
        elif deed == "copy_table":
            self._app.push_screen(Copied(self.draft.table))
        elif deed == "write":
            wanted = self.draft
            self._begin(self._paste(wanted) if wanted.paste else self._write(wanted))

    # One setting

    def _edit(self, name: str) -> None:
        setup, route = self._setup, self._setup.route
        if name in (rows.SOURCE, rows.DESTINATION):
            self._choose("source" if name == rows.SOURCE else "destination")
        elif name == rows.PURPOSE:
            other = rows.other_purpose(route.purpose)
            self._change(replace(setup, route=replace(route, purpose=other)))
        elif name == rows.NAME:
            self._begin(self._ask(name, route.name, _named))
        elif name == rows.PREFIX:
            self._begin(self._ask(name, rows.prefix_of(setup), rows.with_prefix))
        else:
            value = str(SETTINGS[name].get(setup))
            self._begin(self._ask(name, value, SETTINGS[name].put))

    async def _ask(self, name: str, value: str, put: Put) -> None:
        said: tuple[str, ...] = ()
        while True:
            words = [rows.HELP[name], *said]
            dialog = Asking(
                f"{TITLE}: {name}", words, _TAKE, label=name, value=value, cancel="Back"
            )
            if await self._app.push_screen_wait(dialog) == "cancel":
                return
            value = dialog.written.strip()
            try:
                self._change(put(self._setup, value))
            except ValueError as error:  # BadValueError, BadNameError, BadLocationError
                said = (f"{name}: {error}",)
            else:
                return

    # Source and destination

    def _choose(self, role: Role) -> None:
        screen = self._list(
            f"{TITLE}: {role}",
            rows.PLACE_COLUMNS,
            lambda deed, ids: self._chosen(role, deed, ids[0]),
            self._places(role),
        )
        self._choosing = (role, screen)
        self._app.push_screen(screen, self._chosen_or_left)

    def _chosen_or_left(self, _: None) -> None:
        self._choosing = None

    def _places(self, role: Role) -> tuple[Entry, ...]:
        looks = self._looks
        return rows.place_rows(looks.places, looks.seen, looks.looking, role, self._app.glyphs)

    def _chosen(self, role: Role, deed: str, identity: str) -> None:
        host = first_rows.host_of(identity)
        if deed == "open" and first_rows.host_id(host) == identity and host in self._looks.places:
            self._looks.begin(host)
            return
        if self._choosing is not None:
            self._choosing[1].dismiss(None)
        if deed == "open":
            self._take(role, Location.parse(identity))
        else:
            place = self._setup.route.source if role == "source" else self._setup.route.destination
            self._type(role, "" if place == NOWHERE else place.text())

    def _take(self, role: Role, place: Location) -> None:
        """A source is taken as it is; a destination is, mostly, to be made below what is there."""
        if role == "destination":
            self._type(role, rows.below(place, self._setup.route.source))
            return
        try:
            setup = self._placed(role)(self._setup, place.text())
        except ValueError:  # it is the destination: asking says so, and takes another
            self._type(role, place.text())
        else:
            self._change(setup)

    def _type(self, role: Role, value: str) -> None:
        self._begin(self._ask(role, value, self._placed(role)))

    def _placed(self, role: Role) -> Put:
        """Puts a place where the other end is not; a name that nobody gave follows the source."""

        def put(setup: Setup, words: str) -> Setup:
            usual = rows.name_for(setup.route.source, self._into.routes)
            setup = SETTINGS[role].put(setup, words)
            route = setup.route
            if wrong := onto_itself(route):
                raise ValueError(wrong)
            if route.name != usual:
                return setup
            name = rows.name_for(route.source, self._into.routes)
            return replace(setup, route=replace(route, name=name))

        return put

    # What becomes of it

    async def _paste(self, wanted: Draft) -> None:
        words = [
            f"Sealift does not write to {wanted.file}: {wanted.refusal}.",
            wanted.table.rstrip(),
        ]
        await self._app.push_screen_wait(
            Dialog(f"{TITLE}: to be pasted", words, copy=wanted.table, cancel="Back")
        )

    async def _write(self, wanted: Draft) -> None:
        setup = self._setup
        words = rows.write_paragraphs(setup, wanted, self._into.routes)
        dialog = Dialog(
            f"{TITLE}: write it down",
            words,
            [Choice("write", "Write it", "change")],
            copy=wanted.table,
        )
        if await self._app.push_screen_wait(dialog) != "write":
            return
        try:
            write(wanted, Gate(read_only=self._app.options.read_only))
        except TroubleError as error:
            words = [*dialogs.trouble_paragraphs(error.trouble), wanted.table.rstrip()]
            await self._app.push_screen_wait(
                Dialog("Not written", words, copy=wanted.table, cancel="Back")
            )
            self._draw()
            return
        self._written(setup)


def _named(setup: Setup, words: str) -> Setup:
    if wrong := wrong_name(words):
        raise ValueError(f"{wrong[0]}. {wrong[1]}")
    return replace(setup, route=replace(setup.route, name=words))
