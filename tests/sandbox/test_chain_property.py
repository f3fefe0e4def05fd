"""Whatever happens to two hosts, in whatever order, the chain of a route holds.

Sealift's planner, anchors, pruning and rollback, and the command lines of its jobs, on the demo's
world (`tests/contract/carrying.py`). Run it long with
`SEALIFT_CHAIN_EXAMPLES=2000 .venv/bin/pytest --timeout 0 tests/sandbox/test_chain_property.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sealift.replication.anchors import unheld
from sealift.replication.comparison import Comparison, Presence, State
from sealift.replication.divergence import divergence, rollback_command
from sealift.replication.plan import make_plan
from sealift.replication.pruning import by_dataset, prune_list
from sealift.replication.resuming import partials
from sealift.routes import Location, Role, Route
from sealift.zfs import commands
from sealift.zfs.holds import carrying
from tests.contract.carrying import HOSTS, Carrier, Cut, FailedError, KilledError
from tests.contract.inline import Inline

_LONG = int(os.environ.get("SEALIFT_CHAIN_EXAMPLES", "0"))
_CREATE = ("zfs", "create", "-o", "encryption=on", "-o", "keyformat=passphrase", "tank/t")
_KIB = 1 << 10
_CHILDREN = ("a", "a/b", "c", "left")
_OTHERS, _LOCAL, _TAG = "auto", "local", "another"
# What a plan may be blocked by here, each for a reason that a rule below gives it.
_BLOCKED = {"destination-diverged", "no-new-snapshot"}

names = st.sampled_from(("", *_CHILDREN))
sides = st.sampled_from(("source", "destination"))
_cut = st.builds(Cut, st.integers(0, 3000 * _KIB), st.booleans(), st.booleans())
cuts = st.lists(_cut, max_size=3)
picks = st.integers(0, 30)
sizes = st.integers(0, 2000)  # KiB


class Chain(RuleBasedStateMachine):
    """Two hosts, a route between them, and people and programs who work on both."""

    @initialize(
        all_snapshots=st.booleans(),
        per_dataset=st.booleans(),
        leaves_out=st.booleans(),
        children=st.sampled_from((0, 1, 3, 4)),
        sent=st.booleans(),
    )
    def a_route(
        self, children: int, *, all_snapshots: bool, per_dataset: bool, leaves_out: bool, sent: bool
    ) -> None:
        self.carrier = Carrier(
            Route(
                Location("root", "nas1", "tank/t"),
                Location("root", "dr1", "backup/t"),
                all_snapshots=all_snapshots,
                per_dataset=per_dataset,
                exclude=frozenset({"left"}) if leaves_out else frozenset(),
            )
        )
        self.count = 0
        self.running: Iterator[None] | None = None
        self.to_hold = 0  # commands of the job that runs, before its first byte
        self.brings: frozenset[int] = frozenset()
        self.arrived: set[int] = set()
        self.confirmed: set[int] = set()
        self.destroyed_by_hand: set[int] = set()
        self.chained: set[str] = set()
        self.seen = 0
        self.disturbed = False  # since the job was planned, in a way that may make it fail
        self._done("source", *_CREATE)
        for below in _CHILDREN[:children]:
            self._done("source", "zfs", "create", f"tank/t/{below}")
        self.the_tree_is_snapshotted(2000, own=True)
        if sent:
            self.all_is_sent([], mended=False)

    # --- the source

    @rule(size=sizes, own=st.sampled_from((True, True, True, False)))
    def the_tree_is_snapshotted(self, size: int, *, own: bool) -> None:
        for below in ("", *_CHILDREN):
            at = self._dataset("source", below)
            if at is not None:
                self.carrier.hosts.fill(HOSTS["source"], at, size * _KIB)
        self._done("source", "zfs", "snapshot", "-r", f"tank/t@{self._name(own=own)}")

    @rule(size=st.integers(100, 1000), times=st.integers(2, 4))
    def the_tree_is_snapshotted_several_times(self, size: int, times: int) -> None:
        for _ in range(times):
            self.the_tree_is_snapshotted(size, own=True)

    @rule(pick=picks, size=sizes, own=st.booleans())
    def one_dataset_is_snapshotted(self, pick: int, size: int, *, own: bool) -> None:
        found = [each for below in ("", *_CHILDREN) if (each := self._dataset("source", below))]
        at = found[pick % len(found)]
        self.carrier.hosts.fill(HOSTS["source"], at, size * _KIB)
        self._done("source", "zfs", "snapshot", f"{at}@{self._name(own=own)}")

    def _name(self, *, own: bool) -> str:
        self.count += 1
        return f"{'rep-' if own else _OTHERS}{self.count}"

    @precondition(lambda self: self._dataset("source", "left") is None)
    @rule()
    def a_child_is_created(self) -> None:
        below = next(each for each in _CHILDREN if self._dataset("source", each) is None)
        self._done("source", "zfs", "create", f"tank/t/{below}")

    @rule(pick=picks)
    def a_bookmark_is_made(self, pick: int) -> None:
        found = self._snapshots("source")
        name = found[pick % len(found)] if found else "tank/t@none"
        self.carrier.do("source", commands.bookmark(name).argv)  # there may be one of its name

    # --- sealift

    @precondition(lambda self: self.running is None)
    @rule(cuts=cuts)
    def a_job_is_started(self, cuts: list[Cut]) -> None:
        preview = self.carrier.preview()
        if preview.plan.ready:
            self.running = self.carrier.job(preview, list(cuts))
            self.to_hold = len(preview.holding.source) + len(preview.holding.destination)
            self.brings = frozenset().union(*(step.brings for step in preview.plan.steps))
            self.disturbed = False

    @precondition(lambda self: self.running is not None)
    @rule(steps=st.integers(1, 8))
    def the_job_goes_on(self, steps: int) -> None:
        assert self.running is not None
        for _ in range(steps):
            try:
                next(self.running)
                self.to_hold -= 1
            except (StopIteration, KilledError):
                self.running = None
                return
            except FailedError:
                assert self.disturbed
                self.running = None
                return

    @precondition(lambda self: self.running is not None)
    @rule()
    def the_job_ends(self) -> None:
        self.the_job_goes_on(1000)
        assert self.running is None

    @precondition(lambda self: self.running is not None)
    @rule()
    def the_job_is_killed(self) -> None:
        self.running = None

    @precondition(lambda self: self.running is None)
    @rule(cuts=st.lists(_cut, max_size=2), last=_cut, again=st.booleans())
    def a_job_dies_in_mid_stream(self, cuts: list[Cut], last: Cut, *, again: bool) -> None:
        self.a_job_is_started([*cuts, replace(last, fatal=True)])
        if self.running is not None:
            self.the_job_ends()
        if again:
            self.all_is_sent([], mended=True)

    @precondition(lambda self: self.running is None)
    @rule(cuts=cuts, mended=st.booleans())
    def all_is_sent(self, cuts: list[Cut], *, mended: bool) -> None:
        if mended:
            self.what_diverged_is_rolled_back()
        preview = self.carrier.preview()
        assert {each.id for each in preview.plan.blocked} <= _BLOCKED
        if preview.plan.blocked:
            return
        for _ in self.carrier.job(preview, list(cuts)):
            pass
        after = self.carrier.compare()
        assert make_plan(after).steps == ()
        assert after.level
        if preview.plan.steps:
            assert unheld_bases(self.carrier, after) == set()

    @rule(side=sides, keep=st.integers(0, 3), some=st.none() | picks)
    def what_may_go_is_pruned(self, side: Role, keep: int, some: int | None) -> None:
        comparison = self.carrier.compare()
        ours, theirs = self.carrier.holds(comparison)
        verdicts = prune_list(
            comparison, source_holds=ours, destination_holds=theirs, keep=keep, side=side
        )
        going = tuple(each for each in verdicts if each.may_go)
        assert {each.side for each in going} <= {side}
        if some is not None and going:
            going = (going[some % len(going)],)
        for dataset, short in by_dataset(going):
            self._done(side, *commands.destroy(dataset, short).argv)
        left = self._guids("source") | self._guids("destination")
        assert {each.guid for each in going} <= left, "the last copy went"

    @precondition(lambda self: self.running is None)
    @rule()
    def what_diverged_is_rolled_back(self) -> None:
        comparison = self.carrier.compare()
        _, theirs = self.carrier.holds(comparison)
        for lost in divergence(comparison, theirs):
            if lost.refusal:
                continue
            assert all(each.name.startswith(_LOCAL) for each in lost.snapshots)
            self._done("destination", *rollback_command(lost).argv)

    @precondition(lambda self: partials(self.carrier.compare()) != ())
    @rule(pick=picks)
    def a_partial_receive_is_given_up(self, pick: int) -> None:
        found = partials(self.carrier.compare())
        self.disturbed = True
        into = found[pick % len(found)].into
        self._done("destination", *commands.abort_receive(into).argv)

    # --- others

    @rule(side=sides)
    def a_naive_cleanup_finds_everything_held(self, side: Role) -> None:
        comparison = self.carrier.compare()
        holds = self.carrier.holds(comparison)[0 if side == "source" else 1]
        for name in carrying(holds, self.carrier.route.hold_tag):
            assert self.carrier.do(side, ("zfs", "destroy", name)).code == 1
            assert name in self._snapshots(side)

    @rule(side=sides, among=st.sampled_from(("rep-", _OTHERS, "")))
    def a_retention_run_goes_wild(self, side: Role, among: str) -> None:
        """All that ZFS lets it; spared is a dataset whose base is not held on that side.

        Of the source that is one that no job has begun with, of the destination also one that
        nobody has looked at since a transfer broke off.
        """
        comparison = self.carrier.compare()
        exposed = unheld_bases(self.carrier, comparison, side)
        self.disturbed = True
        before = self._guids(side)
        for each in comparison.datasets.values():
            held = each.source if side == "source" else each.destination
            if held is None or each.below in exposed:
                continue
            for snapshot in held.snapshots:
                if snapshot.name.startswith(among):
                    self.carrier.do(
                        side, ("zfs", "destroy", f"{held.dataset.name}@{snapshot.name}")
                    )
        self.destroyed_by_hand |= before - self._guids(side)

    @rule(side=sides, pick=picks, verb=st.sampled_from(("hold", "hold", "release")))
    def another_tag_comes_or_goes(self, side: Role, pick: int, verb: str) -> None:
        found = self._snapshots(side)
        name = found[pick % len(found)] if found else "tank/t@none"
        self.carrier.do(side, ("zfs", verb, _TAG, name))

    @rule(below=names)
    def somebody_takes_a_snapshot_on_the_destination(self, below: str) -> None:
        at = self._dataset("destination", below)
        self.disturbed = True
        if at is not None:
            self.count += 1
            self.carrier.do("destination", ("zfs", "snapshot", f"{at}@{_LOCAL}{self.count}"))

    @precondition(lambda self: any(f"@{_LOCAL}" in each for each in self._snapshots("destination")))
    @rule()
    def the_snapshots_of_the_destination_go_again(self) -> None:
        for name in self._snapshots("destination"):
            if name.partition("@")[2].startswith(_LOCAL):
                self.carrier.do("destination", ("zfs", "release", _TAG, name))
                self._done("destination", "zfs", "destroy", name)

    # --- what holds

    @invariant()
    def nothing_that_was_confirmed_is_lost(self) -> None:
        ours, theirs = self._guids("source"), self._guids("destination")
        self.confirmed |= ours & theirs
        assert self.confirmed - self.destroyed_by_hand <= ours | theirs

    @invariant()
    def the_source_keeps_what_a_job_has_still_to_bring(self) -> None:
        self.arrived |= self._guids("destination")
        if self.running is not None and self.to_hold < 0:
            assert self.brings - self.arrived <= self._guids("source")

    @invariant()
    def nothing_arrives_but_what_the_route_carries(self) -> None:
        scope = self.carrier.route.scope
        for name in self._snapshots("destination"):
            dataset, _, short = name.partition("@")
            assert scope.carries(dataset.removeprefix("backup/t").removeprefix("/"))
            assert scope.own(short) or short.startswith(_LOCAL)

    @invariant()
    def all_that_is_sent_is_raw(self) -> None:
        for argv in self.carrier.ran[self.seen :]:
            if argv[:2] == ("zfs", "send"):
                assert argv[2] == "-w"
            if argv[:2] == ("zfs", "receive"):
                assert "-F" not in argv
        self.seen = len(self.carrier.ran)

    @invariant()
    def the_chain_is_whole(self) -> None:
        comparison = self.carrier.compare()
        for below, each in comparison.datasets.items():
            if each.start is not None:
                self.chained.add(below)
            assert each.state is not State.KEY_DIFFERS
            assert all(pair.presence is not Presence.IVSET for pair in each.pairs)
        assert all(comparison.datasets[below].start is not None for below in self.chained)
        assert {each.id for each in make_plan(comparison).blocked} <= _BLOCKED

    # --- looking

    def _done(self, side: str, *argv: str) -> None:
        answer = self.carrier.do(side, argv)
        assert answer.code == 0, (argv, answer)

    def _dataset(self, side: str, below: str) -> str | None:
        name = self.carrier.root(side) + (f"/{below}" if below else "")
        return name if name in self._pool(side) else None

    def _pool(self, side: str) -> dict[str, object]:
        return dict(self.carrier.hosts.world.hosts[HOSTS[side]].pool.datasets)

    def _snapshots(self, side: str) -> list[str]:
        pool = self.carrier.hosts.world.hosts[HOSTS[side]].pool
        return [
            f"{name}@{each.name}"
            for name in sorted(pool.datasets)
            for each in pool.datasets[name].snapshots
        ]

    def _guids(self, side: str) -> set[int]:
        pool = self.carrier.hosts.world.hosts[HOSTS[side]].pool
        return {each.guid for dataset in pool.datasets.values() for each in dataset.snapshots}


def unheld_bases(carrier: Carrier, comparison: Comparison, side: str = "") -> set[str]:
    """The datasets, by name below the root, of which the base is not held (on one side)."""
    ours, theirs = carrier.holds(comparison)
    tag = carrier.route.hold_tag
    found = unheld(comparison, carrying(ours, tag), carrying(theirs, tag), tag)
    on_it = (each for each in found if side in {"", each.side})
    return {each.dataset.partition("/t")[2].removeprefix("/") for each in on_it}


Chain.TestCase.settings = settings(
    max_examples=_LONG or 100,
    stateful_step_count=60 if _LONG else 40,
    deadline=None,
    derandomize=not _LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
)
TestChain = Chain.TestCase


def seeded() -> Carrier:
    """A route whose destination has the first of its source's snapshots."""
    carrier = Carrier(
        Route(Location("root", "nas1", "tank/t"), Location("root", "dr1", "backup/t"))
    )
    assert carrier.do("source", _CREATE).code == 0
    one_more(carrier, "rep-1")
    assert carry(carrier, [])
    return carrier


def one_more(carrier: Carrier, name: str) -> None:
    carrier.hosts.fill(HOSTS["source"], "tank/t", 1 << 20)
    assert carrier.do("source", ("zfs", "snapshot", f"tank/t@{name}")).code == 0


def carry(carrier: Carrier, cuts: list[Cut]) -> bool:
    """Whether the job comes to its end."""
    try:
        for _ in carrier.job(carrier.preview(), cuts):
            pass
    except KilledError:
        return False
    return True


def test_what_arrived_before_the_connection_was_lost_is_held_all_the_same() -> None:
    carrier = seeded()
    one_more(carrier, "rep-2")
    assert carry(carrier, [Cut(1 << 30, lost=True)])
    assert unheld_bases(carrier, carrier.compare()) == set()


def test_the_next_job_holds_what_one_that_was_killed_left_unheld() -> None:
    carrier = seeded()
    assert carrier.do("source", ("zfs", "create", "tank/t/a")).code == 0
    one_more(carrier, "rep-2")
    assert not carry(carrier, [Cut(1 << 30, lost=True, fatal=True)])
    assert carrier.do("source", ("zfs", "snapshot", "tank/t/a@rep-3")).code == 0
    assert carry(carrier, [])
    assert unheld_bases(carrier, carrier.compare()) == set()


def test_retention_between_two_tries_takes_no_snapshot_that_the_destination_stands_at() -> None:
    carrier = seeded()
    for name in ("rep-2", "rep-3", "rep-4"):
        one_more(carrier, name)
    assert not carry(carrier, [Cut(3 << 19, fatal=True)])  # in the middle of rep-3
    for name in ("rep-2", "rep-3"):
        carrier.do("source", ("zfs", "destroy", f"tank/t@{name}"))
    carrier.do("destination", commands.abort_receive("backup/t").argv)
    assert make_plan(carrier.compare()).blocked == ()


@pytest.mark.parametrize("limit", range(0, 3 << 20, 1 << 18))  # three MiB go over in all
@pytest.mark.parametrize("children", [(), ("a",)])
def test_what_came_before_an_interruption_is_held_there_before_it_goes_on(
    children: tuple[str, ...], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retention on both sides before every command of a job, which is interrupted."""
    carrier = seeded()
    for child in children:
        assert carrier.do("source", ("zfs", "create", f"tank/t/{child}")).code == 0
    for name in ("rep-2", "rep-3", "rep-4"):
        carrier.hosts.fill(HOSTS["source"], "tank/t", 1 << 20)
        assert carrier.do("source", ("zfs", "snapshot", "-r", f"tank/t@{name}")).code == 0
    preview = carrier.preview()
    running = carrier.job(preview, [Cut(limit), Cut(0), Cut(limit // 2)])
    transfer, transfers = Inline.transfer, 0

    def looking(*words: object, **cut: object) -> object:
        nonlocal transfers
        transfers += 1
        assert unheld_bases(carrier, carrier.compare()) == set()
        return transfer(*words, **cut)  # type: ignore[arg-type]

    monkeypatch.setattr(Inline, "transfer", looking)
    for _ in range(1 + len(preview.holding.source) + len(preview.holding.destination)):
        next(running)
    for _ in running:
        comparison = carrier.compare()
        clean(carrier, "source", spared=set())
        clean(carrier, "destination", spared=unheld_bases(carrier, comparison, "destination"))
    assert transfers > 2
    after = carrier.compare()
    assert after.level
    assert unheld_bases(carrier, after) == set()
    clean(carrier, "source", spared=set())
    clean(carrier, "destination", spared=set())
    # Of what was held on the way nothing is left: only the last of each is held.
    for side in ("source", "destination"):
        left = [
            each.name
            for held in carrier.inventory(side).datasets.values()
            for each in held.snapshots
        ]
        assert left == ["rep-4"] * (1 + len(children))


def clean(carrier: Carrier, side: str, *, spared: set[str]) -> None:
    """Destroy every snapshot of one side that can be, but for some datasets."""
    for below, held in carrier.inventory(side).datasets.items():
        for each in held.snapshots if below not in spared else ():
            carrier.do(side, ("zfs", "destroy", f"{held.dataset.name}@{each.name}"))
