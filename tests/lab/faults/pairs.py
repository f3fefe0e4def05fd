"""Two faults at once, and which of them is to be mended first: what stops before what slows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..lab import Lab
from .fault import ROUTE, Make, Pair, Words
from .making import DAY, HOUR, MIB, ago, bulk, cut, flowing, level, pipeline, snapshot, write


def slow_link_and_stale_token(dataset: str) -> Make:
    """The increment of one dataset crawls over the link; another one waits with a token."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab, children=("db", "app"), age=DAY)
        write(lab, dataset, 96)
        write(lab, "tank/prod/db", 8)
        with ago(lab, 2 * HOUR):
            snapshot(lab, "rep-2")
        snapshot(lab, "rep-3")
        cut(lab, "zfs send -w -i @rep-1 tank/prod/db@rep-2", 4, "backup/prod/db")
        lab.link.shape(rate="8mbit")
        into = dataset.replace("tank", "backup", 1)
        with flowing(lab, pipeline(f"zfs send -w -i @rep-1 {dataset}@rep-2", into=into)):
            yield ROUTE

    return make


@contextmanager
def slow_disk_and_quota(lab: Lab) -> Iterator[Words]:
    """An increment crawls off a slow disk towards a quota that it will not fit into."""
    bulk(lab, seeded=True)
    used = int(lab.dest.run("zfs get -Hp -o value used backup").text)
    lab.dest.run(f"zfs set quota={used + 160 * MIB} backup")
    lab.source.throttle_disk(bytes_per_second_read=MIB)
    with flowing(lab, pipeline("zfs send -w -i @rep-1 tank/prod@rep-2")):
        yield ROUTE


PAIRS = (
    Pair(
        ("network-bandwidth", "stale-token"),
        "stale-token",
        "slow link, another dataset's token",
        slow_link_and_stale_token("tank/prod/app"),
        core=True,
    ),
    Pair(
        ("network-bandwidth", "stale-token"),
        "stale-token",
        "slow link of the parent, a child's token",
        slow_link_and_stale_token("tank/prod"),
    ),
    Pair(
        ("source-disk", "quota-reached"),
        "quota-reached",
        "slow disk, a quota ahead",
        slow_disk_and_quota,
    ),
)
