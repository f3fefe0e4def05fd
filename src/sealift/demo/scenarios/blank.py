"""blank: two empty pools and no limits. Not a night to practise on: for tests."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.scenarios.scenario import Scenario
from sealift.demo.world.building import Builder
from sealift.demo.world.model import World

_SIZE = 8_053_063_680  # what the lab's pools have


def make(_snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: nothing."""
    build = Builder("blank", clock)
    build.world.link.rate = None
    for host in build.world.hosts.values():
        pool = host.pool
        pool.size, pool.scan, pool.fragmentation = _SIZE, "", 0
        pool.vdevs = (("vdb1", "ONLINE", 0, 0, 0),)
        pool.read_rate = pool.write_rate = None
    scenario = Scenario(
        "blank", "Blank", "Two empty pools.", "", lambda _: True, build.world.clock()
    )
    return scenario, build.world
