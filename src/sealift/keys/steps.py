"""The procedures as plain data: each step with what it does, why, its commands, and its check.

`steps` says which there are for what the operator wants; `unmet` says, of a fresh reading, whether
a step's check has passed. Nothing here runs anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from sealift.hosts.trouble import Trouble
from sealift.keys import calls, findings
from sealift.keys.calls import Source
from sealift.keys.state import KeyRoot, KeyTree
from sealift.keys.users import users_command
from sealift.zfs.commands import Command


class Kind(Enum):
    """The guided procedures."""

    LOAD = "Load a key"
    LOCK = "Lock"
    TEST = "Test a key without loading it"
    REHEARSAL = "Failover rehearsal"


class StepId(Enum):
    """The steps; a procedure is a row of them."""

    LOOK = "look"
    REASON = "reason"
    VERIFY = "verify"
    LOAD = "load"
    MOUNT = "mount"
    CHECKS = "checks"
    TIMER = "timer"
    USERS = "users"
    UNMOUNT = "unmount"
    UNLOAD = "unload"
    PROOF = "proof"
    LINE = "line"
    SET = "set"
    SOURCE = "source"
    DESTINATION = "destination"
    BOOT = "boot"
    SNAPSHOT = "snapshot"
    SEED = "seed"
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `check` is what must be so before the next one, in words.

    `shown`: it has a screen of its own, and so a number. What another step's screen asks for, or
    says that it is done with it, has none.
    """

    id: StepId
    title: str
    does: str
    why: str
    check: str
    commands: tuple[Command, ...] = ()
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator wants of a procedure. `minutes` is when it locks again; None: never."""

    roots: tuple[str, ...]
    source: Source = Source.TYPED
    place: str = ""
    mount: bool = False
    minutes: int | None = None
    reason: str = field(default="")


def steps(kind: Kind, tree: KeyTree, wish: Wish) -> tuple[Step, ...]:
    """The steps of a procedure, in their order."""
    roots = chosen(tree, wish)
    if kind is Kind.TEST:
        return (_tested(roots), _reason(kind), _verify(wish), proof(roots, "nothing was loaded"))
    if kind is Kind.LOCK:
        return locking(roots)
    timing = (_timer(wish),) if wish.minutes is not None else ()
    loading = (_look(roots), _reason(kind), _verify(wish), *timing, _load(wish))
    if kind is Kind.REHEARSAL:
        users, *rest = locking(roots)  # nobody is asked: its checks end with the lock
        return (
            *(*loading, _mount(roots, wish), _checks(roots)),
            *(replace(users, shown=False), *rest),
        )
    mounting = (_mount(roots, wish),) if wish.mount else ()
    return (*loading, *mounting, proof(roots, "the key is loaded"))


def chosen(tree: KeyTree, wish: Wish) -> tuple[KeyRoot, ...]:
    """The encryption roots that a wish names and the tree has."""
    return tuple(root for name in wish.roots if (root := tree.root(name)) is not None)


def unmet(step: StepId, host: str, tree: KeyTree, wish: Wish) -> Trouble | None:
    """What a fresh reading says against a step's check; None if it has passed."""
    missing = tuple(name for name in wish.roots if tree.root(name) is None)
    if missing:
        return findings.no_root(host, missing)
    roots = chosen(tree, wish)
    closed = tuple(root for root in roots if not root.open)
    opened = tuple(root for root in roots if root.open)
    mounted = tuple(root for root in roots if root.mounted)
    if step in {StepId.LOAD, StepId.MOUNT} and closed:
        names = ", ".join(root.name for root in closed)
        return Trouble(
            "key-not-loaded",
            host,
            f"the key is not loaded: {names}",
            "zfs get keystatus says unavailable: it was taken away again meanwhile.",
            "Start again.",
        )
    if step is StepId.MOUNT:
        left = [each.name for root in roots for each in root.to_mount]
        if left:
            return Trouble(
                "mount-busy",
                host,
                f"not mounted: {', '.join(left)}",
                "zfs mount said nothing against it, and zfs get mounted says no.",
                "Look at the mountpoint there, then mount again.",
            )
    if (step is StepId.UNMOUNT and mounted) or (step is StepId.UNLOAD and opened):
        return findings.still_open(host, mounted or opened)
    return None


def _look(roots: tuple[KeyRoot, ...]) -> Step:
    several = len(roots) > 1
    return Step(
        StepId.LOOK,
        "find the encryption root",
        "Reads which dataset the key belongs to, what inherits from it, and where the host would "
        "look for the key by itself.",
        "A key is loaded at its encryption root, never at a child."
        + (" There are several roots: each has a key of its own." if several else ""),
        "an encryption root, and its key not loaded yet",
    )


def _tested(roots: tuple[KeyRoot, ...]) -> Step:
    return replace(
        _look(roots),
        why="A key is tried at its encryption root, never at a child."
        + (" There are several roots: each has a key of its own." if len(roots) > 1 else ""),
        check="an encryption root; whether its key is loaded makes no difference",
    )


def saying_why(why: str) -> Step:
    """The step in which the operator gives a reason."""
    return Step(
        StepId.REASON,
        "say why",
        "Writes down who, when and why in the journal on this machine.",
        why,
        "a reason, and a journal that can be written",
    )


def _reason(kind: Kind) -> Step:
    return saying_why(
        "A key that was loaded on a replica is what an auditor asks for."
        if kind is not Kind.TEST
        else "The yearly proof that the key still exists is worth nothing if nobody finds it."
    )


def _verify(wish: Wish) -> Step:
    return Step(
        StepId.VERIFY,
        "try the key without loading it",
        "Has ZFS unwrap the master key with what you give, and forget it again.",
        "A wrong key is noticed before anything is open.",
        "`1 / 1 key(s) successfully verified` for every root",
        tuple(
            calls.verify(root, wish.source, wish.place, reason=wish.reason) for root in wish.roots
        ),
    )


def _load(wish: Wish) -> Step:
    return Step(
        StepId.LOAD,
        "load the key",
        "Brings the key into the kernel of the host. Nothing is mounted by that.",
        "Until it is locked again, every root user there can read what the key opens.",
        "zfs get keystatus: available",
        tuple(calls.load(root, wish.source, wish.place, reason=wish.reason) for root in wish.roots),
    )


def _mount(roots: tuple[KeyRoot, ...], wish: Wish) -> Step:
    return Step(
        StepId.MOUNT,
        "mount it read-only",
        "Mounts what the key opens, parents first, each for this time only read-only.",
        "A write on the replica would make it differ from its base, and block the next increment.",
        "zfs get mounted: yes",
        tuple(
            calls.mount(each.name, reason=wish.reason) for root in roots for each in root.to_mount
        ),
        shown=False,  # asked for with the load
    )


def _checks(roots: tuple[KeyRoot, ...]) -> Step:
    names = ", ".join(root.name for root in roots)
    return Step(
        StepId.CHECKS,
        "check what is there",
        f"Runs the checks that you choose on what is mounted of {names}, and times them.",
        "A replica that nobody has ever read is a hope.",
        "every check has ended without an error",
    )


def _timer(wish: Wish) -> Step:
    minutes = wish.minutes or 0
    return Step(
        StepId.TIMER,
        f"have it lock itself in {minutes} min",
        "Leaves a small script with the host that unmounts and takes the key away when the time "
        "is over.",
        "A forgotten key is a broken seal. It holds when this program, or the connection, is gone; "
        "so it comes before the key.",
        "the timer is in the host's list",
        shown=False,  # asked for with the load
    )


def locking(roots: tuple[KeyRoot, ...]) -> tuple[Step, ...]:
    """The steps that lock, with the proof at their end. The first one's screen has all commands."""
    mounted = tuple(each for root in roots for each in root.mounted)
    mounted = tuple(sorted(mounted, key=lambda each: each.name, reverse=True))
    return (
        Step(
            StepId.USERS,
            "see who uses it",
            "Looks for processes that have a file open there, as far as our rights go.",
            "What is in use cannot be unmounted, and nothing is ended by force.",
            "nobody uses it",
            (users_command(tuple(each.mountpoint for each in mounted)),) if mounted else (),
        ),
        Step(
            StepId.UNMOUNT,
            "unmount",
            "Unmounts what is mounted of it, the deepest first.",
            "A key stays in the kernel as long as something is mounted with it.",
            "zfs get mounted: no",
            tuple(calls.unmount(each.name) for each in mounted),
            shown=False,
        ),
        Step(
            StepId.UNLOAD,
            "take the key away",
            "Takes the key out of the kernel.",
            "After that nobody there reads it, root neither.",
            "zfs get keystatus: unavailable",
            tuple(calls.unload(root.name) for root in roots if root.open),
            shown=False,
        ),
        proof(roots, "it is locked"),
    )


def proof(roots: tuple[KeyRoot, ...], what: str) -> Step:
    """The last step: what ZFS says of all this."""
    return Step(
        StepId.PROOF,
        f"proof that {what}",
        "Asks ZFS once more.",
        "What a command said it did is not what counts, but what is so afterwards.",
        "zfs get keystatus and mounted say so",
        tuple(calls.proof(root.name) for root in roots),
    )
