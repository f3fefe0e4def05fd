"""Pages on the receiving side: room, the pool's health, and what a receive runs into."""

from __future__ import annotations

from sealift.mentions import CANCEL, HOLD, HOLDS, JOBS, PRUNE, SEND
from sealift.playbook.catalogue.page import Group, Page

RECEIVER = (
    Page(
        "space-low",
        Group.RECEIVER,
        title="The destination has too little room",
        means=(
            "What is to arrive does not fit, or the pool is so full that it writes ever more "
            "slowly. Small blocks take more room on raidz than they did on the source, and a "
            "reservation may keep room away that the pool seems to have."
        ),
        recognised=(
            "`available` of the destination dataset and `zpool list` of its pool, against the "
            "estimate of the send. Or a command said out of space."
        ),
        do=(
            "See who uses it: `zfs list -o space -r POOL`.\n"
            f"Destroy snapshots that may go {PRUNE}: `zfs destroy -nvp DEST@FIRST%LAST` says what "
            "it would free, without `-n` it does. Room comes back by and by: `zpool get freeing "
            "POOL`.\n"
            "If reservations came along with `-p` or `-R`: `zfs get -r -s local,received "
            "refreservation,reservation DEST`, and receive with `-x refreservation`.\n"
            "Else add disks.\n"
            f"Then go on with the resume token {SEND}: with `-s`, what had arrived is saved."
        ),
        dont=(
            "Destroying the destination's newest snapshot: it is the base.\n"
            "`zfs receive -A` to gain room: it throws the progress away, and of a first snapshot "
            "the dataset.\n"
            "Switching on dedup."
        ),
    ),
    Page(
        "parent-missing",
        Group.RECEIVER,
        title="What the destination is to be received below is not there",
        means=(
            "`zfs receive` makes the dataset that it is named, and nothing above it: a first "
            "stream would be refused after it was read for a while."
        ),
        recognised="`zfs list` of what is above the destination, from the pool down.",
        do=(
            "Look whether the name is meant so: a letter too much makes a second vault beside the "
            "first.\n"
            "Make what is missing, the highest first: `zfs create -o canmount=off POOL/ABOVE`. It "
            "needs no encryption of its own: what is received raw brings its own.\n"
            "Without root, what receives needs `create` and `receive` on it: `zfs allow`."
        ),
        dont="Making the destination itself beforehand: a raw stream never replaces what is there.",
    ),
    Page(
        "quota-reached",
        Group.RECEIVER,
        title="A quota stops the destination dataset",
        means=(
            "The pool may have room, this dataset or one above it may not use it. The limit can "
            "have come from the source: `-p` and `-R` bring its quotas along."
        ),
        recognised=(
            "`quota`, `refquota`, `used` and `available` of the dataset and its parents. Or "
            "`zfs receive` said space quota exceeded."
        ),
        do=(
            "Find where it is set: `zfs get -r -s local,received quota,refquota POOL`.\n"
            f"If it is meant, free room below it {PRUNE}.\n"
            "If it came along, raise it where it is set: `zfs set quota=SIZE DATASET`. Receive "
            "with `-x quota -x refquota` from then on.\n"
            f"Go on with the resume token {SEND}."
        ),
        dont=(
            "Destroying snapshots to get below a `refquota`: it does not count them.\n"
            "Taking all quotas off a pool that others share."
        ),
    ),
    Page(
        "pool-degraded",
        Group.RECEIVER,
        title="The pool has lost a device, or has errors",
        means=(
            "A degraded pool still works, more slowly and with less between it and data loss. "
            "If blocks cannot be read, a send of them fails with an input/output error. On the "
            "source this makes the replica more important, not less."
        ),
        recognised=(
            "`zpool status`: the state of pool and devices, the error counts, the list of "
            "permanent errors. Or a send or a receive said I/O error or insufficient replicas."
        ),
        do=(
            "Read `zpool status -v POOL`: which device, which errors, which files.\n"
            "Let a transfer that moves go on.\n"
            "Check cable, controller and power before the disk: `dmesg`, `smartctl -a DEVICE`.\n"
            "Replace what is broken: `zpool replace POOL OLD NEW`, wait for the resilver, then "
            "`zpool clear POOL` and `zpool scrub POOL`.\n"
            "If snapshots of an encrypted dataset have permanent errors and its disks have none, "
            "compare versions first: sends that are not raw cause this before 2.2.8 and 2.3.3, and "
            "in all of 2.1 (#12014)."
        ),
        dont=(
            "`zpool clear` again and again instead of finding the cause.\n"
            "Destroying the snapshots that are listed.\n"
            "Setting `zfs_send_corrupt_data`: the replica then holds bad data as if it were good."
        ),
    ),
    Page(
        "pool-suspended",
        Group.RECEIVER,
        title="The pool is suspended",
        means=(
            "It lost so many devices that it stopped. Whatever touches it hangs, `zfs` included, "
            "and such processes cannot be ended."
        ),
        recognised=(
            "`zpool list` or `zpool status` shows SUSPENDED, the pool's state in the kernel's "
            "statistics, or a command said that pool I/O is currently suspended."
        ),
        do=(
            "See what went: `zpool status POOL`, `dmesg`. It is mostly an enclosure, a controller, "
            "a cable or an iSCSI path, seldom several disks at once.\n"
            "Bring the devices back, then `zpool clear POOL`.\n"
            "If it stays suspended with all devices there, restart the host.\n"
            f"Then scrub the pool, and go on with the resume token {SEND}."
        ),
        dont=(
            "Starting further sends, listings or scrubs: they hang as well.\n"
            "Restarting before the devices are back: the pool is not imported then.\n"
            "`zpool import -F`: it goes back to an older state and drops the newest writes."
        ),
    ),
    Page(
        "pool-readonly",
        Group.RECEIVER,
        title="The pool is imported read-only",
        means=(
            "Nothing can be received, held or destroyed there. `readonly=on` of a dataset is "
            "something else: it does not stop a receive, and a replica should have it."
        ),
        recognised="`zpool get readonly POOL`. Or a command said that the pool is read-only.",
        do=(
            "Ask who imported it so, and why: it may be a rescue, or the pool has features that "
            "this ZFS can only read (`zpool status`).\n"
            "If there is no reason any more: `zpool export POOL`, then `zpool import POOL`.\n"
            f"Go on with the resume token {SEND}."
        ),
        dont=(
            "Setting `readonly=off` on the dataset: it changes nothing here and takes the "
            "replica's protection.\n"
            "`zpool import -f` while another host may have the pool."
        ),
    ),
    Page(
        "scrub-running",
        Group.RECEIVER,
        title="A scrub or a resilver is running",
        means=(
            "It reads the whole pool and takes its share of the disks. Replication is slower "
            "while it lasts, nothing is wrong."
        ),
        recognised="The scan line of `zpool status`, and the scrub queue of `zpool iostat -lq`.",
        do=(
            "If it is a resilver, let it end: it restores redundancy.\n"
            "If it is a scrub and can wait: `zpool scrub -p POOL` pauses it, `zpool scrub POOL` "
            "goes on from there.\n"
            "Move its timer away from the hours of replication."
        ),
        dont=(
            "`zpool scrub -s`: it begins from the start the next time.\n"
            "Leaving it paused. Without scrubs damage stays unseen."
        ),
    ),
    Page(
        "dedup-on",
        Group.RECEIVER,
        title="The destination deduplicates",
        means=(
            "Every block that arrives is looked up in a table. Once that does not fit into "
            "memory, each write waits for random reads. The gain is small: encrypted blocks only "
            "match within one dataset, its snapshots and its clones."
        ),
        recognised="`dedup` of the destination datasets, and the pool's dedup ratio.",
        do=(
            "See the size of the table: `zpool status -D POOL`.\n"
            "Switch it off for what comes: `zfs set dedup=off DEST`, and receive with `-o "
            "dedup=off` if it comes along with `-p` or `-R`.\n"
            "Let the rest shrink by itself, as blocks are freed."
        ),
        dont=(
            "Destroying large deduplicated snapshots in a hurry: each block is looked up in the "
            "table again, which can occupy the pool for hours."
        ),
    ),
    Page(
        "feature-missing",
        Group.RECEIVER,
        title="One side is too old, or lacks a pool feature",
        means=(
            "A raw stream needs `encryption`, `bookmark_v2` and, for `-s`, `extensible_dataset` "
            "on the receiving pool, and whatever compression or large blocks the source uses. A "
            "feature that is disabled can be enabled, one that is unknown needs newer software."
        ),
        recognised=(
            "The `feature@` properties of the pool, `zfs version` of command and kernel module on "
            "both hosts. Or a command said that the pool, the module or the stream does not fit."
        ),
        do=(
            "Compare: `zpool get -H -o property,value all POOL` on both sides, and `zfs version`.\n"
            "If the module is older than the command, restart that host, or reload the module.\n"
            "If a feature is unknown there, update ZFS on that host.\n"
            "If it is disabled: `zpool set feature@NAME=enabled POOL`. That cannot be undone, and "
            "a ZFS without it may not be able to import the pool: think of rescue media and of the "
            "boot loader.\n"
            "If the source's own format is too old (errata 3, before 0.8), copy the data into a "
            "new dataset and replicate that."
        ),
        dont=(
            "`zpool upgrade -a`: it enables everything on every pool.\n"
            "Sending without `-w` to get around it."
        ),
    ),
    Page(
        "dataset-busy",
        Group.RECEIVER,
        title="Something else has hold of the dataset",
        means=(
            "Another receive or job writes there, it is mounted, a held snapshot would have to "
            "go, or a receive without `-s` crashed and left something behind. Nothing was changed."
        ),
        recognised=(
            "The destination's processes, the jobs of the hosts, the holds. Or a command said "
            "that the dataset is busy or the snapshot held."
        ),
        do=(
            f"Find who: `ps -ef | grep 'zfs receive'`, jobs {JOBS}, `zfs holds -r "
            f"DATASET@SNAPSHOT` {HOLDS}, `zfs get mounted DATASET`.\n"
            f"Wait for it, or cancel that job {CANCEL}.\n"
            "Release a hold only if its tag is the route's: `zfs release TAG DATASET@SNAPSHOT`.\n"
            "If nothing at all runs there, an export and import of the pool, in a quiet hour, "
            "removes what a crashed receive left."
        ),
        dont=(
            "Releasing holds whose owner is not known.\n"
            "Ending processes by name instead of by number.\n"
            "Starting a second receive beside it."
        ),
    ),
    Page(
        "receiver-semantics",
        Group.RECEIVER,
        title="The receive waits for syncs, not for disks",
        means=(
            "The receiver does little at a time and waits for the pool to sync after each. Many "
            "small snapshots do that, and datasets with `dnodesize=auto` (one sync for an "
            "object, #11353, not mended for raw streams). At the end of a `-R` with about a "
            "thousand datasets, versions before 2.3.1 compute for minutes (#16929)."
        ),
        recognised=(
            "The pool's `txgs` statistics: many short transaction groups with little data in "
            "each, while disks, processors and link are idle, and the receiving thread waits for "
            "a transaction group."
        ),
        do=(
            "See that it moves (the token, `used` of the dataset), and let it.\n"
            "If small snapshots cause it: see `many-snapshots`.\n"
            "If it is the dnode size: `zfs get -r dnodesize SOURCE`. `zfs set dnodesize=legacy "
            "DATASET` helps for new files only.\n"
            "Split it by dataset: streams side by side wait at the same time.\n"
            "If it is the end of a large `-R`, wait. Update to 2.3.1 or later."
        ),
        dont=(
            "A log device or `sync=disabled`: a receive does not write through the intent log.\n"
            "A bigger link, faster disks or `mbuffer`.\n"
            "Ending it when all data has arrived and only the hierarchy is being set."
        ),
    ),
    Page(
        "pool-errors",
        Group.RECEIVER,
        title="Disks of the pool reported trouble",
        means=(
            "The kernel noted reads or writes that failed, came back wrong or took very long. "
            "ZFS has repaired what it could; a disk that goes on like this makes every transaction "
            "group wait for it."
        ),
        recognised=(
            "Events `ereport.fs.zfs.io`, `checksum`, `delay`, `deadman` and the like in "
            "`zpool events` of the last day. Only root may read them."
        ),
        do=(
            "See which disk it is: `zpool status -s POOL`, then its own log: `smartctl -a DISK`.\n"
            "Look for a cable or controller that several of them share.\n"
            "Replace a disk that goes on: `zpool replace POOL OLD NEW`.\n"
            "Once it is mended: `zpool clear POOL`, then `zpool scrub POOL`."
        ),
        dont=(
            "`zpool clear` first: it also clears what tells which disk it was.\n"
            "A scrub while replication has to catch up, unless data is damaged."
        ),
    ),
    Page(
        "data-unauthentic",
        Group.RECEIVER,
        title="Encrypted data did not pass its check",
        means=(
            "A block's MAC does not fit: it was damaged on its way or on its disk, or somebody "
            "changed it. Some versions also report this where nothing is wrong "
            "(openzfs/zfs#12014: sends that are not raw)."
        ),
        recognised="Events `ereport.fs.zfs.authentication` in `zpool events`, for root only.",
        do=(
            "See which datasets and files: `zpool status -v POOL`.\n"
            f"Keep what is good: hold older snapshots on both sides {HOLD}.\n"
            "Compare versions with the known bugs in the fourth step of the playbook.\n"
            "Check the memory and the disks of that host; then scrub twice and look again.\n"
            "What stays damaged comes from the other side: send it there raw, under a new name."
        ),
        dont=(
            "Pruning anything on either side before it is clear which copy is good.\n"
            "Setting `zfs_send_corrupt_data`."
        ),
    ),
)
