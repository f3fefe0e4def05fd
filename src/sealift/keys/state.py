"""What a host says of the keys of a tree: its encryption roots, what inherits, what is open."""

from __future__ import annotations

from dataclasses import dataclass

from sealift.zfs.commands import Command, Effect
from sealift.zfs.listings import KeyStatus
from sealift.zfs.names import BadNameError, check_dataset, printable
from sealift.zfs.parse import ParseError

# The mountpoint is the last: it alone may hold anything.
COLUMNS = (
    "name,type,encryption,encryptionroot,keystatus,keyformat,keylocation,canmount,mounted,"
    "readonly,referenced,mountpoint"
)
_FILE = ("file://", "https://", "http://")


@dataclass(frozen=True, slots=True)
class KeyDataset:
    """One filesystem or volume. `referenced` is in bytes; `mountpoint` is printable."""

    name: str
    kind: str
    encrypted: bool
    encryption_root: str | None
    key_status: KeyStatus
    key_format: str | None
    key_location: str
    can_mount: str
    mounted: bool
    readonly: bool
    referenced: int
    mountpoint: str

    @property
    def open(self) -> bool:
        """Whether its key is in the kernel."""
        return self.key_status is KeyStatus.AVAILABLE

    @property
    def is_root(self) -> bool:
        """Whether it is an encryption root."""
        return self.encrypted and self.encryption_root == self.name

    @property
    def unmountable(self) -> str:
        """Why `zfs mount` would refuse it whatever its key; empty if it would not."""
        if self.kind != "filesystem":
            return "it is a volume"
        if self.can_mount == "off":
            return "canmount is off"
        if self.mountpoint == "none":
            return "it has no mountpoint"
        if self.mountpoint == "legacy":
            return "its mountpoint is legacy: mount(8) mounts it"
        return ""


@dataclass(frozen=True, slots=True)
class KeyRoot:
    """An encryption root with all that its key opens, itself first."""

    dataset: KeyDataset
    members: tuple[KeyDataset, ...]

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.dataset.name

    @property
    def open(self) -> bool:
        """Whether its key is in the kernel."""
        return self.dataset.open

    @property
    def expects_file(self) -> bool:
        """Whether `keylocation` names a file (or a URL) and so loads without anybody."""
        return self.dataset.key_location.startswith(_FILE)

    @property
    def mounted(self) -> tuple[KeyDataset, ...]:
        """What of it is mounted, the deepest first: the order in which it is unmounted."""
        found = [each for each in self.members if each.mounted]
        return tuple(sorted(found, key=lambda each: each.name, reverse=True))

    @property
    def to_mount(self) -> tuple[KeyDataset, ...]:
        """What of it could be mounted and is not, parents first."""
        found = [each for each in self.members if not each.mounted and not each.unmountable]
        return tuple(sorted(found, key=lambda each: each.name))


@dataclass(frozen=True, slots=True)
class KeyTree:
    """The tree below `asked` on one host, in `zfs list`'s order."""

    asked: str
    datasets: tuple[KeyDataset, ...]

    @property
    def roots(self) -> tuple[KeyRoot, ...]:
        """The encryption roots in it, in the order of the listing."""
        return tuple(
            KeyRoot(
                each, tuple(other for other in self.datasets if other.encryption_root == each.name)
            )
            for each in self.datasets
            if each.is_root
        )

    def root(self, name: str) -> KeyRoot | None:
        """The encryption root of this name, if it is in the tree."""
        return next((each for each in self.roots if each.name == name), None)

    @property
    def outside(self) -> str | None:
        """The encryption root above the tree from which it inherits, if there is one."""
        names = {each.name for each in self.datasets}
        found = {each.encryption_root for each in self.datasets if each.encrypted} - {None}
        above = sorted(name for name in found if name is not None and name not in names)
        return above[0] if above else None

    @property
    def concerned(self) -> tuple[KeyRoot, ...]:
        """The encryption roots that open something of what was asked for; one may be above it."""
        return tuple(
            root for root in self.roots if any(self._asked_for(each) for each in root.members)
        )

    @property
    def plain(self) -> tuple[KeyDataset, ...]:
        """What of what was asked for is not encrypted at all."""
        return tuple(each for each in self.wanted if not each.encrypted)

    @property
    def wanted(self) -> tuple[KeyDataset, ...]:
        """What was asked for, without what was read besides to know its root."""
        return tuple(each for each in self.datasets if self._asked_for(each))

    def below(self, roots: tuple[KeyRoot, ...]) -> tuple[KeyDataset, ...]:
        """What is mounted below these roots with another key or none: unmounting takes it along."""
        members = {each.name for root in roots for each in root.members}
        above = [f"{each.name}/" for root in roots for each in root.mounted]
        return tuple(
            each
            for each in self.datasets
            if each.mounted and each.name not in members and each.name.startswith(tuple(above))
        )

    def _asked_for(self, dataset: KeyDataset) -> bool:
        return f"{dataset.name}/".startswith(f"{self.asked}/")


def state_command(dataset: str, *, below: bool = True) -> Command:
    """List the keys of a tree, or without `below` of its root alone."""
    recursive = ("-r",) if below else ()
    argv = ("zfs", "list", "-Hp", *recursive, "-t", "filesystem,volume", "-o", COLUMNS)
    return Command((*argv, check_dataset(dataset)), Effect.READ, "which keys there are")


def parse_state(asked: str, output: bytes) -> KeyTree:
    """Read what `state_command` printed. Raises `ParseError`."""
    return KeyTree(asked, tuple(_dataset(line) for line in output.split(b"\n") if line))


def _dataset(line: bytes) -> KeyDataset:
    fields = line.split(b"\t", COLUMNS.count(","))
    if len(fields) != COLUMNS.count(",") + 1:
        raise ParseError("a line of `zfs list`", line)
    try:
        words = [printable(field.decode("utf-8", "replace")) for field in fields]
        return KeyDataset(
            name=check_dataset(words[0]),
            kind=words[1],
            encrypted=words[2] != "off",
            encryption_root=None if words[3] == "-" else check_dataset(words[3]),
            key_status=KeyStatus(words[4]),
            key_format=None if words[5] in {"-", "none"} else words[5],
            key_location=words[6],
            can_mount=words[7],
            mounted=words[8] == "yes",
            readonly=words[9] == "on",
            referenced=int(words[10]),
            mountpoint=words[11],
        )
    except (ValueError, BadNameError) as error:
        raise ParseError("a line of `zfs list`", line) from error
