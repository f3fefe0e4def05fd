"""The way of the bytes, station by station, as it was found. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from sealift import words
from sealift.playbook import figures, thresholds
from sealift.playbook.diagnosis import Level, Stage
from sealift.playbook.sample import Stage as Process
from sealift.playbook.stations import End

_FULL = ("ssh-cpu", "source-cpu", "destination-cpu")
_BETWEEN = ("throttled", "source-cpu", "destination-cpu")


def chain(source: End, destination: End, blamed: str | None) -> tuple[Stage, ...]:
    """Every station from the source's disks to the destination's. `blamed` is the bottleneck."""
    return (
        _disk(source, "source-disk", blamed, reading=True),
        *_processes(source, blamed),
        _link(source, destination, blamed),
        *_processes(destination, blamed),
        _disk(destination, "destination-disk", blamed, reading=False),
    )


def _level(*ids: str, blamed: str | None) -> Level:
    return "problem" if blamed in ids else "info"


def _disk(end: End, identity: str, blamed: str | None, *, reading: bool) -> Stage:
    level = _level(identity, blamed=blamed)
    sample = end.sample
    if sample is None or not sample.iostat:
        return Stage("disks", end.where, None, "", level)
    rates = [each.read_bytes if reading else each.write_bytes for each in sample.iostat]
    rate = sum(rates) / len(rates)
    doing = f"{'reads' if reading else 'writes'} {words.rate(rate)}"
    waits = [each.read_disk_ns if reading else each.write_disk_ns for each in sample.iostat]
    known = [wait for wait in waits if wait]
    if known:
        doing += f", {words.latency(median(known) / 1e9)} each"
    busy = None
    if not reading:
        syncing = sum(txg.sync for txg in sample.txgs if txg.age <= sample.seconds)
        busy = min(1.0, syncing / sample.seconds) if sample.txgs else None
    return Stage("disks", end.where, busy, doing, level)


def _processes(end: End, blamed: str | None) -> Iterator[Stage]:
    sending = end.zfs is not None and " send" in end.zfs.args
    buffers = end.buffers if sending else end.buffers[::-1]
    found: list[tuple[str, Process | None, tuple[str, ...]]] = [
        (_name(end.zfs), end.zfs, ("sender-idle", "receiver-semantics")),
        *((buffer.program, buffer, _BETWEEN) for buffer in buffers),
        (end.transport.program if end.transport else "ssh", end.transport, ("ssh-cpu",)),
    ]
    if not sending:
        found.reverse()
    for name, process, ids in found:
        if process is not None:
            full = process.spent.cpu >= thresholds.CORE_FULL.value
            level = _level(*ids, blamed=blamed if _is_here(process, blamed, full=full) else None)
            yield Stage(name, end.where, min(1.0, process.spent.cpu), _doing(process), level)


def _is_here(process: Process, blamed: str | None, *, full: bool) -> bool:
    """Whether it is this process that is meant: only one is full, only one zfs is at fault."""
    if blamed in _FULL:
        return full
    if blamed == "receiver-semantics":
        return " receive" in process.args or " recv" in process.args
    return True


def _name(process: Process | None) -> str:
    if process is None:
        return "zfs"
    return " ".join((process.program, *process.args.split(" ")[1:2]))


def _doing(process: Process) -> str:
    doing = figures.doing(process)
    return f"CPU {words.share(min(1.0, process.spent.cpu))}{f', {doing}' if doing else ''}"


def _link(source: End, destination: End, blamed: str | None) -> Stage:
    ids = ("network-bandwidth", "network-loss", "network-window")
    level = _level(*ids, blamed=blamed)
    busy = figures.under_way(source)
    rate = figures.throughput(source, destination)
    socket = source.socket
    doing = words.rate(rate) if rate is not None else ""
    if socket is not None:
        doing += (
            f", round trip {words.latency(socket.rtt_ms / 1000)}, "
            f"{words.share(socket.loss, 1)} lost, {words.size(socket.unsent)} waiting"
        )
    return Stage("network", "", busy, doing, level)
