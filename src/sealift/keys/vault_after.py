"""The checks of a vault from its seed on: seed, proof, properties, holds. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sealift import words
from sealift.keys import purposes
from sealift.keys.vault_look import OF_THE_PROOF, Checked, Look, unsent
from sealift.mentions import PRUNE
from sealift.playbook import turned
from sealift.playbook.diagnosis import Finding
from sealift.playbook.scene import Scene
from sealift.playbook.turned import named
from sealift.replication import anchors
from sealift.replication.changes import Holds
from sealift.replication.job import JobState
from sealift.replication.pruning import prune_list
from sealift.routes import Role
from sealift.zfs import commands
from sealift.zfs.holds import carrying

_LINES = 8  # datasets that a screen spells out
_SET_BY = {
    "canmount": "mountable-replica",
    "keylocation": "keylocation-automatic",
    "readonly": "writable-replica",
}

# 5: the seed


def seed(look: Look) -> Checked:
    """Whether every dataset is there with a base, whole."""
    scene = look.scene
    short = tuple(each for each in scene.carried if each.start is None or each.token is not None)
    there = len(scene.carried) - len(short)
    said = f"{there} of {words.count(len(scene.carried), 'dataset')} there with a base"
    if not short and scene.carried:
        return Checked(seen=(said,))
    blocked = scene.plan.blocked if scene.plan else ()
    stops = [turned.from_problem(each, scene) for each in blocked]
    job = look.running
    if job is not None:
        said = f"{said}; job {job.about.id} on {job.host} is {job.state.value}"
    if not stops:
        stops = [*_failed(look), unsent(scene, said)]
    return Checked(tuple(stops))


def _failed(look: Look) -> Iterator[Finding]:
    """Why the last job ended without having brought it all."""
    last = next(iter(look.jobs), None)
    if last is not None and last.trouble and last.state in {JobState.FAILED, JobState.LOST}:
        yield turned.from_trouble(last.trouble, "destination", last.step.into)


# 6: proof


def sealed(look: Look) -> Checked:
    """Whether it is sealed, below the source's own encryption roots."""
    scene = look.scene
    if scene.comparison is None or not scene.comparison.destination.exists:
        return Checked((unsent(scene, f"{scene.route.destination.dataset} is not there yet"),))
    found = [each for each in look.audit.findings if each.id in OF_THE_PROOF]
    # What is left out never goes as one package, and only a package sets the hierarchy.
    apart = {"hierarchy-differs"} if scene.route.exclude else set[str]()
    stops = [each for each in found if each.severity != "info" and each.id not in apart]
    replicas = look.audit.seen.trees["destination"].values()
    said = [
        f"{each.name}: keystatus {each.dataset.key_status.value}, encryption root "
        f"{each.dataset.encryption_root}"
        for each in replicas
    ]
    shown = said if len(said) <= _LINES else [*said[:_LINES], f"and {len(said) - _LINES} more"]
    return Checked(
        tuple(stops),
        (look.audit.claim, *shown, *(f"? not seen: {each}" for each in look.audit.unseen)),
        tuple(each for each in found if each not in stops),
    )


# 7: properties


def settings(look: Look) -> tuple[purposes.Setting, ...]:
    """What is left to be set there."""
    return purposes.settings(look.tree, look.scene.route.purpose) if look.tree else ()


def properties(look: Look) -> Checked:
    """Whether it has the properties of its purpose."""
    scene, purpose = look.scene, look.scene.route.purpose
    where, root = scene.where("destination"), scene.route.destination.dataset
    if look.tree is None:
        return Checked((unsent(scene, f"{root} is not there yet, or cannot be read"),))
    if trouble := purposes.before(where, look.tree, purpose):
        return Checked((turned.from_trouble(trouble, "destination", root),))
    kinds: dict[str, list[purposes.Setting]] = {}
    for each in settings(look):
        kinds.setdefault(each.name, []).append(each)
    stops = tuple(_unset(name, tuple(found), scene) for name, found in kinds.items())
    said = f"{words.count(len(look.tree.wanted), 'dataset')}: {purposes.wanted(purpose)}"
    return Checked(stops, () if stops else (said,))


def _unset(name: str, found: tuple[purposes.Setting, ...], scene: Scene) -> Finding:
    said = named(tuple(each.sentence() for each in found))
    return Finding(
        _SET_BY[name],
        "problem",
        "destination",
        found[0].dataset,
        said,
        scene.evidence(
            "destination", commands.settings(scene.route.destination.dataset, name), said
        ),
    )


# 8: holds, and what pruning may touch


def lacking(look: Look) -> tuple[tuple[Role, str, str], ...]:
    """The bases that are not held with the route's tag: side, dataset, name."""
    comparison, holds, tag = look.scene.comparison, look.holds, look.scene.route.hold_tag
    if comparison is None or holds is None:
        return ()
    held = carrying(holds.source, tag), carrying(holds.destination, tag)
    return anchors.lacking(comparison, *held)


def unmarked(look: Look) -> tuple[str, ...]:
    """The bases on the source that have no bookmark."""
    return anchors.unmarked(look.scene.comparison) if look.scene.comparison else ()


def holds(look: Look) -> Checked:
    """Whether the base of every dataset is kept on both sides, and what may be pruned."""
    scene, comparison = look.scene, look.scene.comparison
    root = scene.route.destination.dataset
    bare = [each for each in scene.carried if each.start is None]
    if comparison is None or bare or not scene.carried:
        return Checked((unsent(scene, f"{root} has not a base of every dataset yet"),))
    if look.holds is None:
        said = "; ".join(look.unseen) or "who holds what could not be read"
        return Checked((Finding("command-failed", "problem", "route", root, said),))
    held = carrying(look.holds.source, scene.route.hold_tag)
    theirs = carrying(look.holds.destination, scene.route.hold_tag)
    stops = [
        turned.from_problem(each, scene)
        for each in anchors.unheld(comparison, held, theirs, scene.route.hold_tag)
    ]
    stops += [_no_bookmark(scene, name) for name in unmarked(look)]
    bases = words.count(sum(each.start is not None for each in scene.carried), "dataset")
    said = (
        f"The bases of {bases} are held on both sides (tag {scene.route.hold_tag}) and bookmarked"
    )
    seen = (*((said,) if not stops else ()), *_prunable(look.holds, look))
    return Checked(tuple(stops), seen)


def _no_bookmark(scene: Scene, name: str) -> Finding:
    return Finding(
        "anchor-not-held",
        "warning",
        "source",
        name.partition("@")[0],
        f"no bookmark outlives {name}, the base of the next increment",
        scene.listed("source", name),
        (scene.step("source", commands.bookmark(name), "It costs no space."),),
    )


def _prunable(held: Holds, look: Look) -> Iterator[str]:
    comparison = look.scene.comparison
    sides: tuple[Role, ...] = ("source", "destination")
    for side in sides if comparison is not None else ():
        assert comparison is not None  # noqa: S101 - see the line above
        found = [
            each
            for each in prune_list(
                comparison,
                source_holds=held.source,
                destination_holds=held.destination,
                side=side,
            )
            if each.side == side
        ]
        may = sum(each.may_go for each in found)
        yield (
            f"Pruning: of the {side} {may} of {words.count(len(found), 'snapshot')} may go, listed "
            f"each with its reason {PRUNE}; never a base, what is held, or what only one side has"
        )
