"""Audited routes for the rules: a clean vault by default, changed in what a test is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from sealift.hosts.probe import HostFacts
from sealift.keys import rules
from sealift.keys.boot import Boot
from sealift.keys.posture import Posture, Seen, Tree
from sealift.playbook.diagnosis import Finding
from sealift.playbook.scene import Scene
from sealift.replication.inventory import Inventory
from sealift.routes import Purpose, Route
from sealift.zfs.allow import Grant, parse_allow
from sealift.zfs.listings import Dataset
from sealift.zfs.settings import Setting
from tests.factories import mirrored
from tests.unit.playbook.scenes import ROUTE, at, scene

Judged = tuple[tuple[Finding, ...], tuple[str, ...]]

CLEAN = Boot("systemd", "", (), (), sudo=False, unread=())
STANDBY = replace(ROUTE, purpose=Purpose.STANDBY)
LEVEL = list(range(101, 106))
SALT = 7_000_000
_SETTINGS = {
    "pbkdf2iters": "350000",
    "keylocation": "prompt",
    "canmount": "noauto",
    "mountpoint": "/somewhere",
    "readonly": "on",
}


def changed(tree: Inventory, below: str, **changes: object) -> Inventory:
    """The inventory with one dataset otherwise."""
    held = tree.datasets[below]
    newer: Dataset = replace(held.dataset, **changes)  # type: ignore[arg-type]
    return replace(tree, datasets={**tree.datasets, below: replace(held, dataset=newer)})


def both() -> tuple[Inventory, Inventory]:
    """Two level trees with a child, whose datasets inherit their key from the roots."""
    level: dict[str, list[int]] = {"": LEVEL, "db": LEVEL}
    source, destination = mirrored(level, level)
    return (
        changed(source, "db", encryption_root="tank/prod"),
        changed(destination, "db", encryption_root="backup/prod"),
    )


def postured(
    tree: Inventory, settings: Mapping[str, Mapping[str, str]], salts: Mapping[str, int | None]
) -> Tree:
    """Everything as in a clean vault but for the given settings and salts, by names below."""
    return {
        below: Posture(
            held.dataset,
            {
                name: Setting(value, "local")
                for name, value in {**_SETTINGS, **settings.get(below, {})}.items()
            },
            salts.get(below, SALT) if held.dataset.encrypted else None,
        )
        for below, held in tree.datasets.items()
    }


def grants(text: str) -> tuple[Grant, ...]:
    """As `zfs allow` prints them, by lines `user zrecv create,mount`, on the replica's root."""
    lines = "\n".join(f"\t{line}" for line in text.splitlines())
    head = "---- Permissions on backup/prod ---------\nLocal+Descendent permissions:\n"
    return parse_allow(f"{head}{lines}\n".encode())


def judged(
    *,
    source: Callable[[Inventory], Inventory] = lambda tree: tree,
    destination: Callable[[Inventory], Inventory] = lambda tree: tree,
    ours: Mapping[str, Mapping[str, str]] | None = None,
    theirs: Mapping[str, Mapping[str, str]] | None = None,
    our_salts: Mapping[str, int | None] | None = None,
    their_salts: Mapping[str, int | None] | None = None,
    allowed: tuple[Grant, ...] = (),
    boot: Boot | None = CLEAN,
    route: Route = ROUTE,
    receiver: HostFacts | None = None,
) -> Judged:
    """The findings and what is unknown."""
    shown, seen = looked(
        source(both()[0]),
        destination(both()[1]),
        (ours or {}, theirs or {}),
        (our_salts or {}, their_salts or {}),
        allowed,
        boot,
        route,
        receiver,
    )
    return rules.judge(shown, seen), tuple(rules.unseen(shown, seen))


def looked(
    source: Inventory,
    destination: Inventory,
    settings: tuple[Mapping[str, Mapping[str, str]], Mapping[str, Mapping[str, str]]] = ({}, {}),
    salts: tuple[Mapping[str, int | None], Mapping[str, int | None]] = ({}, {}),
    allowed: tuple[Grant, ...] = (),
    boot: Boot | None = CLEAN,
    route: Route = ROUTE,
    receiver: HostFacts | None = None,
) -> tuple[Scene, Seen]:
    """The scene and what was read beside it."""
    shown = scene(source, destination, now=at(5.1), route=route, theirs=receiver)
    seen = Seen(
        {
            "source": postured(source, settings[0], salts[0]),
            "destination": postured(destination, settings[1], salts[1]),
        },
        {"source": (), "destination": allowed},
        {"source": CLEAN, "destination": boot},
    )
    return shown, seen


def ids(found: tuple[Finding, ...]) -> list[str]:
    """The ids of what is more than a note."""
    return [each.id for each in found if each.severity != "info"]
