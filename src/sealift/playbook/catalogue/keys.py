"""Pages on keys, on what shows that a replica is sealed, and on what could open it."""

from __future__ import annotations

from sealift.mentions import SEND, SNAPSHOT
from sealift.playbook.catalogue.page import Group, Page

KEYS = (
    Page(
        "key-loaded-on-vault",
        Group.KEYS,
        title="A key is loaded on a destination that must never hold one",
        means=(
            "Whoever is root there can read every dataset below that encryption root, all "
            "snapshots included, and could keep the key. Raw receives go on as if nothing were "
            "wrong."
        ),
        recognised="`keystatus=available` on a dataset of the destination.",
        do=(
            "Ask whether somebody works on it: a rehearsal or a restore may be under way.\n"
            "Find when and by whom: `zpool history -il POOL` as root can name `load-key`, with "
            "user and time.\n"
            "Unmount what is mounted, then unload: `zfs unmount DATASET`, `zfs unload-key -r "
            "ENCRYPTIONROOT`.\n"
            "Find what would load it again: pages `keylocation-automatic` and "
            "`boot-unit-loads-keys`.\n"
            "If nobody meant it, count data and passphrase as known there. `zfs change-key` on the "
            "source keeps the new passphrase secret, not the data: the master key stays."
        ),
        dont=(
            "Restarting the host to be rid of the key, as long as something may load it at boot.\n"
            "`zfs change-key` on the replica: the next raw increment replaces what it did, and can "
            "leave datasets that no key there opens (#12614)."
        ),
    ),
    Page(
        "keylocation-automatic",
        Group.KEYS,
        title="The destination knows where to get the key by itself",
        means=(
            "An encryption root there has a file or a URL as its `keylocation`. A restart, "
            "`zfs load-key -a` or `zpool import -l` then unlocks it, with nobody asked. It mostly "
            "came with the stream: `-p` and `-R` bring the source's `keylocation` along."
        ),
        recognised="`keylocation` of every encryption root of the destination: not `prompt`.",
        do=(
            "See whether the key itself is on that host, or within its reach, and take it away.\n"
            "Set `zfs set keylocation=prompt ENCRYPTIONROOT` on the destination. It needs no key.\n"
            "The next receive with `-p` or `-R` can bring the old value back: set it to `prompt` "
            "on the source as well, or check it after each."
        ),
        dont=(
            "`keylocation=none`: ZFS refuses it on an encryption root, and only datasets that "
            "inherit their key show it.\n"
            "Leaving it because the file is missing: the day somebody puts it there, it is used."
        ),
    ),
    Page(
        "boot-unit-loads-keys",
        Group.KEYS,
        title="The destination loads keys when it starts",
        means=(
            "Something in its start-up loads keys or asks for them on the console. A vault would "
            "be open after every restart, or stand still waiting for a passphrase."
        ),
        recognised=(
            "`zfs-load-key-` units, which `zfs-mount-generator` makes for every encryption root "
            "listed in `/etc/zfs/zfs-list.cache`; `zfs load-key` in other units and scripts; "
            "hooks of the initramfs; `pam_zfs_key`. Units that nothing starts and masked ones do "
            "not count. Only what this user may read there was seen."
        ),
        do=(
            "Look: `systemctl list-unit-files 'zfs-load-key*'`, `grep -r load-key /etc/systemd "
            "/etc/cron* /etc/rc.local`.\n"
            "Set `keylocation=prompt` on every encryption root of the replica, so that nothing can "
            "be loaded without a person.\n"
            "Take the replica's pool out of the generator's sight: remove its file from "
            "`/etc/zfs/zfs-list.cache`, then `systemctl daemon-reload`. Or mask the unit: "
            "`systemctl mask UNIT`.\n"
            "Restart once in daylight, and check `zfs get -r keystatus DEST`."
        ),
        dont=(
            "Relying on `org.openzfs.systemd:ignore=on` of the root alone: the unit that loads "
            "its key stays, and the mount of any child starts it.\n"
            "Disabling units by pattern: the host's own encrypted datasets need theirs."
        ),
    ),
    Page(
        "key-may-not-unlock",
        Group.KEYS,
        title="The passphrase at hand may not open the replica",
        means=(
            "After `zfs change-key` on the source each dataset of the replica takes the new "
            "wrapping with its next raw increment, not before; until all have, some open with the "
            "old passphrase and some with the new one. If a dataset was made to inherit another "
            "key on the replica itself (`change-key -i`), the next increment gives it the sender's "
            "wrapping below a root that has another, and no passphrase there opens it (#12614)."
        ),
        recognised=(
            "`pbkdf2salt`, `pbkdf2iters` and `keyformat` of every dataset, compared with the "
            "source's and with its encryption root's: a passphrase that is changed gets a new "
            "salt. A hex or raw key leaves no such trace. Or `zfs load-key` said incorrect key, or "
            "a mount was denied although the key is loaded."
        ),
        do=(
            "Keep the old passphrase and the new one, both.\n"
            "Take a new recursive snapshot and send it raw, to every dataset below that root: then "
            f"all have the new wrapping: a snapshot {SNAPSHOT}, then a send {SEND}.\n"
            "Where a key may be entered, try it without loading: `zfs load-key -n ENCRYPTIONROOT`. "
            "First the passphrase from before the change, then the one after.\n"
            "If the mount is denied with `keystatus=available`, change nothing there. The sender's "
            "key and the former hierarchy are needed."
        ),
        dont=(
            "`zfs change-key`, with or without `-i`, on a replica that goes on receiving.\n"
            "Destroying the source, or the old passphrase, before one unlocking has been seen.\n"
            "Trying passphrases on a vault: there each of them is known to its administrators."
        ),
    ),
    Page(
        "hierarchy-differs",
        Group.KEYS,
        title="The encryption roots are not those of the source",
        means=(
            "The data is the same, but datasets that inherit their key on the source are roots of "
            "their own on the replica, or the other way round. Each then has to be unlocked by "
            "itself, with the passphrase of the source's root. Sends of single datasets do that, "
            "and so does a `-R` receive that was not allowed to finish."
        ),
        recognised=(
            "`encryptionroot` of every dataset, compared below the top. The top is always a root "
            "on the destination. A `-R` receive that ended with 1 and said nothing is a sign."
        ),
        do=(
            "Check first that all data is there by guid: nothing has to be sent again.\n"
            "Send the next increment of the whole tree as one package: `zfs send -w -R -I @OLD "
            "SOURCE@NEW`, received with `zfs receive -s -u DEST`. It sets the hierarchy, and needs "
            "no key.\n"
            "If the receiving user is not root, that needs `zfs allow -u USER "
            "change-key,keylocation DEST`; or let root receive this one.\n"
            "Where it has to be unlocked before that, `zfs load-key -r DEST` asks for each root."
        ),
        dont=(
            "`zfs change-key -i` on the replica to put it right: with the next raw increment the "
            "datasets may be lost to every key there (#12614).\n"
            "Sending in full again."
        ),
    ),
    Page(
        "raw-lineage-unknown",
        Group.KEYS,
        title="Nothing shows that this dataset was received raw",
        means=(
            "It is encrypted, but shares no snapshot with a known IV set with the source. It may "
            "be sealed, it may have been encrypted anew on the destination. `encryption` alone "
            "does not tell."
        ),
        recognised=(
            "No pair of snapshots, or of a bookmark and a snapshot, with `guid` and `ivsetguid` "
            "equal on both sides. A dataset that only the destination has counts, too."
        ),
        do=(
            "See whether the source has that dataset under another name, or had it: `zfs list -o "
            "name,guid,keyguid -r SOURCE`.\n"
            "If the route carries it, send a raw increment, or receive in full under a new name: "
            "the first shared snapshot is the proof.\n"
            "If it belongs to nobody's route, find out whose it is, and move it out of this tree."
        ),
        dont=(
            "Reporting it as sealed because its `encryption` says aes-256-gcm.\n"
            "Loading its key to look."
        ),
    ),
    Page(
        "mounted-replica",
        Group.KEYS,
        title="A replica is mounted",
        means=(
            "Its files can be read there: its key is loaded, or it has none. If it is not "
            "read-only, reading alone changes it (access times), and the next increment is refused "
            "because the destination was modified."
        ),
        recognised="`mounted=yes` on a dataset of the destination.",
        do=(
            "Ask whether somebody works in it: `fuser -vm MOUNTPOINT`.\n"
            "`zfs unmount DATASET`, and `zfs unload-key ENCRYPTIONROOT` if this is a vault.\n"
            "`zfs set readonly=on DATASET`. It does not stop a receive.\n"
            "Keep it from mounting again: page `mountable-replica`."
        ),
        dont=(
            "`zfs unmount -f` under somebody's restore.\n"
            "`zfs receive -F` because the replica was changed: look at what was changed first."
        ),
    ),
    Page(
        "mountable-replica",
        Group.KEYS,
        title="The replica would mount by itself",
        means=(
            "As soon as its key is loaded, `zfs mount -a` or a restart mounts it, perhaps over a "
            "directory in use: the mount point can have come with the stream. `receive -u` "
            "prevents mounting during that receive only."
        ),
        recognised="`canmount`, `mountpoint` and `readonly` of every destination dataset.",
        do=(
            "See what would mount where: `zfs get -r -s local,received,inherited "
            "mountpoint,canmount DEST`.\n"
            "`zfs set mountpoint=none DEST`; it is inherited. Children with a mount point of their "
            "own need it each.\n"
            "`zfs set canmount=noauto DATASET` on each dataset: it is not inherited.\n"
            "`zfs set readonly=on DEST`.\n"
            "Receive with `-u -o readonly=on -x mountpoint` from then on."
        ),
        dont=(
            "`canmount=off` on the top alone: its children mount as before.\n"
            "Changing it on a warm standby whose procedure counts on it."
        ),
    ),
    Page(
        "writable-replica",
        Group.KEYS,
        title="The replica may be written to",
        means=(
            "Once it is mounted, or its volume opened, anything that writes there (an access time "
            "is enough) makes the next increment fail, because the destination was modified. "
            "What was written is then lost, or replication stands still."
        ),
        recognised="`readonly=off` on a dataset of the destination.",
        do=(
            "See whether something was written since: `zfs list -o name,written -r DEST`.\n"
            "`zfs set readonly=on DEST`; it is inherited. Children with a value of their own need "
            "it each, or `zfs inherit readonly CHILD`.\n"
            "Receive with `-o readonly=on` from then on: a stream with properties can bring "
            "another value along."
        ),
        dont=(
            "Leaving it off for a restore test: mount a clone, or mount with `-o ro`.\n"
            "`zfs receive -F` because it was written to: look at what was changed first."
        ),
    ),
    Page(
        "grants-too-wide",
        Group.KEYS,
        title="The replication user may do more than it needs",
        means=(
            "Whoever takes over that account can do all it may do. Plain `receive` suffices to "
            "destroy snapshots with `-F`; `destroy` and `rollback` do it directly; `load-key` and "
            "`change-key` have no place on a vault, and `send` without a limit lets data leave in "
            "the clear while its key is loaded."
        ),
        recognised="`zfs allow` of both trees, and what sudo or doas lets the user run as root.",
        do=(
            "See who may what: `zfs allow DEST`, `zfs allow SOURCE`, `sudo -l -U USER`.\n"
            "Grant what is needed first. Destination: `zfs allow -u USER "
            "receive:append,create,mount DEST` (2.3.2 and later, else `receive`), and "
            "`hold,release` if jobs hold there. Source: `send,snapshot,hold,release,bookmark` "
            "(2.4.4: `send:encrypted` for `send`).\n"
            "Then take the rest away: `zfs unallow -u USER "
            "receive,destroy,rollback,load-key,change-key DEST`.\n"
            'Prune with another account. Tie the ssh key to its commands: `restrict,command="…"` '
            "in `authorized_keys`."
        ),
        dont=(
            "Taking rights away while a job runs.\n"
            "Taking `create` or `mount` away: every increment needs them.\n"
            "Unlimited sudo for `zfs` instead: that is all of it at once."
        ),
    ),
    Page(
        "weak-passphrase",
        Group.KEYS,
        title="The passphrase can be guessed offline",
        means=(
            "Every raw stream carries the wrapped master key with its salt and its number of "
            "PBKDF2 rounds. Whoever holds a copy can try passphrases as fast as their machines "
            "allow, and nobody notices. Few rounds make that cheap."
        ),
        recognised=(
            "`keyformat=passphrase` and `pbkdf2iters` of the encryption roots. The passphrase "
            "itself is never seen here."
        ),
        do=(
            "On the source, choose a long random passphrase and more rounds: `zfs change-key -o "
            "keyformat=passphrase -o pbkdf2iters=NUMBER ENCRYPTIONROOT`. Or a random key: `-o "
            "keyformat=hex`.\n"
            "Put it where it can be found when the source is gone, and keep the former one.\n"
            f"Take a recursive snapshot and send it raw to every replica: {SNAPSHOT}, then "
            f"{SEND}.\n"
            "Copies made before still open with the old passphrase, and the master key stays the "
            "same. If the old one may be known, copy the data into a new dataset."
        ),
        dont=(
            "Changing it on the replica: the next raw increment replaces it.\n"
            "Forgetting the old passphrase before every dataset has taken a raw increment."
        ),
    ),
    Page(
        "known-bug",
        Group.KEYS,
        title="A known defect applies to these versions",
        means=(
            "OpenZFS of one of the hosts has a defect that concerns what this route does, or a "
            "message or a crash points to one. The finding gives the number of the issue. "
            "Distributions mend defects without changing the number of the version."
        ),
        recognised=(
            "`zfs version` of both hosts, command and kernel module, against the table of "
            "defects. Or a message that such a defect prints, or an abort."
        ),
        do=(
            "Read the issue, and the changelog of the host's package for its number.\n"
            "Compare the guids of both trees before anything is sent again: after a crash of the "
            "receiver the data is often all there.\n"
            "Leave out what sets it off: sends that are not raw (#12014), `send -w -h` without "
            "`-p` or `-R` (#10787), `-R -I` into a receiver of 2.1 (#14568), `change-key` on a "
            "replica (#12614).\n"
            "Update in daylight. A resume token outlives the restart."
        ),
        dont=(
            "Destroying or rolling back what fails to mount with an input/output error: defects "
            "before 2.1.7 look like damage (#12594, #13067, #13709), and an update may mend them.\n"
            "Reading a clean scrub as proof: without keys it checks checksums, not the "
            "authentication codes."
        ),
    ),
)
