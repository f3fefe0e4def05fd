"""The pipeline that carries a stream: what is shown, what can be pasted, and what runs.

The stream goes from `zfs send` through `ssh` to `zfs receive`, between the two hosts and the
kernel; it never passes through Python or the operator's machine.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from sealift.hosts.elevation import Elevation
from sealift.replication.plan import Problem, Step
from sealift.routes import Location
from sealift.zfs.commands import Command, Effect, receive

_EXIT = b"sealift-exit "


@dataclass(frozen=True, slots=True)
class End:
    """How one side of a pipeline does its part: which word starts zfs, and how it becomes root."""

    location: Location
    zfs: str = "zfs"
    elevation: Elevation = Elevation.NONE

    def words(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """`zfs ...` as this end runs it."""
        return self.elevation.wrap((self.zfs, *argv[1:]))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`send` runs on the source; `receive` is what the source's shell starts to reach the other."""

    send: tuple[str, ...]
    receive: tuple[str, ...]

    def text(self) -> str:
        """The pipeline, to be read and to be pasted into a shell on the source."""
        return f"{shlex.join(self.send)} | {shlex.join(self.receive)}"

    def command(self, why: str) -> Command:
        """The same pipeline as one command for the source.

        Each stage's exit code becomes the last line of what it says: the sender's on stderr, the
        receiver's on stdout, which a pipeline's own exit code would hide (no `pipefail` in sh).
        """
        mark = _EXIT.decode().strip()
        script = (
            f'{{ {shlex.join(self.send)}; echo "{mark} $?" >&2; }} | '
            f'{{ {shlex.join(self.receive)}; echo "{mark} $?"; }} 2>&1'
        )
        return Command(("sh", "-c", script), Effect.CHANGE, why, shown=self.text())


def pipeline(step: Step, source: End, destination: End, *, progress: bool = True) -> Pipeline:
    """The pipeline of one step, started on the source's shell.

    Both ends on one host need no ssh. `progress` asks `zfs send` for a line a second on stderr.
    """
    send = source.words(step.send.argv(*(("-vP",) if progress else ())))
    into = destination.words(receive(step.into))
    return Pipeline(send, to_destination(into, (source, destination)))


def to_destination(argv: tuple[str, ...], ends: tuple[End, End]) -> tuple[str, ...]:
    """The words that run `argv` on the destination, for a shell on the source."""
    source, destination = (end.location for end in ends)
    if destination.host == source.host:
        return argv
    return ("ssh", destination.where, shlex.join(argv))


def obstacle(source: Location, destination: Location) -> Problem | None:
    """What forbids that the source's shell reaches the destination, if something does."""
    if destination.host is None and source.host is not None:
        return Problem(
            "no-data-path",
            "route",
            destination.dataset,
            f"{source.where} does not know how to reach this machine",
            "The stream is sent by the source's own ssh. Name the destination as the source knows "
            f"it: [user@]host:{destination.dataset}.",
        )
    return None


def split_exit(output: bytes) -> tuple[bytes, int | None]:
    """Part a stage's output from the exit code that `Pipeline.command` puts at its end.

    The code is None if the stage never got to say it (it was killed, or the host went away).
    """
    before, mark, code = output.rpartition(_EXIT)
    if not mark or not code.strip().isdigit():
        return output, None
    return before, int(code)
