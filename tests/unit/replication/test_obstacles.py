"""What stands in the way is named, and the first way out destroys nothing that can be kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.mentions import SEND
from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Held
from sealift.replication.obstacles import missing_features, no_room, problems
from sealift.routes import Scope
from tests.factories import dataset, held, inventory, mirrored, resume_token, snapshot

OWN = Scope("rep-")
FEATURES = {
    "feature@encryption": "active",
    "feature@extensible_dataset": "active",
    "feature@bookmark_v2": "enabled",
    "feature@zstd_compress": "disabled",
}


def roots(theirs: Held, *ours: str, scope: Scope = OWN) -> Comparison:
    made = (snapshot(name, int(name.rpartition("-")[2])) for name in ours)
    source = inventory("tank/prod", top=held(dataset("tank/prod"), *made))
    return compare(source, inventory("backup/prod", top=theirs), scope)


def test_a_token_that_can_be_resumed_is_a_warning_that_names_the_key() -> None:
    text = resume_token(snapshot("rep-102", 102), snapshot("rep-101", 101))
    theirs = held(dataset("backup/prod", token=text), snapshot("rep-101", 101))
    (found,) = problems(roots(theirs, "rep-101", "rep-102"))
    assert (found.id, found.severity, found.mend) == (
        "stale-token",
        "warning",
        f"Resume it {SEND}.",
    )


def test_what_stops_the_plan_comes_first() -> None:
    text = resume_token(snapshot("s102", 102), snapshot("s101", 101))
    ours, theirs = mirrored({"": [101, 102], "db": [101]}, {"": [101], "db": [101, 190]})
    top = theirs.datasets[""]
    torn = replace(top, dataset=replace(top.dataset, resume_token=text))
    found = problems(compare(ours, replace(theirs, datasets={**theirs.datasets, "": torn})))
    assert [each.id for each in found] == ["destination-diverged", "stale-token"]


@pytest.mark.parametrize(
    ("theirs", "ours", "finding"),
    [
        # what the destination stands at once came from here, and the source lost it
        (("rep-101", "rep-102"), ("rep-101", "rep-103"), "base-missing-on-source"),
        (("rep-101",), ("rep-103",), "base-missing-on-source"),
        # somebody took these on the destination
        (("rep-101", "mine-150"), ("rep-101", "rep-103"), "destination-diverged"),
        (("mine-150",), ("rep-103",), "no-common-base"),
    ],
)
def test_a_base_that_the_source_lost_is_told_from_a_snapshot_made_there(
    theirs: tuple[str, ...], ours: tuple[str, ...], finding: str
) -> None:
    made = (snapshot(name, int(name.rpartition("-")[2])) for name in theirs)
    (found,) = problems(roots(held(dataset("backup/prod"), *made), *ours))
    assert found.id == finding
    if finding == "base-missing-on-source":
        assert f"@{theirs[-1]}" in found.summary
        assert found.mend.startswith("Receive in full into a new name")


def test_a_lost_base_of_which_a_bookmark_is_left_is_no_problem() -> None:
    mark = replace(snapshot("rep-101", 101), bookmark=True)
    ours = held(dataset("tank/prod"), snapshot("rep-102", 102), bookmarks=(mark,))
    theirs = held(dataset("backup/prod"), snapshot("rep-101", 101))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs), OWN)
    assert problems(found) == ()


def test_what_is_left_out_may_be_plain_or_diverged() -> None:
    source = inventory(
        "tank/prod",
        top=held(dataset("tank/prod"), snapshot("rep-101", 101)),
        plain=held(dataset("tank/prod/plain", key=None), snapshot("rep-101", 201, ivset=None)),
    )
    left = replace(OWN, exclude=frozenset({"plain"}))
    assert problems(compare(source, inventory("backup/prod"), left)) == ()
    assert [each.id for each in problems(compare(source, inventory("backup/prod"), OWN))] == [
        "plaintext-in-scope"
    ]


def test_nothing_can_arrive_below_a_dataset_that_does_not_arrive() -> None:
    found = problems(
        compare(*mirrored({"": [101], "a": [], "a/b": [101], "a/c": [101]}, {"": [101]}))
    )
    assert [(each.id, each.dataset) for each in found] == [("no-new-snapshot", "tank/prod/a")]
    there = compare(*mirrored({"": [101], "a": [], "a/b": [101]}, {"": [101], "a": []}))
    assert problems(there) == ()


def test_a_source_with_none_but_other_tools_snapshots_says_what_it_looks_for() -> None:
    ours = inventory("tank/prod", top=held(dataset("tank/prod"), snapshot("auto-101", 101)))
    (found,) = problems(compare(ours, inventory("backup/prod"), OWN))
    assert found.id == "no-new-snapshot"
    assert "'rep-'" in found.summary


@pytest.mark.parametrize("key", [None, 77])
def test_an_unknown_key_on_one_side_is_no_problem_of_its_own(key: int | None) -> None:
    theirs = replace(dataset("backup/prod"), key_guid=key)
    assert problems(roots(held(theirs, snapshot("rep-101", 101)), "rep-101")) == ()


def test_what_does_not_fit_is_a_problem_and_what_is_unknown_is_none() -> None:
    found = no_room(2 << 30, 1 << 30, "backup/prod")
    assert found is not None
    assert (found.id, found.severity) == ("space-low", "problem")
    assert found.summary == "backup/prod has 1.0 GiB free, and about 2.0 GiB are to arrive"
    for needed, available in ((1, 1), (None, 1), (1, None), (None, None)):
        assert no_room(needed, available, "backup/prod") is None


def test_a_pool_that_cannot_take_raw_streams_names_the_features() -> None:
    comparison = compare(*mirrored({"": [101]}, {}))
    assert missing_features(comparison, FEATURES) is None
    assert missing_features(comparison, {}) is None  # unknown
    without = {**FEATURES, "feature@encryption": "disabled"}
    del without["feature@bookmark_v2"]
    found = missing_features(comparison, without)
    assert found is not None
    assert (found.id, found.dataset) == ("feature-missing", "backup")
    assert "feature@encryption, feature@bookmark_v2 not enabled" in found.summary
    assert "`zpool set feature@encryption=enabled backup`" in found.mend
