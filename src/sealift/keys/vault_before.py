"""The checks of a vault before its seed: source, destination, boot, snapshot. Pure.

What stops a step is a finding as everywhere, with its page in the catalogue and its way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealift import words
from sealift.keys import rules
from sealift.keys.posture import Posture
from sealift.keys.vault_look import OF_THE_PROOF, OF_THE_SOURCE, Checked, Look
from sealift.playbook import access, turned
from sealift.playbook.diagnosis import Finding, NextStep
from sealift.playbook.turned import named
from sealift.replication.comparison import DatasetComparison
from sealift.replication.obstacles import no_room
from sealift.zfs import allow, commands
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import pool_of

_LATER = OF_THE_SOURCE | OF_THE_PROOF | {"no-new-snapshot"}
# What a whole tree that is received without root needs besides (`zfs_ioctl.c`): the hierarchy is
# set with the first two, and the job holds what arrived with the third.
_OF_A_PACKAGE = ("change-key", "keylocation", "hold")
_ALONG = ("canmount", "mountpoint", "readonly", "keylocation")

# 1: the source


def source(look: Look) -> Checked:
    """Whether everything that would travel is encrypted, and whether we may send it."""
    scene = look.scene
    stops = [
        turned.from_problem(each, scene) for each in scene.problems if each.id in OF_THE_SOURCE
    ]
    rights = tuple(access.findings(scene, "source", look.rights["source"]))
    stops += [each for each in rights if each.severity == "problem"]
    notes = [each for each in rights if each.severity != "problem"]
    notes += [each for each in look.audit.findings if each.side == "source"]
    left_out = [each for each in scene.plan.notes if "left out" in each] if scene.plan else []
    return Checked(
        tuple(stops), (*_roots(scene.carried, look), *left_out), _apart(notes, OF_THE_SOURCE)
    )


def _apart(notes: Iterable[Finding], taken: Iterable[str]) -> tuple[Finding, ...]:
    return tuple(each for each in notes if each.id not in taken)


def _roots(carried: tuple[DatasetComparison, ...], look: Look) -> Iterator[str]:
    groups: dict[str, list[DatasetComparison]] = {}
    for each in carried:
        if each.dataset.encrypted:
            groups.setdefault(each.dataset.encryption_root or "", []).append(each)
    top = look.scene.route.source.dataset
    for root, members in groups.items():
        first = members[0].dataset
        outside = not f"{root}/".startswith(f"{top}/")
        yield (
            f"Encryption root {root} ({first.encryption}, keystatus {first.key_status.value}) "
            f"opens {words.count(len(members), 'dataset')} of the route"
            + (f". It lies above {top}, which becomes a root of its own there" * outside)
        )


# 2: the destination


def destination(look: Look) -> Checked:
    """Whether the destination can take it: rights, pool, features, room, what it is below."""
    scene = look.scene
    stops = [
        turned.from_problem(each, scene)
        for each in scene.problems
        if each.severity == "problem" and each.id not in _LATER
    ]
    told = [each for each in look.receiver.findings if each.id not in _LATER]
    stops += [each for each in told if each.severity == "problem"]
    stops += [*_no_parent(look), *_rough_room(look)]
    notes = [each for each in told if each.severity == "warning"]
    notes += [
        each
        for each in look.audit.findings
        if each.side == "destination" and each.id in {"grants-too-wide", "known-bug"}
    ]
    pool = pool_of(scene.route.destination.dataset)
    titles = ("Access", "Room", "Quotas", "Features", f"Pool {pool}")
    facts = [f"{each.title}: {each.value}" for each in look.receiver.facts if each.title in titles]
    blind = [f"? not seen: {each}" for each in look.receiver.unseen]
    return Checked(_once(stops), (*facts, *_below(look), *blind), (*notes, *_package(look)))


def _once(found: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple({(each.id, each.dataset): each for each in reversed([*found])}.values())[::-1]


def missing_above(look: Look) -> tuple[str, ...]:
    """The datasets above the destination that are not there, the highest first."""
    parts = look.scene.route.destination.dataset.split("/")
    names = ["/".join(parts[:count]) for count in range(2, len(parts))]
    there = {each.name for each in look.rooms or ()}
    return tuple(name for name in names if look.rooms is not None and name not in there)


def create_above(look: Look) -> tuple[Command, ...]:
    """What makes them: never mounted themselves, and without a key of their own."""
    return tuple(
        Command(("zfs", "create", "-o", "canmount=off", name), Effect.CHANGE, "to receive below it")
        for name in missing_above(look)
    )


def _no_parent(look: Look) -> Iterator[Finding]:
    missing = missing_above(look)
    if missing:
        scene = look.scene
        yield Finding(
            "parent-missing",
            "problem",
            "destination",
            missing[-1],
            f"{named(missing)} is not there, and a receive makes only the last name by itself",
            scene.evidence("destination", commands.room(missing), "dataset does not exist"),
            tuple(scene.step("destination", each, "Make it.") for each in create_above(look)),
        )


def _rough_room(look: Look) -> Iterator[Finding]:
    """Room, as long as there is no snapshot that ZFS could estimate: what the datasets refer to."""
    scene = look.scene
    if not look.rooms or scene.comparison is None or scene.comparison.snapshots_behind:
        return
    if scene.comparison.destination.exists:
        return
    nearest = max(look.rooms, key=lambda room: len(room.name))
    needed = sum(each.dataset.referenced for each in scene.carried)
    problem = no_room(needed, nearest.available, nearest.name)
    if problem is not None:
        yield turned.from_problem(problem, scene)


def _below(look: Look) -> Iterator[str]:
    above = look.above
    if above is None:
        return
    if not above.encrypted:
        yield f"It is received below {above.name}, which is not encrypted: that is as it should be"
    elif not above.open:
        yield (
            f"It is received below {above.name}, which has a key of its own that is not loaded: a "
            "raw stream does not need it"
        )
    else:
        yield (
            f"! It is received below {above.name}, whose key is loaded: a raw stream does not use "
            "it, but one that is not raw would be taken. Never let the replica inherit that key "
            "(zfs change-key -i): the next increment makes it unreadable (openzfs#12614)"
        )


def _package(look: Look) -> Iterator[Finding]:
    """What a package of the whole tree takes of somebody who is not root there."""
    scene, rights = look.scene, look.rights["destination"]
    if rights is None or rights.root or scene.route.per_dataset or len(scene.carried) < 2:  # noqa: PLR2004
        return
    dataset = scene.route.destination.dataset
    may = allow.allowed(rights.grants, dataset, rights.user, rights.groups)
    lacking = tuple(each for each in _OF_A_PACKAGE if each not in may)
    if not lacking:
        return
    where = dataset.rpartition("/")[0] or dataset
    grant = Command(
        ("zfs", "allow", "-u", rights.user, ",".join(lacking), where), Effect.CHANGE, ""
    )
    yield Finding(
        "permission-missing",
        "warning",
        "destination",
        dataset,
        f"{rights.user} may not {', '.join(lacking)} there: a whole tree arrives, but without the "
        "source's encryption hierarchy, or unheld",
        scene.evidence("destination", commands.delegations(where), ", ".join(sorted(may))),
        (
            NextStep(
                "Have root allow it, or send dataset by dataset (--per-dataset): each is then an "
                "encryption root of its own.",
                grant.text(),
                scene.where("destination"),
                Effect.CHANGE,
            ),
        ),
    )


# 3: what must not happen by itself


def boot(look: Look) -> Checked:
    """Whether something there would load a key at boot, and which properties come along."""
    scene, seen = look.scene, look.audit.seen
    ours, theirs = (tuple(seen.trees[role].values()) for role in ("source", "destination"))
    read = seen.boots["destination"]
    # Before anything is there, the source's keylocation is what will come along.
    found = tuple(rules.at_boot(scene, theirs or ours, read))
    said = [_along(ours, look)]
    where = scene.where("destination")
    if read is None:
        said.append(f"? what {where} does at boot could not be read; nobody can say more")
    elif not found:
        said.append(f"Nothing was seen on {where} that would load a key of this tree by itself")
    said += [f"? not seen: {each}" for each in look.audit.unseen if "boot" in each]
    return Checked(
        tuple(each for each in found if each.severity == "problem"),
        tuple(said),
        tuple(each for each in found if each.severity != "problem"),
    )


def _along(ours: tuple[Posture, ...], look: Look) -> str:
    route = look.scene.route
    if route.per_dataset or route.exclude:
        return "It goes dataset by dataset: no property of the source comes along"
    found = [
        f"{each.name} {name}={each.value(name)}"
        for each in ours
        for name in _ALONG
        if each.source(name) in {"local", "received"}
        and not (name == "keylocation" and each.value(name) == "prompt")
    ]
    if not found:
        return "Of the properties by which it could be mounted or opened, the stream brings none"
    return f"The stream brings along: {named(tuple(found))}"


# 4: a snapshot


def snapshot(look: Look) -> Checked:
    """Whether every dataset of the route has a snapshot of the route's own."""
    scene = look.scene
    bare = [each for each in scene.carried if _newest(each, look) is None]
    if not scene.carried or bare:
        prefix = scene.route.scope.prefix
        names = named(tuple(each.dataset.name for each in bare)) or scene.route.source.dataset
        own = "" if scene.route.all_snapshots else f" whose name begins with {prefix!r}"
        return Checked(
            (
                Finding(
                    "no-new-snapshot",
                    "problem",
                    "source",
                    scene.route.source.dataset,
                    f"no snapshot{own}: {names}",
                    scene.listed("source", names),
                    (scene.step("source", take_snapshot(look), "Take one of the whole tree."),),
                ),
            )
        )
    newest = {_newest(each, look) for each in scene.carried}
    listed = ", ".join(sorted(f"@{each}" for each in newest))
    return Checked(seen=(f"{words.count(len(scene.carried), 'dataset')}, newest {listed}",))


def _newest(each: DatasetComparison, look: Look) -> str | None:
    found = look.scene.newest(each.source.snapshots) if each.source else None
    return found.name if found else None


def take_snapshot(look: Look) -> Command:
    """What takes one, named for the moment of the look."""
    scene = look.scene
    held = scene.comparison.source.datasets.values() if scene.comparison else ()
    taken = frozenset(each.name for entry in held for each in entry.snapshots)
    name = scene.route.snapshot_name(scene.now, taken)
    return commands.take_snapshot(scene.route.source.dataset, name)
