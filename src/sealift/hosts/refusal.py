"""A command that ended with an error, put into words."""

from __future__ import annotations

from sealift.hosts.host import Result
from sealift.hosts.trouble import Trouble
from sealift.zfs.commands import Command
from sealift.zfs.errors import explain


def refusal(host: str, command: Command, result: Result) -> Trouble:
    """What it means that `command` exited with something other than 0 on `host`."""
    raw = result.stderr.decode("utf-8", "replace").strip()
    explained = explain(raw, result.exit_code)
    if explained:
        entry = explained[0].entry
        return Trouble(
            entry.finding or entry.id, host, entry.title, entry.meaning, entry.mending, raw
        )
    return Trouble(
        "command-failed",
        host,
        f"`{command.text()}` ended with exit code {result.exit_code}",
        "Sealift does not know this message.",
        "Read what the host said, below.",
        raw,
    )
