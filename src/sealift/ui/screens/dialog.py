"""A question over another screen: what would run, what it does, and Cancel with the focus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from sealift.ui.bindings import shown
from sealift.zfs.names import printable

# Keys that were meant for the screen below reach a dialog that has just opened.
_DEAF_SECONDS = 0.3
# What a choice is called that cannot be undone: it is the one that a typed name guards.
_DESTRUCTION = "destruction"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: the value the dialog gives back, its words, and how dangerous it is.

    `variant` is `default`, `change` or `destruction`. With a `refusal`, why it cannot be taken
    now, the button is off and the reason stands above the buttons.
    """

    value: str
    words: str
    variant: str = "default"
    refusal: str = ""


class Dialog(ModalScreen[str]):
    """Shows paragraphs and buttons; gives back the chosen value, `cancel` for escape.

    Text in `paragraphs` is shown as it is, never read as markup. `copy` is the text that the Copy
    button sends to the terminal's clipboard and shows in a box, for terminals that have none; there
    is no such button without it. `typed` is what has to be typed, letter by letter, before a choice
    of variant `destruction` can be taken. `focus` is what Enter takes: Cancel, or a choice that
    changes nothing (of variant `default`).

    Raises `ValueError` where `typed` has no such choice to guard, and where Enter would change
    something: it would look safe and not be.
    """

    CSS_PATH = "dialog.tcss"
    BINDINGS = [
        Binding("escape", "leave", "cancel"),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("up", "step(-1)", show=False),
        Binding("down", "step(1)", show=False),
        Binding("pageup", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(1)", show=False),
        Binding("home", "scroll(-1000)", show=False),
        Binding("end", "scroll(1000)", show=False),
    ]

    def __init__(
        self,
        title: str,
        paragraphs: Sequence[str],
        choices: Sequence[Choice] = (),
        *,
        copy: str = "",
        cancel: str = "Cancel",
        typed: str = "",
        focus: str = "cancel",
    ) -> None:
        super().__init__()
        self._title = title
        self._paragraphs = tuple(paragraphs)
        self._choices = {choice.value: choice for choice in choices}
        self._copy = copy
        self._cancel = cancel
        self._typed = typed
        self._opened = 0.0
        guarded = [choice for choice in choices if choice.variant == _DESTRUCTION]
        if typed and not guarded:
            raise ValueError(f"nothing in this dialog waits for {typed!r} to be typed")
        if focus != "cancel" and self._choices[focus].variant != "default":
            raise ValueError(f"Enter would take {focus!r}, which is more than a look")
        self._focus = focus
        # A name is not asked for in vain.
        self._asks = bool(typed) and not all(choice.refusal for choice in guarded)

    def compose(self) -> ComposeResult:
        """Title, text; below it what is off and why, what is to be typed, buttons."""
        with Vertical(id="dialog") as box:
            box.border_title = Text(printable(self._title))
            with VerticalScroll(id="text", can_focus=False):
                # One widget however many paragraphs: each of its own costs a millisecond.
                yield Static(Text(shown(self, "\n\n".join(self._paragraphs))))
            with Vertical(id="foot"):
                yield from self._above_the_buttons()
                with Horizontal(id="buttons"):
                    yield from self._buttons()

    def _above_the_buttons(self) -> ComposeResult:
        refused = [
            shown(self, f"{choice.words}: {choice.refusal}")
            for choice in self._choices.values()
            if choice.refusal
        ]
        if refused:
            yield Static(Text("\n".join(refused)), id="refusals")
        if self._asks:
            yield Static(Text(self._request), id="request")
            # Else the next letter would replace the first one, which came from a button.
            yield Input(id="typed", select_on_focus=False)

    def _buttons(self) -> ComposeResult:
        yield Button(Text(f" {self._cancel} "), id="cancel")
        if self._copy:
            yield Button(Text(" Copy "), id="copy")
        for choice in self._choices.values():
            button = Button(
                Text(f" {choice.words} "), id=choice.value, disabled=not self._can_take(choice, "")
            )
            button.add_class(choice.variant)
            yield button

    def on_mount(self) -> None:
        """Cancel has the focus, or what changes nothing."""
        self._opened = asyncio.get_running_loop().time()
        self._focus_first()

    def _focus_first(self) -> None:
        # Left by a quick key before it was drawn, it has no buttons any more.
        for button in self.query(f"#{self._focus}").results(Button):
            button.focus()

    def on_key(self, event: events.Key) -> None:
        """Pass over keys that came before anyone can have read the question.

        Later, a letter goes to the line that waits for a name, also from a button.
        """
        if event.key == "enter" and not self.takes_enter:
            event.prevent_default()
            event.stop()
        elif (
            self._asks
            and self.takes_enter
            and event.is_printable
            and event.character is not None
            and isinstance(self.focused, Button)
        ):
            line = self.query_one("#typed", Input)
            line.focus()
            line.insert_text_at_cursor(event.character)
            event.prevent_default()
            event.stop()

    @property
    def takes_enter(self) -> bool:
        """Whether it has been open for so long that an Enter was meant for it."""
        return asyncio.get_running_loop().time() - self._opened >= _DEAF_SECONDS

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "copy":
            self._show_copied()
            return
        choice = self._choices.get(event.button.id or "")
        # A press may have waited in the queue behind a letter that undid the typed name.
        if choice is not None and not self._can_take(choice, self._written):
            return
        self.dismiss(event.button.id or "cancel")

    # The typed name

    @property
    def _request(self) -> str:
        return f"Type {printable(self._typed)} to go on"

    @property
    def _written(self) -> str:
        return self.query_one("#typed", Input).value if self._asks else ""

    def _can_take(self, choice: Choice, written: str) -> bool:
        guarded = self._typed and choice.variant == _DESTRUCTION
        return not choice.refusal and (not guarded or written == self._typed)

    @on(Input.Changed, "#typed")
    def _typed_more(self, event: Input.Changed) -> None:
        for choice in self._choices.values():
            button = self.query_one(f"#{choice.value}", Button)
            button.disabled = not self._can_take(choice, event.value)
        self.query_one("#request", Static).update(Text(self._request))

    @on(Input.Submitted, "#typed")
    def _typed_all(self, event: Input.Submitted) -> None:
        """Enter presses nothing: it goes to the button, or says that the name is another one."""
        if event.value != self._typed:
            said = f"That is not it. {self._request}"
            self.query_one("#request", Static).update(Text(said))
            return
        for choice in self._choices.values():
            if choice.variant == _DESTRUCTION and not choice.refusal:
                button = self.query_one(f"#{choice.value}", Button)
                button.disabled = False
                button.focus()
                return

    # Copy

    def _show_copied(self) -> None:
        """Send the text to the clipboard and show it; hide it if it is shown."""
        if self.query("#copied"):
            self.query("#copied").remove()
            return
        # Seldom needed, and its import is felt at the start.
        from textual.widgets import TextArea  # noqa: PLC0415

        self.app.copy_to_clipboard(self._copy)
        box = TextArea(printable(self._copy), id="copied", read_only=True, show_cursor=False)
        box.border_title = "also sent to the terminal's clipboard (OSC 52)"
        self.query_one("#foot", Vertical).mount(box, before=0)

    # Moving

    def on_resize(self) -> None:
        """Buttons without room beside each other stand below each other; a long text says so."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        for area in self.query("#text").results(VerticalScroll):
            long = area.max_scroll_y > 0
            self.query_one("#dialog").border_subtitle = "pagedown reads on" if long else ""
        for row in self.query("#buttons"):
            needed = sum(each.outer_size.width + each.styles.margin.width for each in row.children)
            row.set_class(needed > row.size.width, "-stacked")

    def action_leave(self) -> None:
        """Escape is Cancel."""
        self.dismiss("cancel")

    def action_step(self, by: int) -> None:
        """To the next or the last thing with a focus; where there is one only, scroll a line."""
        if len(self.focus_chain) > 1:
            (self.focus_next if by > 0 else self.focus_previous)()
        else:
            self._scroll(by)

    def action_scroll(self, pages: int) -> None:
        """Scroll a long text; a thousand pages are its end."""
        height = self.query_one("#text", VerticalScroll).size.height
        self._scroll(pages * max(1, height - 1))

    def _scroll(self, lines: int) -> None:
        area = self.query_one("#text", VerticalScroll)
        area.scroll_relative(y=lines, animate=False, immediate=True)


class Copied(Dialog):
    """A text that was asked for by the copy key: sent to the clipboard, and shown in a box.

    A terminal does not say whether it took it; many do not, over ssh or inside tmux.
    """

    def __init__(self, text: str) -> None:
        super().__init__("Copied", (), copy=text, cancel="Back")

    def on_mount(self) -> None:
        """The box is there at once; Textual goes on with the dialog's own handler."""
        if self.query("#foot"):  # not left already
            self._show_copied()
