"""slow-link: the link carries less than the source writes, so lag grows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from sealift.demo.scenarios.quiet_night import TREE, hours_for
from sealift.demo.scenarios.scenario import DESTINATION, SOURCE, Event, Scenario, level
from sealift.demo.world import tree
from sealift.demo.world.building import MIB, Builder
from sealift.demo.world.model import World

# Hours that the link can carry in seconds once nothing slows it.
_TREE = tuple(replace(plan, hourly=plan.hourly // 5) for plan in TREE)
_SHAPED = 2_000_000  # bytes a second: what somebody's `tc` lets through
_NEW_SNAPSHOT = 60.0  # seconds


def make(snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: nine hours behind, a shaper on the link that nobody remembers."""
    build = Builder("slow-link", clock)
    build.world.link.rate = _SHAPED
    moments = build.hours(hours_for(snapshots))
    datasets = build.grow(SOURCE, _TREE, born=build.now - moments[0] + 86400)
    build.live(datasets, _TREE, moments)
    build.replicate(datasets, DESTINATION, skip=min(9, len(moments) - 1))
    scenario = Scenario(
        name="slow-link",
        title="A slow link",
        briefing=(
            "The replica on dr1 has fallen nine hours behind and the lag grows. Until an hour ago "
            "the increments ran, and never caught up, while both pools looked idle; now nothing "
            "sends.\n"
            "Find out where the bytes wait, and let the replica catch up. "
            "(On these hosts the link between them is eth1.)"
        ),
        hint=(
            "The sender was blocked in its write and both pools were idle, so it was the link: "
            "`tc qdisc show dev eth1` showed a shaper left from a test, "
            "`tc qdisc del dev eth1 root` removed it. Then let the increment run."
        ),
        mended=_mended,
        began=build.world.clock(),
        events=(Event(_NEW_SNAPSHOT, _NEW_SNAPSHOT, _write_and_take),),
    )
    return scenario, build.world


def _mended(world: World) -> bool:
    free = world.link.rate is None or world.link.rate >= world.link.wire
    return free and level(world, behind=1)


def _write_and_take(world: World) -> None:
    """Another hour's worth of work on the source, and its snapshot."""
    pool = world.hosts["nas1"].pool
    name = time.strftime("rep-%Y-%m-%dT%H%M%SZ", time.gmtime(world.now()))
    txg = pool.next_txg()
    for dataset in tree.descendants(pool, SOURCE):
        if dataset.name != SOURCE:
            tree.write(pool, dataset, world.random.randint(10, 60) * MIB)
        if dataset.snapshot(name) is None:
            tree.take(world, pool, dataset, name, txg)
