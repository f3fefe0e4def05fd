"""Pages on reaching the hosts, logging in, and being allowed to work there."""

from __future__ import annotations

from sealift.mentions import JOBS
from sealift.playbook.catalogue.page import Group, Page

ACCESS = (
    Page(
        "host-unreachable",
        Group.ACCESS,
        title="A host does not answer",
        means=(
            "It is down, the network to it is, or it is so busy that no answer came in time. A "
            "job on its coordinator goes on without us; what the screen shows of that host has an "
            "age."
        ),
        recognised=(
            "Name lookup, connection or login failed, a command ran into its deadline, or a "
            "connection broke. ssh ends with 255 in a pipeline when that happens."
        ),
        do=(
            "Try it by hand: `ssh -v HOST true`, `ping HOST`.\n"
            "If it answers but hangs in `zfs` or `zpool`, see `pool-suspended`.\n"
            "If it is reached through a jump host, try that one first.\n"
            "If sshd takes no further session, close some, or raise its `MaxSessions`.\n"
            f"When it is back, look at the jobs {JOBS}. A broken transfer goes on with its resume "
            "token."
        ),
        dont=(
            "Switching a host off and on before it is clear that it is the host, not the network.\n"
            "Starting the same send again from elsewhere: a job may still be at work."
        ),
    ),
    Page(
        "authentication-failed",
        Group.ACCESS,
        title="ssh is not let in",
        means=(
            "The host answers and refuses this user's keys. Between the two hosts it is the "
            "coordinator's own key that counts, yours only with `--forward-agent`."
        ),
        recognised=(
            "The login was refused, or ssh in the pipeline said permission denied or too many "
            "authentication failures."
        ),
        do=(
            "See which user and key are tried: `ssh -v HOST true`, `ssh-add -l`.\n"
            "If the agent offers too many keys: `IdentitiesOnly yes` and `IdentityFile` for that "
            "host in the ssh config.\n"
            "If it is the way between the hosts, log in on the coordinator and try from there, "
            "with `-o BatchMode=yes`.\n"
            "Read sshd's log on the host: mode of `authorized_keys`, expiry, `AllowUsers`."
        ),
        dont=(
            "Password logins for a job: nobody is there to type.\n"
            "Trying on and on: the host may lock the address out."
        ),
    ),
    Page(
        "host-key-changed",
        Group.ACCESS,
        title="The host shows another key than before",
        means=(
            "It was reinstalled, its address belongs to another machine now, or somebody stands "
            "between. Until that is known nothing may be sent there, and nothing it says counts."
        ),
        recognised=(
            "The key it showed, against the known_hosts files of whoever connected: this machine, "
            "or the coordinator for the way between the hosts. Or ssh said that the verification "
            "failed."
        ),
        do=(
            "Ask whoever runs the host, by another way than this network, and have them read its "
            "fingerprint: `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`.\n"
            "Compare with what was shown: `ssh -v HOST true` prints it.\n"
            "Only if they are equal, remove the old key (`ssh-keygen -R HOST`) where it is "
            "remembered, and accept the new one."
        ),
        dont=(
            "Removing the old key to make the message go.\n"
            "`StrictHostKeyChecking=no`, also not for one night."
        ),
    ),
    Page(
        "host-key-unknown",
        Group.ACCESS,
        title="Nobody here has accepted this host's key yet",
        means="It is the first connection to it from here, so nothing tells who answers.",
        recognised="The host's key is in none of the known_hosts files that apply.",
        do=(
            "Get the fingerprint from the host itself, on its console or from whoever runs it: "
            "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`.\n"
            "Compare it with the one shown, all of it, and accept it on the screen or by one login "
            "with `ssh`.\n"
            "For the way between the hosts do the same on the coordinator."
        ),
        dont=(
            "Accepting it unseen.\n"
            "`ssh-keyscan` into known_hosts without comparing: that is accepting it unseen."
        ),
    ),
    Page(
        "host-key-revoked",
        Group.ACCESS,
        title="The host's key is revoked",
        means=(
            "Somebody has marked this key as stolen or retired. Whoever shows it may be anybody."
        ),
        recognised="A `@revoked` line of a known_hosts file names the key that the host showed.",
        do=(
            "Ask who wrote that line, and why.\n"
            "Have the host get new keys, and compare their fingerprints before accepting them."
        ),
        dont="Removing the line to get in.",
    ),
    Page(
        "host-certificate-refused",
        Group.ACCESS,
        title="The host's certificate is not valid",
        means=(
            "It has expired or is not valid yet, was made for another name, or was not signed by "
            "the authority that known_hosts trusts. A wrong clock on this side looks the same."
        ),
        recognised="The certificate it showed, against the `@cert-authority` lines of known_hosts.",
        do=(
            "Check the clock here: `date -u`.\n"
            "Look at it on the host: `ssh-keygen -Lf /etc/ssh/ssh_host_ed25519_key-cert.pub` "
            "(names, validity).\n"
            "Connect by a name that it was made for, or have it made anew."
        ),
        dont="Turning host key checking off for this host.",
    ),
    Page(
        "ssh-config",
        Group.ACCESS,
        title="The ssh configuration cannot be used",
        means=(
            "A file that it names cannot be read, or an option has a value that is not "
            "understood. No connection was tried."
        ),
        recognised="Reading the ssh config, or a key or known_hosts file that it names, failed.",
        do=(
            "Read the file or option named in the message.\n"
            "See what ssh itself makes of it: `ssh -G HOST`.\n"
            "Use another file for the time being: `sealift --ssh-config FILE`."
        ),
        dont="Loosening the mode of a private key to make it readable: ssh refuses such keys.",
    ),
    Page(
        "noisy-login",
        Group.ACCESS,
        title="The login shell prints text of its own",
        means=(
            "A start-up file writes to every login, also where a program reads. What ZFS says "
            "cannot be told from it, and in a pipeline it would stand in front of the stream and "
            "spoil it."
        ),
        recognised="Lines in the answer to our first questions that none of them has printed.",
        do=(
            "See it: `ssh HOST true` must print nothing.\n"
            "Find the file: `.bashrc`, `.cshrc`, `.zshenv`, `/etc/profile.d`, a forced command.\n"
            "Print only where somebody looks: `case $- in *i*) echo … ;; esac`."
        ),
        dont="`ssh -t`: a terminal in between damages the stream.",
    ),
    Page(
        "permission-missing",
        Group.ACCESS,
        title="The user lacks a right",
        means=(
            "The host is reached, but ZFS, sudo or doas refuses this command to this user. A "
            "property that could not be set leaves the receive itself with exit code 0."
        ),
        recognised=(
            "What the command said, what `zfs allow` shows, and what `sudo -n -l` or doas allows. "
            "`zpool events` and `zpool history` are root's on every system."
        ),
        do=(
            "See who the user is and what it may do: `id`, `zfs allow DATASET`, `sudo -n -l`.\n"
            "Source: `zfs allow -u USER send,hold,release,snapshot,bookmark SOURCE`. `-R` and `-I` "
            "need `hold` as well.\n"
            "Destination: `zfs allow -u USER receive,create,mount DEST`, for increments too; from "
            "2.3.2 on `receive:append`, which refuses `-F`. Add `hold,release` if jobs hold "
            "there.\n"
            "Each property that comes with `-p`, `-R` or `-o` needs its own right, or leave it out "
            "with `-x`.\n"
            "If all rights are there: `zpool get delegation POOL` must say on."
        ),
        dont=(
            "Granting `destroy`, `rollback`, `load-key` or `change-key` to get past it.\n"
            "Unlimited sudo, or root's login, in place of the one right that is missing."
        ),
    ),
    Page(
        "zfs-missing",
        Group.ACCESS,
        title="There is no ZFS on that host",
        means=(
            "The commands are not installed or lie outside this user's PATH, or the kernel module "
            "is not loaded. After a kernel update the module may not have been built."
        ),
        recognised=(
            "No `zfs` is found in PATH or the usual folders, or it says that the modules are not "
            "loaded or `/dev/zfs` is missing."
        ),
        do=(
            "Check that it is the right host: `hostname`.\n"
            "Look: `ls -l /sbin/zfs /usr/sbin/zfs /usr/local/sbin/zfs /dev/zfs`, `lsmod | grep "
            "zfs`.\n"
            "Load the module: `modprobe zfs` as root. If it does not exist for this kernel, see "
            "`uname -r` and `dkms status`, or start the former kernel.\n"
            "Then import the pool if it is not there: `zpool import` lists, `zpool import POOL` "
            "does it."
        ),
        dont=(
            "Importing with `-f` before it is clear that no other host has the pool.\n"
            "Creating a pool because none is shown."
        ),
    ),
    Page(
        "program-missing",
        Group.ACCESS,
        title="A program that the job needs is not installed",
        means=(
            "The coordinator lacks something that the pipeline or the job's runner uses. Nothing "
            "was started."
        ),
        recognised="The coordinator's shell does not find the program by its name.",
        do=(
            "Install it there. Runner: `sh`, `ps`, `awk`, `tar`, `setsid`, `flock`, and `ssh` for "
            "the way to the other host.\n"
            "If it is `pv` or `mbuffer`, plan without `--rate-limit` or `--buffer`.\n"
            "Or have another host run the pipeline: `--via source`, `destination` or `operator`."
        ),
        dont="Running the pipeline in a terminal instead: it ends with that terminal.",
    ),
    Page(
        "no-data-path",
        Group.ACCESS,
        title="The coordinator has no way to the other side",
        means=(
            "The stream goes from host to host by the coordinator's own ssh, and it has no name "
            "for the other end: one side is this machine, which that host may not know or reach, "
            "or nothing can be relayed here."
        ),
        recognised="The two places of the route, and whose shell is to run the pipeline (`--via`).",
        do=(
            "Name the local side as the other host knows it: `[user@]host:pool/dataset`.\n"
            "Or run the pipeline here: `--via operator`. The stream then passes this machine's "
            "ssh.\n"
            "Try the way: on the coordinator, `ssh -o BatchMode=yes HOST true`."
        ),
        dont="Opening this machine to the internet for one transfer.",
    ),
    Page(
        "clock-skew",
        Group.ACCESS,
        title="The clocks of the hosts differ",
        means=(
            "Ages, lag and the timeline of a report are wrong by that much, and retention by age "
            "may destroy the wrong snapshots. The chain itself does not depend on clocks: ZFS "
            "orders by transaction group and matches by guid."
        ),
        recognised="`date` on each host against this machine, less the time that the answer took.",
        do=(
            "See which clock is wrong: `timedatectl`, `chronyc tracking` on each.\n"
            "Pause retention by age on the host that is wrong.\n"
            "Mend its time service, and let it bring the clock near by and by."
        ),
        dont=(
            "Setting a clock back by hand where snapshots are named by time: names collide.\n"
            "Renaming snapshots to correct their times."
        ),
    ),
)
