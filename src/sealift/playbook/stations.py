"""Find the running pipeline in the samples of both hosts, whoever started it. Pure.

On its host a pipeline is a process group: `zfs send | pv | ssh` of a script, of a job or typed at a
prompt. What a login started hangs below its sshd instead. Both ends of the connection between the
hosts are matched by their ports, which survives every way of writing addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sealift.playbook.sample import Sample, Socket, Spent, Stage
from sealift.zfs.processes import FILTERS, SSHD, Verb

# With -V a sender calls itself `zfs: sending tank/prod@rep-1 (10%: ...)`.
_VERBS: dict[str, Verb] = {
    "send": "send",
    "sending": "send",
    "receive": "receive",
    "recv": "receive",
}
_BETWEEN = FILTERS | {"socat", "nc"}
_ELEVATING = frozenset({"sudo", "doas"})
_SOCKET = re.compile(r" (?:-S *|-o *ControlPath=)(\S+)")
_CLIMB = 12  # processes between a zfs and its sshd, at most


@dataclass(frozen=True, slots=True)
class End:
    """A host's part of the pipeline: its zfs, what stands between, and what carries the bytes.

    `socket` is this side of the connection to the other host. Each is None if it was not found.
    """

    where: str
    sample: Sample | None
    zfs: Stage | None = None
    buffers: tuple[Stage, ...] = ()
    transport: Stage | None = None
    socket: Socket | None = None

    @property
    def ours(self) -> frozenset[int]:
        """The processes of the pipeline, and the kernel threads that work for it."""
        stages = (self.zfs, self.transport, *self.buffers)
        return frozenset(stage.spent.pid for stage in stages if stage is not None)


def find(
    source: tuple[str, Sample | None, str], destination: tuple[str, Sample | None, str]
) -> tuple[End, End]:
    """Both ends. What is given of each is its host, its sample, and the root of its tree."""
    there = (
        _end(*source, "send", destination[2]),
        _end(*destination, "receive", source[2]),
    )
    sockets = _sockets(source[1], destination[1])
    return replace(there[0], socket=sockets[0]), replace(there[1], socket=sockets[1])


def _end(where: str, sample: Sample | None, root: str, verb: Verb, other: str) -> End:
    if sample is None:
        return End(where, None)
    zfs = _zfs(sample, verb, root)
    if zfs is None:
        return _without_zfs(where, sample, verb, other)
    groups = {zfs.spent.group}
    for above in _above(sample, zfs.spent):
        if above.name in _ELEVATING:
            groups.add(above.group)
    members = [
        stage
        for stage in sample.stages
        if stage.spent.group in groups and stage.spent.pid != zfs.spent.pid
    ]
    ssh = next((stage for stage in members if stage.program == "ssh"), None)
    return End(
        where,
        sample,
        zfs,
        tuple(stage for stage in members if stage.program in _BETWEEN),
        _master(sample, ssh) if ssh else _sshd(sample, zfs),
    )


def _master(sample: Sample, ssh: Stage) -> Stage:
    """Who really carries what an ssh is given: the one whose connection it shares, if it is seen.

    That one calls itself `ssh: /tmp/socket [mux]`; syncoid and bzfs start one each.
    """
    socket = _SOCKET.search(ssh.args)
    title = f"ssh: {socket[1]} [mux]" if socket else ""
    return next((stage for stage in sample.stages if stage.args.strip() == title), ssh)


def _without_zfs(where: str, sample: Sample, verb: Verb, other: str) -> End:
    """The transport of a pipeline whose zfs is not there (yet): an ssh to the other side's zfs.

    Its words are shell text; `other` is the root of the tree that they have to name.
    """
    wanted = "receive" if verb == "send" else "send"
    named = re.compile(rf"[ '\"]{re.escape(other)}(?![A-Za-z0-9_.:-])")
    for stage in sample.stages:
        words = stage.args.split(" ")
        carries = any(word == "zfs" or word.endswith("/zfs") for word in words)
        verbs = {_VERBS.get(word) for word in words}
        if stage.program == "ssh" and carries and wanted in verbs and named.search(stage.args):
            return End(where, sample, transport=_master(sample, stage))
    return End(where, sample)


def _zfs(sample: Sample, verb: Verb, root: str) -> Stage | None:
    """The zfs of this direction; one that names a dataset of the tree before one that does not."""
    found = [
        stage
        for stage in sample.stages
        if stage.program == "zfs" and _VERBS.get(_second(stage.args)) == verb
    ]
    inside = [stage for stage in found if _names(stage.args, root)]
    # The words of a resumed send name no dataset.
    anonymous = [stage for stage in found if " -t " in stage.args]
    return next(iter(inside or anonymous), None)


def _second(args: str) -> str:
    words = args.split(" ", 2)
    return words[1] if len(words) > 1 else ""


def _names(args: str, root: str) -> bool:
    return any(
        word == root or word.startswith((f"{root}/", f"{root}@")) for word in args.split(" ")
    ) or args.endswith(f" {root}")


def _above(sample: Sample, process: Spent) -> Iterator[Spent]:
    for _ in range(_CLIMB):
        parent = sample.spent.get(process.parent)
        if parent is None or parent.pid <= 1:
            return
        yield parent
        process = parent


def _sshd(sample: Sample, zfs: Stage) -> Stage | None:
    stages = {stage.spent.pid: stage for stage in sample.stages}
    for above in _above(sample, zfs.spent):
        stage = stages.get(above.pid)
        if stage is not None and stage.program in SSHD:
            return stage
    return None


def _sockets(
    source: Sample | None, destination: Sample | None
) -> tuple[Socket | None, Socket | None]:
    """The connection between the two that carried most; if one side is unknown, the other's."""
    if source is None or destination is None:
        return None, None
    there = {(_port(each.local), _port(each.peer)): each for each in destination.sockets}
    for socket in source.sockets:  # the busiest first
        other = there.get((_port(socket.peer), _port(socket.local)))
        if other is not None:
            return socket, other
    return None, None


def _port(address: str) -> str:
    return address.rpartition(":")[2]
