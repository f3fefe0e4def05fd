"""The playbook's screen on diagnoses made by hand: what is seen first, what its keys ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import TextArea

from sealift.playbook import steps
from sealift.playbook.diagnosis import Diagnosis
from sealift.ui.playbook_rows import VERDICT
from sealift.ui.screens.listing import READ_ONLY
from sealift.ui.screens.playbook import (
    NO_PAGE,
    NOTHING_TO_COPY,
    NOTHING_TO_DO,
    ONLY_TO_COPY,
    Calls,
    PlaybookScreen,
)
from sealift.ui.text import ASCII, UNICODE, Glyphs
from tests.diagnoses import (
    BEGAN,
    STORIES,
    diagnosis,
    healthy,
    hostile,
    running,
    slow_link,
    step,
    two_problems,
)
from tests.waiting import screen_text, wait_for

SHORT, MIDDLE, LARGE = (80, 24), (120, 36), (160, 45)
SIZES = (SHORT, MIDDLE, LARGE)
HOLDS = "next finding network-bandwidth link tank/prod/db 3"
SEND = "next finding stale-token destination backup/prod/db 1"
ABORT = "next finding stale-token destination backup/prod/db 2"


@dataclass
class Clock:
    """Stands still unless it is told to go on."""

    now: datetime = BEGAN

    def __call__(self) -> datetime:
        return self.now


class PlaybookApp(App[None]):
    """An empty screen with the playbook above it."""

    def __init__(self, screen: PlaybookScreen) -> None:
        super().__init__()
        self.playbook = screen
        self.copied: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(self.playbook)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


@dataclass
class Reader:
    """The screen, somebody at its keys, and what was asked for."""

    app: PlaybookApp
    pilot: Pilot[None]
    clock: Clock
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def screen(self) -> PlaybookScreen:
        return self.app.playbook

    @property
    def at(self) -> str:
        current = self.screen.pane.current
        return current.id if current else ""

    @property
    def on_top(self) -> str:
        return type(self.app.screen).__name__

    @property
    def said(self) -> list[str]:
        return [each.message for each in self.app._notifications]  # noqa: SLF001

    def sees(self) -> str:
        return screen_text(self.pilot)

    def line_of(self, words: str) -> int:
        return next(i for i, line in enumerate(self.sees().splitlines()) if words in line)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, words: str) -> None:
        await wait_for(self.pilot, lambda: words in self.sees(), f"{words!r} on screen")

    async def go_to(self, item: str) -> None:
        await self.press("g")
        while self.at != item:
            before = self.at
            await self.press("j")
            assert self.at != before, f"{item} is not there"

    async def show(self, made: Diagnosis) -> None:
        self.screen.show(made)
        await self.pilot.pause()


@asynccontextmanager
async def showing(
    made: Diagnosis,
    size: tuple[int, int] = SHORT,
    *,
    glyphs: Glyphs = UNICODE,
    read_only: bool = False,
) -> AsyncIterator[Reader]:
    asked: list[tuple[str, str | None]] = []
    calls = Calls(
        again=lambda name: asked.append(("again", name)),
        report=lambda: asked.append(("report", None)),
        page=lambda name: asked.append(("page", name)),
        act=lambda name: asked.append(("act", name)),
    )
    clock = Clock()
    app = PlaybookApp(PlaybookScreen(made, calls, glyphs, clock, read_only=read_only))
    async with app.run_test(size=size) as pilot:
        reader = Reader(app, pilot, clock, asked)
        await wait_for(pilot, lambda: reader.at, "the cursor on something")
        await reader.until("esc back")
        yield reader


# What is seen


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_look_finds_verdict_chain_and_what_to_mend_first(
    size: tuple[int, int],
) -> None:
    async with showing(two_problems(), size) as reader:
        lines = reader.sees().splitlines()
        assert len(lines) <= size[1]
        assert "taken 02:12:55 UTC in 12 s" in lines[0]
        assert "Verdict  ! network-bandwidth, high confidence" in lines[1]
        order = [
            "network-bandwidth, high",
            "first: stale-token",
            "! network ",
            "problem stale-token",
        ]
        places = [reader.line_of(words) for words in order]
        assert places == sorted(places)
        assert "SATURATED" in reader.sees()
        assert "root@nas1$ ss -tinH" in reader.sees()
        for words in ("? help", "enter open", "n do next…", "1-4 step again", "r report"):
            assert words in lines[-1]


@pytest.mark.parametrize("size", [MIDDLE, LARGE])
async def test_with_room_the_stages_are_one_row_and_the_steps_are_in_sight(
    size: tuple[int, int],
) -> None:
    async with showing(slow_link(), size) as reader:
        row = reader.sees().splitlines()[reader.line_of("zfs receive")]
        assert row.index("zfs send") < row.index("! network ") < row.index("zfs receive")
        await reader.until("1 What are we sending: ▲ warning")


async def test_at_80_columns_the_stages_are_a_list() -> None:
    async with showing(slow_link(), SHORT) as reader:
        assert reader.line_of("zfs send") < reader.line_of("! network ") < reader.line_of("sshd")


@pytest.mark.parametrize(("size", "glyphs"), [*((size, UNICODE) for size in SIZES), (SHORT, ASCII)])
@pytest.mark.parametrize("story", STORIES)
async def test_everything_can_be_reached_and_nothing_is_wider_than_the_screen(
    story: str, size: tuple[int, int], glyphs: Glyphs
) -> None:
    async with showing(STORIES[story](), size, glyphs=glyphs) as reader:
        pane, seen, previous = reader.screen.pane, set[int](), ""
        while previous != reader.at or pane.scroll_offset.y < pane.max_scroll_y:
            previous, top = reader.at, pane.scroll_offset.y
            if top not in seen:
                await reader.pilot.pause()
                assert all(len(line) <= size[0] for line in reader.sees().splitlines())
            seen |= set(range(top, min(top + pane.size.height, pane.virtual_size.height)))
            pane.action_move(1)
        assert seen == set(range(pane.virtual_size.height))
        await reader.press("g")
        assert reader.at == VERDICT
        assert pane.scroll_offset.y == 0


async def test_a_stage_list_longer_than_the_screen_is_scrolled_through() -> None:
    time = slow_link().steps[2]
    long = replace(time, chain=time.chain * 4)
    async with showing(diagnosis(long), SHORT) as reader:
        await reader.press("j")
        assert reader.at == "chain"
        top = reader.screen.pane.scroll_offset.y
        await reader.press("j")
        assert reader.at == "chain"
        assert reader.screen.pane.scroll_offset.y == top + 1
        await reader.press(*"j" * 30)
        assert reader.at != "chain"
        while reader.at != "chain":
            await reader.press("k")
        await reader.press("k")
        assert reader.at == VERDICT


async def test_details_are_those_of_the_cursor_and_begin_at_their_beginning() -> None:
    async with showing(two_problems(), SHORT) as reader:
        await reader.go_to("fact time link")
        await reader.until("busy:9980ms")
        assert "! problem" in reader.sees().splitlines()[reader.line_of("! problem ──")]
        await reader.go_to(VERDICT)
        await reader.press("tab", "j", "j", "j")
        await wait_for(
            reader.pilot,
            lambda: reader.screen.query_one("#details").scroll_offset.y == 3,
            "the details scrolled",
        )
        await reader.press("tab", "j")
        assert reader.screen.query_one("#details").scroll_offset.y == 0


async def test_while_it_measures_the_seconds_go_on_by_themselves() -> None:
    async with showing(running(4.0)) as reader:
        assert "measuring, 4 s" in reader.sees().splitlines()[0]
        reader.clock.now += timedelta(seconds=3)
        await reader.until("Verdict  ▶ measuring, 7 s")
        await reader.show(healthy())
        await reader.until("✓ no bottleneck, high confidence")
        reader.clock.now += timedelta(seconds=60)
        await reader.pilot.pause(1.1)
        assert "taken 02:12:55 UTC in 12 s" in reader.sees()


async def test_text_from_hosts_is_shown_and_never_obeyed() -> None:
    async with showing(hostile(), LARGE) as reader:
        assert "[red]x[/red]\\u202eb\\r\\n\\tc" in reader.sees().splitlines()[0]
        for _ in range(12):
            assert "\x1b" not in reader.sees()
            assert "\u202e" not in reader.sees()
            await reader.press("j")
        await reader.press("g", "y")
        assert "\x1b" not in reader.sees()
        if reader.on_top == "Copied":
            await reader.press("escape")
        assert all("\x1b" not in each and "\n" not in each for each in reader.app.copied)
        await reader.press("question_mark")
        await reader.until("Under the cursor")


# The cursor stays


@pytest.mark.parametrize("size", SIZES)
async def test_cursor_and_scroll_stay_while_the_steps_fill_in(size: tuple[int, int]) -> None:
    async with showing(running(), size) as reader:
        await reader.go_to("step receiver")
        at, pane = reader.line_of("2 The receiver"), reader.screen.pane
        for made in (slow_link(), two_problems(), two_problems()):
            await reader.show(made)
            assert reader.at == "step receiver"
            here = reader.line_of("2 The receiver")
            # What there is may end too early for the screen to be scrolled that far.
            assert here == at or (here > at and pane.scroll_offset.y == pane.max_scroll_y)


async def test_at_the_top_it_stays_at_the_top() -> None:
    async with showing(running()) as reader:
        await reader.show(two_problems())
        assert reader.at == VERDICT
        assert reader.screen.pane.scroll_offset.y == 0


async def test_a_cursor_whose_finding_is_gone_goes_to_its_neighbour() -> None:
    async with showing(two_problems()) as reader:
        await reader.go_to("finding churn source tank/prod/db")
        gone = replace(two_problems(), findings=two_problems().findings[:2])
        await reader.show(gone)
        assert reader.at == HOLDS


async def test_another_width_keeps_the_cursor_in_sight() -> None:
    async with showing(two_problems(), LARGE) as reader:
        await reader.press("G")
        last = reader.at
        await reader.pilot.resize_terminal(*SHORT)
        await reader.until("▸")
        assert reader.at == last


async def test_pages_and_ends() -> None:
    async with showing(two_problems(), SHORT) as reader:
        await reader.press("pagedown")
        assert reader.at not in {VERDICT, "chain"}
        await reader.press("pageup")
        assert reader.at == VERDICT
        await reader.press("ctrl+d", "ctrl+u", "G")
        assert reader.at.startswith("unseen stream")
        await reader.press("home")
        assert reader.at == VERDICT


async def test_a_click_puts_the_cursor_there() -> None:
    async with showing(two_problems(), LARGE) as reader:
        line = reader.line_of("problem stale-token")
        await reader.pilot.click(offset=(20, line))
        assert reader.at == "finding stale-token destination backup/prod/db"
        await reader.pilot.click(offset=(20, line - 1))  # a heading
        assert reader.at == "finding stale-token destination backup/prod/db"


# What is asked for


async def test_enter_and_i_open_the_page_of_the_finding() -> None:
    async with showing(two_problems()) as reader:
        await reader.press("enter")
        assert reader.asked == [("page", "network-bandwidth")]  # the verdict's
        await reader.go_to("finding stale-token destination backup/prod/db")
        await reader.press("enter", "i")
        assert reader.asked[1:] == [("page", "stale-token")] * 2
        await reader.go_to(ABORT)
        await reader.press("i")
        assert reader.asked[3:] == [("page", "stale-token")]
        await reader.go_to("step sending")
        await reader.press("enter")
        assert len(reader.asked) == 4
        assert reader.said == [NO_PAGE]


async def test_a_next_step_is_done_by_the_route_screen() -> None:
    async with showing(two_problems()) as reader:
        await reader.go_to(SEND)
        await reader.press("enter", "n")
        await reader.go_to("finding network-bandwidth link tank/prod/db")
        await reader.press("n")
        assert reader.asked == [("act", "send"), ("act", "send"), ("act", "holds")]


async def test_what_the_route_screen_cannot_do_is_not_asked_of_it() -> None:
    async with showing(two_problems()) as reader:
        await reader.go_to(ABORT)
        await reader.press("n")
        await reader.go_to("step sending")
        await reader.press("n")
        assert reader.asked == []
        assert reader.said == [ONLY_TO_COPY, NOTHING_TO_DO]


async def test_enter_copies_the_command_of_a_step_that_is_taken_on_a_host() -> None:
    async with showing(two_problems()) as reader:
        await reader.go_to(ABORT)
        assert "Or give up what was received.  [enter: copy]" in reader.sees()
        await reader.press("enter")
        assert reader.app.copied == ["zfs receive -A backup/prod/db"]
        assert reader.on_top == "Copied"
        await reader.press("escape")
        assert reader.asked == []
        assert reader.said == []


async def test_a_step_that_is_only_advice_says_that_there_is_nothing_to_do_or_copy() -> None:
    async with showing(slow_link()) as reader:
        await reader.go_to("next finding network-bandwidth link tank/prod/db 1")
        await reader.press("enter")
        assert (reader.asked, reader.app.copied) == ([], [])
        assert reader.said == [NOTHING_TO_DO]


async def test_help_calls_what_is_under_the_cursor_by_its_name() -> None:
    async with showing(two_problems()) as reader:
        for where, heading in (
            (VERDICT, "Under the cursor: verdict "),
            (SEND, "Under the cursor: next step "),
            ("finding stale-token destination backup/prod/db", "cursor: finding stale-token "),
        ):
            await reader.go_to(where)
            await reader.press("question_mark")
            await reader.until(heading)
            await reader.press("escape")


async def test_numbers_take_a_step_again_and_ctrl_r_all() -> None:
    async with showing(healthy()) as reader:
        await reader.press("1", "2", "3", "4", "ctrl+r", "r")
        again = [("again", name) for name in steps.TITLES]
        assert reader.asked == [*again, ("again", None), ("report", None)]


async def test_y_copies_the_command_shows_it_in_a_box_and_says_where_there_is_none() -> None:
    async with showing(two_problems()) as reader:
        await reader.go_to(ABORT)
        await reader.press("y")
        assert reader.app.copied == ["zfs receive -A backup/prod/db"]
        await reader.until("also sent to the terminal's clipboard")
        box = reader.app.screen.query_one("#copied", TextArea)
        assert box.text == "zfs receive -A backup/prod/db"
        await reader.press("escape")
        await reader.go_to("step sending")
        await reader.press("y")
        assert len(reader.app.copied) == 1
        assert NOTHING_TO_COPY in reader.said


async def test_help_lists_the_keys_and_escape_and_q_lead_back() -> None:
    for key in ("escape", "q"):
        async with showing(healthy()) as reader:
            await reader.press("question_mark")
            await reader.press("end")
            await reader.until("Write the incident report")
            assert reader.on_top == "HelpScreen"
            await reader.press("escape")
            assert reader.on_top == "PlaybookScreen"
            await reader.press(key)
            assert reader.on_top != "PlaybookScreen"
            assert reader.asked == []


async def test_read_only_reads_on_and_refuses_every_change() -> None:
    async with showing(two_problems(), read_only=True) as reader:
        assert "READ-ONLY" in reader.sees().splitlines()[0]
        await reader.go_to(SEND)
        await reader.press("enter", "n")
        assert reader.asked == []
        assert reader.said == [READ_ONLY] * 2
        await reader.go_to(HOLDS)  # a list: looking is no change
        await reader.press("enter")
        assert reader.asked == [("act", "holds")]


async def test_no_other_key_asks_for_anything() -> None:
    allowed = {"page", "act", "again", "report"}
    async with showing(two_problems()) as reader:
        await reader.go_to(SEND)
        for key in "abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
            await reader.press(key)
            if reader.on_top == "Copied":
                await reader.press("escape")
            assert reader.app.screen is reader.screen
        assert {name for name, _ in reader.asked} <= allowed


async def test_the_first_answer_may_have_no_step_at_all() -> None:
    async with showing(Diagnosis("a route", BEGAN, 0.0, ())) as reader:
        assert "? no verdict" in reader.sees()
        await reader.press("j", "k", "G", "g", "pagedown", "pageup")
        await reader.show(diagnosis(step(steps.TIME, "running")))
        await reader.until("measuring, 12 s")
