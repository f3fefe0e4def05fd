"""The commands of docs/least-privilege.md, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

_PAGE = Path(__file__).parents[1] / "docs" / "least-privilege.md"
_BLOCK = re.compile(r"```sh\n# on the (source|destination), as root\n(.*?)```", re.DOTALL)
_ROUTE = re.compile(r"```\nsealift (.*?)\n```", re.DOTALL)
_ALLOW = re.compile(r"zfs allow -u (\w+) ([\w:,]+) (\S+)")


def blocks() -> dict[str, str]:
    """What root runs on the source and on the destination."""
    found = dict(_BLOCK.findall(_PAGE.read_text(encoding="utf-8")))
    assert set(found) == {"source", "destination"}
    return found


def route(**hosts: str) -> list[str]:
    """The words of the route's command line, its hosts called otherwise."""
    (line,) = _ROUTE.findall(_PAGE.read_text(encoding="utf-8"))
    for name, other in hosts.items():
        line = line.replace(f"@{name}:", f"@{other}:")
    return str(line).split()


def grants() -> dict[str, tuple[str, frozenset[str], str]]:
    """Per side: the user, what it is granted, and on what."""
    found = {}
    for side, script in blocks().items():
        ((user, rights, dataset),) = _ALLOW.findall(script)
        found[side] = (user, frozenset(rights.split(",")), dataset)
    return found
