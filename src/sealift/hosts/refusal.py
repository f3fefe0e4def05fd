"""A command that ended with an error, put into words."""

from __future__ import annotations

from sealift.hosts.host import Result
from sealift.hosts.trouble import Trouble
from sealift.zfs.commands import Command
from sealift.zfs.errors import explain


def refusal(host: str, command: Command, result: Result) -> Trouble:
    """What it means that `command` exited with something other than 0 on `host`."""
    raw = result.stderr.decode("utf-8", "replace").strip()
    return known(host, raw, result.exit_code) or Trouble(
        "command-failed",
        host,
        f"`{command.text()}` ended with exit code {result.exit_code}",
        "Sealift does not know this message.",
        "Read what the host said, below.",
        raw,
    )


def known(host: str, raw: str, exit_code: int | None = None) -> Trouble | None:
    """What the catalogue has to say of a text that `host` answered with; None if nothing."""
    explained = explain(raw, exit_code)
    if not explained:
        return None
    entry = explained[0].entry
    return Trouble(entry.finding or entry.id, host, entry.title, entry.meaning, entry.mending, raw)
