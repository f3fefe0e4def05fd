"""Whether we get to the hosts, and what we may do there, each in its side's step. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sealift import words
from sealift.hosts.probe import probe_command
from sealift.playbook import thresholds, turned
from sealift.playbook.diagnosis import Evidence, Fact, Finding, NextStep
from sealift.playbook.ground import Rights
from sealift.playbook.scene import Scene
from sealift.routes import Role
from sealift.zfs import allow, commands
from sealift.zfs.commands import Command, Effect

# The rights a push needs, each with those that serve as well (zfs-allow(8), `zfs_ioctl.c`).
_NEEDED: dict[Role, tuple[tuple[str, ...], ...]] = {
    "source": (("send", "send:raw", "send:encrypted"), ("hold",)),
    "destination": (("receive", "receive:append"), ("create",), ("mount",)),
}
# What is only needed to take snapshots ourselves.
_WANTED: dict[Role, tuple[tuple[str, ...], ...]] = {
    "source": (("snapshot",),),
    "destination": (),
}


def facts(scene: Scene, role: Role) -> Iterator[Fact]:
    """Who we are there."""
    known = scene.side(role).facts
    if known is None:
        return
    root = "as root" if known.uid == 0 else f"as {known.user}"
    elevation = scene.end(role).elevation.value
    by = f", root by `{elevation}`" if elevation else ""
    yield Fact(
        "Access",
        f"{scene.where(role)} {root}{by}",
        "ok",
        (Evidence(probe_command().text(), scene.where(role), known.hostname),),
    )


def findings(scene: Scene, role: Role, rights: Rights | None) -> Iterator[Finding]:
    """What keeps us out, what we may not do, and a clock that is wrong."""
    dataset = scene.side(role).location.dataset
    trouble = scene.troubles.get(role)
    if trouble is not None:
        yield turned.from_trouble(trouble, role, dataset)
        return
    skew = scene.side(role).facts
    if skew is not None and abs(skew.ahead_seconds) >= thresholds.CLOCK_SKEW.value:
        yield _skew(scene, role, skew.ahead_seconds)
    if rights is not None:
        yield from _missing(scene, role, rights)


def _skew(scene: Scene, role: Role, ahead: int) -> Finding:
    which = "ahead of" if ahead > 0 else "behind"
    return Finding(
        "clock-skew",
        "warning",
        role,
        scene.side(role).location.dataset,
        f"the clock of {scene.where(role)} is {words.duration(abs(ahead))} {which} ours",
        (Evidence("date -u +%s", scene.where(role), f"{ahead:+d} s"),),
        (
            NextStep(
                "Names and ages of snapshots, and so lag and limits, follow that clock. See "
                "whether anything keeps it right; one of the two clocks is wrong.",
                "timedatectl",
                scene.where(role),
            ),
        ),
    )


def lacking(role: Role, may: frozenset[str]) -> tuple[str, ...]:
    """The rights that a replication needs on that side, of those that are not held."""
    return tuple(each[0] for each in _NEEDED[role] if not may & set(each))


def _missing(scene: Scene, role: Role, rights: Rights) -> Iterator[Finding]:
    if rights.root:
        return
    dataset = scene.side(role).location.dataset
    may = allow.allowed(rights.grants, dataset, rights.user, rights.groups)
    needed = lacking(role, may)
    wanted = tuple(each[0] for each in _WANTED[role] if not may & set(each))
    if not needed and not wanted:
        return
    asked = (*needed, *wanted)
    # Somebody who may is at work, or has been: then we only look on, and nothing is wrong.
    carried = scene.flow.running or (scene.comparison is not None and scene.comparison.level)
    command = Command(
        ("zfs", "allow", "-u", rights.user, ",".join(asked), dataset), Effect.CHANGE, ""
    )
    yield Finding(
        "permission-missing",
        "problem" if needed and not carried else "info",
        role,
        dataset,
        f"{rights.user} on {scene.where(role)} is neither root nor allowed to "
        f"{', '.join(asked)} on {dataset}",
        scene.evidence(role, commands.delegations(dataset), f"allowed: {_text(may)}"),
        (
            NextStep(
                "Have root allow it there, or log in as somebody who may.",
                command.text(),
                scene.where(role),
                Effect.CHANGE,
            ),
        ),
    )


def _text(may: frozenset[str]) -> str:
    return ", ".join(sorted(may)) or "nothing"
