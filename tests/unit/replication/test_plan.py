from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Held, Inventory
from sealift.replication.obstacles import problems
from sealift.replication.pipeline import End, Ends, obstacle, pipeline
from sealift.replication.plan import make_plan
from sealift.routes import Location, Scope
from sealift.zfs.listings import Snapshot
from tests.factories import dataset, held, inventory, mirrored, resume_token, snapshot


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


def test_what_only_some_have_beyond_the_newest_common_snapshot_follows_the_package() -> None:
    found = compare(*mirrored({"": [101, 102, 103], "db": [101, 102]}, {"": [101], "db": [101]}))
    assert commands(found) == [
        "zfs send -w -R -I @s101 tank/prod@s102 | backup/prod",
        "zfs send -w -I @s102 tank/prod@s103 | backup/prod",
    ]


def test_a_younger_child_without_snapshots_does_not_break_the_package_up() -> None:
    def sides(born: int) -> Comparison:
        source, there = mirrored({"": [101, 102], "db": [101, 102], "bare": []}, {})
        bare = source.datasets["bare"]
        young = replace(bare, dataset=replace(bare.dataset, createtxg=born))
        return compare(replace(source, datasets={**source.datasets, "bare": young}), there)

    assert commands(sides(103)) == ["zfs send -w -R tank/prod@s102 | backup/prod"]
    # An older one makes `zfs send -R` end with "snapshot tank/prod/bare@s102 does not exist".
    assert commands(sides(90)) == [
        "zfs send -w tank/prod@s101 | backup/prod",
        "zfs send -w -I @s101 tank/prod@s102 | backup/prod",
        "zfs send -w tank/prod/db@s101 | backup/prod/db",
        "zfs send -w -I @s101 tank/prod/db@s102 | backup/prod/db",
    ]


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
        (held(dataset("backup/prod", token="1-a-b-c"), snapshot("a", 101)), "dead-token"),
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


OWN = Scope("rep-")


def tree(root: str, **entries: tuple[str, ...]) -> Inventory:
    """A tree by the names of its snapshots (`rep-101`); children inherit the root's key."""
    made = {}
    for index, (below, names) in enumerate(entries.items()):
        name = root if below == "top" else f"{root}/{below}"
        numbers = ((each, 10_000 * index + int(each.rpartition("-")[2])) for each in names)
        snapshots = (snapshot(each, number) for each, number in numbers)
        made[below] = held(dataset(name, key=1000 + index, root=root), *snapshots)
    return inventory(root, **made)


def test_other_tools_snapshots_stay_where_they_are() -> None:
    ours = tree("tank/prod", top=("rep-1", "auto-2", "rep-3", "rep-4", "rep-5", "auto-6", "rep-7"))
    found = compare(ours, tree("backup/prod", top=("rep-1",)), OWN)
    assert commands(found) == [
        "zfs send -w -i @rep-1 tank/prod@rep-3 | backup/prod",
        "zfs send -w -I @rep-3 tank/prod@rep-5 | backup/prod",
        "zfs send -w -i @rep-5 tank/prod@rep-7 | backup/prod",
    ]
    plan = make_plan(found)
    assert plan.left_out == 2
    assert any("2 in all" in each and "--all-snapshots" in each for each in plan.notes)
    everything = compare(
        ours, tree("backup/prod", top=("rep-1",)), replace(OWN, all_snapshots=True)
    )
    assert commands(everything) == ["zfs send -w -R -I @rep-1 tank/prod@rep-7 | backup/prod"]
    assert make_plan(everything).left_out == 0


def test_other_tools_snapshots_outside_the_range_do_not_break_the_package_up() -> None:
    names = ("rep-1", "rep-2", "auto-3")
    there = tree("backup/prod", top=("rep-1",), db=("rep-1",))
    found = compare(tree("tank/prod", top=names, db=names), there, OWN)
    assert commands(found) == ["zfs send -w -R -I @rep-1 tank/prod@rep-2 | backup/prod"]
    ours = tree("tank/prod", top=("rep-1", "rep-3"), db=("rep-1", "auto-2", "rep-3"))
    between = compare(ours, there, OWN)
    assert commands(between) == [
        "zfs send -w -I @rep-1 tank/prod@rep-3 | backup/prod",
        "zfs send -w -i @rep-1 tank/prod/db@rep-3 | backup/prod/db",
    ]


def test_a_seed_dataset_by_dataset_ends_with_an_increment_of_the_tree() -> None:
    names = ("auto-1", "rep-2", "auto-3", "rep-4", "rep-5")
    found = compare(tree("tank/prod", top=names, db=names[2:]), inventory("backup/prod"), OWN)
    assert commands(found) == [
        "zfs send -w tank/prod@rep-2 | backup/prod",
        "zfs send -w -i @rep-2 tank/prod@rep-4 | backup/prod",
        "zfs send -w tank/prod/db@rep-4 | backup/prod/db",
        "zfs send -w -R -I @rep-4 tank/prod@rep-5 | backup/prod",
    ]
    assert not any("encryption root" in each for each in make_plan(found).notes)


@pytest.mark.parametrize(
    ("names", "scope", "said"),
    [
        (("auto-1", "rep-2"), OWN, "a second snapshot of the tree taken first"),
        (("rep-2", "auto-3", "rep-4"), OWN, "a second snapshot of the tree taken first"),
        (("rep-2", "rep-3"), replace(OWN, exclude=frozenset({"tmp"})), "stays one"),
    ],
)
def test_a_seed_that_breaks_the_hierarchy_up_says_so(
    names: tuple[str, ...], scope: Scope, said: str
) -> None:
    found = compare(tree("tank/prod", top=names, db=names), inventory("backup/prod"), scope)
    plan = make_plan(found)
    assert not any(step.send.replicate for step in plan.steps)
    assert any("encryption root" in each and said in each for each in plan.notes)


def test_children_that_are_roots_on_the_source_need_no_increment_of_the_tree() -> None:
    sides = mirrored({"": [101, 102], "db": [101, 102]}, {})
    plan = make_plan(compare(*sides, Scope("", all_snapshots=True, per_dataset=True)))
    assert [step.send.replicate for step in plan.steps] == [False] * 4
    assert plan.notes == ()


def test_what_is_left_out_never_travels_and_never_in_a_package() -> None:
    names = ("rep-1", "rep-2")
    source = tree("tank/prod", top=names, db=names, tmp=names)
    left = replace(OWN, exclude=frozenset({"tmp"}))
    plan = make_plan(compare(source, tree("backup/prod", top=names[:1], db=names[:1]), left))
    assert [step.send.dataset for step in plan.steps] == ["tank/prod", "tank/prod/db"]
    assert not any(step.send.replicate for step in plan.steps)
    assert plan.notes[0] == "left out by the route: tank/prod/tmp"


def clone_tree(origin: str, *, own: str = "rep-3") -> Inventory:
    source = tree("tank/prod", top=("rep-1",), copy=(own,), made=("rep-1", "auto-2"))
    copy = source.datasets["copy"]
    cloned = replace(copy, dataset=replace(copy.dataset, origin=origin))
    return replace(source, datasets={**source.datasets, "copy": cloned})


def test_a_clone_goes_after_its_origin_and_as_a_clone() -> None:
    scope = replace(OWN, per_dataset=True)
    found = compare(clone_tree("tank/prod/made@rep-1"), inventory("backup/prod"), scope)
    assert commands(found) == [
        "zfs send -w tank/prod@rep-1 | backup/prod",
        "zfs send -w tank/prod/made@rep-1 | backup/prod/made",
        "zfs send -w -i tank/prod/made@rep-1 tank/prod/copy@rep-3 | backup/prod/copy",
    ]
    (chain,) = make_plan(found).steps[-1].chains
    assert (chain.start, chain.origin) == (None, "tank/prod/made@rep-1")


@pytest.mark.parametrize("origin", ["tank/prod/made@auto-2", "tank/other@rep-1"])
def test_a_clone_whose_origin_does_not_travel_goes_in_full_and_says_so(origin: str) -> None:
    found = compare(clone_tree(origin), inventory("backup/prod"), OWN)
    assert "zfs send -w tank/prod/copy@rep-3 | backup/prod/copy" in commands(found)
    assert any(f"a clone of {origin}" in each for each in make_plan(found).notes)


def test_clones_that_would_wait_for_each_other_do_not() -> None:
    source = tree("tank/prod", top=("rep-1",), a=("rep-2",), b=("rep-3",))
    looped = {
        below: replace(each, dataset=replace(each.dataset, origin=origin))
        for (below, each), origin in zip(
            source.datasets.items(),
            ("tank/prod/a@rep-2", "tank/prod/b@rep-3", "tank/prod/a@rep-2"),
            strict=True,
        )
    }
    plan = make_plan(compare(replace(source, datasets=looped), inventory("backup/prod"), OWN))
    assert plan.steps[0].send.dataset == "tank/prod"
    assert sum(step.send.origin is not None for step in plan.steps) == 1
    assert sum("can only arrive after it" in each for each in plan.notes) == 2


def torn(names: tuple[str, ...], text: str, *theirs: Snapshot) -> Comparison:
    there = inventory(
        "backup/prod", top=held(dataset("backup/prod", key=1000, token=text), *theirs)
    )
    return compare(tree("tank/prod", top=names), there, OWN)


def test_what_was_interrupted_is_finished_first_and_then_the_rest() -> None:
    one, two = snapshot("rep-1", 1), snapshot("rep-2", 2)
    text = resume_token(two, one)
    found = torn(("rep-1", "rep-2", "rep-3", "auto-4", "rep-5"), text, one)
    first, second = make_plan(found).steps
    assert first.resumes == text
    assert first.chains[0].start == one
    assert [each.name for each in first.chains[0].snapshots] == ["rep-2", "rep-3"]
    assert second.resumes is None
    assert second.send.argv() == ("zfs", "send", "-w", "-i", "@rep-3", "tank/prod@rep-5")


def test_a_full_stream_is_finished_and_followed() -> None:
    text = resume_token(snapshot("rep-1", 1))
    first, second = make_plan(torn(("rep-1", "rep-2"), text)).steps
    assert (first.resumes, first.chains[0].start, first.snapshots) == (text, None, 1)
    assert (second.resumes, second.send.base) == (None, "rep-1")


def test_what_the_interrupted_receive_jumped_over_is_said() -> None:
    text = resume_token(snapshot("rep-3", 3), snapshot("rep-1", 1))
    plan = make_plan(torn(("rep-1", "rep-2", "rep-3"), text, snapshot("rep-1", 1)))
    (step,) = plan.steps
    assert step.send.argv() == ("zfs", "send", "-w", "-i", "@rep-1", "tank/prod@rep-3")
    assert any(each.startswith("passed over: @rep-2 of tank/prod") for each in plan.notes)


def test_a_torn_seed_of_a_tree_is_put_right_in_one_plan() -> None:
    names = ("rep-1", "rep-2", "rep-3")
    source = tree("tank/prod", top=names, app=names, db=names, home=names)
    first = source.datasets["db"].snapshots[0]
    there = tree("backup/prod", top=names[:2], app=names[:2], db=())
    db = there.datasets["db"]
    torn_db = replace(db, dataset=replace(db.dataset, resume_token=resume_token(first)))
    found = compare(source, replace(there, datasets={**there.datasets, "db": torn_db}), OWN)
    assert commands(found) == [
        "zfs send -w tank/prod/db@rep-1 | backup/prod/db",
        "zfs send -w -I @rep-1 tank/prod/db@rep-2 | backup/prod/db",
        "zfs send -w tank/prod/home@rep-1 | backup/prod/home",
        "zfs send -w -I @rep-1 tank/prod/home@rep-2 | backup/prod/home",
        "zfs send -w -R -I @rep-2 tank/prod@rep-3 | backup/prod",
    ]
    assert [bool(step.resumes) for step in make_plan(found).steps] == [True] + [False] * 4


def at(text: str) -> End:
    return End(Location.parse(text))


def test_the_pipeline_is_always_raw_resumable_unmounted_and_never_forced() -> None:
    found = compare(*mirrored({"": [101, 102]}, {"": [101]}))
    for comparison in (found, compare(*mirrored({"": [101]}, {}))):
        (step,) = make_plan(comparison).steps
        ends = Ends(at("root@nas1:tank/prod"), at("root@dr1:backup/prod"))
        shown = pipeline(step, ends, "keep").text()
        assert shown.startswith("zfs send -w ")
        assert " root@dr1 " in shown
        assert "zfs receive -s -u backup/prod" in shown
        assert "-F" not in shown


def test_a_name_with_a_space_is_quoted_for_both_shells() -> None:
    found = compare(
        inventory("tank/my data", top=held(dataset("tank/my data"), snapshot("a b", 101))),
        inventory("backup/my data"),
    )
    (step,) = make_plan(found).steps
    ends = Ends(at("root@nas1:tank/my data"), at("root@dr1:backup/my data"))
    shown = pipeline(step, ends, "keep").text()
    assert shown.startswith("zfs send -w -vP -R 'tank/my data@a b' | ssh ")
    assert "zfs receive -s -u '\"'\"'backup/my data'\"'\"'" in shown


def test_one_host_needs_no_ssh_and_a_remote_coordinator_cannot_reach_this_machine() -> None:
    (step,) = make_plan(compare(*mirrored({"": [101]}, {}))).steps
    one = Ends(at("nas1:tank/prod"), at("nas1:backup/prod"))
    assert "ssh" not in pipeline(step, one, "keep").text()
    assert obstacle(Ends(at("nas1:tank/a"), at("backup/a"))) is not None
    assert obstacle(Ends(at("tank/a"), at("backup/a"))) is None
    assert obstacle(Ends(at("tank/a"), at("nas1:backup/a"))) is None


def test_a_seed_of_several_snapshots_ends_with_an_increment_that_puts_the_hierarchy_right() -> None:
    root = held(dataset("tank/prod"), snapshot("s1", 101), snapshot("s2", 102))
    child = held(
        dataset("tank/prod/db", root="tank/prod"), snapshot("s1", 10_101), snapshot("s2", 10_102)
    )
    found = compare(inventory("tank/prod", top=root, db=child), inventory("backup/prod"))
    assert commands(found) == [
        "zfs send -w -R tank/prod@s1 | backup/prod",
        "zfs send -w -R -I @s1 tank/prod@s2 | backup/prod",
    ]
    assert [step.brings for step in make_plan(found).steps] == [{101, 10_101}, {102, 10_102}]
