"""Pages on the chain: what the next raw increment starts from, and what stands in its way."""

from __future__ import annotations

from sealift.mentions import HOLD, HOLDS, JOBS, ROLL_BACK, SEND, SNAPSHOT, TOKENS
from sealift.playbook.catalogue.page import Group, Page

CHAIN = (
    Page(
        "no-common-base",
        Group.CHAIN,
        title="The two sides share no snapshot",
        means=(
            "An increment has nothing to start from. The replica is as good as it was, but it "
            "cannot be continued as it stands. Equal snapshot names prove nothing."
        ),
        recognised=(
            "No snapshot of the destination has the `guid` of a snapshot or a bookmark of the "
            "source. Or `zfs receive` said that its most recent snapshot does not match the "
            "incremental source."
        ),
        do=(
            "Check that these two datasets belong together: a rename, a swapped replica or a "
            "typing error in the route looks like this.\n"
            "Look for a bookmark of the base: `zfs list -t bookmark -o name,guid,ivsetguid -r "
            "SOURCE`.\n"
            "Look for a third copy that still has the base and what came after it. It can send "
            "onward with `-w`, without any key.\n"
            "Else receive in full under a new name: `zfs send -w SOURCE@NEW`, received with `zfs "
            "receive -s -u DEST-NEW`. Compare, and only then decide about the old replica."
        ),
        dont=(
            "Giving snapshots the same names by hand: the guid decides.\n"
            "Adding `-F`: it cannot turn an existing dataset into the start of a raw chain.\n"
            "Destroying the old replica first: it may hold the only old snapshots left."
        ),
    ),
    Page(
        "base-missing-on-source",
        Group.CHAIN,
        title="The base is gone on the source",
        means=(
            "The destination stands at a snapshot that the source no longer has, neither as a "
            "snapshot nor as a bookmark. Mostly a retention job destroyed it there."
        ),
        recognised=(
            "The `guid` of the destination's newest snapshot, looked for among the source's "
            "snapshots and bookmarks. Or `zfs send` said that the incremental source does not "
            "exist."
        ),
        do=(
            "Stop the retention job before it takes the next base.\n"
            "See whether an older snapshot is shared by `guid` and `ivsetguid`. If so, the way "
            f"back leads over a rollback of the destination {ROLL_BACK}, which destroys what is "
            "newer there: read the list, it may be the only copy.\n"
            "Else receive in full under a new name, compare, then decide about the old one.\n"
            "From then on hold the base on both sides (`zfs hold TAG DATASET@BASE`) and keep a "
            "bookmark on the source (`zfs bookmark SOURCE@BASE SOURCE#BASE`): sealift's jobs do "
            "both."
        ),
        dont=(
            "Taking a new snapshot with the old name: it has another guid.\n"
            "Rolling the destination back without having read what dies."
        ),
    ),
    Page(
        "destination-diverged",
        Group.CHAIN,
        title="The destination has something of its own after the base",
        means=(
            "A raw increment is only taken if the base is the newest snapshot there and nothing "
            "was written since. One local snapshot is enough to refuse it, even if it holds no "
            "change. Snapshot tools on the replica, a writable mount or a snapshot by hand do "
            "this."
        ),
        recognised=(
            "Snapshots of the destination newer than the base whose `guid` the source does not "
            "have. Or `zfs receive` said that the destination has been modified since its most "
            "recent snapshot."
        ),
        do=(
            "See what is newer there, and who holds it: `zfs list -t snapshot -o "
            "name,creation,used,userrefs -s createtxg DEST`.\n"
            "Stop what made it: `zfs set readonly=on DEST` and no snapshot tool on the replica "
            "(`zfs set com.sun:auto-snapshot=false DEST`, sanoid's configuration).\n"
            "If any of it is worth keeping, send it elsewhere first, with `-w`.\n"
            f"Roll back as a step of its own {ROLL_BACK}, then plan again. If there are newer "
            "snapshots, `zfs rollback DEST@BASE` refuses and lists them, and `zfs rollback -r "
            "DEST@BASE` destroys them. If there are none, the first already throws away what was "
            "written since."
        ),
        dont=(
            "`zfs receive -F`: it does the same without showing it, and with `-R` it also destroys "
            "every snapshot and dataset that the source no longer has.\n"
            "Releasing other people's holds so that the rollback goes through."
        ),
    ),
    Page(
        "ivset-mismatch",
        Group.CHAIN,
        title="The base was encrypted anew on the destination",
        means=(
            "The snapshots are the same by `guid`, but their blocks carry other IVs: a stream "
            "that was not raw was received there in between. Every later raw increment from this "
            "base is refused. If the `ivsetguid` is missing instead, the base was made before "
            "0.8.1 or is a bookmark of the first kind, and ZFS cannot prove that raw data fits."
        ),
        recognised=(
            "`guid` and `ivsetguid` of both sides' snapshots. `ivsetguid` is a hidden property: "
            "`zfs get` shows it where it is asked for by name, without any key. Or `zfs receive` "
            "said IV set guid mismatch, or missing."
        ),
        do=(
            "Find who sent without `-w`, and end that.\n"
            "Find the newest snapshot with both equal: `zfs get -Hp -r -t snapshot,bookmark -o "
            "name,property,value guid,ivsetguid` of SOURCE and DEST.\n"
            "If there is one, roll the destination back to it, after reading what that destroys "
            f"{ROLL_BACK}, and send with `-w`.\n"
            "If there is none, receive in full under a new name, compare, then decide about the "
            "old one."
        ),
        dont=(
            "Setting `zfs_disable_ivset_guid_check` to get past a mismatch: the stream is taken, "
            "and the result cannot be decrypted. It is for the documented procedure of errata 4 "
            "(ZFS-8000-ER) only.\n"
            "Going on with sends that are not raw because those are still taken."
        ),
    ),
    Page(
        "key-lineage-mismatch",
        Group.CHAIN,
        title="The replica was not made from this source",
        means=(
            "Its master key is another one, or it is not encrypted at all. The dataset was "
            "created anew on one side, or the route names the wrong one. It can never take this "
            "source's raw stream. Passphrases play no part: `zfs change-key` leaves the master "
            "key as it is."
        ),
        recognised=(
            "`keyguid` of both datasets, read with `zfs get -Hp`. Or `zfs receive` said that the "
            "encryption key does not match the existing key, or that a raw receive cannot go on "
            "top of an unencrypted dataset."
        ),
        do=(
            "Check the route: `zfs list -o name,guid,keyguid,origin,creation` on both sides.\n"
            "If the source was created anew, the replica is what is left of the former one: hold "
            "its snapshots until somebody has decided.\n"
            "Receive in full under a new name: `zfs send -w SOURCE@NEW`, received with `zfs "
            "receive -s -u DEST-NEW`. Compare, then retire the old one."
        ),
        dont=(
            "`zfs change-key` to make the two alike.\n"
            "Destroying the old replica to free its name before the new one is whole."
        ),
    ),
    Page(
        "anchor-not-held",
        Group.CHAIN,
        title="The base is not held",
        means=(
            "The next increment depends on this snapshot, and anybody's cleanup may destroy it. "
            "Then only an older base, a bookmark or a full send is left."
        ),
        recognised=(
            "`userrefs` and `zfs holds` of the base on either side: no hold that lasts, and on the "
            "source no bookmark of it. Where no hold of the route's tag and no job shows that this "
            f"route holds its anchors it is a note only. The list of holds {HOLDS} counts the "
            "route's own tag alone: another's owner may release it at any moment."
        ),
        do=(
            "Hold it on both sides: `zfs hold TAG SOURCE@BASE` and `zfs hold TAG DEST@BASE` "
            f"{HOLD} {HOLDS}.\n"
            "Keep a bookmark on the source, which costs next to nothing: `zfs bookmark SOURCE@BASE "
            "SOURCE#BASE`.\n"
            "Tell the retention job which snapshots are the route's."
        ),
        dont=(
            "`zfs send -h` together with `-w` to bring the hold along: without `-p` or `-R` it "
            "crashes the receiver (#10787, up to 2.4.4).\n"
            "Holding every snapshot there is: nothing can be pruned any more."
        ),
    ),
    Page(
        "stale-token",
        Group.CHAIN,
        title="A partial receive waits to be finished",
        means=(
            "The destination has saved the beginning of a snapshot and offers a resume token for "
            "the rest. Nothing is lost, but until it is finished or given up the dataset takes no "
            "other stream. It may have waited for months."
        ),
        recognised=(
            "`receive_resume_token` of every destination dataset, decoded here and looked up by "
            "guid in what the source has. A receive that is under way now shows a token as well."
        ),
        do=(
            f"Look whether somebody is receiving into it now: `ps`, jobs {JOBS}. If so, wait.\n"
            f"Resume it {SEND}: `zfs send -w -t TOKEN`, received with `zfs receive -s -u` into "
            "exactly the dataset that shows the token.\n"
            "Plan the rest afterwards: a token finishes one snapshot of one dataset.\n"
            f"Only if it is not wanted any more, give it up: `zfs receive -A DEST` {TOKENS}. Of an "
            "increment that destroys what arrived of it; of a first snapshot, the whole dataset."
        ),
        dont=(
            "Aborting before it is clear what that destroys.\n"
            "Resuming without `-s`: the next interruption throws away all that was saved.\n"
            "Resuming without `-w`: a token is not to be trusted to say that the stream is raw.\n"
            "Receiving into the parent: ZFS then blames the kernel modules (#15394).\n"
            "Destroying target or base on the source meanwhile: hold both."
        ),
    ),
    Page(
        "dead-token",
        Group.CHAIN,
        title="A partial receive can never be finished",
        means=(
            "The snapshot it is for or its base is gone from the source, the name now belongs to "
            "another snapshot, it has arrived by another way, or the token is damaged. It goes on "
            "refusing every other stream into that dataset."
        ),
        recognised=(
            "The token is decoded, and the guids in it are looked for among the source's "
            "snapshots and bookmarks and the destination's snapshots. Or `zfs send -t` said "
            "cannot resume send."
        ),
        do=(
            "If it cannot be read, read it again whole: `zfs get -Hp -o value receive_resume_token "
            "DEST`. It may have been cut in a copy.\n"
            "See whether the dataset has snapshots: `zfs list -t snapshot DEST`. If it has none, "
            "giving the token up destroys the dataset.\n"
            f"Give it up: `zfs receive -A DEST` {TOKENS}.\n"
            f"Plan anew {SEND}, and hold base and target from now on."
        ),
        dont=(
            "`zfs destroy` of the dataset to get rid of the token: `-A` takes the partial snapshot "
            "alone where there are whole ones.\n"
            "Trying the same token again: what is gone does not come back."
        ),
    ),
    Page(
        "foreign-token",
        Group.CHAIN,
        title="The token is for something else",
        means=(
            "It names another snapshot or another base than is due here: somebody else sends into "
            "this dataset, or the token was made up. A token comes from the destination, and a "
            "source that obeys it sends whatever it names, in the clear if it says so (#14153)."
        ),
        recognised=(
            "`toguid`, `fromguid` and `rawok` in the decoded token, compared with the plan and "
            "with all datasets of the source's tree. Its name for the snapshot is not trusted."
        ),
        do=(
            "Send nothing by it.\n"
            "Find whose the snapshot is: look for the guid with `zfs list -t snapshot -o name,guid "
            "-r POOL` on the source.\n"
            "Find who sends there: `ps` on both hosts now, `zpool history -il POOL` as root on the "
            "destination for what was. If it is somebody's, have them finish, and give the two "
            "transfers datasets of their own.\n"
            "If nobody needs it: `zfs receive -A DEST`, after reading what that destroys "
            f"{TOKENS}.\n"
            "If nobody can explain it, treat the destination as not to be trusted until somebody "
            "can."
        ),
        dont=(
            "`zfs send -t TOKEN` by hand, least of all without `-w`.\n"
            "Aborting first and asking later: the token is the only trace."
        ),
    ),
    Page(
        "mixed-snapshots",
        Group.CHAIN,
        title="The datasets of the tree stand at different snapshots",
        means=(
            "A `-R` send broke off halfway, or a child was made after the snapshot was taken. "
            "Each dataset can go on from its own base, but one package for all fails at the one "
            "that lacks it. A restore from this tree now would mix two points in time."
        ),
        recognised=(
            "The newest shared snapshot of each dataset, compared over the tree. Or "
            "`zfs send -R` said that a snapshot does not exist in a child."
        ),
        do=(
            f"Finish partial receives first {TOKENS}.\n"
            f"Send dataset by dataset, each from its own base: sealift plans it so {SEND}.\n"
            f"Take a new recursive snapshot {SNAPSHOT}: `zfs snapshot -r SOURCE@NAME`.\n"
            "Send that as one package, `zfs send -w -R -I @OLD SOURCE@NEW`: it also puts the "
            "encryption hierarchy right, and needs no key."
        ),
        dont=(
            "Rolling back the datasets that are ahead, to make the tree even.\n"
            "`zfs receive -F` with `-R`.\n"
            "`zfs send -R --skip-missing`: it leaves datasets out and ends well."
        ),
    ),
    Page(
        "orphan-receive",
        Group.CHAIN,
        title="A receive that is not ours runs into this dataset",
        means=(
            "A `zfs receive` runs there that no job of this route has started: somebody's own, or "
            "one whose sender is gone and whose sshd has not noticed yet. While it lives no other "
            "stream is taken."
        ),
        recognised=(
            "The destination's process list, matched by dataset with the route's jobs and with "
            "the senders on the source."
        ),
        do=(
            "See whose it is and since when: `ps -eo pid,ppid,user,etime,stat,args` there, and its "
            "connection: `ss -tnp`.\n"
            "See whether it moves: the pool's `zpool iostat`, and the sender on the other host.\n"
            "If it moves, or has an owner, wait.\n"
            "If its sender is gone, end that one process by its number: `kill PID`. What it has "
            "received is kept if it runs with `-s`.\n"
            f"Plan again: there may be a token now {SEND}."
        ),
        dont=(
            "Ending every `zfs receive` by name: other routes' go with it.\n"
            "`zfs receive -A` while it runs.\n"
            "Restarting the host because the process does not die: look at the pool first, one "
            "that is suspended holds it."
        ),
    ),
    Page(
        "replica-incomplete",
        Group.CHAIN,
        title="Not everything has arrived, though the commands ended well",
        means=(
            "Snapshots or datasets that were sent are not there by guid. `--skip-missing` leaves "
            "datasets out, and receivers of 2.1 can swallow parts of a `-R` increment silently "
            "(#14568). Or somebody destroyed them meanwhile."
        ),
        recognised=(
            "The guids of both trees, read again after the job. An exit code of 0 is not taken "
            "for an answer. Or `zfs send` said that it left a dataset out."
        ),
        do=(
            "See which are missing: the tree marks what only the source has.\n"
            "If a child lacks the snapshot on the source, too: `zfs snapshot -r SOURCE@NAME` "
            f"{SNAPSHOT}.\n"
            f"Plan again {SEND}: it starts from what is there.\n"
            "With a receiver of 2.1 send per dataset (`--per-dataset`), or update it."
        ),
        dont=(
            "Pruning on the source until the guids are there.\n"
            "Sending the whole tree in full again: the datasets that are there refuse it."
        ),
    ),
    Page(
        "interrupted-receives",
        Group.CHAIN,
        title="Receives are cut off again and again",
        means=(
            "Several receives into this dataset were begun within a day and none came to its end. "
            "Without `-s` each of them started from nothing."
        ),
        recognised=(
            "`receive` without `finish receiving` in `zpool events`, where we may read them."
        ),
        do=(
            f"See what the sender said: the jobs {JOBS}, or the log of whatever starts the sends.\n"
            "If it ends after the same time each time, somebody has set a deadline.\n"
            f"If the link breaks, send with a job {SEND}: it goes on from the resume token by "
            "itself.\n"
            "If nothing of it stays, have whoever starts it use `zfs receive -s`."
        ),
        dont="Trying the same again by hand without having read why it ended.",
    ),
)
