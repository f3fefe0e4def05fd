"""One look at both hosts for a vault that is being built. It only reads."""

from __future__ import annotations

import asyncio

from sealift.keys.audit import audit_on
from sealift.keys.hand import Hand
from sealift.keys.state import KeyDataset, KeyTree, parse_state, state_command
from sealift.keys.vault_look import Look
from sealift.playbook import receiver
from sealift.playbook.ground import Ground, Rights
from sealift.playbook.scene import Scene
from sealift.playbook.unseen import Unseen
from sealift.replication.changes import Holds
from sealift.replication.preview import holds_of
from sealift.replication.watch import RouteWatch
from sealift.routes import Role


async def look(watch: RouteWatch, hand: Hand) -> Look:
    """Read all that the steps stand on. `hand` is the destination's.

    Never raises `TroubleError`: what could not be read is None, and said.
    """
    ground = Ground(watch, window=0.0, trial=0.0)
    unseen = Unseen()
    try:
        scene, found = await asyncio.gather(ground.scene(), ground.jobs())
        (audited, received, rooms), (ours, theirs), (above, tree, held) = await asyncio.gather(
            # What the receiver's report could not see is said in it.
            asyncio.gather(
                audit_on(ground), receiver.look(ground), Unseen().see(ground.room(), "")
            ),
            asyncio.gather(
                unseen.see(ground.rights("source"), "what we may do on the source"),
                Unseen().see(ground.rights("destination"), ""),
            ),
            asyncio.gather(_above(ground), _tree(hand, scene, unseen), _held(watch, scene, unseen)),
        )
    finally:
        await ground.close()
    rights: dict[Role, Rights | None] = {"source": ours, "destination": theirs}
    return Look(audited, received, rights, rooms, above, tree, held, found, unseen.sentences)


async def _above(ground: Ground) -> KeyDataset | None:
    """What the destination is received below; None if it is not there, or is a pool itself."""
    parent = ground.dataset("destination").rpartition("/")[0]
    if not parent:
        return None
    command = state_command(parent, below=False)
    tree = await Unseen().see(
        ground.ask("destination", command, lambda data: parse_state(parent, data)), ""
    )
    return tree.datasets[0] if tree and tree.datasets else None


async def _tree(hand: Hand, scene: Scene, unseen: Unseen) -> KeyTree | None:
    inventory = scene.picture.destination.inventory
    if inventory is None or not inventory.exists:
        return None
    reading = hand.read_whole(scene.route.destination.dataset)
    return await unseen.see(reading, "how the replica is set")


async def _held(watch: RouteWatch, scene: Scene, unseen: Unseen) -> Holds | None:
    comparison = scene.comparison
    if comparison is None:
        return None
    what = "who holds the snapshots"
    ours, theirs = await asyncio.gather(
        unseen.see(holds_of(watch.source, comparison, on_source=True), what),
        unseen.see(holds_of(watch.destination, comparison, on_source=False), what),
    )
    return None if ours is None or theirs is None else Holds(ours, theirs)
