"""A list of things of one kind, what is known of the one under the cursor, and what can be done.

Jobs, resume tokens, holds and prune are this one screen. It knows nothing of ZFS: whoever opens it
gives it entries, and is told which deed was asked for on which of them. It holds only cursor,
marks, filter and scroll.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap
from textual.containers import Container, Horizontal, VerticalScroll
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input, Label, Static

from sealift.actions import LIST, MARK, MOVES, PROGRAM, ROWS, Action
from sealift.keymap import FIXED, Keymap, key_word
from sealift.ui import text
from sealift.ui.bindings import bindings, keys_of, shown
from sealift.ui.entries import Deed, Entry, glyph_of, offered
from sealift.ui.screens.dialog import Copied
from sealift.ui.screens.help import HelpScreen, Row, Section, row_of, rows_of
from sealift.ui.text import Glyphs
from sealift.ui.things import THINGS
from sealift.ui.widgets.entry_pane import GAP, EntryPane
from sealift.ui.widgets.footer import KeyFooter
from sealift.zfs.commands import Effect

WIDE = 140

READ_ONLY = "This session is read-only."

_REST = 0.08  # seconds; a key that is held down comes again sooner


class DetailsPane(VerticalScroll):
    """All that is known of the entry under the cursor; takes the focus for its scroll keys."""

    BINDINGS = bindings(
        replace(each, call=call)
        for each, call in zip(MOVES, ("scroll_up", "scroll_down"), strict=True)
    )


class ListScreen(Screen[None]):
    """Entries, the details of the one under the cursor, and the keys of its deeds.

    `act` is called with a deed's id and the ids of the entries it was asked for: the one under the
    cursor, or all that are marked (`MarkScreen`), in the list's order. It has to ask before it
    changes anything. `entries` is None while they are being read, `empty` what is said when there
    are none. `kind` is what the rows are (`ui.things.THINGS`).
    """

    CSS_PATH = "listing.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    _always: tuple[Action, ...] = LIST  # what can be pressed whatever the row
    BINDINGS = [
        *bindings(LIST),
        # Else the footer would show the program's own `q quit` for this key.
        Binding("ctrl+q", "app.quit", "quit", show=False),
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
        kind: str = "",
    ) -> None:
        super().__init__()
        self._kind = kind
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
        yield KeyFooter()

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
        self._write("words", shown(self, "\n\n".join(each for each in paragraphs if each)))
        level = "" if entry is None else f" {glyph_of(entry.level, self._glyphs)} {entry.level} "
        self.query_one("#details").border_title = Text(level)
        deeds = self.deeds()
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
        right = GAP.join(word for word in words if word)
        room = max(0, width - text.width_of(right) - len(GAP))
        return f"{text.fit(self._heading, room, ellipsis=self._glyphs.ellipsis)}{GAP}{right}"

    # Deeds

    def deeds(self) -> tuple[Deed, ...]:
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

    @classmethod
    def reserved(cls) -> frozenset[str]:
        """What a deed's usual key must not be: it would never reach the deed."""
        own = (*cls._always, *ROWS, *PROGRAM)
        return FIXED.union(*(action.keys for action in own))

    def _bind(self, deeds: tuple[Deed, ...]) -> None:
        """Give the deeds their keys, between the screen's own in the footer."""
        own = list(self._own)
        bound = [
            Binding(
                deed.key,
                f"deed({deed.id!r})",
                deed.title,
                key_display=key_word(deed.key),
                id=deed.id,
            )
            for deed in deeds
        ]
        taken = self.reserved() & {deed.key for deed in deeds}
        if taken:
            raise ValueError(f"keys of the list itself cannot be a deed's: {sorted(taken)}")
        # The way out stands before them: where a footer is cut, it is at its end.
        first = ("help", "filter", "mark", "back")
        before = [binding for _, binding in own if binding.action in first]
        before.sort(key=lambda binding: first.index(binding.action))
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
        found = [deed for deed in self.deeds() if deed.id == parameters[0]]
        return True if found and not found[0].refusal else None

    def on_key(self, event: events.Key) -> None:
        """The key of a deed that is dimmed comes here: say why it cannot be done."""
        keys = keys_of(self)
        for deed in self.deeds():
            if event.key in keys.keys_of(deed.id, (deed.key,)) and deed.refusal:
                self.choose(deed)
                event.stop()

    def choose(self, deed: Deed) -> None:
        """Ask for a deed, or say why it cannot be done."""
        if deed.refusal:
            why = text.one_line(keys_of(self).in_words(deed.refusal))
            self.notify(why, severity="warning", markup=False)
        else:
            self.action_deed(deed.id)

    def action_deed(self, deed: str) -> None:
        """Pass on what was asked for, and with which entries."""
        self._act(deed, tuple(entry.id for entry in self.pane.targets))

    def action_copy(self) -> None:
        """Copy the row under the cursor, whole."""
        if self.pane.current is not None:
            words = GAP.join(text.one_line(cell) for cell in self.pane.current.cells)
            self.app.push_screen(Copied(words))

    def action_help(self) -> None:
        """What is under the cursor, what can be done with it here, and the other keys."""
        keys, entry = keys_of(self), self.pane.current
        sections: list[Section] = []
        if entry is not None:
            thing = THINGS.get(entry.kind or self._kind)
            name = text.one_line(entry.cells[0]) if entry.cells else ""
            rows = tuple(_help_row(deed, keys) for deed in self.deeds())
            words = thing.words if thing else ""
            if self.pane.marks:
                marked = text.count(len(self.pane.marks), "marked row")
                words += f" What is done is done with {marked}."
            noun = f"{thing.noun} " if thing else ""
            sections.append(Section(f"Under the cursor: {noun}{name}", words, rows))
        sections += [
            Section(self._heading, rows=rows_of([*self._always, *ROWS], keys)),
            Section("", "!text in the filter shows the rows without it; tab goes to the details."),
        ]
        self.app.push_screen(HelpScreen(sections))

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


class MarkScreen(ListScreen):
    """A list whose rows can be marked: a deed is done with all of them."""

    _always = (*LIST, MARK)
    BINDINGS = bindings((MARK,))

    def action_mark(self) -> None:
        """Mark the row under the cursor, or not any more."""
        self.pane.toggle_mark()


def _help_row(deed: Deed, keys: Keymap) -> Row:
    action = Action(deed.id, (deed.key,), deed.title, deed.help, deed.effect)
    return row_of(action, keys, deed.refusal)
