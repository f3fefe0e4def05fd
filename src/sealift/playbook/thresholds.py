"""Every number that a rule of the playbook uses, once, with its unit and why it is that number.

A rule that only fits one number is a defect: what can be said in relation to the route's own past
is said so, and what is left stands here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threshold:
    """One number. `why` is its source or the reasoning behind it."""

    name: str
    value: float
    unit: str
    why: str


# --- how long is waited for an answer

GET_IN = Threshold(
    "get-in",
    12.0,
    "s",
    "Connecting, logging in and a first answer take well under a second, over a slow link and a "
    "jump host some; that a host is gone is to be said within the playbook's 15 s.",
)
ANSWER = Threshold(
    "answer",
    30.0,
    "s",
    "A host that let us in is there, however slow it is beside a receive that takes all of its "
    "CPU. As long as any command of sealift waits; what takes longer is not waited for.",
)
LISTING = Threshold(
    "listing",
    60.0,
    "s",
    "A listing of 100,000 snapshots takes seconds on an idle host and up to a minute beside a busy "
    "pool. It is only waited for while the host answers short commands.",
)
LISTING_SUSPENDED = Threshold(
    "listing-suspended",
    2.0,
    "s",
    "`zfs list` of a suspended pool answers at once from memory or never.",
)
ESTIMATE = Threshold(
    "estimate",
    8.0,
    "s",
    "`zfs send -nP` reads metadata only; where it takes longer, the sum of the snapshots' "
    "`written` does as well.",
)
LOOK_AGAIN = Threshold(
    "look-again",
    3.0,
    "s",
    "The two hosts are not listed at one instant: a receive that is ending outlives its sender by "
    "up to a transaction group or two.",
)

NAMES_AT_ONCE = Threshold(
    "names-at-once",
    200,
    "names",
    "Names have up to 255 bytes, and one word of a remote shell holds 128 KiB.",
)

# --- what is being sent

HISTORY_LEAST = Threshold(
    "history-least",
    3,
    "snapshots",
    "A median of fewer says nothing about what is usual.",
)
HISTORY_MOST = Threshold(
    "history-most",
    50,
    "snapshots",
    "Two days of hourly snapshots: what was usual a month ago no longer counts, and retention has "
    "merged what is older.",
)
CHURN_FACTOR = Threshold(
    "churn-factor",
    4.0,
    "times the usual",
    "Nights differ by a factor of two; four is far outside of what the median's neighbours show.",
)
CHURN_SHARE = Threshold(
    "churn-share",
    0.5,
    "of the usual increment of the whole tree",
    "A dataset that usually changes by kilobytes may change tenfold and nobody would notice: what "
    "is named has to make the whole increment noticeably larger.",
)
CHURN_BYTES = Threshold(
    "churn-bytes",
    16 << 20,
    "bytes",
    "Seconds on the slowest links that replication is run over (16 Mbit/s).",
)
QUIET_INTERVALS = Threshold(
    "quiet-intervals",
    3.0,
    "usual intervals",
    "One snapshot may be missed or late; after three the scheduler has stopped.",
)
MANY_IN_ONE = Threshold(
    "many-snapshots-of-one",
    100,
    "snapshots",
    "Each costs the receiver three to five transaction groups however small it is (dmu_recv.c): "
    "some tenths of a second on disks, so that a hundred take half a minute and more.",
)
MANY_IN_ALL = Threshold(
    "many-snapshots",
    1000,
    "snapshots",
    "The same for the whole tree, which goes one after the other: minutes of mere waiting.",
)
STARTING = Threshold(
    "starting",
    60,
    "s",
    "A sender and its receiver are started by one pipeline: their ages differ by a login and what "
    "`zfs send -R` has to look up, not by minutes.",
)

# --- the receiver

POOL_FULL = Threshold(
    "pool-full",
    90,
    "% of the pool",
    "From 80 to 90 % on the free space is in pieces and writes become slow; at 96 % the allocator "
    "changes to best fit (metaslab_df_free_pct = 4).",
)
QUOTA_FULL = Threshold(
    "quota-full",
    0.98,
    "of the quota",
    "ZFS refuses as soon as it is used up, and what is pending counts.",
)
CLOCK_SKEW = Threshold(
    "clock-skew",
    60,
    "s",
    "Snapshot names have minutes; lag and limits are of minutes, too.",
)

# --- receive and stream

EVENTS_AGE = Threshold(
    "events-age",
    24 * 3600,
    "s",
    "The kernel keeps 512 events since it was booted: what is older than a day was another night.",
)
INTERRUPTED = Threshold(
    "interrupted",
    3,
    "receives",
    "Once is a cut line that was resumed; again and again is a cause that nobody has mended.",
)

LARGE_TREE = Threshold(
    "large-tree",
    300,
    "datasets",
    "openzfs#16929 was measured with a thousand and grows with their square: a tenth of that is "
    "felt.",
)

# --- where the time goes

MOSTLY = Threshold(
    "mostly",
    0.6,
    "of the window",
    "Who waits in more than half of the looks waits; the rest is room for bursts of transaction "
    "groups.",
)
SELDOM = Threshold(
    "seldom", 0.3, "of the window", "The opposite of mostly, with room between for neither."
)
STARVED = Threshold(
    "starved",
    0.8,
    "of the window",
    "A receive that waits for data in nearly every look is not what holds the rest up.",
)
CORE_FULL = Threshold(
    "core-full",
    0.85,
    "of one CPU",
    "A process that does nothing else still waits for its pipe and socket now and then; ssh and "
    "sshd have one thread.",
)
CORE_HALF = Threshold(
    "core-half",
    0.5,
    "of one CPU",
    "Where no CPU is left and nobody else takes it, whoever has half of one has the most: the rest "
    "goes to the kernel, which carries for it.",
)
IDLE_LITTLE = Threshold(
    "idle-little", 0.1, "of all CPUs", "With less there is always something that waits for a CPU."
)
IDLE_SCARCE = Threshold(
    "idle-scarce",
    0.2,
    "of all CPUs",
    "Between this and none, what a busy program waits for is not told apart from what it computes; "
    "beside a link that was the limit 37 % and more were idle.",
)
OTHERS = Threshold(
    "others",
    0.3,
    "of all CPUs",
    "What others take has to be more than what a pipeline would not miss.",
)
LOSS = Threshold(
    "loss",
    0.005,
    "of the segments",
    "TCP's rate falls with the square root of the loss; below half a percent it is rather the "
    "queue of a full link that overflows.",
)
LOSS_MUCH = Threshold(
    "loss-much",
    0.02,
    "of the segments",
    "A link that is merely full loses less: the sender adapts to its queue.",
)
QUEUED = Threshold(
    "queued",
    4.0,
    "times the least round trip",
    "A full link has a full queue, which shows as a longer round trip; a lossy one has not.",
)
UNQUEUED = Threshold(
    "unqueued",
    1.5,
    "times the least round trip",
    "Jitter of a long way; a queue that fills doubles it.",
)
NET_BUSY = Threshold(
    "network-busy",
    0.7,
    "of the window",
    "`busy` of ss(8) counts the time in which data is under way; on a link that is the limit that "
    "is nearly always.",
)
FAR = Threshold(
    "far",
    20.0,
    "ms",
    "The least round trip with which OpenSSH's window of 2 MiB limits to less than 100 MB/s.",
)
SSH_WINDOW = Threshold(
    "ssh-window",
    2 << 20,
    "bytes",
    "OpenSSH's channel window (CHAN_SES_WINDOW_DEFAULT, channels.h).",
)
LIMITED = Threshold(
    "limited",
    0.2,
    "of the window",
    "Time in which TCP itself says that a window or buffer was the limit (tcp_info).",
)
RECV_Q = Threshold(
    "receive-queue",
    64 << 10,
    "bytes",
    "More than sshd takes in one read, at the beginning and at the end of the window.",
)
READ_WAIT = Threshold(
    "read-wait",
    0.02,
    "s",
    "A disk that turns takes some 10 ms; twice that in the median is a queue.",
)
READ_LONG = Threshold(
    "read-long",
    0.3,
    "s",
    "What a disk that turns takes for thirty reads, and no queue of a pool is that deep on one "
    "disk (zfs_vdev_async_read_max_active = 3): such a disk does not keep up with anybody.",
)
WRITE_WAIT = Threshold(
    "write-wait",
    0.05,
    "s",
    "Writes of a transaction group are queued deeper than reads, but not for so long.",
)
SYNC_LONG = Threshold(
    "sync-long",
    4.0,
    "s",
    "A transaction group is closed after 5 s at the latest (zfs_txg_timeout): one that takes "
    "nearly as long to write leaves no pause.",
)
TXGS = Threshold(
    "txgs",
    1.0,
    "a second",
    "One in five seconds is usual; several a second are forced by something that waits for each.",
)
TXG_SMALL = Threshold(
    "txg-small", 1 << 20, "bytes", "A group that carries a stream's data has many times that."
)
NEAR_LIMIT = Threshold(
    "near-limit",
    0.7,
    "of the limit",
    "pv and mbuffer hold their rate over seconds; the rest is a window that began before them.",
)
LIKELY = Threshold(
    "likely", 0.55, "of certainty", "More of what was looked at speaks for it than against it."
)
SURE = Threshold(
    "sure", 0.8, "of certainty", "Who waits for whom and the figures of the place agree."
)
RIVAL = Threshold("rival", 0.12, "of certainty", "Two that differ by less are not told apart.")

# --- words

NAMED = Threshold(
    "named",
    5,
    "names in a sentence",
    "More than that is a list, and the screen and the commands below have it.",
)

TABLE = (
    GET_IN,
    ANSWER,
    LISTING,
    LISTING_SUSPENDED,
    ESTIMATE,
    LOOK_AGAIN,
    NAMES_AT_ONCE,
    HISTORY_LEAST,
    HISTORY_MOST,
    CHURN_FACTOR,
    CHURN_SHARE,
    CHURN_BYTES,
    QUIET_INTERVALS,
    MANY_IN_ONE,
    MANY_IN_ALL,
    STARTING,
    POOL_FULL,
    QUOTA_FULL,
    CLOCK_SKEW,
    EVENTS_AGE,
    INTERRUPTED,
    LARGE_TREE,
    MOSTLY,
    SELDOM,
    STARVED,
    CORE_FULL,
    CORE_HALF,
    IDLE_LITTLE,
    IDLE_SCARCE,
    OTHERS,
    LOSS,
    LOSS_MUCH,
    QUEUED,
    UNQUEUED,
    NET_BUSY,
    FAR,
    SSH_WINDOW,
    LIMITED,
    RECV_Q,
    READ_WAIT,
    READ_LONG,
    WRITE_WAIT,
    SYNC_LONG,
    TXGS,
    TXG_SMALL,
    NEAR_LIMIT,
    LIKELY,
    SURE,
    RIVAL,
    NAMED,
)
