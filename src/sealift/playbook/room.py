"""Whether there is room for what is to come: the pool, and every quota on the way. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sealift import words
from sealift.playbook import thresholds, turned
from sealift.playbook.diagnosis import Evidence, Fact, Finding, Level, Severity
from sealift.playbook.scene import Scene
from sealift.replication.obstacles import no_room
from sealift.zfs import commands
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import join, pool_of
from sealift.zfs.room import Room

_Rooms = tuple[Room, ...] | None


def facts(scene: Scene, rooms: _Rooms, estimate: int | None) -> Iterator[Fact]:
    """What is free, what is needed, and the quotas that bound it."""
    here, available = _nearest(scene, rooms), _available(scene, rooms)
    if here is not None and available is not None:
        needed = _needed(scene, estimate)
        value = f"{words.size(available)} free in {here.name}"
        if needed:
            value += f", about {words.size(needed)} are to arrive"
        short = needed is not None and needed > available
        level: Level = "problem" if short else "ok"
        yield Fact("Room", value, level, _evidence(scene, here, f"available {available:,}"))
    bounded = [room for room in rooms or () if room.headroom is not None]
    if bounded:
        value = turned.named(
            tuple(f"{each.name} {words.size(each.headroom)} left" for each in bounded)
        )
        yield Fact("Quotas", value, "info", _evidence(scene, bounded[0], value))


def findings(scene: Scene, rooms: _Rooms, estimate: int | None) -> Iterator[Finding]:
    """What does not fit, and what is nearly full."""
    found = [*_too_little(scene, rooms, estimate), *_of_its_own(scene, rooms, estimate)]
    yield from found
    named = {finding.dataset for finding in found}
    for room in rooms or ():
        # A refquota above the tree is not the tree's.
        bound = room if _within(room, scene) else replace(room, refquota=None)
        if room.name not in named and _spent(bound):
            yield _quota(scene, bound, None)
    if not any(finding.id == "space-low" for finding in found):
        yield from _nearly_full(scene)


def _too_little(scene: Scene, rooms: _Rooms, estimate: int | None) -> Iterator[Finding]:
    needed, here = _needed(scene, estimate), _nearest(scene, rooms)
    available = _available(scene, rooms)
    if here is None or needed is None or available is None or needed <= available:
        return
    tight = _tight(scene, rooms, needed)
    if tight is not None:
        yield _quota(scene, tight, needed)
        return
    problem = no_room(needed, available, here.name)
    if problem is not None:
        seen = _evidence(scene, here, f"available {available:,}")
        yield replace(turned.from_problem(problem, scene), evidence=seen)


def _available(scene: Scene, rooms: _Rooms) -> int | None:
    """What the whole tree may still take; None if that is not known.

    A refquota is in what its dataset may take (`available`), and does not bound what is below it.
    """
    left: list[int] = []
    for room in sorted(_above(scene, rooms), key=lambda each: -len(each.name)):
        if room.under_refquota is None or room.under_refquota > room.available:
            return min((*left, room.available))
        if room.under_quota is not None:
            left.append(room.under_quota)
    return None


def _tight(scene: Scene, rooms: _Rooms, needed: int) -> Room | None:
    """The quota on the way down from the pool that bounds it, if it is one and not the pool."""
    pool = next((r for r in rooms or () if r.name == pool_of(r.name)), None)
    bounds = [
        (left, room.name, room)
        for room in _above(scene, rooms)
        if (left := room.under_quota) is not None and left < needed
    ]
    if pool is None or not bounds:
        return None
    # With a quota on the pool's own root its `available` does not tell what the pool has.
    bounded = pool.under_quota is not None and pool.under_quota <= pool.available
    tightest = replace(min(bounds)[-1], refquota=None)  # it is the quota that is meant
    return tightest if bounded or pool.available >= needed else None


def _of_its_own(scene: Scene, rooms: _Rooms, estimate: int | None) -> Iterator[Finding]:
    """Limits of single datasets: `-R` brings the source's along, and a refquota is of one only."""
    by_name = {room.name: room for room in rooms or ()}
    root = scene.route.destination.dataset
    behind = [each for each in scene.carried if each.behind]
    for each in behind:
        room = by_name.get(join(root, each.below))
        if room is None:
            continue
        # The quota of the root bounds the whole tree, and has been looked at.
        left = room.headroom if each.below else room.under_refquota
        needed = each.behind_bytes if estimate is None or len(behind) > 1 else estimate
        if left is not None and needed and needed > left:
            yield _quota(scene, room, needed)


def _spent(room: Room) -> bool:
    """Whether a quota is used up but for a rest."""
    full = thresholds.QUOTA_FULL.value
    return (room.quota is not None and room.used >= full * room.quota) or (
        room.refquota is not None and room.referenced >= full * room.refquota
    )


def _quota(scene: Scene, room: Room, needed: int | None) -> Finding:
    left = room.headroom
    by_ref = room.refquota is not None and left == max(0, room.refquota - room.referenced)
    name, limit = ("refquota", room.refquota) if by_ref else ("quota", room.quota)
    much = f", and about {words.size(needed)} are to arrive" if needed else ""
    weight: Severity = "problem" if needed else "warning"
    lift = Command(("zfs", "set", f"{name}=none", room.name), Effect.CHANGE, "")
    where = Command(("zfs", "get", "quota,refquota,used,referenced", room.name), Effect.READ, "")
    return Finding(
        "quota-reached",
        weight,
        "destination",
        room.name,
        f"the {name} of {room.name} ({words.size(limit)}) leaves {words.size(left)}{much}",
        _evidence(scene, room, f"{name} {limit or 0:,}, left {left or 0:,}"),
        (
            scene.step("destination", where, "See how it stands."),
            scene.step("destination", commands.space(room.name), "See where the space went."),
            scene.step(
                "destination",
                lift,
                "Lift it, or set a larger one, if whoever set it agrees. One that came from the "
                "source with -R comes again.",
            ),
        ),
    )


def _nearly_full(scene: Scene) -> Iterator[Finding]:
    inventory = scene.picture.destination.inventory
    pool = inventory.pool if inventory else None
    full = thresholds.POOL_FULL.value
    if pool is None or pool.capacity is None or pool.capacity < full:
        return
    yield Finding(
        "space-low",
        "warning",
        "destination",
        pool.name,
        f"the pool {pool.name} is {pool.capacity} % full ({words.size(pool.free)} free): from "
        f"{full:.0f} % on writes become slow, and soon nothing fits any more",
        scene.evidence("destination", commands.list_pool(pool.name), f"cap {pool.capacity}"),
        turned.making_room(scene),
    )


def _above(scene: Scene, rooms: _Rooms) -> list[Room]:
    """The destination's root and all above it, as far as they are there."""
    root = scene.route.destination.dataset
    return [r for r in rooms or () if r.name == root or root.startswith(r.name + "/")]


def _within(room: Room, scene: Scene) -> bool:
    root = scene.route.destination.dataset
    return room.name == root or room.name.startswith(root + "/")


def _nearest(scene: Scene, rooms: _Rooms) -> Room | None:
    """The destination's root, or of what is above it the nearest that is there."""
    return max(_above(scene, rooms), key=lambda room: len(room.name), default=None)


def _needed(scene: Scene, estimate: int | None) -> int | None:
    """Bytes to come; None if nothing is, or if that is unknown."""
    if scene.comparison is None or not scene.comparison.snapshots_behind:
        return None
    return scene.comparison.bytes_behind if estimate is None else estimate


def _evidence(scene: Scene, room: Room, value: str) -> tuple[Evidence, ...]:
    return scene.evidence("destination", commands.room((room.name,)), f"{room.name}: {value}")
