"""What was seen of each host itself: its ZFS, what it does at boot, who may do what. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sealift.keys.audit import Audit
from sealift.keys.boot import Boot, BootLine
from sealift.playbook.diagnosis import Fact
from sealift.playbook.turned import named
from sealift.replication.watch import ROLES, Role
from sealift.zfs.allow import Grant


def host_facts(shown: Audit) -> tuple[Fact, ...]:
    """The lines of both hosts, the source's first."""
    return tuple(fact for role in ROLES for fact in _of(shown, role))


def _of(shown: Audit, role: Role) -> Iterator[Fact]:
    where = shown.scene.where(role)
    facts = shown.scene.side(role).facts
    if facts is not None:
        module = facts.version.module
        differs = f" (module {module})" if module not in (None, facts.version.userland) else ""
        yield Fact(f"{where}, ZFS", f"{facts.version.userland}{differs}")
    boot = shown.seen.boots[role]
    if boot is None:
        yield Fact(f"{where}, at boot", "unknown", "unknown")
    else:
        yield from _boot(where, boot)
    grants = shown.seen.grants[role]
    if grants is None:
        yield Fact(f"{where}, grants", "unknown", "unknown")
    else:
        yield Fact(f"{where}, grants", named(tuple(map(_grant, grants))) or "none")


def _boot(where: str, boot: Boot) -> Iterator[Fact]:
    yield Fact(f"{where}, loads keys", named(tuple(map(_line, boot.loading))) or "nothing seen")
    yield Fact(f"{where}, mounts", named(tuple(map(_line, boot.mounting))) or "nothing seen")
    if boot.cached:
        paths = dict.fromkeys(each.path for each in boot.cached)
        by = boot.generator or "no generator there"
        yield Fact(
            f"{where}, listed for units", f"{len(boot.cached)} in {', '.join(paths)} ({by})"
        )


def _line(line: BootLine) -> str:
    return f"{line.path} ({line.state.value}): {line.text}"


def _grant(grant: Grant) -> str:
    who = " ".join(filter(None, (grant.kind, grant.who))) or "whoever creates"
    return f"{who} {','.join(sorted(grant.permissions))} on {grant.dataset}"
