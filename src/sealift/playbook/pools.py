"""Both pools: their health, their scans, their features. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sealift.playbook import turned
from sealift.playbook.diagnosis import Evidence, Fact, Finding, Level, NextStep, Severity
from sealift.playbook.scene import Scene
from sealift.replication.obstacles import missing_features
from sealift.routes import Role
from sealift.zfs import commands
from sealift.zfs.blocks import Blocks
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import pool_of
from sealift.zfs.pools import PoolStatus, Scan, ScanState
from sealift.zfs.room import Room

_Properties = Mapping[str, str] | None
_BROKEN = {"FAULTED", "UNAVAIL", "OFFLINE", "REMOVED"}
# Needed by a stream as soon as the source's pool uses it, or only if the datasets that are sent do.
_ALWAYS = ("feature@lz4_compress",)
_PERHAPS = (
    "feature@zstd_compress",
    "feature@large_blocks",
    "feature@large_dnode",
    "feature@longname",
    "feature@large_microzap",
)


def facts(
    scene: Scene, role: Role, status: PoolStatus | None, properties: _Properties
) -> Iterator[Fact]:
    """How a pool is."""
    inventory = scene.side(role).inventory
    pool = inventory.pool if inventory else None
    said: list[str] = []
    if status is not None:
        said.append(status.state)
        if status.status:
            said.append(status.status)
    elif pool is not None:
        said.append(pool.health)
    if pool is not None and pool.capacity is not None:
        said.append(f"{pool.capacity} % full")
    if pool is not None and pool.fragmentation is not None:
        said.append(f"free space {pool.fragmentation} % fragmented")
    ratio = (properties or {}).get("dedupratio", "1.00").removesuffix("x")
    if ratio not in ("1.00", "1", "-"):
        said.append(f"deduplicated {ratio} times")
    if status is not None and status.scan is not None and status.scan.state is ScanState.RUNNING:
        said.append(_scan(status.scan))
    if not said:
        return
    healthy = status is None or (status.state == "ONLINE" and not status.damaged)
    level: Level = "ok" if healthy else "warning"
    evidence = _status_says(scene, role, status.state if status else said[0])
    yield Fact(f"Pool {_pool(scene, role)}", ", ".join(said), level, evidence)


def feature_facts(scene: Scene, properties: Mapping[Role, _Properties]) -> Iterator[Fact]:
    """Whether the destination's pool takes raw streams."""
    there = _features(properties["destination"])
    if scene.comparison is None or not there:
        return
    lacking = missing_features(scene.comparison, there)
    value = lacking.summary if lacking else "the destination's pool takes raw streams"
    yield Fact(
        "Features",
        value,
        "problem" if lacking else "ok",
        scene.evidence("destination", commands.pool_features(_pool(scene, "destination")), value),
    )


def findings(
    scene: Scene, role: Role, status: PoolStatus | None, properties: _Properties
) -> Iterator[Finding]:
    """What is wrong with a pool, or slows it."""
    inventory = scene.side(role).inventory
    listed = inventory.pool if inventory else None
    health = status.state if status else listed.health if listed else ""
    if health == "SUSPENDED":
        yield _suspended(scene, role, status)
    elif health in _BROKEN or health == "DEGRADED" or (status is not None and status.damaged):
        yield _degraded(scene, role, health, status)
    if (properties or {}).get("readonly") == "on":
        yield _readonly(scene, role)
    if status is not None and status.scan is not None and status.scan.state is ScanState.RUNNING:
        yield _scanning(scene, role, status.scan)


def _suspended(scene: Scene, role: Role, status: PoolStatus | None) -> Finding:
    pool = _pool(scene, role)
    clear = Command(("zpool", "clear", pool), Effect.CHANGE, "")
    return Finding(
        "pool-suspended",
        "problem",
        role,
        pool,
        f"the pool {pool} on {scene.where(role)} is suspended: every read and write there waits",
        _status_says(scene, role, status.status if status else "SUSPENDED"),
        (
            NextStep("Bring its disks back first: cables, controllers, the host's kernel log."),
            scene.as_root(role, clear, "Then let it go on."),
        ),
    )


def _degraded(scene: Scene, role: Role, health: str, status: PoolStatus | None) -> Finding:
    pool = _pool(scene, role)
    damaged = status is not None and status.damaged
    weight: Severity = "problem" if damaged or health in _BROKEN else "warning"
    what = f"the pool {pool} on {scene.where(role)} is {health}"
    if damaged and status is not None:
        what += f", and knows of data that it cannot read: {status.errors}"
    elif status is not None and status.status:
        what += f": {status.status}"
    show = Command(("zpool", "status", "-v", pool), Effect.READ, "")
    advice = status.action if status and status.action else "Replace the disk that failed."
    return Finding(
        "pool-degraded",
        weight,
        role,
        pool,
        what,
        _status_says(scene, role, health),
        (scene.as_root(role, show, "See which disk, and which files."), NextStep(advice)),
    )


def _readonly(scene: Scene, role: Role) -> Finding:
    pool = _pool(scene, role)
    stops = "nothing can be received there" if role == "destination" else "no snapshot can be taken"
    return Finding(
        "pool-readonly",
        "problem",
        role,
        pool,
        f"the pool {pool} on {scene.where(role)} is imported read-only: {stops}",
        scene.evidence(role, commands.pool_features(pool), "readonly on"),
        (
            NextStep("Find out why it was imported so: somebody may be saving data from it."),
            scene.as_root(
                role,
                Command(("zpool", "export", pool), Effect.CHANGE, ""),
                "If nothing speaks against it: export it …",
            ),
            scene.as_root(
                role,
                Command(("zpool", "import", "-N", pool), Effect.CHANGE, ""),
                "… and import it for writing, mounting nothing.",
            ),
        ),
    )


def _scanning(scene: Scene, role: Role, scan: Scan) -> Finding:
    pool = _pool(scene, role)
    kind = scan.kind.value
    steps = [NextStep("Wait until it is done, or see first whether the disks are what is short.")]
    if kind == "scrub":
        pause = Command(("zpool", "scrub", "-p", pool), Effect.CHANGE, "")
        again = Command(("zpool", "scrub", pool), Effect.CHANGE, "")
        steps += [
            scene.as_root(role, pause, "Or pause it until the destination has caught up …"),
            scene.as_root(role, again, "… and let it go on afterwards."),
        ]
    return Finding(
        "scrub-running",
        "warning",
        role,
        pool,
        f"{_scan(scan)} on {pool} at {scene.where(role)}: it takes time of the disks",
        _status_says(scene, role, scan.text),
        tuple(steps),
    )


def _scan(scan: Scan) -> str:
    done = "" if scan.percent is None else f" ({scan.percent:.0f} % done)"
    return f"a {scan.kind.value} is running{done}"


def missing(
    scene: Scene, properties: Mapping[Role, _Properties], blocks: tuple[Blocks, ...] | None
) -> Iterator[Finding]:
    """What the destination's pool lacks for the streams of this source.

    `blocks` say what the source's datasets write; None if that could not be read.
    """
    there, here = _features(properties["destination"]), _features(properties["source"])
    if scene.comparison is None or not there:
        return
    problem = missing_features(scene.comparison, there)
    if problem is not None:
        yield turned.from_problem(problem, scene)
    users = _users(scene, blocks)
    lacking = [
        name
        for name in (*_ALWAYS, *_PERHAPS)
        if here.get(name) == "active" and there.get(name) not in ("enabled", "active")
    ]
    sure = tuple(name for name in lacking if name in _ALWAYS or name in users)
    if sure:
        named = turned.named(tuple(dict.fromkeys(user for n in sure for user in users.get(n, ()))))
        yield _lacking(scene, sure, "problem", named)
    if len(sure) < len(lacking):
        yield _lacking(scene, tuple(name for name in lacking if name not in sure), "info", "")


def _users(scene: Scene, blocks: tuple[Blocks, ...] | None) -> dict[str, list[str]]:
    """The features that the datasets which the route carries write with, each with its datasets."""
    carried = {each.dataset.name for each in scene.carried}
    found: dict[str, list[str]] = {}
    for each in blocks or ():
        for feature in each.features if each.name in carried else ():
            found.setdefault(feature, []).append(each.name)
    return found


def _lacking(scene: Scene, names: tuple[str, ...], weight: Severity, users: str) -> Finding:
    pool = _pool(scene, "destination")
    if weight == "problem":
        who = f"used by {users}" if users else "used by the source's pool"
        said = f"{pool} has not enabled {', '.join(names)}, {who}: streams need it"
    else:
        said = (
            f"the source's pool uses {', '.join(names)}, which {pool} has not enabled: streams of "
            "datasets that use it need it"
        )
    steps = tuple(
        scene.as_root(
            "destination",
            Command(("zpool", "set", f"{name}=enabled", pool), Effect.DESTRUCTION, ""),
            "Enable it; that cannot be undone.",
        )
        for name in names
    )
    seen = scene.evidence("destination", commands.pool_features(pool), ", ".join(names))
    if users:
        root = scene.route.source.dataset
        seen += scene.evidence("source", commands.blocks(root), f"{', '.join(names)}: {users}")
    return Finding("feature-missing", weight, "destination", pool, said, seen, steps)


def dedup(scene: Scene, rooms: tuple[Room, ...] | None) -> Iterator[Finding]:
    """Whether what arrives is deduplicated: each block is then looked up in a table."""
    root = scene.route.destination.dataset
    within = [r for r in rooms or () if r.name == root or r.name.startswith(root + "/")]
    # What is not there yet inherits from what it will be below.
    above = [r for r in rooms or () if root.startswith(r.name + "/")]
    looked = within or above[-1:]
    on = [room for room in looked if room.dedup not in ("off", "-")]
    if not on:
        return
    off = Command(("zfs", "set", "dedup=off", on[0].name), Effect.CHANGE, "")
    yield Finding(
        "dedup-on",
        "warning",
        "destination",
        on[0].name,
        f"deduplication is on for {turned.named(tuple(r.name for r in on))}: every block that "
        "arrives is looked up in a table, and what is encrypted gains next to nothing by it",
        scene.evidence("destination", commands.room((on[0].name,)), f"dedup {on[0].dedup}"),
        (scene.step("destination", off, "Turn it off; what is already there stays deduplicated."),),
    )


def _features(properties: _Properties) -> dict[str, str]:
    known = (properties or {}).items()
    return {name: value for name, value in known if name.startswith("feature@")}


def _pool(scene: Scene, role: Role) -> str:
    return pool_of(scene.side(role).location.dataset)


def _status_says(scene: Scene, role: Role, value: str) -> tuple[Evidence, ...]:
    return scene.evidence(role, commands.pool_status(_pool(scene, role)), value)
