from __future__ import annotations

import pytest

from sealift.replication.comparison import compare
from sealift.replication.inventory import Held
from sealift.replication.seal import SealState, judge
from sealift.zfs.listings import KeyStatus
from tests.factories import dataset, held, inventory, mirrored, snapshot


def seal_of(theirs: Held) -> tuple[SealState, list[str]]:
    ours = held(dataset("tank/prod"), snapshot("a", 101))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    seal = judge(found)
    return seal.state, [breach.id for breach in seal.breaches]


def test_sealed_is_said_only_with_a_proof() -> None:
    seal = judge(compare(*mirrored({"": [101], "db": [101]}, {"": [101], "db": [101]})))
    assert seal.state is SealState.SEALED
    assert "2 datasets" in seal.proof
    assert "2 shared snapshots" in seal.proof


def test_nothing_there_is_not_sealed() -> None:
    assert judge(compare(*mirrored({"": [101]}, {}))).state is SealState.ABSENT


@pytest.mark.parametrize(
    ("theirs", "breach"),
    [
        (held(dataset("backup/prod", key=None), snapshot("a", 101, ivset=None)), "not-raw"),
        (
            held(dataset("backup/prod", status=KeyStatus.AVAILABLE), snapshot("a", 101)),
            "key-loaded-on-vault",
        ),
        (held(dataset("backup/prod", mounted=True), snapshot("a", 101)), "mounted-replica"),
        (held(dataset("backup/prod", key=12), snapshot("a", 101)), "not-raw"),
        (held(dataset("backup/prod"), snapshot("a", 101, ivset=9)), "not-raw"),
    ],
)
def test_each_breach_breaks_the_seal(theirs: Held, breach: str) -> None:
    state, breaches = seal_of(theirs)
    assert state is SealState.BROKEN
    assert breaches == [breach]


def test_an_iv_set_that_neither_side_knows_proves_nothing() -> None:
    ours = held(dataset("tank/prod"), snapshot("a", 101, ivset=None))
    theirs = held(dataset("backup/prod"), snapshot("a", 101, ivset=None))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    assert judge(found).state is SealState.UNKNOWN


def test_a_standby_is_excused_for_its_key_but_not_for_plaintext() -> None:
    ours = held(dataset("tank/prod"), snapshot("a", 101))
    unlocked = held(dataset("backup/prod", status=KeyStatus.AVAILABLE), snapshot("a", 101))
    plain = held(dataset("backup/prod", key=None), snapshot("a", 101, ivset=None))
    for theirs, excused in ((unlocked, True), (plain, False)):
        found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
        assert judge(found).only_unlocked is excused


def test_without_a_shared_snapshot_the_seal_is_unknown() -> None:
    assert seal_of(held(dataset("backup/prod")))[0] is SealState.UNKNOWN


def test_a_dataset_that_only_the_destination_has_counts() -> None:
    source, destination = mirrored({"": [101]}, {"": [101], "old": [90]})
    assert judge(compare(source, destination)).state is SealState.UNKNOWN
