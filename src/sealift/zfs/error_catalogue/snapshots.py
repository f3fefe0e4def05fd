"""What holding, destroying, rolling back and bookmarking says.

Source: `lib/libzfs/libzfs_dataset.c`, `cmd/zfs/zfs_main.c`.
"""

from __future__ import annotations

from sealift.zfs.error_catalogue.entry import Entry, Retry, Weight, says

SNAPSHOTS = (
    Entry(
        "hold-exists",
        says("cannot hold snapshot '…': tag already exists on this dataset"),
        title="It is held already",
        meaning="The snapshot has a hold with this tag.",
        mending="Nothing.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "hold-tag-too-long",
        says("cannot hold snapshot '…': tag too long", "cannot hold: tag too long"),
        title="The tag of the hold is too long",
        meaning="Together with the name it must stay below 256 bytes.",
        mending="Use a shorter tag.",
        retry=Retry.AFTER,
    ),
    Entry(
        "hold-missing",
        says("cannot release hold from snapshot '…': no such tag on this dataset"),
        title="It is not held with this tag",
        meaning="The hold was released already, or had another tag.",
        mending="Nothing.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "hold-permission-missing",
        says(
            "cannot hold snapshot '…': permission denied",
            "cannot hold: permission denied",
            "cannot release hold from snapshot '…': permission denied",
            "cannot release: permission denied",
        ),
        title="This user may not hold or release snapshots",
        meaning="Sends with -R or -I hold what they send while they run, so they need it as well.",
        mending="zfs allow -u USER hold,release DATASET.",
        retry=Retry.AFTER,
        finding="permission-missing",
    ),
    Entry(
        "hold-snapshot-missing",
        says(
            "cannot hold snapshot '…': dataset does not exist",
            "cannot release hold from snapshot '…': dataset does not exist",
        ),
        title="The snapshot to hold does not exist",
        meaning="It was destroyed or renamed since it was listed.",
        mending="List the snapshots again.",
        retry=Retry.AFTER,
    ),
    Entry(
        "snapshot-held",
        says(
            "cannot destroy snapshot …: dataset is busy",
            "cannot destroy snapshot …: it's being held. Run 'zfs holds -r …' to see holders",
        ),
        title="The snapshot is held",
        meaning="Someone keeps it, or it is being sent right now. It was not destroyed.",
        mending="See who (zfs holds), and release only what is yours.",
        retry=Retry.AFTER,
        finding="dataset-busy",
    ),
    Entry(
        "snapshot-cloned",
        says(
            "cannot destroy snapshot …: snapshot is cloned",
            "cannot destroy '…': snapshot has dependent clones",
        ),
        title="The snapshot has clones",
        meaning="Destroying it would take them along.",
        mending="Keep it, or decide about each clone first. Never -R without reading the list.",
        retry=Retry.NEVER,
    ),
    Entry(
        "dataset-has-children",
        says(
            "cannot destroy '…': filesystem has children", "cannot destroy '…': volume has children"
        ),
        title="There are datasets or snapshots below",
        meaning="Destroying it would take them along.",
        mending="Read the list. Never -r without it.",
        retry=Retry.NEVER,
    ),
    Entry(
        "nothing-to-destroy",
        says("could not find any snapshots to destroy; check snapshot names"),
        title="None of these snapshots exist",
        meaning="They are gone already, or their names are wrong.",
        mending="Nothing.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "rollback-would-destroy",
        says("cannot rollback to '…': more recent snapshots or bookmarks exist"),
        title="Rolling back would destroy newer snapshots",
        meaning="They are listed in the message. Nothing was changed.",
        mending="Read the list; zfs rollback -r destroys exactly that.",
        retry=Retry.AFTER,
        finding="destination-diverged",
    ),
    Entry(
        "rollback-would-destroy-clones",
        says("cannot rollback to '…': clones of previous snapshots exist"),
        title="Rolling back would destroy clones",
        meaning="Snapshots newer than this one have clones. Nothing was changed.",
        mending="Decide about each clone first.",
        retry=Retry.NEVER,
    ),
    Entry(
        "bookmark-exists",
        says("cannot create bookmark '…': bookmark exists"),
        title="A bookmark of this name exists",
        meaning="If its guid is that of the snapshot, it is the same one.",
        mending="Compare the guids.",
        retry=Retry.NOT_NEEDED,
        weight=Weight.NOTE,
    ),
    Entry(
        "bookmarks-unavailable",
        says("cannot create bookmark '…': bookmark feature not enabled"),
        title="The pool has no bookmarks",
        meaning="The pool feature bookmarks is disabled.",
        mending="zpool set feature@bookmarks=enabled POOL (and bookmark_v2 for raw increments).",
        retry=Retry.AFTER,
        finding="feature-missing",
    ),
    Entry(
        "snapshot-exists",
        says("cannot create snapshot '…': dataset already exists"),
        title="A snapshot of this name exists",
        meaning="Names made from the minute collide when two are taken in one minute.",
        mending="Choose another name.",
        retry=Retry.AFTER,
    ),
    Entry(
        "no-space-for-snapshot",
        says("cannot create snapshot '…': out of space", "cannot create snapshots : out of space"),
        title="There is no room for a snapshot",
        meaning="The pool or a quota is full.",
        mending="Free space first.",
        retry=Retry.AFTER,
        finding="space-low",
    ),
)
