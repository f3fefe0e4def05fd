"""Every property there is: where it applies, what it is without being set, what it may be set to.

The order is that of `zfs get all` (2.3.2, recorded in the lab), what may be set comes from the
table in zfs's usage message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from sealift.demo.programs.numbers import parse_size
from sealift.demo.programs.usage import said

# Name, where it applies (filesystem, volume, snapshot, bookmark), and what it is by default.
# A capital letter: listed by `get all` only where it has a value.
_TABLE = """
type fvsb -
creation fvsb -
used fvs -
available fv -
referenced fvsb -
compressratio fvs -
mounted f -
origin F -
quota f 0
reservation fv 0
volsize v -
volblocksize v 16384
recordsize f 131072
mountpoint f -
sharenfs f off
checksum fv on
compression fv on
atime f on
devices fs on
exec fs on
setuid fs on
readonly fv off
zoned f off
snapdir f hidden
aclmode f discard
aclinherit f restricted
createtxg fvsb -
canmount f on
xattr fs on
copies fv 1
version fs 5
utf8only fs off
normalization fs none
casesensitivity fs sensitive
vscan f off
nbmand fs off
sharesmb f off
refquota f 0
refreservation fv 0
guid fvsb -
primarycache fvs all
secondarycache fvs all
usedbysnapshots fv -
usedbydataset fv -
usedbychildren fv -
usedbyrefreservation fv -
logbias fv latency
defer_destroy s -
userrefs s -
objsetid fvs -
dedup fv off
mlslabel fvs none
sync fv standard
dnodesize f legacy
refcompressratio fvs -
written fvs -
logicalused fv -
logicalreferenced fvsb -
volmode fv default
filesystem_limit f none
snapshot_limit fv none
filesystem_count f none
snapshot_count fv none
snapdev fv hidden
acltype fs off
context fvs none
fscontext fvs none
defcontext fvs none
rootcontext fvs none
relatime f on
redundant_metadata fv all
overlay f on
receive_resume_token FV -
encryption fvs -
keylocation fv -
keyformat fv -
pbkdf2iters fv -
encryptionroot FVS -
keystatus FVS -
special_small_blocks f 0
snapshots_changed FV -
prefetch fvs all
direct f standard
volthreading v on
longname f off
clones S -
redact_snaps S -
"""
_HIDDEN = {
    "ivsetguid": "sb", "keyguid": "fvs", "pbkdf2salt": "fvs", "inconsistent": "fv", "name": "fvsb",
}  # fmt: skip
_COLUMNS = {
    "available": "AVAIL", "referenced": "REFER", "encryptionroot": "ENCROOT", "readonly": "RDONLY",
    "compressratio": "RATIO", "refcompressratio": "REFRATIO", "recordsize": "RECSIZE",
    "reservation": "RESERV", "refreservation": "REFRESERV", "compression": "COMPRESS",
    "usedbydataset": "USEDDS", "usedbysnapshots": "USEDSNAP", "usedbychildren": "USEDCHILD",
    "usedbyrefreservation": "USEDREFRESERV", "logicalused": "LUSED", "logicalreferenced": "LREFER",
    "volblocksize": "VOLBLOCK", "receive_resume_token": "RESUMETOK", "filesystem_count": "FSCOUNT",
    "snapshot_count": "SSCOUNT", "filesystem_limit": "FSLIMIT", "snapshot_limit": "SSLIMIT",
    "redact_snaps": "RSNAPS", "casesensitivity": "CASE", "redundant_metadata": "REDUND_MD",
    "normalization": "NORMALIZATION",
}  # fmt: skip
_ALIASES = {
    "avail": "available", "refer": "referenced", "compress": "compression", "recsize": "recordsize",
    "rdonly": "readonly", "encroot": "encryptionroot", "ratio": "compressratio", "lused":
    "logicalused", "lrefer": "logicalreferenced", "usedds": "usedbydataset", "usedsnap":
    "usedbysnapshots", "usedchild": "usedbychildren", "reserv": "reservation", "refreserv":
    "refreservation", "volblock": "volblocksize",
}  # fmt: skip
SIZES = frozenset({
    "used", "available", "referenced", "quota", "reservation", "volsize", "volblocksize",
    "recordsize", "refquota", "refreservation", "usedbysnapshots", "usedbydataset", "written",
    "usedbychildren", "usedbyrefreservation", "logicalused", "logicalreferenced",
})  # fmt: skip
LIMITS = frozenset({"quota", "refquota", "reservation", "refreservation"})
RIGHT = SIZES | {"createtxg", "guid", "userrefs", "copies", "pbkdf2iters", "objsetid"}
# How wide a column is at least: the longest word that the property can be.
_WIDEST = {"keystatus": 11, "encryption": 11, "keyformat": 10, "type": 10, "canmount": 8}


@dataclass(frozen=True, slots=True)
class Property:
    """One property. `kinds` has a letter for each kind of entry that has it."""

    name: str
    kinds: str
    default: str
    listed: str = ""

    @property
    def column(self) -> str:
        """Its heading in a listing."""
        return _COLUMNS.get(self.name, self.name.upper())

    @property
    def width(self) -> int:
        """How wide its column is at least."""
        number = 5 if self.name in RIGHT else 0
        return max(len(self.column), _WIDEST.get(self.name, 0), number)


@dataclass(frozen=True, slots=True)
class Edit:
    """What the usage table says of a property: `values` is its last column."""

    editable: bool
    inheritable: bool
    values: str


@cache
def table() -> dict[str, Property]:
    """All properties by name, in the order of `zfs get all`."""
    known: dict[str, Property] = {}
    for line in _TABLE.strip().splitlines():
        name, kinds, default = line.split()
        listed = "".join(each for each in kinds if each.islower())
        known[name] = Property(name, kinds.lower(), default, listed)
    for name, kinds in _HIDDEN.items():
        known[name] = Property(name, kinds, "-")
    return known


@cache
def edits() -> dict[str, Edit]:
    """What may be done to each property."""
    found: dict[str, Edit] = {}
    for line in said("zfs_properties").splitlines():
        if match := re.fullmatch(r"\t([a-z0-9_]+) +(YES|NO) +(YES|NO) +(.*)", line):
            found[match[1]] = Edit(match[2] == "YES", match[3] == "YES", match[4])
    return found


def canonical(name: str) -> str | None:
    """The full name of a property, None if there is none of that name."""
    name = _ALIASES.get(name, name)
    return name if name in table() or is_user(name) else None


def is_user(name: str) -> bool:
    """Whether this can be a property of a user's own."""
    return ":" in name and re.fullmatch(r"[a-z0-9:_.-]+", name) is not None


def inheritable(name: str) -> bool:
    """Whether children take the property over."""
    return is_user(name) or (name in edits() and edits()[name].inheritable)


@dataclass(frozen=True, slots=True)
class Taken:
    """A value as it is kept, or what is wrong with it."""

    value: str = ""
    refusal: str = ""


def take(name: str, text: str) -> Taken:
    """Check a value for an editable property and bring it into the form in which it is kept."""
    values = edits()[name].values if name in edits() else ""
    if name in LIMITS:
        if text == "none":
            return Taken("0")
        size = parse_size(text)
        return Taken(refusal=f"bad numeric value '{text}'") if size is None else Taken(str(size))
    if name == "recordsize":
        size = parse_size(text)
        if size is None or size < 512 or size > 1 << 24 or size & (size - 1):  # noqa: PLR2004
            return Taken(refusal="'recordsize' must be power of 2 from 512B to 16M")
        return Taken(str(size))
    if "|" in values and "<" not in values:
        if _is_one_of(text, values):
            return Taken(text)
        return Taken(refusal=f"'{name}' must be one of '{values}'")
    if name == "mountpoint" and text not in {"none", "legacy"} and not text.startswith("/"):
        return Taken(refusal="'mountpoint' must be an absolute path, 'none', or 'legacy'")
    return Taken(text)


def _is_one_of(text: str, values: str) -> bool:
    for value in values.split(" | "):
        base, _, numbers = value.partition("[")
        if not numbers:
            if text == value:
                return True
        elif text.startswith(base) and text[len(base) :].isdigit():
            return True
    return False
