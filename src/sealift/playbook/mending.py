"""In which order findings are to be mended. A pure sort.

What keeps us from the hosts comes first, for nothing else can be mended before; then what stops the
destination's pool, what forbids receives, what is wrong with what is sent, then the bottleneck, and
then what will only hurt later.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum, auto

from sealift.playbook.diagnosis import Finding


class Turn(IntEnum):
    """When a finding has its turn."""

    ACCESS = auto()
    POOL = auto()
    RECEIVE = auto()
    SENDING = auto()
    BOTTLENECK = auto()
    WARNING = auto()
    INFO = auto()


_ACCESS = (
    "host-key-changed", "host-key-unknown", "host-unreachable", "authentication-failed",
    "ssh-config", "zfs-missing", "noisy-login", "no-data-path", "permission-missing",
)  # fmt: skip
_POOL = (
    "pool-suspended", "pool-readonly", "pool-degraded", "quota-reached", "space-low",
    "feature-missing", "data-unauthentic", "pool-errors", "scrub-running", "dedup-on",
)  # fmt: skip
_RECEIVE = (
    "orphan-receive", "dataset-busy", "dead-token", "foreign-token", "stale-token",
    "key-lineage-mismatch", "ivset-mismatch", "no-common-base", "base-missing-on-source",
    "destination-diverged", "replica-incomplete", "mixed-snapshots", "interrupted-receives",
    "anchor-not-held",
)  # fmt: skip
_SENDING = (
    "plaintext-in-scope", "not-raw", "key-loaded-on-vault", "mounted-replica",
    "keylocation-automatic", "boot-unit-loads-keys", "grants-too-wide", "key-may-not-unlock",
    "hierarchy-differs", "mountable-replica", "writable-replica", "weak-passphrase",
    "source-missing",
    "full-instead-of-incremental", "no-new-snapshot", "churn", "many-snapshots", "not-running",
)  # fmt: skip
BOTTLENECKS = (
    "source-disk", "destination-disk", "source-cpu", "destination-cpu", "ssh-cpu",
    "network-loss", "network-window", "throttled", "network-bandwidth", "sender-idle",
    "receiver-semantics",
)  # fmt: skip
_PLACE = {
    name: (turn, number)
    for turn, names in (
        (Turn.ACCESS, _ACCESS),
        (Turn.POOL, _POOL),
        (Turn.RECEIVE, _RECEIVE),
        (Turn.SENDING, _SENDING),
        (Turn.BOTTLENECK, BOTTLENECKS),
    )
    for number, name in enumerate(names)
}
# What else is a problem stops replication all the same.
_ELSEWHERE = (Turn.RECEIVE, len(_RECEIVE))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of their mending, what two steps say alike only once."""
    once: dict[tuple[str, str, str], Finding] = {}
    for finding in findings:
        key = (finding.id, finding.side, finding.dataset)
        known = once.get(key)
        if known is None or _weight(finding) < _weight(known):
            once[key] = finding
    return tuple(sorted(once.values(), key=_key))


def turn(finding: Finding) -> Turn:
    """When a finding has its turn. A bottleneck has it before the warnings, however heavy it is."""
    place, _ = _PLACE.get(finding.id, _ELSEWHERE)
    if finding.severity == "info":
        return Turn.INFO
    if finding.severity == "warning" and place is not Turn.BOTTLENECK:
        return Turn.WARNING
    return place


def _key(finding: Finding) -> tuple[Turn, Turn, int, str, str]:
    place, number = _PLACE.get(finding.id, _ELSEWHERE)
    return turn(finding), place, number, finding.side, finding.dataset


def _weight(finding: Finding) -> int:
    return ("problem", "warning", "info").index(finding.severity)
