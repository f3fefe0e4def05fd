"""Who uses what is mounted, as far as our rights on the host let us see."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from sealift import remote
from sealift.words import few
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import printable
from sealift.zfs.parse import ParseError, lines_of, number

_SHOWN = 8
_FIELDS = 3


@dataclass(frozen=True, slots=True)
class User:
    """A process that has a file open there, or stands there. All text is printable."""

    pid: int
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Below:
    """What somebody mounted below it that is no ZFS. All text is printable."""

    kind: str
    place: str


@dataclass(frozen=True, slots=True)
class Users:
    """The processes that were found, and how many could not be looked at; what is mounted below.

    `unseen` is None where the host does not say: it has no /proc to look into, say.
    """

    found: tuple[User, ...] = ()
    unseen: int | None = 0
    below: tuple[Below, ...] = ()

    def sentence(self) -> str:
        """Who uses it, in words; also what could not be seen."""
        parts = [f"{each.pid} {each.name} ({each.path})" for each in self.found[:_SHOWN]]
        more = len(self.found) - len(parts)
        if more > 0:
            parts.append(f"and {more} more")
        words = f"In use by: {', '.join(parts)}." if parts else "No process was seen that uses it."
        if self.unseen is None:
            return "Who uses it is unknown: this host does not say."
        if self.unseen:
            words += f" {self.unseen} processes of other users could not be looked at."
        if self.below:
            mounted = few([f"{each.place} ({each.kind})" for each in self.below], _SHOWN)
            words += f" Mounted below it, to be unmounted first: {mounted}."
        elif not self.found:
            words += (
                " An export (NFS, Samba), an open volume, or a send that is not raw keeps it busy "
                "without a file."
            )
        return words


def users_command(mountpoints: tuple[str, ...]) -> Command:
    """Ask which processes use these places."""
    argv = remote.argv("key_users.sh", *mountpoints)
    shown = shlex.join(("key_users.sh", *mountpoints))
    return Command(argv, Effect.READ, "who uses what is mounted", shown=shown)


def parse_users(output: bytes) -> Users:
    """Read what the script printed. Raises `ParseError`."""
    found: dict[int, User] = {}
    below: dict[str, Below] = {}
    unseen: int | None = 0
    for line in lines_of(output):
        word, *rest = line.split("\t", _FIELDS)  # a path may hold a tab
        if word == "unknown":
            unseen = None
        elif word == "unseen" and len(rest) == 1:
            unseen = number(rest[0], "the answer of key_users.sh")
        elif word == "below" and len(rest) > 1:
            place = printable("\t".join(rest[1:]))
            below[place] = Below(printable(rest[0]), place)
        elif word == "uses" and len(rest) == _FIELDS:
            pid = number(rest[0], "the answer of key_users.sh")
            found.setdefault(pid, User(pid, printable(rest[1]), printable(rest[2])))
        else:
            raise ParseError("the answer of key_users.sh", line)
    return Users(tuple(found.values()), unseen, tuple(below.values()))
