"""The commands of key procedures. All are changes, a mere trial too: it carries a secret, and the
journal keeps that it was made.

Flags follow zfs-load-key(8) and zfs-mount(8) of OpenZFS 2.1 to 2.4.
"""

from __future__ import annotations

import re
import shlex
from enum import Enum

from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import BadNameError, check_dataset, printable

_PATH = re.compile(r"/[^\x00-\x1f\x7f]{1,4095}")


class Source(Enum):
    """Where a key is taken from."""

    TYPED = "typed here"
    """The operator types it; it travels on stdin."""
    FILE = "a file on this machine"
    """The operator's machine has it; it travels on stdin."""
    HOST = "where the host looks for it"
    """`keylocation`, or another place on the host: no secret passes through us."""


def verify(root: str, source: Source, place: str = "", *, reason: str = "") -> Command:
    """Try a key without loading it. `place` is a path on the host, for `Source.HOST`."""
    why = "whether this key opens it; nothing is loaded"
    return _loading(("-n",), root, source, place, why, reason)


def load(root: str, source: Source, place: str = "", *, reason: str = "") -> Command:
    """Bring a key into the kernel."""
    return _loading((), root, source, place, "load the key", reason)


def _loading(
    flags: tuple[str, ...], root: str, source: Source, place: str, why: str, reason: str
) -> Command:
    location: tuple[str, ...] = ("-L", "prompt")
    if source is Source.HOST:
        location = ("-L", f"file://{check_path(place)}") if place else ()
    argv = ("zfs", "load-key", *flags, *location, check_dataset(root))
    return Command(argv, Effect.CHANGE, why, reason=reason)


def check_path(path: str) -> str:
    """Give an absolute path back; raise `BadNameError` for anything else."""
    if not _PATH.fullmatch(path):
        raise BadNameError(f"{printable(path)!r} is no absolute path")
    return path


def mount(dataset: str, *, read_only: bool = True, reason: str = "") -> Command:
    """Mount a filesystem; with `read_only` for this mount only, whatever its property says."""
    flags = ("-o", "ro") if read_only else ()
    argv = ("zfs", "mount", *flags, check_dataset(dataset))
    return Command(argv, Effect.CHANGE, "make its files readable", reason=reason)


def unmount(dataset: str) -> Command:
    """Unmount a filesystem; never by force."""
    argv = ("zfs", "unmount", check_dataset(dataset))
    return Command(argv, Effect.CHANGE, "nothing may use it while its key is taken away")


def unload(root: str) -> Command:
    """Take a key out of the kernel."""
    argv = ("zfs", "unload-key", check_dataset(root))
    return Command(argv, Effect.CHANGE, "take the key out of the kernel")


def assign(dataset: str, name: str, value: str, *, reason: str) -> Command:
    """Set a property; for those whose values are words of ZFS's own."""
    argv = ("zfs", "set", f"{name}={value}", check_dataset(dataset))
    return Command(argv, Effect.CHANGE, "what it is for decides about it", reason=reason)


def proof(root: str) -> Command:
    """Ask once more whether a key is there and what is mounted."""
    argv = ("zfs", "get", "-Hp", "-r", "-t", "filesystem,volume", "-o", "name,property,value")
    asked = ("keystatus,mounted", check_dataset(root))
    return Command((*argv, *asked), Effect.READ, "proof: what ZFS says now")


def count_files(place: str) -> Command:
    """Check: walk through all names below a mountpoint. Cheap, and reads every directory."""
    words = ("sh", "-c", 'find "$1" -xdev | wc -l', "sealift", check_path(place))
    return Command(words, Effect.READ, "check: how many files and directories there are")


def read_files(place: str) -> Command:
    """Check: read every byte. ZFS decrypts and authenticates each, and says so if it cannot."""
    words = ("find", check_path(place), "-xdev", "-type", "f", "-exec", "cat", "{}", "+")
    script = f"{shlex.join(words)} >/dev/null"
    return Command(("sh", "-c", script), Effect.READ, "check: every file can be read")


def own_check(line: str, reason: str) -> Command:
    """Check: a line of the operator's own, for the host's shell. Nobody knows what it does."""
    return Command(("sh", "-c", line), Effect.CHANGE, "check: the operator's own", reason=reason)
