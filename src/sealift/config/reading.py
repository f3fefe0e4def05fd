"""Read the config strictly: every mistake at once, each with its line and a way out.

    [route.tonight]
    source = "root@nas1:tank/prod"
    destination = "root@dr1:backup/prod"
    lag_limit = "1h"

A hand-written file is never rewritten: its comments are its owner's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from sealift.actions import by_name
from sealift.chains import onto_itself
from sealift.config.lines import KeyPath, lines_of_keys
from sealift.config.settings import NEEDED, NOWHERE, SETTINGS, Setup, nearest, quoted
from sealift.keymap import USUAL, BadKeyError, Keymap, key_name, refused, settled
from sealift.routes import Route
from sealift.words import count
from sealift.zfs.names import printable

TABLE = "route"
KEYS_TABLE = "keys"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# Words that stand where a route's name may stand on the command line.
RESERVED = frozenset(
    {"status", "plan", "diagnose", "audit", "jobs", "demo", "config", "completion"}
)
_AT_LINE = re.compile(r"\s*\(at (?:line (?P<line>\d+), column \d+|end of document)\)")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with the config. `line` is None where it has no place in it."""

    line: int | None
    what: str
    mend: str = ""


class ConfigError(Exception):
    """The config cannot be used; the message has a line for every mistake."""

    def __init__(self, file: Path, mistakes: tuple[Mistake, ...]) -> None:
        self.file = file
        self.mistakes = mistakes
        super().__init__(
            "\n".join([f"{count(len(mistakes), 'mistake')} in the config", *self.lines])
        )

    @property
    def lines(self) -> list[str]:
        """`FILE:LINE: what. What to do.` for every mistake."""
        return told(self.file, self.mistakes)


def told(file: Path, mistakes: tuple[Mistake, ...]) -> list[str]:
    """`FILE:LINE: what. What to do.` for every mistake."""
    lines = []
    for each in mistakes:
        place = f"{file}:{each.line}" if each.line is not None else str(file)
        end = "" if each.what.endswith("?") else "."
        lines.append(printable(f"{place}: {each.what}{end} {each.mend}".rstrip()))
    return lines


@dataclass(frozen=True, slots=True)
class Config:
    """What the file says. `setups` are the routes by name, in its order; `there` if it exists.

    `keys` are those in force, `conflicts` what of the file's cannot be with something else.
    """

    file: Path
    there: bool
    setups: Mapping[str, Setup] = field(default_factory=dict)
    keys: Keymap = USUAL
    conflicts: tuple[Mistake, ...] = ()

    @property
    def conflict_lines(self) -> list[str]:
        """`FILE:LINE: what.` for every conflict."""
        return told(self.file, self.conflicts)


def default_path() -> Path:
    """Where the config of this user is: `$XDG_CONFIG_HOME/sealift/config.toml`."""
    return platformdirs.user_config_path("sealift") / "config.toml"


def read_config(named: Path | None = None) -> Config:
    """Read the user's config, or the file that was named instead. Raises `ConfigError`.

    The user's need not be there; a file that was named has to be.
    """
    file = named or default_path()
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        if named is None:
            return Config(file, there=False)
        mend = "Check the name that --config gives."
        raise ConfigError(file, (Mistake(None, "this file is not there", mend),)) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        mend = "Check who may read it."
        raise ConfigError(file, (Mistake(None, f"it cannot be read: {why}", mend),)) from error
    return parse_config(content, file)


def wrong_name(name: str) -> tuple[str, str] | None:
    """Why a route cannot be called that, and what to do; None if it can."""
    if not _NAME.fullmatch(name):
        mend = "Use letters, digits and _.-, a letter or digit first, at most 64 of them."
        return f"{quoted(name)} cannot be the name of a route", mend
    if name in RESERVED:
        mend = "On the command line it would be read as that."
        return f"a route cannot be called {name}: that is a command", mend
    return None


class _MistakesError(Exception):
    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__()
        self.mistakes = mistakes


def parse_config(content: bytes, file: Path) -> Config:
    """What a config says. Raises `ConfigError`."""
    try:
        setups, keys, conflicts = _parsed(content)
    except _MistakesError as error:
        raise ConfigError(file, error.mistakes) from error
    return Config(file, there=True, setups=setups, keys=keys, conflicts=conflicts)


def _parsed(content: bytes) -> tuple[dict[str, Setup], Keymap, tuple[Mistake, ...]]:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _MistakesError(
            Mistake(line, "this is not UTF-8", "Save the file as UTF-8 text.")
        ) from error
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _MistakesError(_no_toml(str(error), text)) from error
    except (RecursionError, ValueError) as error:
        raise _MistakesError(Mistake(None, "this is no TOML that can be read")) from error
    if not held:
        return {}, USUAL, ()
    reader = _Reader()
    setups = reader.read(held)
    keys, conflicts = settled(reader.chosen)
    lines = lines_of_keys(text) if reader.noted or conflicts else {}  # not for one that is right
    if reader.noted:
        found = [Mistake(_line(path, lines), what, mend) for path, what, mend in reader.noted]
        raise _MistakesError(*sorted(found, key=lambda each: each.line or 0))
    said = (Mistake(_line((KEYS_TABLE, each.name), lines), each.sentence()) for each in conflicts)
    return setups, keys, tuple(said)


def _line(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """The line of a key, or of the nearest table around it."""
    around = (path[:depth] for depth in range(len(path), 0, -1))
    return next((lines[each] for each in around if each in lines), None)


def _no_toml(message: str, text: str) -> Mistake:
    found = _AT_LINE.search(message)
    line = int(found["line"]) if found and found["line"] else text.count("\n") + 1
    what = message[: found.start()] if found else message
    mend = "Look at this line and the one above it: quotes, brackets, a key that is there twice."
    return Mistake(line, f"this is not TOML: {what[:1].lower()}{what[1:]}", mend)


class _Reader:
    """Goes through the tables, and notes what is wrong instead of stopping there."""

    def __init__(self) -> None:
        self.noted: list[tuple[KeyPath, str, str]] = []
        self.chosen: dict[str, tuple[str, ...]] = {}

    def read(self, held: Mapping[str, object]) -> dict[str, Setup]:
        setups: dict[str, Setup] = {}
        for word, inner in held.items():
            if word == KEYS_TABLE:
                self._keys(inner)
            elif word != TABLE:
                near = nearest(word, (TABLE, KEYS_TABLE)) or ""
                what = f"there is no {quoted(word)} here{near}"
                self._note((word,), what, "Every route is a table of its own: [route.NAME].")
            elif not isinstance(inner, dict):
                self._note((word,), "a route needs a name", "Write [route.NAME] before its keys.")
            else:
                for name, table in inner.items():
                    setup = self._route(name, table)
                    if setup is not None:
                        setups[name] = setup
        return setups

    def _keys(self, table: object) -> None:
        """The keys that the user gives to actions: `send = "S"`, `refresh = ["ctrl+r", "f5"]`."""
        if not isinstance(table, dict):
            self._note((KEYS_TABLE,), "keys is no table", 'Write [keys], and below it send = "S".')
            return
        known = by_name()
        for name, value in table.items():
            path = (KEYS_TABLE, name)
            if name not in known:
                near = nearest(name, known)
                mend = "" if near else f"The actions are {', '.join(known)}."
                self._note(path, f"there is no action {quoted(name)}{near}", mend)
                continue
            words = [value] if isinstance(value, str) else value
            if not isinstance(words, list) or not words or any(type(w) is not str for w in words):
                self._note(path, f"{name}: {quoted(value)} is no key", 'Write "S", or ["S", "f6"].')
                continue
            keys: list[str] = []
            for word in words:
                try:
                    key = key_name(word)
                except BadKeyError as error:
                    self._note(path, f"{name}: {error}", "")
                    continue
                if why := refused(known[name], key):
                    self._note(path, f"{name}: {why}", "")
                keys.append(key)
            self.chosen[name] = tuple(dict.fromkeys(keys))

    def _route(self, name: str, table: object) -> Setup | None:
        path = (TABLE, name)
        if name in SETTINGS and not isinstance(table, dict):
            self._note(path, f"{name} stands outside any route", "Write [route.NAME] above it.")
            return None
        if wrong := wrong_name(name):
            self._note(path, *wrong)
        if not isinstance(table, dict):
            self._note(path, f"{quoted(name)} is no table", f"Write [route.{name}] and its keys.")
            return None
        before = len(self.noted)
        for missing in (key for key in NEEDED if key not in table):
            mend = f'Add {missing} = "[user@]host:pool/dataset".'
            self._note(path, f"the route {quoted(name)} has no {missing}", mend)
        setup = Setup(Route(NOWHERE, NOWHERE, name=name))
        for key, value in table.items():
            setup = self._put(setup, (*path, key), value)
        route = setup.route
        if len(self.noted) > before:
            return None
        if same := onto_itself(route):
            mend = "A route goes from one tree to a place outside of it."
            where = (*path, "destination")
            self._note(where, same, mend)
        return setup

    def _put(self, setup: Setup, path: KeyPath, value: object) -> Setup:
        key = path[-1]
        if key not in SETTINGS:
            near = nearest(key, SETTINGS)
            mend = "" if near else f"The keys are {', '.join(SETTINGS)}."
            self._note(path, f"a route has no {quoted(key)}{near}", mend)
            return setup
        try:
            return SETTINGS[key].put(setup, value)
        except ValueError as error:  # BadValueError, BadNameError, BadLocationError
            self._note(path, f"{key}: {error}", "")
            return setup

    def _note(self, path: KeyPath, what: str, mend: str) -> None:
        self.noted.append((path, what, mend))
