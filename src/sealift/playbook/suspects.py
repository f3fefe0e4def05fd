"""What each place of a running pipeline speaks for: candidates for the bottleneck. Pure.

A place is asked only where the waiting leaves it in question (`bottleneck`); what is known of it
(disks, CPU, the connection) has to agree before it is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from sealift import words
from sealift.playbook import figures, thresholds
from sealift.playbook.diagnosis import Evidence
from sealift.playbook.sample import STOPPED, Sample, Txg
from sealift.playbook.stations import End
from sealift.zfs.processes import COMPRESSORS


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bottleneck that facts speak for. `sure` is 1 where all of them do, 0 where none does."""

    id: str
    sure: float
    summary: str
    evidence: tuple[Evidence, ...]


def idle(source: End, destination: End, starved: float | None) -> Iterator[Candidate]:
    """What feeds the pipe does nothing, or is not there."""
    send = source.zfs
    if send is not None and (send.share(STOPPED) or 0) > thresholds.MOSTLY.value:
        yield Candidate(
            "sender-idle",
            1.0,
            f"`zfs send` on {source.where} is stopped (SIGSTOP): nothing is sent until somebody "
            "continues it",
            (figures.shown_waits(source, send, "stopped"),),
        )
    hungry = starved is None or starved > thresholds.MOSTLY.value
    if send is None and source.transport is not None and destination.zfs is not None and hungry:
        yield Candidate(
            "sender-idle",
            0.9,
            f"on {source.where} an ssh waits for a `zfs send` that has not begun or has ended; the "
            "receive waits for it",
            (figures.shown_waits(source, source.transport, "no zfs send feeds it"),),
        )


def upstream(source: End, blocked: float, starved: float | None) -> Iterator[Candidate]:
    """Before the pipe: what zfs send needs to read."""
    send, sample = source.zfs, source.sample
    if send is None or sample is None:
        return
    sure = 1 - blocked if starved is None else (1 - blocked + starved) / 2
    crowd = figures.crowd(source)
    if crowd is not None:
        yield Candidate("source-cpu", sure, *figures.crowded(source, crowd))
        return
    working = figures.own_cpu(source)
    if working >= thresholds.CORE_FULL.value:
        yield Candidate(
            "source-cpu",
            sure,
            f"`zfs send` on {source.where} uses {words.share(working)} of one CPU: it reads "
            "metadata, which one thread does (many small files or snapshots)",
            (figures.shown_cpu(source, send.program, working),),
        )
        return
    on_disk = send.share(*figures.ON_DISK)
    latency = figures.read_wait(sample)
    slow = latency is not None and latency >= thresholds.READ_WAIT.value
    if (on_disk is None or on_disk >= thresholds.SELDOM.value) and latency is not None:
        evidence = [figures.shown_iostat(source, f"{words.latency(latency)} a read, in the median")]
        if on_disk is not None:
            evidence.append(
                figures.shown_waits(source, send, f"{words.share(on_disk)} waiting for its pool")
            )
        waits = slow and (on_disk or 0) >= thresholds.SELDOM.value and (starved or 0) > 1 - sure
        yield Candidate(
            "source-disk",
            max(sure, 0.85) if waits else sure if slow else sure / 2,
            f"the disks of {source.where} are slow to read: `zfs send` waits for them and the rest "
            f"of the way waits for it; a read takes {words.latency(latency)}",
            tuple(evidence),
        )


def slow_reads(source: End, blocked: float, starved: float | None) -> Iterator[Candidate]:
    """A disk that answers very late, though zfs send mostly waits for its pipe.

    What zfs send reads ahead is answered in bursts then, and not in order: in a burst it waits for
    the pipe as it would before a slow network. Where it waits for it in every look, the window may
    have been one burst, or the disk may serve others: that is left open.
    """
    sample = source.sample
    latency = figures.read_wait(sample) if sample and source.zfs else None
    hungry = starved is None or starved >= thresholds.MOSTLY.value
    if latency is None or latency < thresholds.READ_LONG.value or not hungry:
        return
    value = f"{words.latency(latency)} a read, in the median"
    yield Candidate(
        "source-disk",
        0.9 if blocked < thresholds.STARVED.value else 0.75,
        f"the disks of {source.where} are slow to read: a read takes {words.latency(latency)}, and "
        "what was read ahead comes in bursts",
        (figures.shown_iostat(source, value),),
    )


def between(source: End, destination: End) -> Iterator[Candidate]:
    """Between the pipes: programs that hold back, ssh, processors, the network."""
    yield from _throttled(source, destination)
    yield from _compressed(source, destination)
    yield from _ssh(source, destination)
    for end, identity in ((source, "source-cpu"), (destination, "destination-cpu")):
        crowd = figures.crowd(end)
        if crowd is not None:
            yield Candidate(identity, 0.9, *figures.crowded(end, crowd))
    yield from _network(source, destination)


def _throttled(source: End, destination: End) -> Iterator[Candidate]:
    for end in (source, destination):
        for stage in end.buffers:
            limit = figures.limit_of(stage)
            rate = figures.throughput(source, destination)
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


def _compressed(source: End, destination: End) -> Iterator[Candidate]:
    for end, identity in ((source, "source-cpu"), (destination, "destination-cpu")):
        for stage in end.buffers:
            cpu = stage.spent.cpu
            if stage.program in COMPRESSORS and cpu >= thresholds.CORE_FULL.value:
                yield Candidate(
                    identity,
                    min(1.0, 0.9 + cpu - thresholds.CORE_FULL.value),
                    f"{stage.program} on {end.where} uses {words.share(cpu)} of one CPU, and a raw "
                    "stream gets no smaller by it: have whoever started it leave it out (syncoid: "
                    "--compress=none)",
                    (figures.shown_cpu(end, stage.program, cpu),),
                )


def _ssh(source: End, destination: End) -> Iterator[Candidate]:
    costly = figures.costly_words(source) or figures.costly_words(destination)
    for end in (source, destination):
        stage = end.transport
        if stage is None:
            continue
        cpu, evidence = stage.spent.cpu, (figures.shown_cpu(end, stage.program, stage.spent.cpu),)
        if cpu >= thresholds.CORE_FULL.value:
            yield Candidate(
                "ssh-cpu",
                min(1.0, 0.9 + cpu - thresholds.CORE_FULL.value),
                f"{stage.program} on {end.where} uses {words.share(cpu)} of one CPU "
                "and cannot use a second: what it does with every byte is the limit",
                evidence,
            )
        elif figures.computes(end, costly):
            none = " and no other is left" if figures.spent(end) else ""
            told = f"; it was told `{costly}`, which costs more than it has to" if costly else ""
            yield Candidate(
                "ssh-cpu",
                0.9 if costly else 0.5,
                f"{stage.program} on {end.where} never waits: it has {words.share(cpu)} of one "
                f"CPU{none}{told}",
                evidence,
            )


def _network(source: End, destination: End) -> Iterator[Candidate]:
    socket, sample = source.socket, source.sample
    if socket is None or sample is None:
        return
    busy, rate = figures.under_way(source), socket.sent / sample.seconds
    loss = socket.loss
    limited = (socket.rwnd_limited_ms + socket.sndbuf_limited_ms) / 1000 / sample.seconds
    seen = (
        f"{words.rate(rate)}, {words.share(loss, 1)} lost, "
        f"round trip {words.latency(socket.rtt_ms / 1000)} (least "
        f"{words.latency(socket.min_rtt_ms / 1000)}), {words.size(socket.unsent)} wait to be sent"
    )
    evidence = (figures.shown_tcp(source, seen),)
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
        costly = figures.costly_words(source) or figures.costly_words(destination)
        other = any(
            figures.computes(end, costly) or figures.pressed(end) for end in (source, destination)
        )
        yield Candidate(
            "network-bandwidth",
            min(1.0, 0.3 + busy * 0.7) * (0.5 if other else 1.0),
            f"the network carries {words.rate(rate)} and the sender waits for it{hint}",
            (*evidence, *more),
        )


def slow_pool(destination: End, starved: float | None) -> Iterator[Candidate]:
    """Memory absorbs what the disks do not take, for as long as there is some: see both."""
    sample = destination.sample
    if destination.zfs is None or sample is None:
        return
    latency = figures.write_wait(sample)
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
            figures.shown_iostat(destination, f"{words.latency(latency)} a write, in the median"),
            figures.shown_txgs(destination, f"stime up to {longest:.1f} s"),
        ),
    )


def downstream(destination: End, starved: float | None) -> Iterator[Candidate]:
    """Behind the pipe: what zfs receive needs to write."""
    sample = destination.sample
    if destination.zfs is None or sample is None:
        return
    sure = 0.8 if starved is None else 1 - starved
    crowd = figures.crowd(destination)
    if crowd is not None:
        yield Candidate("destination-cpu", max(sure, 0.85), *figures.crowded(destination, crowd))
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
                figures.shown_txgs(
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
