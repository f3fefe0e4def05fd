"""Which hosts the user's ssh_config names. Pure but for reading its files; nothing is resolved.

`Host` lines are listed with their place, wildcard and negated patterns are no hosts, and `Include`
is followed as ssh_config(5) says. What else an option means is for whoever connects.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sealift.routes import BadLocationError, Location
from sealift.zfs.names import BadNameError

_WILD = frozenset("*?!")
_DEEPEST = 16  # Includes within one another, as OpenSSH's READCONF_MAX_DEPTH


@dataclass(frozen=True, slots=True)
class NamedHost:
    """A host by the name that `ssh` takes, and the line that names it first."""

    name: str
    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class NamedHosts:
    """All hosts, in the order of their files. `unread` are files that cannot be read, with why."""

    file: Path
    hosts: tuple[NamedHost, ...] = ()
    unread: tuple[str, ...] = ()


def named_hosts(config: Path | None = None) -> NamedHosts:
    """The hosts of `config`, or else of the user's own ssh_config, which need not be there."""
    file = config or Path("~/.ssh/config").expanduser()
    found: dict[str, NamedHost] = {}
    unread: list[str] = []
    for host in _hosts(file, unread, ()):
        found.setdefault(host.name, host)
    return NamedHosts(file, tuple(found.values()), tuple(unread))


def _hosts(file: Path, unread: list[str], within: tuple[Path, ...]) -> Iterator[NamedHost]:
    if file in within or len(within) > _DEEPEST:
        return
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        unread.append(f"{file}: {error.strerror}")
        return
    for number, line in enumerate(text.splitlines(), 1):
        keyword, words = _split(line)
        if keyword == "host":
            yield from (NamedHost(name, file, number) for name in words if _is_place(name))
        elif keyword == "include":
            for included in (each for pattern in words for each in _included(pattern)):
                yield from _hosts(included, unread, (*within, file))


def _split(line: str) -> tuple[str, list[str]]:
    """The keyword in lower case and its words; empty where there is none, or a quote is open."""
    head, separator, rest = line.strip().partition("=")
    if separator and not head.rstrip().isalnum():  # `=` belongs to a word, not to the keyword
        head, rest = line.strip(), ""
    try:
        words = shlex.split(f"{head} {rest}", comments=True)
    except ValueError:
        return "", []
    return (words[0].lower(), words[1:]) if words else ("", [])


def _included(pattern: str) -> list[Path]:
    """The files of an `Include`, sorted; a relative one is below `~/.ssh`."""
    try:
        path = Path("~/.ssh").expanduser() / Path(pattern).expanduser()
        if not path.name:  # the root folder, which pathlib takes for no pattern
            return []
        found = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
        return sorted(each for each in found if each.is_file())
    except (RuntimeError, ValueError, OSError):  # no such user's home, no pattern, no such folder
        return []


def _is_place(name: str) -> bool:
    """Whether it is one host, and can be written before a dataset."""
    if not name or _WILD & set(name):
        return False
    try:
        return Location.parse(Location(None, name, "pool").text()).host == name
    except (BadLocationError, BadNameError):
        return False
