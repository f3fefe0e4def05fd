"""Defects of OpenZFS that matter to a raw route, by release. Pure.

Sources: the project's issues and the first tag whose history has the fix. A distribution may have
mended more than its number says, so what is found here is a reason to look, not a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sealift.playbook import thresholds
from sealift.playbook.scene import Scene
from sealift.routes import Role
from sealift.zfs.pools import ZfsVersion

Release = tuple[int, int, int]
_ALL = 1 << 20  # later than any patch release
# Below this a replica may not mount on the day it is needed: that is worth more than a note.
HARD: Release = (2, 1, 7)


@dataclass(frozen=True, slots=True)
class Bug:
    """One defect. `affected` are inclusive ranges of releases, `part` which half of ZFS has it.

    `effect` is what it does, in words; `matters` whether a route can meet it.
    """

    issue: str
    effect: str
    role: Role
    part: Literal["module", "userland"]
    affected: tuple[tuple[Release, Release], ...]
    fixed: str
    matters: Callable[[Scene], bool]

    def affects(self, version: ZfsVersion) -> bool:
        """Whether a host of this version has it, by its number."""
        module = version.module_release or version.release
        release = module if self.part == "module" else version.release
        return release is not None and any(low <= release <= high for low, high in self.affected)


def _always(_: Scene) -> bool:
    return True


def _tree(scene: Scene) -> bool:
    """Whether it goes as a package of several datasets."""
    return len(scene.carried) > 1 and not scene.route.per_dataset


def _large_tree(scene: Scene) -> bool:
    return _tree(scene) and len(scene.carried) >= thresholds.LARGE_TREE.value


def _mounted(scene: Scene) -> bool:
    inventory = scene.picture.destination.inventory
    held = inventory.datasets.values() if inventory else ()
    return any(each.dataset.mounted for each in held)


def _delegated(scene: Scene) -> bool:
    facts = scene.picture.source.facts
    return facts is not None and facts.uid != 0 and not scene.ends.source.elevation.value


def _upto(release: Release) -> tuple[tuple[Release, Release], ...]:
    return (((0, 0, 0), release),)


BUGS = (
    Bug(
        "#12014",
        "a send without -w of an encrypted dataset may report permanent errors, or panic",
        "source",
        "module",
        (((2, 0, 0), (2, 2, 7)), ((2, 3, 0), (2, 3, 2))),
        "2.2.8, 2.3.3, 2.4.0",
        _always,
    ),
    Bug(
        "#13709",
        "datasets that were fine cannot be unlocked or mounted (input/output error)",
        "destination",
        "module",
        (((2, 1, 3), (2, 1, 6)),),
        "2.1.7",
        _always,
    ),
    Bug(
        "#10523, #12594",
        "what was received raw cannot be mounted (input/output error)",
        "destination",
        "module",
        _upto((2, 1, 2)),
        "2.1.3",
        _always,
    ),
    Bug(
        "#13067",
        "what was received raw into a pool with larger sectors cannot be mounted",
        "destination",
        "module",
        _upto((2, 1, 2)),
        "2.1.3",
        _always,
    ),
    Bug(
        "#17122",
        "a MAC of a dataset is not checked where another was set to zero: weaker integrity",
        "destination",
        "module",
        (((2, 1, 7), (2, 3, 1)),),
        "2.3.2, 2.4.0",
        _always,
    ),
    Bug(
        "#13699",
        "after a receive the next raw send is refused for want of -L",
        "destination",
        "module",
        _upto((2, 1, 6)),
        "2.1.7",
        _always,
    ),
    Bug(
        "#15039",
        "a raw receive into a dataset of another indirect block size panics",
        "destination",
        "module",
        _upto((2, 1, 12)),
        "2.1.13",
        _always,
    ),
    Bug(
        "577d41d3b2",
        "a receive hangs if the record size is above zfs_max_recordsize",
        "destination",
        "module",
        _upto((2, 1, 5)),
        "2.1.6",
        _always,
    ),
    Bug(
        "928c81f4df",
        "sends at the same time may panic",
        "source",
        "module",
        _upto((2, 1, 11)),
        "2.1.12",
        _always,
    ),
    Bug(
        "#12661, #14568",
        "an incremental receive of a tree may leave datasets out without a word",
        "destination",
        "userland",
        (((2, 1, 0), (2, 1, _ALL)),),
        "2.2.0",
        _tree,
    ),
    Bug(
        "#15526",
        "files may hold zeros in the place of data just written, and that is replicated",
        "source",
        "module",
        (((0, 0, 0), (2, 1, 13)), ((2, 2, 0), (2, 2, 1))),
        "2.1.14, 2.2.2",
        _always,
    ),
    Bug(
        "#15464",
        "block cloning between encrypted and other datasets panics when it is read or sent",
        "source",
        "module",
        (((2, 2, 0), (2, 2, 0)),),
        "2.2.1",
        _always,
    ),
    Bug(
        "#14330",
        "a send may panic: unencrypted block in encrypted object set",
        "source",
        "module",
        (((2, 1, 0), (2, 2, 2)),),
        "2.2.3 (softened)",
        _always,
    ),
    Bug(
        "#18193",
        "a user who may only `send:raw` is refused with -w -I",
        "source",
        "module",
        (((2, 4, 0), (2, 4, 0)),),
        "2.4.1",
        _delegated,
    ),
    Bug(
        "#18883",
        "a resumed send that fails may crash",
        "source",
        "module",
        (((2, 3, 0), (2, 3, 8)), ((2, 4, 0), (2, 4, 3))),
        "2.3.9, 2.4.4",
        _always,
    ),
    Bug(
        "#16929",
        "a receive of a large tree takes minutes of CPU at its end",
        "destination",
        "userland",
        _upto((2, 3, 0)),
        "2.3.1",
        _large_tree,
    ),
    Bug(
        "#18415",
        "mounting a snapshot there (.zfs/snapshot) may lock up with a receive",
        "destination",
        "module",
        _upto((2, 4, 1)),
        "2.4.2",
        _mounted,
    ),
)


def applying(scene: Scene, role: Role) -> tuple[Bug, ...]:
    """The defects that a side has by its number, and that this route can meet."""
    facts = scene.side(role).facts
    if facts is None:
        return ()
    return tuple(
        bug
        for bug in BUGS
        if bug.role == role and bug.affects(facts.version) and bug.matters(scene)
    )


def hard(version: ZfsVersion) -> bool:
    """Whether a host's ZFS is so old that it should not be relied on at all."""
    release = version.module_release or version.release
    return release is not None and release < HARD
