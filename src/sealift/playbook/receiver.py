"""Step 2: whether the receiver can take what is to come, and what stands in its way there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sealift import words
from sealift.playbook import access, pools, room, tokens, turned, whose
from sealift.playbook.diagnosis import Fact, Finding, Level, NextStep, Severity, StepReport
from sealift.playbook.ground import Ground, Rights
from sealift.playbook.judged import report
from sealift.playbook.scene import Scene
from sealift.playbook.steps import RECEIVER
from sealift.playbook.unseen import Unseen
from sealift.replication.divergence import Lost, divergence
from sealift.routes import Role
from sealift.zfs import commands, processes
from sealift.zfs.blocks import Blocks
from sealift.zfs.commands import Command, Effect
from sealift.zfs.listings import KeyStatus
from sealift.zfs.pools import PoolStatus
from sealift.zfs.processes import Process
from sealift.zfs.room import Room


@dataclass(frozen=True, slots=True)
class Receiver:
    """What was read for this step beside the scene. None: it could not be read."""

    status: Mapping[Role, PoolStatus | None]
    properties: Mapping[Role, Mapping[str, str] | None]
    rooms: tuple[Room, ...] | None = None
    estimate: int | None = None
    rights: Rights | None = None
    blocks: tuple[Blocks, ...] | None = None


async def look(ground: Ground) -> StepReport:
    """Look at the destination, and at both pools."""
    unseen = Unseen()
    scene, estimate, rooms, rights, blocks, (ours, theirs) = await asyncio.gather(
        ground.scene(),
        ground.estimate(),
        unseen.see(ground.room(), "space and quotas there"),
        unseen.see(ground.rights("destination"), "what we may do there"),
        unseen.see(ground.blocks(), "how the source's datasets are written"),
        asyncio.gather(_pool(ground, "source", unseen), _pool(ground, "destination", unseen)),
    )
    for sentence in scene.unseen.get("destination", ()):
        unseen.say(sentence)
    seen = Receiver(
        {"source": ours[0], "destination": theirs[0]},
        {"source": ours[1], "destination": theirs[1]},
        rooms,
        estimate,
        rights,
        blocks,
    )
    return judge(scene, seen, unseen.sentences)


async def _pool(
    ground: Ground, role: Role, unseen: Unseen
) -> tuple[PoolStatus | None, Mapping[str, str] | None]:
    pool = ground.pool(role)
    return await asyncio.gather(
        unseen.see(ground.pool_status(role), f"how the pool {pool} is"),
        unseen.see(ground.pool_properties(role), f"the properties of the pool {pool}"),
    )


def judge(scene: Scene, seen: Receiver, unseen: tuple[str, ...] = ()) -> StepReport:
    """Judge the receiver, and the source's pool as well."""
    return report(RECEIVER, _facts(scene, seen), _findings(scene, seen), unseen)


# --- facts


def _facts(scene: Scene, seen: Receiver) -> Iterator[Fact]:
    yield from access.facts(scene, "destination")
    yield from room.facts(scene, seen.rooms, seen.estimate)
    for role in ("destination", "source"):
        yield from pools.facts(scene, role, seen.status[role], seen.properties[role])
    yield from pools.feature_facts(scene, seen.properties)
    if scene.comparison is not None:
        yield from tokens.facts(scene)
        yield from _replica(scene)
    if scene.flow.seen:
        yield _receives(scene)


def _receives(scene: Scene) -> Fact:
    flow = scene.flow
    said = [_running(each, scene) for each in flow.receives]
    said += [f"{_running(each, scene)}, fed by nothing" for each in flow.orphans]
    said += [f"{_running(each, scene)}, not fed by the source" for each in flow.foreign]
    value = "; ".join(said) or "none into this tree"
    level: Level = "warning" if flow.doubted else "ok"
    return Fact("Receives", value, level, scene.evidence("destination", processes.LIST, value))


def _running(process: Process, scene: Scene) -> str:
    by = whose.started(process, scene)
    return f"`{process.argv_text}` for {words.duration(process.seconds)}{by}"


def _replica(scene: Scene) -> Iterator[Fact]:
    inventory = scene.picture.destination.inventory
    if inventory is None or not inventory.exists:
        return
    there = [held.dataset for held in inventory.datasets.values()]
    mounted = sum(each.mounted for each in there)
    readonly = sum(each.readonly for each in there)
    unlocked = sum(each.key_status is KeyStatus.AVAILABLE for each in there)
    value = (
        f"{words.count(len(there), 'dataset')}: {readonly} read-only, {mounted} mounted, "
        f"{unlocked} with the key loaded"
    )
    listing = commands.list_datasets(inventory.root)
    yield Fact(
        "Replica",
        value,
        "ok" if not mounted and not unlocked else "info",
        scene.evidence("destination", listing, value),
    )


# --- findings


def _findings(scene: Scene, seen: Receiver) -> Iterator[Finding]:
    yield from access.findings(scene, "destination", seen.rights)
    for role in ("destination", "source"):
        yield from pools.findings(scene, role, seen.status[role], seen.properties[role])
    yield from pools.missing(scene, seen.properties, seen.blocks)
    yield from pools.dedup(scene, seen.rooms)
    yield from room.findings(scene, seen.rooms, seen.estimate)
    yield from tokens.findings(scene)
    yield from _orphans(scene)
    yield from _foreign(scene)
    unlocked = tuple(each for each in scene.seal.breaches if each.id in turned.UNLOCKED)
    yield from turned.from_breaches(unlocked, scene)
    yield from _modified(scene)


def _orphans(scene: Scene) -> Iterator[Finding]:
    for process in scene.flow.orphans:
        kept = "is kept as a resume token" if _saves(process) else "is lost"
        yield Finding(
            "orphan-receive",
            "problem",
            "destination",
            process.dataset,
            f"a receive into {process.dataset} has waited for "
            f"{words.duration(process.seconds)} for a sender that is gone (process {process.pid}"
            f"{whose.started(process, scene)}); nothing else can be received there meanwhile",
            (
                *scene.evidence("destination", processes.LIST, process.argv_text),
                *scene.evidence("source", processes.LIST, "no zfs send and no ssh that feeds it"),
            ),
            (
                *_look_and_kill(process, scene, f"End it; what arrived {kept}."),
                scene.sending("Then send again.", process.dataset),
            ),
        )


def _foreign(scene: Scene) -> Iterator[Finding]:
    for process in scene.flow.foreign:
        yield Finding(
            "dataset-busy",
            "warning",
            "destination",
            process.dataset,
            f"{process.tool or 'somebody'} on {scene.where('destination')} receives into "
            f"{process.dataset} from "
            f"elsewhere (process {process.pid}, for {words.duration(process.seconds)}): until it "
            "ends, nothing of this route can be received there",
            scene.evidence("destination", processes.LIST, process.argv_text),
            (
                NextStep(
                    f"Let {process.tool} end what it does."
                    if process.tool
                    else "Find out whose it is, and wait until it ends."
                ),
                *_look_and_kill(process, scene, "Or end it, if it has no business there."),
            ),
        )


def _saves(process: Process) -> bool:
    options = (word for word in process.argv_text.split() if word.startswith("-"))
    return any("s" in word for word in options if not word.startswith("--"))


def _look_and_kill(process: Process, scene: Scene, why: str) -> tuple[NextStep, ...]:
    show = Command(("ps", "-o", "pid,ppid,etimes,args", "-p", str(process.pid)), Effect.READ, "")
    kill = Command(("kill", str(process.pid)), Effect.CHANGE, "")
    return (
        NextStep("See that it is still the same.", show.text(), scene.where("destination")),
        scene.as_root("destination", kill, why),
    )


def _modified(scene: Scene) -> Iterator[Finding]:
    """Datasets there whose head is not what the newest snapshot left."""
    if scene.comparison is None:
        return
    for lost in divergence(scene.comparison, ()):
        if lost.head_bytes and not lost.snapshots and not scene.flow.receiving(lost.dataset):
            yield _changed(lost, scene)


def _changed(lost: Lost, scene: Scene) -> Finding:
    inventory = scene.picture.destination.inventory
    held = inventory.datasets.values() if inventory else ()
    locked = any(
        each.dataset.name == lost.dataset and each.dataset.key_status is KeyStatus.UNAVAILABLE
        for each in held
    )
    # With its key gone nobody writes there now, and that it was only mounted looks the same. A raw
    # replica that was never opened has nothing written after its newest snapshot (seen on 2.3.2).
    weight: Severity = "warning" if locked else "problem"
    steps: list[NextStep] = []
    if lost.base is not None:
        name = f"{lost.dataset}@{lost.base.name}"
        steps += [
            scene.step(
                "destination",
                commands.rollback(name),
                "If what was written may go: back to the newest snapshot.",
                "roll_back",
            ),
            scene.step(
                "destination",
                Command(("zfs", "set", "readonly=on", lost.dataset), Effect.CHANGE, ""),
                "Then keep it from being written to; receives go on with it.",
            ),
        ]
    return Finding(
        "destination-diverged",
        weight,
        "destination",
        lost.dataset,
        f"{lost.dataset} was written to after its newest snapshot "
        f"({words.size(lost.head_bytes)}): an increment is refused there",
        scene.evidence(
            "destination",
            commands.list_datasets(scene.route.destination.dataset),
            f"written {lost.head_bytes:,}",
        ),
        tuple(steps),
    )
