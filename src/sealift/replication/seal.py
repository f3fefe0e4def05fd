"""Whether the destination is sealed: a claim that is made only with its proof.

`encryption=aes-256-gcm` proves nothing: a non-raw receive below an encrypted parent shows it, too.
Equal `keyguid` and `ivsetguid` on both sides do, and no key there, and nothing mounted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sealift.replication.comparison import Comparison, DatasetComparison, Presence
from sealift.zfs.listings import KeyStatus


class SealState(Enum):
    """What can be said about the seal."""

    SEALED = "sealed"
    BROKEN = "not sealed"
    UNKNOWN = "seal unknown"
    ABSENT = "nothing there yet"


@dataclass(frozen=True, slots=True)
class Breach:
    """Why one dataset of the destination is not sealed (or cannot be said to be)."""

    id: str
    dataset: str
    summary: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The claim and what speaks against it. `proof` names what was compared, for a sealed one."""

    state: SealState
    breaches: tuple[Breach, ...] = ()
    proof: str = ""

    @property
    def only_unlocked(self) -> bool:
        """Whether all that is wrong is a loaded key or a mount, which a standby may have."""
        return all(each.id in {"key-loaded-on-vault", "mounted-replica"} for each in self.breaches)


def judge(comparison: Comparison) -> Seal:
    """Judge the whole destination tree. A dataset that only it has counts, too."""
    if not comparison.destination.exists:
        return Seal(SealState.ABSENT)
    there = [each for each in comparison.datasets.values() if each.destination is not None]
    breaches = tuple(breach for each in there for breach in _breaches(each))
    if breaches:
        return Seal(SealState.BROKEN, breaches)
    unproven = tuple(
        Breach(
            "raw-lineage-unknown",
            each.destination.dataset.name,
            "no snapshot with a known IV set is shared with the source, so nothing shows that it "
            "was received raw",
        )
        for each in there
        if each.destination is not None and not _proven(each)
    )
    if unproven:
        return Seal(SealState.UNKNOWN, unproven)
    shared = sum(pair.presence is Presence.BOTH for each in there for pair in each.pairs)
    return Seal(
        SealState.SEALED,
        proof=f"{len(there)} datasets: keyguid equal, no key loaded, nothing mounted; "
        f"{shared} shared snapshots: guid and ivsetguid equal",
    )


def _proven(each: DatasetComparison) -> bool:
    """Whether some shared snapshot (or bookmark) shows that the copy is raw."""
    return each.base is not None or each.base_bookmark is not None


def _breaches(each: DatasetComparison) -> list[Breach]:
    if each.destination is None:
        return []
    dataset = each.destination.dataset
    found: list[Breach] = []
    if not dataset.encrypted:
        return [Breach("not-raw", dataset.name, "it is not encrypted: anyone there can read it")]
    if dataset.key_status is KeyStatus.AVAILABLE:
        found.append(Breach("key-loaded-on-vault", dataset.name, "its key is loaded there"))
    if dataset.mounted:
        found.append(Breach("mounted-replica", dataset.name, "it is mounted there"))
    if each.source and each.source.dataset.key_guid != dataset.key_guid:
        found.append(
            Breach("not-raw", dataset.name, "its master key is not the source's: not a raw copy")
        )
    differing = [pair for pair in each.pairs if pair.presence is Presence.IVSET]
    if differing:
        found.append(
            Breach(
                "not-raw",
                dataset.name,
                f"@{differing[0].snapshot.name} has another IV set than on the source: it was "
                "not received raw",
            )
        )
    return found
