"""From a comparison to what is sent, from which base, in which order, and what stands in the way.

Pure. The rules are those of the kernel: a raw increment needs a base that both sides share by guid
and IV set, and that base must be the destination's newest snapshot; a dataset with a resume token
takes nothing else; `-w` of an unencrypted dataset travels in the clear (zfs-send(8), dmu_recv.c).
"""

from __future__ import annotations

from dataclasses import dataclass

from sealift.replication.comparison import Comparison, DatasetComparison, State
from sealift.zfs.commands import RawSend
from sealift.zfs.names import join


@dataclass(frozen=True, slots=True)
class Step:
    """One `zfs send` into one `zfs receive`. `why` is shown.

    `brings` are the guids of the snapshots that are to arrive, in no order.
    """

    send: RawSend
    into: str
    brings: frozenset[int]
    why: str

    @property
    def snapshots(self) -> int:
        """How many snapshots are to arrive."""
        return len(self.brings)

    @property
    def full(self) -> bool:
        """Whether it sends everything rather than what changed since a base."""
        return self.send.base is None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a route. `id` is the finding's; `mend` says the way out.

    `side` is source, destination, link or route; `severity` is info, warning or problem.
    """

    id: str
    side: str
    dataset: str
    summary: str
    mend: str
    severity: str = "problem"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in order; nothing is done as long as anything is `blocked`.

    `level` are datasets with nothing to send, `notes` are what the operator should know anyhow.
    """

    steps: tuple[Step, ...]
    blocked: tuple[Problem, ...]
    level: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether there is something to do and nothing that forbids it."""
        return bool(self.steps) and not self.blocked


def make_plan(comparison: Comparison) -> Plan:
    """Plan how the destination gets everything that the source's snapshots hold.

    A tree whose datasets all stand alike goes as one `-R` package, which keeps the encryption
    hierarchy. A tree at mixed snapshots goes dataset by dataset; a dataset that arrives alone
    becomes its own encryption root until the next `-R` increment, which needs no key either.
    """
    datasets = tuple(each for each in comparison.datasets.values() if each.source is not None)
    level = tuple(each.dataset.name for each in datasets if each.state in _QUIET)
    notes = tuple(
        f"{each.dataset.name} is gone from the source; it is left alone"
        for each in comparison.datasets.values()
        if each.state is State.EXTRA
    )
    blocked = problems(comparison)
    if blocked:
        return Plan((), blocked, level, notes)
    to_send = tuple(each for each in datasets if each.state is not State.EMPTY)
    steps = _package(comparison, to_send) or tuple(
        step for each in to_send for step in _alone(each, comparison)
    )
    return Plan(steps, (), level, notes)


_QUIET = (State.LEVEL, State.EMPTY)


def _package(comparison: Comparison, datasets: tuple[DatasetComparison, ...]) -> tuple[Step, ...]:
    """The whole tree as one stream, if every dataset can start at the same base."""
    target = _common_target(datasets)
    if target is None:
        return ()
    root, into = comparison.source.root, comparison.destination.root
    if all(each.state is State.MISSING for each in datasets):
        why = "a seed of the whole tree; the encryption hierarchy is kept"
        send = RawSend(root, target, replicate=True)
        return (Step(send, into, _brought(datasets, target), why),)
    bases = {each.base.name if each.base and not each.base_bookmark else "" for each in datasets}
    if {each.state for each in datasets} != {State.BEHIND} or len(bases) != 1 or "" in bases:
        return ()
    why = "every dataset has the same base; the encryption hierarchy is kept"
    send = RawSend(root, target, bases.pop(), replicate=True)
    return (Step(send, into, _brought(datasets, target), why),)


def _common_target(datasets: tuple[DatasetComparison, ...]) -> str | None:
    """The newest snapshot name that every dataset still has to send."""
    if not datasets:
        return None
    shared = set.intersection(*({s.name for s in each.behind} for each in datasets))
    return next((s.name for s in reversed(datasets[0].behind) if s.name in shared), None)


def _brought(datasets: tuple[DatasetComparison, ...], target: str) -> frozenset[int]:
    guids: set[int] = set()
    for each in datasets:
        names = [snapshot.name for snapshot in each.behind]
        guids |= {snapshot.guid for snapshot in each.behind[: names.index(target) + 1]}
    return frozenset(guids)


def _alone(dataset: DatasetComparison, comparison: Comparison) -> tuple[Step, ...]:
    """The sends that bring one dataset up to date: its first missing snapshot, then the rest."""
    into = join(comparison.destination.root, dataset.below)
    behind, mark = dataset.behind, dataset.base_bookmark
    if not behind:
        return ()
    name, last = dataset.dataset.name, behind[-1]
    first: tuple[Step, ...] = ()
    base, rest = dataset.base, behind
    if dataset.state is State.MISSING or mark is not None:
        why = "new there; it is its own encryption root until the next increment of the tree"
        if mark is not None:
            why = "of its base the source has only a bookmark left"
        start = mark.name if mark else None
        send = RawSend(name, behind[0].name, start, bookmark=mark is not None)
        first = (Step(send, into, frozenset({behind[0].guid}), why),)
        base, rest = behind[0], behind[1:]
    if not rest or base is None:
        return first
    send = RawSend(name, last.name, base.name)
    brings = frozenset(snapshot.guid for snapshot in rest)
    return (*first, Step(send, into, brings, "the tree is at mixed snapshots"))


def problems(comparison: Comparison) -> tuple[Problem, ...]:
    """What forbids a raw send of this tree now, one entry a dataset, each with its way out."""
    if not comparison.source.exists:
        return (
            Problem(
                "source-missing",
                "source",
                comparison.source.root,
                f"{comparison.source.root} does not exist on the source",
                "Check the name with `zfs list`.",
            ),
        )
    found = [
        problem
        for each in comparison.datasets.values()
        if each.source is not None and (problem := _problem(each)) is not None
    ]
    if not found and comparison.datasets[""].state is State.EMPTY:
        found.append(
            Problem(
                "no-new-snapshot",
                "source",
                comparison.source.root,
                "the source has no snapshot to send",
                "Take one: n on the screen, or `zfs snapshot -r`.",
            )
        )
    return tuple(found)


def _problem(each: DatasetComparison) -> Problem | None:
    name = each.dataset.name
    there = each.destination.dataset.name if each.destination else ""
    if not each.dataset.encrypted:
        return Problem(
            "plaintext-in-scope",
            "source",
            name,
            f"{name} is not encrypted; -w would send it in the clear",
            "Leave it out of the route, or move its data into an encrypted dataset.",
        )
    if each.state is State.PARTIAL:
        return Problem(
            "stale-token",
            "destination",
            there,
            f"{there} holds a partly received snapshot, or is being received by somebody now",
            f"First look whether a `zfs receive` of it still runs there (`pgrep -fl zfs`): if so, "
            "leave it alone. Otherwise it takes nothing else until that snapshot is finished: "
            f"resume with `zfs send -w -t TOKEN` into exactly {there} (its property "
            f"receive_resume_token), or drop what arrived with `zfs receive -A {there}`, which "
            "destroys a dataset that was new.",
        )
    if each.state is State.KEY_DIFFERS:
        return Problem(
            "key-lineage-mismatch",
            "destination",
            there,
            f"{there} was not made from {name}: its master key is another one",
            "It can never take this source's raw stream. Receive into a new name, verify, and only "
            "then decide about the old one.",
        )
    if each.state is State.NO_BASE:
        return _no_base(each, name, there)
    if each.state is State.DIVERGED:
        newer = ", ".join(f"@{snapshot.name}" for snapshot in each.ahead[:5])
        if any(pair.source and pair.destination in each.ahead for pair in each.pairs):
            return Problem(
                "ivset-mismatch",
                "destination",
                there,
                f"{there} has {newer} with another IV set: a non-raw stream was received there",
                f"Every later raw increment is refused. Roll {there} back to the base, after "
                "looking at what that destroys (`zfs rollback` lists it), then send again.",
            )
        return Problem(
            "destination-diverged",
            "destination",
            there,
            f"{there} has snapshots of its own after the base: {newer}",
            "A raw increment needs the base to be the newest there. Look at what they hold; "
            "destroy them on the destination as a step of its own, then plan again.",
        )
    return None


def _no_base(each: DatasetComparison, name: str, there: str) -> Problem:
    if each.newest_shared is not None:
        return Problem(
            "ivset-mismatch",
            "destination",
            there,
            f"{there} shares snapshots with {name} by guid, but none with the same IV set",
            "It was received non-raw. Receive raw into a new name and verify that.",
        )
    return Problem(
        "no-common-base",
        "route",
        there,
        f"{name} and {there} share no snapshot: an increment has nothing to start from",
        f"The base may be gone from the source. Receive in full into a new name; {there} stays as "
        "it is until you decide.",
    )
