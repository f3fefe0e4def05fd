"""Building a vault (plan A), as steps: what each does, why, its commands, its check. Pure.

Nothing is remembered from one look to the next: whoever comes back in the middle of it, on another
day or at another machine, goes on at the first step whose check does not pass. No step needs a key.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealift.keys import purposes, rules, vault_after, vault_before
from sealift.keys.steps import Step, StepId
from sealift.keys.vault_look import Checked, Look, shut
from sealift.mentions import SEND, SNAPSHOT
from sealift.playbook.diagnosis import Finding
from sealift.routes import Role
from sealift.zfs import commands
from sealift.zfs.commands import Command, Effect

TITLE = "Build a vault"


@dataclass(frozen=True, slots=True)
class Stage:
    """A step and how its check stands. `lines` are its commands, each with its host."""

    step: Step
    checked: Checked
    lines: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the next step may begin."""
        return not self.checked.stops


def stages(look: Look) -> tuple[Stage, ...]:
    """All steps in their order, as this look has them."""
    unread: tuple[Finding, ...] = shut(look)
    checks = (
        (_SOURCE, vault_before.source),
        (_DESTINATION, vault_before.destination),
        (_BOOT, vault_before.boot),
        (_SNAPSHOT, vault_before.snapshot),
        (_SEED, vault_after.seed),
        (_SEALED, vault_after.sealed),
        (_properties(look), vault_after.properties),
        (_HOLDS, vault_after.holds),
    )
    return tuple(
        Stage(step, Checked(unread) if unread else check(look), _lines(step.id, look))
        for step, check in checks
    )


def first_open(found: tuple[Stage, ...]) -> int | None:
    """Where to go on: the number of the first step whose check does not pass; None if all do."""
    return next((number for number, each in enumerate(found) if not each.passed), None)


_SOURCE = Step(
    StepId.SOURCE,
    "the source is encrypted",
    "Reads of every dataset that the route carries whether it is encrypted, by which encryption "
    "root it is opened, and whether we may send it. The key may be loaded or not.",
    "-w protects only what is encrypted: a dataset with encryption=off travels in the clear, also "
    "as part of -w -R, and without a word.",
    "every dataset of the route is encrypted, and we may send it",
)
_DESTINATION = Step(
    StepId.DESTINATION,
    "the destination can take it",
    "Looks at what we may do there, at the pool, its features and its room, at known defects of "
    "its ZFS, and at what the tree is to be received below.",
    "A seed that is refused after hours is the dearest way to find out. What it is received below "
    "may be unencrypted, or have a key of its own that is not loaded: a raw stream brings its own "
    "wrapped keys, and the top of the tree becomes an encryption root there.",
    "nothing forbids a receive, what it is to be below is there, and there is room",
)
_BOOT = Step(
    StepId.BOOT,
    "nothing there would open or mount it by itself",
    "Reads what the host starts at boot and every so often, and which properties the stream brings "
    "along.",
    "`receive -u` mounts nothing, and at boot nothing is mounted without a key: so what matters is "
    "what would load one. What a -R stream brings is set right after it has arrived (step 7): a "
    "value that is set there then wins over a received one, but for keylocation.",
    "nothing was seen that would load a key without a person",
)
_SNAPSHOT = Step(
    StepId.SNAPSHOT,
    "there is a snapshot to begin with",
    f"Takes a recursive snapshot of the source {SNAPSHOT}, under a name of the route's own.",
    "A snapshot of all datasets at one moment is what a tree is sent by; other tools' snapshots do "
    "not travel. With two of them the seed ends with an increment of the whole tree, which sets "
    "the encryption hierarchy right even if the seed was interrupted.",
    "every dataset of the route has a snapshot of the route's own",
)
_SEED = Step(
    StepId.SEED,
    "the seed has arrived",
    f"Plans a send {SEND}, starts its job and follows it. The job belongs to its host: leave this "
    "whenever you like, and come back.",
    "Raw (-w), so that no key is needed on either side; with -s, so that an interruption costs "
    "little; with -u, so that nothing is mounted; never with -F.",
    "every dataset is there with a base that both sides share by guid and IV set, none in part",
)
_SEALED = Step(
    StepId.PROOF,
    "proof that it is sealed",
    "Audits both sides: keystatus, mounts, keyguid, guid and ivsetguid, encryption roots.",
    "encryption=aes-256-gcm on a replica proves nothing, nor does an exit code of 0. A tree that "
    "came one by one has an encryption root a dataset; the next increment of the whole tree as one "
    "package (-w -R) sets that right, and takes no key.",
    "no key loaded, nothing mounted, same master keys and IV sets, the source's encryption roots",
)
_HOLDS = Step(
    StepId.HOLDS,
    "the base is kept, and pruning is bounded",
    "Reads who holds the base on both sides and whether a bookmark outlives it on the source; the "
    "job sets both, what is missing is set here. Then says what may be pruned.",
    "Whoever destroys the base breaks the chain, and the only way on is a full send. A snapshot "
    "taken on the destination breaks it as well: keep sanoid and zfs-auto-snapshot off there.",
    "the base of every dataset is held on both sides and bookmarked on the source",
)


def _properties(look: Look) -> Step:
    return Step(
        StepId.SET,
        f"its properties are those of {purposes.NAMES[look.scene.route.purpose]}",
        f"Sets what of it is not so yet: {purposes.wanted(look.scene.route.purpose)}.",
        "A purpose that no property holds is lost with the next restart. canmount is not "
        "inherited; readonly stops no receive, only writes that would break the chain.",
        "zfs list says so",
        tuple(each.command("") for each in vault_after.settings(look)),
    )


def _lines(step: StepId, look: Look) -> tuple[str, ...]:
    scene, route = look.scene, look.scene.route
    ours, theirs = route.source.dataset, route.destination.dataset
    plain = ("zfs", "get", "-r", "-t", "filesystem,volume")
    told: list[tuple[Role, Command]] = []
    if step is StepId.SOURCE:
        told.append(("source", _read((*plain, "encryption,encryptionroot,keystatus", ours))))
    elif step is StepId.DESTINATION:
        above = theirs.rpartition("/")[0] or theirs
        told.append(("destination", _read(("zfs", "get", "encryption,keystatus,available", above))))
        told += [("destination", each) for each in vault_before.create_above(look)]
    elif step is StepId.BOOT:
        told.append(("source", _read((*plain, "canmount,mountpoint,readonly,keylocation", ours))))
        probe = rules.probe_command(theirs)
        return (*_typed(told, look), f"{scene.where('destination')}$ {probe.text()}")
    elif step is StepId.SNAPSHOT and not vault_before.snapshot(look).seen:
        told.append(("source", vault_before.take_snapshot(look)))
    elif step is StepId.SEED:
        sending = scene.sending("")
        return (f"{sending.host}$ {sending.command}",) if sending.command else ()
    elif step is StepId.PROOF:
        told.append(("destination", _read((*plain, "keystatus,encryptionroot,mounted", theirs))))
    elif step is StepId.SET:
        told += [("destination", each.command("")) for each in vault_after.settings(look)]
    elif step is StepId.HOLDS:
        told += keeping(look)
    return _typed(told, look)


def _read(argv: tuple[str, ...]) -> Command:
    return Command(argv, Effect.READ, "the same by hand")


def _typed(told: list[tuple[Role, Command]], look: Look) -> tuple[str, ...]:
    scene = look.scene
    return tuple(f"{scene.where(role)}$ {scene.typed(role, each)}" for role, each in told)


def keeping(look: Look) -> list[tuple[Role, Command]]:
    """What holds and bookmarks the bases that are not."""
    tag = look.scene.route.hold_tag
    found: list[tuple[Role, Command]] = [
        (side, commands.hold(tag, (f"{dataset}@{name}",)))
        for side, dataset, name in vault_after.lacking(look)
    ]
    found += [("source", commands.bookmark(name)) for name in vault_after.unmarked(look)]
    return found
