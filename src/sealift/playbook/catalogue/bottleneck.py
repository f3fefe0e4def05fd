"""Pages on where the time goes: the one stage of a running pipeline that all others wait for.

Sources: zpool-iostat(8), ss(8), the `txgs` kstat, `module/zfs/dmu_send.c` and `dmu_recv.c`; what is
slow where is OpenSSH's and TCP's own nature.
"""

from __future__ import annotations

from sealift.mentions import CANCEL
from sealift.playbook.catalogue.page import Group, Page

BOTTLENECK = (
    Page(
        "source-disk",
        Group.BOTTLENECK,
        title="The source's disks set the pace",
        means=(
            "`zfs send` waits for its own pool to read. Everything behind it is idle: the pipe is "
            "empty and the connection has nothing to carry."
        ),
        recognised=(
            "What `zfs send` waits for (the pool, not the pipe), read latency and queues in "
            "`zpool iostat -lq` of the source, and a receive that waits for the stream. Medians "
            "over the window, never one sample."
        ),
        do=(
            "See what else reads: `zpool status` (scrub, resilver), backups, the application.\n"
            "Look for one slow device: `zpool iostat -vly POOL 2`, `zpool status -s POOL`. One "
            "that is far slower than its peers holds up all of them: replace it.\n"
            "Pause a scrub: `zpool scrub -p POOL`.\n"
            "Move the send into quieter hours. Small records that lie scattered read no faster."
        ),
        dont=(
            "Several sends at once from spinning disks: they only add seeks.\n"
            "`mbuffer`, another cipher, a bigger link: none of them reads faster."
        ),
    ),
    Page(
        "destination-disk",
        Group.BOTTLENECK,
        title="The destination's disks set the pace",
        means=(
            "The receiving pool writes more slowly than the stream arrives. At first memory takes "
            "it all and the transfer looks healthy, then ZFS makes the receive wait, and in the "
            "end the sender."
        ),
        recognised=(
            "The pool's `txgs` statistics: long syncs with much dirty data. Delayed writes, "
            "write latency and queues in `zpool iostat -lq` of the destination. The window has "
            "to be longer than a transaction group."
        ),
        do=(
            "See whether the pool is well: `zpool status POOL` (degraded, scrub, resilver), `zpool "
            "list` (full, fragmented), `zfs get -r dedup DEST`.\n"
            "Look for one slow device: `zpool iostat -vlqy POOL 2`, `zpool status -s POOL`.\n"
            "See who else writes there, and move one of the two.\n"
            "Pause a scrub: `zpool scrub -p POOL`."
        ),
        dont=(
            "A log device or `sync=disabled`: a receive does not write through the intent log.\n"
            "`mbuffer` or more dirty data (`zfs_dirty_data_max`): both only put the stall off.\n"
            "Judging by the first seconds."
        ),
    ),
    Page(
        "source-cpu",
        Group.BOTTLENECK,
        title="The source's processor sets the pace",
        means=(
            "One thread of the send uses a whole core, or the host has none to spare. A raw send "
            "does no encryption, so what is left is reading metadata: many small files, many "
            "snapshots. A processor busy with AES means ssh, an encrypted disk below the pool, or "
            "a send that is not raw."
        ),
        recognised=(
            "Processor time of `zfs send` and of its kernel threads (`send_traverse`, "
            "`send_merge`, `send_reader`), thread by thread, while disks and link are idle and "
            "the pipe is empty."
        ),
        do=(
            "Check that it is raw: `ps` must show `-w`.\n"
            "See who else computes: `top -H`.\n"
            "Send fewer snapshots: `-i` to the newest instead of `-I`, no other tools' ones.\n"
            "Split it by dataset: each stream has threads of its own."
        ),
        dont=(
            "`ssh -C` or a compressor in the pipe: more work for the same bytes.\n"
            "Another cipher for ssh, as long as it is not ssh that computes."
        ),
    ),
    Page(
        "destination-cpu",
        Group.BOTTLENECK,
        title="The destination's processor sets the pace",
        means=(
            "The receive, or the threads that write for it, have no processor left. A raw receive "
            "does no encryption and no compression: what is left is checksums, parity, and "
            "encryption of disks below the pool."
        ),
        recognised=(
            "Processor time of `zfs receive` and of the kernel's write threads, thread by thread, "
            "and the host's idle time, while the stream waits to be read and disks are not full."
        ),
        do=(
            "Check that it is raw: `ivsetguid` equal on both sides. Busy write threads "
            "(`z_wr_iss`) can be a receive that encrypts.\n"
            "See who else computes: `top -H`.\n"
            "Look at what each block costs: `zfs get -r checksum DEST`, encrypted disks below the "
            "pool (`dmsetup table` as root), raidz on a small processor.\n"
            "Let it run while it moves."
        ),
        dont=(
            "Changing `compression` there: raw blocks stay as they come.\n"
            "Switching checksums off.\n"
            "Starting more streams at once."
        ),
    ),
    Page(
        "ssh-cpu",
        Group.BOTTLENECK,
        title="ssh sets the pace",
        means=(
            "One ssh or sshd encrypts the whole stream in one thread, and that thread has reached "
            "the speed of its core. The other cores do not help it."
        ),
        recognised=(
            "Processor time of the pipeline's `ssh` and `sshd`: about a whole core, while the "
            "pipe before it is full, and link and disks are not."
        ),
        do=(
            "See whether it compresses: `-C` in `ps`, `compression` in `ssh -G HOST`. Take that "
            "out: it gains nothing on ciphertext and costs most of the thread.\n"
            "See whether the processor has AES instructions: `grep -m1 -ow aes /proc/cpuinfo`.\n"
            "If both have, try a cipher that uses them: `ssh -c aes128-gcm@openssh.com HOST`. Make "
            "it lasting with `Ciphers` for that host in the ssh config of the host that runs the "
            "pipeline.\n"
            "If one has none, `chacha20-poly1305@openssh.com` is the faster one.\n"
            "Split it by dataset: each stream has an ssh of its own."
        ),
        dont=(
            "Netcat instead of ssh: the blocks are encrypted, names and properties are not, and "
            "anybody in between could cut or change the stream."
        ),
    ),
    Page(
        "network-bandwidth",
        Group.BOTTLENECK,
        title="The link is full",
        means=(
            "The connection carries what the link can carry. Both hosts wait for it and would "
            "have more to give. Only fewer bytes or a bigger link make it faster."
        ),
        recognised=(
            "`zfs send` waits to write into a full pipe, `zfs receive` waits for the stream. "
            "`ss -ti` between the hosts shows data that is not sent yet, an open receive window, "
            "hardly any retransmissions, and a rate near that of the interface or of a trial."
        ),
        do=(
            "Look at the time left: it may do.\n"
            "See what the link should carry: `ethtool INTERFACE` (speed, duplex). A port that fell "
            "back to a lower speed looks just like this.\n"
            "See what else it carries: `ip -s link`, the router's counters.\n"
            "See whether somebody limits it: `tc qdisc show`, page `throttled`.\n"
            "Send less: leave scratch data out (`--exclude DATASET`), use `-i` where the versions "
            "in between are not needed. Carry a first seed on a disk."
        ),
        dont=(
            "`ssh -C`: ciphertext does not get smaller.\n"
            "Several streams at once: they share the same link.\n"
            "`mbuffer`: it evens out bursts, it adds no bandwidth."
        ),
    ),
    Page(
        "network-loss",
        Group.BOTTLENECK,
        title="The network loses packets",
        means=(
            "TCP sends the lost packets again and slows down each time. The data arrives whole, "
            "but at a fraction of what the link could carry, the more so the longer the way."
        ),
        recognised=(
            "Retransmitted against sent segments of the connection in `ss -ti`, as differences "
            "between samples, and the interfaces' counters of errors and drops."
        ),
        do=(
            "Look at both hosts' own interfaces: `ip -s link`, `ethtool INTERFACE` (duplex), "
            "`ethtool -S INTERFACE`. Errors that grow there are a cable, a port or a transceiver.\n"
            "Look at the way between: `mtr HOST`. Try large packets: `ping -M do -s 1472 HOST`. If "
            "only these vanish, it is the MTU of a tunnel.\n"
            "Give the figures to whoever runs the network.\n"
            "Let the transfer go on: should it break, the resume token keeps what arrived."
        ),
        dont=(
            "`mbuffer` or larger TCP buffers: a loss costs as much as before.\n"
            "Suspecting the replica: TCP, ssh and the stream have checksums of their own."
        ),
    ),
    Page(
        "network-window",
        Group.BOTTLENECK,
        title="A window is too small for the distance",
        means=(
            "Only so many bytes may be under way before the other end has answered, and on a long "
            "way they are answered late. Link, processors and disks are all idle. ssh has such a "
            "window (about 2 MiB for a channel), and so have the TCP buffers of both hosts."
        ),
        recognised=(
            "The rate stays at window divided by round trip time, whatever the hosts do. In "
            "`ss -ti`: the round trip time, the share of time limited by the receive window or by "
            "the send buffer, no retransmissions."
        ),
        do=(
            "Work it out: rate times round trip time (`ping HOST`). About 2 MiB means ssh's own "
            "window: send several datasets side by side, or use an ssh with larger windows (HPN) "
            "on both ends.\n"
            "If the send buffer limits it, raise the last figure of `net.ipv4.tcp_wmem` on the "
            "sending host to at least bandwidth times round trip time.\n"
            "If the receive window does, while the receiver reads at once, do the same with "
            "`net.ipv4.tcp_rmem` on the receiving host."
        ),
        dont=(
            "`mbuffer` before ssh: the window stays as small.\n"
            "A bigger link, another cipher, faster disks."
        ),
    ),
    Page(
        "throttled",
        Group.BOTTLENECK,
        title="Somebody has limited the rate",
        means=(
            "A limit in the pipeline or on the interface holds the stream back, most likely on "
            "purpose: the link or the pool is needed for something else."
        ),
        recognised=(
            "`pv -L` or `mbuffer -r` or `-R` among the processes of the pipeline with the rate at "
            "its limit, or a queueing discipline on the interface (`tc -s qdisc show`) that holds "
            "packets back."
        ),
        do=(
            "Ask who set it, and until when it is meant.\n"
            "In a pipeline of sealift it is the route's `--rate-limit`. A running `pv` takes "
            f"another rate: `pv -R PID -L RATE`. Or cancel the job {CANCEL} and start it with "
            "another limit: it goes on with the resume token.\n"
            "On the interface: have whoever set the `tc` rule change it."
        ),
        dont=(
            "Ending `pv` or `mbuffer`: the pipeline ends with it.\n"
            "Deleting a `tc` rule that is not yours: it may keep the service of the day alive."
        ),
    ),
    Page(
        "sender-idle",
        Group.BOTTLENECK,
        title="The sender gives nothing, and nothing it uses is busy",
        means=(
            "The connection waits for data, the pipe is empty, yet neither the source's disks nor "
            "its processor are at work. The send is stopped or has not begun, waits for something "
            "inside ZFS, or walks through a large dataset in which little has changed."
        ),
        recognised=(
            "`ss -ti` says that the application limits the rate, the receiver waits for the "
            "stream, and the sender's state and counter stand still over the window."
        ),
        do=(
            "Look at each process of the pipeline: `ps -eo pid,stat,wchan:32,args`. T is stopped: "
            "`kill -CONT PID`. D waits in the kernel: look at the pool.\n"
            "Look at the pool: `zpool status`, `zpool events`, `dmesg`.\n"
            "Wait a few minutes and see whether the counter of `zfs send -vP` moves.\n"
            f"If nothing does, cancel the job {CANCEL} and start again: it goes on with the "
            "resume token."
        ),
        dont=(
            "SIGUSR1 to a `zfs send` of 2.1 to make it report: it ends the send. It is safe from "
            "2.2 on.\n"
            "`kill -9` of a process in state D: it does nothing until the pool answers."
        ),
    ),
)
