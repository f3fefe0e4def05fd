"""A list of things of one kind, what is known of the one under the cursor, and what can be done.

Jobs, resume tokens, holds and prune are this one screen. It knows nothing of ZFS: whoever opens it
gives it entries, and is told which deed was asked for on which of them. It holds only cursor,
marks, filter and scroll. Lines are drawn on demand, so that 10,000 of them cost no more than those
in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap
from textual.cache import LRUCache
from textual.containers import Container, Horizontal, VerticalScroll
from textual.geometry import Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import Footer, Input, Label, Static

from sealift.ui import headline, text
from sealift.ui.screens.dialog import Copied, Dialog
from sealift.ui.text import Glyphs
from sealift.zfs.commands import Effect
from sealift.zfs.names import printable

WIDE = 140

READING = "reading"
NOTHING_MATCHES = "Nothing matches the filter."
READ_ONLY = "This session is read-only."  # the words of the route screen

_GAP = "  "
_MARK = "*"
_LEAST = 4  # a column is not cut below this many cells
_STRIPS = 1024
_REST = 0.08  # seconds; a key that is held down comes again sooner
_KEYS = """\
space    mark a row; what is done is done with all that are marked
/        show only rows with a text in them, !text those without it
y        copy the row, and show it in a box
j k      one row (also up and down)
g G      first, last row (also home and end)
ctrl+d u half a page; page keys: a whole one
tab      to the details, where the same keys scroll, and back
esc      back; clears the filter first
q        back to the screen below"""
_LEVELS = (headline.OK, headline.INFO, headline.WARNING, headline.PROBLEM)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that can be done with an entry.

    `key` is Textual's name of its key, which must not be one of the screen's own (`RESERVED`).
    `effect` is what it can lead to once it is confirmed; more than reading is off in a read-only
    session. `refusal` says why it cannot be done now; empty if it can.
    """

    key: str
    id: str
    title: str
    effect: Effect
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row. `id` names the thing itself, once in a list: cursor and marks stay with it.

    `level` is one of `ui.headline` and decides glyph and colour. `cells` has a text for every
    column, `details` the paragraphs that are shown while the cursor is on it. Both may hold
    whatever a host said: they are made harmless where they are drawn. `grey` is a row that is no
    longer kept new; its texts say so too.
    """

    id: str
    level: str
    cells: tuple[str, ...]
    details: tuple[str, ...]
    deeds: tuple[Deed, ...]
    grey: bool = False


def glyph_of(level: str, glyphs: Glyphs) -> str:
    """The sign of a level, another one for each: no row depends on its colour."""
    return {
        headline.OK: glyphs.ok,
        headline.INFO: glyphs.none,
        headline.WARNING: glyphs.behind,
        headline.PROBLEM: glyphs.trouble,
    }[level]


def matching(entries: Sequence[Entry], words: str) -> tuple[Entry, ...]:
    """The entries with a cell that holds `words`, in any case; with a `!` in front, the others."""
    word = words.strip().removeprefix("!").lower()
    if not word:
        return tuple(entries)
    inverse = words.strip().startswith("!")
    return tuple(
        entry
        for entry in entries
        if any(word in cell.lower() for cell in entry.cells) is not inverse
    )


def column_widths(natural: Sequence[int], room: int) -> tuple[int, ...]:
    """Cells for each column: what its widest text takes; where all do not fit, the widest give."""
    widest = max(_LEAST, min(max(natural, default=0), room))
    while widest > _LEAST and sum(min(each, widest) for each in natural) > room:
        widest -= 1
    return tuple(min(each, widest) for each in natural)


def offered(targets: Sequence[Entry]) -> tuple[Deed, ...]:
    """What can be done with all of these at once, in the order in which they offer it.

    A deed that one of several refuses, or does not know, is refused for all, with its name.
    """
    if len(targets) == 1:
        return targets[0].deeds
    deeds: dict[str, Deed] = {}
    known: dict[str, int] = {}
    for entry in targets:
        for deed in entry.deeds:
            known[deed.id] = known.get(deed.id, 0) + 1
            before = deeds.get(deed.id)
            if before is None or (deed.refusal and not before.refusal):
                name = text.one_line(entry.cells[0]) if entry.cells else entry.id
                refusal = f"{name}: {deed.refusal}" if deed.refusal else ""
                deeds[deed.id] = replace(deed, refusal=refusal)
    return tuple(
        deed
        if known[deed.id] == len(targets)
        else replace(deed, refusal="Not for everything that is marked.")
        for deed in deeds.values()
    )


class EntryPane(ScrollView, can_focus=True):
    """The rows. `moved` is called after another row, or another version of it, is current.

    It is called at once and not by a message: a deed's key that follows a cursor key has to find
    the deeds of the new row.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES = {
        "entry-pane--ok",
        "entry-pane--info",
        "entry-pane--warning",
        "entry-pane--problem",
        "entry-pane--marked",
        "entry-pane--grey",
        "entry-pane--notice",
        "entry-pane--cursor",
    }
    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False, id="list.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="list.down"),
        Binding("pageup", "page(-1.0)", "Page up", show=False, id="list.page-up"),
        Binding("pagedown", "page(1.0)", "Page down", show=False, id="list.page-down"),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False, id="list.half-up"),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False, id="list.half-down"),
        Binding("home,g", "go(0)", "First row", show=False, id="list.first"),
        Binding("end,G", "go(-1)", "Last row", show=False, id="list.last"),
    ]

    def __init__(
        self, columns: tuple[str, ...], empty: str, glyphs: Glyphs, moved: Callable[[], None]
    ) -> None:
        super().__init__(id="rows")
        self._columns = columns
        self._empty = empty
        self._glyphs = glyphs
        self._moved = moved
        self._entries: tuple[Entry, ...] | None = None
        self._shown: tuple[Entry, ...] = ()
        self._natural: tuple[int, ...] = ()
        self._cursor = 0
        # The id the cursor belongs to, also while a filter hides it. Empty until it was moved: what
        # answers later may come first in the list, and the first row is what matters.
        self._wanted = ""
        self._marks: frozenset[str] = frozenset()
        self._filter = ""
        self._styles: dict[tuple[str, bool], Style] = {}
        self._strips: LRUCache[tuple[int, int, bool, bool], Strip] = LRUCache(_STRIPS)

    # What is there

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every entry, those too that the filter hides."""
        return self._entries or ()

    @property
    def shown(self) -> tuple[Entry, ...]:
        """The entries that the filter lets through."""
        return self._shown

    @property
    def marks(self) -> frozenset[str]:
        """The ids that are marked."""
        return self._marks

    @property
    def current(self) -> Entry | None:
        """The entry under the cursor, None if there is none at all."""
        return self._shown[self._cursor] if self._shown else None

    @property
    def targets(self) -> tuple[Entry, ...]:
        """What a deed is done with: all that is marked, or else the entry under the cursor."""
        if self._marks:
            return tuple(entry for entry in self.entries if entry.id in self._marks)
        return () if self.current is None else (self.current,)

    @property
    def notice(self) -> str:
        """What stands in the place of rows; empty if there are rows."""
        if self._entries is None:
            return READING + self._glyphs.ellipsis
        if not self._entries:
            return self._empty
        return "" if self._shown else NOTHING_MATCHES

    # Changing it

    def show(self, entries: tuple[Entry, ...] | None) -> None:
        """Other entries, None while they are being read. Raises `ValueError` for missing cells."""
        if entries == self._entries and entries is not None:
            return
        natural = [text.width_of(column) for column in self._columns]
        for entry in entries or ():
            widths = (text.width_of(text.one_line(cell)) for cell in entry.cells)
            natural = [max(pair) for pair in zip(natural, widths, strict=True)]
        redraw = tuple(natural) != self._natural
        self._natural = tuple(natural)
        self._entries = entries
        if entries is not None:
            self._marks &= {entry.id for entry in entries}
        self._rebuild(redraw=redraw)
        if (
            self._wanted
            and entries is not None
            and all(entry.id != self._wanted for entry in entries)
        ):
            self._wanted = self.current.id if self.current else ""

    def set_filter(self, words: str) -> None:
        """Show only what matches (`matching`); an empty text shows everything."""
        self._filter = words
        self._rebuild(redraw=False)

    def toggle_mark(self) -> None:
        """Mark the entry under the cursor, or not any more, and go on to the next."""
        if self.current is not None:
            self._marks ^= {self.current.id}
            self.refresh_line(self._cursor)
            self.move_to(self._cursor + 1)
            self._moved()

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, the nearest one if there is no such row."""
        old, new = self._cursor, max(0, min(index, len(self._shown) - 1))
        if new != old:
            self._cursor = new
            self._wanted = self._shown[new].id
            self.refresh_line(old)
            self.refresh_line(new)
            self._moved()
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
        self.move_to(index if index >= 0 else len(self._shown) - 1)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        offset = event.get_content_offset(self)
        if offset is not None and self.scroll_offset.y + offset.y < len(self._shown):
            self.move_to(self.scroll_offset.y + offset.y)

    def _rebuild(self, *, redraw: bool) -> None:
        before, at, top = self._shown, self._cursor, self.scroll_offset.y
        seen = self._in_sight()
        self._shown = matching(self.entries, self._filter)
        places = {entry.id: index for index, entry in enumerate(self._shown)}
        self._cursor = _place(places, before, at, self._wanted) if self._wanted else 0
        # What stays where it is on the screen: the cursor if it is in sight, or the top row.
        in_sight = 0 <= at - top < self._page
        new_top = self._cursor - (at - top) if in_sight else _place(places, before, top, "")
        self._strips.clear()
        if len(self._shown) != len(before):
            self.virtual_size = Size(0, len(self._shown))
        self.scroll_to(y=new_top, animate=False, force=True, immediate=True)
        if in_sight:
            self._scroll_to_cursor()
        if redraw or self.scroll_offset.y != top or not (seen and self._shown):
            self.refresh()
        else:
            pairs = zip_longest(seen, self._in_sight())
            for line in (y for y, (old, new) in enumerate(pairs) if old != new):
                self.refresh_line(top + line)
        self._moved()

    def _in_sight(self) -> list[tuple[Entry, bool, bool]]:
        """What decides how each visible line is drawn: its entry, its mark, the cursor."""
        top = self.scroll_offset.y
        return [
            (entry, entry.id in self._marks, index == self._cursor)
            for index, entry in enumerate(self._shown[top : top + self._page], top)
        ]

    def _scroll_to_cursor(self) -> None:
        top = self.scroll_offset.y
        new = min(max(top, self._cursor - self._page + 1), self._cursor)
        if new != top:
            self.scroll_to(y=new, animate=False, force=True, immediate=True)

    # Drawing

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height)

    @property
    def _widths(self) -> tuple[int, ...]:
        gaps = len(_GAP) * max(0, len(self._columns) - 1)
        room = self.scrollable_content_region.width - text.width_of(self._prefix("", "")) - gaps
        return column_widths(self._natural, room)

    def _prefix(self, mark: str, level: str) -> str:
        signs = {each: glyph_of(each, self._glyphs) for each in _LEVELS}
        width = max(text.width_of(sign) for sign in signs.values())
        return f"{mark:1} {text.fit(signs.get(level, ''), width)} "

    @property
    def heading(self) -> str:
        """The names of the columns, over the texts."""
        return self._prefix("", "") + self._row(self._columns)

    def cut(self, entry: Entry) -> tuple[tuple[str, str], ...]:
        """The columns in which an entry is shown shortened, each with its whole text."""
        return tuple(
            (column, text.one_line(cell))
            for column, cell, width in zip(self._columns, entry.cells, self._widths, strict=True)
            if text.width_of(text.one_line(cell)) > width
        )

    def _row(self, cells: tuple[str, ...]) -> str:
        fitted = (
            text.fit(text.one_line(cell), width, ellipsis=self._glyphs.ellipsis)
            for cell, width in zip(cells, self._widths, strict=True)
        )
        return _GAP.join(fitted)

    def render_line(self, y: int) -> Strip:
        """Draw one line of the visible part."""
        index, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if index >= len(self._shown):
            notice = Segment(self.notice if y == 0 else "", self._style("notice", cursor=False))
            return Strip([notice]).adjust_cell_length(width, self._style("", cursor=False))
        entry, cursor = self._shown[index], index == self._cursor
        marked = entry.id in self._marks
        key = (index, width, cursor, marked)
        strip = self._strips.get(key)
        if strip is None:
            prefix = self._prefix(_MARK if marked else "", entry.level)
            usual = "grey" if entry.grey else ""
            row = self._style("marked" if marked else usual, cursor=cursor)
            segments = [
                Segment(prefix, self._style(entry.level, cursor=cursor)),
                Segment(self._row(entry.cells), row),
            ]
            strip = self._strips[key] = Strip(segments).adjust_cell_length(width, row)
        return strip

    def _style(self, name: str, *, cursor: bool) -> Style:
        style = self._styles.get((name, cursor))
        if style is None:
            style = (
                self.get_component_rich_style(f"entry-pane--{name}") if name else self.rich_style
            )
            if cursor:
                style += self.get_component_rich_style("entry-pane--cursor", partial=True)
            self._styles[name, cursor] = style
        return style

    def notify_style_update(self) -> None:
        """Forget what was drawn in other colours."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def on_resize(self) -> None:
        """Keep the cursor in sight; other texts may be shortened now."""
        self._strips.clear()
        self._scroll_to_cursor()
        self._moved()


def _place(places: Mapping[str, int], before: Sequence[Entry], at: int, wanted: str) -> int:
    """Where `wanted` is now, else what was at `at`, else its nearest neighbour that is there."""
    if wanted in places:
        return places[wanted]
    for distance in range(len(before)):
        for near in (at + distance, at - distance):
            if 0 <= near < len(before) and before[near].id in places:
                return places[before[near].id]
    return 0


class DetailsPane(VerticalScroll):
    """All that is known of the entry under the cursor; takes the focus for its scroll keys."""

    BINDINGS = [
        Binding("k", "scroll_up", "Up", show=False, id="list.details-up"),
        Binding("j", "scroll_down", "Down", show=False, id="list.details-down"),
    ]


class ListScreen(Screen[None]):
    """Entries, the details of the one under the cursor, and the keys of its deeds.

    `act` is called with a deed's id and the ids of the entries it was asked for: all that are
    marked, in the list's order, or else the one under the cursor. It has to ask before it changes
    anything. `entries` is None while they are being read, `empty` what is said when there are none.
    """

    CSS_PATH = "listing.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    BINDINGS = [
        Binding("question_mark,f1", "help", "help", key_display="?", id="list.help"),
        Binding("slash", "filter", "filter", key_display="/", id="list.filter"),
        Binding("space", "mark", "mark", id="list.mark"),
        Binding("y", "copy", "copy", show=False, id="list.copy"),
        Binding("escape", "back", "back", key_display="esc", id="list.back"),
        Binding("q", "leave", "back", show=False, id="list.leave"),
        # Else the footer would show the program's own `q quit` for this key.
        Binding("ctrl+q", "app.quit", "quit", show=False, id="list.quit"),
    ]

    def __init__(
        self,
        title: str,
        columns: tuple[str, ...],
        entries: tuple[Entry, ...] | None,
        act: Callable[[str, tuple[str, ...]], None],
        *,
        empty: str,
        glyphs: Glyphs,
        read_only: bool,
    ) -> None:
        super().__init__()
        self._heading = text.one_line(title)
        self._first = entries
        self._act = act
        self._glyphs = glyphs
        self._read_only = read_only
        self._own = self._bindings.copy()
        self._offered: tuple[Deed, ...] = ()
        self._offered_for: tuple[object, object, object] = (None, None, None)
        self._footer: tuple[Deed, ...] = ()
        self._written: dict[str, str] = {}
        self._footer_timer: Timer | None = None
        self._ready = False
        self.pane = EntryPane(columns, empty, glyphs, self._moved)

    def compose(self) -> ComposeResult:
        """From the top: what this is, the columns, the rows and their details, the keys."""
        yield Static(id="heading")
        with Container(id="body"):
            with Container(id="table"):
                yield Static(id="columns")
                yield self.pane
            with DetailsPane(id="details"):
                yield Static(id="words")
        with Horizontal(id="filter-line"):
            yield Input(placeholder="text or !text; enter keeps, esc clears", id="filter")
            yield Label(id="matching")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Draw the first entries."""
        self._ready = True
        self.query_one("#filter-line").display = False
        self.pane.show(self._first)
        self.pane.focus()
        self._moved()

    def show(self, entries: tuple[Entry, ...] | None) -> None:
        """Draw other entries, None while they are being read again.

        The cursor stays on its entry, or goes to the nearest one that is left; place on the
        screen, marks and filter stay. A mark goes with its entry. Raises `ValueError` if an entry
        has not a cell for every column.
        """
        if self._ready:
            if self.app.is_running:  # once it ends, what draws them is taken down
                self.pane.show(entries)
        else:
            self._first = entries

    def _moved(self) -> None:
        """The pane shows something else, or its cursor is elsewhere: write what depends on it."""
        if not self._ready:
            return
        pane, entry = self.pane, self.pane.current
        self._write("heading", self._summary(), layout=False)
        self._write("columns", pane.heading, layout=False)
        self._write("matching", f"{len(pane.shown):,} of {text.count(len(pane.entries), 'row')}")
        paragraphs: list[str] = []
        if entry is not None:
            paragraphs = ["\n".join(f"{column}: {cell}" for column, cell in pane.cut(entry))]
            paragraphs += entry.details
        self._write("words", "\n\n".join(printable(each) for each in paragraphs if each))
        level = "" if entry is None else f" {glyph_of(entry.level, self._glyphs)} {entry.level} "
        self.query_one("#details").border_title = Text(level)
        deeds = self._deeds()
        if deeds != self._footer:
            self._footer = deeds
            self._bind(deeds)

    def _write(self, where: str, words: str, *, layout: bool = True) -> None:
        """Put words into a widget if they are others. Only for some it can change the layout."""
        if self._written.get(where) != words:
            self._written[where] = words
            self.query_one(f"#{where}", Static).update(Text(words), layout=layout)

    def _summary(self) -> str:
        pane, width = self.pane, max(20, self.size.width - 2)
        marked = len(pane.marks)
        hidden = marked - sum(entry.id in pane.marks for entry in pane.shown) if marked else 0
        words = [
            text.count(len(pane.entries), "row") if pane.entries else "",
            f"{marked:,} marked" if marked else "",
            f"{hidden:,} of them hidden by the filter" if hidden else "",
            "READ-ONLY" if self._read_only else "",
        ]
        right = _GAP.join(word for word in words if word)
        room = max(0, width - text.width_of(right) - len(_GAP))
        return f"{text.fit(self._heading, room, ellipsis=self._glyphs.ellipsis)}{_GAP}{right}"

    # Deeds

    def _deeds(self) -> tuple[Deed, ...]:
        """What can be done now, with what stands against it: the session first."""
        pane = self.pane
        key = (pane.entries, pane.marks, None if pane.marks else pane.current)
        if any(old is not new for old, new in zip(self._offered_for, key, strict=True)):
            self._offered_for = key
            self._offered = tuple(
                replace(deed, refusal=READ_ONLY)
                if self._read_only and deed.effect is not Effect.READ
                else deed
                for deed in offered(pane.targets)
            )
        return self._offered

    def _bind(self, deeds: tuple[Deed, ...]) -> None:
        """Give the deeds their keys, between the screen's own in the footer."""
        own = list(self._own)
        bound = [Binding(deed.key, f"deed({deed.id!r})", deed.title) for deed in deeds]
        taken = RESERVED & {deed.key for deed in deeds}
        if taken:
            raise ValueError(f"keys of the list itself cannot be a deed's: {sorted(taken)}")
        # The way out stands before them: where a footer is cut, it is at its end.
        first = {"help", "filter", "mark", "back"}
        before = [binding for _, binding in own if binding.action in first]
        after = [binding for _, binding in own if binding not in before]
        # The keys are right at once. The footer, which is made anew, waits until the cursor rests.
        self._bindings = BindingsMap([*before, *bound, *after])
        if self._footer_timer is not None:
            self._footer_timer.stop()
        self._footer_timer = self.set_timer(_REST, self.refresh_bindings)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """None dims a deed that cannot be done now; pressing its key says why."""
        if action != "deed":
            return True
        found = [deed for deed in self._deeds() if deed.id == parameters[0]]
        return True if found and not found[0].refusal else None

    def on_key(self, event: events.Key) -> None:
        """The key of a deed that is dimmed comes here: say why it cannot be done."""
        for deed in self._deeds():
            if event.key == deed.key and deed.refusal:
                self.notify(text.one_line(deed.refusal), severity="warning", markup=False)
                event.stop()

    def action_deed(self, deed: str) -> None:
        """Pass on what was asked for, and with which entries."""
        self._act(deed, tuple(entry.id for entry in self.pane.targets))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or not any more."""
        self.pane.toggle_mark()

    def action_copy(self) -> None:
        """Copy the row under the cursor, whole."""
        if self.pane.current is not None:
            words = _GAP.join(text.one_line(cell) for cell in self.pane.current.cells)
            self.app.push_screen(Copied(words))

    def action_help(self) -> None:
        """What the keys do here."""
        deeds = [
            f"{self.app.get_key_display(Binding(deed.key, 'deed')):<9}{deed.title}"
            + (f"  (not now: {deed.refusal})" if deed.refusal else "")
            for deed in self._deeds()
        ]
        paragraphs = ["\n".join(deeds), _KEYS] if deeds else [_KEYS]
        self.app.push_screen(Dialog(f"Help: {self._heading}", paragraphs, cancel="Back"))

    # The filter, and the way back

    def action_filter(self) -> None:
        """Open the filter line."""
        self.query_one("#filter-line").display = True
        self.query_one("#filter", Input).focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.pane.set_filter(event.value)

    @on(Input.Submitted, "#filter")
    def _filter_kept(self, event: Input.Submitted) -> None:
        self.query_one("#filter-line").display = bool(event.value)
        self.pane.focus()

    def action_back(self) -> None:
        """Back one level: out of the filter, or off this screen."""
        line = self.query_one("#filter-line")
        if not line.display:
            self.dismiss(None)
            return
        self.query_one("#filter", Input).value = ""
        line.display = False
        self.pane.focus()

    def action_leave(self) -> None:
        """Off this screen."""
        self.dismiss(None)


# What a deed's key must not be: it would never reach the deed.
RESERVED = frozenset(
    binding.key
    for binding in Binding.make_bindings(
        [*EntryPane.BINDINGS, *DetailsPane.BINDINGS, *ListScreen.BINDINGS]
    )
) | {"tab", "shift+tab", "left", "right", "colon", "ctrl+p"}
