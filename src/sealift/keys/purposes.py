"""A destination becomes a vault or a warm standby: the line that is crossed, what is set, a check.

What sets the two apart is whether a key may ever be there. ZFS has no property for that: what can
be set are the properties that would open or mount it without anybody's word.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealift.hosts.trouble import Trouble
from sealift.keys import calls, findings
from sealift.keys.state import KeyDataset, KeyTree
from sealift.keys.steps import Step, StepId, locking, proof, saying_why
from sealift.routes import Purpose
from sealift.zfs.commands import Command

NAMES = {Purpose.VAULT: "a vault", Purpose.STANDBY: "a warm standby"}
LINES = {
    Purpose.STANDBY: (
        "A vault never holds a key: whoever takes the host takes nothing that can be read. As a "
        "warm standby it may be unlocked by procedure, and then whoever is root there reads it, or "
        "keeps the key for good. To make it a vault again does not take back what was read or kept "
        "meanwhile, nor does change-key: the master key stays the same."
    ),
    Purpose.VAULT: (
        "From now on no key comes here: not for a look, not for a restore on this host. To read "
        "it, it is sent raw to a host that may hold the key. If a key was here before, what was "
        "read or kept then is not taken back by this."
    ),
}
_CAN_MOUNT = {Purpose.VAULT: "off", Purpose.STANDBY: "noauto"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A property that is to be set, with the value that it has now."""

    dataset: str
    name: str
    before: str
    after: str

    def command(self, reason: str) -> Command:
        """What sets it."""
        return calls.assign(self.dataset, self.name, self.after, reason=reason)

    def sentence(self) -> str:
        """What it changes; the value before is what undoes it."""
        return f"{self.dataset}  {self.name}: {self.before} becomes {self.after}"


def wanted(purpose: Purpose) -> str:
    """The properties of a purpose, in words."""
    return (
        f"canmount={_CAN_MOUNT[purpose]} on every filesystem, readonly=on on every dataset, and "
        "keylocation=prompt on every encryption root"
    )


def settings(tree: KeyTree, purpose: Purpose) -> tuple[Setting, ...]:
    """What has to be set for that purpose. Nothing of it needs a key, and nothing stops a receive.

    canmount is not inherited, so it is set on each. keylocation of a root comes along with every
    raw package and may have to be set again; the audit tells.
    """
    found: list[Setting] = []
    for each in tree.wanted:
        if each.kind == "filesystem" and each.can_mount != _CAN_MOUNT[purpose]:
            found.append(Setting(each.name, "canmount", each.can_mount, _CAN_MOUNT[purpose]))
        if each.is_root and each.key_location != "prompt":
            found.append(Setting(each.name, "keylocation", each.key_location, "prompt"))
        if not each.readonly:
            found.append(Setting(each.name, "readonly", "off", "on"))
    return tuple(found)


def before(host: str, tree: KeyTree, purpose: Purpose) -> Trouble | None:
    """What keeps it from becoming that, from the listing alone."""
    for root in tree.concerned:
        if not f"{root.name}/".startswith(f"{tree.asked}/"):
            return findings.wrong_root(host, tree.asked, root.name)
    if tree.plain and purpose is Purpose.VAULT:
        return findings.not_encrypted(host, tree.plain)
    return None


def unmet(host: str, tree: KeyTree, purpose: Purpose) -> Trouble | None:
    """What a fresh reading says against it; None if it is what it was to become."""
    if trouble := before(host, tree, purpose):
        return trouble
    opened = tuple(root for root in tree.concerned if root.open or root.mounted)
    if purpose is Purpose.VAULT and opened:
        return findings.still_open(host, opened)
    left = settings(tree, purpose)
    if left:
        return Trouble(
            "plan-changed",
            host,
            f"not {NAMES[purpose]} yet: {'; '.join(each.sentence() for each in left)}",
            "zfs set said nothing against it, and zfs list says otherwise: a receive or somebody "
            "there has set it meanwhile.",
            "Look again.",
        )
    return None


def steps(
    tree: KeyTree, purpose: Purpose, reason: str, *, locked: bool = False
) -> tuple[Step, ...]:
    """The steps in their order; a vault is locked before anything is set.

    `locked`: that was done on the way here, and what is open no longer says so.
    """
    roots = tree.concerned
    lock = locked or (purpose is Purpose.VAULT and _open(tree.wanted))
    closing = locking(roots)[:-1] if lock else ()
    return (
        Step(
            StepId.LOOK,
            "what it is now",
            "Reads what is loaded and mounted there, and the properties that decide about both.",
            "The two differ in what may be there, and nobody sees that by looking at the data.",
            "you have said what it is to become",
        ),
        Step(
            StepId.LINE,
            f"the line that is crossed: {NAMES[purpose]}",
            LINES[purpose],
            "It is a decision, and the journal keeps who made it.",
            "you have said that it is meant",
        ),
        saying_why("Whoever audits this host asks when it changed, and why."),
        *closing,
        Step(
            StepId.SET,
            "set what fits it",
            "Sets the properties by which it would be opened or mounted without anybody's word.",
            "A purpose that no property holds is lost with the next restart.",
            "zfs list says so, and it is locked"
            if purpose is Purpose.VAULT
            else "zfs list says so",
            tuple(each.command(reason) for each in settings(tree, purpose)),
        ),
        proof(roots, f"it is {NAMES[purpose]}"),
    )


def _open(datasets: tuple[KeyDataset, ...]) -> bool:
    return any(each.open or each.mounted for each in datasets)
