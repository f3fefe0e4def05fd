"""The list screen on made-up entries: what stays in its place, what is asked for and refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Footer, Input, TextArea
from textual.widgets._footer import FooterKey  # it has no public name

from sealift.ui import headline
from sealift.ui.entries import Deed, Entry, column_widths, glyph_of, matching, offered
from sealift.ui.screens.help import HelpScreen
from sealift.ui.screens.host import HostScreen
from sealift.ui.screens.listing import READ_ONLY, ListScreen, MarkScreen
from sealift.ui.screens.overview import OverviewScreen
from sealift.ui.screens.route import RouteScreen
from sealift.ui.screens.top import TopScreen
from sealift.ui.text import ASCII, UNICODE, Glyphs
from sealift.ui.widgets.entry_pane import NOTHING_MATCHES
from sealift.zfs.commands import Effect
from tests.factories import mirrored
from tests.ui.pictures import NOW, picture
from tests.waiting import screen_text, wait_for

NARROW, WIDE = (80, 24), (160, 45)
SIZES = (NARROW, WIDE)
# A deed and the ids it was asked for.
Act = tuple[str, tuple[str, ...]]
LEVELS = (headline.OK, headline.INFO, headline.WARNING, headline.PROBLEM)
COLUMNS = ("snapshot", "age")
LOOK = Deed("l", "look", "look", Effect.READ)
RELEASE = Deed("r", "release", "release…", Effect.CHANGE)
DESTROY = Deed("D", "destroy", "destroy…", Effect.DESTRUCTION)


def entry(name: str, *deeds: Deed, level: str = headline.OK, details: str = "") -> Entry:
    """A row whose id is its first cell."""
    return Entry(name, level, (name, "3 h"), (details or f"about {name}",), deeds or (RELEASE,))


def rows(*numbers: int) -> tuple[Entry, ...]:
    return tuple(entry(f"row{number:04}") for number in numbers)


class ListApp(App[None]):
    """An empty screen with the list above it."""

    def __init__(self, screen: ListScreen) -> None:
        super().__init__()
        self.list = screen
        self.copied: list[str] = []

    def on_mount(self) -> None:
        self.push_screen(self.list)

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)


class Reader:
    """The list, somebody at its keys, and what was asked for."""

    def __init__(self, app: ListApp, pilot: Pilot[None], acts: list[Act]) -> None:
        self.app, self.pilot, self.acts = app, pilot, acts

    @property
    def screen(self) -> ListScreen:
        return self.app.list

    @property
    def at(self) -> str:
        current = self.screen.pane.current
        return current.id if current else ""

    @property
    def said(self) -> list[str]:
        """What was notified."""
        return [each.message for each in self.app._notifications]  # noqa: SLF001

    def sees(self) -> str:
        return screen_text(self.pilot)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, words: str) -> None:
        await wait_for(self.pilot, lambda: words in self.sees(), f"{words!r} on screen")

    async def filter(self, words: str) -> None:
        await self.press("slash")
        self.screen.query_one("#filter", Input).value = words
        await self.pilot.pause()


@asynccontextmanager
async def showing(
    entries: tuple[Entry, ...] | None,
    *,
    size: tuple[int, int] = NARROW,
    columns: tuple[str, ...] = COLUMNS,
    glyphs: Glyphs = UNICODE,
    read_only: bool = False,
) -> AsyncIterator[Reader]:
    acts: list[Act] = []
    screen = MarkScreen(
        "Holds of [b]tank\x1b",
        columns,
        entries,
        lambda deed, ids: acts.append((deed, ids)),
        empty="Nothing is held.",
        glyphs=glyphs,
        read_only=read_only,
    )
    app = ListApp(screen)
    async with app.run_test(size=size) as pilot:
        reader = Reader(app, pilot, acts)
        await reader.until("Holds of")
        await pilot.pause()
        yield reader


# What is shown


@pytest.mark.parametrize("size", SIZES)
async def test_rows_details_and_keys_are_on_one_screen(size: tuple[int, int]) -> None:
    async with showing((entry("alpha", LOOK, DESTROY), entry("beta")), size=size) as reader:
        await reader.until("D destroy…")
        lines = reader.sees().splitlines()
        assert "Holds of [b]tank\\x1b" in lines[0]
        assert "2 rows" in lines[0]
        assert "snapshot" in lines[1]
        assert "alpha" in lines[2]
        assert "about alpha" in reader.sees()
        assert all(word in lines[-1] for word in ("? help", "l look", "D destroy…", "esc back"))
        assert len(lines) <= size[1]
        await reader.press("down")
        await reader.until("about beta")
        assert "about alpha" not in reader.sees()


async def test_details_are_below_on_a_narrow_screen_and_beside_on_a_wide_one() -> None:
    for size, beside in ((NARROW, False), ((139, 40), False), ((140, 40), True), (WIDE, True)):
        async with showing(rows(1), size=size) as reader:
            table = reader.screen.query_one("#table").region
            details = reader.screen.query_one("#details").region
            assert (details.x >= table.right) is beside
            assert (details.y >= table.bottom) is not beside
            assert beside or details.height == 8


async def test_a_list_that_is_being_read_an_empty_one_and_a_fruitless_filter_say_so() -> None:
    async with showing(None) as reader:
        assert "reading…" in reader.sees()
        reader.screen.show(())
        await reader.until("Nothing is held.")
        reader.screen.show(rows(1))
        await reader.until("about row0001")
        await reader.filter("zzz")
        await reader.until(NOTHING_MATCHES)
        await reader.press("enter", "r", "y", "space", "down")
        assert reader.acts == []
        reader.screen.show(None)
        await reader.until("reading…")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
async def test_every_level_has_a_sign_of_its_own_and_a_word_in_the_details(glyphs: Glyphs) -> None:
    assert len({glyph_of(level, glyphs) for level in LEVELS}) == len(LEVELS)
    entries = tuple(entry(f"row-{level}", level=level) for level in LEVELS)
    async with showing(entries, glyphs=glyphs) as reader:
        for level in LEVELS:
            (line,) = (line for line in reader.sees().splitlines() if f" row-{level} " in line)
            assert line.split()[0] == glyph_of(level, glyphs)
            await reader.until(f"{glyph_of(level, glyphs)} {level} ")
            await reader.press("j")


async def test_text_from_hosts_is_shown_and_never_obeyed() -> None:
    nasty = "a\x1b[2J[red]\nb"
    refusing = Deed("r", "release", "release…", Effect.CHANGE, refusal=nasty)
    held = Entry(nasty, headline.OK, (nasty, "3 h"), (nasty,), (refusing,))
    async with showing((held,)) as reader:
        assert "a\\x1b[2J[red]\\nb" in reader.sees().splitlines()[2]
        assert "\x1b[2J" not in reader.sees()
        await reader.press("r")
        assert reader.said == ["a\\x1b[2J[red]\\nb"]
        await reader.press("y")
        assert reader.app.copied == ["a\\x1b[2J[red]\\nb  3 h"]


@pytest.mark.parametrize("size", SIZES)
async def test_a_shortened_cell_keeps_both_ends_and_is_whole_in_the_details(
    size: tuple[int, int],
) -> None:
    long = "tank/" + "deep/" * 40 + "end@rep"
    async with showing((entry(long), entry("short")), size=size) as reader:
        line = reader.sees().splitlines()[2]
        assert "tank/" in line
        assert "end@rep  3 h" in line
        assert long not in line
        words = str(reader.screen.query_one("#words").render())
        assert f"snapshot: {long}" in words
        await reader.press("down")
        assert "snapshot:" not in str(reader.screen.query_one("#words").render())


async def test_details_longer_than_their_place_scroll_after_tab() -> None:
    details = "\n".join(f"detail {number}" for number in range(40))
    async with showing((entry("alpha", details=details), entry("beta"))) as reader:
        assert "detail 39" not in reader.sees()
        await reader.press("tab", "end")
        await reader.until("detail 39")
        assert reader.at == "alpha"
        await reader.press("r", "tab", "j")
        assert reader.acts == [("release", ("alpha",))]
        assert reader.at == "beta"


# Moving


async def test_keys_move_the_cursor_and_keep_it_in_sight() -> None:
    async with showing(rows(*range(100))) as reader:
        page = reader.screen.pane.size.height
        for key, row in (
            ("j", 1),
            ("down", 2),
            ("k", 1),
            ("up", 0),
            ("up", 0),
            ("pagedown", page),
            ("pageup", 0),
            ("end", 99),
            ("home", 0),
            ("G", 99),
            ("down", 99),
            ("g", 0),
            ("ctrl+d", page // 2),
            ("ctrl+u", 0),
        ):
            await reader.press(key)
            assert reader.at == f"row{row:04}", key
            await reader.until(f"row{row:04} ")


async def test_the_cursor_stays_with_its_entry_and_its_line_when_the_list_changes() -> None:
    async with showing(rows(*range(0, 200, 2))) as reader:
        await reader.press("pagedown", "pagedown", "up", "up")
        at = reader.at

        def line() -> int:
            lines = reader.sees().splitlines()
            return next(y for y, each in enumerate(lines) if f" {at} " in each)

        before = line()
        reader.screen.show(rows(*range(200)))
        await reader.until("200 rows")
        assert reader.at == at
        assert line() == before
        reader.screen.show(None)
        reader.screen.show(rows(*range(200)))
        assert reader.at == at


async def test_the_place_stays_when_the_cursor_is_out_of_sight() -> None:
    async with showing(rows(*range(0, 200, 2))) as reader:
        pane = reader.screen.pane
        pane.scroll_to(y=50, animate=False, immediate=True)
        reader.screen.show(rows(*range(200)))
        await reader.until("200 rows")
        assert pane.shown[pane.scroll_offset.y].id == "row0100"
        assert reader.at == "row0000"


async def test_from_an_entry_that_is_gone_the_cursor_goes_to_the_nearest_and_stays_there() -> None:
    async with showing(rows(*range(10))) as reader:
        await reader.press(*["down"] * 5)
        reader.screen.show(rows(0, 1, 2, 3, 6, 7, 8, 9))
        assert reader.at == "row0006"
        reader.screen.show(rows(*range(10)))
        assert reader.at == "row0006", "it does not jump back under a finger"
        reader.screen.show(())
        assert reader.at == ""
        reader.screen.show(rows(3, 4))
        assert reader.at == "row0003"


async def test_only_the_lines_that_changed_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = rows(*range(1000))
    async with showing(entries) as reader:
        await reader.press("down")
        drawn: list[int] = []
        pane = reader.screen.pane
        draw = pane.render_line

        def counting(y: int) -> Strip:
            drawn.append(y)
            return draw(y)

        monkeypatch.setattr(pane, "render_line", counting)
        other = replace(entries[4], cells=(entries[4].id, "9 h"))
        reader.screen.show((*entries[:4], other, *entries[5:]))
        await reader.until("row0004   9 h")
        assert set(drawn) == {4}
        drawn.clear()
        reader.screen.show(tuple(replace(each) for each in (*entries[:4], other, *entries[5:])))
        await reader.pilot.pause()
        assert drawn == []
        await reader.press("down")
        await reader.until("about row0002")
        assert set(drawn) == {1, 2}


async def test_ten_thousand_rows_draw_no_more_lines_than_there_are_on_the_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with showing(rows(*range(10_000))) as reader:
        pane = reader.screen.pane
        drawn: list[int] = []
        draw = pane.render_line

        def counting(y: int) -> Strip:
            drawn.append(y)
            return draw(y)

        monkeypatch.setattr(pane, "render_line", counting)
        await reader.press("end")
        await reader.until("row9999")
        assert len(drawn) <= 2 * pane.size.height


# Marks, filter, deeds


async def test_a_deed_is_asked_for_with_the_row_under_the_cursor() -> None:
    async with showing(rows(1, 2)) as reader:
        await reader.press("down", "r")
        assert reader.acts == [("release", ("row0002",))]


async def test_marked_rows_are_given_to_a_deed_together_in_the_order_of_the_list() -> None:
    async with showing(rows(1, 2, 3, 4)) as reader:
        await reader.press("end", "space", "home", "space", "space", "up", "space")
        await reader.until("2 marked")
        assert sum(line.startswith("*") for line in reader.sees().splitlines()) == 2
        await reader.press("r")
        assert reader.acts == [("release", ("row0001", "row0004"))]


async def test_marks_stay_with_their_entries_and_go_with_them() -> None:
    async with showing(rows(1, 2, 3)) as reader:
        await reader.press("space", "down", "space")
        assert reader.screen.pane.marks == {"row0001", "row0003"}
        reader.screen.show(rows(0, 3, 2))
        await reader.until("1 marked")
        reader.screen.show(None)
        reader.screen.show(rows(1, 2, 3))
        assert reader.screen.pane.marks == {"row0003"}
        await reader.press("r")
        assert reader.acts == [("release", ("row0003",))]


async def test_the_filter_hides_rows_says_how_many_and_escape_ends_it_before_the_screen() -> None:
    async with showing((entry("alpha"), entry("beta"), entry("alphabet"))) as reader:
        await reader.press("down", "down")
        await reader.filter("ALPHA")
        await reader.until("2 of 3 rows")
        assert reader.at == "alphabet"
        assert " beta " not in reader.sees()
        await reader.press("enter", "up")
        assert reader.at == "alpha"
        assert "2 of 3 rows" in reader.sees()
        reader.screen.show((entry("beta"), entry("alpha"), entry("gamma")))
        await reader.until("1 of 3 rows")
        assert reader.at == "alpha"
        await reader.press("escape")
        await reader.until(" beta ")
        assert reader.at == "alpha"
        assert reader.app.screen is reader.screen
        await reader.press("escape")
        assert reader.app.screen is not reader.screen


async def test_the_cursor_finds_its_entry_again_after_a_filter_that_hid_it() -> None:
    async with showing((entry("alpha"), entry("beta"), entry("gamma"))) as reader:
        await reader.press("down")
        await reader.filter("gamma")
        assert reader.at == "gamma"
        await reader.press("escape")
        assert reader.at == "beta"


async def test_letters_typed_into_the_filter_are_no_keys() -> None:
    async with showing(rows(1, 2)) as reader:
        await reader.press("slash", "r", "q", "space", "question_mark")
        assert reader.screen.query_one("#filter", Input).value == "rq ?"
        assert reader.acts == []
        assert reader.app.screen is reader.screen


async def test_marks_that_the_filter_hides_are_counted_on_top() -> None:
    async with showing((entry("alpha"), entry("beta"))) as reader:
        await reader.press("space")
        await reader.filter("beta")
        await reader.until("1 marked  1 of them hidden by the filter")


async def test_a_refused_deed_says_why_and_is_not_asked_for() -> None:
    refusing = replace(RELEASE, refusal="the job that needs it is running")
    async with showing((entry("alpha", refusing), entry("beta"))) as reader:
        await reader.press("r")
        assert reader.said == ["the job that needs it is running"]
        assert reader.acts == []
        await reader.until("r release…")
        footer = reader.screen.query_one(Footer).query(FooterKey)
        assert [key.description for key in footer if key.has_class("-disabled")] == ["release…"]
        await reader.press("down", "r")
        assert reader.acts == [("release", ("beta",))]


async def test_a_deed_is_found_by_the_key_that_follows_the_cursor_at_once() -> None:
    async with showing((entry("alpha", LOOK), entry("beta", DESTROY))) as reader:
        reader.screen.pane.action_move(1)
        assert set(reader.screen.active_bindings) >= {"D"}
        assert "l" not in reader.screen.active_bindings
        await reader.press("D", "up", "l", "D")
        assert reader.acts == [("destroy", ("beta",)), ("look", ("alpha",))]


async def test_a_read_only_session_refuses_all_but_reading_in_the_route_screens_words() -> None:
    shown = picture(*mirrored({"": [101, 102]}, {"": [101]}))
    route = RouteScreen(shown, UNICODE, lambda: NOW, read_only=True)
    assert route.refusal("send") == READ_ONLY
    refusing = replace(DESTROY, refusal="it is held")
    async with showing((entry("alpha", LOOK, RELEASE, refusing),), read_only=True) as reader:
        assert "READ-ONLY" in reader.sees().splitlines()[0]
        await reader.press("r", "D", "l")
        assert reader.acts == [("look", ("alpha",))]
        assert reader.said == [READ_ONLY, READ_ONLY]


async def test_help_lists_the_deeds_with_what_stands_against_them() -> None:
    refusing = replace(DESTROY, refusal="it is held")
    async with showing((entry("alpha", RELEASE, refusing),), size=WIDE) as reader:
        await reader.press("question_mark")
        await wait_for(
            reader.pilot, lambda: isinstance(reader.app.screen, HelpScreen), "the help over it"
        )
        await reader.until("NOT NOW: it is held")
        lines = [line.strip(" │") for line in reader.sees().splitlines()]
        assert lines.index("Under the cursor: alpha") < min(
            place for place, line in enumerate(lines) if line.startswith("r  release…")
        )
        assert "Mark a row" in reader.sees()
        await reader.press("escape")
        assert reader.app.screen is reader.screen


async def test_copy_takes_the_whole_row_and_q_goes_back() -> None:
    long = "tank/" + "deep/" * 40
    async with showing((entry(long),)) as reader:
        await reader.press("y")
        assert reader.app.copied == [f"{long}  3 h"]
        await reader.until("also sent to the terminal's clipboard")
        assert reader.app.screen.query_one("#copied", TextArea).text == f"{long}  3 h"
        await reader.press("escape")
        await reader.press("q")
        assert reader.app.screen is not reader.screen


async def test_entries_given_before_the_screen_is_drawn_are_not_lost() -> None:
    async with showing(None) as reader:
        second = ListScreen(
            "Jobs", COLUMNS, None, lambda *_: None, empty="", glyphs=UNICODE, read_only=False
        )
        second.show(rows(7))
        reader.app.push_screen(second)
        await reader.until("about row0007")


async def test_a_row_without_a_cell_for_every_column_is_a_defect_and_changes_nothing() -> None:
    async with showing(rows(1)) as reader:
        with pytest.raises(ValueError, match="shorter"):
            reader.screen.show((Entry("x", headline.OK, ("one",), (), ()),))
        assert reader.at == "row0001"


async def test_a_deed_on_a_key_of_the_list_is_a_defect() -> None:
    assert {"j", "space", "slash", "y", "q", "escape", "tab"} <= MarkScreen.reserved()
    async with showing(rows(1)) as reader:
        with pytest.raises(ValueError, match="'j'"):
            reader.screen.show((entry("alpha", replace(LOOK, key="j")),))


@pytest.mark.parametrize(
    ("screen", "more"),
    [
        (TopScreen, {"N"}),
        (OverviewScreen, {"N", "ctrl+r", "f5", "at"}),
        (HostScreen, {"N", "ctrl+r", "f5"}),
    ],
)
def test_a_screen_that_can_do_more_keeps_more_keys_from_deeds(
    screen: type[ListScreen], more: set[str]
) -> None:
    assert screen.reserved() == ListScreen.reserved() | more


# The pure parts


def test_several_entries_offer_a_deed_only_if_none_of_them_refuses_it() -> None:
    held = entry("held", replace(RELEASE, refusal="a job needs it"), LOOK)
    free = entry("free", RELEASE, LOOK, DESTROY)
    release, look, destroy = offered([free, held, free])[:1] + offered([held, free])[1:]
    assert release.refusal == "held: a job needs it"
    assert look.refusal == ""
    assert destroy.refusal == "Not for everything that is marked."
    assert offered([held]) == held.deeds
    assert offered([]) == ()


@pytest.mark.parametrize(
    ("words", "kept"),
    [("", "abc"), ("  ", "abc"), ("B", "b"), ("!b", "ac"), ("!", "abc"), ("3 h", "abc")],
)
def test_a_filter_keeps_what_it_says(words: str, kept: str) -> None:
    assert "".join(each.id for each in matching([entry(c) for c in "abc"], words)) == kept


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8), st.integers(0, 200))
def test_columns_fit_where_they_can_and_no_narrow_one_is_cut_for_a_wide_one(
    natural: Sequence[int], room: int
) -> None:
    widths = column_widths(natural, room)
    assert all(width <= each for width, each in zip(widths, natural, strict=True))
    if sum(natural) <= room:
        assert widths == tuple(natural)
    if room >= 4 * len(natural):
        assert sum(widths) <= room
    cut = [width for width, each in zip(widths, natural, strict=True) if width < each]
    assert all(one == other for one, other in pairwise(cut))
    assert all(width >= max(widths) for width in cut)


async def test_news_that_comes_while_the_program_ends_draws_nothing() -> None:
    """A host that is closed then is a change of the picture, and the widgets are gone already."""
    async with showing(rows(1)) as reader:
        screen, app = reader.screen, reader.app
    with app._context():  # noqa: SLF001 - as a worker of the program has it
        screen.show(rows(3))
    assert len(screen.pane.entries) == 1
