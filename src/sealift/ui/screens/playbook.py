"""The playbook: what holds replication back, with the evidence, and what to do next.

The screen is a function of the newest `Diagnosis` it was shown; it holds only cursor and scroll,
and knows no hosts. What is asked for goes to whoever opened it (`Calls`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from sealift.actions import PLAYBOOK, ROWS, named
from sealift.playbook import steps
from sealift.playbook.diagnosis import Diagnosis
from sealift.ui import playbook_rows, spans, text
from sealift.ui.bindings import bindings, keys_of
from sealift.ui.playbook_rows import Item, Paper
from sealift.ui.screens.dialog import Copied
from sealift.ui.screens.help import HelpScreen, Section, row_of, rows_of
from sealift.ui.screens.listing import READ_ONLY, DetailsPane
from sealift.ui.text import Glyphs
from sealift.ui.things import THINGS
from sealift.ui.widgets.footer import KeyFooter
from sealift.ui.widgets.item_pane import ItemPane
from sealift.zfs.commands import Effect

TALL, TALLER = 30, 42  # lines of a screen that has room for more details, and for empty lines

NOTHING_TO_DO = "There is nothing here that sealift does itself."
ONLY_TO_COPY = "Sealift does not run this itself: enter copies the command."
NOTHING_TO_COPY = "There is nothing here to copy."
NO_PAGE = "The catalogue has pages for findings: put the cursor on one."
_READS = (
    "Nothing on this screen changes anything on a host. Measuring only reads. Where nothing runs, "
    "there is a trial of some seconds: zfs send into nothing, then zeros through ssh into nothing."
)


@dataclass(frozen=True, slots=True)
class Calls:
    """What the screen asks for. `again` takes one of `playbook.steps`, None for all of them;
    `page` the id of a finding, `act` the id of an action of the route screen."""

    again: Callable[[str | None], None]
    report: Callable[[], None]
    page: Callable[[str], None]
    act: Callable[[str], None]


class PlaybookScreen(Screen[None]):
    """From the top: the verdict, the chain, findings, steps; below them details of one of these."""

    CSS_PATH = "playbook.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (TALL, "-tall"), (TALLER, "-taller")]
    BINDINGS = [
        *bindings(PLAYBOOK),
        # Else the footer would show the program's own `q quit` for this key.
        Binding("ctrl+q", "app.quit", "quit", show=False),
    ]

    def __init__(
        self,
        diagnosis: Diagnosis,
        calls: Calls,
        glyphs: Glyphs,
        clock: Callable[[], datetime],
        *,
        read_only: bool,
    ) -> None:
        super().__init__()
        self.diagnosis = diagnosis
        self._calls = calls
        self._glyphs = glyphs
        self._clock = clock
        self._read_only = read_only
        self._shown_at = clock()
        self._refused = ""
        self._read = ("", "", "")  # the item whose details are shown, its level, and these
        self.pane = ItemPane(self._write, glyphs, self._moved)

    def compose(self) -> ComposeResult:
        """What this is, the items, details of one of them, the keys."""
        yield Static(id="heading")
        yield self.pane
        with DetailsPane(id="details"):
            yield Static(id="words")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Draw the first answer and start the clock."""
        self.pane.focus()
        self.set_interval(1, self._tick)
        self._draw()

    def show(self, diagnosis: Diagnosis) -> None:
        """Draw another answer; cursor and scroll stay where they are."""
        self.diagnosis = diagnosis
        self._shown_at = self._clock()
        if self.is_mounted:
            self._draw()

    def _tick(self) -> None:
        if not self.diagnosis.done:
            self._draw()

    @property
    def _seconds(self) -> float:
        """Since it began: what the answer says, and what has passed since it came."""
        if self.diagnosis.done:
            return self.diagnosis.seconds
        return self.diagnosis.seconds + (self._clock() - self._shown_at).total_seconds()

    # Drawing

    def _draw(self) -> None:
        self._draw_heading()
        self.pane.draw()

    def on_resize(self, _: events.Resize) -> None:
        """Another width for the heading."""
        self._draw_heading()

    def _draw_heading(self) -> None:
        width = max(20, self.size.width - 2)
        badge = "READ-ONLY  " if self._read_only else ""
        right = f"{badge}{playbook_rows.took(self.diagnosis, self._seconds)}"
        title = f"Playbook  {text.one_line(self.diagnosis.route)}"
        room = max(0, width - text.width_of(right) - 2)
        words = f"{text.fit(title, room, ellipsis=self._glyphs.ellipsis)}  {right}"
        self.query_one("#heading", Static).update(Text(words), layout=False)

    def _write(self, width: int) -> tuple[Item, ...]:
        paper = Paper(width, self._glyphs, roomy=self.size.height >= TALL, keys=keys_of(self))
        return playbook_rows.items(self.diagnosis, self._seconds, paper)

    def _moved(self) -> None:
        """Another item is current: show its details, from their beginning."""
        item = self.pane.current
        if item is None:
            return
        details = self.query_one("#details", DetailsPane)
        words = "\n\n".join(item.details)
        before, self._read = self._read, (item.id, item.level, words)
        if before != self._read:
            self.query_one("#words", Static).update(Text(words))
            level = playbook_rows.level_word(item.level)
            details.border_title = Text(f" {spans.sign(item.level, self._glyphs)} {level} ")
        if before[0] != item.id:
            details.scroll_home(animate=False, immediate=True)
        refused = self._refusal(item)
        if refused != self._refused:
            self._refused = refused
            self.refresh_bindings()

    # What can be done

    def _refusal(self, item: Item | None) -> str:
        """Why the next step of an item cannot be done from here; empty if it can."""
        action = playbook_rows.action_of(item.action) if item is not None else None
        if action is None:
            return ONLY_TO_COPY if _only_to_copy(item) else NOTHING_TO_DO
        if self._read_only and action.effect is not Effect.READ:
            return READ_ONLY
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """None dims the next step where there is none; pressing its key says why."""
        return None if action == "do_next" and self._refusal(self.pane.current) else True

    def on_key(self, event: events.Key) -> None:
        """The key of the next step comes here while it is dimmed: say why it cannot be done."""
        taken = keys_of(self).keys(named(PLAYBOOK, "do_next"))
        if event.key in taken and (why := self._refusal(self.pane.current)):
            self._say(why)
            event.stop()

    def _say(self, words: str) -> None:
        self.notify(words, severity="warning", markup=False)

    def action_open(self) -> None:
        """Do the next step under the cursor or copy its command; read about the finding."""
        item = self.pane.current
        if _only_to_copy(item):
            self.action_copy()
        elif item is not None and item.is_next:
            self.action_do_next()
        else:
            self.action_page()

    def action_page(self) -> None:
        """The catalogue's page of the finding under the cursor."""
        item = self.pane.current
        if item is not None and item.page:
            self._calls.page(item.page)
        else:
            self._say(NO_PAGE)

    def action_do_next(self) -> None:
        """Have the route screen do it, which shows it and asks."""
        item = self.pane.current
        if why := self._refusal(item):
            self._say(why)
        elif item is not None:
            self._calls.act(item.action)

    def action_again(self, number: int) -> None:
        """Take one step again, by its number."""
        self._calls.again(tuple(steps.TITLES)[number - 1])

    def action_all_again(self) -> None:
        """Take all steps again."""
        self._calls.again(None)

    def action_report(self) -> None:
        """Write the incident report."""
        self._calls.report()

    def action_copy(self) -> None:
        """Copy the command of what is under the cursor."""
        item = self.pane.current
        if item is None or not item.copy:
            self._say(NOTHING_TO_COPY)
            return
        self.app.push_screen(Copied(item.copy))

    def action_help(self) -> None:
        """What is under the cursor, what can be done with it here, and the other keys."""
        keys, item = keys_of(self), self.pane.current
        sections: list[Section] = []
        if item is not None:
            thing = THINGS[_kind(item)]
            refusals = {
                "page": "" if item.page else NO_PAGE,
                "do_next": self._refusal(item),
                "copy": "" if item.copy else NOTHING_TO_COPY,
            }
            rows = (row_of(named(PLAYBOOK, each), keys, why) for each, why in refusals.items())
            name = f" {item.page}" if thing is THINGS["finding"] else ""
            heading = f"Under the cursor: {thing.noun}{name}"
            sections.append(Section(heading, thing.words, tuple(rows)))
        sections += [
            Section("The playbook", _READS, rows_of([*PLAYBOOK, *ROWS], keys)),
            Section("", "tab goes to the details, where the same keys scroll, and back."),
        ]
        self.app.push_screen(HelpScreen(sections))

    def action_leave(self) -> None:
        """Back to the route."""
        self.dismiss(None)


def _only_to_copy(item: Item | None) -> bool:
    """Whether it is a step that the operator has to take on a host, with a command for it."""
    return item is not None and item.is_next and bool(item.copy) and not item.action


def _kind(item: Item) -> str:
    if item.id == playbook_rows.VERDICT:
        return "verdict"
    return "next step" if item.is_next else "finding" if item.page else "fact"
