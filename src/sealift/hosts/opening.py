"""From a location to its host."""

from __future__ import annotations

from pathlib import Path

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.local import LocalTransport
from sealift.routes import Location


def open_host(
    location: Location,
    gate: Gate,
    log: CommandLog,
    ssh_config: Path | None,
    *,
    forward_agent: bool = False,
) -> Host:
    """The host of a location, not yet connected. `ssh_config` replaces the user's own.

    `forward_agent` lends it the operator's ssh agent for as long as we are connected.
    """
    if location.host is None:
        return Host(LocalTransport(), gate, log)
    # AsyncSSH takes a third of a second to import: not before the first frame, nor for --help.
    from sealift.hosts.ssh import SSHTransport  # noqa: PLC0415

    transport = SSHTransport(location.host, location.user, ssh_config, forward_agent=forward_agent)
    return Host(transport, gate, log)
