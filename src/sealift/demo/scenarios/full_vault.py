"""full-vault: receives fail for want of space."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.scenarios.quiet_night import TREE, hours_for
from sealift.demo.scenarios.scenario import DESTINATION, SOURCE, Event, Scenario, level, pair
from sealift.demo.world import tree
from sealift.demo.world.building import GIB, MIB, Builder
from sealift.demo.world.model import World

_LEFT = 150 * MIB
_ENOUGH = 20 * GIB
_RETRY = 30.0  # seconds between two tries of the scheduler


def make(snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: dr1 has 150 MiB left, an old restore test takes 400 GiB of it."""
    build = Builder("full-vault", clock)
    moments = build.hours(hours_for(snapshots))
    datasets = build.grow(SOURCE, TREE, born=build.now - moments[0] + 86400)
    build.live(datasets, TREE, moments)
    build.replicate(datasets, DESTINATION, skip=3)
    pool = build.destination
    test = tree.add(build.world, pool, "backup/restore-test")
    test.creation = build.now - 90 * 86400
    test.data = 12 * GIB
    test.local["refreservation"] = str(400 * GIB)
    taken = tree.allocated(pool)
    # A 32nd of a pool is ZFS's own.
    pool.size = (taken + _LEFT) * 32 // 31
    pool.fragmentation = 61
    base, newest = datasets[0].snapshots[-4].name, datasets[0].snapshots[-1].name
    push = (
        f"zfs send -w -R -I @{base} {SOURCE}@{newest} | "
        f"ssh root@dr1 zfs receive -s -u {DESTINATION}"
    )
    scenario = Scenario(
        name="full-vault",
        title="A full vault",
        briefing=(
            "The scheduler's receives on dr1 end with `out of space`. Nobody added much data.\n"
            "Find out what fills the pool, make room without losing anything that replication "
            "needs, and bring the replica level."
        ),
        hint=(
            "`zfs list -o space -r backup` showed 400 GiB of USEDREFRESERV on backup/restore-test, "
            "a test from months ago: `zfs set refreservation=none` (or destroying it, once its "
            "owner agrees) gave the room. Old snapshots of the replica give back little, and the "
            "newest is the base of the next increment. Then resume or drop the partial receive, "
            "and send."
        ),
        mended=_mended,
        began=build.world.clock(),
        events=(Event(2.0, _RETRY, run=("nas1", push)),),
    )
    return scenario, build.world


def _mended(world: World) -> bool:
    _, destination = pair(world)
    room = tree.available(destination, destination.datasets[destination.name])
    return room >= _ENOUGH and level(world)
