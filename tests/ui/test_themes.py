"""Themes: ours can be read, also by who sees few colours; the user's own are used or explained."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.command import CommandList, CommandPalette
from textual.pilot import Pilot
from textual.theme import Theme
from textual.widgets import Input

from sealift.replication.picture import Picture
from sealift.ui import themes
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.help import HelpScreen
from sealift.ui.screens.listing import ListScreen
from sealift.ui.screens.playbook import PlaybookScreen
from sealift.zfs.listings import KeyStatus
from tests.diagnoses import slow_link
from tests.driving import Operator
from tests.factories import dataset, held, inventory, mirrored, snapshot
from tests.ui.pictures import picture, showing
from tests.ui.walking import Walk
from tests.waiting import wait_for

OURS = {theme.name: theme for theme in themes.own_themes()}
HIGH_CONTRAST = "sealift-high-contrast"
BEHIND = mirrored({"": [101, 102, 103], "db": [101, 102, 103]}, {"": [101], "db": [101]})


def test_there_is_one_for_each_need() -> None:
    assert set(OURS) == {
        "sealift-dark",
        "sealift-light",
        HIGH_CONTRAST,
        "sealift-color-blind-dark",
        "sealift-color-blind-light",
        "sealift-no-color",
    }
    assert {themes.DEFAULT, themes.NO_COLOR} <= set(OURS)


# Contrast, as WCAG 2 computes it


def luminance(color: Color) -> float:
    """Relative luminance, from 0 to 1."""
    red, green, blue = (_linear(part / 255) for part in (color.r, color.g, color.b))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one: Color, other: Color) -> float:
    """From 1 (the same) to 21 (black on white)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def drawn(pilot: Pilot[int]) -> Iterator[Segment]:
    """What can be read on the topmost screen, with its styles; not what is behind it.

    Borders, bars and lines are not text, nor is the palette's picture of a lens.
    """
    screen = pilot.app.screen
    # The compositor has no public way to its lines (reference: Textual 8.2.8).
    for y, strip in enumerate(screen._compositor.render_strips()):  # noqa: SLF001
        x = 0
        for segment in strip:
            if any(_read(each) for each in segment.text) and (
                not screen.is_modal or screen.get_widget_at(x, y)[0] is not screen
            ):
                yield segment
            x += segment.cell_length


def _read(letter: str) -> bool:
    return not letter.isspace() and not "\u2500" <= letter <= "\u259f" and letter != "🔎"


def unreadable(pilot: Pilot[int], least: float) -> dict[str, float]:
    """What stands on the screen with less contrast than `least`."""
    found = {}
    for segment in drawn(pilot):
        style = segment.style
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        fore, back = (Color.from_rich_color(each) for each in (style.color, style.bgcolor))
        ratio = contrast(fore, back)
        if ratio < least:
            found[segment.text] = round(ratio, 2)
    return found


def colored(pilot: Pilot[int]) -> set[str]:
    """What stands on the screen in any other colour than the terminal's own."""
    return {
        f"{segment.text} {segment.style}"
        for segment in drawn(pilot)
        if segment.style is not None
        and any(
            each is not None and not each.is_default
            for each in (segment.style.color, segment.style.bgcolor)
        )
    }


def broken() -> Picture:
    """A route with much wrong, so that every colour of the tree and the header is used."""
    open_there = held(
        dataset("backup/prod", status=KeyStatus.AVAILABLE, mounted=True), snapshot("a", 101)
    )
    ours = held(dataset("tank/prod"), snapshot("a", 101), snapshot("b", 102))
    return picture(inventory("tank/prod", top=ours), inventory("backup/prod", top=open_there))


@pytest.mark.parametrize("theme", sorted(OURS))
async def test_every_screen_can_be_read_in_every_theme(theme: str, walk: Walk) -> None:
    walk.diagnosis = slow_link()
    screens = {
        "question_mark": HelpScreen,
        "d": Dialog,
        "p": PlaybookScreen,
        "t": ListScreen,
        "colon": CommandPalette,
    }
    async with showing(broken(), "--theme", theme) as operator:
        pilot = operator.pilot
        assert operator.app.theme == theme
        can_be_read(pilot, OURS[theme])
        operator.screen.show(picture(*BEHIND))
        await operator.until("SEALED vault")
        can_be_read(pilot, OURS[theme])
        for key, screen in screens.items():
            await pilot.press(key)
            await wait_for(
                pilot,
                lambda screen=screen: (  # type: ignore[misc]
                    isinstance(operator.app.screen, screen) and operator.sees().strip()
                ),
                f"the screen of {key}",
            )
            await pilot.pause()
            can_be_read(pilot, OURS[theme])
            await pilot.press("escape")
            await wait_for(
                pilot, lambda: operator.app.screen is operator.screen, "the route screen"
            )


def can_be_read(pilot: Pilot[int], theme: Theme) -> None:
    """Fail with what cannot."""
    if theme.ansi:
        assert colored(pilot) == set()
    else:
        assert unreadable(pilot, 7.0 if theme.name == HIGH_CONTRAST else 4.5) == {}


# Few colours: dichromats see what Machado, Oliveira and Fernandes (2009) compute

_SEEN = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_XYZ = (
    (0.412456, 0.357576, 0.180438),
    (0.212673, 0.715152, 0.072175),
    (0.019334, 0.119192, 0.950304),
)
_WHITE = (0.950470, 1.0, 1.088830)


def as_seen(color: Color, by: str) -> tuple[float, float, float]:
    """A colour in CIE Lab, as somebody with this dichromacy sees it."""
    linear = [_linear(part / 255) for part in (color.r, color.g, color.b)]
    seen = [min(1.0, max(0.0, _dot(row, linear))) for row in _SEEN[by]]
    x, y, z = (_cube_root(_dot(row, seen) / white) for row, white in zip(_XYZ, _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _dot(row: tuple[float, ...], values: list[float]) -> float:
    return sum(one * other for one, other in zip(row, values, strict=True))


def _cube_root(value: float) -> float:
    return value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116


@pytest.mark.parametrize("by", sorted(_SEEN))
@pytest.mark.parametrize("name", ["sealift-color-blind-dark", "sealift-color-blind-light"])
def test_well_warning_and_problem_stay_apart_for_who_sees_two_primaries(name: str, by: str) -> None:
    drawn_in = OURS[name].to_color_system().generate()
    seen = [
        as_seen(Color.parse(drawn_in[f"text-{level}"]), by)
        for level in ("success", "warning", "error")
    ]
    for one, other in itertools.combinations(seen, 2):
        assert math.dist(one, other) >= 15, "a difference of 2 is just noticed side by side"


# The user's own


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's own themes are."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = themes.users_folder()
    assert folder.is_relative_to(tmp_path)
    folder.mkdir(parents=True)
    return folder


GOOD = 'dark = false\n[colors]\nprimary = "#123456"\nmuted = "#333333"\n'


async def test_a_users_theme_is_used_and_may_take_the_place_of_ours(folder: Path) -> None:
    (folder / "night-shift.toml").write_text(GOOD)
    (folder / "sealift-dark.toml").write_text(GOOD)
    (folder / "notes.txt").write_text("no theme")
    async with showing(picture(*BEHIND), "--theme", "night-shift") as operator:
        assert operator.app.theme == "night-shift"
        assert operator.app.current_theme.primary == "#123456"
        assert operator.app.theme_variables["text-muted"] == "#333333"
        assert operator.app.available_themes["sealift-dark"].primary == "#123456"
        assert not told(operator)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("dark = yes\n", "mine.toml, line 1: Invalid value"),
        ('[colors]\nprimary = "#12345"\n', "line 2: primary is no colour: '#12345'"),
        ('[colors]\nprimary = "#123"\nerror = 7\n', "line 3: error is no colour: 7"),
        ('[colors]\nprimary = "#12345678"\n', "line 2: primary is no colour"),
        ('[colors]\nprimary = "ansi_red"\n', "line 2: primary is no colour"),
        ('[colors]\nprimary = "#123"\nhue = "red"\n', "line 3: there is no colour called 'hue'"),
        ('dark = 1\n[colors]\nprimary = "red"\n', "line 1: dark is true or false"),
        ('[colours]\nprimary = "red"\n', "line 1: there is no setting 'colours'"),
        ('[colors]\nerror = "red"\n', "mine.toml: a table [colors] with at least primary"),
        ("", "mine.toml: a table [colors] with at least primary"),
        (b"\xff\xfe", "mine.toml: this is not UTF-8 text"),
    ],
)
async def test_a_broken_one_is_said_with_its_line_and_another_is_used(
    folder: Path, content: str | bytes, said: str
) -> None:
    broken_file = folder / "mine.toml"
    broken_file.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "good.toml").write_text(GOOD)
    async with showing(picture(*BEHIND), "--theme", "mine") as operator:
        assert operator.app.theme == themes.DEFAULT
        assert "good" in operator.app.available_themes
        first, second = told(operator)
        assert said in first
        assert first.startswith("mine.toml")
        assert second == "There is no theme called mine."


def test_no_file_name_gets_into_the_palette_as_markup(folder: Path) -> None:
    (folder / "[red]x.toml").write_text(GOOD)
    found, wrong = themes.users_themes()
    assert found == []
    assert wrong == ["[red]x.toml: a theme's name is made of letters, digits, - and _"]


def test_without_a_folder_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    assert themes.users_themes() == ([], [])


async def test_no_color_asks_for_the_theme_without_any(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with showing(picture(*BEHIND)) as operator:
        assert operator.app.theme == themes.NO_COLOR


def told(operator: Operator) -> list[str]:
    """What the toasts about themes say."""
    return [each.message for each in operator.app._notifications if each.title == "Theme"]  # noqa: SLF001


# The palette


async def palette(operator: Operator, typed: str) -> CommandList:
    """Open the palette, and look for something in it."""
    await operator.pilot.press("colon")
    await wait_for(
        operator.pilot,
        lambda: isinstance(operator.app.screen, CommandPalette),
        "the palette",
    )
    operator.app.screen.query_one(Input).value = typed
    await operator.until(typed)
    return operator.app.screen.query_one(CommandList)


async def test_the_theme_under_the_palettes_cursor_is_shown_and_escape_puts_the_former_back() -> (
    None
):
    async with showing(picture(*BEHIND)) as operator:
        app, pilot = operator.app, operator.pilot
        before = app.theme
        await palette(operator, "theme sealift-light")
        await wait_for(pilot, lambda: app.theme == "sealift-light", "the theme on show")
        await pilot.press("escape")
        await wait_for(pilot, lambda: app.theme == before, "the former theme")

        await palette(operator, "theme sealift-high")
        await wait_for(pilot, lambda: app.theme == HIGH_CONTRAST, "the other theme on show")
        await pilot.press("enter")
        await wait_for(pilot, lambda: app.screen is operator.screen, "the route screen")
        assert app.theme == HIGH_CONTRAST

        await palette(operator, "theme sealift-light")
        await wait_for(pilot, lambda: app.theme == "sealift-light", "the third on show")
        operator.app.screen.query_one(Input).value = "refresh"
        await wait_for(pilot, lambda: app.theme == HIGH_CONTRAST, "the chosen theme")
