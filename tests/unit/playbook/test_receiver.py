"""Step 2: every rule fires on what it is about, and on nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from sealift.playbook.diagnosis import StepReport
from sealift.playbook.receiver import Receiver, judge
from sealift.playbook.scene import Scene
from sealift.playbook.turned import making_room
from sealift.replication.inventory import Inventory
from sealift.replication.job import JobState
from sealift.routes import Purpose
from sealift.zfs.blocks import Blocks
from sealift.zfs.commands import Effect
from sealift.zfs.listings import KeyStatus
from sealift.zfs.pools import PoolStatus, parse_status
from sealift.zfs.room import Room
from tests.factories import GIB, dataset, held, inventory, job, mirrored, resume_token, snapshot
from tests.unit.playbook.scenes import MIB, ROUTE, at, blind, ids, moving, only, scene

HOURS = list(range(101, 106))
FEATURES = {
    "feature@encryption": "active",
    "feature@extensible_dataset": "active",
    "feature@bookmark_v2": "enabled",
    "feature@lz4_compress": "active",
    "feature@zstd_compress": "enabled",
    "readonly": "off",
    "dedupratio": "1.00",
}
ONLINE = PoolStatus("backup", "ONLINE", None, "", "", "No known data errors")


def room(
    name: str,
    *,
    free: int = 9 * GIB,
    dedup: str = "off",
    quota: int | None = None,
    refquota: int | None = None,
) -> Room:
    """A dataset that uses 3 GiB, with quotas if they are given."""
    return Room(name, 3 * GIB, free, 2 * GIB, quota, refquota, dedup)


def seen(
    *rooms: Room,
    status: PoolStatus = ONLINE,
    here: PoolStatus = ONLINE,
    properties: Mapping[str, str] = FEATURES,
    here_has: Mapping[str, str] = FEATURES,
    estimate: int | None = None,
    blocks: tuple[Blocks, ...] | None = None,
) -> Receiver:
    """What a healthy receiver shows, but for what is given."""
    return Receiver(
        {"source": here, "destination": status},
        {"source": here_has, "destination": properties},
        rooms or (room("backup"), room("backup/prod")),
        estimate,
        blocks=blocks,
    )


def behind(many: int = 1, **changes: object) -> Scene:
    """A route whose destination lacks the last few of five snapshots of two datasets."""
    theirs = HOURS[: len(HOURS) - many]
    trees = mirrored({"": HOURS, "db": HOURS}, {"": theirs, "db": theirs})
    return scene(*trees, now=at(5.1), **changes)  # type: ignore[arg-type]


def test_a_healthy_receiver_has_nothing_to_find() -> None:
    report = judge(scene(), seen())
    assert (report.state, report.findings) == ("ok", ())
    titles = {each.title for each in report.facts}
    assert titles >= {"Room", "Pool backup", "Pool tank", "Features", "Resume tokens", "Receives"}


def test_nothing_read_is_unknown() -> None:
    nothing = Receiver({"source": None, "destination": None}, {"source": None, "destination": None})
    report = judge(blind(), nothing, ("root@dr1: no answer",))
    assert (report.state, report.findings) == ("unknown", ())


# --- space and quotas


MAKING_ROOM = making_room(scene())


def test_room_is_made_step_by_step_and_what_takes_nothing_away_comes_first() -> None:
    commands = [each.command for each in MAKING_ROOM]
    assert commands == [
        "zfs list -r -o space backup",
        "zfs get -r -t filesystem,volume -s local,received refreservation,reservation backup",
        "",
        "zpool list -v backup",
    ]
    # What changes something goes over the screen that shows it before: nothing here does.
    assert {each.effect for each in MAKING_ROOM} == {Effect.READ}
    assert [each.action for each in MAKING_ROOM] == ["", "", "prune", ""]


@pytest.mark.parametrize(("estimate", "fires"), [(10 * GIB, True), (9 * GIB, False), (None, False)])
def test_what_does_not_fit_is_a_problem(estimate: int | None, *, fires: bool) -> None:
    report = judge(behind(), seen(estimate=estimate))
    assert ("space-low" in ids(report, "problem")) is fires
    if fires:
        assert only(report, "space-low").next == MAKING_ROOM


def test_without_an_estimate_what_was_written_counts() -> None:
    assert ids(judge(behind(2), seen(room("backup"), room("backup/prod", free=4096)))) == {
        "space-low"
    }


def test_a_level_route_needs_no_room() -> None:
    assert judge(scene(), seen(room("backup", free=0), room("backup/prod", free=0))).findings == ()


def test_what_is_to_be_seeded_is_held_against_the_nearest_dataset_there() -> None:
    seed = scene(*mirrored({"": HOURS}, {}), now=at(5.1))
    report = judge(seed, seen(room("backup", free=MIB), estimate=GIB))
    assert only(report, "space-low").dataset == "backup"


@pytest.mark.parametrize(("capacity", "fires"), [(89, False), (90, True), (97, True)])
def test_a_nearly_full_pool_is_a_warning(capacity: int, *, fires: bool) -> None:
    ours, theirs = mirrored({"": HOURS}, {"": HOURS})
    assert theirs.pool is not None
    full = replace(theirs, pool=replace(theirs.pool, capacity=capacity))
    report = judge(scene(ours, full, now=at(5.1)), seen())
    assert ids(report) == ({"space-low"} if fires else set())
    assert ids(report, "problem") == set()
    if fires:
        assert only(report, "space-low").next == MAKING_ROOM


@pytest.mark.parametrize("where", ["backup", "backup/prod"])
def test_a_quota_that_bounds_it_is_named_instead_of_the_pool(where: str) -> None:
    rooms = {"backup": room("backup", free=500 * GIB), "backup/prod": room("backup/prod", free=GIB)}
    rooms[where] = replace(rooms[where], quota=4 * GIB)
    report = judge(behind(), seen(*rooms.values(), estimate=2 * GIB))
    if where == "backup":  # the pool's own dataset is bounded: there is no more anywhere
        rooms["backup"] = replace(rooms["backup"], available=GIB)
    finding = only(report, "quota-reached")
    assert (finding.severity, finding.dataset) == ("problem", where)
    assert f"zfs set quota=none {where}" in [each.command for each in finding.next]
    assert "space-low" not in ids(report)


def test_a_quota_of_the_pools_own_root_is_no_full_pool() -> None:
    """What is available anywhere below is then what the quota leaves."""
    top = room("backup", free=GIB, quota=4 * GIB)
    report = judge(behind(), seen(top, room("backup/prod", free=GIB), estimate=2 * GIB))
    assert only(report, "quota-reached").dataset == "backup"
    assert "space-low" not in ids(report)
    # The pool has still less than the quota leaves: a larger quota would not help.
    full = replace(top, available=MIB)
    report = judge(behind(), seen(full, room("backup/prod", free=MIB), estimate=2 * GIB))
    assert only(report, "space-low").severity == "problem"
    assert "quota-reached" not in ids(report)


def test_a_seed_meets_the_quota_of_what_will_be_above_it() -> None:
    seed = scene(*mirrored({"": HOURS}, {}), now=at(5.1))
    report = judge(seed, seen(room("backup", free=GIB, quota=4 * GIB), estimate=2 * GIB))
    assert only(report, "quota-reached").dataset == "backup"


def test_a_refquota_bounds_its_own_dataset_only() -> None:
    """Neither what is below it nor the tree that is received below it."""
    above = room("backup", free=MIB, refquota=2 * GIB + MIB)
    report = judge(behind(), seen(above, room("backup/prod"), estimate=2 * GIB))
    assert report.findings == ()
    top = room("backup/prod", free=5000, refquota=2 * GIB + 5000)
    report = judge(behind(), seen(room("backup"), top, estimate=2 * GIB))
    assert ids(report) <= {"quota-reached"}
    assert all(each.severity == "warning" for each in report.findings)


def test_a_quota_above_in_between_is_named() -> None:
    route = replace(ROUTE, destination=replace(ROUTE.destination, dataset="backup/sites/prod"))
    ours, theirs = mirrored({"": HOURS}, {"": HOURS[:-1]})
    moved = replace(theirs, root="backup/sites/prod")
    rooms = (
        room("backup", free=500 * GIB),
        room("backup/sites", free=GIB, quota=4 * GIB),
        room("backup/sites/prod", free=GIB),
    )
    report = judge(scene(ours, moved, now=at(5.1), route=route), seen(*rooms, estimate=2 * GIB))
    assert only(report, "quota-reached").dataset == "backup/sites"


@pytest.mark.parametrize(
    ("kind", "tight", "wide"),
    [
        ("quota", room("backup/prod/db", quota=3 * GIB + 1), room("backup/prod/db", quota=GIB * 5)),
        (
            "refquota",
            room("backup/prod/db", refquota=2 * GIB + 1),
            room("backup/prod/db", refquota=GIB * 5),
        ),
    ],
)
def test_a_childs_own_quota_bounds_only_the_child(kind: str, tight: Room, wide: Room) -> None:
    report = judge(behind(), seen(room("backup"), room("backup/prod"), tight))
    finding = only(report, "quota-reached")
    assert (finding.severity, finding.dataset) == ("problem", "backup/prod/db")
    assert finding.summary.startswith(f"the {kind} of backup/prod/db (")
    assert "leaves 1 B, and about 4.0 KiB are to arrive" in finding.summary
    assert judge(behind(), seen(room("backup"), room("backup/prod"), wide)).findings == ()


@pytest.mark.parametrize(("quota", "fires"), [(3 * GIB + MIB, True), (4 * GIB, False)])
def test_a_quota_that_is_used_up_is_a_warning_before_anything_is_refused(
    quota: int, *, fires: bool
) -> None:
    rooms = (room("backup"), room("backup/prod"), room("backup/prod/db", quota=quota))
    assert ids(judge(scene(), seen(*rooms)), "warning") == ({"quota-reached"} if fires else set())


# --- pools


SCRUB = """  pool: backup
 state: ONLINE
  scan: scrub in progress since Thu Dec 25 02:00:00 2025
\t1.00T scanned at 1.00G/s, 500G issued at 500M/s, 2.00T total
\t0B repaired, 24.41% done, 01:00:00 to go
config:

errors: No known data errors
"""


@pytest.mark.parametrize(
    ("status", "name", "severity"),
    [
        (replace(ONLINE, state="SUSPENDED"), "pool-suspended", "problem"),
        (
            replace(ONLINE, state="DEGRADED", status="a device was removed"),
            "pool-degraded",
            "warning",
        ),
        (replace(ONLINE, state="FAULTED"), "pool-degraded", "problem"),
        (replace(ONLINE, errors="3 data errors, use '-v' for a list"), "pool-degraded", "problem"),
        (parse_status(SCRUB.encode())[0], "scrub-running", "warning"),
        (
            parse_status(SCRUB.replace("scrub in", "resilver in").encode())[0],
            "scrub-running",
            "warning",
        ),
    ],
)
@pytest.mark.parametrize("side", ["source", "destination"])
def test_what_is_wrong_with_either_pool_is_found(
    status: PoolStatus, name: str, severity: str, side: str
) -> None:
    what = seen(status=status) if side == "destination" else seen(here=status)
    finding = only(judge(scene(), what), name)
    assert (finding.severity, finding.side) == (severity, side)
    assert finding.dataset == ("backup" if side == "destination" else "tank")
    assert finding.evidence[0].command == f"zpool status {finding.dataset}"


def test_a_scrub_that_is_done_or_paused_is_nothing() -> None:
    for text in (
        SCRUB.replace("in progress", "paused"),
        SCRUB.replace("scrub in progress since", "scrub repaired 0B in 00:01:00 with 0 errors on"),
    ):
        assert judge(scene(), seen(status=parse_status(text.encode())[0])).findings == ()


def test_a_suspended_pool_is_found_though_no_listing_comes_back() -> None:
    report = judge(blind(), seen(status=replace(ONLINE, state="SUSPENDED")))
    assert only(report, "pool-suspended").next[-1].command == "zpool clear backup"


def test_health_of_the_listing_serves_where_the_status_cannot_be_read() -> None:
    ours, theirs = mirrored({"": HOURS}, {"": HOURS})
    assert theirs.pool is not None
    bad = replace(theirs, pool=replace(theirs.pool, health="DEGRADED"))
    what = replace(seen(), status={"source": None, "destination": None})
    assert ids(judge(scene(ours, bad, now=at(5.1)), what)) == {"pool-degraded"}


def test_a_pool_imported_read_only_is_found() -> None:
    finding = only(judge(scene(), seen(properties=FEATURES | {"readonly": "on"})), "pool-readonly")
    assert (finding.severity, finding.dataset) == ("problem", "backup")


@pytest.mark.parametrize("name", ["encryption", "extensible_dataset", "bookmark_v2"])
def test_what_raw_streams_need_of_the_pool_is_named(name: str) -> None:
    without = FEATURES | {f"feature@{name}": "disabled"}
    finding = only(judge(behind(), seen(properties=without)), "feature-missing")
    assert finding.severity == "problem"
    last = finding.next[-1]
    assert last.command == f"zpool set feature@{name}=enabled backup"
    assert last.effect is Effect.DESTRUCTION


@pytest.mark.parametrize(("name", "severity"), [("lz4", "problem"), ("zstd", "info")])
def test_compression_that_the_source_uses_is_needed_or_may_be(name: str, severity: str) -> None:
    feature = f"feature@{name}_compress"
    used = FEATURES | {feature: "active"}
    lacking = FEATURES | {feature: "disabled"}
    report = judge(behind(), seen(properties=lacking, here_has=used))
    assert only(report, "feature-missing").severity == severity
    unused = FEATURES | {feature: "enabled"}
    assert judge(behind(), seen(properties=lacking, here_has=unused)).findings == ()


@pytest.mark.parametrize(
    ("feature", "blocks"),
    [
        ("large_blocks", Blocks("tank/prod/db", 1 << 20, "lz4", "legacy")),
        ("zstd_compress", Blocks("tank/prod/db", 128 << 10, "zstd-9", "legacy")),
        ("large_dnode", Blocks("tank/prod/db", 128 << 10, "lz4", "auto")),
    ],
)
def test_what_the_datasets_of_the_route_write_is_needed(feature: str, blocks: Blocks) -> None:
    name = f"feature@{feature}"
    used, lacking = FEATURES | {name: "active"}, FEATURES | {name: "disabled"}
    plain = Blocks("tank/prod", 128 << 10, "lz4", "legacy")
    sees = seen(properties=lacking, here_has=used, blocks=(plain, blocks))
    finding = only(judge(behind(), sees), "feature-missing")
    assert (finding.severity, finding.side) == ("problem", "destination")
    assert f"{name}, used by tank/prod/db" in finding.summary
    assert finding.next[0].command == f"zpool set {name}=enabled backup"
    # Of another tree of the same pool, or set but never written with.
    elsewhere = seen(
        properties=lacking, here_has=used, blocks=(plain, replace(blocks, name="tank/other"))
    )
    assert only(judge(behind(), elsewhere), "feature-missing").severity == "info"
    unused = seen(properties=lacking, here_has=lacking | {name: "enabled"}, blocks=(blocks,))
    assert judge(behind(), unused).findings == ()


def test_deduplication_is_named_also_where_it_will_be_inherited() -> None:
    on = seen(room("backup"), room("backup/prod", dedup="sha256,verify"))
    assert only(judge(scene(), on), "dedup-on").dataset == "backup/prod"
    seed = scene(*mirrored({"": HOURS}, {}), now=at(5.1))
    assert "dedup-on" in ids(judge(seed, seen(room("backup", dedup="on"))), "warning")
    elsewhere = seen(room("backup", dedup="on"), room("backup/prod"))
    assert "dedup-on" not in ids(judge(scene(), elsewhere))


# --- tokens


def torn(token: str, *theirs: int) -> tuple[Inventory, Inventory]:
    """The root has a token; the source has five snapshots, the destination those given."""
    made = tuple(snapshot(f"s{each}", each) for each in HOURS)
    there = tuple(each for each in made if each.guid in theirs)
    return (
        inventory("tank/prod", top=held(dataset("tank/prod"), *made)),
        inventory("backup/prod", top=held(dataset("backup/prod", token=token), *there)),
    )


GOOD = resume_token(snapshot("s105", 105), snapshot("s104", 104))
GONE = resume_token(snapshot("s999", 999), snapshot("s104", 104))


@pytest.mark.parametrize(("hours", "severity"), [(5.1, "warning"), (9.0, "problem")])
def test_a_token_that_nobody_works_on_is_stale(hours: float, severity: str) -> None:
    finding = only(
        judge(scene(*torn(GOOD, 101, 102, 103, 104), now=at(hours)), seen()), "stale-token"
    )
    assert (finding.severity, finding.dataset) == (severity, "backup/prod")
    resume, abort = finding.next
    assert resume.action == "send"
    assert resume.command.startswith(f"zfs send -w -vP -t {GOOD} | ssh ")
    assert (abort.command, abort.effect) == ("zfs receive -A backup/prod", Effect.DESTRUCTION)
    assert abort.action == "tokens"


def test_a_token_that_is_being_received_is_none_to_speak_of() -> None:
    running = moving((f"zfs send -w -vP -t {GOOD}",), ("zfs receive -s -u backup/prod",))
    report = judge(scene(*torn(GOOD, 104), now=at(9), moving=running), seen())
    assert report.findings == ()
    assert "being received now" in next(f.value for f in report.facts if f.title == "Resume tokens")


def test_a_token_that_a_running_job_will_finish_is_only_noted() -> None:
    running = moving(jobs=(job(JobState.WAITING),))
    report = judge(scene(*torn(GOOD, 104), now=at(9), moving=running), seen())
    assert ids(report, "info") == {"stale-token"}


def test_a_token_for_what_is_gone_is_dead() -> None:
    finding = only(judge(scene(*torn(GONE, 104), now=at(5.1)), seen()), "dead-token")
    assert finding.severity == "problem"
    assert finding.next[-1].command == "zfs receive -A backup/prod"
    assert "dead-token" in ids(judge(scene(*torn("1-nonsense", 104)), seen()), "problem")


def test_a_token_for_another_dataset_is_foreign() -> None:
    ours, theirs = torn(resume_token(snapshot("s777", 777)), 104)
    other = held(dataset("tank/prod/db"), snapshot("s777", 777))
    ours = replace(ours, datasets={**ours.datasets, "db": other})
    assert only(judge(scene(ours, theirs), seen()), "foreign-token").severity == "problem"


def test_a_token_for_what_the_source_never_had_is_in_nobodys_way() -> None:
    ours, theirs = mirrored({"": HOURS}, {"": HOURS})
    extra = held(dataset("backup/prod/old", token=GONE))
    theirs = replace(theirs, datasets={**theirs.datasets, "old": extra})
    assert ids(judge(scene(ours, theirs, now=at(5.1)), seen()), "info") == {"dead-token"}


# --- receives, and what the replica is


def test_a_receive_without_a_sender_is_an_orphan() -> None:
    report = judge(behind(moving=moving((), ("zfs receive -s -u backup/prod",))), seen())
    finding = only(report, "orphan-receive")
    assert finding.severity == "problem"
    assert [each.command for each in finding.next[:2]] == [
        "ps -o pid,ppid,etimes,args -p 101",
        "kill 101",
    ]
    assert "kept as a resume token" in finding.next[1].why
    lost = judge(behind(moving=moving((), ("zfs receive -u backup/prod",))), seen())
    assert "is lost" in only(lost, "orphan-receive").next[1].why


def test_a_live_pipeline_is_no_orphan() -> None:
    live = moving(("zfs send -w -R -I @s104 tank/prod@s105",), ("zfs receive -s -u backup/prod",))
    assert judge(behind(moving=live), seen()).findings == ()


def test_somebody_elses_receive_makes_the_dataset_busy() -> None:
    orphan = moving((), ("zfs receive -s -u backup/prod",))
    foreign = replace(orphan, orphans=(), foreign=orphan.orphans)
    assert only(judge(behind(moving=foreign), seen()), "dataset-busy").severity == "warning"


def unlocked(report_of: Purpose) -> StepReport:
    """A replica with its key loaded, and mounted."""
    ours, theirs = mirrored({"": HOURS}, {"": HOURS})
    there = theirs.datasets[""]
    opened = replace(there.dataset, mounted=True, key_status=KeyStatus.AVAILABLE)
    theirs = replace(theirs, datasets={"": replace(there, dataset=opened)})
    return judge(scene(ours, theirs, now=at(5.1), route=replace(ROUTE, purpose=report_of)), seen())


def test_a_mounted_replica_is_a_problem_of_a_vault_and_a_note_of_a_standby() -> None:
    assert ids(unlocked(Purpose.VAULT), "problem") == {"mounted-replica", "key-loaded-on-vault"}
    assert ids(unlocked(Purpose.STANDBY), "info") == {"mounted-replica", "key-loaded-on-vault"}


@pytest.mark.parametrize(
    ("status", "readonly", "severity"),
    [
        (KeyStatus.AVAILABLE, False, "problem"),
        (KeyStatus.UNAVAILABLE, False, "warning"),
        (KeyStatus.UNAVAILABLE, True, None),
    ],
)
def test_a_replica_that_was_written_to_is_told_as_far_as_it_is_sure(
    status: KeyStatus, severity: str | None, *, readonly: bool
) -> None:
    ours, theirs = mirrored({"": HOURS}, {"": HOURS})
    there = theirs.datasets[""]
    changed = replace(there.dataset, written=MIB, key_status=status, readonly=readonly)
    theirs = replace(theirs, datasets={"": replace(there, dataset=changed)})
    route = replace(ROUTE, purpose=Purpose.STANDBY)
    report = judge(scene(ours, theirs, now=at(5.1), route=route), seen())
    found = [each for each in report.findings if each.id == "destination-diverged"]
    assert [each.severity for each in found] == ([severity] if severity else [])
    for each in found:
        assert each.next[0].command == "zfs rollback -r backup/prod@s105"
        assert each.next[0].action == "roll_back"
