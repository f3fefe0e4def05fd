"""What all panels share: a list over the route screen that stays fresh and carries deeds out."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.replication.changes import Holds
from sealift.replication.comparison import Comparison
from sealift.ui import dialogs, headline
from sealift.ui.entries import Entry
from sealift.ui.panels.desk import Desk, unreadable
from sealift.ui.screens.listing import MarkScreen
from sealift.zfs.names import BadNameError
from sealift.zfs.parse import ParseError

BUSY = "One thing at a time: the last one is still being done."


class Panel(ABC):
    """One list. `open` shows it, `draw` shows it anew; `closed` is called when it is left."""

    title: str
    columns: tuple[str, ...]
    empty: str
    kind: str  # of `ui.things.THINGS`

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.is_open = False
        self._busy = False
        self._left: Callable[[], None] = _nothing
        self._then: Callable[[], None] = _nothing
        self.list = MarkScreen(
            self.heading,
            self.columns,
            None,
            self._asked,
            empty=self.empty,
            glyphs=desk.glyphs,
            read_only=desk.read_only,
            kind=self.kind,
        )

    @property
    def heading(self) -> str:
        """What stands over the list."""
        return f"{self.title}   {self.desk.picture.route.title}"

    def open(self, left: Callable[[], None]) -> None:
        """Show the list; `left` is called when the operator goes back."""
        self._left = left
        self.is_open = True
        self.draw()
        self.desk.screen.app.push_screen(self.list, lambda _: self._close())
        self.opened()

    def draw(self) -> None:
        """Show what the newest picture holds."""
        self.list.show(self.entries())

    def give_way(self, then: Callable[[], None]) -> None:
        """Leave the list, and do something else in its place."""
        self._then = then
        self.list.dismiss(None)

    @abstractmethod
    def opened(self) -> None:
        """Start to read what the picture does not hold."""

    @abstractmethod
    def entries(self) -> tuple[Entry, ...] | None:
        """The rows; None as long as they are being read."""

    @abstractmethod
    async def act(self, deed: str, ids: tuple[str, ...]) -> None:
        """Do what was asked for, after asking."""

    def _close(self) -> None:
        self.is_open = False
        self._left()
        self._then()

    def _asked(self, deed: str, ids: tuple[str, ...]) -> None:
        if self._busy:
            self.desk.say(BUSY, warning=True)
            return
        self._busy = True
        self.desk.begin(self._one_at_a_time(deed, ids), "panel")

    async def _one_at_a_time(self, deed: str, ids: tuple[str, ...]) -> None:
        try:
            await self.act(deed, ids)
        finally:
            self._busy = False


def _nothing() -> None:
    """What is done if nothing else is."""


class HoldsPanel(Panel):
    """A panel that needs to know who holds what, which the picture does not say.

    The holds are read when it is opened, and again when a picture shows that another number of
    them is on some snapshot. `holds` is None until they were read.
    """

    def __init__(self, desk: Desk) -> None:
        self.holds: Holds | None = None
        self.trouble: Trouble | None = None
        self._seen: frozenset[tuple[str, int]] | None = None
        self._made_of: tuple[Comparison | None, Holds | None, Trouble | None] = (None, None, None)
        self._drawing = False
        self._reading = False
        super().__init__(desk)

    def opened(self) -> None:
        """Read the holds."""
        self._read_again()

    def draw(self) -> None:
        """Show the list anew if anything that it is made of is another."""
        comparison = self.desk.picture.comparison
        made_of = (comparison, self.holds, self.trouble)
        if any(old is not new for old, new in zip(self._made_of, made_of, strict=True)):
            self._made_of = made_of
            if not self._drawing:
                self._drawing = True
                self.desk.begin(self._draw_newest(), "panel-draw")
        if self._seen is not None and comparison and held_in(comparison) != self._seen:
            self._read_again()

    async def _draw_newest(self) -> None:
        """Make the rows in a thread: those of 100,000 snapshots take seconds, and keys go on."""
        made_of = None
        try:
            while self.is_open and made_of is not self._made_of:
                made_of = self._made_of
                entries = await asyncio.to_thread(self.entries)
                if self.is_open:
                    self.list.show(entries)
        finally:
            self._drawing = False

    def entries(self) -> tuple[Entry, ...] | None:
        """The rows; None until both sides and the holds were read, the trouble if that failed."""
        comparison, holds, trouble = self._made_of
        if trouble is not None:
            return (trouble_entry(trouble, len(self.columns)),)
        if comparison is None or holds is None:
            return None
        return self.rows(comparison, holds)

    @abstractmethod
    def rows(self, comparison: Comparison, holds: Holds) -> tuple[Entry, ...]:
        """The rows, once everything is read. Called in a thread: it touches nothing on screen."""

    def _read_again(self) -> None:
        if not self._reading and self.is_open:
            self._reading = True
            self.desk.begin(self.read_holds(), "panel-holds")

    async def read_holds(self) -> None:
        """Ask both hosts who holds what."""
        self._reading = True
        try:
            holds = await self.desk.changes.holds()
        except TroubleError as error:
            self.trouble = error.trouble
        except (ParseError, BadNameError) as error:
            self.trouble = Trouble("command-failed", "zfs holds", unreadable(error))
        else:
            self.holds, self.trouble = holds, None
            comparison = self.desk.picture.comparison
            self._seen = held_in(comparison) if comparison else None
        finally:
            self._reading = False
        if self.is_open:
            self.draw()


def held_in(comparison: Comparison) -> frozenset[tuple[str, int]]:
    """How many holds there are on each held snapshot of both trees, as the listings say."""
    return frozenset(
        (f"{inventory is comparison.source} {held.dataset.name}@{each.name}", each.userrefs)
        for inventory in (comparison.source, comparison.destination)
        for held in inventory.datasets.values()
        for each in held.snapshots
        if each.userrefs
    )


def trouble_entry(trouble: Trouble, columns: int) -> Entry:
    """A trouble in the place of rows."""
    cells = (trouble.host, trouble.what, *("" for _ in range(columns)))[:columns]
    details = tuple(dialogs.trouble_paragraphs(trouble))
    return Entry(f"trouble {trouble.finding}", headline.PROBLEM, cells, details, (), kind="trouble")
