"""An audit for scripts, as one JSON object."""

from __future__ import annotations

from typing import Any

from sealift.keys.audit import Audit
from sealift.keys.boot import Boot
from sealift.keys.posture import Posture, Seen
from sealift.playbook import report_json
from sealift.replication import report
from sealift.replication.comparison import DatasetComparison, Presence
from sealift.replication.report import SCHEMA
from sealift.routes import ROLES, Role
from sealift.zfs.allow import Grant

Json = dict[str, Any]


def audit(shown: Audit) -> Json:
    """The whole answer. null is unknown, or none; `unseen` says what is unknown and why."""
    scene, seen, seal = shown.scene, shown.seen, shown.seal
    compared = scene.comparison.datasets if scene.comparison else {}
    return {
        "schema": SCHEMA,
        "route": scene.route.title,
        "purpose": scene.route.purpose.value,
        "seconds": round(shown.seconds, 2),
        "claim": shown.claim,
        "seal": {"state": seal.state.value, "proof": seal.proof},
        "findings": [report_json.finding(each) for each in shown.findings],
        "unseen": list(shown.unseen),
        "tools": report.tools(scene.comparison),
        "hosts": {role: _host(shown, role) for role in ROLES},
        "datasets": [_dataset(below, each, seen) for below, each in compared.items()],
    }


def _host(shown: Audit, role: Role) -> Json:
    facts, grants, boot = (
        shown.scene.side(role).facts,
        shown.seen.grants[role],
        shown.seen.boots[role],
    )
    return {
        "where": shown.scene.where(role),
        "zfs": facts.version.userland if facts else None,
        "module": facts.version.module if facts else None,
        "boot": _boot(boot) if boot else None,
        "grants": [_grant(each) for each in grants] if grants is not None else None,
    }


def _boot(boot: Boot) -> Json:
    return {
        "init": boot.init,
        "loads_keys": [_line(each.path, each.text, each.state.value) for each in boot.loading],
        "mounts": [_line(each.path, each.text, each.state.value) for each in boot.mounting],
        "zfs_list_cache": [each.dataset for each in boot.cached],
        "unread": list(boot.unread),
    }


def _line(path: str, text: str, state: str) -> Json:
    return {"path": path, "text": text, "state": state}


def _grant(grant: Grant) -> Json:
    return {
        "dataset": grant.dataset,
        "reach": grant.reach.value.rstrip(":"),
        "kind": grant.kind,
        "who": grant.who,
        "permissions": sorted(grant.permissions),
    }


def _dataset(below: str, each: DatasetComparison, seen: Seen) -> Json:
    shared = [pair for pair in each.pairs if pair.source and pair.destination]
    sides = {role: seen.trees[role].get(below) for role in ROLES}
    return {
        "below": below,
        "shared_snapshots": len(shared),
        "iv_sets_differ": sum(pair.presence is Presence.IVSET for pair in shared),
        **{role: _posture(one) if one else None for role, one in sides.items()},
    }


def _posture(each: Posture) -> Json:
    dataset = each.dataset
    return {
        "name": each.name,
        "encryption": dataset.encryption,
        "encryptionroot": dataset.encryption_root,
        "keystatus": dataset.key_status.value,
        "keyformat": each.key_format or None,
        "keyguid": dataset.key_guid,
        "pbkdf2iters": each.rounds,
        "pbkdf2salt": each.salt,
        "mounted": dataset.mounted,
        **{
            name: {"value": found.value, "source": found.source} if found else None
            for name in ("keylocation", "canmount", "mountpoint", "readonly")
            for found in (each.settings.get(name),)
        },
    }
