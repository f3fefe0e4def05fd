"""What `zfs send` says when it fails. Source: `lib/libzfs/libzfs_sendrecv.c`, `cmd/zfs/zfs_main.c`.

`zfs send` opens with `warning: cannot send 'X'` where one snapshot failed, and with `WARNING: could
not send X` where it left out one of several and went on.
"""

from __future__ import annotations

from sealift.zfs.error_catalogue.entry import Entry, Retry, Weight, says

SEND = (
    Entry(
        "properties-need-raw",
        says("cannot send …: encrypted dataset … may not be sent with properties without the raw"),
        title="An encrypted dataset was to be sent with its properties, but not raw",
        meaning=(
            "A send with -R or -p takes encryption properties along, and ZFS does that for an "
            "encrypted dataset only if the stream is raw. Nothing was sent."
        ),
        mending="Send with -w.",
        retry=Retry.AFTER,
        finding="not-raw",
    ),
    Entry(
        "key-needed-to-send",
        says(
            "cannot send '…': dataset key must be loaded",
            "cannot send '…': source key must be loaded",
        ),
        title="The send would have to decrypt, and the key is not loaded",
        meaning=(
            "The stream is not raw: -w is missing, or the resume token was made by a send without "
            "it. A raw send never needs the key."
        ),
        mending="Send with -w. Loading the key instead would let the data leave decrypted.",
        retry=Retry.AFTER,
        finding="not-raw",
    ),
    Entry(
        "child-base-missing",
        says("could not send …: incremental source (…) does not exist"),
        title="A dataset below lacks the base of this incremental",
        meaning=(
            "The dataset never had the snapshot that the incremental starts from, or has lost it. "
            "It was left out while the others went on: the replica is incomplete."
        ),
        mending="Plan this dataset on its own: in full if it is new, else from a shared base.",
        retry=Retry.AFTER,
        finding="base-missing-on-source",
    ),
    Entry(
        "base-not-earlier",
        says("could not send …: incremental source (…) is not earlier than it"),
        title="Base and target are the same snapshot, or the wrong way round",
        meaning=(
            "An incremental goes from an older to a newer snapshot. Often both were picked by name "
            "or by creation time, where several snapshots of one second come in any order."
        ),
        mending="Choose base and target by createtxg on the source.",
        retry=Retry.NEVER,
    ),
    Entry(
        "child-snapshot-missing",
        says("could not send …: does not exist"),
        title="A dataset below lacks the snapshot that is being sent",
        meaning="It was left out while the others went on: the replica is incomplete.",
        mending="Take the snapshot recursively (zfs snapshot -r), then send again.",
        retry=Retry.AFTER,
        finding="replica-incomplete",
    ),
    Entry(
        "incremental-source-missing",
        says("cannot send '…': incremental source (…) does not exist"),
        title="The base is gone on the source",
        meaning=(
            "The snapshot or bookmark that this incremental starts from does not exist any more, "
            "most often because retention destroyed it."
        ),
        mending="Start from another snapshot that both sides have, or from a bookmark of the base.",
        retry=Retry.AFTER,
        finding="base-missing-on-source",
    ),
    Entry(
        "not-an-earlier-snapshot",
        says("cannot send '…': not an earlier snapshot from the same fs"),
        title="The base is not an earlier snapshot of the same dataset",
        meaning=(
            "The base is newer than the target or belongs to another dataset. "
            "It will not become right by trying again."
        ),
        mending="Choose base and target in one dataset, by createtxg.",
        retry=Retry.NEVER,
    ),
    Entry(
        "tree-lacks-snapshot",
        says("cannot send … recursively: snapshot … does not exist"),
        title="The tree is not all at this snapshot",
        meaning=(
            "A dataset in the tree is without the snapshot, so a -R send of it refuses as a whole. "
            "Usually the dataset was made after the snapshot was taken."
        ),
        mending="Take a new recursive snapshot, or send per dataset.",
        retry=Retry.AFTER,
        finding="mixed-snapshots",
    ),
    Entry(
        "datasets-skipped",
        says("WARNING: skipping dataset … and its children: snapshot … does not exist"),
        title="A dataset and all below it were left out",
        meaning=(
            "The send was told to skip what lacks the snapshot. It ends well, and the replica "
            "silently has holes."
        ),
        mending="Take the snapshot recursively and send again; compare both trees afterwards.",
        retry=Retry.AFTER,
        finding="replica-incomplete",
        weight=Weight.NOTE,
    ),
    Entry(
        "dataset-newer-than-snapshot",
        says("skipping dataset …: snapshot … does not exist"),
        title="A dataset is younger than the snapshot",
        meaning="It was made after the snapshot was taken, so there is nothing to send of it yet.",
        mending="Nothing: the next snapshot will include it.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "dataset-missing",
        says("cannot open '…': dataset does not exist"),
        title="A dataset, snapshot or bookmark does not exist",
        meaning="What the command names is not there: destroyed, renamed, or never made.",
        mending="Read both trees again and plan anew.",
        retry=Retry.AFTER,
    ),
    Entry(
        "bad-incremental-source",
        says("incremental source must be in same filesystem", "invalid incremental source"),
        title="The base named is not one for this dataset",
        meaning=(
            "The argument of -i or -I is not a snapshot of the dataset that is sent. A script that "
            "picks the second last snapshot of a recursive listing does this."
        ),
        mending="Name the base by its short name, and pick it per dataset.",
        retry=Retry.NEVER,
    ),
    Entry(
        "many-from-bookmark",
        says("Error: multiple snapshots cannot be sent from a bookmark."),
        title="-I and -R cannot start at a bookmark",
        meaning="A bookmark is a base for one incremental only.",
        mending="First -i from the bookmark to the next snapshot, then -I from there.",
        retry=Retry.NEVER,
    ),
    Entry(
        "send-target-not-a-snapshot",
        says("Error: Unsupported flag with filesystem or bookmark."),
        title="What is to be sent is not a snapshot",
        meaning="-R and -I send snapshots; the name lacks its @.",
        mending="Name the snapshot to send.",
        retry=Retry.NEVER,
    ),
    Entry(
        "raw-not-redacted",
        says("Error: raw sends may not be redacted."),
        title="A raw send cannot be redacted",
        meaning="To leave blocks out ZFS would have to read them, which a raw send does not.",
        mending="Leave --redact away.",
        retry=Retry.NEVER,
    ),
    Entry(
        "send-to-terminal",
        says("Error: Stream can not be written to a terminal."),
        title="The stream has no pipe to go into",
        meaning="The output of zfs send is a terminal, so it refused to start.",
        mending="Pipe it into ssh or zfs receive.",
        retry=Retry.AFTER,
    ),
    Entry(
        "send-broken-pipe",
        says("cannot send '…': Broken pipe"),
        title="The receiving end went away",
        meaning=(
            "The receiver or ssh ended while the source was still sending. "
            "This is the consequence; the reason stands in the receiver's message."
        ),
        mending="Mend what the receiver complains of, then go on with the resume token.",
        retry=Retry.AFTER,
        weight=Weight.ECHO,
    ),
    Entry(
        "send-interrupted",
        says("cannot send '…': signal received"),
        title="The send was interrupted",
        meaning="zfs send was told to stop, or the pipe behind it was closed.",
        mending="Go on with the resume token.",
        retry=Retry.SAME,
        weight=Weight.ECHO,
    ),
    Entry(
        "send-read-error",
        says("cannot send '…': Input/output error", "cannot send '…': I/O error"),
        title="The source could not read its own data",
        meaning=(
            "A block is unreadable, or decrypting it failed. In sends that are not raw "
            "this can be a defect of OpenZFS before 2.2.8 and 2.3.3 (#12014) and not a bad disk."
        ),
        mending="Read zpool status -v and zpool events, scrub. Leave zfs_send_corrupt_data alone.",
        retry=Retry.NEVER,
        finding="pool-degraded",
    ),
    Entry(
        "send-permission-missing",
        says("cannot send '…': permission denied"),
        title="This user may not send",
        meaning=(
            "The right send is missing, or limited to raw streams (send:raw, send:encrypted). "
            "2.4.0 refuses -w -I with send:raw (#18193, fixed in 2.4.1). "
            "Sends with -R or -I need the right hold as well."
        ),
        mending="zfs allow -u USER send,hold DATASET on the source.",
        retry=Retry.AFTER,
        finding="permission-missing",
    ),
    Entry(
        "source-format-too-old",
        says("cannot send '…': unsupported version or feature"),
        title="The source's format cannot be sent raw",
        meaning=(
            "The dataset was encrypted by a version before 0.8 (errata 3), or it uses a feature "
            "this version cannot send."
        ),
        mending="Copy the data into a new dataset and replicate that one.",
        retry=Retry.NEVER,
        finding="feature-missing",
    ),
    Entry(
        "too-many-snapshots-in-package",
        says("the size of the list of snapshots and properties is too large to be received"),
        title="The tree is too large for one -R stream",
        meaning="The list of snapshots and properties in front of the stream exceeds 64 MiB.",
        mending="Send per dataset, or destroy snapshots that nobody needs.",
        retry=Retry.AFTER,
        finding="many-snapshots",
    ),
    Entry(
        "large-microzaps",
        says("source snapshot contains large microzaps, need -L (--large-block) or -w (--raw)"),
        title="The snapshot holds directories that only a raw stream can carry",
        meaning="The feature large_microzap (2.3 and later) is in use and the send lacks -w.",
        mending="Send with -w.",
        retry=Retry.AFTER,
        finding="not-raw",
    ),
    Entry(
        "live-filesystem-sent",
        says("cannot send '…': target is busy; if a filesystem, it must not be mounted"),
        title="A live filesystem was to be sent",
        meaning="Only a snapshot stands still while it is sent.",
        mending="Take a snapshot and send that.",
        retry=Retry.NEVER,
    ),
    Entry(
        "token-corrupt",
        says(
            "cannot resume send: resume token is corrupt …",
            "cannot resume send: resume token is corrupt",
            "provided resume token is corrupt",
        ),
        title="The resume token cannot be read",
        meaning="It was cut while it was copied, or it was not made by zfs receive.",
        mending=(
            "Read receive_resume_token again with zfs get -Hp -o value. "
            "If it stays unreadable, give the partial state up (zfs receive -A)."
        ),
        retry=Retry.AFTER,
        finding="dead-token",
    ),
    Entry(
        "token-snapshot-replaced",
        says("'…' is no longer the same snapshot used in the initial send"),
        title="The snapshot of the resume token was replaced",
        meaning="The source has a snapshot of that name, but it is another one: its guid differs.",
        mending="Give the partial state up (zfs receive -A on the destination) and plan anew.",
        retry=Retry.NEVER,
        finding="dead-token",
    ),
    Entry(
        "token-snapshot-gone",
        says(
            "'…' used in the initial send no longer exists",
            "cannot resume send: dataset to be sent no longer exists",
        ),
        title="The snapshot of the resume token was destroyed on the source",
        meaning=(
            "The destination holds part of a snapshot whose rest does not exist any more. "
            "Nothing can complete it, and it blocks every other receive there."
        ),
        mending="Give the partial state up (zfs receive -A on the destination) and plan anew.",
        retry=Retry.NEVER,
        finding="dead-token",
    ),
    Entry(
        "token-base-gone",
        says("cannot resume send: incremental source … no longer exists"),
        title="The base of the resume token was destroyed on the source",
        meaning="Neither the snapshot nor a bookmark of it is left, so the rest is lost.",
        mending="Give the partial state up (zfs receive -A on the destination) and plan anew.",
        retry=Retry.NEVER,
        finding="dead-token",
    ),
    Entry(
        "flags-with-token",
        says("invalid flags combined with -t"),
        title="The token does not go together with these flags",
        meaning="A token says itself what is sent; -i, -I, -R, -p and others have no place.",
        mending="zfs send -w -t TOKEN, and nothing else.",
        retry=Retry.AFTER,
    ),
    Entry(
        "internal-error",
        says("internal error: …"),
        title="zfs met an error that it has no words for, and aborted",
        meaning="The kernel returned something unforeseen. A saved partial state is mostly intact.",
        mending="Keep the message and zpool events -v; look for it among the known issues.",
        retry=Retry.AFTER,
    ),
    Entry(
        "estimate-failed",
        says("warning: cannot estimate space for '…'"),
        title="The size of the send could not be estimated",
        meaning="Only the estimate failed; there will be no percentage and no time left.",
        mending="Nothing.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "backup-failed",
        says("cannot send '…': backup failed"),
        title="The send failed",
        meaning="This line says no more than that; the reason stands in another one.",
        mending="Read the message before it.",
        retry=Retry.AFTER,
        weight=Weight.ECHO,
    ),
)
