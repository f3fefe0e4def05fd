"""What a property is on one dataset, snapshot or bookmark, and where that comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sealift.demo.programs import properties
from sealift.demo.programs.numbers import date, date_with_seconds, nice_bytes
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Pool, Snapshot
from sealift.demo.world.resuming import token_of

NONE = "-"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that has properties: a dataset, or with `mark` its snapshot or bookmark."""

    pool: Pool
    dataset: Dataset
    snapshot: Snapshot | None = None
    mark: str = ""

    @property
    def name(self) -> str:
        """Its whole name."""
        return f"{self.dataset.name}{self.mark}{self.snapshot.name if self.snapshot else ''}"

    @property
    def kind(self) -> str:
        """The letter of its kind: f, v, s or b."""
        if self.snapshot is not None:
            return "s" if self.mark == "@" else "b"
        return "v" if self.dataset.volume else "f"


TYPES = {"f": "filesystem", "v": "volume", "s": "snapshot", "b": "bookmark"}


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it is shown, and its source."""

    text: str = NONE
    source: str = NONE


def value(entry: Entry, name: str, *, exact: bool) -> Value:
    """A property of an entry. `exact` is `-p`: numbers as they are."""
    known = properties.table().get(name)
    if known is None:
        return _user(entry, name)
    if entry.kind not in known.kinds:
        return Value()
    if name in _COMPUTED:
        found = _COMPUTED[name](entry)
        return Value(_shown(name, found, exact=exact), _source(entry, name))
    if entry.snapshot is not None:
        editable = properties.edits()[name].editable
        fixed = name in {"version", "utf8only", "normalization", "casesensitivity"}
        source = NONE if fixed or (not editable and name != "nbmand") else "default"
        return Value(_shown(name, known.default, exact=exact), source)
    return _settable(entry, known, exact=exact)


def received(entry: Entry, name: str, *, exact: bool) -> str:
    """What the RECEIVED column of `zfs get -o all` shows."""
    if entry.snapshot is None and name in entry.dataset.received:
        return _shown(name, entry.dataset.received[name], exact=exact)
    return NONE


def _settable(entry: Entry, known: properties.Property, *, exact: bool) -> Value:
    dataset, name = entry.dataset, known.name
    if name in {"version", "utf8only", "normalization", "casesensitivity"}:
        return Value(known.default)
    if name == "mountpoint":
        return _mountpoint(entry)
    text, source = known.default, "default"
    if properties.inheritable(name):
        found = tree.inherited(entry.pool, dataset, name)
        if found is not None:
            text, source = found[0], _from(dataset, name, found[1])
    elif name in dataset.local:
        text, source = dataset.local[name], "local"
    elif name in dataset.received:
        text, source = dataset.received[name], "received"
    return Value(_shown(name, text, exact=exact), source)


def _mountpoint(entry: Entry) -> Value:
    found = tree.inherited(entry.pool, entry.dataset, "mountpoint")
    source = "default" if found is None else _from(entry.dataset, "mountpoint", found[1])
    return Value(tree.mountpoint(entry.pool, entry.dataset), source)


def _from(dataset: Dataset, name: str, giver: str) -> str:
    if giver != dataset.name:
        return f"inherited from {giver}"
    return "local" if name in dataset.local else "received"


def _user(entry: Entry, name: str) -> Value:
    own = entry.snapshot.properties if entry.snapshot is not None else None
    if own and name in own:
        return Value(own[name], "local")
    if entry.mark == "#":
        return Value()
    found = tree.inherited(entry.pool, entry.dataset, name)
    if found is None:
        return Value()
    if entry.snapshot is not None:
        return Value(found[0], f"inherited from {found[1]}")
    return Value(found[0], _from(entry.dataset, name, found[1]))


def _source(entry: Entry, name: str) -> str:
    dataset = entry.dataset
    if name in {"encryption", "keylocation", "keyformat", "pbkdf2iters"}:
        if dataset.crypt is None or (name == "keylocation" and dataset.root is not dataset):
            return "default"
        return "local" if name == "keylocation" else NONE
    return "local" if name == "volsize" else NONE


def _shown(name: str, text: str, *, exact: bool) -> str:
    if text == NONE or exact:
        return text.removesuffix("x") if name.endswith("ratio") else text
    if name in properties.LIMITS and text == "0":
        return "none"
    if name in properties.SIZES and text.isdigit():
        return text if name == "written" and text == "0" else nice_bytes(int(text))
    if name == "creation":
        return date(int(text))
    if name == "snapshots_changed":
        return date_with_seconds(int(text))
    return text


def _used(entry: Entry) -> str:
    if entry.snapshot is not None:
        return str(entry.snapshot.used)
    return str(tree.used(entry.pool, entry.dataset))


def _referenced(entry: Entry) -> str:
    if entry.snapshot is not None:
        return str(entry.dataset.empty + entry.snapshot.data)
    return str(entry.dataset.referenced)


def _logical(entry: Entry) -> str:
    data = entry.dataset.data if entry.snapshot is None else entry.snapshot.data
    return str(data + entry.dataset.empty // 2)


def _written(entry: Entry) -> str:
    if entry.snapshot is not None:
        return str(entry.snapshot.written)
    dataset = entry.dataset
    return str(dataset.dirty if dataset.snapshots else dataset.referenced)


def _mounted(entry: Entry) -> str:
    return "yes" if entry.dataset.mounted else "no"


def _root(entry: Entry) -> str:
    return entry.dataset.root.name if entry.dataset.root else NONE


def _keystatus(entry: Entry) -> str:
    if entry.dataset.crypt is None:
        return NONE
    return "available" if tree.key_loaded(entry.dataset) else "unavailable"


def _keylocation(entry: Entry) -> str:
    dataset = entry.dataset
    if dataset.crypt is None or dataset.root is not dataset:
        return "none"
    return dataset.local.get("keylocation", "prompt")


def _identity(entry: Entry) -> Snapshot | Dataset:
    return entry.snapshot or entry.dataset


def _ivset(entry: Entry) -> str:
    found = entry.snapshot.ivsetguid if entry.snapshot else None
    if found is None:
        return "0" if entry.mark == "#" else NONE
    return str(found)


def _changed(entry: Entry) -> str:
    return str(entry.dataset.snapshots_changed) if entry.dataset.snapshots_changed else NONE


def _children(entry: Entry) -> str:
    pool, dataset = entry.pool, entry.dataset
    return str(tree.used(pool, dataset) - tree.own_space(dataset))


_COMPUTED: dict[str, Callable[[Entry], str]] = {
    "name": lambda entry: entry.name,
    "type": lambda entry: TYPES[entry.kind],
    "creation": lambda entry: str(_identity(entry).creation),
    "used": _used,
    "available": lambda entry: str(tree.available(entry.pool, entry.dataset)),
    "referenced": _referenced,
    "compressratio": lambda _: "1.00x",
    "refcompressratio": lambda _: "1.00x",
    "mounted": _mounted,
    "origin": lambda entry: entry.dataset.origin or NONE,
    "volsize": lambda entry: str(entry.dataset.volsize),
    "createtxg": lambda entry: str(_identity(entry).createtxg),
    "guid": lambda entry: str(_identity(entry).guid),
    "objsetid": lambda entry: str(_identity(entry).objsetid),
    "usedbysnapshots": lambda entry: str(entry.dataset.kept),
    "usedbydataset": lambda entry: str(entry.dataset.referenced),
    "usedbychildren": _children,
    "usedbyrefreservation": lambda entry: str(tree.unused_reservation(entry.dataset)),
    "defer_destroy": lambda entry: "on" if entry.snapshot and entry.snapshot.deferred else "off",
    "userrefs": lambda entry: str(entry.snapshot.userrefs) if entry.snapshot else NONE,
    "written": _written,
    "logicalused": lambda entry: str(entry.dataset.data + entry.dataset.kept),
    "logicalreferenced": _logical,
    "receive_resume_token": lambda entry: token_of(entry.dataset) or NONE,
    "encryption": lambda entry: entry.dataset.crypt.suite if entry.dataset.crypt else "off",
    "keylocation": _keylocation,
    "keyformat": lambda entry: (
        entry.dataset.crypt.wrapping.keyformat if entry.dataset.crypt else "none"
    ),
    "pbkdf2iters": lambda entry: (
        str(entry.dataset.crypt.wrapping.iterations) if entry.dataset.crypt else "0"
    ),
    "pbkdf2salt": lambda entry: (
        str(entry.dataset.crypt.wrapping.salt) if entry.dataset.crypt else NONE
    ),
    "encryptionroot": _root,
    "keystatus": _keystatus,
    "snapshots_changed": _changed,
    "clones": lambda entry: (
        ",".join(each.name for each in tree.clones(entry.pool, entry.name)) or NONE
    ),
    "redact_snaps": lambda _: NONE,
    "ivsetguid": _ivset,
    "keyguid": lambda entry: str(entry.dataset.crypt.keyguid) if entry.dataset.crypt else NONE,
    "inconsistent": lambda entry: "1" if entry.dataset.inconsistent else "0",
}


def quick(name: str) -> Callable[[Entry], str]:
    """How a property of many snapshots is read without looking around: for long listings."""
    computed = _COMPUTED.get(name)
    known = properties.table().get(name)
    if computed is None or known is None:
        return lambda entry: value(entry, name, exact=True).text
    kinds = known.kinds
    return lambda entry: computed(entry) if entry.kind in kinds else NONE
