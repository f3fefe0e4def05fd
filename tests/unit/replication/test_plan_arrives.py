"""Whatever the trees are, a plan carried out step by step brings what it says, as ZFS takes it.

The little ZFS below sends and receives lists of guids, and refuses what the real one refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sealift.replication.comparison import Comparison, State, compare
from sealift.replication.inventory import Held, Inventory
from sealift.replication.plan import Chain, Step, make_plan
from sealift.replication.resuming import examine
from sealift.routes import Scope
from sealift.zfs.commands import RawSend
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import join
from tests.factories import dataset, held, inventory, resume_token, snapshot

NAMES = ("", "a", "a/b", "a/b/c", "d", "e")
SLOTS = range(1, 8)

# A stream of one dataset: what it starts from (a guid, or None in full), and the guids it brings.
Stream = tuple[int | None, list[int]]


def sent(send: RawSend, source: Inventory) -> dict[str, Stream]:
    """What `zfs send` puts into the stream, by the source's dataset."""
    by_name = {each.dataset.name: each for each in source.datasets.values()}
    if not send.replicate:
        return {send.dataset: one(send, by_name[send.dataset], by_name)}
    streams: dict[str, Stream] = {}
    txg = named(by_name[send.dataset].snapshots, send.target).createtxg
    skipped: list[str] = []
    for name, each in by_name.items():
        if any(name.startswith(above + "/") for above in skipped):
            continue
        if all(entry.name != send.target for entry in each.snapshots):
            assert each.dataset.createtxg > txg, f"snapshot {name}@{send.target} does not exist"
            skipped.append(name)
            continue
        streams[name] = package_part(send, each, by_name)
    return streams


def package_part(send: RawSend, each: Held, by_name: dict[str, Held]) -> Stream:
    guids = [entry.guid for entry in each.snapshots]
    last = guids.index(named(each.snapshots, send.target).guid)
    if send.base is not None:
        start = named(each.snapshots, send.base).guid
        return start, guids[guids.index(start) + 1 : last + 1]
    origin = each.dataset.origin
    return (guid_of(origin, by_name) if origin else None), guids[: last + 1]


def one(send: RawSend, each: Held, by_name: dict[str, Held]) -> Stream:
    guids = [entry.guid for entry in each.snapshots]
    target = named(each.snapshots, send.target).guid
    if send.origin is not None:
        assert send.origin == each.dataset.origin
        return guid_of(send.origin, by_name), [target]
    if send.base is None:
        return None, [target]
    start = named(each.bookmarks if send.bookmark else each.snapshots, send.base)
    assert start.createtxg < named(each.snapshots, send.target).createtxg
    if send.bookmark or not send.intermediate:
        return start.guid, [target]
    return start.guid, guids[guids.index(start.guid) + 1 : guids.index(target) + 1]


def named(entries: tuple[Snapshot, ...], name: str) -> Snapshot:
    return next(entry for entry in entries if entry.name == name)


def guid_of(snapshot_name: str, by_name: dict[str, Held]) -> int:
    owner, _, short = snapshot_name.partition("@")
    return named(by_name[owner].snapshots, short).guid


@dataclass
class Pool:
    """The destination: the guids of each dataset, and what was partly received."""

    datasets: dict[str, list[int]]
    partial: dict[str, Stream] = field(default_factory=dict)

    def receive(self, into: str, stream: Stream, root: str) -> None:
        start, brought = stream
        assert into not in self.partial, f"{into} contains partially-complete state"
        assert brought
        known = {guid for guids in self.datasets.values() for guid in guids}
        if into in self.datasets:
            assert self.datasets[into], f"destination {into} exists"
            assert start == self.datasets[into][-1], f"newest of {into} is not the source's base"
        else:
            assert start is None or start in known, f"local origin for {into} does not exist"
            above = into.rpartition("/")[0]
            assert into == root or above in self.datasets, f"{above} does not exist"
        assert not known & set(brought), "sent twice"
        self.datasets.setdefault(into, []).extend(brought)

    def finish(self, chain: Chain, token: str | None) -> None:
        """The resumed stream: exactly what is partly there already."""
        start, brought = self.partial.pop(chain.into)
        expected = chain.start.guid if chain.start else None
        assert brought == [chain.snapshots[0].guid]
        assert token is not None
        assert chain.origin is not None or start == expected
        self.datasets[chain.into] += brought


def as_chain(chain: Chain, source: Inventory) -> Stream:
    """What a chain says its stream is."""
    by_name = {each.dataset.name: each for each in source.datasets.values()}
    start = chain.start.guid if chain.start else None
    if chain.origin is not None:
        assert start is None
        start = guid_of(chain.origin, by_name)
    return start, [entry.guid for entry in chain.snapshots]


def carry_out(steps: tuple[Step, ...], comparison: Comparison, pool: Pool) -> None:
    root = comparison.destination.root
    for step in steps:
        assert step.send.argv("-vP")[:3] == ("zfs", "send", "-w")
        streams = sent(step.send, comparison.source)
        assert streams == {each.dataset: as_chain(each, comparison.source) for each in step.chains}
        for chain in ready_first(step.chains):
            stream = streams[chain.dataset]
            if step.resumes is not None:
                pool.finish(chain, step.resumes)
                stream = (chain.snapshots[0].guid, stream[1][1:])
                if not stream[1]:
                    continue
            pool.receive(chain.into, stream, root)


def ready_first(chains: tuple[Chain, ...]) -> Iterator[Chain]:
    """A package's datasets as `zfs send -R` orders them: parents and origins first."""
    waiting = list(chains)
    while waiting:
        names = {each.dataset for each in waiting}
        ready = [
            each
            for each in waiting
            if each.dataset.rpartition("/")[0] not in names
            and (each.origin or "").partition("@")[0] not in names
        ]
        assert ready, "the package never ends"
        yield from ready
        waiting = [each for each in waiting if each not in ready]


# --- trees at random


def named_at(slot: int, own: frozenset[int]) -> str:
    return f"{'rep' if slot in own else 'auto'}-{slot}"


@st.composite
def worlds(draw: st.DrawFn) -> Comparison:
    """Two trees of one lineage, however far apart, and what the route carries of them."""
    own = draw(st.frozensets(st.sampled_from(SLOTS), min_size=1))
    taken = draw(st.sets(st.sampled_from(NAMES)))
    names = [n for n in NAMES if n in taken | {""}]
    names = [n for n in names if not n or n.rpartition("/")[0] in {"", *names}]
    names = [n for n in names if all(above in names for above in parents(n))]
    slots = {n: sorted(draw(st.sets(st.sampled_from(SLOTS)))) for n in names}
    if draw(st.booleans()):
        common = sorted(draw(st.sets(st.sampled_from(SLOTS), min_size=2)))
        slots = dict.fromkeys(names, common)
    made = {n: {k: entry(n, k, own) for k in slots[n]} for n in names}
    ours: dict[str, Held] = {}
    theirs: dict[str, Held] = {}
    for name in names:
        arrived = draw(arrivals(slots[name])) if draw(st.booleans()) else None
        if any(above not in theirs for above in parents(name)):
            arrived = None
        origin = draw(st.none() | st.sampled_from(origins(made, name)))
        gone = draw(st.sampled_from([*arrived, 0])) if arrived else 0
        born = draw(st.sampled_from([0, 9]))
        what = replace(
            dataset(
                join("tank/prod", name),
                key=1000 + NAMES.index(name),
                root=draw(st.sampled_from(["tank/prod", join("tank/prod", name)])),
                origin=origin if arrived is None else None,
            ),
            createtxg=born if not slots[name] else 0,
        )
        marks = (replace(made[name][gone], bookmark=True),) if gone else ()
        kept = [made[name][k] for k in slots[name] if k != gone]
        ours[name] = held(what, *kept, bookmarks=marks)
        token = draw(st.none() | partly(made[name], arrived)) if arrived is not None else None
        if arrived is not None and (arrived or token):
            there = dataset(join("backup/prod", name), key=1000 + NAMES.index(name), token=token)
            theirs[name] = held(there, *(made[name][k] for k in arrived))
    scope = Scope(
        "rep-",
        all_snapshots=draw(st.booleans()),
        exclude=draw(st.sampled_from([frozenset[str](), frozenset({"a/b"}), frozenset({"d"})])),
        per_dataset=draw(st.booleans()),
    )
    return compare(tree("tank/prod", ours), tree("backup/prod", theirs), scope)


def parents(name: str) -> Iterator[str]:
    while name:
        name = name.rpartition("/")[0]
        yield name


def entry(name: str, slot: int, own: frozenset[int]) -> Snapshot:
    return snapshot(named_at(slot, own), 10_000 * NAMES.index(name) + slot)


def arrivals(slots: list[int]) -> st.SearchStrategy[list[int]]:
    """What the destination has of these: any of them up to some moment."""
    return st.sets(st.sampled_from(slots)).map(sorted) if slots else st.just(list[int]())


def origins(made: dict[str, dict[int, Snapshot]], name: str) -> list[str]:
    """Every snapshot of another dataset that is older than all of this one's, and one outside."""
    first = min(made[name], default=0)
    inside = [
        f"{join('tank/prod', other)}@{entry.name}"
        for other, entries in made.items()
        for slot, entry in entries.items()
        if other != name and slot < first
    ]
    return [*inside, "tank/elsewhere@x"]


def partly(made: dict[int, Snapshot], arrived: list[int]) -> st.SearchStrategy[str]:
    """A token for a snapshot that is newer than what arrived."""
    last = arrived[-1] if arrived else 0
    start = made[last] if arrived else None
    newer = [entry for slot, entry in made.items() if slot > last]
    if not newer:
        return st.just("1-a-b-c")
    return st.sampled_from(newer).map(lambda entry: resume_token(entry, start))


def tree(root: str, entries: dict[str, Held]) -> Inventory:
    return inventory(root, **{name or "top": each for name, each in entries.items()})


def pool_of(comparison: Comparison) -> Pool:
    pool = Pool({})
    for name, each in comparison.destination.datasets.items():
        into = join("backup/prod", name)
        pool.datasets[into] = [entry.guid for entry in each.snapshots]
        partial = examine(comparison.datasets[name], comparison)
        if partial is not None:
            token = partial.token
            pool.partial[into] = (
                (token.from_guid, [token.to_guid]) if token is not None else (None, [])
            )
    return pool


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_every_step_starts_where_the_destination_stands_and_brings_what_it_says(
    comparison: Comparison,
) -> None:
    carry_out(make_plan(comparison).steps, comparison, pool_of(comparison))


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_a_plan_is_complete_and_brings_nothing_but_the_routes_own(comparison: Comparison) -> None:
    plan = make_plan(comparison)
    if plan.blocked:
        assert plan.steps == ()
        return
    chains = [chain for step in plan.steps for chain in step.chains]
    for name, each in comparison.datasets.items():
        brought = [
            entry
            for chain in chains
            if chain.dataset == join("tank/prod", name)
            for entry in chain.snapshots
        ]
        partial = examine(each, comparison)
        if each.source is None or each.state is State.LEFT_OUT:
            assert brought == []
        elif partial is not None and partial.target is not None:
            first = partial.target
            later = [entry for entry in each.behind if entry.createtxg > first.createtxg]
            assert brought == [first, *later]
        else:
            assert tuple(brought) == each.behind


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_a_package_never_carries_what_the_route_leaves_out(comparison: Comparison) -> None:
    scope = comparison.scope
    foreign = {
        entry.guid
        for each in comparison.source.datasets.values()
        for entry in each.snapshots
        if not scope.own(entry.name)
    }
    for step in make_plan(comparison).steps:
        if step.send.replicate:
            assert not scope.exclude
            carried = sent(step.send, comparison.source)
            assert not foreign & {guid for _, guids in carried.values() for guid in guids}
