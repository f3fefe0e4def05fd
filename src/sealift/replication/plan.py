"""From a comparison to what is sent, from which base and in which order.

Pure. What every step's `send` carries is exactly what its chains say, so that what arrives can be
held against them. `obstacles` says what forbids a send; here it only stops the plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sealift.mentions import SNAPSHOT
from sealift.replication import clones
from sealift.replication.comparison import Comparison, DatasetComparison, State
from sealift.replication.obstacles import Problem, problems
from sealift.replication.resuming import Partial, examine
from sealift.zfs.commands import RawSend
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import join, printable

__all__ = ("Chain", "Plan", "Problem", "Step", "make_plan", "problems")


@dataclass(frozen=True, slots=True)
class Chain:
    """What one dataset of the source gives, and in which order it arrives.

    `dataset` is the source's name, `into` the destination's. `snapshots` arrive oldest first, the
    first of them as an increment from `start`: a snapshot, with `bookmark` a bookmark, or None for
    a full stream. A clone starts from `origin` (`dataset@snapshot`, on the source, with its guid).
    """

    dataset: str
    into: str
    snapshots: tuple[Snapshot, ...]
    start: Snapshot | None = None
    bookmark: bool = False
    origin: str | None = None
    origin_guid: int | None = None

    @property
    def target(self) -> Snapshot:
        """The snapshot that arrives last."""
        return self.snapshots[-1]


@dataclass(frozen=True, slots=True)
class Step:
    """One `zfs send` into one `zfs receive`. `why` is shown.

    `chains` are the datasets it carries, the tree's root first; more than one only with `-R`.
    `resumes` is the token that the destination holds of the first snapshot, checked against the
    source: the rest of that snapshot is sent before the others.
    """

    send: RawSend
    into: str
    chains: tuple[Chain, ...]
    why: str
    resumes: str | None = None

    @property
    def brings(self) -> frozenset[int]:
        """The guids of the snapshots that are to arrive."""
        return frozenset(each.guid for chain in self.chains for each in chain.snapshots)

    @property
    def snapshots(self) -> int:
        """How many snapshots are to arrive."""
        return len(self.brings)

    @property
    def full(self) -> bool:
        """Whether it sends everything rather than what changed since a base."""
        return self.send.base is None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in order; nothing is done as long as anything is `blocked`.

    `level` are datasets with nothing to send, `notes` are what the operator should know anyhow.
    `left_out` counts the newer snapshots of other tools, which do not travel.
    """

    steps: tuple[Step, ...]
    blocked: tuple[Problem, ...]
    level: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: int = 0

    @property
    def ready(self) -> bool:
        """Whether there is something to do and nothing that forbids it."""
        return bool(self.steps) and not self.blocked


def make_plan(comparison: Comparison) -> Plan:
    """Plan how the destination gets everything that the route carries.

    A tree whose datasets all stand alike goes as one `-R` package, which keeps the encryption
    hierarchy, unless that would carry what the route leaves out. Otherwise it goes dataset by
    dataset. A dataset that is new and arrives alone becomes its own encryption root until the next
    `-R` increment, which needs no key; where the tree has two snapshots to send, the last of them
    goes as such an increment. What was partly received is finished first.
    """
    carried = tuple(
        each
        for each in comparison.datasets.values()
        if each.source is not None and each.state is not State.LEFT_OUT
    )
    level = tuple(each.dataset.name for each in carried if each.state in _QUIET)
    left_out = sum(len(each.foreign) for each in carried)
    notes = _notes(comparison, carried, left_out)
    blocked = tuple(each for each in problems(comparison) if each.severity == "problem")
    if blocked:
        return Plan((), blocked, level, notes, left_out)
    to_send = tuple(each for each in carried if each.state is not State.EMPTY)
    package = _package(comparison, to_send)
    if package is not None:
        steps = (*_closed(package, to_send), *_after(package, to_send))
        return Plan(steps, (), level, notes, left_out)
    steps, more = _by_dataset(comparison, to_send)
    return Plan(steps, (), level, (*notes, *more), left_out)


_QUIET = (State.LEVEL, State.EMPTY)


def _notes(
    comparison: Comparison, carried: tuple[DatasetComparison, ...], left_out: int
) -> tuple[str, ...]:
    notes = [
        f"{each.dataset.name} is gone from the source; it is left alone"
        for each in comparison.datasets.values()
        if each.state is State.EXTRA
    ]
    aside = [
        each.dataset.name
        for each in comparison.datasets.values()
        if each.state is State.LEFT_OUT and each.source is not None
    ]
    if aside:
        notes.append(f"left out by the route: {', '.join(aside)}")
    if left_out:
        notes.append(
            f"not sent: newer snapshots whose names do not begin with "
            f"{printable(comparison.scope.prefix)!r}, {left_out} in all; --all-snapshots sends them"
        )
    notes += [
        f"{each.dataset.name} has no snapshot of the route's own: nothing of it travels"
        for each in carried
        if each.state is State.EMPTY and each.foreign
    ]
    return tuple(notes)


# --- the whole tree as one stream


def _package(comparison: Comparison, datasets: tuple[DatasetComparison, ...]) -> Step | None:
    """The whole tree as one stream, if every dataset can start at the same base."""
    target = _common_target(datasets)
    if target is None or comparison.scope.per_dataset:
        return None
    if all(each.state is State.MISSING for each in datasets):
        why = "a seed of the whole tree; the encryption hierarchy is kept"
        base = None
    else:
        why = "every dataset has the same base; the encryption hierarchy is kept"
        if any(each.state is not State.BEHIND or each.base_bookmark for each in datasets):
            return None
        bases = {each.base.name for each in datasets if each.base}
        if len(bases) != 1:
            return None
        (base,) = bases
    chains = tuple(_packed(each, comparison, target) for each in datasets)
    if not _can_be_one_stream(comparison, datasets, chains):
        return None
    send = RawSend(comparison.source.root, target, base, replicate=True)
    return Step(send, comparison.destination.root, chains, why)


def _closed(package: Step, datasets: tuple[DatasetComparison, ...]) -> tuple[Step, ...]:
    """A seed in two: all but the last snapshot of the tree, and that one as an increment.

    A package that is cut is mended dataset by dataset, and each is then its own encryption root;
    the increment puts that right without a key, whatever happened before it.
    """
    pairs = {tuple(each.name for each in chain.snapshots[-2:]) for chain in package.chains}
    inherits = any(
        each.below and each.dataset.encryption_root != each.dataset.name for each in datasets
    )
    pair = next(iter(pairs))
    if package.send.base is not None or not inherits or len(pairs) > 1 or len(pair) < 2:  # noqa: PLR2004
        return (package,)
    before, last = pair
    root, into = package.send.dataset, package.into
    seed = tuple(replace(chain, snapshots=chain.snapshots[:-1]) for chain in package.chains)
    rest = tuple(
        Chain(chain.dataset, chain.into, chain.snapshots[-1:], chain.snapshots[-2])
        for chain in package.chains
    )
    why = "an increment of the whole tree: it has one encryption hierarchy there, whatever happened"
    return (
        Step(RawSend(root, before, replicate=True), into, seed, package.why),
        Step(RawSend(root, last, before, replicate=True), into, rest, why),
    )


def _packed(each: DatasetComparison, comparison: Comparison, target: str) -> Chain:
    into = join(comparison.destination.root, each.below)
    names = [snapshot.name for snapshot in each.behind]
    origin = each.dataset.origin if each.state is State.MISSING else None
    snapshots = each.behind[: names.index(target) + 1]
    guid = _guid(origin, comparison)
    return Chain(each.dataset.name, into, snapshots, each.base, origin=origin, origin_guid=guid)


def _guid(origin: str | None, comparison: Comparison) -> int | None:
    """The guid of what a clone starts from; None if that is not in the tree."""
    found = comparison.snapshot(origin) if origin is not None else None
    return found.guid if found is not None else None


def _common_target(datasets: tuple[DatasetComparison, ...]) -> str | None:
    """The newest snapshot name that the root and every other dataset still has to send."""
    if not datasets or datasets[0].below:
        return None
    shared = set.intersection(*({s.name for s in each.behind} for each in datasets))
    return next((s.name for s in reversed(datasets[0].behind) if s.name in shared), None)


def _can_be_one_stream(
    comparison: Comparison, datasets: tuple[DatasetComparison, ...], chains: tuple[Chain, ...]
) -> bool:
    """Whether `-R` from the chains' starts to their targets carries the chains and nothing else."""
    # Also without anything that is left out now: it may be made before the stream starts.
    if comparison.scope.exclude or clones.tangled(comparison):
        return False
    for each, chain in zip(datasets, chains, strict=True):
        after = chain.start.createtxg if chain.start else 0
        if any(after < other.createtxg < chain.target.createtxg for other in each.foreign):
            return False
    arriving = {f"{chain.dataset}@{each.name}" for chain in chains for each in chain.snapshots}
    if any(chain.origin is not None and chain.origin not in arriving for chain in chains):
        return False
    # A dataset without the target stops `-R`, unless it was made later; then it is passed over,
    # with all below it (`send_iterate_fs` in libzfs_sendrecv.c).
    last = chains[0].target.createtxg
    empty = [each for each in comparison.datasets.values() if each.state is State.EMPTY]
    return all(
        each.dataset.createtxg > last
        and not any(chain.dataset.startswith(each.dataset.name + "/") for chain in chains)
        for each in empty
        if each.source is not None
    )


def _after(package: Step, datasets: tuple[DatasetComparison, ...]) -> Iterator[Step]:
    """What single datasets have beyond the newest snapshot that the whole tree has."""
    for each, chain in zip(datasets, package.chains, strict=True):
        rest = each.behind[len(chain.snapshots) :]
        yield from _runs(each, chain.into, chain.target, rest, "newer than what all others have")


# --- dataset by dataset


@dataclass(frozen=True, slots=True)
class _Course:
    """How one dataset goes alone: `snapshots` arrive, the first of them as `first` says."""

    each: DatasetComparison
    into: str
    snapshots: tuple[Snapshot, ...]
    partial: Partial | None
    new: bool

    @property
    def inherits(self) -> bool:
        """Whether it is unlocked on the source by a dataset above it."""
        dataset = self.each.dataset
        return bool(self.each.below) and dataset.encryption_root != dataset.name


def _course(each: DatasetComparison, comparison: Comparison) -> _Course:
    into = join(comparison.destination.root, each.below)
    partial = examine(each, comparison) if each.state is State.PARTIAL else None
    new = each.state is State.MISSING or (partial is not None and partial.new)
    if partial is None or partial.target is None:
        return _Course(each, into, each.behind, None, new)
    target = partial.target
    later = tuple(entry for entry in each.behind if entry.createtxg > target.createtxg)
    return _Course(each, into, (target, *later), partial, new)


def _by_dataset(
    comparison: Comparison, datasets: tuple[DatasetComparison, ...]
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Every dataset on its own, parents before children and origins before their clones."""
    courses = {each.below: _course(each, comparison) for each in datasets}
    notes = list(_passed_over(courses))
    closing = _closing(comparison, courses)
    if closing is not None:
        courses = {
            below: replace(course, snapshots=course.snapshots[:-1])
            for below, course in courses.items()
        }
    arriving = {below: course.snapshots for below, course in courses.items()}
    origins, more = clones.origins(comparison, arriving)
    reason = _reason(comparison, datasets)
    steps: list[Step] = []
    for below in clones.order(courses, origins):
        origin = origins[below].snapshot if below in origins else None
        for step in _alone(courses[below], origin, reason):
            chains = tuple(
                replace(chain, origin_guid=_guid(chain.origin, comparison)) for chain in step.chains
            )
            steps.append(replace(step, chains=chains))
    notes += more
    if closing is not None:
        steps.append(closing)
        return tuple(steps), tuple(notes)
    if len(courses) > 1 and any(course.new and course.inherits for course in courses.values()):
        notes.append(_own_roots(comparison))
    return tuple(steps), tuple(notes)


def _closing(comparison: Comparison, courses: Mapping[str, _Course]) -> Step | None:
    """An increment of the whole tree at the end, which puts its encryption hierarchy right.

    Possible if everything to send ends with the same two snapshots; only wanted if something new
    arrives alone that is not its own encryption root on the source.
    """
    if "" not in courses or not any(each.new and each.inherits for each in courses.values()):
        return None
    chains: list[Chain] = []
    for course in courses.values():
        *_, before, last = (None, None, *_standing(course), *course.snapshots)
        if before is None or last is None or not course.snapshots:
            return None
        chains.append(Chain(course.each.dataset.name, course.into, (last,), before))
    targets = {(each.start.name if each.start else "", each.target.name) for each in chains}
    datasets = tuple(course.each for course in courses.values())
    if len(targets) != 1 or not _can_be_one_stream(comparison, datasets, tuple(chains)):
        return None
    ((base, target),) = targets
    why = "an increment of the whole tree, so that it has one encryption hierarchy there, too"
    send = RawSend(comparison.source.root, target, base, replicate=True)
    return Step(send, comparison.destination.root, tuple(chains), why)


def _standing(course: _Course) -> tuple[Snapshot, ...]:
    """The snapshot that the destination stands at, if the source still has it as one."""
    each = course.each
    known = each.base is not None and each.base_bookmark is None and course.partial is None
    return (each.base,) if known and each.base is not None else ()


def _own_roots(comparison: Comparison) -> str:
    new = "each new dataset below the top becomes its own encryption root there"
    if comparison.scope.exclude:
        return (
            f"{new} and stays one: a tree of which something is left out never goes as one stream"
        )
    return (
        f"{new}, as sealed as the others but unlocked apart from them, until the next increment "
        f"of the whole tree; a second snapshot of the tree taken first {SNAPSHOT} lets this job "
        "put that right itself"
    )


def _passed_over(courses: Mapping[str, _Course]) -> Iterator[str]:
    """What can never arrive because the receive under way began behind it."""
    for course in courses.values():
        if course.partial is None:
            continue
        first = course.snapshots[0]
        lost = [entry for entry in course.each.behind if entry.createtxg < first.createtxg]
        if lost:
            names = f"@{lost[0].name}" + (f" to @{lost[-1].name}" if len(lost) > 1 else "")
            yield (
                f"passed over: {names} of {course.each.dataset.name}; what was interrupted is "
                f"@{first.name}, and nothing older can follow it"
            )


def _reason(comparison: Comparison, datasets: tuple[DatasetComparison, ...]) -> str:
    """Why it goes dataset by dataset."""
    if comparison.scope.per_dataset:
        return "the route sends dataset by dataset"
    if comparison.scope.exclude:
        return "the route leaves datasets out, so nothing goes as a whole tree"
    if any(
        each.behind and each.foreign and each.foreign[0].createtxg < each.behind[-1].createtxg
        for each in datasets
    ):
        return "a whole tree would carry other tools' snapshots"
    return "the tree is at mixed snapshots"


def _alone(course: _Course, origin: str | None, reason: str) -> Iterator[Step]:
    """The sends that bring one dataset up to date: its first missing snapshot, then the rest."""
    each, partial = course.each, course.partial
    if not course.snapshots:
        return
    start, bookmark, text = each.start, each.base_bookmark is not None, None
    why = reason
    if partial is not None:
        start, bookmark, origin, text = (
            partial.start,
            partial.bookmark,
            partial.origin,
            partial.text,
        )
        why = "finishes what was interrupted"
    elif origin is not None:
        why = f"a clone of {origin}, which is there by then"
    elif course.new:
        why = "new there"
        if course.inherits:
            why += "; it is its own encryption root until the next increment of the tree"
    elif bookmark:
        why = "of its base the source has only a bookmark left"
    if origin is not None:
        start = None
    if start is not None and not bookmark:
        for step in _runs(each, course.into, start, course.snapshots, why):
            yield replace(step, resumes=text) if text else step
            why, text = reason, None
        return
    name, (head, *rest) = each.dataset.name, course.snapshots
    base = start.name if start else None
    send = RawSend(name, head.name, base, bookmark=bookmark, origin=origin)
    chain = Chain(name, course.into, (head,), start, bookmark, origin)
    yield Step(send, course.into, (chain,), why, text)
    yield from _runs(each, course.into, head, tuple(rest), reason)


def _runs(
    each: DatasetComparison, into: str, start: Snapshot, rest: tuple[Snapshot, ...], why: str
) -> Iterator[Step]:
    """Increments from `start` on that carry `rest` and nothing that lies between."""
    wanted = {entry.guid for entry in rest}
    run: list[Snapshot] = []
    gap = False
    for entry in each.source.snapshots if each.source and rest else ():
        if not start.createtxg < entry.createtxg <= rest[-1].createtxg:
            continue
        if entry.guid not in wanted:
            gap = True
            continue
        if gap and run:
            yield _increment(each, into, start, tuple(run), why)
            start, run = run[-1], []
        if gap:
            yield _increment(each, into, start, (entry,), why, intermediate=False)
            start, gap = entry, False
        else:
            run.append(entry)
    if run:
        yield _increment(each, into, start, tuple(run), why)


def _increment(
    each: DatasetComparison,
    into: str,
    start: Snapshot,
    snapshots: tuple[Snapshot, ...],
    why: str,
    *,
    intermediate: bool = True,
) -> Step:
    name = each.dataset.name
    send = RawSend(name, snapshots[-1].name, start.name, intermediate=intermediate)
    return Step(send, into, (Chain(name, into, snapshots, start),), why)
