"""Commands as frozen argv with their effect: the only form in which anything is asked to run.

An argv is never glued from text that a host sent: names in it went through `names`, tokens through
`tokens`. Flags and their order follow zfs(8), zfs-send(8), zfs-receive(8) and zpool(8) of OpenZFS
2.1 to 2.4.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import Enum

from sealift.zfs.names import check_dataset, check_snapshot_name


class Effect(Enum):
    """What running a command can do to a host."""

    READ = "read"
    CHANGE = "change"
    DESTRUCTION = "destruction"


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, what it can do, and why it is run.

    `argv` is passed on word by word, never through string building. `why` is the sentence shown in
    the command log. `shown` stands for the argv where that wraps a text a person would type.
    """

    argv: tuple[str, ...]
    effect: Effect
    why: str
    shown: str = ""

    def text(self) -> str:
        """The command as it can be pasted into a POSIX shell."""
        return self.shown or shlex.join(self.argv)


# What `listings.parse_datasets` and `listings.parse_snapshots` expect, in this order. Hidden
# properties (ivsetguid, keyguid) are listed by zfs 2.1 to 2.4 when asked for by name.
DATASET_COLUMNS = (
    "name,type,guid,createtxg,creation,used,available,referenced,encryption,encryptionroot,"
    "keystatus,keyformat,keyguid,mounted,readonly,receive_resume_token"
)
SNAPSHOT_COLUMNS = "name,guid,createtxg,creation,used,written,ivsetguid,userrefs"


def list_datasets(root: str) -> Command:
    """List the filesystems and volumes of a tree with the properties that comparison needs."""
    argv = ("zfs", "list", "-Hp", "-r", "-t", "filesystem,volume", "-o", DATASET_COLUMNS)
    return Command((*argv, check_dataset(root)), Effect.READ, "which datasets there are")


def list_snapshots(root: str) -> Command:
    """List every snapshot and bookmark of a tree."""
    argv = ("zfs", "list", "-Hp", "-r", "-t", "snapshot,bookmark", "-o", SNAPSHOT_COLUMNS)
    return Command((*argv, check_dataset(root)), Effect.READ, "which snapshots there are")


def list_pool(pool: str) -> Command:
    """Size, free space, fragmentation and health of one pool."""
    argv = ("zpool", "list", "-Hp", "-o", "name,size,alloc,free,frag,cap,health", pool)
    return Command(argv, Effect.READ, "how full and how healthy the pool is")


def pool_iostat(pool: str, seconds: int) -> Command:
    """Bandwidth, operations and latency of one pool, a line every `seconds`, without end.

    `-y` leaves out the first report, which is an average since boot.
    """
    argv = ("zpool", "iostat", "-Hply", pool, str(seconds))
    return Command(argv, Effect.READ, "what the disks are doing")


def take_snapshot(root: str, name: str) -> Command:
    """Take a recursive snapshot: all datasets of the tree at one moment."""
    argv = ("zfs", "snapshot", "-r", f"{check_dataset(root)}@{check_snapshot_name(name)}")
    return Command(argv, Effect.CHANGE, "a snapshot to send")


def holds(snapshots: tuple[str, ...]) -> Command:
    """Who holds these snapshots. `-p` (epoch seconds) needs 2.2, so it is not used."""
    return Command(("zfs", "holds", "-H", *snapshots), Effect.READ, "who holds the snapshots")


@dataclass(frozen=True, slots=True)
class RawSend:
    """What one `zfs send` carries. There is no way to say one without `-w`.

    `base` is the incremental source: a snapshot name without the dataset, or None for a full send;
    with `bookmark` it is a bookmark's, from which only a single snapshot can be sent.
    `intermediate` also sends the snapshots between base and target (`-I`), `replicate` the whole
    tree with its properties and its encryption hierarchy (`-R`). A full `replicate` carries every
    snapshot of the tree up to the target.
    """

    dataset: str
    target: str
    base: str | None = None
    intermediate: bool = True
    replicate: bool = False
    bookmark: bool = False

    def argv(self, *flags: str) -> tuple[str, ...]:
        """The `zfs send` words, with `flags` such as `-vP` or `-nP` behind `-w`."""
        words = ["zfs", "send", "-w", *flags]
        if self.replicate:
            words.append("-R")
        if self.base is not None:
            sigil = "#" if self.bookmark else "@"
            several = self.intermediate and not self.bookmark
            words += ["-I" if several else "-i", f"{sigil}{check_snapshot_name(self.base)}"]
        words.append(f"{check_dataset(self.dataset)}@{check_snapshot_name(self.target)}")
        return tuple(words)

    def estimate(self) -> Command:
        """Ask how many bytes the send would carry, without sending. Needs no key."""
        return Command(self.argv("-nP"), Effect.READ, "how much there is to send")


def receive(dataset: str) -> tuple[str, ...]:
    """The words that receive into exactly `dataset`.

    Always `-s`, so that an interruption can be resumed, always `-u`, so that nothing is mounted,
    and never `-F`, which destroys what differs (zfs-receive(8)).
    """
    return ("zfs", "receive", "-s", "-u", check_dataset(dataset))
