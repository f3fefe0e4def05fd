"""On which line of a TOML text a key stands, which tomllib does not tell."""

from __future__ import annotations

import tomllib

KeyPath = tuple[str, ...]


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """The first line of every table and every key of a TOML text that tomllib takes.

    Every statement of TOML is a text of its own: lines are put together until tomllib takes them.
    """
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    statement, began = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if not statement:
            began = number
        statement += line
        try:
            held = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            statement += "\n"
            continue
        if statement.lstrip(" \t").startswith("["):
            table = _deepest(held)
            found.setdefault(table, began)
            for depth in range(1, len(table)):
                found.setdefault(table[:depth], began)
        else:
            for path in _paths(held):
                found.setdefault(table + path, began)
        statement = ""
    return found


def _deepest(held: dict[str, object]) -> KeyPath:
    """The path that a header alone makes: one key within the other."""
    path: KeyPath = ()
    inner: object = held
    while isinstance(inner, dict) and inner:
        name, inner = next(iter(inner.items()))
        path = (*path, name)
        if isinstance(inner, list):
            inner = inner[0]
    return path


def _paths(held: dict[str, object]) -> list[KeyPath]:
    paths: list[KeyPath] = []
    for name, inner in held.items():
        paths.append((name,))
        if isinstance(inner, dict):
            paths += [(name, *path) for path in _paths(inner)]
    return paths
