"""The chain from what both sides share to what is to come: where it is or may be broken. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice

from sealift import words
from sealift.playbook import thresholds, turned
from sealift.playbook.diagnosis import Fact, Finding, NextStep, Severity
from sealift.playbook.scene import Scene
from sealift.replication.anchors import anchor
from sealift.replication.comparison import DatasetComparison, Presence, State
from sealift.replication.job import Job
from sealift.routes import ROLES, Role
from sealift.zfs import commands, makers
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Snapshot

# By side; None: they could not be read.
Holds = Mapping[Role, tuple[Hold, ...] | None]

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
    sound = not any(problem.id not in _SAID_ELSEWHERE for problem in scene.problems)
    yield Fact(
        "Chain",
        f"{value}: {shared}" if shared else value,
        "ok" if sound else "problem",
        scene.listed("destination", f"guid and ivsetguid equal: {shared or 'none'}"),
    )


def findings(scene: Scene, holds: Holds, jobs: tuple[Job, ...]) -> Iterator[Finding]:
    """What breaks the chain, and what may. `holds` are those of `to_ask`, `jobs` the route's."""
    for problem in scene.problems:
        if problem.id not in _SAID_ELSEWHERE:
            yield turned.from_problem(problem, scene)
    yield from _not_held(scene, holds, jobs)
    if not scene.flow.running:  # in the middle of a run a tree is at mixed snapshots
        yield from _mixed(scene)
        yield from _incomplete(scene)


# --- anchors


def to_ask(scene: Scene, role: Role) -> tuple[str, ...]:
    """The snapshots of a side whose holds are worth a question: its anchors, as far as any hold.

    And some others that are held, if not all anchors of both sides are: whose holds the route had.
    """
    held = tuple(name for name, snapshot in anchors(scene, role) if snapshot.userrefs)
    if all(snapshot.userrefs for each in ROLES for _, snapshot in anchors(scene, each)):
        return held
    others = (
        f"{side.dataset.name}@{snapshot.name}"
        for each in scene.carried
        if (side := each.source if role == "source" else each.destination) is not None
        for snapshot in reversed(side.snapshots)
        if snapshot.userrefs
    )
    return tuple(dict.fromkeys((*held, *islice(others, int(thresholds.NAMED.value)))))


def anchors(scene: Scene, role: Role) -> tuple[tuple[str, Snapshot], ...]:
    """A side's snapshots that the next increments need and no bookmark stands in for."""
    return tuple(found for each in scene.carried if (found := anchor(each, role)) is not None)


def _not_held(scene: Scene, holds: Holds, jobs: tuple[Job, ...]) -> Iterator[Finding]:
    ours = bool(jobs) or _holds_of(scene.route.hold_tag, holds)
    for role in ROLES:
        # What arrives now is held when it has arrived.
        if role == "destination" and scene.flow.running:
            continue
        known = holds.get(role)
        held = {each.snapshot for each in known or () if not each.temporary}
        loose = tuple(
            name
            for name, snapshot in anchors(scene, role)
            if not snapshot.userrefs or (known is not None and name not in held)
        )
        if loose:
            yield _loose(scene, role, loose, "warning" if ours else "info")


def _holds_of(tag: str, holds: Holds) -> bool:
    """Whether anything of the route bears its tag."""
    return any(each.tag == tag for known in holds.values() for each in known or ())


def _loose(scene: Scene, role: Role, loose: tuple[str, ...], weight: Severity) -> Finding:
    one = len(loose) == 1
    lacks = "neither held nor bookmarked" if role == "source" else "not held"
    said = f"{words.count(len(loose), 'snapshot')} that the next increments "
    said += f"{'start from' if role == 'source' else 'go on from there'} "
    said += f"{'is' if one else 'are'} {lacks}: {turned.named(loose)}; "
    said += "whatever destroys one breaks the chain"
    if weight == "info":
        said += ". Nothing shows that this route ever held any: whatever sends it may do without"
    no_bookmark = ", no bookmark" if role == "source" else ""
    return Finding(
        "anchor-not-held",
        weight,
        role,
        loose[0].partition("@")[0],
        said,
        scene.listed(role, f"userrefs 0{no_bookmark}: {turned.named(loose)}"),
        (
            scene.step(
                role,
                commands.hold(scene.route.hold_tag, loose),
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
        f"{'is' if len(late) == 1 else 'are'} behind @{newest.name}"
        f"{makers.in_brackets(newest.name)}, which the others have; a run was cut off in the "
        "middle, and -R from one base is refused now",
        scene.listed(
            "destination", "; ".join(f"{name} @{each.name}" for name, each in stands.items())
        ),
        (scene.sending("Send again: the plan takes each dataset from its own base.", late[0]),),
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
                scene.sending("Send again: what is missing goes in full.", each.dataset.name),
            ),
        )
