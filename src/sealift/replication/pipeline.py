"""The pipeline that carries a stream: what is shown, what can be pasted, and what runs.

The stream goes from `zfs send` through `ssh` to `zfs receive`, between the two hosts and the
kernel; it never passes through Python, nor through the operator's machine unless that is the
coordinator.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from sealift.hosts.elevation import Elevation
from sealift.replication.obstacles import Problem
from sealift.replication.plan import Step
from sealift.routes import Location, Transport, Via
from sealift.zfs.commands import receive, resume

# Nothing asks for a password; banners do not mix with messages; a dead network is noticed within a
# minute (Debian's BatchMode would wait five times three minutes for it); and the stream has a
# connection of its own, whatever masters there are.
SSH = (
    *("ssh", "-S", "none", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"),
    *("-o", "ServerAliveInterval=15"),
)


@dataclass(frozen=True, slots=True)
class End:
    """How one side of a pipeline does its part: which word starts zfs, and how it becomes root."""

    location: Location
    zfs: str = "zfs"
    elevation: Elevation = Elevation.NONE

    def words(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """`zfs ...` as this end runs it."""
        return self.elevation.wrap((self.zfs, *argv[1:]))


_DIRECT = Transport()


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a pipeline as its coordinator reaches them.

    `ssh_config` is the file that the operator's ssh reads instead of the user's own.
    """

    source: End
    destination: End
    transport: Transport = _DIRECT
    ssh_config: Path | None = None

    @property
    def coordinator(self) -> str | None:
        """The host whose shell runs the pipeline; None is this machine."""
        match self.transport.via:
            case Via.SOURCE:
                return self.source.location.host
            case Via.DESTINATION:
                return self.destination.location.host
            case Via.OPERATOR:
                return None

    @property
    def where(self) -> str:
        """The coordinator as the user named it."""
        for end in (self.source, self.destination):
            if end.location.host == self.coordinator:
                return end.location.where
        return "this machine"

    @property
    def elevation(self) -> Elevation:
        """How the coordinator lets us act as root."""
        for end in (self.source, self.destination):
            if end.location.host == self.coordinator:
                return end.elevation
        return Elevation.NONE

    def on(self, end: End, *commands: tuple[str, ...]) -> str:
        """A line for the coordinator's shell: zfs commands on an end, each if the former went well.

        Where an end is not the coordinator itself, its own shell runs them, behind one ssh.
        """
        return self.reach(end, " && ".join(shlex.join(end.words(argv)) for argv in commands))

    def reach(self, end: End, script: str) -> str:
        """A line for the coordinator's shell that has an end's shell run a line of its own."""
        if end.location.host == self.coordinator:
            return script
        config = ("-F", str(self.ssh_config)) if self.ssh_config and not self.coordinator else ()
        return shlex.join((*SSH, *config, end.location.where, script))


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Lines for the coordinator's shell; `between` are programs that slow or buffer."""

    send: str
    receive: str
    between: tuple[tuple[str, ...], ...] = ()

    def text(self) -> str:
        """The pipeline, to be read and to be pasted into a shell on the coordinator."""
        return " | ".join((self.send, self.received))

    @property
    def received(self) -> str:
        """All behind the sender."""
        return " | ".join((*(shlex.join(each) for each in self.between), self.receive))


def pipeline(step: Step, ends: Ends, tag: str) -> Pipeline:
    """The pipeline with which a step begins. `-vP` has `zfs send` say a line a second on stderr.

    What arrives is held at once, in the same shell: a cleanup there has no moment in between.
    """
    argv = resume(step.resumes, "-vP") if step.resumes else step.send.argv("-vP")
    # A resumed stream brings one snapshot, and so does a full one that others follow.
    first = step.chains[0].snapshots[0].name
    arriving = first if step.resumes else step.send.target
    return Pipeline(
        ends.on(ends.source, argv), receiving(step, ends, tag, arriving), between(ends.transport)
    )


def receiving(step: Step, ends: Ends, tag: str, arriving: str) -> str:
    """The line that receives a step's stream, of which the snapshot `arriving` comes last."""
    recursive = ("-r",) if step.send.replicate and not step.resumes else ()
    hold = ("zfs", "hold", *recursive, tag, f"{step.into}@{arriving}")
    return ends.on(ends.destination, receive(step.into), hold)


def between(transport: Transport) -> tuple[tuple[str, ...], ...]:
    """The programs that the route asks for between the two ends: pv(1), mbuffer(1); mostly none."""
    found: tuple[tuple[str, ...], ...] = ()
    if transport.rate_limit:
        found += (("pv", "-q", "-L", transport.rate_limit),)
    if transport.buffer:
        found += (("mbuffer", "-q", "-m", transport.buffer),)
    return found


def obstacle(ends: Ends) -> Problem | None:
    """What forbids that the coordinator reaches both ends, if something does."""
    for end, side in ((ends.source, "source"), (ends.destination, "destination")):
        if end.location.host is None and ends.coordinator is not None:
            return Problem(
                "no-data-path",
                "route",
                end.location.dataset,
                f"{ends.where} does not know how to reach this machine",
                f"The stream is carried by that host's own ssh. Name the {side} as it knows it "
                f"([user@]host:{end.location.dataset}), or run the pipeline here: --via operator.",
            )
    return None
