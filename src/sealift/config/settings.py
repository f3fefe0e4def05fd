"""What can be set of a route, each setting once: the config and the command line read this table.

A value that is not one is refused with a sentence that names the nearest right word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TypeVar

from sealift.hosts.elevation import Elevation
from sealift.routes import Location, Purpose, Route, Via
from sealift.zfs.commands import check_tag
from sealift.zfs.names import BadNameError, check_dataset, printable

TomlValue = str | int | bool | list[str]
_DURATION = re.compile(r"([0-9]{1,9})([smhdSMHD]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_AMOUNT = re.compile(r"[0-9]{1,9}[kmgKMG]?")
_SHOWN = 60  # characters of a wrong value that a sentence repeats
_ELEVATION = {
    "auto": None,
    "none": Elevation.NONE,
    "sudo": Elevation.SUDO,
    "doas": Elevation.DOAS,
}


class BadValueError(ValueError):
    """A value that a setting does not take; the message says what it takes."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A route, and how it is to be worked with.

    `elevation` is None where each host is asked how it lets us act as root; `theme` is None for
    the usual colours.
    """

    route: Route
    elevation: Elevation | None = None
    theme: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of a route's table. `put` gives a setup with a value, or raises `ValueError`.

    `get` is the value as TOML has it, None for one that TOML can only leave out.
    """

    name: str
    put: Callable[[Setup, object], Setup]
    get: Callable[[Setup], TomlValue | None]


def nearest(word: str, words: Iterable[str], *, alike: float = 0.6) -> str:
    """`: did you mean NAME?` for the nearest of these words, empty if none is so much `alike`."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    found = get_close_matches(word, tuple(words), n=1, cutoff=alike)
    return f": did you mean {found[0]}?" if found else ""


def quoted(value: object) -> str:
    """A wrong value for a sentence: harmless, and not too long."""
    words = printable(repr(value))
    return words if len(words) <= _SHOWN else f"{words[: _SHOWN - 2]}…{words[-1]}"


def choice(value: object, words: Iterable[str]) -> str:
    """The value if it is one of these words. Raises `BadValueError`."""
    known = tuple(words)
    if isinstance(value, str) and value in known:
        return value
    near = nearest(value, known) if isinstance(value, str) else ""
    raise BadValueError(f"{quoted(value)} is none of {', '.join(known)}{near}")


def seconds(value: object) -> int:
    """A length of time in seconds. Raises `BadValueError`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise BadValueError("write seconds, or a number and s, m, h or d: 90s, 15m, 1h, 2d")
    return int(found[1]) * _UNITS[found[2].lower()]


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadValueError(f'{quoted(value)} is no text: write it "in quotes"')
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise BadValueError(f"{quoted(value)} is neither true nor false (without quotes)")
    return value


def _number(value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 10**9:
        raise BadValueError(f"{quoted(value)} is no number from {least} on")
    return value


def _amount(value: object) -> str:
    if value != "" and not _AMOUNT.fullmatch(_text(value)):
        raise BadValueError('write a number and k, m or g: "8m"')
    return _text(value)


def _datasets(value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadValueError(f'{quoted(value)} is no list: write ["db/tmp", "scratch"]')
    return frozenset(check_dataset(_text(each)) for each in value)


def _format(setup: Setup, value: object) -> Setup:
    changed = _on_route(setup, snapshot_format=_text(value))
    try:
        changed.route.snapshot_name(datetime.now(UTC), frozenset())
    except BadNameError:
        raise
    except ValueError as error:  # strftime's own, on some systems
        raise BadValueError(f"{quoted(value)} is no strftime format") from error
    return changed


def _theme(value: object) -> str:
    if not _text(value).strip():
        raise BadValueError("the name of a theme is missing")
    return _text(value)


def _on_route(setup: Setup, **changes: object) -> Setup:
    return replace(setup, route=replace(setup.route, **changes))  # type: ignore[arg-type]


def _on_transport(setup: Setup, **changes: object) -> Setup:
    transport = replace(setup.route.transport, **changes)  # type: ignore[arg-type]
    return _on_route(setup, transport=transport)


_E = TypeVar("_E", bound=Enum)


def _word_of(value: object, kind: type[_E]) -> _E:
    return kind(choice(value, (each.value for each in kind)))


SETTINGS = {
    setting.name: setting
    for setting in (
        Setting(
            "source",
            lambda setup, value: _on_route(setup, source=Location.parse(_text(value))),
            lambda setup: setup.route.source.text(),
        ),
        Setting(
            "destination",
            lambda setup, value: _on_route(setup, destination=Location.parse(_text(value))),
            lambda setup: setup.route.destination.text(),
        ),
        Setting(
            "purpose",
            lambda setup, value: _on_route(setup, purpose=_word_of(value, Purpose)),
            lambda setup: setup.route.purpose.value,
        ),
        Setting(
            "snapshot_format",
            _format,
            lambda setup: setup.route.snapshot_format,
        ),
        Setting(
            "hold_tag",
            lambda setup, value: _on_route(setup, hold_tag=check_tag(_text(value))),
            lambda setup: setup.route.hold_tag,
        ),
        Setting(
            "lag_limit",
            lambda setup, value: _on_route(setup, lag_limit=seconds(value)),
            lambda setup: setup.route.lag_limit,
        ),
        Setting(
            "via",
            lambda setup, value: _on_transport(setup, via=_word_of(value, Via)),
            lambda setup: setup.route.transport.via.value,
        ),
        Setting(
            "forward_agent",
            lambda setup, value: _on_transport(setup, forward_agent=_flag(value)),
            lambda setup: setup.route.transport.forward_agent,
        ),
        Setting(
            "rate_limit",
            lambda setup, value: _on_transport(setup, rate_limit=_amount(value)),
            lambda setup: setup.route.transport.rate_limit,
        ),
        Setting(
            "buffer",
            lambda setup, value: _on_transport(setup, buffer=_amount(value)),
            lambda setup: setup.route.transport.buffer,
        ),
        Setting(
            "tries",
            lambda setup, value: _on_transport(setup, tries=_number(value, 0)),
            lambda setup: setup.route.transport.tries,
        ),
        Setting(
            "pause",
            lambda setup, value: _on_transport(setup, pause=_number(value, 1)),
            lambda setup: setup.route.transport.pause,
        ),
        # What is left out already stays left out, whoever leaves out more.
        Setting(
            "exclude",
            lambda setup, value: _on_route(setup, exclude=setup.route.exclude | _datasets(value)),
            lambda setup: sorted(setup.route.exclude),
        ),
        Setting(
            "all_snapshots",
            lambda setup, value: _on_route(setup, all_snapshots=_flag(value)),
            lambda setup: setup.route.all_snapshots,
        ),
        Setting(
            "per_dataset",
            lambda setup, value: _on_route(setup, per_dataset=_flag(value)),
            lambda setup: setup.route.per_dataset,
        ),
        Setting(
            "elevation",
            lambda setup, value: replace(setup, elevation=_ELEVATION[choice(value, _ELEVATION)]),
            lambda setup: next(w for w, each in _ELEVATION.items() if each is setup.elevation),
        ),
        Setting(
            "read_only",
            lambda setup, value: _on_route(setup, read_only=_flag(value)),
            lambda setup: setup.route.read_only,
        ),
        Setting(
            "theme",
            lambda setup, value: replace(setup, theme=_theme(value)),
            lambda setup: setup.theme,
        ),
    )
}
NEEDED = ("source", "destination")
NOWHERE = Location(None, None, "")
"""What stands for a place that is not known yet."""


def values_of(setup: Setup) -> dict[str, TomlValue]:
    """Every setting as TOML has it, the usual ones too."""
    values = {name: setting.get(setup) for name, setting in SETTINGS.items()}
    return {name: value for name, value in values.items() if value is not None}
