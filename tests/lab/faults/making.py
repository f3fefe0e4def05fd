"""How trees, replicas and pipelines of the faults are made: by plain zfs and ssh, as anybody would.

Scripts run in the shell of the source's root, which is bash. Names are tank/prod and backup/prod,
snapshots rep-1, rep-2, …, as the route's own. Everything begins with fresh pools.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ..lab import Lab
from ..machine import LabError, Machine
from ..waiting import wait_until

MIB = 1 << 20
HOUR, DAY = 3600, 86400
BULK_MIB = 256  # 35 seconds of an unthrottled pipeline
_MARK = "lab:tree"  # a property of the pool that holds the bulky tree


def planted(lab: Lab, children: Sequence[str] = ("db",), mib: int = 1) -> None:
    """Fresh pools and an encrypted tree on the source, without a snapshot."""
    lab.fresh_pools()
    lab.make_source_tree(children=children, mib=mib)


def level(lab: Lab, children: Sequence[str] = ("db",), mib: int = 1, *, age: int = 0) -> None:
    """A tree whose rep-1, taken `age` seconds ago, is on both sides, anchored."""
    planted(lab, children, mib)
    with ago(lab, age):
        snapshot(lab, "rep-1")
    seed(lab)


def seed(lab: Lab, name: str = "rep-1", root: str = "tank/prod", into: str = "backup/prod") -> None:
    """Send the tree in full, and anchor it."""
    lab.source.run(pipeline(f"zfs send -w -R {root}@{name}", into=into), timeout=180)
    anchor(lab, name, root=root, into=into)


def catch_up(lab: Lab, old: str, new: str) -> None:
    """Send what is between two snapshots of the tree, and move the anchors on."""
    lab.source.run(pipeline(f"zfs send -w -R -I @{old} tank/prod@{new}"), timeout=180)
    anchor(lab, new)
    lab.source.run(f"zfs release -r keepforrep tank/prod@{old}")
    lab.dest.run(f"zfs release -r keepforrep backup/prod@{old}")


def anchor(lab: Lab, name: str, root: str = "tank/prod", into: str = "backup/prod") -> None:
    """Hold a snapshot of the tree on both sides and bookmark it, as a job of sealift leaves it."""
    lab.source.run(
        f"set -e; zfs hold -r keepforrep {root}@{name};"
        f" for each in $(zfs list -H -r -o name {root}); do"
        f" zfs bookmark $each@{name} $each#{name}; done"
    )
    lab.dest.run(f"zfs hold -r keepforrep {into}@{name}")


def write(lab: Lab, dataset: str, mib: float, name: str = "more") -> None:
    """Write a file of random bytes on the source."""
    lab.source.run(f"head -c {int(mib * MIB)} /dev/urandom > /{dataset}/{name}", timeout=120)


def snapshot(lab: Lab, name: str, root: str = "tank/prod") -> None:
    """A recursive snapshot on the source."""
    lab.source.run(f"zfs snapshot -r {root}@{name}")


def destroyed(lab: Lab, dataset: str, name: str) -> None:
    """Destroy an anchored snapshot of the source, and its bookmark."""
    lab.source.run(
        f"set -e; zfs release keepforrep {dataset}@{name};"
        f" zfs destroy {dataset}@{name}; zfs destroy {dataset}#{name}"
    )


@contextmanager
def ago(lab: Lab, seconds: int) -> Iterator[None]:
    """Do something that long ago, by the source's clock: creation times are the source's."""
    if not seconds:
        yield
        return
    set_clock(lab.source, -seconds)
    try:
        yield
    finally:
        set_clock(lab.source, seconds)


def set_clock(host: Machine, seconds: int) -> None:
    """Put a host's clock that many seconds forward, and lose no part of one."""
    host.run(f"now=$(date +%s.%N); date --set @$((${{now%.*}} + {seconds})).${{now#*.}}")


# --- pipelines ---


def pipeline(
    send: str = "zfs send -w tank/prod@rep-2",
    *,
    through: str = "",
    ssh: str = "ssh",
    into: str = "backup/prod",
    receive: str = "zfs receive -s -u",
) -> str:
    """A push as it is typed on the source: send, what is between, ssh, receive."""
    stages = [send, through, f"{ssh} root@dest {shlex.quote(f'{receive} {into}')}"]
    return "set -o pipefail; " + " | ".join(stage for stage in stages if stage)


def cut(lab: Lab, send: str, mib: float, into: str) -> None:
    """Send only the beginning of a stream, so that a resume token is left."""
    script = pipeline(send, through=f"head -c {int(mib * MIB)}", into=into)
    lab.source.run(script, check=False, timeout=120)
    token = lab.dest.run(["zfs", "get", "-H", "-o", "value", "receive_resume_token", into]).text
    if not token.startswith("1-"):
        raise LabError(f"no token is left on {into}")


@contextmanager
def flowing(lab: Lab, script: str, *, on: str = "source", least: int = MIB) -> Iterator[None]:
    """Run a pipeline, from when the receive has taken in so many bytes; end it afterwards.

    Raises LabError if it has ended by itself: then it was not there all the time.
    """
    with lab.host(on).spawn(script) as process:
        try:
            wait_until(
                lambda: process.poll() is not None or received(lab) >= least, "bytes arrive", 120
            )
            yield
            ended = process.poll() is not None
        finally:
            calm(lab)
            _, said = process.communicate(timeout=120)
    if ended:
        raise LabError(f"the pipeline has ended too early: {said.decode(errors='replace')}")


def receiving(lab: Lab) -> bool:
    """Whether a receive runs on the destination."""
    return lab.dest.run("pgrep -f '^zfs receive'", check=False).status == 0


def received(lab: Lab) -> int:
    """How many bytes the receives that run on the destination have read."""
    script = (
        "for pid in $(pgrep -f '^zfs (receive|recv)'); do cat /proc/$pid/io; done |"
        " awk '/^rchar/ { sum += $2 } END { printf \"%d\", sum }'"
    )
    return int(lab.dest.run(script).text)


_ENDED = """
for each in $(seq 300); do pgrep -x zfs >/dev/null || exit 0; sleep 0.1; done
pkill -KILL -x zfs
while pgrep -x zfs >/dev/null; do sleep 0.1; done
"""


def calm(lab: Lab) -> None:
    """No disturbance any more, and no pipeline; what ends it is not asked for its manners."""
    lab.link.plug()
    lab.link.clear()
    for host in lab.hosts:
        host.unthrottle_disk()
    # A receive ends by itself when nothing more comes. A killed one takes a whole CPU while it
    # waits for its queue to be worked off (dmu_recv_stream): minutes.
    for host in lab.hosts:
        host.run("for each in ssh pv mbuffer sleep; do pkill -KILL -x $each; done", check=False)
        host.run("pkill -KILL -f '^zfs send'; pkill -CONT -x zfs", check=False)
    for host in lab.hosts:
        host.run(_ENDED, timeout=300)


# --- the bulky tree ---


def bulk(lab: Lab, *, seeded: bool = False) -> None:
    """A source with a small tank/prod@rep-1, much more at @rep-2, and none of it in its memory.

    It takes long to make, so what is there from the fault before is used again: who takes it must
    leave it as it is. @rep-2 is two hours old, longer than a route may be behind by default; @rep-3
    has nothing new and was just taken. The key is not loaded. The destination is fresh; `seeded`
    gives it rep-1.
    """
    lab.fresh_pools(keep_source=is_bulky(lab))
    if not is_bulky(lab):
        _make_bulky(lab)
    lab.source.run("zfs destroy tank/prod@rep-3; zfs snapshot tank/prod@rep-3", check=False)
    if seeded:
        lab.source.run(pipeline("zfs send -w tank/prod@rep-1"), timeout=60)
        lab.dest.run("zfs hold keepforrep backup/prod@rep-1")
    # A disk is not felt as long as everything comes from memory.
    lab.source.run("zpool export tank; zpool import tank")


def _make_bulky(lab: Lab) -> None:
    lab.fresh_pools()
    lab.make_source_tree(children=(), mib=1)
    with ago(lab, 4 * DAY):
        lab.source.run(
            "zfs snapshot tank/prod@rep-1; zfs hold keepforrep tank/prod@rep-1;"
            "zfs bookmark tank/prod@rep-1 tank/prod#rep-1"
        )
    lab.source.run(
        "head -c 16M /dev/urandom > /tmp/chunk;"
        f"for i in $(seq {BULK_MIB // 16}); do cat /tmp/chunk > /tank/prod/bulk-$i; done;"
        "rm /tmp/chunk",
        timeout=300,
    )
    with ago(lab, 2 * HOUR):
        lab.source.run("zfs snapshot tank/prod@rep-2; zfs hold keepforrep tank/prod@rep-2")
    lab.source.run(f"zfs set {_MARK}=bulk tank")


def is_bulky(lab: Lab) -> bool:
    """Whether the source has the bulky tree."""
    if not lab.source.running:
        return False
    found = lab.source.run(["zfs", "get", "-H", "-o", "value", _MARK, "tank"], check=False)
    return found.text == "bulk"
