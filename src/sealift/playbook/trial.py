"""What each part of the way can carry when nothing runs: a bounded trial that only reads.

`zfs send` into nothing, then zeros through the pipeline's own ssh into nothing, one after the other
so that neither slows the other down. Nothing is written on either host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sealift.hosts.host import Host
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import TroubleError
from sealift.playbook import thresholds
from sealift.replication.pipeline import Ends
from sealift.zfs.commands import Command, Effect, RawSend
from sealift.zfs.parse import lines_of, text_of

# The stream goes into nothing on the host itself: what is read here is the sender's own count.
_SEND = 'n=$1; shift; timeout "$n" "$@" >/dev/null; test "$?" -eq 124 || exit 0'
_DD = re.compile(r"(\d+) bytes.* copied, ([0-9.]+) s", re.ASCII)
_PROGRESS = re.compile(r"\d\d:\d\d:\d\d\t(\d+)\t")


@dataclass(frozen=True, slots=True)
class Carried:
    """What one part carried: bytes in so many seconds, and the command that it was."""

    command: Command
    host: str
    count: int
    seconds: float

    @property
    def rate(self) -> float:
        """Bytes a second."""
        return self.count / self.seconds


async def send_into_nothing(host: Host, ends: Ends, send: RawSend, seconds: int) -> Carried | None:
    """How fast the source reads a snapshot; None if that took no second. Raises `TroubleError`."""
    words = ends.source.words(send.argv("-vP"))
    command = Command(
        ("sh", "-c", _SEND, "sealift", str(seconds), *words),
        Effect.READ,
        "how fast zfs send reads",
        f"timeout {seconds} {' '.join(words)} >/dev/null",
    )
    result = await host.run(command, deadline=seconds + thresholds.ANSWER.value)
    if not result.ok:
        raise TroubleError(refusal(host.where, command, result))
    counts = [int(match[1]) for line in lines_of(result.stderr) if (match := _PROGRESS.match(line))]
    return Carried(command, host.where, counts[-1], len(counts)) if counts else None


async def zeros_through_ssh(host: Host, ends: Ends, seconds: int) -> Carried | None:
    """How fast the coordinator's ssh and the network carry zeros. Raises `TroubleError`."""
    there = ends.reach(ends.destination, "cat >/dev/null")
    here = ends.reach(ends.source, f"timeout -s INT {seconds} dd if=/dev/zero bs=131072")
    script = f"{here} | {there}"
    command = Command(("sh", "-c", script), Effect.READ, "how fast ssh carries zeros", script)
    result = await host.run(command, deadline=seconds + 2 * thresholds.ANSWER.value)
    found = _DD.search(text_of(result.stderr))
    if found is None:
        raise TroubleError(refusal(host.where, command, result))
    return Carried(command, host.where, int(found[1]), max(0.1, float(found[2])))
