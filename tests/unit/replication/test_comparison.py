from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.replication.comparison import Presence, State, align, compare
from sealift.replication.inventory import Inventory
from sealift.routes import Scope
from sealift.zfs.listings import Dataset, Snapshot
from tests.factories import NOON, dataset, held, inventory, mirrored, snapshot


def test_snapshots_are_matched_by_guid_and_never_by_name() -> None:
    source = inventory("tank/prod", top=held(dataset("tank/prod"), snapshot("a", 101)))
    renamed = inventory("backup/prod", top=held(dataset("backup/prod"), snapshot("b", 101)))
    other = inventory("backup/prod", top=held(dataset("backup/prod"), snapshot("a", 102)))
    assert compare(source, renamed).datasets[""].state is State.LEVEL
    assert compare(source, other).datasets[""].state is State.NO_BASE


def test_an_equal_guid_with_another_iv_set_is_no_base() -> None:
    ours = held(dataset("tank/prod"), snapshot("a", 101), snapshot("b", 102))
    theirs = held(dataset("backup/prod"), snapshot("a", 101), snapshot("b", 102, ivset=5))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    root = found.datasets[""]
    assert root.base is not None
    assert root.base.name == "a"
    assert root.state is State.DIVERGED
    assert [each.name for each in root.behind] == ["b"]
    assert [each.name for each in root.ahead] == ["b"]
    assert root.pairs[0].presence is Presence.IVSET


def test_what_is_missing_and_what_is_in_the_way() -> None:
    found = compare(
        *mirrored(
            {"": [101, 102, 103], "db": [101, 102], "app": [101]},
            {"": [101, 102], "db": [101, 102, 190], "old": [100]},
        )
    )
    assert {name: each.state for name, each in found.datasets.items()} == {
        "": State.BEHIND,
        "db": State.DIVERGED,
        "app": State.MISSING,
        "old": State.EXTRA,
    }
    assert found.snapshots_behind == 2
    assert found.bytes_behind == 2 * 4096
    assert not found.level


def test_lag_is_that_of_the_dataset_that_is_furthest_behind() -> None:
    found = compare(*mirrored({"": [101, 104], "db": [101, 104]}, {"": [101, 104], "db": [101]}))
    created_101 = NOON.timestamp() + 3600
    assert found.lag_seconds(created_101 + 500) == 500
    missing = compare(*mirrored({"": [101], "db": [101]}, {"": [101]}))
    assert missing.lag_seconds(NOON.timestamp()) is None


def test_a_bookmark_on_the_source_stands_in_for_a_base_that_is_gone() -> None:
    mark = replace(snapshot("a", 101), bookmark=True)
    ours = held(dataset("tank/prod"), snapshot("b", 102), bookmarks=(mark,))
    theirs = held(dataset("backup/prod"), snapshot("a", 101))
    root = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs)).datasets[
        ""
    ]
    assert (root.base, root.base_bookmark) == (None, mark)
    assert root.state is State.BEHIND


def test_a_token_and_a_foreign_key_outrank_being_behind() -> None:
    ours = held(dataset("tank/prod"), snapshot("a", 101), snapshot("b", 102))
    torn = held(dataset("backup/prod", token="1-a-b-c"), snapshot("a", 101))
    foreign = held(dataset("backup/prod", key=5), snapshot("a", 101))
    for theirs, state in ((torn, State.PARTIAL), (foreign, State.KEY_DIFFERS)):
        found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
        assert found.datasets[""].state is state


OWN = Scope("rep-")


def side(root: str, *names: str) -> Inventory:
    """One dataset whose snapshots bear these names, an hour apart; the number is the guid."""
    made = (snapshot(name, int(name.rpartition("-")[2])) for name in names)
    return inventory(root, top=held(dataset(root), *made))


def test_only_the_routes_own_snapshots_are_missed() -> None:
    ours = side("tank/prod", "rep-101", "auto-102", "rep-103", "auto-104")
    found = compare(ours, side("backup/prod", "rep-101"), OWN)
    root = found.datasets[""]
    assert [each.name for each in root.behind] == ["rep-103"]
    assert [each.name for each in root.foreign] == ["auto-102", "auto-104"]
    assert found.snapshots_behind == 1
    # what was written before auto-102 travels with rep-103
    assert found.bytes_behind == 2 * 4096
    assert found.scope is OWN


def test_a_base_and_the_lag_may_be_of_any_snapshot() -> None:
    ours = side("tank/prod", "rep-101", "auto-102", "rep-103")
    found = compare(ours, side("backup/prod", "rep-101", "auto-102"), OWN)
    base = found.datasets[""].base
    assert base is not None
    assert base.name == "auto-102"
    assert found.lag_seconds(base.creation + 60) == 60


def test_newer_snapshots_of_other_tools_alone_are_level() -> None:
    found = compare(side("tank/prod", "rep-101", "auto-102"), side("backup/prod", "rep-101"), OWN)
    assert found.datasets[""].state is State.LEVEL
    assert found.level
    only = compare(side("tank/prod", "auto-102"), inventory("backup/prod"), OWN)
    assert only.datasets[""].state is State.EMPTY


def test_a_dataset_that_is_left_out_makes_nothing_late_and_nothing_unlevel() -> None:
    sides = mirrored(
        {"": [101, 102], "tmp": [101, 102], "tmp/x": [102]}, {"": [101, 102], "tmp": [101, 150]}
    )
    found = compare(*sides, replace(OWN, all_snapshots=True, exclude=frozenset({"tmp"})))
    for name in ("tmp", "tmp/x"):
        left = found.datasets[name]
        assert left.state is State.LEFT_OUT
        assert (left.behind, left.foreign, left.ahead) == ((), (), ())
    assert found.level
    assert found.snapshots_behind == 0
    assert found.lag_seconds(NOON.timestamp() + 3600 * 3) == 3600


@pytest.mark.parametrize("theirs", [dataset("backup/prod", key=1077), dataset("backup/prod")])
def test_a_key_that_is_not_known_proves_no_other_lineage(theirs: Dataset) -> None:
    unknown = replace(theirs, key_guid=None)
    ours = held(dataset("tank/prod"), snapshot("a", 101))
    there = inventory("backup/prod", top=held(unknown, snapshot("a", 101)))
    assert compare(inventory("tank/prod", top=ours), there).datasets[""].state is State.LEVEL


def test_a_plain_destination_has_another_lineage() -> None:
    ours = held(dataset("tank/prod"), snapshot("a", 101))
    there = held(dataset("backup/prod", key=None), snapshot("a", 101, ivset=None))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=there))
    assert found.datasets[""].state is State.KEY_DIFFERS


@pytest.mark.parametrize("scope", [OWN, Scope("", all_snapshots=True)])
def test_a_hundred_thousand_snapshots_a_side_are_compared(scope: Scope) -> None:
    # How fast is for `make bench` to say. A hundred datasets, half of them other tools' snapshots.
    def tree(root: str, count: int) -> Inventory:
        entries = {}
        for number in range(100):
            names = ((f"{'auto' if n % 2 else 'rep'}-{n}", number * 1000 + n) for n in range(count))
            made = (replace(_LIKE, name=a, guid=b, createtxg=b, ivsetguid=b) for a, b in names)
            entries["top" if number == 0 else f"d{number}"] = held(
                dataset(root if number == 0 else f"{root}/d{number}"), *made
            )
        return inventory(root, **entries)

    ours, theirs = tree("tank/prod", 1000), tree("backup/prod", 900)
    found = compare(ours, theirs, scope)
    assert found.snapshots_behind == (5_000 if scope is OWN else 10_000)


_LIKE = snapshot("x", 1)
guids = st.lists(st.integers(1, 60), unique=True, max_size=25)


@given(guids, guids)
def test_align_shows_every_snapshot_of_both_sides_exactly_once(
    ours: list[int], theirs: list[int]
) -> None:
    source = tuple(snapshot(f"s{guid}", guid, txg=n) for n, guid in enumerate(ours))
    destination = tuple(snapshot(f"d{guid}", guid, txg=n) for n, guid in enumerate(theirs))
    pairs = align(source, destination)
    left = [pair.source for pair in pairs if pair.source]
    right = [pair.destination for pair in pairs if pair.destination]
    assert sorted(each.guid for each in left) == sorted(ours)
    assert sorted(each.guid for each in right) == sorted(theirs)
    for pair in pairs:
        if pair.source and pair.destination:
            assert pair.source.guid == pair.destination.guid
        else:
            alone: Snapshot = pair.snapshot
            assert (alone.guid in ours) != (alone.guid in theirs)


@given(st.lists(st.integers(1, 60), unique=True, max_size=25), st.data())
def test_align_keeps_both_orders_where_they_agree(ours: list[int], data: st.DataObject) -> None:
    kept = [guid for guid in ours if data.draw(st.booleans())]
    source = tuple(snapshot(f"s{guid}", guid, txg=n) for n, guid in enumerate(ours))
    destination = tuple(snapshot(f"s{guid}", guid, txg=n) for n, guid in enumerate(kept))
    pairs = align(source, destination)
    assert [pair.source.guid for pair in pairs if pair.source] == ours
    assert [pair.destination.guid for pair in pairs if pair.destination] == kept
