"""Colour themes as TOML files: sealift's own, and the user's beside their config."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs
from textual.color import Color, ColorParseError
from textual.design import ColorSystem
from textual.theme import Theme

from sealift.zfs.names import printable

DEFAULT = "sealift-dark"
NO_COLOR = "sealift-no-color"  # what the environment variable of that name asks for

_COLORS = frozenset(
    {
        "primary",
        "secondary",
        "warning",
        "error",
        "success",
        "accent",
        "foreground",
        "background",
        "surface",
        "panel",
    }
)
# Less important text and lines; Textual knows them as variables, else made from the background.
_SHADES = {"muted": "text-muted", "faint": "text-disabled"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LINE = re.compile(r"line (\d+)")


class BadThemeError(ValueError):
    """A theme file that cannot be used; the message names the file, the line and what is wrong."""


def own_themes() -> list[Theme]:
    """The themes that sealift ships, by name."""
    folder = files("sealift").joinpath("themes")
    if not folder.is_dir():  # an editable install has them beside src/
        folder = Path(__file__).parents[3] / "themes"
    return [_read(path) for path in _files(folder)]


def users_folder() -> Path:
    """Where users put their own themes; it need not be there."""
    return platformdirs.user_config_path("sealift") / "themes"


def users_themes() -> tuple[list[Theme], list[str]]:
    """The user's own themes by name, and what is wrong with those that cannot be used."""
    themes, wrong = [], []
    for path in _files(users_folder()):
        try:
            themes.append(_read(path))
        except BadThemeError as error:
            wrong.append(str(error))
    return themes, wrong


def _files(folder: Traversable) -> Iterator[Traversable]:
    try:
        found = [path for path in folder.iterdir() if path.name.endswith(".toml")]
    except OSError:  # not there, or not ours to read
        return
    yield from sorted(found, key=lambda path: path.name)


def _read(path: Traversable) -> Theme:
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadThemeError(f"{printable(path.name)}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadThemeError(f"{printable(path.name)}: this is not UTF-8 text") from error
    return read_theme(path.name, content)


def read_theme(file: str, content: str) -> Theme:
    """Read one theme, named as its file. Raises `BadThemeError`.

    The file has `dark = true|false` and a table `[colors]`: primary (always), secondary, warning,
    error, success, accent, foreground, background, surface, panel, as Textual uses them, and muted
    and faint for less important text and for lines. With `color = false` and no table it is a
    theme without any colour, in the terminal's own foreground and background.
    """
    try:
        table = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        line = _LINE.search(str(error))
        raise _bad(file, str(error), int(line[1]) if line else None) from error
    for key, value in table.items():
        if key not in {"dark", "color", "colors"}:
            raise _bad(file, f"there is no setting {key!r}", _line_of(key, content))
        if key != "colors" and not isinstance(value, bool):
            raise _bad(file, f"{key} is true or false", _line_of(key, content))
    name = file.removesuffix(".toml")
    if not _NAME.fullmatch(name):
        raise _bad(file, "a theme's name is made of letters, digits, - and _")
    dark = table.get("dark", True)
    if not table.get("color", True):
        return _colorless(name, dark=dark)
    colors = _colors(file, content, table.get("colors"))
    theme = Theme(name, colors["primary"], dark=dark)
    for each, color in colors.items():
        if each in _SHADES:
            theme.variables[_SHADES[each]] = color
        else:
            setattr(theme, each, color)
    return theme


def _colors(file: str, content: str, table: object) -> dict[str, str]:
    if not isinstance(table, dict) or "primary" not in table:
        raise _bad(file, "a table [colors] with at least primary is needed")
    colors = {}
    for name, value in table.items():
        line = _line_of(name, content)
        if name not in _COLORS and name not in _SHADES:
            raise _bad(file, f"there is no colour called {name!r}", line)
        try:
            color = Color.parse(value) if isinstance(value, str) else None
        except ColorParseError:
            color = None
        # What lies below would shine through, and a terminal's own colours cannot be shaded.
        if color is None or color.a != 1 or color.ansi is not None:
            raise _bad(file, f"{name} is no colour: {value!r}; write it as '#5fafd7'", line)
        colors[name] = color.hex
    return colors


def _line_of(key: str, content: str) -> int | None:
    """The line (from 1) on which a key is set; None if it is written in an unusual way."""
    for number, line in enumerate(content.splitlines(), 1):
        if re.match(rf"\s*\[?\s*[\"']?{re.escape(key)}[\"']?\s*[=\]]", line):
            return number
    return None


def _bad(file: str, what: str, line: int | None = None) -> BadThemeError:
    where = printable(file) if line is None else f"{printable(file)}, line {line}"
    return BadThemeError(f"{where}: {printable(what)}")


def _colorless(name: str, *, dark: bool) -> Theme:
    own = "ansi_default"
    # Textual's themes for a terminal's own colours name some of them outright: none is wanted.
    known = ColorSystem(own, ansi=True).generate()
    variables = {
        key: own for key, value in known.items() if value.startswith("ansi_") and value != own
    }
    variables |= {
        "ansi-background": own,
        "ansi-foreground": own,
        "block-cursor-text-style": "bold reverse",
        "input-selection-background": own,
    }
    return Theme(name, own, dark=dark, ansi=True, variables=variables)  # the others follow it


class Preview:
    """Shows the theme under the palette's cursor, and puts the former one back if it is left.

    `apply` sets a theme by its name; `now` says which one is set.
    """

    def __init__(self, now: Callable[[], str], apply: Callable[[str], None]) -> None:
        self._now = now
        self._apply = apply
        self._former: str | None = None

    def over(self, theme: str | None) -> None:
        """The cursor is over a theme, or (None) over something else."""
        if theme is None:
            self._back()
            return
        if self._former is None:
            self._former = self._now()
        self._apply(theme)

    def closed(self, *, taken: bool) -> None:
        """The palette is closed; what was under the cursor was taken, or not."""
        if not taken:
            self._back()
        self._former = None

    def _back(self) -> None:
        if self._former is not None:
            self._apply(self._former)
            self._former = None
