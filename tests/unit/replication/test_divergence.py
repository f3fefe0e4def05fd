"""What a rollback would destroy is told in full, and it is refused where ZFS would refuse it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.replication.comparison import Comparison, compare
from sealift.replication.divergence import Lost, divergence, explained, rollback_command
from sealift.replication.inventory import Held
from sealift.routes import Scope
from sealift.zfs.commands import Effect
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Dataset, KeyStatus, Snapshot
from tests.factories import dataset, held, inventory, mirrored, snapshot


def shots(*guids: int) -> tuple[Snapshot, ...]:
    return tuple(snapshot(f"s{guid}", guid) for guid in guids)


def found(theirs: Held, *, clone: Dataset | None = None) -> Comparison:
    ours = held(dataset("tank/prod"), *shots(100, 101, 102))
    there = {"top": theirs} | ({"copy": held(clone)} if clone else {})
    return compare(inventory("tank/prod", top=ours), inventory("backup/prod", **there))


def one(theirs: Held, *holds: Hold, clone: Dataset | None = None) -> Lost:
    (lost,) = divergence(found(theirs, clone=clone), holds)
    return lost


def changed(*, readonly: bool, status: KeyStatus, written: int = 8192) -> Held:
    made = dataset("backup/prod", status=status)
    return held(replace(made, readonly=readonly, written=written), *shots(100, 101))


def test_everything_after_the_base_is_listed_and_the_rollback_goes_to_it() -> None:
    marks = tuple(replace(each, bookmark=True) for each in shots(99, 150))
    theirs = replace(dataset("backup/prod"), written=5 << 20)
    lost = one(held(theirs, *shots(100, 101), *shots(140, 160), bookmarks=marks))
    assert lost.base is not None
    assert lost.base.name == "s101"
    assert [each.name for each in lost.snapshots] == ["s140", "s160"]
    assert [each.name for each in lost.bookmarks] == ["s150"]
    assert (lost.head_bytes, lost.held, lost.clones, lost.refusal) == (5 << 20, (), (), "")
    command = rollback_command(lost)
    assert command.argv == ("zfs", "rollback", "-r", "backup/prod@s101")
    assert command.effect is Effect.DESTRUCTION
    first, *others = explained(lost)
    assert first.startswith("backup/prod goes back to @s101, made 2025-12-25 13:00 UTC.")
    assert others == [
        "@s140, made 2025-12-27 04:00 UTC, 4.0 KiB written for it",
        "@s160, made 2025-12-28 00:00 UTC, 4.0 KiB written for it",
        "#s150, a bookmark, made 2025-12-27 14:00 UTC",
        "5.0 MiB changed after the newest snapshot, kept by no snapshot",
    ]


def test_the_base_goes_by_the_name_it_has_on_the_destination() -> None:
    lost = one(held(dataset("backup/prod"), snapshot("renamed", 101), *shots(140)))
    assert rollback_command(lost).argv[-1] == "backup/prod@renamed"


@pytest.mark.parametrize(
    ("theirs", "listed"),
    [
        (changed(readonly=False, status=KeyStatus.UNAVAILABLE), True),
        (changed(readonly=True, status=KeyStatus.AVAILABLE), True),
        (changed(readonly=True, status=KeyStatus.UNAVAILABLE), False),
        (changed(readonly=False, status=KeyStatus.AVAILABLE, written=0), False),
    ],
)
def test_a_head_counts_as_changed_only_where_somebody_could_have_written(
    theirs: Held, *, listed: bool
) -> None:
    assert bool(divergence(found(theirs), ())) == listed


def test_a_changed_head_alone_loses_no_snapshot_and_is_rolled_back_to_the_base() -> None:
    lost = one(changed(readonly=False, status=KeyStatus.AVAILABLE))
    assert (lost.snapshots, lost.head_bytes) == ((), 8192)
    assert rollback_command(lost).argv[-1] == "backup/prod@s101"


def test_what_is_held_or_cloned_stands_against_it() -> None:
    theirs = held(dataset("backup/prod"), *shots(101, 140), snapshot("s141", 141, held=1))
    lost = one(
        theirs, Hold("backup/prod@s140", "leg\x1bal", "1"), Hold("backup/prod@s101", "k", "1")
    )
    assert lost.held == ("backup/prod@s140: leg\\x1bal", "backup/prod@s141")
    clone = replace(dataset("backup/prod/copy"), origin="backup/prod@s140")
    cloned = one(held(dataset("backup/prod"), *shots(101, 140)), clone=clone)
    assert cloned.clones == ("backup/prod/copy",)
    for each in (lost, cloned):
        with pytest.raises(ValueError, match=r"s140|copy"):
            rollback_command(each)
        assert each.refusal in explained(each)[-1]


def test_without_a_base_there_is_nothing_to_go_back_to() -> None:
    strange = replace(dataset("backup/prod"), written=10, readonly=False)
    lost = one(held(strange, *shots(55)))
    assert (lost.base, lost.snapshots) == (None, ())
    with pytest.raises(ValueError, match="shares no base"):
        rollback_command(lost)
    assert "shares no base" in explained(lost)[0]


def test_what_is_level_behind_or_waits_to_be_resumed_has_not_diverged() -> None:
    for theirs in (
        held(dataset("backup/prod"), *shots(100, 101, 102)),
        held(dataset("backup/prod"), *shots(100)),
        held(dataset("backup/prod", token="1-a-b-c"), *shots(101, 140)),
    ):
        assert divergence(found(theirs), ()) == ()
    extra = compare(*mirrored({"": [101]}, {"": [101], "old": [90]}))
    assert divergence(extra, ()) == ()


def test_a_creation_that_is_no_moment_and_an_unknown_size_are_said_in_words() -> None:
    odd = replace(snapshot("s140", 140), creation=10**18, written=None)
    text = explained(one(held(dataset("backup/prod"), *shots(101), odd)))[1]
    assert text == "@s140, made at an unknown time, an unknown number of bytes written for it"


def test_a_dataset_that_the_route_leaves_out_is_none_of_its_business() -> None:
    ours, theirs = mirrored({"": [101], "tmp": [101]}, {"": [101], "tmp": [101, 140]})
    scope = Scope("", all_snapshots=True, exclude=frozenset({"tmp"}))
    assert [lost.dataset for lost in divergence(compare(ours, theirs), ())] == ["backup/prod/tmp"]
    assert divergence(compare(ours, theirs, scope), ()) == ()
