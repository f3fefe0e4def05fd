"""Whether the coordinator gets to where the pipeline has to go: a login that says nothing.

We may get to both hosts and they not to each other: then nothing can be sent, and nothing but a
send or this tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from sealift.hosts.host import Host
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.playbook import thresholds
from sealift.playbook.diagnosis import Evidence, Finding, NextStep, Severity
from sealift.playbook.scene import Scene
from sealift.replication.pipeline import Ends
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import printable

_NOTHING = "true"


@dataclass(frozen=True, slots=True)
class Way:
    """A way from the coordinator to an end that it has to log in to. `trouble` None: it is open."""

    command: Command
    other: str
    trouble: Trouble | None = None


async def ways(host: Host, ends: Ends) -> tuple[Way, ...]:
    """Try each way that a pipeline would take from its coordinator. Raises `TroubleError`."""
    lines = {
        end.location.where: ends.reach(end, _NOTHING) for end in (ends.source, ends.destination)
    }
    needed = [
        Way(Command(("sh", "-c", line), Effect.READ, "whether its ssh gets there", line), other)
        for other, line in lines.items()
        if line != _NOTHING  # the coordinator itself
    ]
    return tuple(await asyncio.gather(*(_tried(host, way) for way in needed)))


async def _tried(host: Host, way: Way) -> Way:
    seconds = thresholds.GET_IN.value
    try:
        async with asyncio.timeout(seconds):
            result = await host.run(way.command, deadline=thresholds.ANSWER.value)
    except TimeoutError:
        silence = f"its ssh has no answer from {way.other} within {seconds:.0f} s"
        trouble = Trouble(
            "host-unreachable",
            host.where,
            silence,
            "The network between the two is down, or a firewall drops what it sends.",
            "Check names, routes and firewalls between these two hosts.",
        )
        if not host.connection.connected:
            raise TroubleError(trouble) from None
        return Way(way.command, way.other, trouble)
    if result.ok:
        return way
    return Way(way.command, way.other, refusal(host.where, way.command, result))


def findings(scene: Scene, tried: tuple[Way, ...]) -> Iterator[Finding]:
    """Ways that are not open. What need not be sent now, or is sent by others, is a note."""
    weight: Severity = "problem" if scene.plan is not None and scene.plan.steps else "info"
    for way in tried:
        trouble = way.trouble
        if trouble is None:
            continue
        said = printable(trouble.raw).strip() or trouble.what
        why = " ".join(filter(None, (trouble.means, trouble.mend)))
        look = way.command.text().replace("LogLevel=ERROR", "LogLevel=DEBUG1")
        yield Finding(
            trouble.finding,
            weight,
            "link",
            scene.route.destination.dataset,
            f"{trouble.host} does not get to {way.other} with its own ssh, which carries the "
            f"stream: {trouble.what}",
            (Evidence(way.command.text(), trouble.host, said),),
            (NextStep(why, look, trouble.host),),
        )
