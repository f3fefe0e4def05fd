"""`audit` on the demo's hosts: a quiet night is clean, and each night shows its own."""

from __future__ import annotations

import json

import pytest

from sealift import plain
from sealift.demo.stage import Demo
from sealift.keys import audit_json
from sealift.keys.audit import Audit, audit
from sealift.playbook.report_json import findings_code
from sealift.replication.watch import RouteWatch

from .test_demo_ends import said
from .test_demo_journey import watching


async def audited(watch: RouteWatch) -> Audit:
    """The audit; whatever the demo's hosts said was understood."""
    found = await audit(watch)
    assert found.unseen == ()
    return found


def ids(found: Audit) -> dict[str, str]:
    return {each.id: each.severity for each in found.findings if each.severity != "info"}


async def test_a_quiet_night_is_a_clean_vault() -> None:
    async with Demo.open("quiet-night") as demo, watching(demo) as watch:
        found = await audited(watch)
    assert ids(found) == {}
    assert found.claim.startswith("sealed. ")
    assert findings_code(found.findings) == 0
    boot = found.seen.boots["destination"]
    assert boot is not None
    assert [each.path for each in boot.mounting] == ["/usr/lib/systemd/system/zfs-mount.service"]


async def test_what_is_not_sealed_is_found() -> None:
    async with Demo.open("unsealed") as demo, watching(demo) as watch:
        found = await audited(watch)
    assert ids(found) == {"not-raw": "problem", "mountable-replica": "warning"}
    grave = [each for each in found.findings if each.severity != "info"]
    assert {each.dataset for each in grave} == {"backup/prod/db"}
    assert found.claim == "not sealed"
    assert findings_code(found.findings) == 1
    said_of_it = json.loads(json.dumps(audit_json.audit(found)))
    assert said_of_it["schema"] == 1
    assert set(said_of_it) == {
        "schema",
        "route",
        "purpose",
        "seconds",
        "claim",
        "seal",
        "findings",
        "unseen",
        "tools",
        "hosts",
        "datasets",
    }
    db = said_of_it["datasets"][2]
    assert (db["source"]["encryption"], db["destination"]["encryption"]) == ("aes-256-gcm", "off")
    assert db["destination"]["canmount"] == {"value": "on", "source": "default"}


async def test_the_text_has_source_and_destination_beside_each_other() -> None:
    async with Demo.open("unsealed") as demo, watching(demo) as watch:
        text = plain.audit(await audited(watch))
    assert "destination  not sealed" in text
    assert "problem      not-raw: backup/prod/db: it is not encrypted" in text
    assert "dataset      tank/prod/db | backup/prod/db" in text
    assert "  encryption       aes-256-gcm | off  (differs)" in text
    assert "  change      root@dr1: zfs set canmount=noauto backup/prod/db" in text


async def test_a_key_file_on_a_standby_is_a_warning() -> None:
    async with Demo.open("key-procedure") as demo, watching(demo) as watch:
        found = await audited(watch)
    assert ids(found) == {"keylocation-automatic": "warning"}


@pytest.mark.parametrize(
    ("host", "script", "wanted"),
    [
        ("dr1", "zfs allow -u op load-key backup/prod/db", {"grants-too-wide": "problem"}),
        ("dr1", "zfs set canmount=on backup/prod/db", {"mountable-replica": "warning"}),
        (
            "dr1",
            "printf 'correct horse battery staple' | zfs load-key backup/prod",
            {"key-loaded-on-vault": "problem"},
        ),
        (
            "nas1",
            "printf 'another passphrase' | zfs change-key -o keyformat=passphrase tank/prod",
            {"key-may-not-unlock": "warning"},
        ),
    ],
)
async def test_what_somebody_does_is_found(host: str, script: str, wanted: dict[str, str]) -> None:
    async with Demo.open("quiet-night", 20) as demo:
        await said(demo, host, script)
        async with watching(demo) as watch:
            assert ids(await audited(watch)) == wanted


async def test_what_a_host_does_at_boot_is_found() -> None:
    async with Demo.open("quiet-night", 20) as demo:
        cron = demo.directory / "dr1" / "system" / "etc" / "cron.d" / "open"
        cron.parent.mkdir(parents=True)
        cron.write_text("@reboot root zfs load-key backup/prod </root/key\n")
        async with watching(demo) as watch:
            found = await audited(watch)
            assert ids(found) == {"boot-unit-loads-keys": "problem"}
            assert "something there would load or ask for the key" in found.claim


async def test_a_host_that_is_off_is_said_and_the_other_read() -> None:
    async with Demo.open("quiet-night", 20) as demo:
        await demo.power("dr1", on=False)
        async with watching(demo) as watch:
            found = await audit(watch)
    assert ids(found) == {"host-unreachable": "problem"}
    assert findings_code(found.findings) == 3
    assert found.claim.startswith("unknown")
    assert found.seen.trees["source"]
    assert found.seen.boots["source"] is not None
    assert any("destination" in each for each in found.unseen)
