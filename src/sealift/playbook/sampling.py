"""Sample a host over a window of time: the one probe of the playbook, read-only."""

from __future__ import annotations

from sealift import remote
from sealift.hosts.elevation import Elevation
from sealift.hosts.host import Host
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import TroubleError
from sealift.playbook import thresholds
from sealift.playbook.sample import Sample, parse_sample
from sealift.replication.report import NO_CONTACT
from sealift.replication.survey import unreadable
from sealift.zfs.commands import Command, Effect
from sealift.zfs.parse import ParseError

_SCRIPT = "sample.sh"


def command(pool: str, seconds: int, elevation: Elevation = Elevation.NONE) -> Command:
    """The command; its script comes over stdin.

    As root it also sees what other users' processes wait for.
    """
    words = ("sh", "-s", "--", str(seconds), pool)
    shown = " ".join((*elevation.wrap(words), f"<{_SCRIPT}"))
    return Command(elevation.wrap(words), Effect.READ, "what the pipelines wait for", shown)


async def sample(host: Host, pool: str, window: float) -> Sample:
    """Sample a host for `window` seconds. Raises `TroubleError`.

    Where sudo or doas lets us run zfs but no shell, what is for everyone to see has to do.
    """
    try:
        return await _sample(host, command(pool, round(window), host.elevation), window)
    except TroubleError as error:
        if host.elevation is Elevation.NONE or error.trouble.finding in NO_CONTACT:
            raise
    return await _sample(host, command(pool, round(window)), window)


async def _sample(host: Host, asked: Command, window: float) -> Sample:
    deadline = 2 * window + thresholds.ANSWER.value
    result = await host.run(asked, deadline=deadline, stdin=remote.text(_SCRIPT).encode())
    if not result.ok:
        raise TroubleError(refusal(host.where, asked, result))
    try:
        return parse_sample(result.stdout)
    except ParseError as error:
        raise TroubleError(unreadable(host, asked, error)) from error
