"""docs/json.md as something to check an object against."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parents[1] / "docs" / "json.md"
_HEADING = re.compile(r"## `?([a-z ]+?)`?")
_ROW = re.compile(r"\| `([a-z0-9_.\[\]]+)` \| ([a-z ]+) \|(.*)\|")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
}


@dataclass
class Page:
    """The page's objects by their names, each with its keys: type, and the words that may stand
    there (none: any)."""

    objects: dict[str, dict[str, tuple[str, frozenset[str]]]]
    seen: set[tuple[str, str]] = field(default_factory=set)

    def check(self, name: str, value: dict[str, Any]) -> None:
        """Fail unless an object has exactly the keys and types of the page."""
        self._check_object(name, "", value)

    def _check_object(self, name: str, path: str, value: dict[str, Any]) -> None:
        prefix = f"{path}." if path else ""
        below = {
            key.removeprefix(prefix)
            for key in self.objects[name]
            if key.startswith(prefix) and not re.search(r"[.\[]", key.removeprefix(prefix))
        }
        assert set(value) == below, f"{name} {path}"
        for key, each in value.items():
            self._check(name, prefix + key, each)

    def _check(self, name: str, path: str, value: object) -> None:
        types, words = self.objects[name][path]
        kind, _, null = types.partition(" or ")
        assert null in {"", "null"}, f"{name} {path}: {types}"
        if value is None:
            assert null, f"{name} {path} is null"
            return
        # A list that was empty has shown nothing of what is in it.
        self.seen.add((name, path))
        if kind.startswith("array of "):
            assert isinstance(value, list), f"{name} {path}"
            for each in value:
                self._check_one(name, f"{path}[]", kind.removeprefix("array of "), each)
        else:
            self._check_one(name, path, kind, value)
        assert not words or value in words, f"{name} {path}: {value!r}"

    def _check_one(self, name: str, path: str, kind: str, value: object) -> None:
        if kind in self.objects:
            assert isinstance(value, dict), f"{name} {path}"
            self._check_object(kind, "", value)
            return
        assert isinstance(value, _TYPES[kind]), f"{name} {path}: {value!r}"
        assert kind == "boolean" or not isinstance(value, bool), f"{name} {path}: {value!r}"
        if isinstance(value, dict):
            self._check_object(name, path, value)

    def unseen(self) -> set[tuple[str, str]]:
        """Documented keys that no object so far had, other than as null."""
        return {(name, key) for name, keys in self.objects.items() for key in keys} - self.seen


def read() -> Page:
    """Read the page; whatever stands in a table is understood."""
    objects: dict[str, dict[str, tuple[str, frozenset[str]]]] = defaultdict(dict)
    name = ""
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        if heading := _HEADING.fullmatch(line):
            name = heading[1]
        elif line.startswith("| `"):
            row = _ROW.fullmatch(line)
            assert row, line
            assert row[1] not in objects[name], line
            words = row[3].partition("One of: ")[2]
            objects[name][row[1]] = (row[2], frozenset(re.findall(r"`([^`]+)`", words)))
    return Page(dict(objects))
