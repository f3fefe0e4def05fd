"""What stands in the way of a raw send, each with its way out.

Pure. The rules are those of the kernel: a raw increment needs a base that both sides share by guid
and IV set, and that base must be the destination's newest snapshot; a dataset with a resume token
takes nothing else; `-w` of an unencrypted dataset travels in the clear (zfs-send(8), dmu_recv.c).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import humanize

from sealift import words
from sealift.mentions import PLAYBOOK, PRUNE
from sealift.replication.comparison import Comparison, DatasetComparison, State
from sealift.replication.resuming import Partial, examine
from sealift.routes import Scope
from sealift.zfs import makers
from sealift.zfs.names import printable
from sealift.zfs.pools import Pool

FED = (
    "No key is loaded there, so nothing new is written. If it is a replica itself, look at what "
    "feeds it: a snapshot that is taken here would stop that."
)
"""What is said instead of taking a snapshot of a source that is locked (`Inventory.locked`)."""
_NAMED = 5  # snapshots named in a sentence; a list on the screen shows them all
# What a raw stream received with -s needs of a pool: zpool-features(7), `dmu_recv_begin_check`.
_NEEDED = ("feature@encryption", "feature@extensible_dataset", "feature@bookmark_v2")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a route. `id` is the finding's; `mend` says the way out.

    `side` is source, destination, link or route; `severity` is info, warning or problem. Only a
    problem stops a plan.
    """

    id: str
    side: str
    dataset: str
    summary: str
    mend: str
    severity: str = "problem"


def problems(comparison: Comparison) -> tuple[Problem, ...]:
    """What is wrong with this tree now, at most one entry a dataset; what forbids a send first."""
    root = comparison.source.root
    if not comparison.source.exists:
        return (
            Problem(
                "source-missing",
                "source",
                root,
                f"{root} does not exist on the source",
                "Check the name with `zfs list`.",
            ),
        )
    found = [
        problem
        for each in comparison.datasets.values()
        if each.source is not None and (problem := _problem(each, comparison)) is not None
    ]
    ours = [each.state for each in comparison.datasets.values() if each.source is not None]
    if not found and all(state in (State.EMPTY, State.LEFT_OUT) for state in ours):
        found.append(
            Problem(
                "no-new-snapshot",
                "source",
                root,
                f"the source has no snapshot to send{_of_the_route(comparison.scope)}",
                FED
                if comparison.source.locked
                else "Take one: n on the screen, or `zfs snapshot -r`.",
            )
        )
    return tuple(sorted(dict.fromkeys(found), key=lambda each: each.severity != "problem"))


def no_room(needed: int | None, available: int | None, where: str) -> Problem | None:
    """Whether a send of `needed` bytes does not fit into `available` at `where`; unknown fits."""
    if needed is None or available is None or needed <= available:
        return None
    return Problem(
        "space-low",
        "destination",
        where,
        f"{where} has {_size(available)} free, and about {_size(needed)} are to arrive",
        "Make room there first: `zfs list -o space` shows what holds it, reservations included, "
        f"and old snapshots that may go are in the prune list {PRUNE}. What arrives before the "
        "space ends is kept, but blocks the dataset until it is finished.",
    )


def ill_pool(side: str, pool: Pool) -> Problem | None:
    """What `zpool list` says of a pool's health, unless that is ONLINE (zpoolconcepts(7))."""
    if pool.health == "ONLINE":
        return None
    suspended = pool.health == "SUSPENDED"
    means = {
        "SUSPENDED": "Every command that touches it hangs.",
        "DEGRADED": "It works on with less redundancy.",
    }.get(pool.health, "It cannot be relied on.")
    return Problem(
        "pool-suspended" if suspended else "pool-degraded",
        side,
        pool.name,
        f"the pool {pool.name} of the {side} is {printable(pool.health)}",
        f"{means} `zpool status {pool.name}` there says why; so does the playbook {PLAYBOOK}.",
        "warning" if pool.health == "DEGRADED" else "problem",
    )


def missing_features(comparison: Comparison, features: Mapping[str, str]) -> Problem | None:
    """Which features the destination's pool lacks for a raw stream; None if nothing is known.

    `features` are `features.parse_features`'s. A feature that the pool does not name is lacking.
    """
    lacking = [name for name in _NEEDED if features.get(name) not in ("enabled", "active")]
    if not features or not lacking:
        return None
    inventory = comparison.destination
    pool = inventory.pool.name if inventory.pool else inventory.root.partition("/")[0]
    commands = ", ".join(f"`zpool set {name}=enabled {pool}`" for name in lacking)
    return Problem(
        "feature-missing",
        "destination",
        pool,
        f"the pool {pool} cannot take a raw stream: {', '.join(lacking)} not enabled",
        f"Enable what is missing there: {commands}. That cannot be undone, and ZFS without these "
        "features can then no longer open the pool.",
    )


def _size(count: int) -> str:
    return humanize.naturalsize(count, binary=True)


def _of_the_route(scope: Scope) -> str:
    if scope.all_snapshots:
        return ""
    return f": none whose name begins with {printable(scope.prefix)!r}, as the route's own do"


def _problem(each: DatasetComparison, comparison: Comparison) -> Problem | None:
    if each.state is State.LEFT_OUT:
        return None
    name = each.dataset.name
    if not each.dataset.encrypted:
        return Problem(
            "plaintext-in-scope",
            "source",
            name,
            f"{name} is not encrypted; -w would send it in the clear",
            "Leave it out of the route, or move its data into an encrypted dataset.",
        )
    match each.state:
        case State.PARTIAL:
            return _partial(each, comparison)
        case State.KEY_DIFFERS:
            return _key_differs(each)
        case State.NO_BASE:
            return _no_base(each, comparison.scope)
        case State.DIVERGED:
            return _diverged(each, comparison.scope)
        case State.MISSING:
            return _no_parent(each, comparison)
    return None


def _there(each: DatasetComparison) -> str:
    return each.destination.dataset.name if each.destination else ""


def _partial(each: DatasetComparison, comparison: Comparison) -> Problem | None:
    partial = examine(each, comparison)
    if partial is None:
        return None
    if partial.resumable:
        return Problem(
            "stale-token",
            "destination",
            partial.into,
            f"{partial.into} holds a partly received snapshot{_of_tool(partial)}, or is being "
            "received by somebody now",
            partial.mend,
            "warning",
        )
    return Problem(partial.finding, "destination", partial.into, partial.why, partial.mend)


def _of_tool(partial: Partial) -> str:
    tool = makers.of_snapshot(partial.target.name) if partial.target else ""
    return f" of {tool}'s" if tool else ""


def _key_differs(each: DatasetComparison) -> Problem:
    there = _there(each)
    why = "its master key is another one"
    if each.destination is not None and not each.destination.dataset.encrypted:
        why = "it is not encrypted"
    return Problem(
        "key-lineage-mismatch",
        "destination",
        there,
        f"{there} was not made from {each.dataset.name}: {why}",
        "It can never take this source's raw stream. Receive into a new name, verify, and only "
        "then decide about the old one.",
    )


def _diverged(each: DatasetComparison, scope: Scope) -> Problem:
    there, newer = _there(each), _named(each)
    ours = {entry.guid for entry in each.source.snapshots} if each.source else set[int]()
    if any(entry.guid in ours for entry in each.ahead):
        return Problem(
            "ivset-mismatch",
            "destination",
            there,
            f"{there} has {newer} with another IV set: a non-raw stream was received there",
            f"Every later raw increment is refused. Roll {there} back to the base, after "
            "looking at what that destroys (`zfs rollback` lists it), then send again.",
        )
    base = each.start.name if each.start else ""
    if _all_sent(each, scope):
        return Problem(
            "base-missing-on-source",
            "source",
            there,
            f"{there} stands at @{each.ahead[-1].name}, which {each.dataset.name} no longer has, "
            "neither as a snapshot nor as a bookmark",
            f"Receive in full into a new name. Or, if {newer} may go (it may be the only copy): "
            f"roll {there} back to @{base}, which both still have, and go on from there.",
        )
    return Problem(
        "destination-diverged",
        "destination",
        there,
        f"{there} has snapshots of its own after the base: {newer}",
        "A raw increment needs the base to be the newest there. Look at what they hold; "
        "destroy them on the destination as a step of its own, then plan again.",
    )


def _named(each: DatasetComparison) -> str:
    return words.few([f"@{entry.name}" for entry in each.ahead], _NAMED)


def _all_sent(each: DatasetComparison, scope: Scope) -> bool:
    """Whether what only the destination has bears the route's own names: it once came from here."""
    return bool(scope.prefix) and all(entry.name.startswith(scope.prefix) for entry in each.ahead)


def _no_base(each: DatasetComparison, scope: Scope) -> Problem:
    name, there = each.dataset.name, _there(each)
    if each.newest_shared is not None:
        return Problem(
            "ivset-mismatch",
            "destination",
            there,
            f"{there} shares snapshots with {name} by guid, but none with the same IV set",
            "It was received non-raw. Receive raw into a new name and verify that.",
        )
    if each.ahead and _all_sent(each, scope):
        return Problem(
            "base-missing-on-source",
            "source",
            there,
            f"{there} stands at @{each.ahead[-1].name}, which {name} no longer has, neither as a "
            "snapshot nor as a bookmark; nor has it any older one",
            f"Receive in full into a new name; {there} stays as it is until you decide. Holds and "
            "bookmarks on the source keep a base from now on.",
        )
    return Problem(
        "no-common-base",
        "route",
        there,
        f"{name} and {there} share no snapshot: an increment has nothing to start from",
        f"The base may be gone from the source. Receive in full into a new name; {there} stays as "
        "it is until you decide.",
    )


def _no_parent(each: DatasetComparison, comparison: Comparison) -> Problem | None:
    """Nothing can be received below a dataset that neither is there nor will be."""
    parent = comparison.datasets.get(each.below.rpartition("/")[0]) if each.below else None
    if parent is None or parent.destination is not None or parent.state is not State.EMPTY:
        return None
    name = parent.dataset.name
    return Problem(
        "no-new-snapshot",
        "source",
        name,
        f"{name} has no snapshot to send{_of_the_route(comparison.scope)}; without it nothing "
        "below can arrive",
        FED
        if comparison.source.locked
        else "Take one of the whole tree: n on the screen, or `zfs snapshot -r`.",
    )
