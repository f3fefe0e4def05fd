"""Read `zfs allow DATASET`: who may do what on a dataset without being root.

It prints a block for the dataset and one for each ancestor that has grants, and in a block a
heading for each reach. A TAB stands before a grant: `user NAME PERMISSIONS`, `group NAME
PERMISSIONS`, `everyone PERMISSIONS`, a set's name or nothing before the permissions, which are
parted by commas. Sources: zfs-allow(8), `print_fs_perms` in `cmd/zfs/zfs_main.c`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum

from sealift.zfs.parse import ParseError, lines_of

_READING = "`zfs allow`"
_BLOCK = re.compile(r"---- Permissions on (.+?) -*")
_KINDS = frozenset({"user", "group"})


class Reach(Enum):
    """Where a grant counts, as its heading is worded."""

    SET = "Permission sets:"
    CREATE = "Create time permissions:"
    LOCAL = "Local permissions:"
    BELOW = "Descendent permissions:"
    BOTH = "Local+Descendent permissions:"


@dataclass(frozen=True, slots=True)
class Grant:
    """One line. `kind` is user, group, everyone, or empty (a set, create time); `who` its name.

    `dataset` is where it was granted. `permissions` may hold names of sets (`@backup`).
    """

    dataset: str
    reach: Reach
    kind: str
    who: str
    permissions: frozenset[str]


def parse_allow(data: bytes) -> tuple[Grant, ...]:
    """Read all grants that are shown; none is no output. Raises `ParseError`."""
    dataset = ""
    reach: Reach | None = None
    found: list[Grant] = []
    for line in lines_of(data):
        if block := _BLOCK.fullmatch(line):
            dataset, reach = block[1], None
        elif line[:1].isspace():
            if not dataset or reach is None:
                raise ParseError(_READING, line, "it stands under no heading")
            found.append(_grant(dataset, reach, line.strip()))
        else:
            reach = _reach(line.strip())
    return tuple(found)


def _reach(heading: str) -> Reach:
    try:
        return Reach(heading)
    except ValueError:
        raise ParseError(_READING, heading, "an unknown heading") from None


def _grant(dataset: str, reach: Reach, text: str) -> Grant:
    who, _, permissions = text.rpartition(" ")
    named = frozenset(filter(None, permissions.split(",")))
    if reach in (Reach.SET, Reach.CREATE):
        return Grant(dataset, reach, "", who.strip(), named)
    kind, _, name = who.partition(" ")
    if not (kind in _KINDS and name) and who != "everyone":
        raise ParseError(_READING, text, "it is neither of a user, a group nor everyone")
    return Grant(dataset, reach, kind, name.strip(), named)


def allowed(
    grants: Iterable[Grant], dataset: str, user: str, groups: Collection[str]
) -> frozenset[str]:
    """What a user may do on `dataset`, sets spelt out. Root needs none of it."""
    shown = tuple(grants)
    sets: dict[str, set[str]] = {}
    for grant in shown:
        if grant.reach is Reach.SET:
            sets.setdefault(grant.who, set()).update(grant.permissions)
    todo = [
        permission
        for grant in shown
        if _counts(grant, dataset) and _concerns(grant, user, groups)
        for permission in grant.permissions
    ]
    found: set[str] = set()
    while todo:
        permission = todo.pop()
        if permission not in found:
            found.add(permission)
            todo += sets.get(permission, ())
    return frozenset(name for name in found if not name.startswith("@"))


def _counts(grant: Grant, dataset: str) -> bool:
    own = grant.dataset == dataset
    return (own and grant.reach in (Reach.LOCAL, Reach.BOTH)) or (
        not own and grant.reach in (Reach.BELOW, Reach.BOTH)
    )


def _concerns(grant: Grant, user: str, groups: Collection[str]) -> bool:
    match grant.kind:
        case "user":
            return grant.who == user
        case "group":
            return grant.who in groups
        case _:
            return True
