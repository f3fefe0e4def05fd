"""What may go can go: no base is lost, nothing that is held, and never the last copy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Held, Inventory
from sealift.replication.pruning import Verdict, by_dataset, prune_list
from sealift.routes import Role, Scope
from sealift.zfs import commands
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Snapshot
from tests.factories import dataset, held, inventory, mirrored, snapshot


def pruned(
    found: Comparison,
    side: Role = "source",
    *,
    source: tuple[Hold, ...] = (),
    destination: tuple[Hold, ...] = (),
    keep: int = 0,
) -> tuple[Verdict, ...]:
    return prune_list(
        found, source_holds=source, destination_holds=destination, keep=keep, side=side
    )


def going(verdicts: tuple[Verdict, ...]) -> list[tuple[str, str]]:
    return [(each.side, each.name) for each in verdicts if each.may_go]


def why(verdicts: tuple[Verdict, ...], side: Role) -> dict[str, str]:
    return {each.name: each.why for each in verdicts if each.side == side}


def tree(ours: Held, theirs: Held) -> Comparison:
    return compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))


def shots(*guids: int) -> tuple[Snapshot, ...]:
    return tuple(snapshot(f"s{guid}", guid) for guid in guids)


def test_on_the_source_what_is_older_than_the_base_and_confirmed_may_go() -> None:
    found = compare(*mirrored({"": [99, 100, 101, 102]}, {"": [100, 101]}))
    verdicts = pruned(found)
    assert going(verdicts) == [("source", "s100")]
    assert why(verdicts, "source") == {
        "s99": "the destination does not have it",
        "s100": "confirmed on the destination by guid",
        "s101": "the base of the next increment",
        "s102": "the destination does not have it",
    }
    assert why(verdicts, "destination") == {
        "s100": "the source's copy may go: this is the one to keep",
        "s101": "the base of the next increment",
    }


def test_on_the_destination_what_the_source_no_longer_has_stays() -> None:
    found = compare(*mirrored({"": [100, 101]}, {"": [98, 100, 101]}))
    verdicts = pruned(found, "destination")
    assert going(verdicts) == [("destination", "s100")]
    assert why(verdicts, "destination")["s98"] == "only here: the source no longer has it"
    assert why(verdicts, "source")["s100"] == (
        "the destination's copy may go: this is the one to keep"
    )


def test_a_hold_of_any_tag_on_any_side_keeps_both_copies() -> None:
    found = compare(*mirrored({"": [98, 99, 100, 101]}, {"": [98, 99, 100, 101]}))
    assert going(
        pruned(
            found,
            source=(Hold("tank/prod@s98", "syncoid", "1"),),
            destination=(Hold("backup/prod@s99", "legal", "1"),),
        )
    ) == [("source", "s100")]
    counted = tree(
        held(dataset("tank/prod"), snapshot("s100", 100, held=1), *shots(101)),
        held(dataset("backup/prod"), *shots(100, 101)),
    )
    assert going(pruned(counted)) == []
    assert going(pruned(counted, "destination")) == []
    assert why(pruned(counted), "destination")["s100"] == "held on the source"


def test_the_newest_are_kept_on_request() -> None:
    found = compare(*mirrored({"": [97, 98, 99, 100, 101]}, {"": [97, 98, 99, 100, 101]}))
    verdicts = pruned(found, keep=3)
    assert going(verdicts) == [("source", "s97"), ("source", "s98")]
    assert why(verdicts, "source")["s99"] == "one of the newest 3"
    assert going(pruned(found, keep=100)) == []


def test_what_a_clone_was_made_of_stays_on_both_sides() -> None:
    clone = replace(dataset("tank/prod/copy"), origin="tank/prod@s100")
    source = inventory(
        "tank/prod", top=held(dataset("tank/prod"), *shots(100, 101)), copy=held(clone)
    )
    there = inventory("backup/prod", top=held(dataset("backup/prod"), *shots(100, 101)))
    verdicts = pruned(compare(source, there))
    assert going(verdicts) == []
    assert why(verdicts, "source")["s100"] == "tank/prod/copy on the source is a clone of it"
    assert going(pruned(compare(source, there), "destination")) == []


def test_nothing_goes_where_a_token_waits_or_nothing_is_shared() -> None:
    ours = held(dataset("tank/prod"), *shots(100, 101))
    torn = held(dataset("backup/prod", token="1-a-b-c"), *shots(100, 101))
    foreign = held(dataset("backup/prod", key=5), *shots(100, 101))
    strange = held(dataset("backup/prod"), *shots(55))
    for theirs in (torn, foreign, strange):
        for side in ("source", "destination"):
            assert going(pruned(tree(ours, theirs), side)) == []
    gone = compare(*mirrored({"": [101]}, {"": [101], "old": [90, 91]}))
    assert going(pruned(gone, "destination")) == []


def test_the_counterpart_of_a_bookmark_that_is_the_base_stays() -> None:
    mark = replace(snapshot("s101", 101), bookmark=True)
    ours = held(dataset("tank/prod"), *shots(99, 100, 102), bookmarks=(mark,))
    theirs = held(dataset("backup/prod"), *shots(99, 100, 101))
    found = tree(ours, theirs)
    assert going(pruned(found)) == [("source", "s99")]
    assert why(pruned(found, "destination"), "destination") == {
        "s99": "confirmed on the source by guid",
        "s100": "the base of the next increment",
        "s101": "the base of the next increment",
    }


def test_a_copy_with_another_iv_set_confirms_nothing() -> None:
    ours = held(dataset("tank/prod"), *shots(100, 101))
    theirs = held(dataset("backup/prod"), snapshot("s100", 100, ivset=5), *shots(101))
    for side in ("source", "destination"):
        verdicts = pruned(tree(ours, theirs), side)
        assert going(verdicts) == []
        assert why(verdicts, side)["s100"] == "the two copies differ in their IV set"


def test_on_the_source_another_tools_snapshots_and_what_is_left_out_stay() -> None:
    def ours(name: str) -> Held:
        return held(dataset(name), snapshot("hourly", 99), snapshot("rep-1", 100), *rep(101))

    def rep(guid: int) -> tuple[Snapshot, ...]:
        return (snapshot(f"rep-{guid}", guid),)

    found = compare(
        inventory("tank/prod", top=ours("tank/prod"), tmp=ours("tank/prod/tmp")),
        inventory("backup/prod", top=ours("backup/prod"), tmp=ours("backup/prod/tmp")),
        Scope("rep-", exclude=frozenset({"tmp"})),
    )
    verdicts = pruned(found)
    assert [(each.dataset, each.name) for each in verdicts if each.may_go] == [
        ("tank/prod", "rep-1")
    ]
    reasons = {(each.dataset, each.name): each.why for each in verdicts}
    assert reasons["tank/prod", "hourly"] == "another tool's"
    assert reasons["tank/prod/tmp", "rep-1"] == "left out of the route"


def test_what_goes_is_given_as_destroy_takes_it() -> None:
    found = compare(
        *mirrored({"": [99, 100, 101], "db": [100, 101]}, {"": [99, 100, 101], "db": [100, 101]})
    )
    listed = by_dataset(pruned(found))
    assert listed == (("tank/prod", ("s99", "s100")), ("tank/prod/db", ("s100",)))
    assert commands.destroy(*listed[0]).argv == ("zfs", "destroy", "tank/prod@s99,s100")
    assert [each[0] for each in by_dataset(pruned(found, "destination"))] == [
        "backup/prod",
        "backup/prod/db",
    ]


def without(tree: Inventory, verdicts: tuple[Verdict, ...]) -> Inventory:
    """The inventory once everything that may go is destroyed; what ZFS would refuse is a defect."""
    gone = dict(by_dataset(verdicts))
    datasets: Mapping[str, Held] = {
        below: replace(
            each,
            snapshots=tuple(
                s for s in each.snapshots if s.name not in gone.get(each.dataset.name, ())
            ),
        )
        for below, each in tree.datasets.items()
    }
    return replace(tree, datasets=datasets)


def held_names(*trees: Inventory) -> set[str]:
    return {
        f"{each.dataset.name}@{s.name}"
        for tree in trees
        for each in tree.datasets.values()
        for s in each.snapshots
    }


def guids(*trees: Inventory) -> set[int]:
    return {s.guid for tree in trees for each in tree.datasets.values() for s in each.snapshots}


def bases(found: Comparison) -> dict[str, tuple[Snapshot | None, Snapshot | None]]:
    return {below: (each.base, each.base_bookmark) for below, each in found.datasets.items()}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Inventory, Inventory, tuple[Hold, ...], tuple[Hold, ...]]:
    """Two trees that share some, with bookmarks, holds, clones, tokens and other IV sets."""
    sides: dict[str, dict[str, Held]] = {"tank/prod": {}, "backup/prod": {}}
    holds: dict[str, list[Hold]] = {"tank/prod": [], "backup/prod": []}
    for number, below in enumerate(("top", "db", "app")):
        offset = 1000 * number
        for root, entries in sides.items():
            if below != "top" and draw(st.integers(0, 9)) == 0:
                continue
            name = root if below == "top" else f"{root}/{below}"
            chosen = sorted(draw(st.sets(st.integers(1, 12), min_size=1)))
            snapshots = tuple(
                snapshot(
                    f"s{guid}",
                    guid + offset,
                    held=draw(st.integers(0, 9)) == 0,
                    ivset=5 if root == "backup/prod" and draw(st.integers(0, 9)) == 0 else -1,
                )
                for guid in chosen
            )
            marks = tuple(
                replace(snapshot(f"s{guid}", guid + offset), bookmark=True)
                for guid in sorted(draw(st.sets(st.integers(1, 12), max_size=2)))
            )
            for each in snapshots:
                if draw(st.integers(0, 9)) == 0:
                    holds[root].append(Hold(f"{name}@{each.name}", "any", "1"))
            token = "1-a-b-c" if root == "backup/prod" and draw(st.integers(0, 9)) == 0 else None
            made = dataset(name, token=token)
            origins = [f"{root}@s{guid}" for guid in range(1, 13)]
            if below == "app" and draw(st.booleans()):
                made = replace(made, origin=draw(st.sampled_from(origins)))
            entries[below] = held(made, *snapshots, bookmarks=marks)
    ours, theirs = (inventory(root, **entries) for root, entries in sides.items())
    return ours, theirs, tuple(holds["tank/prod"]), tuple(holds["backup/prod"])


@given(pairs(), st.sampled_from(["source", "destination"]), st.integers(0, 3))
def test_pruning_one_side_and_then_the_other_keeps_every_base_and_every_snapshot_once(
    drawn: tuple[Inventory, Inventory, tuple[Hold, ...], tuple[Hold, ...]], first: Role, keep: int
) -> None:
    ours, theirs, source_holds, destination_holds = drawn
    every, expected = guids(ours, theirs), bases(compare(ours, theirs))
    protected = held_names(ours, theirs) & {
        each.snapshot for each in (*source_holds, *destination_holds)
    }
    second: Role = "destination" if first == "source" else "source"
    for side in (first, second, first):
        verdicts = prune_list(
            compare(ours, theirs),
            source_holds=source_holds,
            destination_holds=destination_holds,
            keep=keep,
            side=side,
        )
        assert {each.side for each in verdicts if each.may_go} <= {side}
        assert all(each.why for each in verdicts)
        if side == "source":
            ours = without(ours, verdicts)
        else:
            theirs = without(theirs, verdicts)
    assert bases(compare(ours, theirs)) == expected
    assert guids(ours, theirs) == every
    assert protected <= held_names(ours, theirs)


def test_another_tool_s_are_left_to_it_on_both_sides_unless_the_route_is_named_after_it() -> None:
    taken = (snapshot("syncoid_nas1_2025-12-25:10:00:00-GMT00:00", 99), *shots(100, 101))
    pair = (
        inventory("tank/prod", top=held(dataset("tank/prod"), *taken)),
        inventory("backup/prod", top=held(dataset("backup/prod"), *taken)),
    )
    sides: tuple[Role, Role] = ("source", "destination")
    for scope in (Scope("s"), Scope("rep-", all_snapshots=True)):
        found = compare(*pair, replace(scope, prefix="rep-" if scope.all_snapshots else "s1"))
        for side in sides:
            assert (side, taken[0].name) not in going(pruned(found, side))
            assert why(pruned(found, side), side)[taken[0].name] == (
                "syncoid's, which prunes its own"
            )
    found = compare(*pair, Scope("syncoid_nas1_", all_snapshots=True))
    assert ("destination", taken[0].name) in going(pruned(found, "destination"))
