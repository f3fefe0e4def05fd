"""Is the vault a vault? Reads both sides once, and says what is against the route's purpose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sealift import remote
from sealift.hosts.elevation import Elevation
from sealift.hosts.host import utc_now
from sealift.hosts.trouble import TroubleError
from sealift.keys import rules
from sealift.keys.boot import Boot, parse_boot
from sealift.keys.posture import PROPERTIES, SALT, Seen, Tree, postures
from sealift.playbook.diagnosis import Finding
from sealift.playbook.ground import Ground
from sealift.playbook.scene import Scene
from sealift.playbook.unseen import Unseen
from sealift.replication.report import NO_CONTACT
from sealift.replication.seal import Seal, SealState
from sealift.replication.watch import RouteWatch
from sealift.routes import ROLES, Role
from sealift.zfs import commands
from sealift.zfs.allow import Grant, parse_allow
from sealift.zfs.settings import Settings, parse_settings

_SCRIPT = "posture.sh"
_ALLOWS = 40
"""Datasets of a tree whose grants are asked for; `zfs allow` shows none of what is below."""
_OPENING = frozenset({"keylocation-automatic", "boot-unit-loads-keys"})


@dataclass(frozen=True, slots=True)
class Audit:
    """The answer. `began` is aware, `seconds` how long it took.

    `unseen` are sentences: what could not be looked at. Where there is one, nothing that depends on
    it is said to be in order.
    """

    scene: Scene
    seen: Seen
    began: datetime
    seconds: float
    findings: tuple[Finding, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def seal(self) -> Seal:
        """What the raw lineage, the keys and the mounts of the destination prove."""
        return self.scene.seal

    @property
    def claim(self) -> str:
        """What can be said of the destination, in a sentence, with what it stands on."""
        seal = self.seal
        if self.scene.comparison is None:
            return "unknown: it takes the listings of both sides"
        if seal.state is SealState.ABSENT:
            return "nothing there yet: the destination does not exist"
        if seal.state is not SealState.SEALED:
            return f"{seal.state.value}"
        opening = {each.id for each in self.findings} & _OPENING
        if opening:
            return f"sealed now, but something there would load or ask for the key. {seal.proof}"
        boot = self.seen.boots["destination"]
        roots = (each for each in self.seen.trees["destination"].values() if each.is_root)
        if boot is None or boot.unread or not all(each.key_location for each in roots):
            return f"sealed now; unknown whether something would load a key. {seal.proof}"
        return f"sealed. {seal.proof}; nothing was seen that would load a key"


async def audit(watch: RouteWatch) -> Audit:
    """Read both sides and judge them. Never raises `TroubleError`: what is missing says so."""
    ground = Ground(watch, window=0.0, trial=0.0)
    try:
        return await audit_on(ground)
    finally:
        await ground.close()


async def audit_on(ground: Ground) -> Audit:
    """The same with the readings of a ground that others ask as well."""
    began = utc_now()
    unseen = Unseen()
    scene, ours, theirs = await asyncio.gather(
        ground.scene(),
        _side(ground, "source", unseen),
        _side(ground, "destination", unseen),
    )
    grants = await asyncio.gather(*(_grants(ground, scene, role, unseen) for role in ROLES))
    trees: dict[Role, Tree] = {}
    boots: dict[Role, Boot | None] = {}
    for role, (settings, salts, boot) in zip(ROLES, (ours, theirs), strict=True):
        inventory = scene.side(role).inventory
        trees[role] = postures(inventory, settings, salts) if inventory else {}
        boots[role] = boot
    seen = Seen(trees, dict(zip(ROLES, grants, strict=True)), boots)
    for sentence in (*_not_read(scene), *rules.unseen(scene, seen)):
        unseen.say(sentence)
    return Audit(
        scene,
        seen,
        began,
        (utc_now() - began).total_seconds(),
        rules.judge(scene, seen),
        unseen.sentences,
    )


def _not_read(scene: Scene) -> Iterator[str]:
    for role in ROLES:
        yield from scene.unseen.get(role, ())
        trouble = scene.troubles.get(role)
        if trouble is not None:
            yield f"everything of the {role}: {trouble.sentence()}"


_Readings = tuple[Settings | None, Settings | None, Boot | None]


async def _side(ground: Ground, role: Role, unseen: Unseen) -> _Readings:
    root = ground.dataset(role)
    return await asyncio.gather(
        _settings(ground, role, PROPERTIES, unseen, f"how the datasets of the {role} are set"),
        _settings(
            ground,
            role,
            (SALT,),
            unseen,
            f"whether one passphrase wraps the keys of both sides ({SALT} of the {role})",
        ),
        _boot(ground, role, root, unseen),
    )


async def _settings(
    ground: Ground, role: Role, names: tuple[str, ...], unseen: Unseen, what: str
) -> Settings | None:
    command = commands.settings(ground.dataset(role), *names)
    try:
        return await ground.ask(role, command, parse_settings)
    except TroubleError as error:
        # A replica that is not there yet, or a host that is not, is told by its listing.
        if error.trouble.finding not in NO_CONTACT | {"dataset-missing"}:
            unseen.say(f"{what}: {error.trouble.sentence()}")
        return None


async def _boot(ground: Ground, role: Role, root: str, unseen: Unseen) -> Boot | None:
    """What a host does at boot; as root, where we may be it: crontabs are nobody else's to read."""
    command = rules.probe_command(root)
    script = remote.text(_SCRIPT).encode()
    elevation = Elevation.NONE
    try:
        await ground.facts(role)
        elevation = ground.host(role).elevation
        if elevation is not Elevation.NONE:
            elevated = replace(
                command,
                argv=elevation.wrap(command.argv),
                shown=f"{elevation.value} {command.shown}",
            )
            return await ground.ask(role, elevated, parse_boot, stdin=script)
    except TroubleError as error:
        if error.trouble.finding in NO_CONTACT:
            return None
    try:
        return await ground.ask(role, command, parse_boot, stdin=script)
    except TroubleError as error:
        if error.trouble.finding not in NO_CONTACT:
            unseen.say(f"what the {role} does at boot: {error.trouble.sentence()}")
        return None


async def _grants(
    ground: Ground, scene: Scene, role: Role, unseen: Unseen
) -> tuple[Grant, ...] | None:
    inventory = scene.side(role).inventory
    names = [held.dataset.name for held in inventory.datasets.values()] if inventory else []
    if role in scene.troubles or not names:
        return None
    if len(names) > _ALLOWS:
        unseen.say(f"who may do what on {len(names) - _ALLOWS} more datasets of the {role}")
    found: dict[Grant, None] = {}
    try:
        answers = await asyncio.gather(
            *(ground.ask(role, commands.delegations(name), parse_allow) for name in names[:_ALLOWS])
        )
    except TroubleError as error:
        unseen.say(f"who may do what on the {role}: {error.trouble.sentence()}")
        return None
    for answer in answers:
        found |= dict.fromkeys(answer)
    return tuple(found)
