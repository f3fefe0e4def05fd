"""How the datasets of both trees stand: keys, mounts, where each setting comes from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sealift.keys.boot import Boot
from sealift.replication.comparison import DatasetComparison, Presence
from sealift.replication.inventory import Inventory
from sealift.routes import Role
from sealift.zfs.allow import Grant
from sealift.zfs.listings import Dataset
from sealift.zfs.parse import is_number
from sealift.zfs.settings import Setting, Settings

# `pbkdf2salt` is hidden as `keyguid` is, and asked for by itself: it is worth less than the others.
PROPERTIES = ("pbkdf2iters", "keylocation", "canmount", "mountpoint", "readonly")
SALT = "pbkdf2salt"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Posture:
    """One dataset on one side. A setting that was not read is not in `settings`.

    `salt` is that of the passphrase which wraps its master key: a new one is made whenever the
    passphrase is changed, and raw streams carry it. None: not read; 0: the key is no passphrase.
    """

    dataset: Dataset
    settings: Mapping[str, Setting] = field(default_factory=dict)
    salt: int | None = None

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.dataset.name

    @property
    def is_root(self) -> bool:
        """Whether it is an encryption root."""
        return self.dataset.encrypted and self.dataset.encryption_root == self.name

    @property
    def key_format(self) -> str:
        """`passphrase`, `hex` or `raw`; empty where it has no key."""
        return self.dataset.key_format or ""

    @property
    def rounds(self) -> int | None:
        """How often PBKDF2 is applied to the passphrase; None if there is none, or unknown."""
        said = self.value("pbkdf2iters")
        return int(said) or None if is_number(said) else None

    @property
    def key_location(self) -> str:
        """Of an encryption root: where ZFS gets the key by itself, or `prompt`. Empty: unknown."""
        return self.value("keylocation")

    @property
    def automatic(self) -> bool:
        """Whether the key is loaded without a person, if it is where it should be."""
        return self.is_root and self.key_location not in {"", "prompt", "none"}

    @property
    def mountable(self) -> bool:
        """Whether `zfs mount -a` would mount it, once its key is there."""
        return self.value("canmount") == "on" and self.value("mountpoint").startswith("/")

    @property
    def wrapping(self) -> tuple[str, int | None, int] | None:
        """What tells one wrapping of the master key from another; None if nothing is known."""
        if not self.dataset.encrypted or (self.key_format == "passphrase" and not self.salt):
            return None
        return self.key_format, self.rounds, self.salt or 0

    def source(self, name: str) -> str:
        """Where a setting's value comes from; empty if that is not known."""
        found = self.settings.get(name)
        return found.source if found else ""

    def value(self, name: str) -> str:
        """A setting's value; empty if it is not known or does not apply."""
        found = self.settings.get(name)
        return found.value if found else ""


Tree = Mapping[str, Posture]
"""The postures of a tree by their names below its root, in the order of the listing."""


def postures(inventory: Inventory, settings: Settings | None, salts: Settings | None) -> Tree:
    """Join the listings of one side; a listing that could not be had is None."""
    found: dict[str, Posture] = {}
    for below, held in inventory.datasets.items():
        name = held.dataset.name
        salt = ((salts or {}).get(name) or {}).get(SALT)
        found[below] = Posture(
            held.dataset,
            (settings or {}).get(name, {}),
            int(salt.value) if salt and is_number(salt.value) else None,
        )
    return found


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of both sides for the audit. None: it could not be read."""

    trees: Mapping[Role, Tree]
    grants: Mapping[Role, tuple[Grant, ...] | None]
    boots: Mapping[Role, Boot | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One property of a dataset on both sides, in words. `differs` where that matters."""

    title: str
    source: str
    destination: str
    differs: bool = False


def rows(
    compared: DatasetComparison, source: Posture | None, destination: Posture | None
) -> tuple[Row, ...]:
    """A dataset's posture, source and destination beside each other."""
    pair = (source, destination)
    shared = sum(each.presence is Presence.BOTH for each in compared.pairs)
    other = sum(each.presence is Presence.IVSET for each in compared.pairs)
    sets = f"{shared} shared, equal" + (f"; {other} of another IV set" if other else "")
    both = source is not None and destination is not None
    return (
        _row("encryption", pair, lambda each: each.dataset.encryption, alike=True),
        _row("encryption root", pair, lambda each: each.dataset.encryption_root or "-"),
        _row("key", pair, _key, alike=True),
        _row("keyguid", pair, lambda each: str(each.dataset.key_guid or "-"), alike=True),
        Row("IV sets", sets if both else "-", sets if both else "-", other > 0),
        _row("keylocation", pair, lambda each: _setting(each, "keylocation")),
        _row("keystatus", pair, lambda each: each.dataset.key_status.value),
        _row("mounted", pair, lambda each: "yes" if each.dataset.mounted else "no"),
        _row("canmount", pair, lambda each: _setting(each, "canmount")),
        _row("mountpoint", pair, lambda each: _setting(each, "mountpoint")),
        _row("readonly", pair, lambda each: _setting(each, "readonly")),
    )


def _key(each: Posture) -> str:
    if not each.dataset.encrypted:
        return "none"
    if each.key_format != "passphrase":
        return each.key_format or UNKNOWN
    rounds = f"{each.rounds} rounds" if each.rounds else "rounds unknown"
    salt = f", salt {each.salt:016x}" if each.salt else ""
    return f"passphrase, {rounds}{salt}"


def _setting(each: Posture, name: str) -> str:
    found = each.settings.get(name)
    if found is not None:
        return found.text()
    return "-" if each.settings else UNKNOWN


def _row(
    title: str,
    pair: tuple[Posture | None, Posture | None],
    word: Callable[[Posture], str],
    *,
    alike: bool = False,
) -> Row:
    ours, theirs = (word(each) if each is not None else "not there" for each in pair)
    differs = alike and None not in pair and ours != theirs
    return Row(title, ours, theirs, differs)
