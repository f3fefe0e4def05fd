"""ZFS's own opinion of a name, in its words (`zfs_validate_name` in libzfs_dataset.c)."""

from __future__ import annotations

import re
from collections.abc import Collection

_CHARACTERS = re.compile(r"[A-Za-z0-9_.: %-]")
_MOST = 255
FILESYSTEM, SNAPSHOT, BOOKMARK = "filesystem", "snapshot", "bookmark"


def complaint(name: str, kinds: Collection[str] = (FILESYSTEM,)) -> str | None:
    """What is wrong with `name` where these kinds are expected; None if nothing is."""
    if SNAPSHOT not in kinds and "@" in name:
        return "snapshot delimiter '@' is not expected here"
    if set(kinds) == {SNAPSHOT} and "@" not in name:
        return "missing '@' delimiter in snapshot name"
    if BOOKMARK not in kinds and "#" in name:
        return "bookmark delimiter '#' is not expected here"
    if set(kinds) == {BOOKMARK} and "#" not in name:
        return "missing '#' delimiter in bookmark name"
    return _shape(name)


def _shape(name: str) -> str | None:
    behind = name.partition("@")[2]
    checks = (
        (len(name) > _MOST, "name is too long"),
        (name.startswith("/"), "leading slash in name"),
        (name.endswith("/") or "/" in behind, "trailing slash in name"),
        (len(re.findall("[@#]", name)) > 1, "multiple '@' and/or '#' delimiters in name"),
    )
    wrong = [why for is_so, why in checks if is_so]
    wrong += filter(None, (_part(each) for each in re.split("[/@#]", name)))
    if not wrong and not name[0].isalpha():
        return "pool doesn't begin with a letter"
    return wrong[0] if wrong else None


def _part(part: str) -> str | None:
    if not part:
        return "empty component or misplaced '@' or '#' delimiter in name"
    if part in {".", ".."}:
        return f"{'self' if part == '.' else 'parent'} reference, '{part}' is found in name"
    bad = next((each for each in part if not _CHARACTERS.match(each)), None)
    return f"invalid character '{bad}' in name" if bad else None


def split(name: str) -> tuple[str, str, str]:
    """A name's dataset, its delimiter (`@`, `#` or nothing), and what stands behind that."""
    for mark in "@#":
        dataset, found, rest = name.partition(mark)
        if found:
            return dataset, found, rest
    return name, "", ""


def parent(name: str) -> str:
    """The dataset above, `""` for a pool's root."""
    return name.rpartition("/")[0]
