"""A dialog that is written into: a secret is dots and bytes, and Enter alone starts nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.pilot import Pilot
from textual.widgets import Input

from sealift.keys.secret import Secret
from sealift.ui.screens.asking import Asking
from sealift.ui.screens.dialog import Choice
from sealift.ui.widgets.masked_entry import MaskedEntry
from tests.waiting import screen_text, wait_for

TRY = Choice("try", "Try it", "change")


class AskingApp(App[None]):
    """One such dialog, what it gave back, and keys of the program that must not be heard."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "note('q')"), ("colon", "note('colon')")]

    def __init__(self, dialog: Asking) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[str | None] = []
        self.noted: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)

    def action_note(self, key: str) -> None:
        self.noted.append(key)


@asynccontextmanager
async def asked(*, masked: bool, value: str = "") -> AsyncIterator[tuple[AskingApp, Pilot[None]]]:
    dialog = Asking("A step", ["x"], [TRY], label="Passphrase", value=value, masked=masked)
    app = AskingApp(dialog)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: isinstance(app.focused, MaskedEntry | Input), "the line")
        await wait_for(pilot, lambda: app.dialog.takes_enter, "a dialog that takes enter")
        yield app, pilot


def content(secret: Secret) -> bytes:
    with secret.on_stdin("passphrase") as data:
        return bytes(data).split(b"\n")[0]


async def test_what_is_typed_is_dots_and_reaches_no_key_of_the_program() -> None:
    async with asked(masked=True) as (app, pilot):
        await pilot.press("q", "colon", "space", "A", "ß", "1", "2", "3", "4")
        assert app.noted == []
        shown = screen_text(pilot)
        assert "•" * 9 in shown
        assert "ß" not in shown
        await pilot.press("enter")
        assert app.answers == [], "enter goes to the button, and presses nothing"
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.answers == ["try"], "the answer")
        assert content(app.dialog.take_secret()) == "q: Aß1234".encode()
        assert app.dialog.take_secret().empty, "it is given away once"


async def test_backspace_takes_a_whole_character_and_ctrl_u_all() -> None:
    async with asked(masked=True) as (app, pilot):
        entry = app.dialog.query_one(MaskedEntry)
        await pilot.press("a", "ß", "backspace", "b")
        assert bytes(entry.take()) == b"ab"
        await pilot.press("x", "y", "ctrl+u", "backspace", "z")
        assert bytes(entry.take()) == b"z"


async def test_a_pasted_line_is_taken_without_its_end() -> None:
    async with asked(masked=True) as (app, pilot):
        entry = app.dialog.query_one(MaskedEntry)
        entry.post_message(events.Paste("correct horse\r\nsecond line"))
        await wait_for(pilot, lambda: not entry.empty, "the paste")
        assert bytes(entry.take()) == b"correct horse"


async def test_more_than_there_is_room_for_is_not_taken() -> None:
    async with asked(masked=True) as (app, pilot):
        entry = app.dialog.query_one(MaskedEntry)
        entry.post_message(events.Paste("x" * 5000))
        await wait_for(pilot, lambda: not entry.empty, "the paste")
        await pilot.pause()
        assert len(entry.take()) == 2048


async def test_stopping_gives_no_secret_away() -> None:
    async with asked(masked=True) as (app, pilot):
        await pilot.press("a", "b", "escape")
        await wait_for(pilot, lambda: app.answers == ["cancel"], "stopped")
        assert app.dialog.take_secret().empty


async def test_a_plain_line_gives_back_what_was_written() -> None:
    async with asked(masked=False, value="60") as (app, pilot):
        await pilot.press("end", "5", "enter", "enter")
        await wait_for(pilot, lambda: app.answers == ["try"], "the answer")
        assert app.dialog.written == "605"


async def test_an_enter_that_was_meant_for_the_dialog_before_stays_in_the_line() -> None:
    app = AskingApp(Asking("A step", ["x"], [TRY], label="Reason"))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_for(pilot, lambda: isinstance(app.focused, Input), "the line")
        app.dialog._opened += 60  # noqa: SLF001 - as if it had opened only now
        await pilot.press("enter", "z")
        assert isinstance(app.focused, Input)
        assert app.dialog.written == "z"
