"""The procedures as data: nothing before its proof, and every step says what, why and how."""

from __future__ import annotations

import pytest

from sealift.keys.calls import Source, check_path, load, verify
from sealift.keys.state import KeyTree
from sealift.keys.steps import Kind, Step, StepId, Wish, steps, unmet
from sealift.zfs.commands import Effect
from sealift.zfs.names import BadNameError
from tests.unit.keys.trees import HOST, ROOT, dataset, three, tree

WISH = Wish((ROOT,), mount=True, minutes=60, reason="rehearsal Q4, ticket 1182")


def ids(kind: Kind, wish: Wish = WISH) -> list[StepId]:
    return [step.id for step in steps(kind, three(), wish)]


def texts(found: tuple[Step, ...], which: StepId) -> list[str]:
    (step,) = [each for each in found if each.id is which]
    return [command.text() for command in step.commands]


@pytest.mark.parametrize("kind", [Kind.LOAD, Kind.REHEARSAL])
def test_a_key_is_tried_before_it_is_loaded_and_a_reason_comes_before_both(kind: Kind) -> None:
    order = ids(kind)
    assert order.index(StepId.REASON) < order.index(StepId.VERIFY) < order.index(StepId.LOAD)


def test_a_test_loads_and_mounts_nothing() -> None:
    commands = [
        command.text() for step in steps(Kind.TEST, three(), WISH) for command in step.commands
    ]
    assert commands[0] == f"zfs load-key -n -L prompt {ROOT}"
    assert not [text for text in commands if text.startswith(("zfs load-key -L", "zfs mount"))]


def test_loading_mounts_and_sets_a_timer_only_if_asked_to() -> None:
    assert StepId.MOUNT in ids(Kind.LOAD)
    assert StepId.TIMER in ids(Kind.LOAD)
    bare = ids(Kind.LOAD, Wish((ROOT,)))
    assert StepId.MOUNT not in bare
    assert StepId.TIMER not in bare


@pytest.mark.parametrize("kind", [Kind.LOAD, Kind.REHEARSAL])
def test_the_timer_runs_before_the_key_is_loaded(kind: Kind) -> None:
    order = ids(kind)
    assert order.index(StepId.VERIFY) < order.index(StepId.TIMER) < order.index(StepId.LOAD)


def test_what_another_screen_asks_for_or_does_has_no_number() -> None:
    for kind in Kind:
        named = {each.id for each in steps(kind, three(), WISH) if not each.shown}
        asked_in_load = {StepId.TIMER, StepId.MOUNT} & set(ids(kind))
        locked_at_once = {StepId.UNMOUNT, StepId.UNLOAD} & set(ids(kind))
        nobody_is_asked = {StepId.USERS} if kind is Kind.REHEARSAL else set()
        assert named == asked_in_load | locked_at_once | nobody_is_asked


def test_a_key_may_be_tested_whether_it_is_loaded_or_not() -> None:
    looks = {kind: steps(kind, three(), WISH)[0] for kind in (Kind.LOAD, Kind.TEST)}
    assert "not loaded yet" in looks[Kind.LOAD].check
    assert "makes no difference" in looks[Kind.TEST].check
    assert "tried at its encryption root" in looks[Kind.TEST].why


def test_mounting_is_read_only_and_from_above() -> None:
    assert texts(steps(Kind.LOAD, three(), WISH), StepId.MOUNT) == [
        f"zfs mount -o ro {ROOT}",
        f"zfs mount -o ro {ROOT}/app",
        f"zfs mount -o ro {ROOT}/db",
    ]


def test_locking_unmounts_from_below_and_never_by_force() -> None:
    found = steps(Kind.LOCK, three(opened=True, mounted=True), WISH)
    assert texts(found, StepId.UNMOUNT) == [
        f"zfs unmount {ROOT}/db",
        f"zfs unmount {ROOT}/app",
        f"zfs unmount {ROOT}",
    ]
    assert texts(found, StepId.UNLOAD) == [f"zfs unload-key {ROOT}"]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_step_says_what_why_and_when_it_has_passed(kind: Kind) -> None:
    for step in steps(kind, three(opened=True, mounted=True), WISH):
        assert step.title
        assert step.does.endswith(".")
        assert step.why.endswith(".")
        assert step.check


def test_the_reason_is_with_every_command_that_opens_something() -> None:
    for step in steps(Kind.REHEARSAL, three(), WISH):
        if step.id in {StepId.VERIFY, StepId.LOAD, StepId.MOUNT}:
            assert {each.reason for each in step.commands} == {WISH.reason}
            assert {each.effect for each in step.commands} == {Effect.CHANGE}


def test_where_the_key_comes_from_is_in_the_command_and_the_key_never() -> None:
    assert verify(ROOT, Source.FILE).argv[2:] == ("-n", "-L", "prompt", ROOT)
    assert load(ROOT, Source.HOST).text() == f"zfs load-key {ROOT}"
    assert load(ROOT, Source.HOST, "/run/k").text() == f"zfs load-key -L file:///run/k {ROOT}"
    for bad in ("run/k", "/run/k\n", "", "/\x1b"):
        with pytest.raises(BadNameError):
            check_path(bad)


@pytest.mark.parametrize(
    ("step", "found", "finding"),
    [
        (StepId.LOAD, three(opened=False, mounted=False), "key-not-loaded"),
        (StepId.LOAD, three(opened=True, mounted=False), None),
        (StepId.MOUNT, three(opened=True, mounted=False), "mount-busy"),
        (StepId.MOUNT, three(opened=True, mounted=True), None),
        (StepId.UNMOUNT, three(opened=True, mounted=True), "key-loaded-on-vault"),
        (StepId.UNMOUNT, three(opened=True, mounted=False), None),
        (StepId.UNLOAD, three(opened=True, mounted=False), "key-loaded-on-vault"),
        (StepId.UNLOAD, three(opened=False, mounted=False), None),
    ],
)
def test_a_step_has_passed_when_a_fresh_reading_says_so(
    step: StepId, found: KeyTree, finding: str | None
) -> None:
    trouble = unmet(step, HOST, found, WISH)
    assert (trouble.finding if trouble else None) == finding


@pytest.mark.parametrize("step", list(StepId))
def test_what_is_no_encryption_root_any_more_has_passed_nothing(step: StepId) -> None:
    found = tree(dataset("backup"), dataset(ROOT, root="backup"))
    trouble = unmet(step, HOST, found, WISH)
    assert trouble is not None
    assert trouble.finding == "plan-changed"
    assert ROOT in trouble.what


def test_what_is_not_meant_to_be_mounted_is_not_missed() -> None:
    off = tree(dataset(opened=True, can_mount="off"))
    assert unmet(StepId.MOUNT, HOST, off, WISH) is None
