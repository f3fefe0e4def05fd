"""Keys of the user's own: they do what the usual ones did, and are named wherever keys are."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import Input

from sealift.cli import parse
from sealift.keymap import settled
from sealift.mentions import SEND
from sealift.ui.app import SealiftApp
from sealift.ui.entries import Entry
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.help import HelpScreen
from sealift.ui.screens.listing import ListScreen
from sealift.ui.screens.route import RouteScreen
from tests.factories import mirrored
from tests.ui.pictures import NOW, picture
from tests.waiting import screen_text, wait_for

BEHIND = mirrored({"": [101, 102, 103], "db": [101, 102, 103]}, {"": [101], "db": [101]})
ROUTE = ("root@nas1:tank/prod", "root@dr1:backup/prod")
CHOSEN = {
    "send": ("p",),
    "playbook": ("s",),
    "details": ("D", "f6"),
    "tokens": ("T",),
    "help": ("f3",),
    "filter": ("f",),
    "back": ("B",),
    "tree_down": ("e",),
}


class StillApp(SealiftApp):
    """The program before any host has answered."""

    def show_route(self, back: object = None) -> None:  # noqa: ARG002 - nothing is followed
        self.push_screen(RouteScreen(picture(*BEHIND), self.glyphs, lambda: NOW, read_only=False))


def app(told: tuple[str, ...] = ()) -> StillApp:
    keys, conflicts = settled(CHOSEN)
    assert conflicts == ()
    return StillApp(replace(parse(ROUTE), keys=keys, keys_told=told), clock=lambda: NOW)


async def test_header_footer_and_help_name_the_keys_in_force() -> None:
    program = app()
    async with program.run_test(size=(140, 70)) as pilot:
        await wait_for(pilot, lambda: "f3 help" in screen_text(pilot), "the footer")
        lines = screen_text(pilot).splitlines()
        assert lines[1].endswith("p send…")
        for words in ("f filter", "D details", "s diagnose", "p send…", "q quit"):
            assert words in lines[-1]
        assert lines[-1].index("f filter") < lines[-1].index("D details")
        await pilot.press("f3")
        await wait_for(pilot, lambda: "D f6" in screen_text(pilot), "the help")
        assert isinstance(program.screen, HelpScreen)
        seen = screen_text(pilot)
        assert "Under the cursor: dataset tank/prod" in seen
        await pilot.press("f3")
        assert isinstance(program.screen, RouteScreen)


async def test_the_keys_that_were_given_away_do_what_they_were_given_to() -> None:
    program = app()
    async with program.run_test(size=(80, 24), notifications=True) as pilot:
        screen = program.screen_stack[-1]
        assert isinstance(screen, RouteScreen)
        tree = screen.tree_pane
        await pilot.press("question_mark", "t", "slash")
        assert program.screen is screen
        assert not isinstance(program.focused, Input)
        await pilot.press("e")
        assert tree.cursor == 1
        await pilot.press("f6")
        assert isinstance(program.screen, Dialog)
        await pilot.press("escape", "D")
        assert isinstance(program.screen, Dialog)
        await pilot.press("escape", "f")
        assert isinstance(program.focused, Input)


async def test_a_list_is_left_by_the_users_key_and_by_escape() -> None:
    program = app()
    async with program.run_test(size=(80, 24), notifications=True) as pilot:
        for key in ("B", "escape"):
            rows = ListScreen(
                "Rows", ("what",), (), lambda *_: None, empty="none",
                glyphs=program.glyphs, read_only=False, kind="token",
            )  # fmt: skip
            program.push_screen(rows)
            await wait_for(pilot, lambda: "B back" in screen_text(pilot), "the footer")
            await pilot.press(key)
            assert isinstance(program.screen, RouteScreen)


async def test_a_dimmed_action_says_why_on_its_new_key() -> None:
    program = app()
    async with program.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("T")
        await wait_for(pilot, lambda: "have to be read first" in screen_text(pilot), "why")


async def test_sentences_name_the_keys_in_force() -> None:
    program = app()
    async with program.run_test(size=(80, 24), notifications=True) as pilot:
        said = [f"Resume it {SEND}.\nnas1$ echo (s)", "The host said:\ncannot hold (s): busy"]
        program.push_screen(Dialog("Why", said, cancel="Back"))
        await wait_for(pilot, lambda: "Resume it (p)." in screen_text(pilot), "the sentence")
        assert "nas1$ echo (s)" in screen_text(pilot)
        assert "cannot hold (s): busy" in screen_text(pilot)


async def test_a_list_and_what_is_told_in_passing_name_the_keys_in_force_in_our_own_words() -> None:
    program = app()
    async with program.run_test(size=(120, 36), notifications=True) as pilot:
        route = program.screen
        assert isinstance(route, RouteScreen)
        row = Entry("1", "info", ("a",), (f"Resume it {SEND}.", "cannot hold (s): busy"), ())
        rows = ListScreen(
            "Rows", ("what",), (row,), lambda *_: None, empty="none",
            glyphs=program.glyphs, read_only=False, kind="token",
        )  # fmt: skip
        program.push_screen(rows)
        await wait_for(pilot, lambda: "Resume it (p)." in screen_text(pilot), "the details")
        assert "cannot hold (s): busy" in screen_text(pilot)
        await pilot.press("escape")
        route.desk.say(f"Plan anew {SEND}: cannot hold (s)")
        await wait_for(
            pilot, lambda: "Plan anew (p): cannot hold (s)" in screen_text(pilot), "what is told"
        )


async def test_what_could_not_be_taken_is_told_at_the_start() -> None:
    program = app(told=("c.toml:3: t is both details and tokens",))
    async with program.run_test(size=(80, 24), notifications=True) as pilot:
        await wait_for(pilot, lambda: "c.toml:3" in screen_text(pilot), "the conflict")
