"""Which stage holds a running pipeline back. Pure.

Who waits for whom comes first: `zfs send` in a write to its pipe waits for what comes behind it,
`zfs receive` in a read waits for what comes before it. That leaves a part of the way; what is known
of that part (disks, CPU, the connection) has to agree before anything is claimed. Where the waiting
is not for us to see, the connection tells it less surely: data that is always under way and more
that waits is a sender that waits, a full receive queue is a receiver that does not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from sealift import words
from sealift.playbook import thresholds
from sealift.playbook.diagnosis import Confidence, Evidence, Verdict
from sealift.playbook.sample import DISK, RUNNING, STOPPED, Sample, Stage, Txg
from sealift.playbook.stations import End

_WRITES = ("pipe_write", "anon_pipe_write")
_READS = ("pipe_read", "anon_pipe_read")
_DISK = (DISK, "cv_", "__cv_", "txg_wait", "io_schedule", "zio_wait", "taskq_wait", "dmu_")
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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bottleneck that facts speak for. `sure` is 1 where all of them do, 0 where none does."""

    id: str
    sure: float
    summary: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who waits for whom, as shares of the window. None is unknown; `seen` is how that is known."""

    send_blocked: float | None
    receive_starved: float | None
    evidence: tuple[Evidence, ...]
    seen: bool


def judge(source: End, destination: End) -> Verdict:
    """The verdict on a pipeline that runs."""
    waits = waiting(source, destination)
    found = candidates(source, destination, waits)
    likely = [each for each in found if each.sure >= thresholds.LIKELY.value]
    if not likely:
        return _nothing(source, destination, waits, found)
    first = likely[0]
    rivals = [each for each in likely[1:] if first.sure - each.sure < thresholds.RIVAL.value]
    if rivals:
        names = " and ".join(each.id for each in (first, *rivals))
        evidence = tuple(item for each in (first, *rivals) for item in each.evidence)
        said = "; ".join(each.summary for each in (first, *rivals))
        return Verdict(None, "low", f"unknown: {names} both fit: {said}", evidence)
    confidence: Confidence = "high" if first.sure >= thresholds.SURE.value else "medium"
    if confidence == "high" and not waits.seen:
        confidence = "medium"
    return Verdict(first.id, confidence, first.summary, (*waits.evidence, *first.evidence))


def waiting(source: End, destination: End) -> Waiting:
    """Who waits for whom: as the processes show it, or else as the connection does."""
    send, receive, socket = source.zfs, destination.zfs, source.socket
    blocked = send.share(*_WRITES) if send else None
    starved = receive.share(*_READS) if receive else None
    seen = blocked is not None or starved is not None
    evidence: list[Evidence] = []
    if send is not None and blocked is not None:
        evidence.append(_waits(source, send, f"{words.share(blocked)} in its write to the pipe"))
    if receive is not None and starved is not None:
        evidence.append(_waits(destination, receive, f"{words.share(starved)} waiting for data"))
    if socket is not None and source.sample is not None:
        busy = under_way(source)
        if blocked is None and send is not None and busy is not None:
            blocked = busy if socket.unsent > 0 or socket.rwnd_limited_ms > 0 else min(busy, 0.4)
            evidence.append(_tcp(source, f"{words.share(busy)} with data under way"))
    if starved is None and receive is not None and destination.socket is not None:
        starved = 0.0 if destination.socket.recv_q > thresholds.RECV_Q.value else 0.7
        evidence.append(_tcp(destination, f"{destination.socket.recv_q} bytes not read yet"))
    return Waiting(blocked, starved, tuple(evidence), seen)


def candidates(source: End, destination: End, waits: Waiting) -> list[Candidate]:
    """Every bottleneck that something speaks for, once, the likeliest first."""
    best: dict[str, Candidate] = {}
    for each in sorted(_candidates(source, destination, waits), key=lambda each: -each.sure):
        best.setdefault(each.id, each)
    return list(best.values())


def _candidates(source: End, destination: End, waits: Waiting) -> Iterator[Candidate]:
    blocked, starved = waits.send_blocked, waits.receive_starved
    yield from _idle(source, destination, starved)
    if blocked is not None and blocked < thresholds.MOSTLY.value:
        yield from _upstream(source, blocked, starved)
    if (blocked is None or blocked > thresholds.SELDOM.value) and (
        starved is None or starved > thresholds.SELDOM.value
    ):
        yield from _between(source, destination)
    yield from _slow_pool(destination, starved)
    if starved is None or starved < thresholds.STARVED.value:
        yield from _downstream(destination, starved)


# Before the pipe: what feeds zfs send


def _idle(source: End, destination: End, starved: float | None) -> Iterator[Candidate]:
    send = source.zfs
    if send is not None and (send.share(STOPPED) or 0) > thresholds.MOSTLY.value:
        yield Candidate(
            "sender-idle",
            1.0,
            f"`zfs send` on {source.where} is stopped (SIGSTOP): nothing is sent until somebody "
            "continues it",
            (_waits(source, send, "stopped"),),
        )
    hungry = starved is None or starved > thresholds.MOSTLY.value
    if send is None and source.transport is not None and destination.zfs is not None and hungry:
        yield Candidate(
            "sender-idle",
            0.9,
            f"on {source.where} an ssh waits for a `zfs send` that has not begun or has ended; the "
            "receive waits for it",
            (_waits(source, source.transport, "no zfs send feeds it"),),
        )


def _upstream(source: End, blocked: float, starved: float | None) -> Iterator[Candidate]:
    send, sample = source.zfs, source.sample
    if send is None or sample is None:
        return
    sure = 1 - blocked if starved is None else (1 - blocked + starved) / 2
    crowd = _crowd(source)
    if crowd is not None:
        yield Candidate("source-cpu", sure, *_crowded(source, crowd))
        return
    working = _own_cpu(source)
    if working >= thresholds.CORE_FULL.value:
        yield Candidate(
            "source-cpu",
            sure,
            f"`zfs send` on {source.where} uses {words.share(working)} of one CPU: it reads "
            "metadata, which one thread does (many small files or snapshots)",
            (_cpu(source, send.program, working),),
        )
        return
    on_disk = send.share(*_DISK)
    latency = _read_wait(sample)
    slow = latency is not None and latency >= thresholds.READ_WAIT.value
    if (on_disk is None or on_disk >= thresholds.SELDOM.value) and latency is not None:
        evidence = [_iostat(source, f"{words.latency(latency)} a read, in the median")]
        if on_disk is not None:
            evidence.append(_waits(source, send, f"{words.share(on_disk)} waiting for its pool"))
        waits = slow and (on_disk or 0) >= thresholds.SELDOM.value and (starved or 0) > 1 - sure
        yield Candidate(
            "source-disk",
            max(sure, 0.85) if waits else sure if slow else sure / 2,
            f"the disks of {source.where} are slow to read: `zfs send` waits for them and the rest "
            f"of the way waits for it; a read takes {words.latency(latency)}",
            tuple(evidence),
        )


# Between the pipes: ssh and the network


def _between(source: End, destination: End) -> Iterator[Candidate]:
    yield from _throttled(source, destination)
    yield from _ssh(source, destination)
    for end, identity in ((source, "source-cpu"), (destination, "destination-cpu")):
        crowd = _crowd(end)
        if crowd is not None:
            yield Candidate(identity, 0.9, *_crowded(end, crowd))
    yield from _network(source, destination)


def _throttled(source: End, destination: End) -> Iterator[Candidate]:
    for end in (source, destination):
        for stage in end.buffers:
            limit = _limit(stage)
            rate = throughput(source, destination)
            if limit is None or rate is None:
                continue
            near = rate >= limit * thresholds.NEAR_LIMIT.value
            yield Candidate(
                "throttled",
                1.0 if near else 0.3,
                f"{stage.program} on {end.where} lets {words.rate(limit)} through, as it was told "
                f"to; {words.rate(rate)} arrive",
                (Evidence(f"ps -o args= -p {stage.spent.pid}", end.where, stage.args),),
            )


def _ssh(source: End, destination: End) -> Iterator[Candidate]:
    costly = _costly(source) or _costly(destination)
    for end in (source, destination):
        stage = end.transport
        if stage is None:
            continue
        cpu, evidence = stage.spent.cpu, (_cpu(end, stage.program, stage.spent.cpu),)
        if cpu >= thresholds.CORE_FULL.value:
            yield Candidate(
                "ssh-cpu",
                min(1.0, 0.9 + cpu - thresholds.CORE_FULL.value),
                f"{stage.program} on {end.where} uses {words.share(cpu)} of one CPU "
                "and cannot use a second: what it does with every byte is the limit",
                evidence,
            )
        elif _computes(end, costly):
            none = " and no other is left" if _spent(end) else ""
            told = f"; it was told `{costly}`, which costs more than it has to" if costly else ""
            yield Candidate(
                "ssh-cpu",
                0.9 if costly else 0.5,
                f"{stage.program} on {end.where} never waits: it has {words.share(cpu)} of one "
                f"CPU{none}{told}",
                evidence,
            )


def _costly(end: End) -> str:
    """What an ssh was told that makes each byte cost more CPU than it would by default."""
    stage = end.transport
    found = _COSTLY.search(stage.args) if stage and stage.program == "ssh" else None
    return found[0].strip() if found else ""


def _computes(end: End, costly: str) -> bool:
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
        and (bool(costly) or _spent(end))
    )


def _spent(end: End) -> bool:
    """Whether a host has no CPU left."""
    idle = end.sample.idle if end.sample else None
    return idle is not None and idle <= thresholds.IDLE_LITTLE.value


def _network(source: End, destination: End) -> Iterator[Candidate]:
    socket, sample = source.socket, source.sample
    if socket is None or sample is None:
        return
    busy, rate = under_way(source), socket.sent / sample.seconds
    loss = socket.loss
    limited = (socket.rwnd_limited_ms + socket.sndbuf_limited_ms) / 1000 / sample.seconds
    figures = (
        f"{words.rate(rate)}, {words.share(loss, 1)} lost, "
        f"round trip {words.latency(socket.rtt_ms / 1000)} (least "
        f"{words.latency(socket.min_rtt_ms / 1000)}), {words.size(socket.unsent)} wait to be sent"
    )
    evidence = (_tcp(source, figures),)
    queued = socket.rtt_ms > thresholds.QUEUED.value * max(socket.min_rtt_ms, 1)
    if loss >= thresholds.LOSS.value and not (queued and loss < thresholds.LOSS_MUCH.value):
        yield Candidate(
            "network-loss",
            min(1.0, 0.8 + loss),
            f"the network loses {words.share(loss, 1)} of what is sent, and every loss slows TCP "
            "down",
            evidence,
        )
        return
    far = socket.min_rtt_ms >= thresholds.FAR.value
    # A full link has a full queue, which makes the round trip longer.
    empty = socket.rtt_ms < thresholds.UNQUEUED.value * socket.min_rtt_ms
    waits = busy is not None and busy >= thresholds.NET_BUSY.value
    window = round(rate * socket.min_rtt_ms / 1000)
    full = window >= thresholds.SSH_WINDOW.value * thresholds.SELDOM.value
    if far and (limited >= thresholds.LIMITED.value or (empty and (waits or full))):
        yield Candidate(
            "network-window",
            0.9,
            f"the way is long (round trip {socket.min_rtt_ms:.0f} ms) and its queues are empty: "
            f"about {words.size(window)} are under way at once, which a window limits, not the "
            "network",
            evidence,
        )
        return
    if busy is not None and busy >= thresholds.NET_BUSY.value and socket.unsent:
        shaped = source.sample.shapers if source.sample else ()
        hint = f"; an interface of {source.where} is slowed down on purpose" if shaped else ""
        more = tuple(Evidence("tc qdisc show", source.where, line.strip()) for line in shaped)
        # Data also waits on its way where a host has no time to take it, or to send it.
        costly = _costly(source) or _costly(destination)
        other = any(_computes(end, costly) for end in (source, destination))
        yield Candidate(
            "network-bandwidth",
            min(1.0, 0.3 + busy * 0.7) * (0.5 if other else 1.0),
            f"the network carries {words.rate(rate)} and the sender waits for it{hint}",
            (*evidence, *more),
        )


# Behind the pipe: zfs receive and its pool


def _slow_pool(destination: End, starved: float | None) -> Iterator[Candidate]:
    """Memory absorbs what the disks do not take, for as long as there is some: see both."""
    sample = destination.sample
    if destination.zfs is None or sample is None:
        return
    latency = _write_wait(sample)
    # One that carries next to nothing waited for something else, however long it took.
    longest = max(
        (
            txg.sync
            for txg in sample.txgs
            if _lately(txg, sample)
            and (txg.dirty is None or txg.dirty >= thresholds.TXG_SMALL.value)
        ),
        default=0.0,
    )
    slow = latency is not None and latency >= thresholds.WRITE_WAIT.value
    long = longest >= thresholds.SYNC_LONG.value
    waited_for = starved is not None and starved < thresholds.MOSTLY.value
    if not (slow and long) and not (waited_for and (slow or long)):
        return
    arrives = destination.socket.received / sample.seconds if destination.socket else None
    written = sum(each.write_bytes for each in sample.iostat) / max(1, len(sample.iostat))
    absorbed = "" if waited_for else "; memory takes the rest as long as there is some"
    yield Candidate(
        "destination-disk",
        0.9 if slow and long else 1 - (starved or 0),
        f"the disks of {destination.where} do not keep up: {words.rate(arrives)} arrive, "
        f"{words.rate(written)} are written, a write takes {words.latency(latency)}, a transaction "
        f"group up to {longest:.1f} s{absorbed}",
        (
            _iostat(destination, f"{words.latency(latency)} a write, in the median"),
            _txgs(destination, f"stime up to {longest:.1f} s"),
        ),
    )


def _downstream(destination: End, starved: float | None) -> Iterator[Candidate]:
    sample = destination.sample
    if destination.zfs is None or sample is None:
        return
    sure = 0.8 if starved is None else 1 - starved
    crowd = _crowd(destination)
    if crowd is not None:
        yield Candidate("destination-cpu", max(sure, 0.85), *_crowded(destination, crowd))
        return
    groups = [txg for txg in sample.txgs if txg.age <= sample.seconds]
    often = len(groups) / sample.seconds
    dirty = median([txg.dirty for txg in groups if txg.dirty is not None] or [0])
    if often >= thresholds.TXGS.value and dirty < thresholds.TXG_SMALL.value:
        yield Candidate(
            "receiver-semantics",
            max(sure, 0.85),
            f"{destination.where} writes {often:.1f} transaction groups a second, nearly empty: "
            "the receive waits for one after the other (many small snapshots, or large dnodes)",
            (
                _txgs(
                    destination,
                    f"{len(groups)} in {sample.seconds:.0f} s, {words.size(int(dirty))} dirty in "
                    "the median",
                ),
            ),
        )


def _lately(txg: Txg, sample: Sample) -> bool:
    """Whether a transaction group was written in the window, or a little before it."""
    ended = txg.age - txg.open - txg.quiesce - txg.wait - txg.sync
    return ended <= sample.seconds + thresholds.SYNC_LONG.value


# What nothing speaks for


def _nothing(source: End, destination: End, waits: Waiting, found: list[Candidate]) -> Verdict:
    rate = throughput(source, destination)
    moving = f"{words.rate(rate)}: " if rate is not None else ""
    if found:
        first = found[0]
        return Verdict(
            first.id,
            "low",
            f"{moving}no stage stands out; the likeliest is {first.id}: {first.summary}",
            (*waits.evidence, *first.evidence),
        )
    return Verdict(None, "low", f"{moving}no stage stands out", waits.evidence)


# Figures


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


def _limit(stage: Stage) -> float | None:
    """Bytes a second that pv or mbuffer was told to let through."""
    pattern = _LIMITS.get(stage.program)
    found = pattern.search(stage.args) if pattern else None
    if found is None:
        return None
    text = found[1]
    unit = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}.get(text[-1].lower(), 1)
    number = text.rstrip("kKmMgGtT")
    return float(number) * unit if re.fullmatch(r"\d{1,12}(\.\d{1,6})?", number) else None


def _crowd(end: End) -> float | None:
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


def _crowded(end: End, share: float) -> tuple[str, tuple[Evidence, ...]]:
    sample = end.sample
    assert sample is not None  # noqa: S101 - `_crowd` looked at it
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


def _own_cpu(end: End) -> float:
    """CPU of zfs send and of the kernel's threads that read for it."""
    if end.zfs is None or end.sample is None:
        return 0.0
    threads = [each for each in end.sample.spent.values() if each.name.startswith("send_")]
    return max([end.zfs.spent.cpu, *(each.cpu for each in threads)])


def _read_wait(sample: Sample) -> float | None:
    """Seconds a read takes on the disks, in the median of the seconds that had any."""
    waits = [each.read_disk_ns for each in sample.iostat if each.read_disk_ns]
    return median(waits) / 1e9 if waits else None


def _write_wait(sample: Sample) -> float | None:
    waits = [each.write_disk_ns for each in sample.iostat if each.write_disk_ns]
    return median(waits) / 1e9 if waits else None


# Evidence


def _waits(end: End, stage: Stage, value: str) -> Evidence:
    return Evidence(f"cat /proc/{stage.spent.pid}/wchan", end.where, f"{stage.program}: {value}")


def _cpu(end: End, program: str, cpu: float) -> Evidence:
    return Evidence("top -b -n 1", end.where, f"{program}: {words.share(cpu)} of one CPU")


def _tcp(end: End, value: str) -> Evidence:
    return Evidence("ss -tin", end.where, value)


def _txgs(end: End, value: str) -> Evidence:
    return Evidence("cat /proc/spl/kstat/zfs/POOL/txgs", end.where, value)


def _iostat(end: End, value: str) -> Evidence:
    return Evidence("zpool iostat -lq 1", end.where, value)


def doing(stage: Stage) -> str:
    """What a process of the pipeline did with its time, in words."""
    parts = [
        (stage.share(*_WRITES), "waits for the pipe"),
        (stage.share(*_READS), "waits for data"),
        (stage.share(*_DISK), "waits for the pool"),
        (stage.share(STOPPED), "stopped"),
        (stage.share(RUNNING), "running"),
    ]
    share, what = max(((share or 0.0, what) for share, what in parts), key=lambda each: each[0])
    return f"{what} {words.share(share)}" if share else ""
