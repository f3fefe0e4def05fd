"""What a vault that is being built is judged by: one look at both hosts, and a check's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealift.keys.state import KeyDataset, KeyTree
from sealift.playbook import turned
from sealift.playbook.diagnosis import Finding, StepReport
from sealift.playbook.ground import Rights
from sealift.playbook.scene import Scene
from sealift.replication.changes import Holds
from sealift.replication.job import Job
from sealift.routes import Role
from sealift.zfs import commands
from sealift.zfs.room import Room

if TYPE_CHECKING:
    from sealift.keys.audit import Audit

OF_THE_SOURCE = frozenset({"plaintext-in-scope", "source-missing"})
OF_THE_PROOF = frozenset(
    {"not-raw", "raw-lineage-unknown", "key-loaded-on-vault", "mounted-replica"}
    | {"hierarchy-differs", "key-may-not-unlock"}
)


@dataclass(frozen=True, slots=True)
class Look:
    """Both hosts at one moment. None: it is not there, or could not be read; `unseen` says why.

    `above` is what the destination is, or would be, received below; `rooms` are of the destination
    and all above it that exists, `tree` are its keys. `jobs` are the route's, newest first.
    """

    audit: Audit
    receiver: StepReport
    rights: Mapping[Role, Rights | None]
    rooms: tuple[Room, ...] | None = None
    above: KeyDataset | None = None
    tree: KeyTree | None = None
    holds: Holds | None = None
    jobs: tuple[Job, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def scene(self) -> Scene:
        """Both sides and what would be sent."""
        return self.audit.scene

    @property
    def running(self) -> Job | None:
        """The route's job, if one runs."""
        return next((each for each in self.jobs if each.state.running), None)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: `stops` keep the next step away, `notes` do not; `seen` are sentences."""

    stops: tuple[Finding, ...] = ()
    seen: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()


def shut(look: Look) -> tuple[Finding, ...]:
    """Why nothing can be said at all: a side could not be read."""
    scene = look.scene
    found = tuple(
        turned.from_trouble(trouble, role, scene.side(role).location.dataset)
        for role, trouble in scene.troubles.items()
    )
    if found or scene.comparison is not None:
        return found
    said = "; ".join(each for sentences in scene.unseen.values() for each in sentences)
    what = f"both sides have to be listed first{f': {said}' if said else ''}"
    return (Finding("command-failed", "problem", "route", scene.route.source.dataset, what),)


def unsent(scene: Scene, said: str) -> Finding:
    """Not all of it is there; `said` is what is."""
    root = scene.route.destination.dataset
    return Finding(
        "not-running",
        "problem",
        "destination",
        root,
        said,
        scene.evidence("destination", commands.list_datasets(root), said),
        (scene.sending("The same plan and the same job as s: begun, or gone on with."),),
    )
