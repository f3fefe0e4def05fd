"""A token is resumed only if it names exactly what this dataset would get anyway."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.mentions import SEND
from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Held
from sealift.replication.obstacles import problems
from sealift.replication.resuming import Partial, examine, partials
from sealift.zfs.listings import Snapshot
from tests.factories import dataset, held, inventory, resume_token, snapshot

A, B, C = (snapshot(name, guid) for name, guid in (("a", 101), ("b", 102), ("c", 103)))
ALIEN = snapshot("x", 150)


def torn(
    text: str,
    *theirs: Snapshot,
    ours: Held | None = None,
    key: int = 77,
) -> Comparison:
    """The root of the destination holds this token above these snapshots."""
    source = ours or held(dataset("tank/prod"), A, B, C)
    there = held(dataset("backup/prod", token=text, key=key), *theirs)
    return compare(inventory("tank/prod", top=source), inventory("backup/prod", top=there))


def judged(comparison: Comparison) -> Partial:
    (found,) = partials(comparison)
    return found


def test_without_a_token_there_is_nothing_to_judge() -> None:
    whole = compare(
        inventory("tank/prod", top=held(dataset("tank/prod"), A)),
        inventory("backup/prod", top=held(dataset("backup/prod"), A)),
    )
    assert partials(whole) == ()
    assert examine(whole.datasets[""]) is None


def test_an_increment_from_the_newest_snapshot_there_can_be_finished() -> None:
    found = judged(torn(resume_token(B, A), A))
    assert found.resumable
    assert (found.target, found.start, found.bookmark, found.new) == (B, A, False, False)
    assert (found.into, found.dataset) == ("backup/prod", "tank/prod")
    assert found.why == "backup/prod holds a part of tank/prod@b, an increment from @a"
    assert found.mend == f"Resume it {SEND}."


def test_a_full_stream_into_a_new_dataset_can_be_finished() -> None:
    found = judged(torn(resume_token(A)))
    assert found.resumable
    assert (found.target, found.start, found.new) == (A, None, True)
    assert "destroy" not in found.mend


def test_the_base_may_live_on_as_a_bookmark_with_its_iv_set() -> None:
    mark = replace(A, bookmark=True)
    ours = held(dataset("tank/prod"), B, bookmarks=(mark,))
    found = judged(torn(resume_token(B, A), A, ours=ours))
    assert found.resumable
    assert (found.start, found.bookmark) == (mark, True)
    old = held(dataset("tank/prod"), B, bookmarks=(replace(mark, ivsetguid=None),))
    assert judged(torn(resume_token(B, A), A, ours=old)).finding == "dead-token"


@pytest.mark.parametrize(
    ("text", "theirs", "finding", "said"),
    [
        ("1-a-b-c", (A,), "dead-token", "cannot be read"),
        ("1-" + "f" * 70_000, (A,), "dead-token", "cannot be read"),
        (resume_token(B, A, raw=False), (A,), "not-raw", "rawok"),
        (resume_token(ALIEN, A), (A,), "dead-token", "gone from the source"),
        (resume_token(B, ALIEN), (ALIEN,), "dead-token", "base"),
        (resume_token(B, A), (A, ALIEN), "destination-diverged", "@x"),
        (resume_token(B, A), (), "destination-diverged", "no longer there"),
        (resume_token(C, B), (A,), "destination-diverged", "no longer there"),
        (resume_token(B), (A,), "destination-diverged", "full stream"),
        (resume_token(B, A), (A, B), "dead-token", "already has"),
        (resume_token(A, B), (B,), "dead-token", "not older"),
        (resume_token(B, A), (replace(A, ivsetguid=3),), "ivset-mismatch", "non-raw"),
    ],
)
def test_a_token_for_anything_else_is_refused_with_a_way_out(
    text: str, theirs: tuple[Snapshot, ...], finding: str, said: str
) -> None:
    found = judged(torn(text, *theirs))
    assert found.finding == finding
    assert not found.resumable
    assert said in found.why
    assert "key t, then a" in found.mend.lower()
    assert len(found.why) < 600
    assert found.text == text


def test_giving_a_token_up_says_what_is_destroyed() -> None:
    assert "backup/prod itself, which is new" in judged(torn("1-a-b-c")).mend
    assert "no snapshot of backup/prod" in judged(torn("1-a-b-c", A)).mend


def test_another_master_key_is_never_resumed() -> None:
    found = judged(torn(resume_token(B, A), A, key=5))
    assert found.finding == "key-lineage-mismatch"
    assert found.mend.startswith("It never takes")


def test_a_token_for_another_dataset_of_the_tree_says_which() -> None:
    other = snapshot("b", 20_102)
    source = inventory(
        "tank/prod",
        top=held(dataset("tank/prod"), A, B),
        pay=held(dataset("tank/prod/pay"), other),
    )
    there = held(dataset("backup/prod", token=resume_token(other, A)), A)
    comparison = compare(source, inventory("backup/prod", top=there))
    found = judged(comparison)
    assert found.finding == "foreign-token"
    assert "tank/prod/pay@b" in found.why
    # without the tree the snapshot is simply not this dataset's: never resumable
    alone = examine(comparison.datasets[""])
    assert alone is not None
    assert alone.finding == "dead-token"


def test_a_name_in_a_token_proves_nothing() -> None:
    # It says tank/prod@b, but the guid is another's.
    found = judged(torn(resume_token(replace(B, guid=999), A), A))
    assert found.finding == "dead-token"
    assert "tank/prod@b" in found.why


def test_a_clone_may_start_from_its_origin() -> None:
    copy = snapshot("b", 20_102)
    source = inventory(
        "tank/prod",
        top=held(dataset("tank/prod"), A, B),
        copy=held(dataset("tank/prod/copy", origin="tank/prod@a"), copy),
    )
    there = inventory(
        "backup/prod",
        top=held(dataset("backup/prod"), A, B),
        copy=held(dataset("backup/prod/copy", token=resume_token(copy, A))),
    )
    found = judged(compare(source, there))
    assert found.resumable
    assert (found.start, found.origin, found.new) == (A, "tank/prod@a", True)


def test_a_token_of_a_dataset_that_the_source_lost_is_dead() -> None:
    there = inventory(
        "backup/prod",
        top=held(dataset("backup/prod"), A),
        old=held(dataset("backup/prod/old", token=resume_token(B, A)), A),
    )
    source = inventory("tank/prod", top=held(dataset("tank/prod"), A))
    found = judged(compare(source, there))
    assert (found.finding, found.dataset) == ("dead-token", "")


@given(st.text(max_size=300) | st.binary(max_size=80).map(lambda data: f"1-{data.hex()}-1-00"))
def test_any_text_in_the_property_is_judged_and_shown_without_control_characters(
    text: str,
) -> None:
    found = judged(torn(text or "x", A))
    assert found.finding == "dead-token"
    assert "\x1b" not in found.why


def test_a_token_of_another_tool_s_snapshot_says_so_whole_or_gone() -> None:
    taken = snapshot("syncoid_nas1_2025-12-25:10:00:00-GMT00:00", 104)
    source = held(dataset("tank/prod"), A, taken)
    kept = judged(torn(resume_token(taken, A), A, ours=source))
    assert "@syncoid_nas1_2025-12-25:10:00:00-GMT00:00 (syncoid's), an increment" in kept.why
    gone = judged(torn(resume_token(taken, A), A))
    assert gone.finding == "dead-token"
    assert "GMT00:00 (syncoid's), guid 104" in gone.why
    (said,) = problems(torn(resume_token(taken, A), A, ours=source))
    assert "partly received snapshot of syncoid's, or is being" in said.summary
