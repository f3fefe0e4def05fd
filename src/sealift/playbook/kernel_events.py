"""What the kernels noted: damage, slow disks, receives that did not come to their end. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sealift import words
from sealift.playbook import thresholds, turned
from sealift.playbook.diagnosis import Evidence, Fact, Finding, Level, NextStep
from sealift.playbook.scene import Scene
from sealift.routes import Role
from sealift.zfs import commands
from sealift.zfs.commands import Command, Effect
from sealift.zfs.events import Event, unfinished
from sealift.zfs.names import pool_of

_EREPORT = "ereport.fs.zfs."
_AUTHENTICATION = f"{_EREPORT}authentication"
_DISKS = {"io", "checksum", "data", "probe_failure", "delay", "deadman"}


def recent(
    scene: Scene, role: Role, events: tuple[Event, ...], pool_guid: str
) -> tuple[Event, ...]:
    """Those of this pool of the last day. A pool of that name that is gone may have left some.

    One without a time counts: the kernel keeps few.
    """
    now, oldest = scene.clock(role), thresholds.EVENTS_AGE.value
    return tuple(
        event
        for event in events
        if (event.at is None or now - event.at <= oldest) and _is_of(event, pool_guid)
    )


def _is_of(event: Event, pool_guid: str) -> bool:
    said = event.facts.get("pool_guid", "")
    try:
        return not pool_guid or not said or int(said, 0) == int(pool_guid)
    except ValueError:
        return True


def facts(scene: Scene, role: Role, events: tuple[Event, ...]) -> Iterator[Fact]:
    """What there was, by kind."""
    troubles = Counter(
        event.class_.removeprefix(_EREPORT) for event in events if event.class_.startswith(_EREPORT)
    )
    said = [f"{many} {kind}" for kind, many in troubles.most_common()]
    finished = sum(event.receives == "finish receiving" for event in events)
    if role == "destination":
        said.append(f"{words.count(finished, 'receive')} finished")
        said += [f"{name} begun and not finished" for name in _open(scene, events)]
    level: Level = "warning" if troubles else "ok"
    value = ", ".join(said) or "nothing"
    yield Fact(f"Events of {_pool(scene, role)}", value, level, _evidence(scene, role, value))


def findings(scene: Scene, role: Role, events: tuple[Event, ...]) -> Iterator[Finding]:
    """Damage, slow disks, and receives that are cut off again and again."""
    yield from _unauthentic(scene, role, events)
    yield from _errors(scene, role, events)
    if role == "destination":
        yield from _interrupted(scene, events)


def _unauthentic(scene: Scene, role: Role, events: tuple[Event, ...]) -> Iterator[Finding]:
    found = [event for event in events if event.class_ == _AUTHENTICATION]
    if not found:
        return
    pool = _pool(scene, role)
    show = Command(("zpool", "status", "-v", pool), Effect.READ, "")
    yield Finding(
        "data-unauthentic",
        "problem",
        role,
        pool,
        f"encrypted data on {pool} at {scene.where(role)} did not pass its check (MAC) "
        f"{words.count(len(found), 'time')}, last {found[-1].when}: it is damaged, or was changed",
        _evidence(scene, role, f"{len(found)} {_AUTHENTICATION}"),
        (
            scene.as_root(role, show, "See which datasets and files."),
            NextStep(
                "Keep older snapshots on both sides until it is clear what happened, and do not "
                "send over the last good ones. Some versions report this wrongly (openzfs#12014)."
            ),
        ),
    )


def _errors(scene: Scene, role: Role, events: tuple[Event, ...]) -> Iterator[Finding]:
    found = [event for event in events if event.class_.removeprefix(_EREPORT) in _DISKS]
    if not found:
        return
    kinds = Counter(event.class_.removeprefix(_EREPORT) for event in found)
    disks = {event.facts["vdev_path"]: None for event in found if "vdev_path" in event.facts}
    where = f" on {turned.named(tuple(disks))}" if disks else ""
    said = ", ".join(f"{many} {kind}" for kind, many in kinds.most_common())
    pool = _pool(scene, role)
    show = Command(("zpool", "status", "-s", pool), Effect.READ, "")
    yield Finding(
        "pool-errors",
        "warning",
        role,
        pool,
        f"disks of {pool} at {scene.where(role)} reported trouble within a day: {said}{where}, "
        f"last {found[-1].when}",
        _evidence(scene, role, said),
        (
            scene.as_root(role, show, "See which disk, and how often it was slow."),
            NextStep("Look at the kernel log and at the disk's own log (smartctl -a)."),
        ),
    )


def _interrupted(scene: Scene, events: tuple[Event, ...]) -> Iterator[Finding]:
    for name in _open(scene, events):
        begun = _since_finished(events, name)
        if begun < thresholds.INTERRUPTED.value:
            continue
        yield Finding(
            "interrupted-receives",
            "warning",
            "destination",
            name,
            f"{words.count(begun, 'receive')} into {name} were begun within a day, and none came "
            "to its end",
            _evidence(scene, "destination", f"{begun} receive, 0 finish receiving"),
            (
                NextStep(
                    "Something cuts them off each time: the link, a deadline of whatever starts "
                    "them, or a refusal. What the sender said tells which.",
                    action="jobs",
                ),
            ),
        )


def _open(scene: Scene, events: tuple[Event, ...]) -> tuple[str, ...]:
    """The datasets of the tree whose newest receive did not finish and does not run."""
    root = scene.route.destination.dataset
    return tuple(
        name
        for name in unfinished(events)
        if (name == root or name.startswith(root + "/")) and not scene.flow.receiving(name)
    )


def _since_finished(events: tuple[Event, ...], dataset: str) -> int:
    count = 0
    for event in events:
        if event.dataset == dataset and event.receives:
            count = 0 if event.receives == "finish receiving" else count + 1
    return count


def _pool(scene: Scene, role: Role) -> str:
    return pool_of(scene.side(role).location.dataset)


def _evidence(scene: Scene, role: Role, value: str) -> tuple[Evidence, ...]:
    return scene.evidence(role, commands.pool_events(_pool(scene, role)), value)
