"""Which key does what: the table's own keys, and those that the user gave instead.

Keys have Textual's names here (`question_mark`, `ctrl+r`); the user writes and reads `?`, `ctrl+r`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from sealift.actions import ACTIONS, SCREENS, Action, by_name, named
from sealift.zfs.commands import Effect
from sealift.zfs.names import KEY_MARK, printable

# What every screen and every dialog needs to be left, and to be gone through.
FIXED = frozenset({"escape", "tab", "shift+tab", "left", "right", "ctrl+c", "ctrl+q"})
# What a screen is called in a sentence, where that is not its name.
_CALLED = {
    "overview": "of all routes",
    "first_start": "of the first start",
    "host": "of one host",
    "new_route": "of a new route",
    "places": "of places for a route",
}
# They press whatever has the focus: nobody means a change by them.
_PRESSING = frozenset({"enter", "space"})
_WORDS = {"escape": "esc"}
_NAMED = (
    *("enter", "esc", "space", "tab", "up", "down", "left", "right", "home", "end"),
    *("pageup", "pagedown", "insert", "delete", "backspace"),
    *(f"f{number}" for number in range(1, 13)),
)
# Textual has names of its own for these (textual/keys.py).
_OWN_NAMES = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
_MODIFIED = re.compile(r"(?:ctrl|shift|alt)(?:\+(?:ctrl|shift|alt))*\+(?P<key>.+)")
_MENTIONED = re.compile(rf"{KEY_MARK}\((?P<key>[^\s(),]+)(?:, (?P<there>[^\s(),]+))?\)")


class BadKeyError(ValueError):
    """A word that is no key; the message says what is meant, if that is near."""


def key_name(word: str) -> str:
    """Textual's name of a key as a user writes it: `?`, `G`, `f5`, `ctrl+r`, `esc`."""
    if len(word) == 1 and word.isprintable() and not word.isspace():
        return _character(word)
    found = _MODIFIED.fullmatch(word)
    key = found["key"] if found else word
    if key in _NAMED:
        return word.replace("esc", "escape") if key == "esc" else word
    if found and re.fullmatch("[a-z0-9]", key) and "shift" not in word:
        return word
    near = get_close_matches(word.lower(), (*_NAMED, "ctrl+r"), n=1)
    means = f"did you mean {near[0]}?" if near else "write one character, or enter, f5, ctrl+r"
    raise BadKeyError(f"{printable(repr(word))} is no key: {means}")


def _character(character: str) -> str:
    if character.isalnum():
        return character
    name = unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")
    return _OWN_NAMES.get(name, name)


def key_word(name: str) -> str:
    """A key as the user reads it, from Textual's name."""
    return _CHARACTERS.get(name) or _WORDS.get(name, name)


_CHARACTERS = {_character(each): each for each in map(chr, range(0x21, 0x7F)) if not each.isalnum()}


def refused(actions: Iterable[Action], key: str) -> str:
    """Why an action cannot have this key at all, whatever others have; empty if it can."""
    actions = tuple(actions)
    if key in FIXED and not any(key in each.keys for each in actions):
        return f"{key_word(key)} is the same on every screen"
    if key in _PRESSING and any(each.effect is not Effect.READ for each in actions):
        return f"nothing that can lead to a change is on {key_word(key)}"
    return ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two actions of one screen that are on one key; `name` was put there by the user."""

    screen: str
    key: str
    name: str
    other: str

    def sentence(self) -> str:
        """What is told of it."""
        place = _CALLED.get(self.screen, f"called {self.screen}")
        return (
            f"{key_word(self.key)} is both {self.name} and {self.other} on the screen {place}: "
            f"{self.name} stays on its usual key"
        )


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys in force. `chosen` are Textual's names of the user's keys, by an action's name."""

    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def keys(self, action: Action) -> tuple[str, ...]:
        """The keys of an action, the one that is shown first. A fixed one stays."""
        return self.keys_of(action.id, action.keys)

    def keys_of(self, name: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of an action by its name and its usual keys."""
        if name not in self.chosen:
            return usual
        kept = (key for key in usual if key in FIXED and key not in self.chosen[name])
        return (*self.chosen[name], *kept)

    def shown(self, action: Action) -> str:
        """The key of an action, as the user reads it."""
        return key_word(self.keys(action)[0])

    def hint(self, name: str) -> str:
        """`d details`: the key of an action of the route screen and its title."""
        action = named(ACTIONS, name)
        return f"{self.shown(action)} {action.title}"

    def bound(self) -> dict[str, str]:
        """The user's keys as Textual's keymap has them; screens differ in what is fixed."""
        known = by_name()
        return {name: ",".join(self.keys(known[name][0])) for name in self.chosen}

    def in_words(self, words: str) -> str:
        """A text with the keys that are in force where our own sentences mention one (`mention`).

        Nothing else is touched: what a host said stays as it is, whatever stands in brackets.
        """
        chosen = _MENTIONED.sub(self._again, words) if self.chosen else words
        return chosen.replace(KEY_MARK, "")

    def _again(self, found: re.Match[str]) -> str:
        first = _on_key(ACTIONS, found["key"])
        if first is None:
            return found[0]
        if found["there"] is None:
            return f"({self.shown(first)})"
        there = _on_key(SCREENS[first.id], found["there"])
        return found[0] if there is None else f"({self.shown(first)}, {self.shown(there)})"


USUAL = Keymap()


def mention(name: str, there: str = "") -> str:
    """A key in a sentence: `(s)` for an action of the route screen, by its name.

    `there` names an action on the screen that it opens: `(k, b)`. The mark before it is what
    `Keymap.in_words` goes by; `printable` leaves it out. Raises `KeyError` for no such name.
    """
    keys = [named(ACTIONS, name)]
    if there:
        keys.append(named(SCREENS[name], there))
    return f"{KEY_MARK}({', '.join(USUAL.shown(each) for each in keys)})"


def _on_key(actions: Iterable[Action], word: str) -> Action | None:
    return next((each for each in actions if key_word(each.keys[0]) == word), None)


def settled(chosen: Mapping[str, tuple[str, ...]]) -> tuple[Keymap, tuple[Conflict, ...]]:
    """The keys that can be in force together, and what stands against the others.

    Whoever is in a conflict goes back to the usual key, which may be another's by now: so again,
    until nobody is. The usual keys are in no conflict with one another.
    """
    left = dict(chosen)
    told: list[Conflict] = []
    while found := tuple(_conflicts(Keymap(left))):
        told += found
        left = {name: left[name] for name in left if all(name != each.name for each in found)}
    return Keymap(left), tuple(told)


def _conflicts(keymap: Keymap) -> Iterator[Conflict]:
    seen: set[tuple[str, str, str]] = set()
    for screen, actions in SCREENS.items():
        on: dict[str, list[str]] = {}
        for action in actions:
            for key in keymap.keys(action):
                on.setdefault(key, []).append(action.id)
        for key, names in on.items():
            for name in names:
                if name not in keymap.chosen or key not in keymap.chosen[name]:
                    continue
                for other in names:
                    if other != name and (key, name, other) not in seen:
                        seen.add((key, name, other))
                        yield Conflict(screen, key, name, other)
