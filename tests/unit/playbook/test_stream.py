"""Step 4: every rule fires on what it is about, and on nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.hosts.trouble import Trouble
from sealift.playbook import chain, known_bugs
from sealift.playbook.diagnosis import Finding, StepReport
from sealift.playbook.scene import Scene
from sealift.playbook.stream import Stream, judge
from sealift.playbook.turned import making_room
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job, JobState
from sealift.zfs.events import Event
from sealift.zfs.holds import Hold
from tests.factories import NOON, dataset, held, inventory, job, mirrored, snapshot
from tests.unit.playbook.scenes import at, blind, facts, ids, moving, only, scene, version

HOURS = list(range(101, 106))
LIVE = moving(("zfs send -w -R -I @s104 tank/prod@s105",), ("zfs receive -s -u backup/prod",))


def seen(
    *events: Event,
    here: tuple[Event, ...] = (),
    jobs: tuple[Job, ...] = (),
    holds: tuple[Hold, ...] | None = (),
) -> Stream:
    """What was read beside the scene; `events` are the destination's, `holds` the source's."""
    guids = {"source": "7", "destination": "9"}
    both = {"source": holds, "destination": None}
    return Stream({"source": here, "destination": events}, guids, jobs, both)  # type: ignore[arg-type]


def anchored(inventories: tuple[Inventory, Inventory]) -> tuple[Inventory, Inventory]:
    """The same, with a bookmark of every snapshot of the source, all held on the destination."""
    ours, theirs = inventories
    marked = {
        below: replace(each, bookmarks=tuple(replace(s, bookmark=True) for s in each.snapshots))
        for below, each in ours.datasets.items()
    }
    kept = {
        below: replace(each, snapshots=tuple(replace(s, userrefs=1) for s in each.snapshots))
        for below, each in theirs.datasets.items()
    }
    return replace(ours, datasets=marked), replace(theirs, datasets=kept)


def of(ours: dict[str, list[int]], theirs: dict[str, list[int]], **changes: object) -> StepReport:
    """The report on two trees whose chain is anchored."""
    there = scene(*anchored(mirrored(ours, theirs)), now=at(5.1), **changes)  # type: ignore[arg-type]
    return judge(there, seen())


def test_a_sound_chain_has_nothing_to_find() -> None:
    report = of({"": HOURS, "db": HOURS}, {"": HOURS[:-1], "db": HOURS[:-1]})
    assert (report.state, report.findings) == ("ok", ())
    assert "nothing known that applies" in next(f.value for f in report.facts if f.title == "ZFS")


def test_nothing_read_is_unknown() -> None:
    nothing = Stream({"source": None, "destination": None}, {})
    report = judge(blind(), nothing, ("events: only for root",))
    assert (report.state, report.findings) == ("unknown", ())


# --- chain


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        ([103, 104], [101], "no-common-base"),
        ([101, 105], [101, 190], "destination-diverged"),
    ],
)
def test_a_broken_chain_is_named_with_a_way_out(
    ours: list[int], theirs: list[int], name: str
) -> None:
    finding = only(of({"": ours}, {"": theirs}), name)
    assert finding.severity == "problem"
    if name == "destination-diverged":
        assert finding.next[-1].command == "zfs rollback -r backup/prod@s101"
        assert finding.next[-1].action == "roll_back"
    else:
        assert finding.next[-1].command.endswith("'zfs receive -s -u backup/prod-new'")
        assert finding.next[-1].host == "root@nas1"


def test_other_iv_sets_and_other_keys_are_named() -> None:
    ours, theirs = mirrored({"": HOURS}, {"": HOURS})
    there = theirs.datasets[""]
    newest = replace(there.snapshots[-1], ivsetguid=1)
    other = replace(there, snapshots=(*there.snapshots[:-1], newest))
    report = judge(scene(ours, replace(theirs, datasets={"": other})), seen())
    assert only(report, "ivset-mismatch").severity == "problem"
    key = replace(there, dataset=replace(there.dataset, key_guid=4))
    report = judge(scene(ours, replace(theirs, datasets={"": key})), seen())
    assert only(report, "key-lineage-mismatch").severity == "problem"


def loose(report: StepReport) -> dict[str, Finding]:
    """What is said of anchors, by side."""
    return {each.side: each for each in report.findings if each.id == "anchor-not-held"}


def test_a_base_that_is_neither_held_nor_bookmarked_may_be_lost() -> None:
    found = loose(judge(scene(), seen(jobs=(job(JobState.DONE),))))
    assert {side: each.severity for side, each in found.items()} == {
        "source": "warning",
        "destination": "warning",
    }
    assert found["source"].next[0].command == (
        "zfs hold keepforrep tank/prod@s105 tank/prod/db@s105"
    )
    assert found["destination"].next[0].command == (
        "zfs hold keepforrep backup/prod@s105 backup/prod/db@s105"
    )
    assert "bookmark" not in found["destination"].summary


def test_where_nothing_shows_that_the_route_holds_its_anchors_it_is_a_note() -> None:
    """Replication that something else made, without holds, is no fault."""
    found = loose(judge(scene(), seen()))
    assert {each.severity for each in found.values()} == {"info"}
    another = seen(holds=(Hold("tank/prod@s101", "zrepl_last", "today"),))
    assert {each.severity for each in loose(judge(scene(), another)).values()} == {"info"}
    ours = seen(holds=(Hold("tank/prod@s101", "keepforrep", "today"),))
    assert {each.severity for each in loose(judge(scene(), ours)).values()} == {"warning"}


def test_a_bookmark_stands_in_for_the_base_of_the_source_only() -> None:
    ours, _ = anchored(mirrored({"": HOURS}, {"": HOURS}))
    _, theirs = mirrored({"": HOURS}, {"": HOURS})
    there = scene(ours, theirs, now=at(5.1))
    assert set(loose(judge(there, seen()))) == {"destination"}
    assert loose(judge(replace(there, flow=LIVE), seen())) == {}  # it will be held as it arrives


def test_holds_are_asked_of_what_is_held_and_of_a_few_others_where_an_anchor_is_not() -> None:
    ours, theirs = anchored(mirrored({"": HOURS}, {"": HOURS}))
    there = scene(ours, theirs, now=at(5.1))
    assert chain.to_ask(there, "source") == ()
    assert chain.to_ask(there, "destination") == ("backup/prod@s105",)
    top = theirs.datasets[""]
    newest = replace(top.snapshots[-1], userrefs=0)
    lost = replace(theirs, datasets={"": replace(top, snapshots=(*top.snapshots[:-1], newest))})
    asked = chain.to_ask(scene(ours, lost, now=at(5.1)), "destination")
    assert asked == tuple(f"backup/prod@s{each}" for each in (104, 103, 102, 101))
    kept = tuple(replace(each, userrefs=1) for each in ours.datasets[""].snapshots)
    marked = replace(ours, datasets={"": replace(ours.datasets[""], snapshots=kept)})
    both = scene(marked, lost, now=at(5.1))  # what the source holds tells whose holds they were
    assert chain.to_ask(both, "source")[0] == "tank/prod@s105"


def held_once(*tags: str) -> StepReport:
    """The base is held, by these tags."""
    made = (snapshot("s101", 101), snapshot("s102", 102, held=1))
    ours = inventory("tank/prod", top=held(dataset("tank/prod"), *made))
    theirs = inventory("backup/prod", top=held(dataset("backup/prod"), *made))
    holds = tuple(Hold("tank/prod@s102", tag, "today") for tag in tags)
    return judge(scene(ours, theirs, now=at(2.1)), seen(holds=holds or None))


def test_a_hold_of_whoever_keeps_the_base_but_not_that_of_a_running_send() -> None:
    assert held_once("keepforrep").findings == ()
    assert held_once("another-tool").findings == ()
    assert held_once().findings == ()  # who holds it could not be read
    assert ids(held_once(".send-812-1")) == {"anchor-not-held"}


def test_a_tree_at_different_snapshots_is_mixed() -> None:
    torn = ({"": HOURS, "db": HOURS}, {"": HOURS, "db": HOURS[:-1]})
    finding = only(of(*torn), "mixed-snapshots")
    assert finding.severity == "warning"
    assert "backup/prod/db is behind @s105" in finding.summary
    assert ids(of(*torn, moving=LIVE)) == set()  # it is on its way


def test_datasets_with_a_rhythm_of_their_own_are_not_mixed() -> None:
    assert of({"": HOURS, "db": [101, 103]}, {"": HOURS, "db": [101, 103]}).findings == ()


def test_a_dataset_that_a_run_left_out_is_missing() -> None:
    left_out = ({"": HOURS, "db": HOURS, "db/deep": HOURS}, {"": HOURS})
    finding = only(of(*left_out), "replica-incomplete")
    assert (finding.severity, finding.dataset) == ("problem", "tank/prod/db")
    assert ids(of(*left_out, moving=LIVE)) == set()


def test_a_dataset_made_since_the_last_run_is_not_missing() -> None:
    assert of({"": HOURS, "new": [105]}, {"": HOURS[:-1]}).findings == ()
    assert of({"": HOURS, "db": HOURS}, {}).findings == ()  # nothing was sent yet


# --- events


def event(class_: str, hours: float = 5.0, **facts_: str) -> Event:
    """An event of the destination's pool."""
    when = int(at(hours).timestamp())
    facts_ = {"pool_guid": "0x9", "time": f"{when:#x} 0x0"} | facts_
    return Event(f"at {hours}", class_, facts_)


def received(what: str, dataset_: str = "backup/prod/db/%recv", hours: float = 5.0) -> Event:
    """An event of a receive."""
    facts_ = {"history_internal_name": what, "history_dsname": dataset_}
    return event("sysevent.fs.zfs.history_event", hours, **facts_)


def level(**changes: object) -> Scene:
    """A level, anchored route."""
    return scene(*anchored(mirrored({"": HOURS, "db": HOURS}, {"": HOURS, "db": HOURS})), **changes)  # type: ignore[arg-type]


def test_damage_and_slow_disks_are_told_from_the_events() -> None:
    report = judge(level(), seen(event("ereport.fs.zfs.authentication")))
    assert ids(report, "problem") == {"data-unauthentic"}
    for kind in ("io", "checksum", "delay", "deadman"):
        report = judge(level(), seen(event(f"ereport.fs.zfs.{kind}", vdev_path="/dev/sdb1")))
        assert ids(report) == {"pool-errors"}
        assert "/dev/sdb1" in only(report, "pool-errors").summary


@pytest.mark.parametrize(
    "harmless",
    [
        event("ereport.fs.zfs.io", -20),  # a day and an hour ago
        event("ereport.fs.zfs.io", pool_guid="0x4"),  # of a pool that had the name before
        event("sysevent.fs.zfs.config_sync"),
        event("sysevent.fs.zfs.scrub_finish"),
    ],
)
def test_what_is_old_or_of_another_pool_or_ordinary_is_nothing(harmless: Event) -> None:
    assert judge(level(), seen(harmless)).findings == ()


def test_receives_that_are_cut_off_again_and_again_are_named() -> None:
    thrice = (received("receive"), received("resume receive"), received("resume receive"))
    finding = only(judge(level(), seen(*thrice)), "interrupted-receives")
    assert (finding.severity, finding.dataset) == ("warning", "backup/prod/db")
    for mended in (thrice[:2], (*thrice, received("finish receiving"))):
        assert judge(level(), seen(*mended)).findings == ()
    elsewhere = tuple(received("receive", "backup/other") for _ in range(5))
    assert judge(level(), seen(*elsewhere)).findings == ()
    running = moving(("zfs send -w tank/prod/db@s105",), ("zfs receive -s -u backup/prod/db",))
    assert judge(level(moving=running), seen(*thrice)).findings == ()


# --- the last job


NO_SPACE = Trouble("space-low", "root@nas1", "out of space", "The pool is full.", "Make room.")


def ended(state: JobState, trouble: Trouble | None = NO_SPACE) -> Job:
    """The newest job, which was to bring s102 of the root and of a child."""
    return replace(job(state), trouble=trouble)


@pytest.mark.parametrize(
    ("state", "severity"),
    [(JobState.FAILED, "problem"), (JobState.LOST, "problem"), (JobState.WAITING, "warning")],
)
def test_why_the_last_job_failed_is_a_finding(state: JobState, severity: str) -> None:
    lacking = scene(*anchored(mirrored({"": HOURS}, {"": [101]})), now=at(5.1))
    finding = only(judge(lacking, seen(jobs=(ended(state),))), "space-low")
    assert (finding.severity, finding.dataset) == (severity, "backup/prod")
    assert finding.evidence[0].command.startswith("cat /root/.local/state/sealift/jobs/")
    more = () if state is JobState.WAITING else ("send",)
    assert finding.next[:4] == making_room(lacking)
    assert tuple(each.action for each in finding.next[4:]) == more


def test_what_a_job_said_is_what_there_is_to_do_but_for_room() -> None:
    lacking = scene(*anchored(mirrored({"": HOURS}, {"": [101]})), now=at(5.1))
    busy = replace(NO_SPACE, finding="dataset-busy")
    finding = only(judge(lacking, seen(jobs=(ended(JobState.FAILED, busy),))), "dataset-busy")
    assert (finding.next[0].why, finding.next[0].action) == ("The pool is full. Make room.", "jobs")


def test_what_a_later_success_has_mended_is_not_told() -> None:
    lacking = scene(*anchored(mirrored({"": HOURS}, {"": [101]})), now=at(5.1))
    later = (ended(JobState.DONE, None), ended(JobState.FAILED))
    assert judge(lacking, seen(jobs=later)).findings == ()
    assert judge(lacking, seen(jobs=(ended(JobState.CANCELLED),))).findings == ()
    # what it was to bring (101 plus a child's) came some other way
    assert judge(level(), seen(jobs=(ended(JobState.FAILED),))).findings == ()


def test_a_host_that_a_job_did_not_reach_is_not_one_that_we_do_not_reach() -> None:
    lacking = scene(*anchored(mirrored({"": HOURS}, {"": [101]})), now=at(5.1))
    away = replace(NO_SPACE, finding="host-unreachable")
    report = judge(lacking, seen(jobs=(ended(JobState.FAILED, away),)))
    assert only(report, "host-unreachable").side == "link"


# --- versions


@pytest.mark.parametrize(
    ("zfs", "module", "side", "issue", "severity"),
    [
        ("2.1.11", None, "destination", "#15039", "info"),
        ("2.1.5", None, "destination", "#13709", "warning"),
        ("2.2.2", None, "source", "#12014", "info"),
        ("2.4.4", "2.3.2", "source", "#18883", "info"),  # the module counts
        ("2.1.15", "2.1.15", "destination", "#14568", "info"),
    ],
)
def test_known_defects_are_told_by_the_number(
    zfs: str, module: str | None, side: str, issue: str, severity: str
) -> None:
    old = facts(zfs=zfs, module=module)
    there = level(ours=old) if side == "source" else level(theirs=old)
    finding = next(f for f in judge(there, seen()).findings if f.side == side)
    assert (finding.id, finding.severity) == ("known-bug", severity)
    assert issue in finding.summary
    assert "distribution" in finding.next[0].why


def test_a_defect_that_this_route_cannot_meet_is_not_told() -> None:
    single = scene(*anchored(mirrored({"": HOURS}, {"": HOURS})), theirs=facts(zfs="2.1.16"))
    assert not any("#14568" in f.summary for f in judge(single, seen()).findings)


def test_every_defect_is_gone_from_the_newest_releases() -> None:
    for release in ("2.2.11", "2.3.9", "2.4.4"):
        left = [bug.issue for bug in known_bugs.BUGS if bug.affects(version(release))]
        # never mended in 2.2 (checked by hand in the history of the branch)
        allowed = {"#17122", "#16929", "#18415"}
        assert set(left) <= allowed
        assert release != "2.4.4" or not left


def test_moments_are_those_of_the_hosts_own_clock() -> None:
    # Its clock is two days ahead: what it noted just now is not of the day after tomorrow.
    skewed = level(theirs=facts(ahead=2 * 86400))
    late = event("ereport.fs.zfs.io", 48 + 5)
    assert ids(judge(skewed, seen(late))) == {"pool-errors"}
    assert NOON.tzinfo is not None
