"""Each breach of a posture has its id, and a clean vault has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sealift.keys.boot import Boot, BootLine, Cached, State
from sealift.playbook.catalogue import page
from sealift.replication.inventory import Inventory
from sealift.zfs.allow import Grant, Reach
from sealift.zfs.commands import Effect
from sealift.zfs.listings import KeyStatus
from tests.factories import locked
from tests.unit.keys.audits import CLEAN, SALT, STANDBY, Judged, changed, grants, ids, judged
from tests.unit.playbook.scenes import ROUTE, facts


def test_a_clean_vault_gives_none() -> None:
    found, unseen = judged()
    assert found == ()
    assert unseen == ()


def boot(text: str, path: str = "/etc/cron.d/open", state: State = State.STARTED) -> Boot:
    return replace(CLEAN, lines=(BootLine(path, text, state),))


def cached(
    canmount: str = "on", location: str = "file:///root/k", *, ignored: bool = False
) -> Boot:
    line = Cached(
        "/etc/zfs/zfs-list.cache/backup",
        "backup/prod",
        "/backup/prod",
        canmount,
        "backup/prod",
        location,
        ignored,
    )
    return replace(CLEAN, generator="/usr/lib/g", cached=(line,))


_FILE = {"": {"keylocation": "file:///root/key"}}
_FEW = {below: {"pbkdf2iters": "100000"} for below in ("", "db")}
_BREACHES: dict[str, tuple[str, Callable[[], Judged]]] = {
    "key loaded": (
        "key-loaded-on-vault",
        lambda: judged(
            destination=lambda tree: changed(tree, "db", key_status=KeyStatus.AVAILABLE)
        ),
    ),
    "mounted": (
        "mounted-replica",
        lambda: judged(destination=lambda tree: changed(tree, "", mounted=True)),
    ),
    "another master key": (
        "not-raw",
        lambda: judged(destination=lambda tree: changed(tree, "db", key_guid=5)),
    ),
    "in the clear": (
        "not-raw",
        lambda: judged(
            destination=lambda tree: changed(
                tree, "db", encryption="off", encryption_root=None, key_guid=None, key_format=None
            )
        ),
    ),
    "key file": ("keylocation-automatic", lambda: judged(theirs=_FILE)),
    "key by https": (
        "keylocation-automatic",
        lambda: judged(theirs={"": {"keylocation": "https://keys/x"}}),
    ),
    "unit": (
        "boot-unit-loads-keys",
        lambda: judged(
            boot=boot("ExecStart=/sbin/zfs load-key -a", "/etc/systemd/system/x.service")
        ),
    ),
    "cron": (
        "boot-unit-loads-keys",
        lambda: judged(boot=boot("@reboot root zfs load-key -r backup")),
    ),
    "import -l": ("boot-unit-loads-keys", lambda: judged(boot=boot("zpool import -al"))),
    "mount -l": ("boot-unit-loads-keys", lambda: judged(boot=boot("zfs mount -a -l"))),
    "pam": (
        "boot-unit-loads-keys",
        lambda: judged(boot=boot("auth optional pam_zfs_key.so homes=backup/prod", "/etc/pam.d/x")),
    ),
    "cache": ("boot-unit-loads-keys", lambda: judged(boot=cached())),
    "passphrase changed": (
        "key-may-not-unlock",
        lambda: judged(our_salts={"": SALT + 1, "db": SALT + 1}),
    ),
    "half of the tree has the new one": (
        "key-may-not-unlock",
        lambda: judged(our_salts={"": SALT + 1, "db": SALT + 1}, their_salts={"db": SALT + 1}),
    ),
    "changed on the replica": (
        "key-may-not-unlock",
        lambda: judged(their_salts={"": SALT + 1, "db": SALT + 1}),
    ),
    "root above the replica": (
        "key-may-not-unlock",
        lambda: judged(
            destination=lambda tree: changed(
                changed(tree, "", encryption_root="backup"), "db", encryption_root="backup"
            )
        ),
    ),
    "child its own root": (
        "hierarchy-differs",
        lambda: judged(
            destination=lambda tree: changed(tree, "db", encryption_root="backup/prod/db")
        ),
    ),
    "child inherits": (
        "hierarchy-differs",
        lambda: judged(source=lambda tree: changed(tree, "db", encryption_root="tank/prod/db")),
    ),
    "canmount": ("mountable-replica", lambda: judged(theirs={"db": {"canmount": "on"}})),
    "readonly": (
        "writable-replica",
        lambda: judged(destination=lambda tree: changed(tree, "db", readonly=False)),
    ),
    "load-key": ("grants-too-wide", lambda: judged(allowed=grants("user zrecv create,load-key"))),
    "destroy": ("grants-too-wide", lambda: judged(allowed=grants("group ops destroy"))),
    "everyone": ("grants-too-wide", lambda: judged(allowed=grants("everyone rollback"))),
    "plain receive": ("grants-too-wide", lambda: judged(allowed=grants("user zrecv receive"))),
    "sudo": (
        "grants-too-wide",
        lambda: judged(boot=replace(CLEAN, sudo=True), receiver=facts(user="op")),
    ),
    "few rounds": ("weak-passphrase", lambda: judged(ours=_FEW, theirs=_FEW)),
    "an old version": ("known-bug", lambda: judged(receiver=facts(zfs="2.1.5"))),
}


@pytest.mark.parametrize("name", _BREACHES)
def test_each_breach_is_found_by_its_id_and_no_other(name: str) -> None:
    wanted, make = _BREACHES[name]
    found, _ = make()
    assert set(ids(found)) == {wanted}
    finding = next(each for each in found if each.id == wanted)
    assert finding.evidence
    assert finding.next, "a way out"
    assert page(wanted) is not None
    assert (
        all(step.effect is not Effect.DESTRUCTION for step in finding.next) or wanted == "not-raw"
    )


@pytest.mark.parametrize(
    "harmless",
    [
        boot("ExecStart=/sbin/zfs load-key -a", "/etc/systemd/system/x.service", State.IDLE),
        boot("ExecStart=/sbin/zfs load-key -a", "/etc/systemd/system/x.service", State.MASKED),
        boot("zfs load-key rpool/home"),
        boot("ExecStart=/sbin/zfs mount -a"),
        boot("auth optional pam_zfs_key.so homes=rpool/home", "/etc/pam.d/x"),
        cached("noauto"),
        cached(ignored=True),
        replace(cached(), generator=""),
    ],
)
def test_what_opens_nothing_of_the_vault_is_no_finding(harmless: Boot) -> None:
    assert judged(boot=harmless)[0] == ()


def test_who_is_asked_is_a_warning_and_what_comes_by_itself_a_problem() -> None:
    def weight(judgement: Judged) -> str:
        return next(e.severity for e in judgement[0] if e.id == "boot-unit-loads-keys")

    assert weight(judged(boot=boot("zfs load-key -a"))) == "warning"
    assert weight(judged(boot=boot("zfs load-key -a"), theirs=_FILE)) == "problem"
    assert weight(judged(boot=boot("zfs load-key backup/prod </root/k"))) == "problem"
    assert weight(judged(boot=boot("zfs load-key -L file:///root/k backup/prod"))) == "problem"
    assert weight(judged(boot=cached(location="prompt"))) == "warning"


def test_what_is_not_systemd_is_said() -> None:
    found, unseen = judged(boot=replace(boot("zfs load-key -a"), init="lab-init"))
    assert "process 1 there is lab-init" in found[0].summary
    assert any("not systemd" in each for each in unseen)
    assert any("not for us" in each for each in judged(boot=replace(CLEAN, unread=("/x",)))[1])


def test_a_standby_may_be_unlocked_and_mountable() -> None:
    found, _ = judged(
        destination=lambda tree: changed(tree, "", mounted=True, key_status=KeyStatus.AVAILABLE),
        theirs={"": {"canmount": "on"}},
        route=STANDBY,
    )
    assert {each.id for each in found} == {
        "key-loaded-on-vault",
        "mounted-replica",
        "mountable-replica",
    }
    assert ids(found) == []
    assert ids(judged(theirs=_FILE, route=STANDBY)[0]) == ["keylocation-automatic"]


def test_which_datasets_need_the_old_passphrase_is_said() -> None:
    every, _ = judged(our_salts={"": SALT + 1, "db": SALT + 1})
    assert [each.severity for each in every] == ["warning"]
    assert "backup/prod, backup/prod/db" in every[0].summary
    half, _ = judged(our_salts={"": SALT + 1, "db": SALT + 1}, their_salts={"db": SALT + 1})
    by_dataset = {each.dataset: each for each in half}
    assert by_dataset["backup/prod"].severity == "warning"
    assert by_dataset["backup/prod/db"].severity == "problem"
    assert "#12614" in by_dataset["backup/prod/db"].summary


def test_a_source_that_is_a_vault_is_no_finding_and_nothing_is_to_be_done_with_its_keys() -> None:
    assert judged(source=locked)[0] == ()
    (weak,) = judged(source=locked, ours=_FEW, theirs=_FEW)[0]
    assert [each.command for each in weak.next] == [""]
    assert "where the tree comes from" in weak.next[0].why
    (older,) = judged(source=locked, our_salts={"": SALT + 1, "db": SALT + 1})[0]
    assert not [each for each in older.next if "zfs snapshot" in each.command]


def test_what_is_not_known_of_a_passphrase_is_no_finding() -> None:
    assert judged(their_salts={"": None, "db": None})[0] == ()


def test_a_raw_key_leaves_nothing_to_compare_and_that_is_said() -> None:
    def as_raw(tree: Inventory) -> Inventory:
        return changed(changed(tree, "", key_format="raw"), "db", key_format="raw")

    none = {"": 0, "db": 0}
    found, unseen = judged(source=as_raw, destination=as_raw, our_salts=none, their_salts=none)
    assert found == ()
    assert any("backup/prod" in each and "raw key" in each for each in unseen)
    # One of another format is told, though.
    assert ids(judged(source=as_raw, our_salts=none)[0]) == ["key-may-not-unlock"]


def test_a_route_that_sends_one_by_one_has_roots_of_its_own() -> None:
    found, _ = judged(
        destination=lambda tree: changed(tree, "db", encryption_root="backup/prod/db"),
        route=replace(ROUTE, per_dataset=True),
    )
    assert [(each.id, each.severity) for each in found] == [("hierarchy-differs", "info")]


def test_what_a_receive_needs_is_not_too_wide() -> None:
    needed = "user zrecv receive:append,create,mount,readonly,mountpoint,userprop,hold,release"
    assert judged(allowed=grants(needed))[0] == ()
    old = judged(allowed=grants("user zrecv receive,create,mount"), receiver=facts(zfs="2.2.9"))[0]
    assert ids(old) == [], "2.2 has no receive:append"


def test_a_set_is_spelt_out() -> None:
    in_set = Grant("backup", Reach.SET, "", "@ops", frozenset({"load-key"}))
    user = Grant("backup", Reach.BOTH, "user", "zrecv", frozenset({"@ops"}))
    found, _ = judged(allowed=(in_set, user))
    assert "user zrecv may load-key" in found[0].summary


def test_a_boot_that_was_not_read_is_no_finding() -> None:
    assert judged(boot=None)[0] == ()
