"""What other parts of sealift already know to be wrong, as findings with evidence and a way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from sealift import words
from sealift.hosts.trouble import Trouble
from sealift.mentions import OTHER_SIDE
from sealift.playbook import thresholds
from sealift.playbook.diagnosis import Evidence, Finding, NextStep, Severity, Side
from sealift.playbook.scene import Scene
from sealift.replication.comparison import DatasetComparison
from sealift.replication.obstacles import Problem
from sealift.replication.report import NO_CONTACT
from sealift.replication.resuming import Partial
from sealift.replication.seal import Breach
from sealift.routes import Purpose, Role
from sealift.zfs import commands
from sealift.zfs.commands import Command, Effect, RawSend
from sealift.zfs.names import check_snapshot_name, pool_of, printable, relative

_SEVERITIES: tuple[Severity, ...] = get_args(Severity)
_SIDES: tuple[Side, ...] = get_args(Side)


def severity(word: str) -> Severity:
    """The word as a severity; one that is not known is a problem."""
    return next((each for each in _SEVERITIES if each == word), "problem")


def side(word: str) -> Side:
    """The word as a side; one that is not known is the route."""
    return next((each for each in _SIDES if each == word), "route")


def from_problem(problem: Problem, scene: Scene) -> Finding:
    """What stands in the way of a raw send."""
    role: Role = "source" if problem.side == "source" else "destination"
    each = _compared(problem.dataset, scene)
    more = _WAYS_OUT.get(problem.id)
    # What there is to do about room says it in steps; the rest says first how it is mended.
    said = () if more is _room else (NextStep(problem.mend),)
    return Finding(
        problem.id,
        severity(problem.severity),
        side(problem.side),
        problem.dataset,
        problem.summary,
        scene.listed(role, problem.summary),
        (*said, *(more(problem, each, scene) if more else ())),
    )


def from_partial(partial: Partial, weight: Severity, scene: Scene) -> Finding:
    """A resume token that nobody is using."""
    finding = partial.finding or "stale-token"
    listing = commands.list_datasets(scene.route.destination.dataset)
    steps: tuple[NextStep, ...]
    if partial.resumable:
        steps = (
            scene.sending(
                "Send again: the plan resumes it first, checked against the source.", partial.into
            ),
            *_give_up(partial.into, scene, "Or give up what arrived of it, and plan again."),
        )
    else:
        steps = (NextStep(partial.mend), *_give_up(partial.into, scene, "Give the token up."))
    arrived = partial.token.bytes_received if partial.token else 0
    return Finding(
        finding,
        weight,
        "destination",
        partial.into,
        f"{partial.why}; while it waits, nothing else can be received there",
        scene.evidence(
            "destination", listing, f"receive_resume_token is set, {arrived:,} bytes have arrived"
        ),
        steps,
    )


def _give_up(dataset: str, scene: Scene, why: str) -> tuple[NextStep, ...]:
    return (scene.step("destination", commands.abort_receive(dataset), why, "tokens"),)


def from_breaches(breaches: tuple[Breach, ...], scene: Scene) -> tuple[Finding, ...]:
    """Why the destination is not sealed, a finding for each kind of breach.

    A standby may be unlocked for a while.
    """
    kinds: dict[str, list[Breach]] = {}
    for breach in breaches:
        kinds.setdefault(breach.id, []).append(breach)
    listing = commands.list_datasets(scene.route.destination.dataset)
    found: list[Finding] = []
    for kind, of_it in kinds.items():
        excused = kind in UNLOCKED and scene.route.purpose is Purpose.STANDBY
        first = of_it[0]
        said = named(tuple(f"{each.dataset}: {each.summary}" for each in of_it))
        ways = _BREACHES.get(kind)
        found.append(
            Finding(
                kind,
                "info" if excused else "problem",
                "destination",
                first.dataset,
                said,
                scene.evidence("destination", listing, said),
                ways(first, scene) if ways else (),
            )
        )
    return tuple(found)


def from_trouble(trouble: Trouble, where: Side, dataset: str) -> Finding:
    """What kept a host from doing what it was asked."""
    said = printable(trouble.raw).strip() or trouble.what
    tried = f"ssh {trouble.host} true" if trouble.finding in NO_CONTACT else ""
    why = " ".join(filter(None, (trouble.means, trouble.mend)))
    return Finding(
        trouble.finding,
        "problem",
        where,
        dataset,
        trouble.sentence(),
        (Evidence(tried, trouble.host, said),),
        (NextStep(why),) if why else (),
    )


def named(names: tuple[str, ...]) -> str:
    """Some names for a sentence: the first few, and how many more there are."""
    return words.few(names, int(thresholds.NAMED.value))


# --- ways out that can be typed


def _compared(dataset: str, scene: Scene) -> DatasetComparison | None:
    """The entry of a dataset of either side."""
    if scene.comparison is None:
        return None
    for inventory in (scene.comparison.source, scene.comparison.destination):
        if dataset == inventory.root or dataset.startswith(inventory.root + "/"):
            below = relative(dataset, inventory.root)
            each = scene.comparison.datasets.get(below)
            if each is not None and below in inventory.datasets:
                return each
    return None


_Way = Callable[[Problem, DatasetComparison | None, Scene], tuple[NextStep, ...]]


def _roll_back(
    problem: Problem, each: DatasetComparison | None, scene: Scene
) -> tuple[NextStep, ...]:
    there = each.destination if each else None
    start = each.start if each else None
    if there is None or start is None:
        return _anew(problem, each, scene)
    base = next((s.name for s in there.snapshots if s.guid == start.guid), None)
    if base is None:
        return _anew(problem, each, scene)
    name = there.dataset.name
    newer = ("zfs", "list", "-r", "-d", "1", "-t", "snapshot", "-s", "createtxg", name)
    return (
        scene.step(
            "destination",
            Command((*newer, "-o", "name,creation,written,userrefs"), Effect.READ, ""),
            f"See first what {name} has after @{base}.",
        ),
        scene.step(
            "destination",
            commands.rollback(f"{name}@{base}"),
            f"If that may go: back to @{base}. What came after it is destroyed for good.",
            "roll_back",
        ),
    )


def _anew(_: Problem, each: DatasetComparison | None, scene: Scene) -> tuple[NextStep, ...]:
    """A full receive into a new name; nothing that the destination has is touched."""
    if each is None or each.source is None or each.destination is None:
        return ()
    newest = scene.newest(each.source.snapshots)
    if newest is None:
        return ()
    into = f"{each.destination.dataset.name}-new"
    send = RawSend(each.source.dataset.name, newest.name).argv("-vP")
    ends = scene.ends
    text = f"{ends.on(ends.source, send)} | {ends.on(ends.destination, commands.receive(into))}"
    why = f"In full into {into}; {each.destination.dataset.name} stays as it is until you decide."
    return (NextStep(why, text, ends.where, Effect.CHANGE),)


def _token(problem: Problem, _: DatasetComparison | None, scene: Scene) -> tuple[NextStep, ...]:
    return _give_up(problem.dataset, scene, "Give the token up.")


def _snapshot(_: Problem, __: DatasetComparison | None, scene: Scene) -> tuple[NextStep, ...]:
    if scene.fed:
        return ()
    name = check_snapshot_name(scene.now.strftime(scene.route.snapshot_format))
    command = commands.take_snapshot(scene.route.source.dataset, name)
    return (scene.step("source", command, "Take one of the whole tree.", "snapshot"),)


def _features(problem: Problem, _: DatasetComparison | None, scene: Scene) -> tuple[NextStep, ...]:
    words = problem.summary.replace(",", " ").split()
    return tuple(
        scene.as_root(
            "destination",
            Command(("zpool", "set", f"{word}=enabled", problem.dataset), Effect.DESTRUCTION, ""),
            "Enable it; that cannot be undone.",
        )
        for word in words
        if word.startswith("feature@")
    )


def _room(_: Problem, __: DatasetComparison | None, scene: Scene) -> tuple[NextStep, ...]:
    return making_room(scene)


def making_room(scene: Scene) -> tuple[NextStep, ...]:
    """How the destination's pool gets room again: what takes nothing away comes first."""
    pool = pool_of(scene.route.destination.dataset)
    kept = ("zfs", "get", "-r", "-t", "filesystem,volume", "-s", "local,received")
    return (
        scene.step(
            "destination",
            commands.space(pool),
            "Find what has the room: snapshots (USEDSNAP), the data itself (USEDDS), or a "
            "reservation (USEDREFRESERV).",
        ),
        scene.step(
            "destination",
            Command((*kept, "refreservation,reservation", pool), Effect.READ, ""),
            "A reservation that nobody needs gives room at once, and nothing is lost: if its owner "
            "agrees, `zfs set refreservation=none DATASET`.",
        ),
        NextStep(
            "Destroy snapshots of the destination that may go "
            f"{OTHER_SIDE}: the list has why each may or may not, and says what comes free before "
            "it asks. Never the base.",
            action="prune",
        ),
        NextStep(
            "Else the pool has to grow: look what it is made of before disks are added to it, most "
            "of which cannot be taken out again.",
            Command(("zpool", "list", "-v", pool), Effect.READ, "").text(),
            scene.where("destination"),
        ),
    )


def _plain(problem: Problem, _: DatasetComparison | None, scene: Scene) -> tuple[NextStep, ...]:
    argv = ("zfs", "get", "-r", "-t", "filesystem,volume", "encryption", problem.dataset)
    return (scene.step("source", Command(argv, Effect.READ, ""), "See what is below it."),)


_WAYS_OUT: dict[str, _Way] = {
    "stale-token": _token,
    "dead-token": _token,
    "foreign-token": _token,
    "not-raw": _token,
    "destination-diverged": _roll_back,
    "ivset-mismatch": _roll_back,
    "base-missing-on-source": _anew,
    "no-common-base": _anew,
    "key-lineage-mismatch": _anew,
    "no-new-snapshot": _snapshot,
    "feature-missing": _features,
    "space-low": _room,
    "plaintext-in-scope": _plain,
}


def _unload(breach: Breach, scene: Scene) -> tuple[NextStep, ...]:
    each = _compared(breach.dataset, scene)
    there = each.destination.dataset if each and each.destination else None
    root = there.encryption_root if there and there.encryption_root else breach.dataset
    command = Command(("zfs", "unload-key", "-r", root), Effect.CHANGE, "")
    return (scene.step("destination", command, "Lock it again, once nothing there uses it."),)


def _unmount(breach: Breach, scene: Scene) -> tuple[NextStep, ...]:
    command = Command(("zfs", "unmount", breach.dataset), Effect.CHANGE, "")
    return (scene.step("destination", command, "Unmount it, once nothing there uses it."),)


def _not_raw(breach: Breach, scene: Scene) -> tuple[NextStep, ...]:
    each = _compared(breach.dataset, scene)
    problem = Problem("not-raw", "destination", breach.dataset, breach.summary, "")
    anew = _anew(problem, each, scene)
    return (
        NextStep("It stays readable for whoever has that host. Receive raw into a new name."),
        *anew,
        *(_replaced(breach.dataset, each, scene) if anew else ()),
    )


def _replaced(dataset: str, each: DatasetComparison | None, scene: Scene) -> tuple[NextStep, ...]:
    """The new one takes the place of one that was never a raw copy, and has nothing below it."""
    ours, theirs = (each.source, each.destination) if each else (None, None)
    there = scene.picture.destination.inventory
    if ours is None or theirs is None or there is None:
        return ()
    raw = theirs.dataset.encrypted and theirs.dataset.key_guid == ours.dataset.key_guid
    names = [held.dataset.name for held in there.datasets.values()]
    if raw or any(name.startswith(f"{dataset}/") for name in names):
        return ()
    new = f"{dataset}-new"
    listing = ("zfs", "list", "-r", "-t", "snapshot", "-o", "name,guid,ivsetguid", new)
    return (
        scene.step(
            "destination",
            Command(listing, Effect.READ, ""),
            "Compare guid and ivsetguid with the source's snapshot of that name.",
        ),
        scene.step(
            "destination",
            Command(("zfs", "destroy", "-r", dataset), Effect.DESTRUCTION, ""),
            f"If both are equal: destroy {dataset} with all its snapshots, for good.",
        ),
        scene.step(
            "destination",
            Command(("zfs", "rename", new, dataset), Effect.CHANGE, ""),
            "Give the new one its name. What could be read there counts as known to others.",
        ),
    )


UNLOCKED = {"key-loaded-on-vault", "mounted-replica"}
_BREACHES: dict[str, Callable[[Breach, Scene], tuple[NextStep, ...]]] = {
    "key-loaded-on-vault": _unload,
    "mounted-replica": _unmount,
    "not-raw": _not_raw,
}
