"""The size of increments day by day, and what stands out of it."""

from __future__ import annotations

from dataclasses import replace

from sealift.playbook.growth import DAY, DAYS, HOUR, growth
from sealift.replication.comparison import EVERYTHING, Comparison, compare
from sealift.replication.inventory import Held
from sealift.routes import Scope
from tests.factories import NOON, dataset, held, inventory, snapshot

NOW = NOON.timestamp()
MIB = 1 << 20


def tree(*, every: int = DAY, scope: Scope = EVERYTHING, **sizes: list[int]) -> Comparison:
    """A source whose datasets got snapshots of these sizes, the last of them now."""

    def of(name: str, each: list[int]) -> Held:
        taken = [
            replace(
                snapshot(f"s{number}", 1000 * len(name) + number, written=size),
                creation=int(NOW) - every * (len(each) - 1 - number),
                createtxg=number + 2,
            )
            for number, size in enumerate(each)
        ]
        return held(dataset("tank/prod" if name == "top" else f"tank/prod/{name}"), *taken)

    source = inventory("tank/prod", **{name: of(name, each) for name, each in sizes.items()})
    return compare(source, inventory("backup/prod"), scope)


def test_days_are_summed_over_the_tree_without_first_snapshots() -> None:
    found = growth(tree(top=[999, 1, 2, 3, 4], db=[999, 10, 20, 30, 40]), NOW)
    assert (found.unit, found.totals, found.snapshots) == (DAY, (11, 22, 33, 44), 8)
    assert found.first == NOW // DAY - 3
    assert found.largest[-1] == ("tank/prod/db", 40)
    assert found.unusual == ()


def test_a_past_of_some_days_is_told_by_the_hour_and_a_gap_is_nothing_added() -> None:
    found = growth(tree(every=3 * HOUR, top=[999, 5, 6, 7]), NOW)
    assert (found.unit, found.totals) == (HOUR, (5, 0, 0, 6, 0, 0, 7))
    assert found.largest[1] is None


def test_what_is_older_than_the_chart_is_left_out() -> None:
    found = growth(tree(top=[1] * (DAYS + 20)), NOW)
    assert len(found.totals) == DAYS + 1


def test_a_tree_without_increments_has_nothing_to_show() -> None:
    found = growth(tree(top=[7]), NOW)
    assert (found.totals, found.unusual, found.snapshots) == ((0,), (), 0)


def test_churn_stands_out_with_its_dataset_and_day() -> None:
    usual = [100 * MIB, *[9 * MIB, 10 * MIB, 11 * MIB] * 3]
    found = growth(tree(top=[*usual, 10 * MIB], db=[*usual, 400 * MIB]), NOW)
    (odd,) = found.unusual
    assert (odd.dataset, odd.period, odd.size) == ("tank/prod/db", int(NOW // DAY), 400 * MIB)
    assert odd.usual == 10 * MIB


def test_a_small_dataset_that_changes_tenfold_does_not_stand_out() -> None:
    usual = [1, *[MIB] * 9]
    found = growth(tree(top=[1, *[500 * MIB] * 10], db=[*usual, 100 * MIB]), NOW)
    assert found.unusual == ()


def test_what_the_route_leaves_out_is_not_in_it() -> None:
    scope = Scope("", all_snapshots=True, exclude=frozenset({"tmp"}))
    found = growth(tree(scope=scope, top=[9, 1, 1, 1], tmp=[9, 50, 50, 50]), NOW)
    assert sum(found.totals) == 3
