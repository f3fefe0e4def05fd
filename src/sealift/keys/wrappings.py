"""Which passphrase opens what on the destination, and below which encryption root. Pure.

All datasets of an encryption root are wrapped by one key, and a passphrase that is changed gets a
new salt. A raw increment brings the wrapping of its sender to the one dataset that takes it in, so
between a change and the last increment a replica is wrapped in two ways.
"""

from __future__ import annotations

from collections.abc import Iterator

from sealift import words
from sealift.keys.posture import SALT, Posture, Seen, Tree
from sealift.playbook.diagnosis import Finding, NextStep
from sealift.playbook.scene import Scene
from sealift.playbook.turned import named
from sealift.replication.comparison import DatasetComparison
from sealift.replication.obstacles import FED
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.names import relative


def findings(scene: Scene, seen: Seen) -> Iterator[Finding]:
    """Passphrases that may not open what is there, and roots that are not the source's."""
    raw = tuple(_raw(scene, seen))
    there = seen.trees["destination"]
    # What is not below the replica's own roots is wrapped by a stranger's key.
    outside = [theirs for _, _, theirs in raw if _root_of(theirs, there) is None]
    mixed = [theirs for _, _, theirs in raw if _mixed(theirs, there)]
    lost = [*outside, *(each for each in mixed if each not in outside)]
    if lost:
        yield _lost(scene, lost, outside)
    known = [(ours, theirs) for _, ours, theirs in raw if theirs not in lost]
    older = [theirs for ours, theirs in known if _differ(ours, theirs)]
    if older:
        yield _older(scene, older)
    moved = [
        (theirs, expected)
        for below, ours, theirs in raw
        if theirs not in outside and (expected := _expected(below, ours, theirs, scene))
    ]
    if moved:
        yield _moved(scene, moved)


def unseen(scene: Scene, seen: Seen) -> Iterator[str]:
    """What the listings cannot tell of the keys."""
    keys = [
        theirs.name
        for _, ours, theirs in _raw(scene, seen)
        if theirs.is_root
        and theirs.key_format not in {"", "passphrase"}
        and not _differ(ours, theirs)
    ]
    if keys:
        yield (
            f"whether the source's key of now opens {named(tuple(keys))}: a hex or raw key that is "
            "changed leaves nothing to compare"
        )


def _raw(scene: Scene, seen: Seen) -> Iterator[tuple[str, Posture, Posture]]:
    """What both sides have with the same master key: name below the roots, ours, theirs."""
    compared = scene.comparison.datasets if scene.comparison else {}
    for below, each in compared.items():
        ours, theirs = seen.trees["source"].get(below), seen.trees["destination"].get(below)
        if ours is not None and theirs is not None and _same_key(each, scene):
            yield below, ours, theirs


def _same_key(each: DatasetComparison, scene: Scene) -> bool:
    if each.source is None or each.destination is None:
        return False
    ours, theirs = each.source.dataset, each.destination.dataset
    same = ours.encrypted and theirs.encrypted and ours.key_guid == theirs.key_guid
    return same and not scene.arriving(theirs.name)


def _root_of(each: Posture, tree: Tree) -> Posture | None:
    return next((one for one in tree.values() if one.name == each.dataset.encryption_root), None)


def _mixed(theirs: Posture, tree: Tree) -> bool:
    root = _root_of(theirs, tree)
    return root is not None and _differ(root, theirs)


def _differ(one: Posture, other: Posture) -> bool:
    """Whether two datasets are provably wrapped in different ways."""
    if one.key_format != other.key_format:
        return True
    return None not in (one.wrapping, other.wrapping) and one.wrapping != other.wrapping


def _expected(below: str, ours: Posture, theirs: Posture, scene: Scene) -> str:
    """The name that the encryption root should have there; empty if it has it."""
    source, destination = scene.route.source.dataset, scene.route.destination.dataset
    root = ours.dataset.encryption_root or ""
    inside = below and (root == source or root.startswith(source + "/"))
    of_it = relative(root, source) if inside else ""
    expected = f"{destination}/{of_it}" if of_it else destination
    return "" if theirs.dataset.encryption_root == expected else expected


def _names(some: list[Posture]) -> str:
    return named(tuple(each.name for each in some))


def _salts(scene: Scene) -> Command:
    return commands.settings(scene.route.destination.dataset, SALT)


_EVERY = "And a raw increment of every dataset: each brings the wrapping of now."


def _increment(scene: Scene, why: str = _EVERY) -> tuple[NextStep, ...]:
    """A snapshot and its way here; a source that is locked has to be brought one."""
    root = scene.route.source.dataset
    name = scene.now.strftime(scene.route.snapshot_format)
    new = scene.step(
        "source", commands.take_snapshot(root, name), "A new snapshot of the tree.", "snapshot"
    )
    return (NextStep(FED) if scene.fed else new, scene.sending(why))


def _lost(scene: Scene, lost: list[Posture], outside: list[Posture]) -> Finding:
    said = (
        f"{_names(lost)}: wrapped by another key than the encryption root that is to open "
        f"{'it' if len(lost) == 1 else 'them'} there: loading the root's key makes nothing "
        "readable (openzfs#12614)"
    )
    if outside:
        first = outside[0]
        said = (
            f"{_names(outside)}: inherits its key from {first.dataset.encryption_root}, which is "
            "none of the replica; the next raw increment brings the source's wrapping, and then no "
            f"key opens it there (openzfs#12614){'; ' + said if len(lost) > len(outside) else ''}"
        )
    return Finding(
        "key-may-not-unlock",
        "problem",
        "destination",
        lost[0].name,
        said,
        scene.evidence("destination", _salts(scene), _wrapped(lost)),
        (
            NextStep("Keep the passphrase of now and the one before, both; change no key there."),
            *_increment(scene),
        ),
    )


def _older(scene: Scene, older: list[Posture]) -> Finding:
    it = "it" if len(older) == 1 else "them"
    return Finding(
        "key-may-not-unlock",
        "warning",
        "destination",
        older[0].name,
        f"{_names(older)}: wrapped otherwise than on the source. The passphrase was changed there "
        f"and no raw increment has come since, or it was changed here: what opens the source now "
        f"does not open {it}, and the next increment replaces what does",
        scene.evidence("destination", _salts(scene), _wrapped(older)),
        (
            NextStep(
                f"Keep the passphrase from before the change for as long as this is said: it opens "
                f"{it}. Where keys may be entered, `zfs load-key -n` tells without loading."
            ),
            *_increment(scene),
        ),
    )


def _wrapped(some: list[Posture]) -> str:
    return named(tuple(f"{each.name} {each.salt or 'unknown'}" for each in some))


def _moved(scene: Scene, moved: list[tuple[Posture, str]]) -> Finding:
    names = named(tuple(f"{each.name} by {each.dataset.encryption_root}" for each, _ in moved))
    expected = moved[0][1]
    return Finding(
        "hierarchy-differs",
        # Datasets that are sent one by one are roots of their own.
        "info" if scene.route.per_dataset else "warning",
        "destination",
        moved[0][0].name,
        f"{words.count(len(moved), 'dataset')} there would be unlocked by another encryption root "
        f"than the source's: {names}, and not by {expected}",
        scene.evidence(
            "destination",
            commands.list_datasets(scene.route.destination.dataset),
            f"encryptionroot: {names}",
        ),
        (
            NextStep(
                "The next increment of the whole tree as one package sets it right, and takes no "
                "key. Until then each root is asked for by itself."
            ),
            *_increment(scene, "And send it."),
        ),
    )
