"""Help: every action with its key, and what the pane with the focus shows."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Markdown

from sealift.ui.actions import ACTIONS
from sealift.zfs.commands import Effect

_TREE_KEYS = """\
| key | moves |
|---|---|
| `j` `k` ↓ ↑ | one row |
| `g` `G` | first, last row |
| `ctrl+d` `ctrl+u` | half a page (page keys: a whole one) |
| → `enter` | unfold a dataset |
| ← | fold it |
| `tab` | next pane |
| `esc` | back; clears the filter |
"""
_FILTERS = """\
`/text` rows with the text, `/!text` rows without it, and by state: `:behind` `:held` `:diverged`
`:partial` `:locked` `:source` `:destination`. How many rows match is always shown.
"""


class HelpScreen(ModalScreen[None]):
    """One page, made from the action table."""

    CSS_PATH = "help.tcss"
    BINDINGS = [
        Binding("escape,q,question_mark,f1", "leave", "back"),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, pane_help: str) -> None:
        super().__init__()
        self._pane_help = pane_help

    def compose(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "esc back"
            yield Markdown("\n\n".join([self._pane_help, _actions(), _TREE_KEYS, _FILTERS]))

    def action_scroll(self, lines: int) -> None:
        """Scroll the page."""
        self.query_one("#help", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_leave(self) -> None:
        """Back to the route."""
        self.dismiss(None)


def _actions() -> str:
    rows = [
        f"| `{action.shown_key or action.keys[0]}` | {action.title} | {_help(action.help)}"
        f"{'' if action.effect is Effect.READ else ' *Shows everything before it runs.*'} |"
        for action in ACTIONS
    ]
    return "\n".join(["| key | action | |", "|---|---|---|", *rows])


def _help(words: str) -> str:
    return words.replace("|", "\\|")
