"""How far a job is as a whole, from its steps and from what the running one says."""

from __future__ import annotations

from dataclasses import replace

from sealift.replication.amount import Amount, amount
from sealift.replication.job import Job, JobStep
from sealift.zfs.progress import SendProgress
from tests.factories import job

KINDS = ("single", "single", "single")


def running(at: int, said: str, *sizes: int | None, kinds: tuple[str, ...] = KINDS) -> Job:
    """A job of steps of these sizes, whose step `at` has said this."""
    steps = tuple(
        JobStep(
            f"{number:04}", "tank/prod", "backup/prod", None, "s1", kind, frozenset(), "", size=size
        )
        for number, (size, kind) in enumerate(zip(sizes, kinds, strict=True), 1)
    )
    progress = SendProgress().feed(said.encode()) if said else SendProgress()
    return replace(job(), about=replace(job().about, steps=steps), index=at, progress=progress)


def said(total: int, done: int) -> str:
    return f"full\ttank/prod@s1\t{total}\nsize\t{total}\n12:00:01\t{done}\ttank/prod@s1\n"


def test_what_the_finished_steps_carried_counts_and_so_does_what_is_still_to_come() -> None:
    found = amount(running(1, said(3000, 500), 1000, 3000, 6000))
    assert found == Amount(1500, 10_000, 2, 3, whole=True)
    assert found.fraction == 0.15


def test_before_a_step_has_said_anything_it_is_as_large_as_was_estimated() -> None:
    assert amount(running(1, "", 1000, 3000, 6000)) == Amount(1000, 10_000, 2, 3, whole=True)


def test_a_step_that_goes_on_after_a_cut_keeps_what_it_had_carried() -> None:
    found = amount(running(1, said(1200, 200), 1000, 3000, 6000))
    assert found == Amount(1000 + 1800 + 200, 10_000, 2, 3, whole=True)


def test_a_token_is_one_snapshot_of_several_and_the_rest_of_its_step_comes_after_it() -> None:
    several = replace(
        running(1, "", 100, 100, kinds=("single", "single")).steps[0], brings=frozenset({1, 2})
    )
    cut = running(0, said(5, 2), 100, 100, kinds=("single", "single"))
    cut = replace(cut, about=replace(cut.about, steps=(several, cut.steps[1])))
    assert amount(replace(cut, how="resume")) == Amount(2, 5, 1, 2, whole=False)
    goes_on = replace(cut, how="continue_from", progress=SendProgress().feed(said(60, 6).encode()))
    assert amount(goes_on) == Amount(46, 200, 1, 2, whole=True)


def test_a_single_step_that_was_cut_off_goes_on_where_it_was() -> None:
    cut = running(0, said(60, 6), 100, kinds=("single",))
    assert amount(cut) == Amount(46, 100, 1, 1, whole=True)


def test_a_step_that_turns_out_larger_makes_the_whole_larger() -> None:
    found = amount(running(0, said(1500, 1500), 1000, 3000, 6000))
    assert found == Amount(1500, 10_500, 1, 3, whole=True)


def test_where_a_size_is_unknown_the_running_step_alone_is_told_and_said_to_be_one() -> None:
    found = amount(running(1, said(3000, 500), 1000, 3000, None))
    assert found == Amount(500, 3000, 2, 3, whole=False)


def test_a_single_step_is_the_whole_job_whatever_was_estimated_before() -> None:
    assert amount(running(0, said(10, 1), None, kinds=("single",))) == Amount(
        1, 10, 1, 1, whole=True
    )


def test_more_than_was_expected_is_never_more_than_all() -> None:
    assert Amount(150, 100, 1, 1, whole=True).fraction == 1.0
    assert Amount(150, None, 1, 1, whole=True).fraction is None


def test_mending_a_package_is_no_step_of_the_order() -> None:
    kinds = ("package", "repair", "repair")
    assert amount(running(0, said(10, 1), 10, None, None, kinds=kinds)).steps == 1
    mending = amount(running(2, said(10, 1), 10, None, None, kinds=kinds))
    assert mending == Amount(1, 10, 0, 0, whole=False)
