"""Names of pools, datasets, snapshots and bookmarks, held to ZFS's own rules.

A name that passes here can be put into an argv. It may still hold a space, so whatever builds text
for a shell has to quote it. Source: `module/zcommon/zfs_namecheck.c`, zfs(8).
"""

from __future__ import annotations

import re

MAX_NAME = 255
# Stands before a key in our own sentences (`keymap.mention`). Unicode keeps this character for use
# inside a program: nobody's text has a meaning for it.
KEY_MARK = "\ufdd0"
_COMPONENT = re.compile(r"[A-Za-z0-9_.: -]+")
_RESERVED_POOL = re.compile(r"(mirror|raidz|draid|spare|log)\d*")


class BadNameError(ValueError):
    """A text that ZFS would not take as a name. The message says what is wrong with it."""


def check_dataset(name: str) -> str:
    """Give `name` back if it can name a pool, filesystem or volume.

    Raises `BadNameError` with the reason otherwise.
    """
    if not name:
        raise BadNameError("a dataset name is missing")
    if len(name.encode(errors="replace")) > MAX_NAME:
        raise BadNameError(f"{printable(name)!r} is longer than {MAX_NAME} bytes")
    if name.startswith("/"):
        raise BadNameError(f"{printable(name)!r} starts with '/': dataset names never do")
    for component in name.split("/"):
        _check_component(component, name)
    pool = name.split("/", 1)[0]
    if not (pool[0].isascii() and pool[0].isalpha()):
        raise BadNameError(f"{printable(name)!r}: a pool name begins with a letter")
    if _RESERVED_POOL.fullmatch(pool):
        raise BadNameError(f"{printable(name)!r}: {pool!r} is a word that zpool keeps for itself")
    return name


def check_snapshot_name(name: str) -> str:
    """Give `name` back if it can stand behind the `@` of a snapshot; raise `BadNameError`."""
    _check_component(name, name)
    return name


def _check_component(component: str, whole: str) -> None:
    shown = repr(printable(whole))
    if not component:
        raise BadNameError(f"{shown} has an empty part")
    if component in {".", ".."}:
        raise BadNameError(f"{shown}: {component!r} cannot be a part of a name")
    if not _COMPONENT.fullmatch(component):
        bad = next(c for c in component if not _COMPONENT.fullmatch(c))
        raise BadNameError(f"{shown}: the character {printable(bad)!r} cannot be in a dataset name")


def split_snapshot(name: str) -> tuple[str, str]:
    """Split `dataset@snapshot`; raise `BadNameError` if it is not one."""
    dataset, at, snapshot = name.partition("@")
    if not at:
        raise BadNameError(f"{printable(name)!r} is not a snapshot: it has no '@'")
    return check_dataset(dataset), check_snapshot_name(snapshot)


def pool_of(dataset: str) -> str:
    """The pool that `dataset` is in."""
    return dataset.split("/", 1)[0]


def relative(dataset: str, root: str) -> str:
    """The part of `dataset` below `root`, `""` for the root itself.

    Raises `ValueError` if `dataset` is not in that tree.
    """
    if dataset == root:
        return ""
    if not dataset.startswith(root + "/"):
        raise ValueError(f"{dataset} is not below {root}")
    return dataset[len(root) + 1 :]


def join(root: str, below: str) -> str:
    """The inverse of `relative`."""
    return f"{root}/{below}" if below else root


def printable(text: str) -> str:
    r"""Text from a host with every control character made visible (`\x1b`), for screens and logs.

    Tabs and newlines stay: callers that want one line split first. `KEY_MARK` is left out: the
    keys of our own sentences are shown as they usually are.
    """
    return "".join(
        c if c.isprintable() or c in "\n\t" else _visible(c) for c in text if c != KEY_MARK
    )


def _visible(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
