"""Step 1: every rule fires on what it is about, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.playbook.sending import judge
from sealift.replication.inventory import Inventory
from sealift.replication.job import JobState
from sealift.zfs.commands import Effect
from sealift.zfs.listings import KeyStatus
from tests.factories import dataset, held, inventory, job, locked, mirrored, resume_token, snapshot
from tests.unit.playbook.scenes import (
    IDLE,
    MIB,
    ROUTE,
    at,
    blind,
    ids,
    moving,
    only,
    scene,
    written,
)

HOURS = list(range(101, 111))
RAW = "zfs send -w -R -I @s101 tank/prod@s110"
PUSHED = "zfs receive -s -u backup/prod"


def trees(behind: int = 0, **children: list[int]) -> tuple[Inventory, Inventory]:
    """A tree of ten hourly snapshots, of which the destination lacks the last few."""
    theirs = HOURS[: len(HOURS) - behind]
    return mirrored({"": HOURS, "db": HOURS} | children, {"": theirs, "db": theirs} | children)


def test_a_level_route_has_nothing_to_find() -> None:
    report = judge(scene(), 0)
    assert (report.state, report.findings, report.unseen) == ("ok", (), ())
    assert {"Raw", "To send", "Usual", "Newest snapshot"} <= {each.title for each in report.facts}


def test_nothing_read_is_unknown_and_says_so() -> None:
    report = judge(blind(), unseen=("root@nas1: no answer",))
    assert (report.state, report.facts, report.findings) == ("unknown", (), ())
    assert report.unseen == ("root@nas1: no answer",)


# --- is anything running


@pytest.mark.parametrize(
    ("minutes", "limit", "severity"),
    [(10, 3600, "info"), (61, 3600, "problem"), (61, 7200, "info")],
)
def test_not_running_is_a_problem_once_it_is_behind_for_longer_than_the_limit(
    minutes: int, limit: int, severity: str
) -> None:
    # The newest snapshot, which is missing, was taken at 10 h.
    now = at(10 + minutes / 60)
    report = judge(scene(*trees(1), now=now, route=replace(ROUTE, lag_limit=limit)))
    finding = only(report, "not-running")
    assert (finding.severity, finding.side) == (severity, "route")
    first = finding.next[0]
    assert (first.action, first.effect, first.host) == ("send", Effect.CHANGE, "root@nas1")
    assert first.command.startswith("zfs send -w -vP -R -I @s109 tank/prod@s110 | ssh ")


def test_old_snapshots_that_have_arrived_are_not_being_behind() -> None:
    route = replace(ROUTE, lag_limit=3600)
    report = judge(scene(*trees(), now=at(10.9), route=route))
    assert report.findings == ()


@pytest.mark.parametrize(
    "running",
    [
        moving((RAW,), (PUSHED,)),
        moving((f"sudo -n {RAW}",), (f"sudo -n {PUSHED}",)),
        moving(jobs=(job(JobState.WAITING),)),
        moving((RAW,), (), age=5),  # its receive is still being started
        replace(IDLE, seen=False),
    ],
)
def test_what_runs_or_could_not_be_seen_is_not_called_stopped(running: object) -> None:
    report = judge(scene(*trees(2), now=at(12.5), moving=running))  # type: ignore[arg-type]
    assert "not-running" not in ids(report)


def test_a_send_to_another_host_does_not_count() -> None:
    report = judge(scene(*trees(2), now=at(12.5), moving=moving((RAW,), ())))
    assert only(report, "not-running").severity == "problem"
    assert "but not to here" in next(f.value for f in report.facts if f.title == "Running")


# --- is the source still taking snapshots


@pytest.mark.parametrize(("hours", "fires"), [(12.9, False), (13.2, True)])
def test_no_new_snapshot_after_three_usual_intervals(hours: float, *, fires: bool) -> None:
    report = judge(scene(*trees(), now=at(hours)))
    assert ("no-new-snapshot" in ids(report)) is fires
    if fires:
        finding = only(report, "no-new-snapshot")
        assert finding.severity == "problem"
        assert finding.next[-1].action == "snapshot"
        assert finding.next[-1].command.startswith("zfs snapshot -r tank/prod@rep-")


def test_a_source_that_takes_them_rarely_is_not_accused() -> None:
    daily = [100, 124, 148, 172, 196]
    trees_of_days = mirrored({"": daily}, {"": daily})
    assert judge(scene(*trees_of_days, now=at(96 + 60))).findings == ()


def test_a_long_lag_limit_covers_a_source_that_rests() -> None:
    route = replace(ROUTE, lag_limit=86400)
    assert judge(scene(*trees(), now=at(20), route=route)).findings == ()


def test_a_source_without_any_snapshot_says_so() -> None:
    ours = inventory("tank/prod", top=held(dataset("tank/prod", status=KeyStatus.AVAILABLE)))
    finding = only(judge(scene(ours, inventory("backup/prod"))), "no-new-snapshot")
    assert finding.next[-1].action == "snapshot"


def test_no_snapshot_is_to_be_taken_of_a_source_that_is_a_vault() -> None:
    """It would stand in the way of the route that feeds the vault."""
    ours, theirs = trees()
    assert judge(scene(locked(ours), theirs)).findings == ()
    late = only(judge(scene(locked(ours), theirs, now=at(14))), "no-new-snapshot")
    bare = inventory("tank/prod", top=held(dataset("tank/prod")))
    none = only(judge(scene(bare, inventory("backup/prod"))), "no-new-snapshot")
    for finding in (late, none):
        assert [(each.command, each.action) for each in finding.next] == [("", "")]
        assert "what feeds it" in finding.next[0].why
    assert "nothing newer has come" in late.summary


# --- raw


@pytest.mark.parametrize(
    "words",
    [
        "zfs send -R -I @s101 tank/prod@s110",
        "zfs send -i @s101 tank/prod/db@s110",
        "zfs send -R tank@s110",
        "/sbin/zfs send -Lec tank/prod@s110",
        f"zfs send -t {resume_token(snapshot('s110', 110), raw=False)}",
    ],
)
def test_a_running_send_without_w_is_found(words: str) -> None:
    running = moving((words,), (PUSHED,))
    finding = only(judge(scene(*trees(1), now=at(10.1), moving=running)), "not-raw")
    assert (finding.severity, finding.side) == ("problem", "source")
    assert finding.dataset.startswith("tank/prod")
    assert finding.next[0].command == "kill 101"


@pytest.mark.parametrize(
    "words",
    [
        RAW,
        "zfs send --raw -R tank/prod@s110",
        "zfs send -vPRw tank/prod@s110",
        "zfs send -n tank/prod@s110",
        "zfs send other/thing@s110",
        f"zfs send -w -t {resume_token(snapshot('s110', 110))}",
        f"zfs send -t {resume_token(snapshot('s110', 110))}",
        "zfs: sending tank/prod@s110 (12%: 1G/8G)",
    ],
)
def test_a_raw_send_and_anothers_send_are_not_accused(words: str) -> None:
    running = moving((words,), (PUSHED,))
    assert "not-raw" not in ids(judge(scene(*trees(1), now=at(10.1), moving=running)))


def test_a_broken_seal_is_named_once_however_many_datasets_it_is_of() -> None:
    ours = trees()[0]
    plain = inventory(
        "backup/prod",
        top=held(dataset("backup/prod", key=1000), *ours.datasets[""].snapshots),
        db=held(dataset("backup/prod/db", key=None), snapshot("s101", 10_101, ivset=None)),
        app=held(dataset("backup/prod/app", key=None), snapshot("s101", 20_101, ivset=None)),
    )
    finding = only(judge(scene(ours, plain, now=at(10.1))), "not-raw")
    assert (finding.side, finding.dataset) == ("destination", "backup/prod/db")
    assert "backup/prod/app" in finding.summary
    commands = [step.command for step in finding.next]
    assert any(each.endswith("'zfs receive -s -u backup/prod/db-new'") for each in commands)
    assert commands[-1] == "zfs rename backup/prod/db-new backup/prod/db"


def test_what_is_not_encrypted_is_found_and_what_is_left_out_is_not() -> None:
    ours = inventory(
        "tank/prod",
        top=held(dataset("tank/prod"), snapshot("s101", 101)),
        plain=held(dataset("tank/prod/plain", key=None), snapshot("s101", 201, ivset=None)),
    )
    there = inventory("backup/prod")
    assert only(judge(scene(ours, there)), "plaintext-in-scope").severity == "problem"
    left = replace(ROUTE, exclude=frozenset({"plain"}))
    assert "plaintext-in-scope" not in ids(judge(scene(ours, there, route=left)))


# --- full or incremental


WHOLE = "zfs send -w -R tank/prod@s110"


@pytest.mark.parametrize(
    ("receives", "severity"),
    [
        ("zfs receive -s -u -F backup/prod", "problem"),
        ("zfs receive -s -u backup/prod-again", "warning"),
    ],
)
def test_a_full_send_where_an_increment_would_do(receives: str, severity: str) -> None:
    running = moving((WHOLE,), (receives,))
    finding = only(
        judge(scene(*trees(1), now=at(10.1), moving=running)), "full-instead-of-incremental"
    )
    assert (finding.severity, finding.dataset) == (severity, "tank/prod")
    assert "@s109" in finding.summary


def test_seeds_and_increments_are_no_full_send_in_the_place_of_one() -> None:
    seed = scene(*mirrored({"": HOURS}, {}), now=at(10.1), moving=moving((WHOLE,), (PUSHED,)))
    assert "full-instead-of-incremental" not in ids(judge(seed))
    for words, receives in ((RAW, PUSHED), (WHOLE, ""), ("zfs send -w -t 1-2-3-4", PUSHED)):
        running = moving((words,), (receives,) if receives else ())
        report = judge(scene(*trees(1), now=at(10.1), moving=running))
        assert "full-instead-of-incremental" not in ids(report)


# --- churn


@pytest.mark.parametrize(("usual", "now"), [(2 * MIB, 60 * MIB), (3000 * MIB, 18_000 * MIB)])
def test_churn_is_named_by_dataset_and_snapshot(usual: int, now: int) -> None:
    ours, theirs = trees(1)
    ours = written(ours, "db", {f"s{each}": usual for each in HOURS} | {"s110": now})
    finding = only(judge(scene(ours, theirs, now=at(10.1))), "churn")
    assert (finding.severity, finding.dataset) == ("warning", "tank/prod/db")
    assert "tank/prod/db@s110" in finding.summary
    assert finding.next[1].command == "zfs diff tank/prod/db@s109 tank/prod/db@s110"


@pytest.mark.parametrize(
    "sizes",
    [
        {"s110": 300 * MIB},  # three times the usual
        {"s109": 5000 * MIB},  # it has arrived already
        {},
    ],
)
def test_an_ordinary_night_is_no_churn(sizes: dict[str, int]) -> None:
    ours, theirs = trees(1)
    ours = written(ours, "db", {f"s{each}": 100 * MIB for each in HOURS} | sizes)
    assert "churn" not in ids(judge(scene(ours, theirs, now=at(10.1))))


def test_many_times_next_to_nothing_is_no_churn() -> None:
    ours, theirs = trees(1)
    ours = written(ours, "", {f"s{each}": 500 * MIB for each in HOURS})
    ours = written(ours, "db", {f"s{each}": 100_000 for each in HOURS} | {"s110": 100 * MIB})
    assert "churn" not in ids(judge(scene(ours, theirs, now=at(10.1))))


def test_a_snapshot_that_was_taken_late_may_hold_as_much_more() -> None:
    hours = [*range(101, 109), 118]
    ours, theirs = mirrored({"": hours}, {"": hours[:-1]})
    sizes = {f"s{each}": 100 * MIB for each in hours}
    late = written(ours, "", sizes | {"s118": 1000 * MIB})
    assert "churn" not in ids(judge(scene(late, theirs, now=at(18.1))))
    worse = written(ours, "", sizes | {"s118": 9000 * MIB})
    assert "churn" in ids(judge(scene(worse, theirs, now=at(18.1))))


def test_a_seed_and_a_young_route_know_no_churn() -> None:
    ours, _ = trees()
    ours = written(ours, "db", {"s110": 90_000 * MIB})
    assert "churn" not in ids(judge(scene(ours, inventory("backup/prod"), now=at(10.1))))
    young = mirrored({"": [101, 102, 103]}, {"": [101]})
    big = written(young[0], "", {"s103": 90_000 * MIB})
    assert "churn" not in ids(judge(scene(big, young[1], now=at(3.1))))


# --- many snapshots


@pytest.mark.parametrize(("many", "fires"), [(99, False), (100, True)])
def test_many_snapshots_of_one_dataset(many: int, *, fires: bool) -> None:
    all_of_it = list(range(101, 102 + many))
    report = judge(scene(*mirrored({"": all_of_it}, {"": [101]}), now=at(many + 1.1)))
    assert ("many-snapshots" in ids(report, "warning")) is fires
