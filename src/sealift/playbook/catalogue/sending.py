"""Pages on what is being sent, if anything is."""

from __future__ import annotations

from sealift.mentions import JOBS, PRUNE, ROLL_BACK, SEND, SNAPSHOT, TOKENS
from sealift.playbook.catalogue.page import Group, Page

SENDING = (
    Page(
        "not-running",
        Group.SENDING,
        title="Nothing is being sent",
        means=(
            "The source has snapshots that the destination lacks, and nothing carries them over. "
            "The lag grows until somebody or something starts a send."
        ),
        recognised=(
            "No job of the route runs, and the process lists of the hosts show no `zfs send` and "
            "no `zfs receive` for these datasets. A host that hides other users' processes "
            "(hidepid) can make a running one look absent."
        ),
        do=(
            f"Read how the last job ended {JOBS}, or by `sealift jobs`, and mend that first.\n"
            "Look for the timer that should have started one: `systemctl list-timers`, cron, "
            "zrepl, syncoid, and their logs.\n"
            "Look for a partial receive that waits: `zfs get -r receive_resume_token DEST` "
            f"{TOKENS}.\n"
            f"Plan a send, read it and start it {SEND}."
        ),
        dont=(
            "Starting a send by hand while a timer may start another into the same dataset: the "
            "second one fails, and its message hides the first one's reason."
        ),
    ),
    Page(
        "no-new-snapshot",
        Group.SENDING,
        title="The source has nothing new to send",
        means=(
            "Nobody takes snapshots, or none with a name that the route carries. Replication can "
            "only be as fresh as the newest snapshot, and the source itself has no newer point to "
            "go back to."
        ),
        recognised=(
            "The source's snapshots in the order of createtxg: the newest that belongs to the "
            "route is already on the destination by guid, or there is none, and it is older than "
            "the route's limit or its own rhythm allows."
        ),
        do=(
            "See what exists: `zfs list -t snapshot -s createtxg -o name,creation -r SOURCE`.\n"
            "Find who should take them (timer, cron, sanoid) and read its log. A full pool or a "
            "reached quota refuses snapshots, too.\n"
            "If they exist under other names, correct the route's name format, or send all "
            "snapshots (`--all-snapshots`).\n"
            f"Take one of the whole tree: `zfs snapshot -r SOURCE@NAME` {SNAPSHOT}.\n"
            "Where no key is loaded on the source, it is most likely a replica itself: look at the "
            "route that feeds it, and take none here."
        ),
        dont=(
            "Taking a snapshot on the destination instead, or on a source that is a replica: it "
            "stands in the way of the next raw increment into it."
        ),
    ),
    Page(
        "source-missing",
        Group.SENDING,
        title="The source dataset does not exist",
        means=(
            "No dataset has the name that the route gives. It was renamed or destroyed, its pool "
            "is not imported, or this is the wrong host. The replica may now be the only copy."
        ),
        recognised="`zfs list` on the source says that the dataset does not exist.",
        do=(
            "Look at the names: `zfs list -r POOL`, and for a pool that is missing `zpool list` "
            "and `zpool import` (without a name it only lists).\n"
            "If it was renamed, correct the route: a rename keeps every guid, so the chain goes "
            "on.\n"
            "If it was destroyed, see when: `zpool history POOL` as root. Hold the replica's "
            "snapshots before anything else: `zfs hold -r TAG DEST@SNAPSHOT`."
        ),
        dont=(
            "Creating an empty dataset of that name: it has another master key and can never "
            "continue the chain.\n"
            "Pruning the replica before it is known what happened to the source."
        ),
    ),
    Page(
        "not-raw",
        Group.SENDING,
        title="It is not the source's ciphertext",
        means=(
            "A send without `-w` decrypts on the source. What arrives is in the clear, or is "
            "encrypted anew with a key of the destination, so whoever runs that host can read it. "
            "One such increment also ends the raw chain."
        ),
        recognised=(
            "A running `zfs send` without `-w`, a resume token without `rawok`, a destination "
            "dataset with `encryption=off`, or a `keyguid` or `ivsetguid` that differs from the "
            "source's. `encryption=aes-256-gcm` on the destination proves nothing: a dataset that "
            "was received in the clear below an encrypted parent shows it as well."
        ),
        do=(
            "Find who sends without `-w`, and end that pipeline.\n"
            "See how far it got: compare `zfs get -Hp -r -t snapshot -o name,value ivsetguid` of "
            "SOURCE and DEST.\n"
            "If it left a token that is not raw, abort it: `zfs receive -A DEST`, after reading "
            f"what that destroys {TOKENS}.\n"
            "If an older snapshot has the same `guid` and `ivsetguid` on both sides, roll back to "
            f"it knowingly {ROLL_BACK} and send with `-w`. Else receive in full under a new name, "
            "compare, and only then retire the old one.\n"
            "Count what has arrived as disclosed to the destination."
        ),
        dont=(
            "Loading the key, on either side, so that the send goes through: a raw send never "
            "needs it.\n"
            "Setting `zfs_disable_ivset_guid_check`: what is received then cannot be decrypted.\n"
            "`zfs receive -F`: it makes no raw dataset out of one that is not."
        ),
    ),
    Page(
        "plaintext-in-scope",
        Group.SENDING,
        title="A dataset of the route is not encrypted",
        means=(
            "`zfs send -w` of a dataset with `encryption=off` sends it in the clear and says "
            "nothing, also inside `-w -R`. On a vault, everybody with access to the pool could "
            "read it."
        ),
        recognised=(
            "The property `encryption` of every dataset that the route carries, and on the "
            "destination of what has arrived."
        ),
        do=(
            "Leave it out of the route: `--exclude DATASET` (in a `-R` by hand: `zfs send -X`, "
            "from 2.2 on).\n"
            "If it has to be replicated: create an encrypted dataset on the source, copy the data "
            "into it, and replicate that one. Encryption cannot be switched on later.\n"
            "If it has arrived already: find out what is in it and who could read it, then destroy "
            "it there as a step of its own.\n"
            "From 2.4.4 on, allow the sending user `send:encrypted` instead of `send`: then the "
            "kernel refuses it."
        ),
        dont=(
            "Trusting `-w`: it protects only what is encrypted already.\n"
            "Receiving it below an encrypted parent on the destination: ZFS asks for that parent's "
            "key, and a vault must not hold one."
        ),
    ),
    Page(
        "full-instead-of-incremental",
        Group.SENDING,
        title="A full stream, although both sides share a base",
        means=(
            "Everything is sent again where an increment would do. Onto the existing replica it "
            "cannot be received at all; under a new name it takes the time and the space of a "
            "first seed."
        ),
        recognised=(
            "The running `zfs send` has neither `-i`, `-I` nor `-t`, or the estimate "
            "(`zfs send -nP`) says `full`, for a dataset whose sides share a snapshot by `guid` "
            "and `ivsetguid`. Or the receive refused because the dataset exists."
        ),
        do=(
            "See which dataset it is: for a new child a full stream is right.\n"
            "End the send if it is not meant. A refused receive has changed nothing.\n"
            f"Plan it here {SEND}: the base is chosen by guid, not by name.\n"
            "Look at the script that sent it: it may pick the base by name, or from a listing that "
            "ends with the children's new snapshots."
        ),
        dont=(
            "Adding `-F`: ZFS does not replace an encrypted dataset, nor a plain one by an "
            "encrypted one, nor one with snapshots.\n"
            "Destroying the replica to make room for the full stream: until that is complete there "
            "is no copy."
        ),
    ),
    Page(
        "churn",
        Group.SENDING,
        title="Far more has changed than usual",
        means=(
            "The increment is large because that much was rewritten on the source: a database "
            "reorganised, images moved, files rewritten in place. The route is no slower than "
            "before, it has more to carry."
        ),
        recognised=(
            "The estimates of `zfs send -nP` per dataset and snapshot, and `written` of the "
            "snapshots, against what this route carried before. Estimates come from metadata and "
            "can be off for small blocks."
        ),
        do=(
            "If the time left is bearable, let it run.\n"
            "See which dataset and which snapshot: `zfs list -t snapshot -o name,written,used -s "
            "createtxg -r SOURCE`, and ask what ran between these two.\n"
            "Where versions in between are not needed, send with `-i` to the newest instead of "
            "`-I`: what was rewritten twice goes once.\n"
            "Give scratch data (caches, temporary tables, swap) a dataset of its own and leave it "
            "out of the route."
        ),
        dont=(
            "`ssh -C` or any other compression: ciphertext does not get smaller.\n"
            "Breaking off a transfer that moves, to start it smaller.\n"
            "Destroying snapshots in the dark to shrink it: without the base only a full send is "
            "left."
        ),
    ),
    Page(
        "many-snapshots",
        Group.SENDING,
        title="Very many snapshots are to be sent",
        means=(
            "Each snapshot of a `-I` or `-R` send is a stream of its own, and the receiver waits "
            "several times for its pool to sync at each. Thousands of small ones take hours, "
            "however fast disks and link are. The list in front of a `-R` package can also become "
            "too large to be received."
        ),
        recognised=(
            "The number of snapshots between base and target, against the bytes they carry "
            "(`zfs send -nP` has a line for each). Or `zfs send` or `zfs receive` refused the "
            "list."
        ),
        do=(
            "If it moves, let it: every snapshot that has arrived is kept.\n"
            "Leave other tools' snapshots out (sealift does unless told `--all-snapshots`), or "
            "send with `-i` from the base to the newest.\n"
            "If the package is refused, send per dataset (`--per-dataset`).\n"
            "Thin out on the source what nobody needs, after reading what would go: `zfs destroy "
            f"-nv DATASET@FIRST%LAST` {PRUNE}."
        ),
        dont=(
            "Destroying base or target, or what is held.\n"
            "Adding `mbuffer` or a faster cipher: the time goes into the syncs."
        ),
    ),
)
