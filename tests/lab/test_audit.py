"""Every breach of a vault is found by its id on real hosts, and a clean vault has none."""

from __future__ import annotations

import pytest

from .asking import Said, ask, unprivileged
from .breaches import BREACHES, OTHER, Breach, clean, new_key
from .faults.fault import ROUTE
from .faults.making import pipeline
from .lab import PASSPHRASE, Lab

pytestmark = pytest.mark.timeout(300)

# What an audit must never miss; the others are for the whole suite.
CORE = {
    "mounted",
    "a set has load-key in it",
    "each dataset its own root",
    "one increment was not raw",
}


@pytest.fixture(scope="module")
def vault(lab: Lab) -> Lab:
    """A clean vault; whatever a test does to it, it undoes."""
    clean(lab)
    return lab


def named(answer: Said) -> frozenset[str]:
    return frozenset(answer.findings)


def test_a_clean_vault_gives_none(vault: Lab) -> None:
    answer = ask(vault, "audit", ROUTE)
    assert answer.findings == (), answer.text()
    assert answer.code == 0, answer.text()
    assert answer.said["seal"]["state"] == "sealed"
    assert answer.said["claim"].startswith("sealed")
    replica = answer.said["datasets"][0]["destination"]
    assert replica["keylocation"]["value"] == "prompt"
    assert replica["pbkdf2salt"], "zfs get pbkdf2salt"
    # Its first process is the lab's own, and what that starts cannot be known.
    assert any("not systemd" in each for each in answer.said["unseen"]), answer.text()


@pytest.mark.parametrize(
    "breach",
    [
        pytest.param(each, id=each.name, marks=() if each.name in CORE else pytest.mark.whole)
        for each in BREACHES
    ],
)
def test_a_breach_is_found_and_no_other(vault: Lab, breach: Breach) -> None:
    with breach.make(vault) as words:
        answer = ask(vault, "audit", words)
    assert named(answer) == breach.ids, answer.text()
    assert answer.code == 1


def test_there_are_twenty_of_them() -> None:
    names = {each.name for each in BREACHES}
    assert len(names) >= 20
    assert names >= CORE


def test_a_standby_may_be_unlocked(vault: Lab) -> None:
    breach = next(each for each in BREACHES if each.name == "mounted")
    with breach.make(vault) as words:
        answer = ask(vault, "audit", (*words, "--standby"))
    assert answer.findings == (), answer.text()
    assert {each["id"] for each in answer.said["findings"]} >= breach.ids


def test_without_rights_what_is_not_seen_is_said(vault: Lab) -> None:
    vault.dest.run("install -D -m 600 /dev/null /var/spool/cron/crontabs/root")
    try:
        answer = ask(vault, "audit", unprivileged(ROUTE))
    finally:
        vault.dest.run("rm /var/spool/cron/crontabs/root")
    assert answer.findings == (), answer.text()
    assert any("not for us to read" in each for each in answer.said["unseen"]), answer.text()
    assert "unknown" in answer.said["claim"]


@pytest.mark.whole
def test_a_changed_passphrase_until_every_dataset_has_it(vault: Lab) -> None:
    """The last test: it takes the vault from rep-1 to rep-3, and leaves it clean."""
    new_key(vault.source, "tank/prod", OTHER)
    vault.source.run("zfs snapshot -r tank/prod@rep-2")
    older = ask(vault, "audit", ROUTE)
    assert named(older) == {"key-may-not-unlock"}, older.text()
    child = pipeline("zfs send -w -i @rep-1 tank/prod/db@rep-2", into="backup/prod/db")
    vault.source.run(child, timeout=120)
    half = ask(vault, "audit", ROUTE)
    assert named(half) == {"key-may-not-unlock"}, half.text()
    weights = {each["dataset"]: each["severity"] for each in half.said["findings"]}
    assert (weights["backup/prod"], weights["backup/prod/db"]) == ("warning", "problem")
    vault.source.run(pipeline("zfs send -w -i @rep-1 tank/prod@rep-2"), timeout=120)
    level = ask(vault, "audit", ROUTE)
    assert level.findings == (), level.text()
    # Now on the replica, which the next increment puts right.
    vault.dest.run("zfs load-key backup/prod", stdin=OTHER.encode(), timeout=60)
    new_key(vault.dest, "backup/prod", PASSPHRASE)
    vault.dest.run("zfs unload-key backup/prod")
    changed = ask(vault, "audit", ROUTE)
    assert named(changed) == {"key-may-not-unlock"}, changed.text()
    vault.source.run("zfs snapshot -r tank/prod@rep-3")
    for below in ("", "/db"):
        send = f"zfs send -w -i @rep-2 tank/prod{below}@rep-3"
        vault.source.run(pipeline(send, into=f"backup/prod{below}"), timeout=120)
    mended = ask(vault, "audit", ROUTE)
    assert mended.findings == (), mended.text()
