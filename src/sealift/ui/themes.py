"""Colour themes as TOML files: sealift's own, and the user's beside their config."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.theme import Theme

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


class BadThemeError(ValueError):
    """A theme file that cannot be used; the message names the file and what is wrong."""


def own_themes() -> list[Theme]:
    """The themes that sealift ships, by name."""
    folder = files("sealift").joinpath("themes")
    if not folder.is_dir():  # an editable install has them beside src/
        folder = Path(__file__).parents[3] / "themes"
    return sorted(
        (
            read_theme(path.name, path.read_text(encoding="utf-8"))
            for path in folder.iterdir()
            if path.name.endswith(".toml")
        ),
        key=lambda theme: theme.name,
    )


def read_theme(file: str, content: str) -> Theme:
    """Read one theme. Raises `BadThemeError`.

    The file has `dark = true|false` and a table `[colors]` whose names are Textual's (primary,
    secondary, warning, error, success, accent, foreground, background, surface, panel).
    """
    try:
        table = tomllib.loads(content)
        colors = {name: Color.parse(value).hex for name, value in table["colors"].items()}
        unknown = set(colors) - _COLORS
        if unknown:
            raise BadThemeError(f"{file}: there is no colour called {', '.join(sorted(unknown))}")
        theme = Theme(file.removesuffix(".toml"), colors["primary"])
        theme.dark = table.get("dark", True) is True
        for name, value in colors.items():
            setattr(theme, name, value)
    except (tomllib.TOMLDecodeError, ColorParseError, KeyError, AttributeError) as error:
        raise BadThemeError(f"{file}: {error}") from error
    return theme
