from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Held
from sealift.replication.pipeline import End, obstacle, pipeline, split_exit
from sealift.replication.plan import make_plan, problems
from sealift.routes import Location
from sealift.zfs.commands import Effect
from tests.factories import dataset, held, inventory, mirrored, snapshot


def commands(comparison: Comparison) -> list[str]:
    plan = make_plan(comparison)
    return [" ".join(step.send.argv()) + " | " + step.into for step in plan.steps]


def test_a_seed_is_one_package_of_the_whole_tree() -> None:
    found = compare(*mirrored({"": [101, 102], "db": [101, 102]}, {}))
    assert commands(found) == ["zfs send -w -R tank/prod@s102 | backup/prod"]
    assert make_plan(found).steps[0].snapshots == 4


def test_a_tree_that_stands_alike_gets_one_package_from_the_common_base() -> None:
    found = compare(
        *mirrored({"": [101, 102, 103], "db": [101, 102, 103]}, {"": [101], "db": [101]})
    )
    assert commands(found) == ["zfs send -w -R -I @s101 tank/prod@s103 | backup/prod"]
    assert make_plan(found).steps[0].snapshots == 4


def test_a_tree_at_mixed_snapshots_goes_dataset_by_dataset() -> None:
    found = compare(
        *mirrored({"": [101, 102], "db": [101, 102], "new": [102]}, {"": [101, 102], "db": [101]})
    )
    assert commands(found) == [
        "zfs send -w -I @s101 tank/prod/db@s102 | backup/prod/db",
        "zfs send -w tank/prod/new@s102 | backup/prod/new",
    ]
    assert make_plan(found).level == ("tank/prod",)


def test_a_child_without_the_newest_snapshot_keeps_the_package_to_the_newest_common_one() -> None:
    found = compare(*mirrored({"": [101, 102, 103], "db": [101, 102]}, {"": [101], "db": [101]}))
    assert commands(found) == ["zfs send -w -R -I @s101 tank/prod@s102 | backup/prod"]


def test_a_child_without_snapshots_does_not_break_the_package_up() -> None:
    seed = compare(*mirrored({"": [101, 102], "db": [101, 102], "bare": []}, {}))
    assert commands(seed) == ["zfs send -w -R tank/prod@s102 | backup/prod"]
    increment = compare(
        *mirrored({"": [101, 102], "db": [101, 102], "bare": []}, {"": [101], "db": [101]})
    )
    assert commands(increment) == ["zfs send -w -R -I @s101 tank/prod@s102 | backup/prod"]


def test_a_new_child_brings_its_whole_history() -> None:
    found = compare(*mirrored({"": [101], "new": [101, 102, 103]}, {"": [101]}))
    assert commands(found) == [
        "zfs send -w tank/prod/new@s101 | backup/prod/new",
        "zfs send -w -I @s101 tank/prod/new@s103 | backup/prod/new",
    ]
    brought = [step.brings for step in make_plan(found).steps]
    assert brought == [{10_101}, {10_102, 10_103}]


def marked(*guids: int, mark: int) -> Held:
    """The source's root with these snapshots and a bookmark of another one."""
    bookmark = replace(snapshot(f"s{mark}", mark), bookmark=True)
    return held(dataset("tank/prod"), *(snapshot(f"s{g}", g) for g in guids), bookmarks=(bookmark,))


@pytest.mark.parametrize(
    ("ours", "theirs", "sent"),
    [
        # nothing but a bookmark is left of the base
        (marked(103, 104, mark=102), [101, 102], ["-i #s102 103", "-I @s103 104"]),
        # an older snapshot is shared, but the destination's newest has only a bookmark here
        (marked(101, 103, mark=102), [101, 102], ["-i #s102 103"]),
        # a bookmark of what is still there as a snapshot is not needed
        (marked(101, 102, 103, mark=102), [101, 102], ["-R -I @s102 103"]),
    ],
)
def test_a_bookmark_serves_as_base_where_it_is_the_newest_that_both_know(
    ours: Held, theirs: list[int], sent: list[str]
) -> None:
    there = held(dataset("backup/prod"), *(snapshot(f"s{guid}", guid) for guid in theirs))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=there))
    assert make_plan(found).blocked == ()
    assert commands(found) == [
        f"zfs send -w {words.rsplit(' ', 1)[0]} tank/prod@s{words.rsplit(' ', 1)[1]} | backup/prod"
        for words in sent
    ]


def test_an_encrypted_snapshot_without_an_iv_set_is_no_base() -> None:
    ours = held(dataset("tank/prod"), snapshot("a", 101, ivset=None), snapshot("b", 102))
    there = held(dataset("backup/prod"), snapshot("a", 101, ivset=None))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=there))
    assert [problem.id for problem in make_plan(found).blocked] == ["ivset-mismatch"]


def test_nothing_to_send_is_no_problem() -> None:
    plan = make_plan(compare(*mirrored({"": [101]}, {"": [101]})))
    assert (plan.steps, plan.blocked, plan.level) == ((), (), ("tank/prod",))


def test_what_is_gone_from_the_source_is_said_and_left_alone() -> None:
    plan = make_plan(compare(*mirrored({"": [101]}, {"": [101], "old": [90]})))
    assert plan.blocked == ()
    assert plan.notes == ("backup/prod/old is gone from the source; it is left alone",)


def test_an_unencrypted_child_stops_the_whole_plan() -> None:
    source = inventory(
        "tank/prod",
        top=held(dataset("tank/prod"), snapshot("a", 101)),
        plain=held(dataset("tank/prod/plain", key=None), snapshot("a", 111, ivset=None)),
    )
    plan = make_plan(compare(source, inventory("backup/prod")))
    assert plan.steps == ()
    assert [problem.id for problem in plan.blocked] == ["plaintext-in-scope"]


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        (held(dataset("backup/prod"), snapshot("z", 150)), "no-common-base"),
        (held(dataset("backup/prod"), snapshot("a", 101, ivset=3)), "ivset-mismatch"),
        (
            held(dataset("backup/prod"), snapshot("a", 101), snapshot("b", 102, ivset=3)),
            "ivset-mismatch",
        ),
        (
            held(dataset("backup/prod"), snapshot("a", 101), snapshot("mine", 150)),
            "destination-diverged",
        ),
        (held(dataset("backup/prod", key=3), snapshot("a", 101)), "key-lineage-mismatch"),
        (held(dataset("backup/prod", token="1-a-b-c"), snapshot("a", 101)), "stale-token"),
    ],
)
def test_what_the_kernel_would_refuse_blocks_the_plan(theirs: Held, expected: str) -> None:
    ours = held(dataset("tank/prod"), snapshot("a", 101), snapshot("b", 102))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    plan = make_plan(found)
    assert plan.steps == ()
    assert [problem.id for problem in plan.blocked] == [expected]
    assert plan.blocked[0].mend


def test_a_source_that_is_not_there_or_has_no_snapshot() -> None:
    nothing = compare(inventory("tank/prod"), inventory("backup/prod"))
    assert [problem.id for problem in problems(nothing)] == ["source-missing"]
    bare = compare(inventory("tank/prod", top=held(dataset("tank/prod"))), inventory("backup/prod"))
    assert [problem.id for problem in problems(bare)] == ["no-new-snapshot"]


def at(text: str) -> End:
    return End(Location.parse(text))


def test_the_pipeline_is_always_raw_resumable_unmounted_and_never_forced() -> None:
    found = compare(*mirrored({"": [101, 102]}, {"": [101]}))
    for comparison in (found, compare(*mirrored({"": [101]}, {}))):
        (step,) = make_plan(comparison).steps
        shown = pipeline(step, at("root@nas1:tank/prod"), at("root@dr1:backup/prod"))
        assert shown.send[:3] == ("zfs", "send", "-w")
        assert shown.receive == ("ssh", "root@dr1", "zfs receive -s -u backup/prod")
        assert shown.command("test").effect is Effect.CHANGE
        assert shown.command("test").text() == shown.text()


def test_a_name_with_a_space_is_quoted_for_both_shells() -> None:
    found = compare(
        inventory("tank/my data", top=held(dataset("tank/my data"), snapshot("a b", 101))),
        inventory("backup/my data"),
    )
    (step,) = make_plan(found).steps
    shown = pipeline(step, at("root@nas1:tank/my data"), at("root@dr1:backup/my data"))
    assert shown.text() == (
        "zfs send -w -vP -R 'tank/my data@a b' | "
        "ssh root@dr1 'zfs receive -s -u '\"'\"'backup/my data'\"'\"''"
    )


def test_one_host_needs_no_ssh_and_a_remote_source_cannot_reach_this_machine() -> None:
    (step,) = make_plan(compare(*mirrored({"": [101]}, {}))).steps
    assert pipeline(step, at("nas1:tank/prod"), at("nas1:backup/prod")).receive[0] == "zfs"
    assert obstacle(Location.parse("nas1:tank/a"), Location.parse("backup/a")) is not None
    assert obstacle(Location.parse("tank/a"), Location.parse("backup/a")) is None
    assert obstacle(Location.parse("tank/a"), Location.parse("nas1:backup/a")) is None


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"some error\nsealift-exit 1\n", (b"some error\n", 1)),
        (b"sealift-exit 0\n", (b"", 0)),
        (b"cut off in the mid", (b"cut off in the mid", None)),
        (b"sealift-exit ", (b"sealift-exit ", None)),
    ],
)
def test_a_stage_tells_its_exit_code_last(
    output: bytes, expected: tuple[bytes, int | None]
) -> None:
    assert split_exit(output) == expected
