"""What `zfs receive` says when it fails.

Source: `lib/libzfs/libzfs_sendrecv.c`, `cmd/zfs/zfs_main.c`, OpenZFS 2.1 to 2.4. Most of
it is said before the first byte is written, so the destination is as it was.
"""

from __future__ import annotations

from sealift.zfs.error_catalogue.entry import Entry, Retry, Weight, says

_REBUILD = (
    "Receive a full raw stream under a new name, compare the two, and only then retire the old one."
)

RECEIVE = (
    Entry(
        "nothing-received",
        says("R: failed to read from stream"),
        title="The stream ended before it began",
        meaning=(
            "The receiver waited and got nothing, or got only part of a -R package: the send did "
            "not start, or ssh could not log in. The reason stands in the sender's message."
        ),
        mending="Mend what the sender complains of.",
        retry=Retry.SAME,
        weight=Weight.ECHO,
    ),
    Entry(
        "receive-from-terminal",
        says("Error: Backup stream can not be read from a terminal."),
        title="The receiver has a terminal instead of a stream",
        meaning="zfs receive was started by hand, or over ssh with -t.",
        mending="Pipe the stream into it, and run ssh without -t.",
        retry=Retry.AFTER,
    ),
    Entry(
        "not-a-stream",
        says(
            "R: invalid stream (bad magic number)",
            "R: invalid stream (bad snapshot name)",
            "R: invalid stream (malformed nvlist)",
            "R: incorrect header checksum",
        ),
        title="What arrived is not a ZFS stream",
        meaning=(
            "Something was written in front of the stream: usually the login shell of the remote "
            "user prints a greeting. Or it is another file."
        ),
        mending="Make the shell silent where it is not interactive (ssh HOST true prints nothing).",
        retry=Retry.AFTER,
    ),
    Entry(
        "base-not-on-destination",
        says("R: most recent snapshot of … does not match incremental source"),
        title="The destination does not have the base",
        meaning=(
            "No snapshot there has the guid that the incremental starts from. Equal names prove "
            "nothing. The two sides have drifted apart, or the base was destroyed there."
        ),
        mending="Look for another snapshot with equal guid and ivsetguid. If none is left: "
        + _REBUILD,
        retry=Retry.NEVER,
        finding="no-common-base",
    ),
    Entry(
        "destination-modified",
        says("R: destination … has been modified since most recent snapshot"),
        title="The destination has changed since the base",
        meaning=(
            "Someone wrote to it, or it has a snapshot newer than the base: for a raw incremental "
            "the base has to be the newest one. Local snapshot tools on a replica cause this."
        ),
        mending=(
            "See what is newer there, then roll back to the base knowingly (zfs rollback -r "
            "destroys it), or choose a newer base. Set readonly=on, and take no snapshots there."
        ),
        retry=Retry.AFTER,
        finding="destination-diverged",
    ),
    Entry(
        "destination-exists",
        says("R: destination '…' exists must specify -F to overwrite it"),
        title="A full stream was sent onto a dataset that exists",
        meaning="A full stream makes a new dataset. Its name is taken.",
        mending="If the two share a snapshot send an incremental, else receive under a new name.",
        retry=Retry.NEVER,
        finding="full-instead-of-incremental",
    ),
    Entry(
        "destination-has-snapshots",
        says("R: destination has snapshots (eg. …) must destroy them to overwrite it"),
        title="A full stream would replace a dataset with snapshots",
        meaning="Not even -F does that.",
        mending="Receive under a new name.",
        retry=Retry.NEVER,
        finding="full-instead-of-incremental",
    ),
    Entry(
        "no-overwrite-with-encrypted",
        says("zfs receive -F cannot be used to destroy an encrypted filesystem or overwrite"),
        title="-F cannot turn an existing dataset into an encrypted one",
        meaning="ZFS does not replace an encrypted dataset, nor a plain one by an encrypted one.",
        mending=_REBUILD,
        retry=Retry.NEVER,
        finding="full-instead-of-incremental",
    ),
    Entry(
        "raw-onto-unencrypted",
        says("R: cannot perform raw receive on top of existing unencrypted dataset"),
        title="The replica is not encrypted",
        meaning=(
            "This chain was begun with a stream that was not raw, so the data lies there in the "
            "clear. Raw increments can never continue it."
        ),
        mending=_REBUILD,
        retry=Retry.NEVER,
        finding="not-raw",
    ),
    Entry(
        "key-lineage-differs",
        says("R: encryption key does not match existing key"),
        title="The replica was encrypted with another master key",
        meaning=(
            "The datasets have the same name but not the same origin: one of them was recreated. "
            "Their keyguid differs. A passphrase plays no part in this."
        ),
        mending="Compare keyguid on both sides. " + _REBUILD,
        retry=Retry.NEVER,
        finding="key-lineage-mismatch",
    ),
    Entry(
        "encryption-key-not-created",
        says("R: failed to create encryption key"),
        title="The destination could not store the key of the new dataset",
        meaning="The parent is in the way, or this user may not create encrypted datasets there.",
        mending="Check the parent dataset and the rights of the receiving user.",
        retry=Retry.AFTER,
    ),
    Entry(
        "inherited-key-needed",
        says("R: inherited key must be loaded"),
        title="A stream that is not raw arrived below an encrypted dataset",
        meaning=(
            "The receiver would have to encrypt it with the parent's key. Either -w was forgotten, "
            "or the dataset is not encrypted on the source."
        ),
        mending="Send with -w. Leave unencrypted datasets out. Do not load the key there.",
        retry=Retry.AFTER,
        finding="not-raw",
    ),
    Entry(
        "ivset-missing",
        says("R: IV set guid missing"),
        title="The base has no IV set guid",
        meaning=(
            "It was made before OpenZFS 0.8.1, it is a bookmark of the first kind, or a full raw "
            "receive was resumed with 0.8. ZFS cannot prove that raw data would fit."
        ),
        mending=(
            "Use another base, or send in full. zfs_disable_ivset_guid_check is for the documented "
            "procedure of errata 4 only."
        ),
        retry=Retry.NEVER,
        finding="ivset-mismatch",
    ),
    Entry(
        "ivset-differs",
        says("R: IV set guid mismatch"),
        title="The base was re-encrypted on the destination",
        meaning=(
            "The snapshots have the same guid, but the destination's was received from a stream "
            "that was not raw and got new IVs. Raw increments can no longer follow it."
        ),
        mending=(
            "Roll the destination back to the newest snapshot with equal ivsetguid, else send in "
            "full. Never disable the check: the result could not be decrypted."
        ),
        retry=Retry.NEVER,
        finding="ivset-mismatch",
    ),
    Entry(
        "large-blocks-differ",
        says("R: incremental send stream requires -L (--large-block), to match previous receive"),
        title="The stream lacks large blocks that the replica already has",
        meaning=(
            "Earlier streams carried blocks over 128 KiB and this one says it has none. With -w "
            "that is a defect: #13699 (before 2.1.7) or #18105 (before 2.4.1)."
        ),
        mending="Send with -w and update both sides. Writing one large block on the source helps.",
        retry=Retry.AFTER,
        finding="known-bug",
    ),
    Entry(
        "sender-too-old",
        says("R: Spill block flag missing for raw send"),
        title="The sender's ZFS is too old for raw streams",
        meaning="Its streams lack a mark that keeps extended attributes from being damaged.",
        mending="Update ZFS on the source.",
        retry=Retry.NEVER,
        finding="feature-missing",
    ),
    Entry(
        "pool-feature-missing",
        says("R: pool must be upgraded to receive this stream"),
        title="The destination pool lacks a feature",
        meaning=(
            "The stream needs a pool feature that is disabled there: encryption, or a compression, "
            "or larger blocks and names."
        ),
        mending=(
            "Compare zpool get all (feature@...) on both sides and enable what is missing. "
            "Features cannot be disabled again."
        ),
        retry=Retry.AFTER,
        finding="feature-missing",
    ),
    Entry(
        "stream-feature-unknown",
        says("stream has unsupported feature, feature flags ="),
        title="The destination's ZFS is too old for this stream",
        meaning="The sender uses a feature of the stream that the receiver does not know.",
        mending="Update ZFS on the destination.",
        retry=Retry.NEVER,
        finding="feature-missing",
    ),
    Entry(
        "crypto-unknown",
        says("R: stream uses crypto parameters not compatible with this pool"),
        title="The destination does not know this kind of encryption",
        meaning="The suite of the source is newer than the receiver's ZFS.",
        mending="Update ZFS on the destination.",
        retry=Retry.NEVER,
        finding="feature-missing",
    ),
    Entry(
        "partially-complete-state",
        says('R: destination … contains partially-complete state from "zfs receive -s"'),
        title="An interrupted receive is still saved there",
        meaning=(
            "The destination keeps the beginning of a snapshot and waits for its rest. As long as "
            "it does, it takes no other stream into this dataset."
        ),
        mending=(
            "Go on with its resume token, or give it up (zfs receive -A DATASET: what was received "
            "of that snapshot is lost; if it was the first one, the dataset goes)."
        ),
        retry=Retry.AFTER,
        finding="stale-token",
    ),
    Entry(
        "receive-dataset-busy",
        says("R: dataset is busy"),
        title="The destination is in use",
        meaning=(
            "Another receive is running into it, a crashed one has left something behind, it is "
            "mounted, or -F would destroy a snapshot that is held."
        ),
        mending="Find the process and the holds (zfs holds); wait, or release what should go.",
        retry=Retry.AFTER,
        finding="dataset-busy",
    ),
    Entry(
        "interrupted-and-saved",
        says(
            "R: checksum mismatch or incomplete stream. Partially received snapshot is saved. "
            "A resuming stream can be generated on the sending system by running: zfs send -t …",
            "R: checksum mismatch or incomplete stream",
        ),
        title="The stream broke off, and what arrived is saved",
        meaning="Nothing is lost. The destination offers a resume token for the rest.",
        mending="Send the rest: zfs send -w -t TOKEN into the same dataset, with receive -s.",
        retry=Retry.SAME,
        weight=Weight.OUTCOME,
    ),
    Entry(
        "stream-damaged",
        says("R: checksum mismatch"),
        title="The stream was damaged on its way",
        meaning=(
            "A checksum in the stream is wrong. Once may be chance; again and again it is bad "
            "memory or a bad network card."
        ),
        mending="Send again, with receive -s. If it comes back, test memory and network.",
        retry=Retry.AFTER,
        weight=Weight.OUTCOME,
    ),
    Entry(
        "stream-incomplete",
        says("R: incomplete stream"),
        title="The stream broke off, and nothing was saved",
        meaning="The receive ran without -s, so what had arrived was discarded.",
        mending="Send again, with receive -s.",
        retry=Retry.SAME,
        weight=Weight.OUTCOME,
    ),
    Entry(
        "resume-into-wrong-dataset",
        says("R: kernel modules must be upgraded to receive this stream"),
        title="The stream does not fit this dataset",
        meaning=(
            "The message blames the kernel module, but it is said for any invalid argument. The "
            "usual reason is a resumed stream sent to the parent, not to the dataset that owns "
            "the token (#15394)."
        ),
        mending="Receive into exactly the dataset that shows the token.",
        retry=Retry.AFTER,
    ),
    Entry(
        "stream-does-not-fit",
        says("R: invalid backup stream"),
        title="The stream does not fit this dataset",
        meaning=(
            "Said for any invalid argument: a resumed stream into the wrong dataset, or one for a "
            "dataset without saved state."
        ),
        mending="Receive into exactly the dataset that shows the token, with -s.",
        retry=Retry.AFTER,
    ),
    Entry(
        "embedded-into-encrypted",
        says("R: incompatible embedded data stream feature with encrypted receive"),
        title="A stream with embedded blocks cannot become encrypted",
        meaning="It was sent with -e and without -w into an encrypted parent.",
        mending="Send with -w.",
        retry=Retry.AFTER,
        finding="not-raw",
    ),
    Entry(
        "resume-needs-force",
        says(
            "R: Resuming recv on existing destination '…' must specify -F to overwrite it",
            "cannot resume recv …: Resuming recv on existing dataset without force",
        ),
        title="The saved receive was begun with -F",
        meaning="It replaces a dataset that exists, and its rest has to say so again (since 2.2).",
        mending="Resume with -F if that is still what is wanted, else give it up (zfs receive -A).",
        retry=Retry.AFTER,
    ),
    Entry(
        "destination-missing",
        says("R: destination '…' does not exist"),
        title="The destination dataset is not there",
        meaning="An incremental needs the dataset that it continues; a new one needs its parent.",
        mending="Send in full first, or correct the name.",
        retry=Retry.NEVER,
    ),
    Entry(
        "quota-reached",
        says("R: destination … space quota exceeded"),
        title="A quota on the destination is reached",
        meaning=(
            "The limit may have come with the stream: -p and -R bring quota and refreservation "
            "along. With -s, what arrived is saved."
        ),
        mending="Raise the quota or receive with -x quota -x refquota, then resume.",
        retry=Retry.AFTER,
        finding="quota-reached",
    ),
    Entry(
        "destination-full",
        says("R: out of space"),
        title="The destination is full",
        meaning=(
            "The pool has no room left, or a reservation took it. Small blocks on raidz need more "
            "room than they did on the source. With -s, what arrived is saved."
        ),
        mending="Free or add space, receive with -x refreservation, then resume.",
        retry=Retry.AFTER,
        finding="space-low",
    ),
    Entry(
        "snapshot-name-taken",
        says("cannot restore to …: destination already exists"),
        title="The destination has another snapshot of this name",
        meaning="Its guid differs: it was made there, or came from elsewhere.",
        mending="Rename or destroy that snapshot knowingly; stop snapshots on the replica.",
        retry=Retry.NEVER,
        finding="destination-diverged",
    ),
    Entry(
        "clone-origin-missing",
        says("R: local origin for clone … does not exist"),
        title="The origin of a clone is not on the destination",
        meaning="A clone is sent as the difference to its origin, which has to be there first.",
        mending="Send the origin first, or name it with receive -o origin=SNAPSHOT.",
        retry=Retry.AFTER,
    ),
    Entry(
        "destination-of-wrong-kind",
        says(
            "R: destination '…' is a clone must destroy it to overwrite it",
            "R: cannot specify snapshot name for multi-snapshot stream",
            "R: parent '…' is not a filesystem",
            "R: destination … is the root dataset cannot overwrite with a ZVOL",
            "R: destination has children (eg. …) cannot overwrite with a ZVOL",
        ),
        title="This stream cannot go to this name",
        meaning=(
            "The destination is a clone, a volume or a pool's root, or a snapshot is named for a "
            "stream of several."
        ),
        mending="Receive under another name.",
        retry=Retry.NEVER,
    ),
    Entry(
        "encryption-property-on-raw",
        says("encryption property '…' cannot be set or excluded for raw streams"),
        title="A raw stream brings its own encryption properties",
        meaning="encryption, keyformat and pbkdf2iters cannot be set or left out with -o or -x.",
        mending="Drop them from the command; keylocation is allowed.",
        retry=Retry.AFTER,
    ),
    Entry(
        "property-not-set",
        says("cannot receive … property on …: …"),
        title="The data arrived, one of its properties did not",
        meaning=(
            "zfs receive still ends with 0. Usually the receiving user lacks the right to set this "
            "property."
        ),
        mending="Allow the property, leave it out with -x, or send without -p and -R.",
        retry=Retry.NOT_NEEDED,
        finding="permission-missing",
        weight=Weight.NOTE,
    ),
    Entry(
        "properties-unsettled",
        says(
            "Warning: failed to clear unreceived properties on …",
            "Warning: failed to restore original properties on …",
            "1 more property could not be set",
            "… more properties could not be set",
        ),
        title="The data arrived, some properties are not as they should be",
        meaning="Housekeeping of received properties failed; zfs receive still ends with 0.",
        mending="Compare with zfs get -o all.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "receive-permission-missing",
        says("R: permission denied"),
        title="This user may not receive here",
        meaning=(
            "receive, create and mount are needed, for increments too. With receive:append "
            "(2.3.2 and later) -F is refused."
        ),
        mending="zfs allow -u USER receive,create,mount DATASET on the destination.",
        retry=Retry.AFTER,
        finding="permission-missing",
    ),
    Entry(
        "no-saved-state",
        says("'…' does not have any resumable receive state to abort"),
        title="There is nothing to give up",
        meaning="The dataset has no saved partial receive; the token belongs to another dataset.",
        mending="List receive_resume_token over the whole tree.",
        retry=Retry.NEVER,
    ),
    Entry(
        "stream-head-too-large",
        says(
            "zfs receive required kernel memory allocation larger than the system can support",
            "R: nvlist too large",
        ),
        title="The list in front of the stream is too large for the receiver",
        meaning="The package has too many snapshots or properties for the receiver's memory.",
        mending="Send per dataset.",
        retry=Retry.NEVER,
        finding="many-snapshots",
    ),
    Entry(
        "module-older-than-tools",
        says("the loaded zfs module does not support"),
        title="The kernel module is older than the zfs command",
        meaning="ZFS was updated and the host still runs the old module.",
        mending="Reboot that host, or reload the module.",
        retry=Retry.AFTER,
        finding="feature-missing",
    ),
    Entry(
        "pool-suspended",
        says("pool I/O is currently suspended"),
        title="The pool is suspended",
        meaning="It lost so many disks that it stopped. Everything that touches it hangs.",
        mending="Bring the disks back, then zpool clear.",
        retry=Retry.AFTER,
        finding="pool-suspended",
    ),
    Entry(
        "pool-readonly",
        says("pool is read-only", "R: Read-only file system"),
        title="The pool is imported read-only",
        meaning="Nothing can be received there. readonly=on of a dataset would not do this.",
        mending="Export the pool and import it writable.",
        retry=Retry.AFTER,
        finding="pool-readonly",
    ),
    Entry(
        "deduplicated-stream",
        says("stream has deprecated feature: dedup"),
        title="The stream is of an old kind",
        meaning="It was written with zfs send -D, which is not read any more.",
        mending="Convert it: zstream redup FILE.",
        retry=Retry.NEVER,
    ),
    Entry(
        "destination-io-error",
        says("R: I/O error", "R: insufficient replicas", "R: Input/output error"),
        title="The destination pool could not write or read",
        meaning="Disks fail, or too many of them are missing.",
        mending="Look at zpool status -v there.",
        retry=Retry.AFTER,
        finding="pool-degraded",
    ),
    Entry(
        "chain-being-broken",
        says("the snapshot '…' is based on was received as a raw stream, but this incremental is"),
        title="An increment that is not raw is going onto a raw replica",
        meaning=(
            "It is being re-encrypted with new IVs while this is said. Every later raw increment "
            "based on it will be refused."
        ),
        mending="Stop it, roll back to the last snapshot received raw, and send with -w.",
        retry=Retry.NEVER,
        finding="not-raw",
    ),
    Entry(
        "ended-without-message",
        None,
        title="It ended with 1 and said nothing",
        meaning=(
            "zfs receive does this when all data of a -R stream arrived, but the encryption "
            "hierarchy, a rename or a destroy afterwards was not allowed."
        ),
        mending="Do not send again. Compare guids and encryptionroot of both trees.",
        retry=Retry.NEVER,
        finding="hierarchy-differs",
        weight=Weight.OUTCOME,
        exit_codes=(1,),
    ),
    Entry(
        "aborted",
        None,
        title="zfs aborted",
        meaning=(
            "It stopped on an assertion of its own. A receiver does this after a send -w -h "
            "without -p or -R (#10787, up to 2.4.4): the data is there, the mounting was skipped."
        ),
        mending="Compare guids before anything is sent again.",
        retry=Retry.NEVER,
        finding="known-bug",
        weight=Weight.OUTCOME,
        exit_codes=(134, -6),
    ),
)
