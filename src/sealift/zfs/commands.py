"""Commands as frozen argv with their effect: the only form in which anything is asked to run.

An argv is never glued from text that a host sent: names in it went through `names`, tokens through
`tokens`. Flags and their order follow zfs(8), zfs-send(8), zfs-receive(8) and zpool(8) of OpenZFS
2.1 to 2.4.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import Enum

from sealift.zfs.names import (
    BadNameError,
    check_dataset,
    check_snapshot_name,
    printable,
    split_snapshot,
)

_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}")


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
    `reason` is what the operator gave for it, where one is asked for; the journal keeps it.
    """

    argv: tuple[str, ...]
    effect: Effect
    why: str
    shown: str = ""
    reason: str = ""

    def text(self) -> str:
        """The command as it can be pasted into a POSIX shell."""
        return self.shown or shlex.join(self.argv)


# What the readers of `listings`, `room`, `blocks` and `settings` expect, in this order. Hidden
# properties (ivsetguid, keyguid) are listed by zfs 2.1 to 2.4 when asked for by name.
DATASET_COLUMNS = (
    "name,type,guid,createtxg,creation,used,available,referenced,encryption,encryptionroot,"
    "keystatus,keyformat,keyguid,mounted,readonly,receive_resume_token,origin,written"
)
ROOM_COLUMNS = "name,used,available,referenced,quota,refquota,dedup"
BLOCK_COLUMNS = "name,recordsize,volblocksize,compression,dnodesize"
SETTING_COLUMNS = "name,property,value,source"
SNAPSHOT_COLUMNS = "name,guid,createtxg,creation,used,written,ivsetguid,userrefs"


def list_datasets(*roots: str, below: bool = True) -> Command:
    """List the filesystems and volumes of trees with the properties that comparison needs.

    Without `below` the roots alone. Of several, those that do not exist are named on stderr, and
    the others are listed.
    """
    depth = ("-r",) if below else ("-d", "0")
    argv = ("zfs", "list", "-Hp", *depth, "-t", "filesystem,volume", "-o", DATASET_COLUMNS)
    return Command((*argv, *map(check_dataset, roots)), Effect.READ, "which datasets there are")


def list_snapshots(*roots: str, below: bool = True) -> Command:
    """List every snapshot and bookmark of trees; without `below` of the roots alone."""
    depth = ("-r",) if below else ("-d", "1")
    argv = ("zfs", "list", "-Hp", *depth, "-t", "snapshot,bookmark", "-o", SNAPSHOT_COLUMNS)
    return Command((*argv, *map(check_dataset, roots)), Effect.READ, "which snapshots there are")


def list_pool(*pools: str) -> Command:
    """Size, free space, fragmentation and health of pools."""
    argv = ("zpool", "list", "-Hp", "-o", "name,size,alloc,free,frag,cap,health", *pools)
    return Command(argv, Effect.READ, "how full and how healthy the pool is")


def pool_status(pool: str) -> Command:
    """What is wrong with a pool, in words, and whether it is being scrubbed or resilvered."""
    return Command(("zpool", "status", pool), Effect.READ, "whether the pool is healthy")


def pool_events(pool: str) -> Command:
    """What the kernel noted of a pool lately. For root only."""
    return Command(("zpool", "events", "-vH", pool), Effect.READ, "what the pool went through")


def room(datasets: tuple[str, ...]) -> Command:
    """Space and quotas of single datasets, as `room.parse_room` reads them."""
    argv = ("zfs", "list", "-Hp", "-o", ROOM_COLUMNS, *map(check_dataset, datasets))
    return Command(argv, Effect.READ, "how much room there is")


def room_below(root: str) -> Command:
    """The same of a whole tree: a replica's children may have quotas of their own."""
    argv = ("zfs", "list", "-Hp", "-r", "-t", "filesystem,volume", "-o", ROOM_COLUMNS)
    return Command((*argv, check_dataset(root)), Effect.READ, "how much room there is")


def blocks(root: str) -> Command:
    """How the datasets of a tree write their blocks, as `blocks.parse_blocks` reads it."""
    argv = ("zfs", "list", "-Hp", "-r", "-t", "filesystem,volume", "-o", BLOCK_COLUMNS)
    return Command((*argv, check_dataset(root)), Effect.READ, "how its blocks are written")


def delegations(dataset: str) -> Command:
    """Who may do what on a dataset and below it."""
    return Command(("zfs", "allow", check_dataset(dataset)), Effect.READ, "who may do what there")


def settings(root: str, *properties: str) -> Command:
    """Properties of a tree's filesystems and volumes, as `settings.parse_settings` reads them."""
    argv = ("zfs", "get", "-Hp", "-r", "-t", "filesystem,volume", "-o", SETTING_COLUMNS)
    what = "how its datasets are set"
    return Command((*argv, ",".join(properties), check_dataset(root)), Effect.READ, what)


GROUPS = Command(("id", "-Gn"), Effect.READ, "which groups we are in")


def space(dataset: str) -> Command:
    """Where the space of a tree went: data, snapshots, children, reservations."""
    argv = ("zfs", "list", "-r", "-o", "space", check_dataset(dataset))
    return Command(argv, Effect.READ, "where the space went")


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


def hold(tag: str, snapshots: tuple[str, ...], *, recursive: bool = False) -> Command:
    """Hold snapshots (`dataset@name`): nothing can destroy them until the hold is released.

    Each by itself: one that has the tag already makes the exit code 1 and stops none of the others.
    With `recursive` also those of the same name below it, all at once; if one of these has the tag
    already, none is held.
    """
    flags = ("-r",) if recursive else ()
    argv = ("zfs", "hold", *flags, check_tag(tag), *snapshots)
    return Command(argv, Effect.CHANGE, "keep the snapshots")


def release(tag: str, snapshots: tuple[str, ...], *, recursive: bool = False) -> Command:
    """Release holds of this tag; with `recursive` also of those of the same name below."""
    flags = ("-r",) if recursive else ()
    argv = ("zfs", "release", *flags, check_tag(tag), *snapshots)
    return Command(argv, Effect.CHANGE, "let the snapshots go")


def bookmark(snapshot: str) -> Command:
    """Keep a snapshot's guid and IV set as a bookmark of the same name: a base that costs nothing.

    `snapshot` is `dataset@name`.
    """
    dataset, name = split_snapshot(snapshot)
    argv = ("zfs", "bookmark", snapshot, f"{dataset}#{name}")
    return Command(argv, Effect.CHANGE, "a base that outlives its snapshot")


def destroy(dataset: str, snapshots: tuple[str, ...]) -> Command:
    """Destroy snapshots of one dataset, by their short names."""
    argv = ("zfs", "destroy", _several(dataset, snapshots))
    return Command(argv, Effect.DESTRUCTION, "these snapshots may go")


def destroy_dry_run(dataset: str, snapshots: tuple[str, ...]) -> Command:
    """Ask what `destroy` would destroy and how many bytes that gives back; destroys nothing."""
    argv = ("zfs", "destroy", "-nvp", _several(dataset, snapshots))
    return Command(argv, Effect.READ, "what would be destroyed")


def _several(dataset: str, snapshots: tuple[str, ...]) -> str:
    return f"{check_dataset(dataset)}@{','.join(check_snapshot_name(each) for each in snapshots)}"


def rollback(snapshot: str) -> Command:
    """Set a dataset back to `dataset@name`, destroying every snapshot and bookmark after it."""
    dataset, name = split_snapshot(snapshot)
    argv = ("zfs", "rollback", "-r", f"{check_dataset(dataset)}@{check_snapshot_name(name)}")
    return Command(argv, Effect.DESTRUCTION, "back to the base")


def abort_receive(dataset: str) -> Command:
    """Throw away what an interrupted receive has saved; a dataset that was new goes with it."""
    argv = ("zfs", "receive", "-A", check_dataset(dataset))
    return Command(argv, Effect.DESTRUCTION, "give up a partly received snapshot")


def resume(token: str, *flags: str) -> tuple[str, ...]:
    """The words that send the rest of what a resume token is for, raw whatever the token says."""
    return ("zfs", "send", "-w", *flags, "-t", token)


def resume_estimate(token: str) -> Command:
    """Ask how many bytes are still to come; fails with S26 to S30 where the token is dead."""
    return Command(resume(token, "-nvP"), Effect.READ, "how much is still to come")


def pool_features(pool: str) -> Command:
    """Every property of a pool, features too: name, property, value, source in a line."""
    argv = ("zpool", "get", "-Hp", "all", pool)
    return Command(argv, Effect.READ, "what the pool can take")


def check_tag(tag: str) -> str:
    """Give a hold tag back if ZFS takes it from us; raise `BadNameError` otherwise.

    ZFS takes any text; what a shell, a log or `zfs holds` would trip over is refused here.
    """
    if not _TAG.fullmatch(tag):
        raise BadNameError(f"{printable(tag)!r} is no hold tag: use letters, digits and -_.:")
    return tag


def holds(snapshots: tuple[str, ...]) -> Command:
    """Who holds these snapshots. `-p` (epoch seconds) needs 2.2, so it is not used."""
    return Command(("zfs", "holds", "-H", *snapshots), Effect.READ, "who holds the snapshots")


@dataclass(frozen=True, slots=True)
class RawSend:
    """What one `zfs send` carries. There is no way to say one without `-w`.

    `base` is the incremental source: a snapshot name without the dataset, or None for a full send;
    with `bookmark` it is a bookmark's, from which only a single snapshot can be sent. A clone
    starts from the snapshot it was made of, `origin`, with that one's dataset.
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
    origin: str | None = None

    def argv(self, *flags: str) -> tuple[str, ...]:
        """The `zfs send` words, with `flags` such as `-vP` or `-nP` behind `-w`."""
        words = ["zfs", "send", "-w", *flags]
        if self.replicate:
            words.append("-R")
        if self.origin is not None:
            words += ["-i", self.origin]
        elif self.base is not None:
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
