"""What was seen of the hosts themselves: ZFS, what they do at boot, who may do what. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sealift.keys.boot import BootLine
from sealift.keys.posture import UNKNOWN, Row
from sealift.playbook.turned import named
from sealift.routes import Role
from sealift.zfs.allow import Grant

if TYPE_CHECKING:
    from sealift.keys.audit import Audit

_NOTHING = "nothing seen"


def host_rows(shown: Audit) -> tuple[Row, ...]:
    """Both hosts, source and destination beside each other."""
    titles = ("host", "ZFS", "loads keys", "mounts at boot", "listed for units", "grants")
    ours, theirs = _words(shown, "source"), _words(shown, "destination")
    return tuple(map(Row, titles, ours, theirs))


def _words(shown: Audit, role: Role) -> tuple[str, ...]:
    facts, boot, grants = (
        shown.scene.side(role).facts,
        shown.seen.boots[role],
        shown.seen.grants[role],
    )
    version = UNKNOWN
    if facts is not None:
        module = facts.version.module
        differs = f" (module {module})" if module not in {None, facts.version.userland} else ""
        version = f"{facts.version.userland}{differs}"
    return (
        shown.scene.where(role),
        version,
        _named(map(_line, boot.loading)) if boot else UNKNOWN,
        _named(map(_line, boot.mounting)) if boot else UNKNOWN,
        _named(f"{each.dataset} in {each.path}" for each in boot.cached) if boot else UNKNOWN,
        named(tuple(map(_grant, grants))) or "none" if grants is not None else UNKNOWN,
    )


def _named(words: Iterable[str]) -> str:
    return named(tuple(words)) or _NOTHING


def _line(line: BootLine) -> str:
    return f"{line.path} ({line.state.value}): {line.text}"


def _grant(grant: Grant) -> str:
    who = " ".join(filter(None, (grant.kind, grant.who))) or "whoever creates"
    return f"{who} {','.join(sorted(grant.permissions))} on {grant.dataset}"
