"""What of a posture is against the purpose of a route, as findings with a way out. Pure.

What breaks the seal, what is planned, and defects of the versions are judged where they always are
(`playbook`); here is what else makes a vault no vault.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from sealift.keys import wrappings
from sealift.keys.boot import Boot, BootLine, State
from sealift.keys.posture import PROPERTIES, Posture, Seen
from sealift.playbook import mending, stream, thresholds, turned
from sealift.playbook.diagnosis import Finding, NextStep, Severity
from sealift.playbook.scene import Scene
from sealift.playbook.turned import named
from sealift.routes import ROLES, Purpose, Role
from sealift.zfs import commands
from sealift.zfs.allow import Grant, allowed
from sealift.zfs.commands import Command, Effect

ROUNDS = 350_000
"""What ZFS itself takes since 0.8 unless it is told otherwise (`DEFAULT_PBKDF2_ITERATIONS`)."""
_USUAL = f"pbkdf2iters={ROUNDS}"
_APPENDING = (2, 3, 2)  # the first release with `receive:append`
_OPENING = frozenset({"load-key", "allow"})
_WIDE = frozenset({"change-key", "destroy", "rollback", "rename", "promote"})
_AT_THE_SOURCE = frozenset({"load-key", "change-key", "allow", "destroy", "rollback", "receive"})


def judge(scene: Scene, seen: Seen) -> tuple[Finding, ...]:
    """Every finding, in the order of mending."""
    return mending.in_order(_findings(scene, seen))


def unseen(scene: Scene, seen: Seen) -> Iterator[str]:
    """What was asked for and cannot be told; why a host was not read is said elsewhere."""
    yield from wrappings.unseen(scene, seen)
    where = scene.where("destination")
    boot = seen.boots["destination"]
    if boot is None:
        return
    if boot.init != "systemd":
        first = boot.init or "something unknown"
        yield (
            f"what {where} starts at boot: process 1 is {first}, not systemd; only files in the "
            "usual places were looked into"
        )
    if boot.unread:
        yield f"on {where}, not for us to read: {named(boot.unread)}"


def _findings(scene: Scene, seen: Seen) -> Iterator[Finding]:
    for role in ROLES:
        trouble = scene.troubles.get(role)
        if trouble is not None:
            yield turned.from_trouble(trouble, role, scene.side(role).location.dataset)
        yield from stream.bugs(scene, role)
    yield from turned.from_breaches(scene.seal.breaches, scene)
    for problem in scene.problems:
        if problem.id == "plaintext-in-scope":
            yield turned.from_problem(problem, scene)
    there = tuple(seen.trees["destination"].values())
    yield from _automatic(scene, there)
    if there:
        yield from at_boot(scene, there, seen.boots["destination"])
    yield from wrappings.findings(scene, seen)
    yield from _mountable(scene, there)
    yield from _writable(scene, there)
    for role in ROLES:
        yield from _grants(scene, role, seen)
    yield from _weak(scene, seen)


def _vault(scene: Scene, vault: Severity, standby: Severity) -> Severity:
    return vault if scene.route.purpose is Purpose.VAULT else standby


def _listing(scene: Scene) -> Command:
    return commands.settings(scene.route.destination.dataset, *PROPERTIES)


def _first(some: tuple[Posture, ...]) -> tuple[str, ...]:
    """The names of as many as a sentence names; there is a line to type for each."""
    return tuple(each.name for each in some[: int(thresholds.NAMED.value)])


def _set(scene: Scene, setting: str, names: tuple[str, ...], why: str) -> tuple[NextStep, ...]:
    """A line to type for each of these datasets of the destination."""
    return tuple(
        scene.step("destination", Command(("zfs", "set", setting, name), Effect.CHANGE, ""), why)
        for name in names
    )


def _names(some: Iterable[Posture]) -> str:
    return named(tuple(each.name for each in some))


# --- keys that come by themselves


def _automatic(scene: Scene, there: tuple[Posture, ...]) -> Iterator[Finding]:
    found = tuple(each for each in there if each.automatic)
    if not found:
        return
    said = named(tuple(f"{each.name}: {each.key_location}" for each in found))
    yield Finding(
        "keylocation-automatic",
        _vault(scene, "problem", "warning"),
        "destination",
        found[0].name,
        f"ZFS there gets the key by itself: {said}",
        scene.evidence("destination", _listing(scene), said),
        _set(scene, "keylocation=prompt", _first(found), "Have it asked for. That needs no key."),
    )


def at_boot(scene: Scene, there: tuple[Posture, ...], boot: Boot | None) -> Iterator[Finding]:
    """What the destination's host would load by itself of a tree that stands as `there`."""
    if boot is None:
        return
    root, where = scene.route.destination.dataset, scene.where("destination")
    asked = all(each.key_location == "prompt" for each in there if each.is_root)
    lines = [each for each in boot.loading if each.state is State.STARTED and each.concerns(root)]
    pulled = boot.pulled(root) if boot.generator else ()
    if not lines and not pulled:
        return
    said = [f"{each.path}: {each.text}" for each in lines]
    said += [f"{each.path}: {each.dataset} ({each.keylocation})" for each in pulled]
    # Where every root is asked for, nothing is loaded without a person, unless a script says more.
    waits = asked and all(each.asks for each in lines)
    may = "asks for the key" if waits else "loads the key"
    sure = "" if boot.init == "systemd" else f" (process 1 there is {boot.init or 'unknown'})"
    yield Finding(
        "boot-unit-loads-keys",
        _vault(scene, "warning" if waits else "problem", "warning"),
        "destination",
        root,
        f"what {where} starts by itself {may}{sure}: {named(tuple(said))}",
        scene.evidence("destination", probe_command(root), named(tuple(said))),
        (*_unstart(scene, lines, pulled=bool(pulled)), *_checked(scene)),
    )


def _unstart(scene: Scene, lines: list[BootLine], *, pulled: bool) -> Iterator[NextStep]:
    for path in dict.fromkeys(each.path for each in lines):
        if path.endswith(".service"):
            unit = path.rpartition("/")[2]
            command = Command(("systemctl", "mask", unit), Effect.CHANGE, "")
            yield scene.as_root("destination", command, "If nothing else there needs it, mask it.")
        else:
            command = Command(("grep", "-n", "-e", "load-key", "-e", "zfs", path), Effect.READ, "")
            yield scene.as_root("destination", command, "Look, and take out what loads the key.")
    if pulled:
        yield NextStep(
            "Take the pool out of the generator's sight: remove its file from "
            "/etc/zfs/zfs-list.cache, then `systemctl daemon-reload`."
        )


def _checked(scene: Scene) -> Iterator[NextStep]:
    root = scene.route.destination.dataset
    command = Command(("zfs", "get", "-r", "keystatus", root), Effect.READ, "")
    yield scene.step("destination", command, "Restart it once in daylight, and check.")


def probe_command(dataset: str) -> Command:
    """The command that asks a host what would load keys or mount; its script goes over stdin."""
    words = ("sh", "-s", "--", dataset)
    shown = f"{shlex.join(words)} <posture.sh"
    return Command(words, Effect.READ, "what would load keys or mount at boot", shown)


# --- mounts


def _mountable(scene: Scene, there: tuple[Posture, ...]) -> Iterator[Finding]:
    found = tuple(each for each in there if each.mountable)
    if not found:
        return
    said = named(tuple(f"{each.name} on {each.value('mountpoint')}" for each in found))
    yield Finding(
        "mountable-replica",
        _vault(scene, "warning", "info"),
        "destination",
        found[0].name,
        f"would be mounted as soon as its key is there: {said}",
        scene.evidence("destination", _listing(scene), f"canmount=on: {said}"),
        _set(
            scene,
            "canmount=noauto",
            _first(found),
            "Have it mounted by hand only; this is not inherited.",
        ),
    )


def _writable(scene: Scene, there: tuple[Posture, ...]) -> Iterator[Finding]:
    found = tuple(each for each in there if not each.dataset.readonly)
    if not found:
        return
    own = tuple(each for each in found if each.source("readonly") in {"local", "received"})
    names = _first(own) or (scene.route.destination.dataset,)
    yield Finding(
        "writable-replica",
        "warning",
        "destination",
        found[0].name,
        f"may be written to, and then takes no increment: readonly is off on {_names(found)}",
        scene.evidence("destination", _listing(scene), f"readonly=off: {_names(found)}"),
        _set(scene, "readonly=on", names, "It is inherited, and stops no receive."),
    )


# --- who may do what


def _grants(scene: Scene, role: Role, seen: Seen) -> Iterator[Finding]:
    grants, boot = seen.grants[role] or (), seen.boots[role]
    names = tuple(each.name for each in seen.trees[role].values())
    wide = {
        who: may
        for who in dict.fromkeys((each.kind, each.who) for each in grants if each.kind)
        if (may := _may(scene, role, grants, names, who))
    }
    dataset = scene.side(role).location.dataset
    said = [
        f"{' '.join(filter(None, who))} may {', '.join(sorted(may))}" for who, may in wide.items()
    ]
    facts = scene.side(role).facts
    by_sudo = role == "destination" and boot is not None and boot.sudo and facts is not None
    if by_sudo and facts is not None:
        said.append(f"user {facts.user} may load keys through sudo, without a password")
    if not said:
        return
    opens = by_sudo or any(may & _OPENING for may in wide.values())
    yield Finding(
        "grants-too-wide",
        _vault(scene, "problem" if opens and role == "destination" else "warning", "warning"),
        role,
        dataset,
        f"on {scene.where(role)}: {named(tuple(said))}",
        scene.evidence(role, commands.delegations(dataset), named(tuple(said))),
        (
            *_narrowed(scene, role, grants, wide),
            *((NextStep("Take `zfs` out of what sudo lets it run there: sudoers."),) * by_sudo),
        ),
    )


_Who = tuple[str, str]


def _may(
    scene: Scene, role: Role, grants: tuple[Grant, ...], names: tuple[str, ...], who: _Who
) -> frozenset[str]:
    """What of it somebody should not be allowed on any dataset of the tree."""
    kind, name = who
    own = scene.side(role).location.user
    if role == "source" and kind != "everyone" and name != own:
        return frozenset()  # whoever else works there is not of the route
    mine = tuple(each for each in grants if each.kind in {"", kind} and each.who in {"", name})
    sets = tuple(each for each in grants if not each.kind and each not in mine)
    may = frozenset[str]().union(*(allowed((*mine, *sets), each, name, (name,)) for each in names))
    if role == "source":
        return may & _AT_THE_SOURCE
    too_much = _OPENING | _WIDE
    facts = scene.side(role).facts
    release = facts.version.module_release or facts.version.release if facts else None
    if release is not None and release >= _APPENDING:
        too_much |= {"receive"}
    # A package that is received without root sets the hierarchy with these.
    if name == own and not scene.route.per_dataset:
        too_much -= {"change-key"}
    return may & too_much


def _narrowed(
    scene: Scene, role: Role, grants: tuple[Grant, ...], wide: dict[_Who, frozenset[str]]
) -> Iterator[NextStep]:
    for (kind, name), may in wide.items():
        to = {"user": ("-u", name), "group": ("-g", name)}.get(kind, ("-e",))
        at = dict.fromkeys(each.dataset for each in grants if (each.kind, each.who) == (kind, name))
        for dataset in at:
            if "receive" in may:
                yield scene.step(
                    role,
                    Command(("zfs", "allow", *to, "receive:append", dataset), Effect.CHANGE, ""),
                    "First what a receive needs, and no more.",
                )
            yield scene.step(
                role,
                Command(("zfs", "unallow", *to, ",".join(sorted(may)), dataset), Effect.CHANGE, ""),
                "Take the rest away, while no job runs.",
            )


# --- passphrases


def _weak(scene: Scene, seen: Seen) -> Iterator[Finding]:
    """Roots whose wrapped key travels with few rounds: the source's, which every stream brings."""
    for role in ROLES:
        found = {
            each.dataset.encryption_root or each.name: each.rounds
            for each in seen.trees[role].values()
            if each.rounds is not None and each.rounds < ROUNDS
        }
        if not found:
            continue
        said = named(tuple(f"{root}: {rounds}" for root, rounds in found.items()))
        first = next(iter(found))
        yield Finding(
            "weak-passphrase",
            "warning",
            role,
            first,
            f"few rounds of PBKDF2 between a guess and the key, fewer than the usual "
            f"{ROUNDS}: {said}",
            scene.evidence(role, commands.settings(first, "pbkdf2iters"), said),
            (
                scene.step(
                    "source",
                    Command(
                        ("zfs", "change-key", "-o", "keyformat=passphrase", "-o", _USUAL, first),
                        Effect.CHANGE,
                        "",
                    ),
                    "A new, long passphrase with more rounds; keep the old one as well.",
                )
                if role == "source" and not scene.fed
                else NextStep(
                    "It is mended where the tree comes from, and each raw increment brings it on: "
                    "a new, long passphrase with more rounds there."
                    if role == "source"
                    else "It is mended on the source: the next raw increment brings it."
                ),
            ),
        )
        return  # the replica has it from there
