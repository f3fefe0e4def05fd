"""Building a vault: which step is open, what stops it, and with which way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from sealift.hosts.trouble import Trouble
from sealift.keys import rules, vault
from sealift.keys.audit import Audit
from sealift.keys.boot import Boot, BootLine
from sealift.keys.posture import postures
from sealift.keys.state import KeyTree
from sealift.keys.steps import StepId
from sealift.keys.vault import Stage
from sealift.keys.vault_look import Look
from sealift.playbook.diagnosis import StepReport
from sealift.playbook.ground import Rights
from sealift.replication.changes import Holds
from sealift.replication.inventory import Inventory
from sealift.replication.job import JobState
from sealift.routes import Purpose, Role, Route
from sealift.zfs.allow import Grant
from sealift.zfs.holds import Hold
from sealift.zfs.listings import Snapshot
from sealift.zfs.room import Room
from sealift.zfs.settings import Setting
from tests.factories import job
from tests.unit.keys.audits import CLEAN, both, changed, grants, looked
from tests.unit.keys.trees import ROOT, dataset, tree
from tests.unit.playbook.scenes import GIB, ROUTE

RIGHTS = Rights(root=True, user="root")
EMPTY: Mapping[str, Mapping[str, str]] = MappingProxyType({})


def nothing_there(destination: Inventory) -> Inventory:
    return replace(destination, datasets={})


def set_as(purpose: Purpose = Purpose.VAULT) -> KeyTree:
    how = "off" if purpose is Purpose.VAULT else "noauto"
    return tree(dataset(can_mount=how), dataset(f"{ROOT}/db", can_mount=how))


def marked(source: Inventory) -> Inventory:
    """The newest snapshot of each dataset with a bookmark."""
    return replace(
        source,
        datasets={
            below: replace(held, bookmarks=(_mark(held.snapshots[-1]),))
            for below, held in source.datasets.items()
        },
    )


def _mark(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, bookmark=True)


def held(inventory: Inventory) -> tuple[Hold, ...]:
    return tuple(
        Hold(f"{each.dataset.name}@{each.snapshots[-1].name}", "keepforrep", "")
        for each in inventory.datasets.values()
        if each.snapshots
    )


def room(name: str, available: int = 100 * GIB) -> Room:
    return Room(name, 0, available, 0, None, None, "off")


def look(
    source: Inventory | None = None,
    destination: Inventory | None = None,
    *,
    ours: Mapping[str, Mapping[str, str]] = EMPTY,
    boot: Boot | None = CLEAN,
    route: Route = ROUTE,
    keys: KeyTree | None = None,
    kept: bool = True,
    above: KeyTree | None = None,
    rooms: tuple[Room, ...] = (room("backup"),),
    rights: Rights = RIGHTS,
) -> Look:
    """A vault that is built, changed in what a test is about."""
    source = source or marked(both()[0])
    destination = both()[1] if destination is None else destination
    scene, seen = looked(source, destination, (ours, {}), boot=boot, route=route)
    audit = Audit(scene, seen, datetime(2026, 1, 2, tzinfo=UTC), 1.0, rules.judge(scene, seen))
    there = set_as() if keys is None and destination.exists else keys
    holds = Holds(held(source), held(destination)) if kept else Holds((), ())
    under = (above or tree(dataset("backup", root=None))).datasets[0]
    may: dict[Role, Rights | None] = {"source": RIGHTS, "destination": rights}
    report = StepReport("receiver", "", "ok")
    return Look(audit, report, may, rooms, under, there, holds)


def open_steps(found: Look) -> dict[StepId, set[str]]:
    """What stops each step that is open."""
    return {
        each.step.id: {one.id for one in each.checked.stops}
        for each in vault.stages(found)
        if not each.passed
    }


def stage(found: Look, step: StepId) -> Stage:
    return next(each for each in vault.stages(found) if each.step.id is step)


def stopped(found: Look, step: StepId) -> str:
    """All that is said of why a step is open."""
    lines = [each.summary for each in stage(found, step).checked.stops]
    lines += [
        f"{one.why} {one.command}" for each in stage(found, step).checked.stops for one in each.next
    ]
    return "\n".join(lines)


def test_a_vault_that_is_built_has_no_open_step() -> None:
    found = vault.stages(look())
    assert [each.step.id for each in found if not each.passed] == []
    assert vault.first_open(found) is None
    assert len(found) == 8
    for each in found:
        assert each.step.title
        assert each.step.does.endswith(".")
        assert each.step.why.endswith(".")
        assert each.step.check
        assert each.checked.seen, each.step.title
    assert {each.step.id for each in found if not each.lines} == {
        StepId.SNAPSHOT, StepId.SEED, StepId.SET, StepId.HOLDS,
    }, "what is done needs no command"  # fmt: skip


def test_no_step_has_a_key_in_it() -> None:
    for found in (look(), look(destination=nothing_there(both()[1]))):
        for each in vault.stages(found):
            assert not any("load-key" in line or "change-key" in line for line in each.lines)


def test_before_the_seed_what_comes_first_passes_and_the_rest_is_open() -> None:
    found = look(destination=nothing_there(both()[1]))
    assert set(open_steps(found)) == {StepId.SEED, StepId.PROOF, StepId.SET, StepId.HOLDS}
    assert vault.first_open(vault.stages(found)) == 4
    (line,) = stage(found, StepId.SEED).lines
    assert "zfs send -w -vP -R tank/prod@" in line
    assert "zfs receive -s -u backup/prod" in line


def test_plaintext_below_is_named_before_anything_else() -> None:
    plain = changed(both()[0], "db", encryption="off", encryption_root=None, key_guid=None)
    found = look(plain, nothing_there(both()[1]))
    assert open_steps(found)[StepId.SOURCE] == {"plaintext-in-scope"}
    assert "tank/prod/db is not encrypted" in stopped(found, StepId.SOURCE)
    assert "Leave it out of the route" in stopped(found, StepId.SOURCE)
    assert vault.first_open(vault.stages(found)) == 0
    left_out = replace(ROUTE, exclude=frozenset({"db"}))
    assert StepId.SOURCE not in open_steps(look(plain, route=left_out))


def test_a_destination_made_beforehand_never_takes_a_raw_stream() -> None:
    made = changed(both()[1], "", encryption="off", encryption_root=None, key_guid=None)
    assert "key-lineage-mismatch" in open_steps(look(destination=made))[StepId.DESTINATION]


def test_what_it_is_to_be_below_is_made_from_above() -> None:
    deep = replace(ROUTE, destination=replace(ROUTE.destination, dataset="backup/a/b/prod"))
    there = replace(both()[1], root="backup/a/b/prod", datasets={})
    found = look(destination=there, route=deep)
    assert open_steps(found)[StepId.DESTINATION] == {"parent-missing"}
    assert stage(found, StepId.DESTINATION).lines[1:] == (
        "root@dr1$ zfs create -o canmount=off backup/a",
        "root@dr1$ zfs create -o canmount=off backup/a/b",
    )
    rooms = tuple(room(name) for name in ("backup", "backup/a", "backup/a/b"))
    assert StepId.DESTINATION not in open_steps(look(destination=there, route=deep, rooms=rooms))


def test_room_is_looked_at_before_there_is_a_snapshot_to_estimate() -> None:
    bare = replace(
        both()[0],
        datasets={
            below: replace(each, snapshots=(), dataset=replace(each.dataset, referenced=60 * GIB))
            for below, each in both()[0].datasets.items()
        },
    )
    found = look(bare, nothing_there(both()[1]))
    assert open_steps(found)[StepId.DESTINATION] == {"space-low"}
    assert "120.0 GiB are to arrive" in stopped(found, StepId.DESTINATION)
    assert open_steps(found)[StepId.SNAPSHOT] == {"no-new-snapshot"}
    assert "no snapshot: tank/prod, tank/prod/db" in stopped(found, StepId.SNAPSHOT)
    assert "zfs snapshot -r tank/prod@" in stage(found, StepId.SNAPSHOT).lines[0]


@pytest.mark.parametrize(
    ("above", "words"),
    [
        (dataset("backup", root=None), "which is not encrypted: that is as it should be"),
        (dataset("backup", root="backup"), "that is not loaded: a raw stream does not need it"),
        (dataset("backup", root="backup", opened=True), "! It is received below backup, whose key"),
    ],
)
def test_whatever_is_above_a_raw_stream_is_taken(above: object, words: str) -> None:
    found = look(above=KeyTree("backup", (above,)))  # type: ignore[arg-type]
    checked = stage(found, StepId.DESTINATION).checked
    assert checked.stops == ()
    assert words in "\n".join(checked.seen)


def test_a_package_without_root_needs_more_than_a_receive() -> None:
    may: tuple[Grant, ...] = grants("user zrecv receive,create,mount,keylocation")
    rights = Rights(root=False, user="zrecv", grants=may)
    (note,) = stage(look(rights=rights), StepId.DESTINATION).checked.notes
    assert note.id == "permission-missing"
    assert note.next[0].command == "zfs allow -u zrecv change-key,hold backup"
    alone = replace(ROUTE, per_dataset=True)
    assert stage(look(rights=rights, route=alone), StepId.DESTINATION).checked.notes == ()


def test_what_comes_along_is_said_and_what_loads_a_key_stops() -> None:
    source = both()[0]
    settings = {
        below: {
            "canmount": Setting("on", "local" if not below else "default"),
            "mountpoint": Setting("/srv", "received" if not below else "inherited from tank/prod"),
            "keylocation": Setting("file:///root/k", "local" if not below else "default"),
        }
        for below in source.datasets
    }
    found = look()
    named = {source.datasets[below].dataset.name: each for below, each in settings.items()}
    seen = replace(
        found.audit.seen,
        trees={**found.audit.seen.trees, "source": postures(source, named, None)},
    )
    found = replace(found, audit=replace(found.audit, seen=seen))
    said = "\n".join(stage(found, StepId.BOOT).checked.seen)
    assert (
        "brings along: tank/prod canmount=on, tank/prod mountpoint=/srv, "
        "tank/prod keylocation=file:///root/k" in said
    )
    line = BootLine("/etc/cron.d/open", "@reboot root zfs load-key backup/prod </root/k")
    loading = look(destination=nothing_there(both()[1]), boot=replace(CLEAN, lines=(line,)))
    assert open_steps(loading)[StepId.BOOT] == {"boot-unit-loads-keys"}
    assert "/etc/cron.d/open" in stopped(loading, StepId.BOOT)


def test_a_host_that_cannot_be_read_is_not_said_to_do_nothing() -> None:
    checked = stage(look(boot=None), StepId.BOOT).checked
    assert any(each.startswith("? what root@dr1 does at boot") for each in checked.seen)
    assert not any("Nothing was seen" in each for each in checked.seen)


def test_a_key_that_is_loaded_and_roots_of_their_own_are_no_proof() -> None:
    found = look(destination=changed(both()[1], "db", encryption_root="backup/prod/db"))
    assert open_steps(found)[StepId.PROOF] == {"hierarchy-differs"}
    assert "as one package sets it right, and takes no key" in stopped(found, StepId.PROOF)
    excluded = replace(ROUTE, exclude=frozenset({"other"}))
    apart = look(
        destination=changed(both()[1], "db", encryption_root="backup/prod/db"), route=excluded
    )
    assert StepId.PROOF not in open_steps(apart), "what is left out never goes as one package"
    assert [each.id for each in stage(apart, StepId.PROOF).checked.notes] == ["hierarchy-differs"]
    mounted = look(destination=changed(both()[1], "db", mounted=True))
    assert open_steps(mounted)[StepId.PROOF] == {"mounted-replica"}


def test_each_property_that_is_left_is_a_finding_of_its_own() -> None:
    loose = tree(
        replace(dataset(location="file:///root/k", can_mount="on"), readonly=False),
        dataset(f"{ROOT}/db", can_mount="on"),
    )
    found = look(keys=loose)
    assert open_steps(found) == {
        StepId.SET: {"mountable-replica", "keylocation-automatic", "writable-replica"}
    }
    assert stage(found, StepId.SET).lines == (
        "root@dr1$ zfs set canmount=off backup/prod",
        "root@dr1$ zfs set keylocation=prompt backup/prod",
        "root@dr1$ zfs set readonly=on backup/prod",
        "root@dr1$ zfs set canmount=off backup/prod/db",
    )
    standby = replace(ROUTE, purpose=Purpose.STANDBY)
    found = look(keys=set_as(Purpose.STANDBY), route=standby)
    assert open_steps(found) == {}
    assert stage(found, StepId.SET).step.title == "its properties are those of a warm standby"


def test_what_keeps_the_base_is_checked_on_both_sides() -> None:
    found = look(both()[0], kept=False)
    assert open_steps(found) == {StepId.HOLDS: {"anchor-not-held"}}
    name = "@" + both()[0].datasets[""].snapshots[-1].name
    lines = stage(found, StepId.HOLDS).lines
    assert lines == (
        f"root@nas1$ zfs hold keepforrep tank/prod{name}",
        f"root@dr1$ zfs hold keepforrep backup/prod{name}",
        f"root@nas1$ zfs hold keepforrep tank/prod/db{name}",
        f"root@dr1$ zfs hold keepforrep backup/prod/db{name}",
        f"root@nas1$ zfs bookmark tank/prod{name} 'tank/prod#{name[1:]}'",
        f"root@nas1$ zfs bookmark tank/prod/db{name} 'tank/prod/db#{name[1:]}'",
    )
    said = "\n".join(stage(look(), StepId.HOLDS).checked.seen)
    assert "of the source 8 of 10 snapshots may go" in said
    unread = replace(look(), holds=None, unseen=("who holds the snapshots: no answer",))
    assert open_steps(unread) == {StepId.HOLDS: {"command-failed"}}


def test_a_side_that_cannot_be_read_opens_every_step() -> None:
    away = Trouble("host-unreachable", "root@dr1", "no answer")
    found = look()
    scene = replace(found.scene, troubles={"destination": away})
    found = replace(found, audit=replace(found.audit, scene=scene))
    assert open_steps(found) == {each.step.id: {"host-unreachable"} for each in vault.stages(found)}
    blind = replace(
        look().scene,
        picture=replace(look().scene.picture, comparison=None),
        unseen={"source": ("its listing: too slow",)},
    )
    found = replace(found, audit=replace(found.audit, scene=blind))
    assert set(open_steps(found)) == {each.step.id for each in vault.stages(found)}
    assert "too slow" in stopped(found, StepId.SOURCE)


def test_a_user_who_may_not_send_is_told_at_the_first_step() -> None:
    found = look(destination=nothing_there(both()[1]))
    may: dict[Role, Rights | None] = {
        "source": Rights(root=False, user="zsend"),
        "destination": RIGHTS,
    }
    found = replace(found, rights=may)
    assert open_steps(found)[StepId.SOURCE] == {"permission-missing"}
    assert "zfs allow -u zsend send,hold,snapshot tank/prod" in stopped(found, StepId.SOURCE)


def test_a_seed_that_failed_says_why_and_one_that_runs_is_followed() -> None:
    found = look(destination=nothing_there(both()[1]))
    full = Trouble("space-low", "root@dr1", "out of space", "The pool is full.", "Make room.")
    failed = replace(found, jobs=(replace(job(JobState.FAILED), trouble=full),))
    assert open_steps(failed)[StepId.SEED] == {"space-low", "not-running"}
    assert "Make room." in stopped(failed, StepId.SEED)
    assert failed.running is None
    runs = replace(found, jobs=(job(),))
    assert runs.running is not None
    assert "job 7f3a51c2 on root@nas1 is sending" in stopped(runs, StepId.SEED)
