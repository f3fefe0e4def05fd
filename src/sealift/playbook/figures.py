"""What the samples say of one stage of a pipeline, and the command that shows it. Pure."""

from __future__ import annotations

import re
from statistics import median

from sealift import words
from sealift.playbook import thresholds
from sealift.playbook.diagnosis import Evidence
from sealift.playbook.sample import DISK, RUNNING, STOPPED, Sample, Stage
from sealift.playbook.stations import End

WRITES = ("pipe_write", "anon_pipe_write")
READS = ("pipe_read", "anon_pipe_read")
ON_DISK = (DISK, "cv_", "__cv_", "txg_wait", "io_schedule", "zio_wait", "taskq_wait", "dmu_")
_AMOUNT = r"([0-9.]+[kKmMgGtT]?)(?:i?B)?(?![0-9A-Za-z.])"
_LIMITS = {
    "pv": re.compile(r" (?:-\w*L|--rate-limit)[ =]?" + _AMOUNT),
    "mbuffer": re.compile(r" -[rR] ?" + _AMOUNT),
}
# Compression, and ciphers that take a pass of their own over each byte to authenticate it.
_COSTLY = re.compile(
    r" -[46AaGgKkMNnqTtvXxYy]*C(?= )| -o ?Compression=yes"
    r"| (?:-c ?|-o ?Ciphers=)(?!\S*(?:gcm|chacha))[a-z0-9][\w@.,-]*"
)


def doing(stage: Stage) -> str:
    """What a process of the pipeline did with its time, in words."""
    parts = [
        (stage.share(*WRITES), "waits for the pipe"),
        (stage.share(*READS), "waits for data"),
        (stage.share(*ON_DISK), "waits for the pool"),
        (stage.share(STOPPED), "stopped"),
        (stage.share(RUNNING), "running"),
    ]
    share, what = max(((share or 0.0, what) for share, what in parts), key=lambda each: each[0])
    return f"{what} {words.share(share)}" if share else ""


def under_way(end: End) -> float | None:
    """In which part of the window data was under way on the connection; None if unknown."""
    if end.socket is None or end.sample is None:
        return None
    return min(1.0, end.socket.busy_ms / 1000 / end.sample.seconds)


def throughput(source: End, destination: End) -> float | None:
    """Bytes a second between the hosts; None if unknown."""
    for end, carried in (
        (source, source.socket.sent if source.socket else 0),
        (destination, destination.socket.received if destination.socket else 0),
    ):
        if end.socket is not None and end.sample is not None:
            return carried / end.sample.seconds
    return None


def limit_of(stage: Stage) -> float | None:
    """Bytes a second that pv or mbuffer was told to let through."""
    pattern = _LIMITS.get(stage.program)
    found = pattern.search(stage.args) if pattern else None
    if found is None:
        return None
    text = found[1]
    unit = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}.get(text[-1].lower(), 1)
    number = text.rstrip("kKmMgGtT")
    return float(number) * unit if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", number) else None


def crowd(end: End) -> float | None:
    """The share of all CPUs that others take from a pipeline, where none is left; else None."""
    sample = end.sample
    if sample is None or sample.idle is None or sample.idle > thresholds.IDLE_LITTLE.value:
        return None
    mine = end.ours
    kernel = 2  # kthreadd, the parent of what the kernel does for the pipeline, too
    others = sum(
        each.cpu
        for each in sample.spent.values()
        if each.pid not in mine and kernel not in (each.parent, each.pid)
    )
    share = others / sample.cpus
    return share if share >= thresholds.OTHERS.value else None


def crowded(end: End, share: float) -> tuple[str, tuple[Evidence, ...]]:
    """In words who takes that share, with its evidence; only where `crowd` gave one."""
    sample = end.sample
    assert sample is not None  # noqa: S101 - `crowd` looked at it
    mine = end.ours
    hungry = max(
        (each for each in sample.spent.values() if each.pid not in mine),
        key=lambda each: each.cpu,
    )
    summary = (
        f"other programs take {words.share(share)} of the CPU of {end.where} and none is left: "
        f"{hungry.name} (process {hungry.pid}) alone {words.share(hungry.cpu)}"
    )
    idle = words.share(sample.idle or 0.0)
    return summary, (Evidence("top -b -n 1", end.where, f"{idle} idle, {hungry.name} first"),)


def own_cpu(end: End) -> float:
    """CPU of zfs send and of the kernel's threads that read for it."""
    if end.zfs is None or end.sample is None:
        return 0.0
    threads = [each for each in end.sample.spent.values() if each.name.startswith("send_")]
    return max([end.zfs.spent.cpu, *(each.cpu for each in threads)])


def read_wait(sample: Sample) -> float | None:
    """Seconds a read takes on the disks, in the median of the seconds that had any."""
    waits = [each.read_disk_ns for each in sample.iostat if each.read_disk_ns]
    return median(waits) / 1e9 if waits else None


def write_wait(sample: Sample) -> float | None:
    """Seconds a write takes on the disks, in the median of the seconds that had any."""
    waits = [each.write_disk_ns for each in sample.iostat if each.write_disk_ns]
    return median(waits) / 1e9 if waits else None


def pressed(end: End) -> bool:
    """Whether an ssh that computes most of the time has hardly any CPU left beside it.

    It may hold up the rest then, or the network may: its share of the looks and of the CPU is the
    same in both.
    """
    stage, idle = end.transport, end.sample.idle if end.sample else None
    return (
        stage is not None
        and idle is not None
        and idle <= thresholds.IDLE_SCARCE.value
        and (stage.share(RUNNING) or 0.0) >= thresholds.MOSTLY.value
        and stage.spent.cpu >= thresholds.CORE_HALF.value
    )


def spent(end: End) -> bool:
    """Whether a host has no CPU left."""
    idle = end.sample.idle if end.sample else None
    return idle is not None and idle <= thresholds.IDLE_LITTLE.value


def costly_words(end: End) -> str:
    """What an ssh was told that makes each byte cost more CPU than it would by default."""
    stage = end.transport
    found = _COSTLY.search(stage.args) if stage and stage.program == "ssh" else None
    return found[0].strip() if found else ""


def computes(end: End, costly: str) -> bool:
    """Whether an ssh holds up the rest by computing, though it does not get a whole CPU.

    The kernel works for each of its bytes as well and takes the CPU from it. Who is ready to run
    whenever it is looked at waits for nobody else; that much of it is ssh's own doing is known
    where no CPU is left, or where it was told something costly.
    """
    stage = end.transport
    return (
        stage is not None
        and (stage.share(RUNNING) or 0.0) >= thresholds.STARVED.value
        and stage.spent.cpu >= thresholds.CORE_HALF.value
        and (bool(costly) or spent(end))
    )


def shown_waits(end: End, stage: Stage, value: str) -> Evidence:
    """What a process of the pipeline waits for, and where that is seen."""
    return Evidence(f"cat /proc/{stage.spent.pid}/wchan", end.where, f"{stage.program}: {value}")


def shown_cpu(end: End, program: str, cpu: float) -> Evidence:
    """How much CPU a process has, and where that is seen."""
    return Evidence("top -b -n 1", end.where, f"{program}: {words.share(cpu)} of one CPU")


def shown_tcp(end: End, value: str) -> Evidence:
    """What TCP says of the connection, and where that is seen."""
    return Evidence("ss -tin", end.where, value)


def shown_txgs(end: End, value: str) -> Evidence:
    """What became of the transaction groups, and where that is seen."""
    return Evidence("cat /proc/spl/kstat/zfs/POOL/txgs", end.where, value)


def shown_iostat(end: End, value: str) -> Evidence:
    """What the disks do, and where that is seen."""
    return Evidence("zpool iostat -lq 1", end.where, value)
