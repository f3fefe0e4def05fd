"""What the next increment depends on is held, and let go only once something newer is held."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.replication import hold_list
from sealift.replication.anchoring import Anchoring, along
from sealift.replication.anchors import Holding, before, unheld
from sealift.replication.comparison import Comparison, compare
from sealift.replication.hold_list import release_warning, rows
from sealift.replication.inventory import Held, Inventory
from sealift.replication.job import Job, JobState
from sealift.replication.picture import found_in
from sealift.replication.plan import Chain, Step, make_plan
from sealift.routes import Scope
from sealift.zfs.commands import Command, RawSend
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Snapshot
from tests.factories import dataset, held, inventory, job, mirrored, snapshot

TAG = "keepforrep"
NONE: frozenset[str] = frozenset()


def texts(commands: tuple[Command, ...]) -> list[str]:
    return [" ".join(command.argv) for command in commands]


def shot(guid: int) -> Snapshot:
    return snapshot(f"s{guid}", guid)


def chain(below: str, start: int | None, *guids: int, bookmark: bool = False) -> Chain:
    return Chain(
        f"tank/prod{below}",
        f"backup/prod{below}",
        tuple(shot(guid) for guid in guids),
        None if start is None else shot(start),
        bookmark=bookmark,
    )


def step(*chains: Chain) -> Step:
    first = chains[0]
    base = first.start.name if first.start else None
    return Step(RawSend(first.dataset, first.target.name, base), first.into, chains, "a test")


def holding(comparison: Comparison, *steps: Step, source: frozenset[str] = NONE) -> Holding:
    return before(steps, comparison, TAG, source_held=source, destination_held=NONE)


def anchoring(
    comparison: Comparison,
    done: Step,
    *,
    source: frozenset[str] = NONE,
    destination: frozenset[str] = NONE,
    to_come: tuple[Step, ...] = (),
) -> Anchoring:
    steps = (done, *to_come)
    return along(steps, comparison, TAG, source_held=source, destination_held=destination)[0]


def behind() -> Comparison:
    return compare(*mirrored({"": [101, 102, 103]}, {"": [101]}))


def test_the_start_and_all_that_a_step_brings_are_held_before_the_first_byte() -> None:
    """An interruption may leave the destination at any of them: that is the base then."""
    found = holding(behind(), step(chain("", 101, 102, 103)))
    assert texts(found.source) == [f"zfs hold {TAG} tank/prod@s101 tank/prod@s102 tank/prod@s103"]
    assert texts(found.destination) == [f"zfs hold {TAG} backup/prod@s101"]
    assert (found.here, found.there) == (3, 1)


def test_what_is_held_already_is_not_held_again_because_zfs_would_fail() -> None:
    found = before(
        (step(chain("", 101, 102, 103)),),
        behind(),
        TAG,
        source_held=frozenset({"tank/prod@s101"}),
        destination_held=frozenset({"backup/prod@s101"}),
    )
    assert texts(found.source) == [f"zfs hold {TAG} tank/prod@s102 tank/prod@s103"]
    assert found.destination == ()
    assert (found.here, found.there) == (2, 0)


def test_the_start_is_held_on_the_destination_under_the_name_it_has_there() -> None:
    ours = held(dataset("tank/prod"), shot(101), shot(102))
    theirs = held(dataset("backup/prod"), snapshot("renamed", 101))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    assert texts(holding(found, step(chain("", 101, 102))).destination) == [
        f"zfs hold {TAG} backup/prod@renamed"
    ]


def test_of_a_bookmark_only_the_destinations_snapshot_is_held() -> None:
    mark = replace(shot(101), bookmark=True)
    ours = held(dataset("tank/prod"), shot(102), bookmarks=(mark,))
    theirs = held(dataset("backup/prod"), shot(101))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    done = step(chain("", 101, 102, bookmark=True))
    assert texts(holding(found, done).source) == [f"zfs hold {TAG} tank/prod@s102"]
    assert texts(holding(found, done).destination) == [f"zfs hold {TAG} backup/prod@s101"]
    moved = anchoring(found, done)
    assert texts(moved.destination) == [
        f"zfs hold {TAG} backup/prod@s102",
        f"zfs release {TAG} backup/prod@s101",
    ]
    assert texts(moved.source) == ["zfs bookmark tank/prod@s102 tank/prod#s102"]


def test_the_new_base_is_held_before_the_former_ones_are_released() -> None:
    moved = anchoring(
        behind(),
        step(chain("", 101, 102, 103)),
        source=frozenset({"tank/prod@s101", "tank/prod@s102", "tank/prod@s103"}),
        destination=frozenset({"backup/prod@s101"}),
    )
    assert texts(moved.destination) == [
        f"zfs hold {TAG} backup/prod@s103",
        f"zfs release {TAG} backup/prod@s101",
    ]
    assert texts(moved.source) == [
        f"zfs release {TAG} tank/prod@s101 tank/prod@s102",
        "zfs bookmark tank/prod@s103 tank/prod#s103",
    ]


def test_only_what_is_older_than_the_target_and_in_its_dataset_is_released() -> None:
    found = compare(
        *mirrored({"": [100, 101, 102, 103], "db": [101, 102]}, {"": [100, 101], "db": [101]})
    )
    every = frozenset(f"tank/prod{below}" for below in ("@s100", "@s103", "/db@s101", "/db@s102"))
    moved = anchoring(found, step(chain("", 101, 102)), source=every)
    # s101 counts as held: it is the start, and `before` held it.
    assert texts(moved.source)[0] == f"zfs release {TAG} tank/prod@s100 tank/prod@s101"


def test_what_lay_between_is_let_go_with_the_start_though_it_was_held_after_the_reading() -> None:
    moved = anchoring(behind(), step(chain("", 101, 102, 103)))
    assert texts(moved.source)[0] == f"zfs release {TAG} tank/prod@s101 tank/prod@s102"


def test_what_a_cancelled_job_left_held_is_let_go_once_the_dataset_has_something_newer() -> None:
    """Among it what the new plan does not carry: `s102` was left out of the route since."""
    every = frozenset(f"tank/prod@s{guid}" for guid in (100, 101, 102, 103))
    found = compare(*mirrored({"": [100, 101, 102, 103]}, {"": [100, 101]}))
    moved = anchoring(
        found,
        step(chain("", 101, 103)),
        source=every,
        destination=frozenset({"backup/prod@s100", "backup/prod@s101"}),
    )
    assert texts(moved.source)[0] == (
        f"zfs release {TAG} tank/prod@s100 tank/prod@s101 tank/prod@s102"
    )
    assert texts(moved.destination)[1] == (f"zfs release {TAG} backup/prod@s100 backup/prod@s101")


def test_steps_of_one_dataset_hand_the_anchor_on_though_the_holds_were_read_before_the_run() -> (
    None
):
    first, second = step(chain("", 101, 102)), step(chain("", 102, 103))
    found = behind()
    assert texts(holding(found, first, second).source) == [
        f"zfs hold {TAG} tank/prod@s101 tank/prod@s102 tank/prod@s103"
    ]
    assert texts(holding(found, first, second).destination) == [f"zfs hold {TAG} backup/prod@s101"]
    moved = anchoring(found, first, to_come=(second,))
    assert texts(moved.source)[0] == f"zfs release {TAG} tank/prod@s101"
    moved = anchoring(found, second)
    assert texts(moved.source)[0] == f"zfs release {TAG} tank/prod@s102"
    assert texts(moved.destination) == [
        f"zfs hold {TAG} backup/prod@s103",
        f"zfs release {TAG} backup/prod@s102",
    ]


def test_a_comparison_from_after_the_receive_gives_the_same() -> None:
    fresh = compare(*mirrored({"": [101, 102, 103]}, {"": [101, 102, 103]}))
    destination = frozenset({"backup/prod@s101", "backup/prod@s103"})
    moved = anchoring(fresh, step(chain("", 101, 102)), destination=destination)
    assert texts(moved.destination) == [
        f"zfs hold {TAG} backup/prod@s102",
        f"zfs release {TAG} backup/prod@s101",
    ]


def test_a_bookmark_that_is_there_or_whose_name_is_taken_is_not_made_again() -> None:
    for mark in (replace(shot(103), name="other"), snapshot("s103", 55)):
        ours = held(
            dataset("tank/prod"),
            shot(101),
            shot(103),
            bookmarks=(replace(mark, bookmark=True),),
        )
        theirs = held(dataset("backup/prod"), shot(101))
        found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
        assert texts(anchoring(found, step(chain("", 101, 103))).source) == [
            f"zfs release {TAG} tank/prod@s101"
        ]


def test_a_seed_has_no_start_to_hold_there_nor_to_release() -> None:
    found = compare(*mirrored({"": [101, 102]}, {}))
    seed = step(chain("", None, 101, 102))
    assert texts(holding(found, seed).source) == [f"zfs hold {TAG} tank/prod@s101 tank/prod@s102"]
    assert holding(found, seed).destination == ()
    moved = anchoring(found, seed)
    assert texts(moved.destination) == [f"zfs hold {TAG} backup/prod@s102"]
    assert texts(moved.source) == [
        f"zfs release {TAG} tank/prod@s101",
        "zfs bookmark tank/prod@s102 tank/prod#s102",
    ]


def clone(*, there: list[int]) -> tuple[Comparison, Step]:
    """A clone of tank/prod/db@s101 that is to be sent alone, and its step."""
    made = replace(dataset("tank/prod/copy"), origin="tank/prod/db@s101")
    source = inventory(
        "tank/prod",
        top=held(dataset("tank/prod"), shot(90)),
        db=held(dataset("tank/prod/db"), *(shot(guid) for guid in (100, 101, 102))),
        copy=held(made, shot(150)),
    )
    destination = inventory(
        "backup/prod",
        top=held(dataset("backup/prod"), shot(90)),
        db=held(dataset("backup/prod/db"), *(shot(guid) for guid in there)),
    )
    goes = Chain("tank/prod/copy", "backup/prod/copy", (shot(150),), origin="tank/prod/db@s101")
    return compare(source, destination), step(goes)


def test_the_origin_of_a_clone_is_held_until_the_clone_has_arrived() -> None:
    found, later = clone(there=[100, 101])
    first = step(chain("/db", 101, 102))
    held_first = holding(found, first, later)
    assert texts(held_first.source) == [
        f"zfs hold {TAG} tank/prod/db@s101 tank/prod/db@s102 tank/prod/copy@s150 tank/prod@s90"
    ]
    assert texts(held_first.destination) == [f"zfs hold {TAG} backup/prod/db@s101 backup/prod@s90"]
    moved = anchoring(found, first, to_come=(later,))
    assert texts(moved.destination) == [f"zfs hold {TAG} backup/prod/db@s102"]
    assert texts(moved.source) == ["zfs bookmark tank/prod/db@s102 tank/prod/db#s102"]
    assert texts(anchoring(found, first).source)[0] == f"zfs release {TAG} tank/prod/db@s101"


def test_an_origin_that_arrives_on_the_way_is_held_there_for_the_clone_to_come() -> None:
    found, later = clone(there=[100])
    moved = anchoring(found, step(chain("/db", 100, 101, 102)), to_come=(later,))
    assert texts(moved.destination)[0] == (
        f"zfs hold {TAG} backup/prod/db@s101 backup/prod/db@s102"
    )


def test_no_command_names_more_than_200_snapshots() -> None:
    names = [f"d{number}" for number in range(450)]
    found = compare(*mirrored({"": [101], **{n: [101] for n in names}}, {}))
    chains = [Chain(f"tank/prod/{name}", f"backup/prod/{name}", (shot(101),)) for name in names]
    held_first = holding(found, step(*chains))
    source = held_first.source
    assert [len(command.argv) - 3 for command in source] == [200, 200, 50]
    assert {word for command in source for word in command.argv[3:]} == {
        f"tank/prod/{name}@s101" for name in names
    }
    assert held_first.here == 450


def of_a_tree() -> tuple[Comparison, Step]:
    """A package of three datasets with three snapshots each."""
    found = compare(*mirrored({below: [101, 102, 103] for below in ("", "a", "a/b")}, {}))
    (package,) = make_plan(found).steps
    return found, package


def test_what_all_of_a_tree_have_is_held_and_let_go_with_one_r_for_each_name() -> None:
    found, package = of_a_tree()
    held_first = holding(found, package)
    assert texts(held_first.source) == [
        f"zfs hold -r {TAG} tank/prod@s101 tank/prod@s102 tank/prod@s103"
    ]
    assert held_first.here == 9
    moved = anchoring(found, package)
    assert texts(moved.source)[0] == f"zfs release -r {TAG} tank/prod@s101 tank/prod@s102"
    assert len(moved.release) == 6


def test_a_name_is_not_held_with_r_if_one_of_the_tree_has_the_tag_already() -> None:
    """Then `hold -r` would hold none of them."""
    found, package = of_a_tree()
    held_first = holding(found, package, source=frozenset({"tank/prod/a@s102"}))
    assert texts(held_first.source) == [
        f"zfs hold -r {TAG} tank/prod@s101 tank/prod@s103",
        f"zfs hold {TAG} tank/prod@s102 tank/prod/a/b@s102",
    ]
    assert held_first.here == 8


def test_a_name_is_not_held_with_r_if_something_below_has_it_that_does_not_travel() -> None:
    trees = mirrored({"": [101], "a": [101], "left": [101]}, {})
    found = compare(*trees, Scope("s", exclude=frozenset({"left"})))
    assert texts(holding(found, *make_plan(found).steps).source) == [
        f"zfs hold {TAG} tank/prod@s101 tank/prod/a@s101"
    ]


def test_an_origin_outside_the_tree_is_held_by_its_own_name() -> None:
    """`-r` on the top would not reach it."""
    found, package = of_a_tree()
    goes = Chain("tank/prod/a", "backup/prod/a", (shot(104),), origin="tank/other@s101")
    assert texts(holding(found, package, step(goes)).source) == [
        f"zfs hold -r {TAG} tank/prod@s101 tank/prod@s102 tank/prod@s103",
        f"zfs hold {TAG} tank/other@s101 tank/prod/a@s104",
    ]


def test_a_dataset_of_a_package_that_goes_alone_has_its_own_part_name_by_name() -> None:
    found, package = of_a_tree()
    alone = anchoring(found, package).apart(package.chains)[1]
    assert texts(alone.destination) == [f"zfs hold {TAG} backup/prod/a@s103"]
    assert texts(alone.source) == [
        f"zfs release {TAG} tank/prod/a@s101 tank/prod/a@s102",
        "zfs bookmark tank/prod/a@s103 tank/prod/a#s103",
    ]


def test_a_base_that_is_not_held_is_a_warning_on_each_side() -> None:
    found = compare(*mirrored({"": [101, 102], "db": [101]}, {"": [101], "db": [101]}))
    problems = unheld(found, frozenset({"tank/prod@s101"}), frozenset({"backup/prod@s101"}), TAG)
    assert [(each.id, each.severity, each.side, each.dataset) for each in problems] == [
        ("anchor-not-held", "warning", "source", "tank/prod/db"),
        ("anchor-not-held", "warning", "destination", "backup/prod/db"),
    ]
    assert f"zfs hold {TAG} tank/prod/db@s101" in problems[0].mend


def with_held(tree: Inventory, *guids: int, marked: bool = False) -> Inventory:
    """The same with a hold on snapshots of these guids, and a bookmark of each one if `marked`."""
    return replace(
        tree,
        datasets={
            below: Held(
                each.dataset,
                tuple(replace(one, userrefs=int(one.guid in guids)) for one in each.snapshots),
                tuple(replace(one, bookmark=True) for one in each.snapshots if marked),
            )
            for below, each in tree.datasets.items()
        },
    )


def test_the_header_warns_of_a_base_that_a_route_which_holds_does_not_hold() -> None:
    ours, theirs = mirrored({"": [101, 102], "db": [101]}, {"": [101], "db": [101]})

    def said(*held_there: int, ours: Inventory = ours, last: Job | None = None) -> list[str]:
        found = found_in(compare(ours, with_held(theirs, *held_there)), last)
        assert all(each.severity == "warning" for each in found)
        return [f"{each.id}: {each.summary}" for each in found]

    assert said() == [], "whatever sends it may do without holds"
    here = "anchor-not-held: tank/prod@s101 and 1 more, which the next increment starts from, are "
    there = "anchor-not-held: backup/prod/db@s101, which the next increment goes on from, is "
    assert said(101) == [here + "not held", there + "not held"]
    assert said(101, ours=with_held(ours, marked=True)) == [there + "not held"]
    assert said(101, 10_101, ours=with_held(ours, marked=True)) == []
    assert len(said(last=job(JobState.DONE))) == 2, "a job of sealift holds them"
    assert said(101, last=job(JobState.RUNNING)) == [], "what arrives is held once it is there"


def test_nothing_has_to_be_held_where_nothing_is_shared() -> None:
    found = compare(*mirrored({"": [101], "new": [101]}, {"old": [101]}))
    assert unheld(found, NONE, NONE, TAG) == ()


def run(commands: tuple[Command, ...], held: set[str], found: Inventory) -> None:
    """What zfs would do, which fails for a hold that is there and a release of one that is not."""
    for command in commands:
        verb, *words = command.argv[1:]
        names = set(words[2:] if words[0] == "-r" else words[1:])
        if words[0] == "-r":
            short = {name.partition("@")[2] for name in names}
            names = {
                f"{each.dataset.name}@{snapshot.name}"
                for each in found.datasets.values()
                for snapshot in each.snapshots
                if snapshot.name in short
            }
        if verb == "hold":
            assert not names & held
            held |= names
        elif verb == "release":
            assert names <= held
            held -= names


below = st.sampled_from(["", "db", "app"])
numbers = st.lists(st.integers(101, 112), unique=True, min_size=1).map(sorted)


@given(st.dictionaries(below, numbers, min_size=1), st.data())
def test_whatever_the_plan_every_start_is_held_on_both_sides_when_its_step_begins(
    trees: dict[str, list[int]], data: st.DataObject
) -> None:
    source = {"": [101], **trees}
    there = {
        name: guids[: data.draw(st.integers(1, len(guids)))]
        for name, guids in source.items()
        if name == "" or data.draw(st.booleans())
    }
    ours, theirs = mirrored(source, there)
    found = compare(ours, theirs, Scope("s", per_dataset=data.draw(st.booleans())))
    steps = make_plan(found).steps
    names = [f"tank/prod@s{guid}" for guid in source[""]]
    source_held = set(data.draw(st.sets(st.sampled_from(names))))
    destination_held = {f"backup/prod@s{there[''][-1]}"} if data.draw(st.booleans()) else set()
    frozen = frozenset(source_held), frozenset(destination_held)
    first = before(steps, found, TAG, source_held=frozen[0], destination_held=frozen[1])
    run(first.source, source_held, ours)
    run(first.destination, destination_held, theirs)
    moves = along(steps, found, TAG, source_held=frozen[0], destination_held=frozen[1])
    for each, moved in zip(steps, moves, strict=True):
        for chain in each.chains:
            assert {f"{chain.dataset}@{each.name}" for each in chain.snapshots} <= source_held
            if chain.start is not None:
                assert f"{chain.dataset}@{chain.start.name}" in source_held
                assert f"{chain.into}@{chain.start.name}" in destination_held
        run(moved.destination, destination_held, theirs)
        run(moved.source, source_held, ours)
    ends = {chain.dataset: chain for each in steps for chain in each.chains}
    for chain in ends.values():
        for held_now, each_side in ((source_held, chain.dataset), (destination_held, chain.into)):
            of_it = {name for name in held_now if name.startswith(f"{each_side}@")}
            assert of_it == {f"{each_side}@{chain.target.name}"}


def hold(name: str, tag: str = TAG, since: str = "Thu Dec 25  2:00 2025") -> Hold:
    return Hold(name, tag, since)


def test_every_hold_says_what_it_is_for_the_chain_first() -> None:
    found = compare(*mirrored({"": [99, 100, 101, 102]}, {"": [99, 100, 101], "old": [98]}))
    source = (
        hold("tank/prod@s100", ".send-41-1"),
        hold("tank/prod@s100", "legal"),
        hold("tank/prod@s100", "syncoid_nas1"),
        hold("tank/prod@gone"),
        hold("tank/prod@s99"),
        hold("tank/prod@s102"),
        hold("tank/prod@s101"),
    )
    destination = (
        hold("backup/prod/old@s98"),
        hold("backup/prod@s101", since="1766000000"),
    )
    shown = [(row.side, row.snapshot, row.whose) for row in rows(found, source, destination, TAG)]
    assert shown == [
        ("destination", "backup/prod@s101", "base of the next increment"),
        ("source", "tank/prod@s101", "base of the next increment"),
        ("source", "tank/prod@s102", "on its way, not confirmed yet"),
        ("destination", "backup/prod/old@s98", "ours, but the source has no such snapshot"),
        ("source", "tank/prod@s99", "ours, no longer needed"),
        ("source", "tank/prod@gone", "ours, not in this reading"),
        ("source", "tank/prod@s100", "another's (tag legal)"),
        ("source", "tank/prod@s100", "syncoid's (tag syncoid_nas1)"),
        ("source", "tank/prod@s100", "a running zfs send"),
    ]


def test_another_tool_s_hold_is_let_go_by_that_tool() -> None:
    (row,) = rows(behind(), (), (hold("backup/prod@s100", "zrepl_last_received_J_sink"),), TAG)
    assert release_warning(row, behind()).startswith("It is zrepl's, which relies on it")


def test_a_hold_of_a_running_send_is_never_offered_for_release() -> None:
    found = behind()
    temporary, ours = rows(
        found, (hold("tank/prod@s101", ".send-41-1"), hold("tank/prod@s101")), (), TAG
    )[::-1]
    assert (temporary.releasable, ours.releasable) == (False, True)
    assert "running" in release_warning(temporary, found)


@pytest.mark.parametrize(
    ("ours", "name", "words"),
    [
        (held(dataset("tank/prod"), shot(101), shot(102)), "s101", "sent in full again"),
        (
            held(dataset("tank/prod"), shot(100), shot(101), shot(102)),
            "s101",
            "rolled back to @s100",
        ),
        (
            held(
                dataset("tank/prod"),
                shot(100),
                shot(101),
                bookmarks=(replace(shot(101), bookmark=True),),
            ),
            "s101",
            "from its bookmark",
        ),
        (held(dataset("tank/prod"), shot(101), shot(102)), "s102", "does not have @s102 yet"),
        (held(dataset("tank/prod"), shot(100), shot(101)), "s100", ""),
    ],
)
def test_releasing_says_what_can_break(ours: Held, name: str, words: str) -> None:
    theirs = held(dataset("backup/prod"), shot(100), shot(101))
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    (row,) = rows(found, (hold(f"tank/prod@{name}"),), (), TAG)
    warning = release_warning(row, found)
    assert words in warning
    assert bool(words) == bool(warning)


def test_releasing_the_destinations_base_says_from_where_it_would_be_sent_again() -> None:
    found = compare(*mirrored({"": [100, 101, 102]}, {"": [100, 101]}))
    (row,) = rows(found, (), (hold("backup/prod@s101"),), TAG)
    assert "all that is newer than @s100" in release_warning(row, found)


def test_a_clone_still_to_be_sent_keeps_its_origin_from_being_called_spent() -> None:
    found, _ = clone(there=[100, 101, 102])
    (row,) = rows(found, (hold("tank/prod/db@s101"),), (), TAG)
    assert row.whose == hold_list.ORIGIN
    assert "sent in full" in release_warning(row, found)


def test_a_tag_of_another_tool_is_shown_harmless() -> None:
    found = behind()
    (row,) = rows(found, (hold("tank/prod@s101", "evil\x1b[2J"),), (), TAG)
    assert "\x1b" not in row.whose + release_warning(row, found)
