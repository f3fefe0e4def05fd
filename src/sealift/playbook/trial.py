"""What each part of the way can carry when nothing runs: a bounded trial that only reads.

`zfs send` into nothing, then zeros through the pipeline's own ssh into nothing, one after the other
so that neither slows the other down. Nothing is written on either host.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from sealift.hosts.host import Host
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import TroubleError
from sealift.playbook import thresholds
from sealift.replication.pipeline import Ends
from sealift.zfs.commands import Command, Effect, RawSend
from sealift.zfs.parse import text_of

_COUNT = "dd of=/dev/null bs=131072"
# The stream goes into nothing on the host itself. It is dd that counts: `zfs send -v` counts each
# snapshot from nothing, and says nothing of one that is sent within a second.
# It is dd that is ended, too: a `zfs` that runs as root is not ours to signal, and ends without it.
_SEND = f'n=$1; shift; "$@" | timeout -s INT "$n" {_COUNT}'
# Of GNU and busybox, of FreeBSD.
_DD = re.compile(
    r"\b(\d{1,18}) bytes.* (?:copied,|transferred in) (\d{1,9}(?:\.\d{1,9})?) s", re.ASCII
)
_SHORT = 0.5  # seconds; what took less says nothing of the rate


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
    """How fast the source reads what is to be sent; None if that is too little to tell.

    Raises `TroubleError`.
    """
    words = ends.source.words(send.argv())
    command = Command(
        ("sh", "-c", _SEND, "sealift", str(seconds), *words),
        Effect.READ,
        "how fast zfs send reads",
        f"{shlex.join(words)} | timeout -s INT {seconds} {_COUNT}",
    )
    result = await host.run(command, deadline=seconds + thresholds.ANSWER.value)
    found = _DD.search(text_of(result.stderr))
    if found is None or not int(found[1]):
        raise TroubleError(refusal(host.where, command, result))
    count, took = int(found[1]), float(found[2])
    return Carried(command, host.where, count, took) if took >= _SHORT else None


async def zeros_through_ssh(host: Host, ends: Ends, seconds: int) -> Carried | None:
    """How fast the coordinator's ssh and the network carry zeros. Raises `TroubleError`."""
    there = ends.reach(ends.destination, "cat >/dev/null")
    here = ends.reach(ends.source, f"timeout -s INT {seconds} dd if=/dev/zero bs=131072")
    script = f"{here} | {there}"
    command = Command(("sh", "-c", script), Effect.READ, "how fast ssh carries zeros", script)
    result = await host.run(command, deadline=seconds + 2 * thresholds.GET_IN.value)
    found = _DD.search(text_of(result.stderr))
    if found is None:
        raise TroubleError(refusal(host.where, command, result))
    return Carried(command, host.where, int(found[1]), max(0.1, float(found[2])))
