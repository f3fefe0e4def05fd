"""A dialog's promises: nothing dangerous by accident, everything readable, everything copied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.app import App
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Button, Input, TextArea

from sealift.ui.screens.dialog import Choice, Dialog
from tests.waiting import screen_text, wait_for

SMALL = (80, 24)
NAME = "backup/prod"
DESTROY = Choice("destroy", "Destroy", "destruction")


class DialogApp(App[None]):
    """One dialog over an empty screen, and what it gave back."""

    def __init__(self, dialog: Dialog) -> None:
        super().__init__()
        self.dialog = dialog
        self.answers: list[str | None] = []
        self.copied: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.answers.append)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


class Reader:
    """Somebody who reads the dialog before pressing a key."""

    def __init__(self, app: DialogApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    def sees(self) -> str:
        return screen_text(self.pilot)

    async def until(self, predicate: Callable[[], object], what: str) -> None:
        await wait_for(self.pilot, predicate, what)

    def button(self, value: str) -> Button:
        return self.app.dialog.query_one(f"#{value}", Button)

    @property
    def focused(self) -> str | None:
        return self.app.dialog.focused.id if self.app.dialog.focused else None

    async def to(self, where: str) -> None:
        """Move by `tab`; going round once without finding it is a failure."""
        for _ in range(8):
            if self.focused == where:
                return
            await self.pilot.press("tab")
        raise AssertionError(f"tab does not reach {where}\n{self.sees()}")

    async def type(self, words: str) -> None:
        await self.to("typed")
        self.app.dialog.query_one("#typed", Input).value = words
        await self.pilot.pause()

    async def enter_until(self, predicate: Callable[[], object], what: str) -> None:
        """Enter is deaf for an instant after the dialog has opened: press until it is heard."""
        for _ in range(40):
            await self.pilot.press("enter")
            if predicate():
                return
        raise AssertionError(f"enter does not lead to: {what}\n{self.sees()}")


@asynccontextmanager
async def opened(
    dialog: Dialog, size: tuple[int, int] = SMALL, *, focus: str = "cancel"
) -> AsyncIterator[Reader]:
    app = DialogApp(dialog)
    async with app.run_test(size=size) as pilot:
        reader = Reader(app, pilot)
        await reader.until(lambda: reader.focused == focus, f"{focus} with the focus")
        await pilot.pause()
        yield reader


def destruction(**more: str) -> Dialog:
    return Dialog("Destroy", ["what dies"], [DESTROY], typed=NAME, **more)


async def test_a_text_that_goes_on_below_the_screen_says_so_and_a_short_one_does_not() -> None:
    async with opened(Dialog("Send", ["a line\n" * 60])) as reader:
        await reader.until(lambda: "pagedown reads on" in reader.sees(), "the key")
    async with opened(Dialog("Send", ["a line"])) as reader:
        assert "pagedown" not in reader.sees()


async def test_cancel_has_the_focus_although_something_is_to_be_typed() -> None:
    async with opened(destruction()) as reader:
        assert reader.focused == "cancel"
        assert f"Type {NAME} to go on" in reader.sees()


@pytest.mark.parametrize("words", ["", "backup", "backup/prod ", " backup/prod", "Backup/prod"])
async def test_a_destruction_stays_off_until_the_name_is_typed_exactly(words: str) -> None:
    async with opened(destruction()) as reader:
        await reader.type(words)
        assert reader.button("destroy").disabled
        await reader.type(NAME)
        await reader.until(lambda: not reader.button("destroy").disabled, "the button on")
        await reader.type(words)
        await reader.until(lambda: reader.button("destroy").disabled, "the button off again")
        assert reader.app.answers == []


async def test_a_name_is_written_into_its_line_also_while_cancel_has_the_focus() -> None:
    async with opened(destruction()) as reader:
        assert reader.focused == "cancel"
        await reader.until(lambda: reader.app.dialog.takes_enter, "keys that are meant for it")
        await reader.pilot.press(*("slash" if each == "/" else each for each in NAME))
        await reader.until(lambda: not reader.button("destroy").disabled, "the button on")
        assert reader.focused == "typed"
        assert reader.app.answers == []


async def test_a_letter_that_came_too_early_is_no_part_of_the_name() -> None:
    async with opened(destruction()) as reader:
        reader.app.dialog._opened += 1000  # noqa: SLF001 - as if it had just opened
        await reader.pilot.press("x")
        await reader.pilot.pause()
        assert reader.focused == "cancel"
        assert reader.app.dialog.query_one("#typed", Input).value == ""


async def test_enter_on_another_name_presses_nothing_and_says_so() -> None:
    async with opened(destruction()) as reader:
        await reader.type("backup/pro")
        await reader.enter_until(lambda: "That is not it" in reader.sees(), "the reason")
        assert reader.focused == "typed"
        assert reader.app.answers == []
        await reader.type(NAME)
        await reader.until(lambda: "That is not it" not in reader.sees(), "the reason gone")


async def test_enter_on_the_name_goes_to_the_button_and_only_a_second_one_presses_it() -> None:
    async with opened(destruction()) as reader:
        await reader.type(NAME)
        await reader.enter_until(lambda: reader.focused == "destroy", "the focus on the button")
        assert reader.app.answers == []
        await reader.pilot.press("enter")
        await reader.until(lambda: reader.app.answers == ["destroy"], "the answer")


async def test_a_press_that_waited_behind_a_changed_name_is_not_taken() -> None:
    async with opened(destruction()) as reader:
        await reader.type(NAME)
        await reader.until(lambda: not reader.button("destroy").disabled, "the button on")
        pressed = Button.Pressed(reader.button("destroy"))
        reader.app.dialog.query_one("#typed", Input).value = "backup"
        reader.app.dialog.post_message(pressed)
        await reader.pilot.pause()
        assert reader.app.answers == []


async def test_a_change_beside_a_guarded_destruction_needs_no_typing() -> None:
    dialog = Dialog("?", ["x"], [Choice("keep", "Keep", "change"), DESTROY], typed=NAME)
    async with opened(dialog) as reader:
        assert not reader.button("keep").disabled
        await reader.to("keep")
        await reader.enter_until(lambda: reader.app.answers == ["keep"], "the answer")


async def test_a_destruction_without_a_name_to_type_can_be_taken() -> None:
    async with opened(Dialog("?", ["x"], [DESTROY])) as reader:
        assert not reader.button("destroy").disabled


def test_a_name_that_would_guard_nothing_is_a_defect() -> None:
    with pytest.raises(ValueError, match="backup/prod"):
        Dialog("?", ["x"], [Choice("go", "Go", "change")], typed=NAME)


def test_enter_takes_nothing_by_itself_that_changes_something() -> None:
    for choice in (Choice("go", "Go", "change"), DESTROY):
        with pytest.raises(ValueError, match="more than a look"):
            Dialog("?", ["x"], [choice], focus=choice.value)


async def test_what_changes_nothing_may_have_the_focus() -> None:
    dialog = Dialog("?", ["x"], [Choice("next", "Go on")], focus="next")
    async with opened(dialog, focus="next") as reader:
        await reader.enter_until(lambda: reader.app.answers == ["next"], "the answer")


async def test_escape_cancels_also_from_the_typed_name() -> None:
    async with opened(destruction()) as reader:
        await reader.type(NAME)
        await reader.pilot.press("escape")
        await reader.until(lambda: reader.app.answers == ["cancel"], "cancelled")


async def test_a_refused_choice_is_off_and_says_why() -> None:
    refused = Choice("go", "Release", "change", refusal="the job [b]7f3a\x1b[/b] is running")
    async with opened(Dialog("?", ["x"], [refused])) as reader:
        assert reader.button("go").disabled
        assert "Release: the job [b]7f3a\\x1b[/b] is running" in reader.sees()


async def test_typing_does_not_open_a_refused_destruction_nor_is_asked_for_in_vain() -> None:
    refused = Choice("destroy", "Destroy", "destruction", refusal="it is held")
    async with opened(Dialog("?", ["x"], [refused], typed=NAME)) as reader:
        assert not reader.app.dialog.query("#typed")
    other = Choice("wipe", "Wipe", "destruction")
    async with opened(Dialog("?", ["x"], [refused, other], typed=NAME)) as reader:
        await reader.type(NAME)
        await reader.until(lambda: not reader.button("wipe").disabled, "the other on")
        assert reader.button("destroy").disabled
        await reader.enter_until(lambda: reader.focused == "wipe", "the focus on what is on")


async def test_copy_sends_the_text_and_shows_it_whole_until_it_is_pressed_again() -> None:
    async with opened(Dialog("?", ["x"], copy="zfs destroy a@1\x1b\nzfs destroy a@2")) as reader:
        await reader.to("copy")

        def shown() -> bool:
            return bool(reader.app.dialog.query("#copied").nodes)

        await reader.enter_until(shown, "the box")
        await reader.until(lambda: "zfs destroy a@2" in reader.sees(), "the text")
        assert "zfs destroy a@1\\x1b" in reader.sees()
        assert "also sent to the terminal's clipboard" in reader.sees()
        assert reader.app.copied == ["zfs destroy a@1\x1b\nzfs destroy a@2"]
        area = reader.app.dialog.query_one("#copied", TextArea)
        assert area.read_only
        await reader.to("copied")
        await reader.pilot.press("x")
        assert area.text == "zfs destroy a@1\\x1b\nzfs destroy a@2"
        await reader.to("copy")
        await reader.pilot.press("enter")
        await reader.until(lambda: not shown(), "the box gone")
        assert len(reader.app.copied) == 1
        assert reader.app.answers == []


async def test_every_line_of_a_long_text_is_reached_by_page_keys_with_all_below_it_shown() -> None:
    lines = [f"line {number:03}" for number in range(90)]
    choices = [Choice("no", "No", "change", refusal="not now"), DESTROY]
    dialog = Dialog("?", ["first", "\n".join(lines), "the end"], choices, typed=NAME, copy="c")
    async with opened(dialog) as reader:
        seen = reader.sees()
        for _ in range(20):
            await reader.pilot.press("pagedown")
            seen += reader.sees()
        for words in (*lines, "the end"):
            assert words in seen
        last = reader.sees()
        assert all(words in last for words in ("the end", "not now", f"Type {NAME}", "Destroy"))
        for _ in range(20):
            await reader.pilot.press("pageup")
        assert "first" in reader.sees()


async def test_up_and_down_scroll_where_there_is_only_one_button() -> None:
    async with opened(Dialog("?", ["\n".join(map(str, range(90)))], cancel="Back")) as reader:
        area = reader.app.dialog.query_one("#text", VerticalScroll)
        await reader.pilot.press("down", "down", "up")
        assert area.scroll_offset.y == 1


async def test_end_and_home_lead_to_the_ends_of_a_text() -> None:
    async with opened(Dialog("?", ["\n".join(map(str, range(90)))], [DESTROY])) as reader:
        area = reader.app.dialog.query_one("#text", VerticalScroll)
        await reader.pilot.press("end")
        assert area.scroll_offset.y == area.max_scroll_y > 0
        await reader.pilot.press("home")
        assert area.scroll_offset.y == 0


async def test_up_and_down_move_between_buttons_where_there_are_several() -> None:
    async with opened(Dialog("?", ["x"], [Choice("go", "Go", "change")])) as reader:
        await reader.pilot.press("down")
        assert reader.focused == "go"
        await reader.pilot.press("up")
        assert reader.focused == "cancel"


async def test_five_hundred_paragraphs_cost_one_widget() -> None:
    paragraphs = [f"zfs destroy backup/prod@{number}" for number in range(500)]
    async with opened(Dialog("?", paragraphs)) as reader:
        assert len(reader.app.dialog.query("#text Static")) == 1
        assert "backup/prod@0" in reader.sees()


async def test_text_from_hosts_is_shown_and_never_obeyed() -> None:
    async with opened(Dialog("t\x1b]0;", ["said \x1b[2J [red]x[/red]"])) as reader:
        assert "said \\x1b[2J [red]x[/red]" in reader.sees()
        assert "t\\x1b]0;" in reader.sees()


@pytest.mark.parametrize("size", [(60, 20), SMALL])
async def test_buttons_that_have_no_room_beside_each_other_are_all_read_whole(
    size: tuple[int, int],
) -> None:
    words = ("Go on", "Read everything that is mounted", "A check of your own", "Time it", "Enough")
    choices = [Choice(f"b{number}", each) for number, each in enumerate(words)]
    async with opened(Dialog("Check", ["x"], choices), size) as reader:
        await reader.until(lambda: all(each in reader.sees() for each in words), "every button")


async def test_buttons_that_have_room_stand_in_one_line() -> None:
    async with opened(Dialog("Check", ["x"], [Choice("a", "Go on"), Choice("b", "Time it")])) as r:
        line = next(each for each in r.sees().splitlines() if "Go on" in each)
        assert "Cancel" in line
        assert "Time it" in line
