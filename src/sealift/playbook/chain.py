"""The chain from what both sides share to what is to come: where it is or may be broken. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sealift import words
from sealift.playbook import turned
from sealift.playbook.diagnosis import Fact, Finding, NextStep
from sealift.playbook.scene import Scene
from sealift.replication.comparison import DatasetComparison, Presence, State
from sealift.zfs import commands
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Snapshot

_CHAINED = {State.LEVEL, State.BEHIND, State.PARTIAL, State.DIVERGED}
_SAID_ELSEWHERE = {
    "plaintext-in-scope", "no-new-snapshot", "source-missing",  # what is being sent
    "stale-token", "dead-token", "foreign-token", "not-raw",  # the receiver
}  # fmt: skip


def facts(scene: Scene) -> Iterator[Fact]:
    """What both sides share."""
    if scene.comparison is None:
        return
    starts = [each for each in scene.carried if each.start is not None]
    names = Counter(each.start.name for each in starts if each.start is not None)
    shared = turned.named(tuple(f"@{name} ({many})" for name, many in names.most_common()))
    whole = words.count(len(scene.carried), "dataset")
    value = f"{len(starts)} of {whole} have a base"
    sound = not any(problem.id not in _SAID_ELSEWHERE for problem in scene.picture.problems)
    yield Fact(
        "Chain",
        f"{value}: {shared}" if shared else value,
        "ok" if sound else "problem",
        scene.listed("destination", f"guid and ivsetguid equal: {shared or 'none'}"),
    )


def findings(scene: Scene, holds: tuple[Hold, ...] | None) -> Iterator[Finding]:
    """What breaks the chain, and what may. `holds` are those of `anchors`, None if unknown."""
    for problem in scene.picture.problems:
        if problem.id not in _SAID_ELSEWHERE:
            yield turned.from_problem(problem, scene)
    yield from _not_held(scene, holds)
    if not scene.flow.running:  # in the middle of a run a tree is at mixed snapshots
        yield from _mixed(scene)
        yield from _incomplete(scene)


# --- anchors


def anchors(scene: Scene) -> tuple[tuple[str, Snapshot], ...]:
    """The source's snapshots that the next increments need and no bookmark stands in for.

    A bookmark of the same guid is as good a base, and costs nothing.
    """
    return tuple(
        (f"{each.source.dataset.name}@{each.start.name}", each.start)
        for each in scene.carried
        if each.source is not None and each.start is not None and each.state in _CHAINED
        if each.base_bookmark is None
        if all(mark.guid != each.start.guid for mark in each.source.bookmarks)
    )


def _not_held(scene: Scene, holds: tuple[Hold, ...] | None) -> Iterator[Finding]:
    held = {each.snapshot for each in holds or () if not each.temporary}
    loose = tuple(
        name
        for name, snapshot in anchors(scene)
        if not snapshot.userrefs or (holds is not None and name not in held)
    )
    if not loose:
        return
    tag = scene.route.hold_tag
    yield Finding(
        "anchor-not-held",
        "warning",
        "source",
        loose[0].partition("@")[0],
        f"{words.count(len(loose), 'snapshot')} that the next increments start from "
        f"{'is' if len(loose) == 1 else 'are'} neither held nor bookmarked: {turned.named(loose)}; "
        "whatever destroys one breaks the chain",
        scene.listed("source", f"userrefs 0, no bookmark: {turned.named(loose)}"),
        (
            scene.step(
                "source",
                commands.hold(tag, loose),
                "Hold them, as a job of sealift does.",
                "holds",
            ),
        ),
    )


# --- the tree as a whole


def _mixed(scene: Scene) -> Iterator[Finding]:
    """The tree there stands at different moments, though the source has one for all of it."""
    arrived = [each for each in scene.carried if each.destination is not None]
    stands = {
        each.destination.dataset.name: newest
        for each in arrived
        if each.destination is not None and (newest := _stands_at(each, scene)) is not None
    }
    if len({snapshot.name for snapshot in stands.values()}) <= 1:
        return
    newest = max(stands.values(), key=lambda each: each.creation)
    ours = [each.source.snapshots for each in arrived if each.source is not None]
    if not all(any(each.name == newest.name for each in snapshots) for snapshots in ours):
        return
    late = tuple(name for name, snapshot in stands.items() if snapshot.name != newest.name)
    yield Finding(
        "mixed-snapshots",
        "warning",
        "destination",
        scene.route.destination.dataset,
        f"the tree there stands at different snapshots: {turned.named(late)} "
        f"{'is' if len(late) == 1 else 'are'} behind @{newest.name}, which the others have; a run "
        "was cut off in the middle, and -R from one base is refused now",
        scene.listed(
            "destination", "; ".join(f"{name} @{each.name}" for name, each in stands.items())
        ),
        (scene.sending("Send again: the plan takes each dataset from its own base."),),
    )


def _stands_at(each: DatasetComparison, scene: Scene) -> Snapshot | None:
    """The newest snapshot of the route that both sides have."""
    for pair in each.pairs:
        if pair.presence is Presence.BOTH and scene.route.scope.own(pair.snapshot.name):
            return pair.snapshot
    return None


def _incomplete(scene: Scene) -> Iterator[Finding]:
    """Datasets that a run left out which brought the snapshot of the same time of their parent."""
    if scene.comparison is None:
        return
    for each in scene.carried:
        parent = scene.comparison.datasets.get(each.below.rpartition("/")[0])
        if each.state is not State.MISSING or not each.below or parent is None:
            continue
        arrived = _stands_at(parent, scene) if parent.destination is not None else None
        if arrived is None or all(arrived.name != snapshot.name for snapshot in each.behind):
            continue
        there = parent.destination.dataset.name if parent.destination else ""
        yield Finding(
            "replica-incomplete",
            "problem",
            "destination",
            each.dataset.name,
            f"{each.dataset.name} is missing on the destination, though {there} has "
            f"@{arrived.name}, which it has as well: a run left it out, or it was destroyed there",
            scene.listed("destination", f"{there}@{arrived.name} is there, no {each.below}"),
            (
                NextStep(
                    "Some versions leave datasets out of a tree without a word "
                    "(openzfs/zfs#14568), and so does `zfs send --skip-missing`."
                ),
                scene.sending("Send again: what is missing goes in full."),
            ),
        )
