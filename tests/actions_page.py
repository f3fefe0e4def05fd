"""`python -m tests.actions_page`: write docs/actions.md from the action table."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sealift.actions import LIST, PROGRAM, ROWS, SCREENS, TREES, Action
from sealift.keymap import key_word
from sealift.zfs.commands import Effect

FILE = Path(__file__).parents[1] / "docs" / "actions.md"
HEAD = """\
# Actions

Made from `src/sealift/actions.py` by `python -m tests.actions_page`; change it there.

Every action by its name, which [a key of your own](own-keys.md) is given to. A name is one thing
with one key wherever it stands. What can lead to a change shows everything and asks before it runs,
and is off with `--read-only`.
"""
# What a screen is called over its table, where that is not its name.
_TITLES = {
    "route": "The route screen",
    "overview": "All routes",
    "first_start": "The first start",
    "host": "The checklist of a host",
    "new_route": "A new route",
    "places": "Places for a new route",
}
_EVERYWHERE = (*LIST, *ROWS, *PROGRAM)


def text() -> str:
    """The whole file."""
    lines = [HEAD]
    for screen, actions in SCREENS.items():
        own = [each for each in actions if each not in (*_EVERYWHERE, *TREES)]
        title = _TITLES.get(screen, screen.replace("_", " ").capitalize())
        lines += _table(title, actions if screen == "route" else own)
    lines += _table("Every list", _EVERYWHERE)
    return "\n".join(lines)


def _table(title: str, actions: tuple[Action, ...] | list[Action]) -> Iterator[str]:
    yield from (f"## {title}", "", "| name | keys | does |", "|---|---|---|")
    for each in actions:
        keys = " ".join(f"`{key_word(key)}`" for key in each.keys)
        can = {Effect.READ: "", Effect.CHANGE: " Asks.", Effect.DESTRUCTION: " Destroys; asks."}
        yield f"| `{each.id}` | {keys} | {each.help}{can[each.effect]} |"
    yield ""


def main() -> int:
    """Write it."""
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write("docs/actions.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
