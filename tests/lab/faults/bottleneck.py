"""Faults of a running pipeline: each stage of it slower than all others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ..lab import Lab
from ..machine import Machine
from ..waiting import wait_until
from .fault import ROUTE, Fault, Make, Words
from .making import MIB, bulk, flowing, pipeline, received, receiving

INCREMENT = pipeline("zfs send -w -i @rep-1 tank/prod@rep-2")


# --- disks ---


def source_disk(mib: float, script: str = "", *, seeded: bool = False) -> Make:
    """The source's disk gives so many MiB a second.

    What was read ahead comes in bursts, the first of which is over after ten seconds or so.
    """

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab, seeded=seeded)
        lab.source.throttle_disk(bytes_per_second_read=int(mib * MIB))
        with flowing(lab, script or pipeline(), least=int(10 * mib * MIB)):
            yield ROUTE

    return make


def destination_disk(mib: float, buffered: int) -> Make:
    """The destination's disk takes so many MiB a second.

    Memory takes in what the disk does not, up to `buffered` MiB; the fault is felt from then on.
    """

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab)
        with module_parameter(lab.dest, "zfs_dirty_data_max", buffered * MIB):
            lab.dest.throttle_disk(bytes_per_second_write=int(mib * MIB))
            with flowing(lab, pipeline()):
                wait_until(lambda: _held_up(lab.dest), "the receive is held up", 90)
                yield ROUTE

    return make


def _held_up(host: Machine) -> bool:
    """Whether the receive waits for something else than bytes, three times out of three."""
    script = "for i in 1 2 3; do cat /proc/$(pgrep -f '^zfs receive')/wchan; echo; sleep 0.5; done"
    seen = host.run(script, check=False).text.split()
    return len(seen) == 3 and not any(word in {"pipe_read", "0"} for word in seen)


@contextmanager
def module_parameter(host: Machine, name: str, value: int) -> Iterator[None]:
    """Give the zfs module another parameter for a while."""
    path = f"/sys/module/zfs/parameters/{name}"
    before = host.run(["cat", path]).text
    host.run(f"echo {value} > {path}")
    try:
        yield
    finally:
        host.run(f"echo {before} > {path}")


# --- processors ---


def busy(name: str, loops: int) -> Make:
    """That host computes something else with all it has."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab)
        with lab.host(name).busy(loops), flowing(lab, pipeline()):
            yield ROUTE

    return make


def ssh_options(options: str) -> Make:
    """ssh is asked to do much with every byte."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab)
        with flowing(lab, pipeline(ssh=f"ssh {options}")):
            yield ROUTE

    return make


@contextmanager
def compressed_pull(lab: Lab) -> Iterator[Words]:
    """The destination fetches, and asks the source's sshd to compress what cannot be."""
    bulk(lab)
    pull = "ssh -C root@source zfs send -w tank/prod@rep-2 | zfs receive -s -u backup/prod"
    with flowing(lab, pull, on="dest"):
        yield ROUTE


# --- the network ---


def link(
    *, rate: str | None = None, delay: str | None = None, loss: str | None = None, script: str = ""
) -> Make:
    """The link is slow, far or bad."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab, seeded=bool(script))
        lab.link.shape(rate=rate, delay=delay, loss=loss)
        with flowing(lab, script or pipeline()):
            yield ROUTE

    return make


def small_window(name: str, setting: str, delay: str) -> Make:
    """A far link, and a host that lets TCP have only little memory."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab)
        host = lab.host(name)
        before = host.run(["sysctl", "-n", setting]).text
        host.run(f"sysctl -q -w {setting}='4096 65536 65536'")
        try:
            lab.link.shape(delay=delay)
            with flowing(lab, pipeline()):
                yield ROUTE
        finally:
            host.run(f"sysctl -q -w {setting}='{before}'")

    return make


# --- between, and before ---


def throttled(script: str, *, seeded: bool = False) -> Make:
    """A program in the pipeline lets only so much through."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        bulk(lab, seeded=seeded)
        with flowing(lab, script):
            yield ROUTE

    return make


@contextmanager
def stopped_sender(lab: Lab) -> Iterator[Words]:
    """Somebody has stopped zfs send, and not let it go on."""
    bulk(lab)
    with flowing(lab, pipeline()):
        lab.source.run("pkill -STOP -x zfs")
        wait_until(lambda: _still(lab), "nothing moves any more", 60)
        yield ROUTE


@contextmanager
def late_sender(lab: Lab) -> Iterator[Words]:
    """The receiver waits; what would send waits for something else before it begins."""
    bulk(lab, seeded=True)
    late = pipeline("(sleep 600; zfs send -w -i @rep-1 tank/prod@rep-2)")
    with ExitStack() as running:
        running.enter_context(flowing(lab, late, least=0))
        wait_until(lambda: receiving(lab), "a receive", 60)
        yield ROUTE


def _still(lab: Lab) -> bool:
    before = received(lab)
    lab.dest.run("sleep 1")
    return received(lab) == before


BOTTLENECK = (
    Fault("source-disk", "1 MiB/s", source_disk(1), "bottleneck", bulky=True),
    Fault("source-disk", "3 MiB/s", source_disk(3), "bottleneck", bulky=True),
    Fault(
        "source-disk",
        "2 MiB/s, an increment",
        source_disk(2, INCREMENT, seeded=True),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "destination-disk",
        "1 MiB/s, little memory",
        destination_disk(1, 16),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "destination-disk",
        "3 MiB/s, little memory",
        destination_disk(3, 16),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "destination-disk",
        "1 MiB/s, much memory",
        destination_disk(1, 64),
        "bottleneck",
        bulky=True,
    ),
    Fault("source-cpu", "4 loops", busy("source", 4), "bottleneck", bulky=True),
    Fault("source-cpu", "12 loops", busy("source", 12), "bottleneck", bulky=True),
    Fault("destination-cpu", "4 loops", busy("dest", 4), "bottleneck", bulky=True),
    Fault("destination-cpu", "12 loops", busy("dest", 12), "bottleneck", bulky=True),
    Fault(
        "ssh-cpu",
        "aes256-ctr",
        ssh_options("-c aes256-ctr -m hmac-sha2-512"),
        "bottleneck",
        bulky=True,
    ),
    Fault("ssh-cpu", "compression", ssh_options("-C"), "bottleneck", bulky=True),
    Fault("ssh-cpu", "compression, pulled", compressed_pull, "bottleneck", bulky=True),
    Fault("network-bandwidth", "4 Mbit/s", link(rate="4mbit"), "bottleneck", bulky=True),
    Fault(
        "network-bandwidth", "12 Mbit/s", link(rate="12mbit"), "bottleneck", core=True, bulky=True
    ),
    Fault("network-bandwidth", "24 Mbit/s", link(rate="24mbit"), "bottleneck", bulky=True),
    Fault(
        "network-bandwidth",
        "16 Mbit/s, 40 ms away, an increment",
        link(rate="16mbit", delay="20ms", script=INCREMENT),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "network-loss", "2 %, 20 ms away", link(loss="2%", delay="10ms"), "bottleneck", bulky=True
    ),
    Fault("network-loss", "6 %", link(loss="6%"), "bottleneck", bulky=True),
    Fault("network-window", "ssh's, 800 ms away", link(delay="400ms"), "bottleneck", bulky=True),
    Fault(
        "network-window",
        "the receiver's, 200 ms away",
        small_window("dest", "net.ipv4.tcp_rmem", "100ms"),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "network-window",
        "the sender's, 200 ms away",
        small_window("source", "net.ipv4.tcp_wmem", "100ms"),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "throttled",
        "pv, 1 MiB/s",
        throttled(pipeline(through="pv -q -L 1m")),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "throttled",
        "pv, 3 MiB/s, an increment",
        throttled(
            pipeline("zfs send -w -i @rep-1 tank/prod@rep-2", through="pv -q -L 3m"), seeded=True
        ),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "throttled",
        "pv on the receiver, 2 MiB/s",
        throttled(pipeline(receive="pv -q -L 2m | zfs receive -s -u")),
        "bottleneck",
        bulky=True,
    ),
    Fault(
        "throttled",
        "mbuffer, 1 MiB/s",
        throttled(pipeline(through="mbuffer -q -m 16M -r 1M")),
        "bottleneck",
        bulky=True,
    ),
    Fault("sender-idle", "stopped", stopped_sender, "bottleneck", bulky=True),
    Fault("sender-idle", "not begun", late_sender, "bottleneck", bulky=True),
)
