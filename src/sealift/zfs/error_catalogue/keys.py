"""What loading, unloading and changing keys says, and mounting, which needs them.

Source: `lib/libzfs/libzfs_crypto.c`, `lib/libzfs/libzfs_mount.c`, `cmd/zfs/zfs_main.c`.
"""

from __future__ import annotations

from sealift.zfs.error_catalogue.entry import Entry, Retry, Weight, says

KEYS = (
    Entry(
        "key-incorrect",
        says("Key load error: Incorrect key provided for '…'"),
        title="The key is not the right one",
        meaning=(
            "It was mistyped, or the passphrase was changed on the source: a replica takes the new "
            "one with the next raw increment, not before."
        ),
        mending="Try the passphrase from before the change, and the one after it.",
        retry=Retry.AFTER,
        finding="key-may-not-unlock",
    ),
    Entry(
        "key-already-loaded",
        says("Key load error: Key already loaded for '…'"),
        title="The key is loaded already",
        meaning="There is nothing to do.",
        mending="Nothing.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "key-of-root-needed",
        says(
            "Key load error: Keys must be loaded for encryption root of '…' (…)",
            "Key unload error: Keys must be unloaded for encryption root of '…' (…)",
        ),
        title="This dataset inherits its key",
        meaning="Keys are loaded and unloaded at the encryption root, named in brackets.",
        mending="Do it there.",
        retry=Retry.AFTER,
    ),
    Entry(
        "not-encrypted",
        says("Key load error: '…' is not encrypted", "Key change error: Dataset not encrypted"),
        title="This dataset is not encrypted",
        meaning="If it is a replica of an encrypted one, its data lies there in the clear.",
        mending="Find out which send brought it. Replace it by a raw replica, then destroy it.",
        retry=Retry.NEVER,
        finding="plaintext-in-scope",
    ),
    Entry(
        "key-file-missing",
        says("Failed to open key material file: …"),
        title="The file with the key is not there",
        meaning="keylocation names a file; with -R or -p it came along from the source.",
        mending="zfs load-key -L prompt. On a replica: zfs set keylocation=prompt.",
        retry=Retry.AFTER,
        finding="keylocation-automatic",
    ),
    Entry(
        "key-malformed",
        says(
            "Raw key too short (expected …)",
            "Raw key too long (expected …)",
            "Hex key too short (expected …)",
            "Hex key too long (expected …)",
            "Invalid hex character detected",
            "Invalid hex key provided",
            "Passphrase too short (min …)",
            "Passphrase too long (max …)",
            "Provided keys do not match",
        ),
        title="The key does not have the form it must have",
        meaning="A raw key is 32 bytes without a line end, a hex key 64 digits.",
        mending="Give it again.",
        retry=Retry.AFTER,
    ),
    Entry(
        "key-permission-missing",
        says("Key load error: Permission denied", "Key unload error: Permission denied"),
        title="This user may not load keys",
        meaning="The right load-key is missing. On a vault that is as it should be.",
        mending="zfs allow -u USER load-key DATASET, where it is wanted.",
        retry=Retry.AFTER,
        finding="permission-missing",
    ),
    Entry(
        "key-busy",
        says("Key load error: '…' is busy", "Key unload error: '…' is busy"),
        title="The dataset is in use",
        meaning="It is mounted, its volume is open, or a send that is not raw reads it.",
        mending="Unmount it first.",
        retry=Retry.AFTER,
        finding="dataset-busy",
    ),
    Entry(
        "key-already-unloaded",
        says("Key unload error: Key already unloaded for '…'"),
        title="The key is not loaded",
        meaning="There is nothing to do.",
        mending="Nothing.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "key-change-refused",
        says(
            "Key change error: Key must be loaded",
            "Key change error: Key is not currently loaded",
            "Key change error: Parent key must be loaded",
            "Key change error: Parent must be encrypted",
            "Key change error: Keys cannot be changed on clones",
            "Key change error: Keyformat required for new encryption root",
            "Key change error: Root dataset cannot inherit key",
            "Key change error: Key inheritting can only be performed on encryption roots",
        ),
        title="The key cannot be changed like this",
        meaning="Changing needs the key loaded, the parent's too if it is to be inherited.",
        mending="Do what the message asks. On a live replica do not change keys at all (#12614).",
        retry=Retry.AFTER,
    ),
    Entry(
        "keylocation-refused",
        says(
            "keylocation must not be 'none' for encrypted datasets",
            "keylocation may only be set on encryption roots",
            "keylocation must be 'none' for unencrypted datasets",
        ),
        title="keylocation cannot be set to this here",
        meaning=(
            "An encryption root always has a keylocation, and what inherits its key shows none. "
            "A vault cannot be made safe by setting it to none."
        ),
        mending="zfs set keylocation=prompt on the encryption root.",
        retry=Retry.NEVER,
    ),
    Entry(
        "suite-unknown",
        says("Key load error: '…' uses an unsupported encryption suite"),
        title="This ZFS does not know the dataset's encryption",
        meaning="The dataset came from a newer one.",
        mending="Update ZFS on this host, or unlock it on another.",
        retry=Retry.NEVER,
        finding="feature-missing",
    ),
    Entry(
        "key-parameters-invalid",
        says("Key load error: Invalid parameters provided for dataset …"),
        title="ZFS did not take the key's parameters",
        meaning="keyformat or pbkdf2iters stored with the dataset do not fit the key.",
        mending="Compare keyformat with what was given.",
        retry=Retry.AFTER,
    ),
    Entry(
        "keys-loaded-count",
        says("key(s) successfully loaded", "keys successfully loaded"),
        title="So many of the keys were loaded",
        meaning="If the two numbers differ, a message above says which failed.",
        mending="Look at the ones that failed.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "mount-key-missing",
        says("cannot mount '…': encryption key not loaded"),
        title="It cannot be mounted without its key",
        meaning="On a vault that is as it should be.",
        mending="Nothing, unless this replica is to be unlocked.",
        retry=Retry.AFTER,
    ),
    Entry(
        "mount-not-meant",
        says(
            "cannot mount '…': 'canmount' property is set to 'off'",
            "cannot mount '…': no mountpoint set",
            "cannot mount '…': legacy mountpoint",
        ),
        title="This dataset is not meant to be mounted by ZFS",
        meaning="canmount or mountpoint says so.",
        mending="Nothing on a replica; else set canmount or mountpoint.",
        retry=Retry.AFTER,
    ),
    Entry(
        "mount-partial",
        says("cannot mount '…': Contains partially-completed state from \"zfs receive -s\""),
        title="It holds only part of its first snapshot",
        meaning="The first receive was interrupted and is saved.",
        mending="Go on with the resume token, or give it up (zfs receive -A destroys the dataset).",
        retry=Retry.AFTER,
        finding="stale-token",
    ),
    Entry(
        "mount-authentication-failed",
        says("cannot mount '…': Input/output error"),
        title="Mounting failed while reading",
        meaning=(
            "After a raw receive: the data does not fit its authentication codes. Defects before "
            "2.1.7 do this (#12594, #13067, #13709), damage and tampering do too."
        ),
        mending=(
            "Do not roll back or destroy anything. Try an older snapshot, compare versions, scrub, "
            "look at zpool events."
        ),
        retry=Retry.NEVER,
        finding="known-bug",
    ),
    Entry(
        "mount-key-foreign",
        says("cannot mount '…': Permission denied"),
        title="The loaded key does not open this dataset",
        meaning=(
            "With keystatus=available: its key was replaced by an increment after a local "
            "change-key, so it is wrapped with the sender's (#12614)."
        ),
        mending="The sender's key and the old hierarchy are needed. Change nothing until then.",
        retry=Retry.NEVER,
        finding="key-may-not-unlock",
    ),
    Entry(
        "mount-busy",
        says(
            "cannot mount '…': mountpoint or dataset is busy",
            "cannot mount '…': directory is not empty",
            "cannot mount '…': Insufficient privileges",
            "cannot mount '…': filesystem already mounted",
        ),
        title="It could not be mounted there",
        meaning="The place is taken or not empty, or this user may not mount (only root on Linux).",
        mending="Receive with -u; mount as root where it is wanted.",
        retry=Retry.AFTER,
    ),
    Entry(
        "unmount-busy",
        says(
            "cannot unmount '…': pool or dataset is busy",
            "cannot unmount '…': dataset is busy",
            "umount: …: target is busy",
        ),
        title="It is in use and was not unmounted",
        meaning="A process has a file open there or stands there, or something is mounted below.",
        mending="End what uses it, then unmount again. Never by force: what is written is lost.",
        retry=Retry.AFTER,
        finding="dataset-busy",
    ),
    Entry(
        "not-mounted",
        says("cannot unmount '…': not currently mounted"),
        title="It is not mounted",
        meaning="There is nothing to do.",
        mending="Nothing.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
)
