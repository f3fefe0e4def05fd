"""Another tool's run is seen as that tool's: what it started, what it took, what is to be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.playbook import receiver, sending
from sealift.playbook.flow import Flow, flow
from sealift.playbook.scene import Scene
from sealift.replication.inventory import Inventory
from sealift.zfs.listings import KeyStatus
from sealift.zfs.processes import parse_listing
from tests.factories import dataset, held, inventory, mirrored, snapshot
from tests.unit.playbook.scenes import ROUTE, at, listed, moving, only, scene
from tests.unit.playbook.test_receiver import seen

TAKEN = "syncoid_nas1_2025-12-25:17:00:00-GMT00:00"
# As syncoid starts it; the shells are those of system(3) and of sshd.
PUSH = f"""1 0 9999 /sbin/init
40 1 20 /usr/bin/perl /usr/sbin/syncoid --sendoptions=w tank/prod root@dr1:backup/prod
41 40 9 sh -c zfs send  -w  -I 'tank/prod'@'s101' 'tank/prod'@'{TAKEN}' | pv | lzop
42 41 9 zfs send -w -I tank/prod@s101 tank/prod@{TAKEN}
43 41 9 pv -p -t -e -r -b -s 4096
44 41 9 lzop
45 41 9 mbuffer -q -s 128k -m 16M
46 41 9 ssh -S /tmp/syncoid-root@dr1-1766 root@dr1  mbuffer | lzop -dfc |  zfs receive  -s -F 'b'
47 1 19 ssh: /tmp/syncoid-root@dr1-1766 [mux]
"""
TAKE = """1 0 9999 /sbin/init
50 1 9999 sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups
51 50 20 sshd: root@notty
52 51 9 sh -c  mbuffer | lzop -dfc |  zfs receive  -s -F 'backup/prod' 2>&1
53 52 9 mbuffer -q -s 128k -m 16M
54 52 9 lzop -dfc
55 52 9 zfs receive -s -F backup/prod
"""


def running(source: str, destination: str) -> Flow:
    return flow(
        ROUTE, parse_listing(source.encode()), parse_listing(destination.encode()), (), at(5.1)
    )


def fact(found: Scene, title: str) -> str:
    facts = (*sending.judge(found).facts, *receiver.judge(found, seen()).facts)
    return next(each.value for each in facts if each.title == title)


def named(*names: str, marks: tuple[str, ...] = (), behind: int = 1) -> tuple[Inventory, Inventory]:
    """Both sides with snapshots of these names, of which the destination lacks the last few."""
    shots = tuple(snapshot(name, 101 + number) for number, name in enumerate(names))
    bookmarks = tuple(replace(snapshot(name, 105), bookmark=True) for name in marks)
    ours = held(dataset("tank/prod", status=KeyStatus.AVAILABLE), *shots, bookmarks=bookmarks)
    theirs = held(dataset("backup/prod"), *shots[: len(shots) - behind])
    return inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs)


def test_a_push_by_syncoid_is_the_route_s_own_and_said_to_be_syncoid_s() -> None:
    flowing = running(PUSH, TAKE)
    assert (len(flowing.sends), len(flowing.receives), flowing.doubted) == (1, 1, False)
    found = scene(*named("s101", TAKEN), moving=flowing)
    assert "for 9 s, started by syncoid (process 40)" in fact(found, "Running")
    assert "`zfs receive -s -F backup/prod` for 9 s" in fact(found, "Receives")


def test_a_pull_is_known_by_what_runs_on_the_destination() -> None:
    pull = TAKE.replace("51 50 20 sshd: root@notty", "51 50 20 perl /usr/sbin/syncoid a b")
    found = scene(*named("s101", TAKEN), moving=running("", pull))
    assert ", started by syncoid (process 51)" in fact(found, "Receives")


def test_a_buffer_on_the_source_that_outlives_its_send_still_feeds_the_receive() -> None:
    """bzfs on a third machine: nothing but a shell's words says what its buffer holds."""
    relay = (
        "1 0 9999 /sbin/init\n51 1 20 sshd: root@notty\n"
        f"52 51 9 sh -c zfs send --raw -i tank/prod@s101 tank/prod@{TAKEN} | mbuffer -q -m 128M\n"
        "53 52 9 mbuffer -q -m 128M\n"
    )
    flowing = running(relay, TAKE)
    assert (len(flowing.receives), flowing.orphans, flowing.running) == (1, (), True)
    said = fact(scene(*named("s101", TAKEN), moving=flowing), "Running")
    assert said == "what was sent is still arriving"
    for other in ("tank/prod/db", "tank/product", "old/tank/prod"):
        assert len(running(relay.replace("tank/prod@", f"{other}@"), TAKE).orphans) == 1


def test_what_is_left_of_a_pipeline_that_was_cut_off_is_an_orphan_and_not_somebody_else_s() -> None:
    flowing = running("1 0 9 init\n", TAKE)
    assert ([each.pid for each in flowing.orphans], flowing.foreign) == ([55], ())


def test_syncoid_without_w_is_told_how() -> None:
    bare = PUSH.replace("zfs send -w -I", "zfs send -I")
    found = scene(*named("s101", TAKEN), moving=running(bare, TAKE))
    finding = only(sending.judge(found), "not-raw")
    assert "(process 42, started by syncoid (process 40))" in finding.summary
    assert "Have syncoid send raw: --sendoptions=w" in [step.why for step in finding.next]


@pytest.mark.parametrize(("mark", "by"), [(f".TMPBZFS.{TAKEN}.AA.BB.CC", True), ("other", False)])
def test_bzfs_on_a_third_machine_is_known_by_its_bookmark(mark: str, *, by: bool) -> None:
    send = f"zfs send --raw --compressed -i tank/prod@s101 tank/prod@{TAKEN}"
    flowing = moving((send,), ("zfs receive -s -u backup/prod",))
    found = scene(*named("s101", TAKEN, marks=(mark,)), moving=flowing)
    assert (", started by bzfs" in fact(found, "Running")) is by


def test_whose_snapshots_have_stopped_coming_is_named() -> None:
    ours, theirs = named("autosnap_2025-12-25_13:00:00_hourly", behind=0)
    route = replace(ROUTE, snapshot_format="autosnap_%Y-%m-%d_%H:%M:%S_hourly")
    finding = only(sending.judge(scene(ours, theirs, now=at(50), route=route)), "no-new-snapshot")
    assert "@autosnap_2025-12-25_13:00:00_hourly (sanoid's), is" in finding.summary
    assert finding.next[0].why.startswith("See whether sanoid still runs")


def test_newer_ones_that_the_route_does_not_carry_are_named_with_whose_they_are() -> None:
    ours, theirs = named("rep-1", "auto-2025-12-25_14-00")
    route = replace(ROUTE, snapshot_format="rep-%Y", all_snapshots=False)
    finding = only(sending.judge(scene(ours, theirs, now=at(50), route=route)), "no-new-snapshot")
    assert "; newer is @auto-2025-12-25_14-00 (TrueNAS's), which the route does" in finding.summary


def test_what_has_come_before_says_who_should_have_sent() -> None:
    ours, theirs = named(TAKEN, "syncoid_nas1_2025-12-25:18:00:00-GMT00:00")
    route = replace(ROUTE, snapshot_format="syncoid_nas1_%Y")
    finding = only(sending.judge(scene(ours, theirs, now=at(50), route=route)), "not-running")
    assert any("whether syncoid still runs" in step.why for step in finding.next)
    plain = scene(*mirrored({"": [101, 102]}, {"": [101]}), now=at(50))
    assert not any("still runs" in s.why for s in only(sending.judge(plain), "not-running").next)


def test_who_receives_from_elsewhere_is_named() -> None:
    there = listed(("zfs receive -s -F backup/prod",), under="/usr/bin/zrepl daemon")
    busy = replace(flow(ROUTE, listed(()), there, (), at(5)), receives=(), orphans=())
    busy = replace(busy, foreign=tuple(each for each in there.transfers))
    finding = only(receiver.judge(scene(moving=busy), seen()), "dataset-busy")
    assert finding.summary.startswith("zrepl on root@dr1 receives into backup/prod")
    assert finding.next[0].why == "Let zrepl end what it does."
