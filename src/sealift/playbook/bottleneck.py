"""Which stage holds a running pipeline back. Pure.

Who waits for whom comes first: `zfs send` in a write to its pipe waits for what comes behind it,
`zfs receive` in a read waits for what comes before it. That leaves a part of the way; what is known
of that part (`suspects`) has to agree before anything is claimed. Where the waiting is not for us
to see, the connection tells it less surely: data that is always under way and more that waits is a
sender that waits, a full receive queue is a receiver that does not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sealift import words
from sealift.playbook import figures, suspects, thresholds
from sealift.playbook.diagnosis import Confidence, Evidence, Verdict
from sealift.playbook.stations import End


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
    blocked = send.share(*figures.WRITES) if send else None
    starved = receive.share(*figures.READS) if receive else None
    seen = blocked is not None or starved is not None
    evidence: list[Evidence] = []
    if send is not None and blocked is not None:
        evidence.append(
            figures.shown_waits(source, send, f"{words.share(blocked)} in its write to the pipe")
        )
    if receive is not None and starved is not None:
        evidence.append(
            figures.shown_waits(destination, receive, f"{words.share(starved)} waiting for data")
        )
    if socket is not None and source.sample is not None:
        busy = figures.under_way(source)
        if blocked is None and send is not None and busy is not None:
            blocked = busy if socket.unsent > 0 or socket.rwnd_limited_ms > 0 else min(busy, 0.4)
            evidence.append(figures.shown_tcp(source, f"{words.share(busy)} with data under way"))
    if starved is None and receive is not None and destination.socket is not None:
        starved = 0.0 if destination.socket.recv_q > thresholds.RECV_Q.value else 0.7
        evidence.append(
            figures.shown_tcp(destination, f"{destination.socket.recv_q} bytes not read yet")
        )
    return Waiting(blocked, starved, tuple(evidence), seen)


def candidates(source: End, destination: End, waits: Waiting) -> list[suspects.Candidate]:
    """Every bottleneck that something speaks for, once, the likeliest first."""
    best: dict[str, suspects.Candidate] = {}
    for each in sorted(_candidates(source, destination, waits), key=lambda each: -each.sure):
        best.setdefault(each.id, each)
    return list(best.values())


def _candidates(source: End, destination: End, waits: Waiting) -> Iterator[suspects.Candidate]:
    blocked, starved = waits.send_blocked, waits.receive_starved
    yield from suspects.idle(source, destination, starved)
    if blocked is not None and blocked < thresholds.MOSTLY.value:
        yield from suspects.upstream(source, blocked, starved)
    elif blocked is not None:
        yield from suspects.slow_reads(source, blocked, starved)
    if (blocked is None or blocked > thresholds.SELDOM.value) and (
        starved is None or starved > thresholds.SELDOM.value
    ):
        yield from suspects.between(source, destination)
    yield from suspects.slow_pool(destination, starved)
    if starved is None or starved < thresholds.STARVED.value:
        yield from suspects.downstream(destination, starved)


def _nothing(
    source: End, destination: End, waits: Waiting, found: list[suspects.Candidate]
) -> Verdict:
    rate = figures.throughput(source, destination)
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
