"""One call of a simulated program, and the ways in which it can end early."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn

from sealift.demo.programs import usage
from sealift.demo.world.model import Dataset, Host, Pool, Snapshot, World
from sealift.demo.world.names import BOOKMARK, FILESYSTEM, SNAPSHOT, complaint, split

USAGE_CODE = 2
MINUS_ONE = 255  # what a shell makes of the -1 that many of zfs's functions end with


class ExitError(Exception):
    """The program ends now, with this code; what it had to say is said."""

    def __init__(self, code: int = 1) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Call:
    """A program that was called on a host. `words` are its arguments behind the command.

    `ask` reads a secret from the program's stdin, after a prompt if that is a terminal; None is
    nothing to read. `out` sends text to its stdout, `err` to its stderr; `flush` waits until what
    was said has left, for answers that are long.
    """

    world: World
    host: Host
    program: str
    command: str
    words: tuple[str, ...]
    send_out: Callable[[str], None]
    send_err: Callable[[str], None]
    ask: Callable[[str, str], Awaitable[bytes | None]]
    flush: Callable[[], Awaitable[None]]
    pid: int = 0

    @property
    def pool(self) -> Pool:
        """The host's pool."""
        return self.host.pool

    def out(self, line: str) -> None:
        """Write a line to stdout."""
        self.send_out(f"{line}\n")

    def err(self, line: str) -> None:
        """Write a line to stderr."""
        self.send_err(f"{line}\n")

    def fail(self, line: str, code: int = 1) -> NoReturn:
        """Say why, and end."""
        self.err(line)
        raise ExitError(code)

    def fail_quietly(self) -> NoReturn:
        """End; what was wrong is said."""
        raise ExitError(1)

    def misuse_quietly(self) -> NoReturn:
        """End as after a misuse; the usage is said."""
        raise ExitError(USAGE_CODE)

    def misuse(self, line: str = "") -> NoReturn:
        """Say what is wrong with the arguments, print the usage, and end."""
        if line:
            self.err(line)
        self.send_err(usage.text(self.program, self.command))
        raise ExitError(USAGE_CODE)

    # What is named

    def dataset(self, name: str) -> Dataset | None:
        """The dataset of this name on this host."""
        return self.pool.datasets.get(name)

    def open_dataset(self, name: str) -> Dataset:
        """The filesystem or volume of this name; a refusal in libzfs's words if it is not there."""
        wrong = complaint(name, (FILESYSTEM,))
        found = None if wrong else self.dataset(name)
        if found is None:
            self.fail(f"cannot open '{name}': {wrong or 'dataset does not exist'}")
        return found

    def find(
        self, name: str, kinds: tuple[str, ...] = (FILESYSTEM, SNAPSHOT, BOOKMARK)
    ) -> tuple[Dataset, Snapshot | None, str] | None:
        """The dataset, and the snapshot or bookmark with its mark, that a name stands for.

        None after the refusal is said.
        """
        wrong = complaint(name, kinds)
        if wrong is None:
            above, mark, short = split(name)
            dataset = self.dataset(above)
            if dataset is not None:
                if not mark:
                    return dataset, None, ""
                entry = dataset.snapshot(short) if mark == "@" else dataset.bookmark(short)
                if entry is not None:
                    return dataset, entry, mark
        self.err(f"cannot open '{name}': {wrong or 'dataset does not exist'}")
        return None
