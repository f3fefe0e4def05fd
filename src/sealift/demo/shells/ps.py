"""`ps` on a demo's host, as far as a script needs it: `-e`, `-p PID`, `-o COLUMN[=HEADER]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sealift.demo.shells.processes import Process

_PART = "error: only ps -e, -p and -o pid,ppid,etimes,args are part of this demo\n"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_COLUMNS: dict[str, tuple[str, Callable[[Process], str]]] = {
    "pid": ("PID", lambda each: str(each.pid)),
    "ppid": ("PPID", lambda each: str(each.parent)),
    "etimes": ("ELAPSED", lambda each: str(each.seconds)),
    "user": ("USER", lambda _: "root"),
    "args": ("COMMAND", lambda each: _CONTROL.sub("?", " ".join(each.words))),
}
_TEXT = frozenset({"user", "args"})
_WIDTH = 7


def ps(words: Sequence[str], running: Sequence[Process]) -> tuple[str, int]:
    """What `ps` says about these processes, and its exit code: 1 if there is none."""
    asked = _asked(words)
    if asked is None:
        return _PART, 1
    columns, pids = asked
    chosen = [each for each in running if pids is None or each.pid in pids]
    lines = [[_COLUMNS[name][1](each) for name, _ in columns] for each in chosen]
    if any(header for _, header in columns):
        lines.insert(0, [header for _, header in columns])
    names = [name for name, _ in columns]
    text = "".join(f"{_line(names, line)}\n" for line in lines)
    return text, 0 if chosen else 1


def _asked(words: Sequence[str]) -> tuple[list[tuple[str, str]], set[int] | None] | None:
    """The columns with their headers, and the ids asked for (None: all); None if unknown."""
    columns: list[tuple[str, str]] = []
    pids: set[int] = set()
    every = False
    left = list(words)
    while left:
        word = left.pop(0)
        letters = word[1:] if word.startswith("-") else ""
        every = every or letters[:1] in {"e", "A"}
        letters = letters.lstrip("eA")
        if letters[:1] in {"o", "p"} and (letters[1:] or left):
            value = letters[1:] or left.pop(0)
            if letters[0] == "p":
                pids |= {int(each) for each in value.split(",") if each.isdigit()}
                continue
            columns += _columns(value)
        elif letters or not word.startswith("-"):
            return None
    if not columns or any(name not in _COLUMNS for name, _ in columns):
        return None
    return columns, None if every else pids


def _columns(text: str) -> list[tuple[str, str]]:
    """One `-o`: a header stands behind `=` and takes all that follows, unless it is empty."""
    found: list[tuple[str, str]] = []
    while text:
        name, _, rest = text.partition(",")
        if "=" in name and not name.endswith("="):
            name, rest = text, ""
        name, mark, header = name.partition("=")
        known = _COLUMNS.get(name)
        found.append((name, header if mark else known[0] if known else ""))
        text = rest
    return found


def _line(names: Sequence[str], values: Sequence[str]) -> str:
    """Numbers are on the right; text is on the left, and nothing is padded behind it."""
    cells = [
        value.ljust(_WIDTH) if name in _TEXT else value.rjust(_WIDTH)
        for name, value in zip(names, values, strict=True)
    ]
    return " ".join(cells).rstrip()
