"""Help: what is under the cursor and what can be done with it, then all other keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from sealift.actions import ACTIONS, TREES, Action, named
from sealift.keymap import Keymap, key_word
from sealift.ui.things import Thing
from sealift.zfs.commands import Effect
from sealift.zfs.names import printable

ASKS = "Shows everything before it runs."


@dataclass(frozen=True, slots=True)
class Row:
    """A key, what it does in a word, and at length."""

    key: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: a heading, sentences, keys. Texts from hosts are made harmless here."""

    heading: str
    words: str = ""
    rows: tuple[Row, ...] = ()


def row_of(action: Action, keys: Keymap, refusal: str = "") -> Row:
    """An action as a row: all its keys, and why it cannot be taken now if it cannot."""
    shown = " ".join(key_word(key) for key in keys.keys(action))
    asks = "" if action.effect is Effect.READ else f" {ASKS}"
    now = f" NOT NOW: {refusal}" if refusal else ""
    return Row(shown, action.title, keys.in_words(f"{action.help}{asks}{now}"))


def rows_of(actions: Iterable[Action], keys: Keymap) -> tuple[Row, ...]:
    """Several actions, without a word on whether they can be taken now."""
    return tuple(row_of(action, keys) for action in actions)


def on_route(
    thing: Thing | None, name: str, pane: str, keys: Keymap, refusal: Callable[[str], str]
) -> tuple[Section, ...]:
    """The page of the route screen. `pane` is the focused pane's own help, its first line a title.

    `refusal` says why an action cannot be taken now.
    """
    first: list[Section] = []
    if thing is not None:
        rows = (
            row_of(named((*ACTIONS, *TREES), each), keys, refusal(each)) for each in thing.actions
        )
        first.append(Section(f"Under the cursor: {thing.noun} {name}", thing.words, tuple(rows)))
    if pane:
        title, _, words = pane.partition("\n")
        first.append(Section(title, words.strip()))
    return (
        *first,
        Section("Every action", rows=rows_of(ACTIONS, keys)),
        Section("In the trees", rows=rows_of(TREES, keys)),
        Section("", "tab goes to the next pane; esc goes back, and clears the filter."),
    )


class HelpScreen(ModalScreen[None]):
    """One page of sections."""

    CSS_PATH = "help.tcss"
    BINDINGS = [
        Binding("escape,q", "leave", "back"),
        # By these names the user's keymap moves them, as on every screen.
        Binding("question_mark,f1", "leave", show=False, id="help"),
        Binding("down,j", "scroll(1)", show=False, id="down"),
        Binding("up,k", "scroll(-1)", show=False, id="up"),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("home", "scroll(-10000)", show=False),
        Binding("end", "scroll(10000)", show=False),
    ]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = tuple(sections)

    def compose(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "esc back"
            yield Static(Group(*(_drawn(each) for each in self._sections)))

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one("#help", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_leave(self) -> None:
        """Back to what is below."""
        self.dismiss(None)


def _drawn(section: Section) -> Group:
    parts: list[Text | Table] = [Text(printable(section.heading), "bold")]
    if section.words:
        parts.append(Text(printable(section.words)))
    if section.rows:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column(no_wrap=True)
        table.add_column()
        for row in section.rows:
            table.add_row(*(Text(printable(each)) for each in (row.key, row.title, row.words)))
        parts.append(table)
    return Group(*parts, Text())
