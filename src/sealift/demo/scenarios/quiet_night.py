"""quiet-night: a healthy route into a vault, an increment on its way."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.scenarios.scenario import DESTINATION, SOURCE, Scenario, level
from sealift.demo.world.building import GIB, MIB, Builder, Plan
from sealift.demo.world.model import World

TREE = (
    Plan("", 40 * MIB, 0),
    Plan("/app", 34 * GIB, 60 * MIB),
    Plan("/db", 120 * GIB, 180 * MIB),
    Plan("/home", 260 * GIB, 25 * MIB),
    Plan("/mail", 61 * GIB, 45 * MIB),
)
_USUAL = 48  # hourly snapshots of each dataset
_BEHIND = 3  # of them are still to go
_ALLOWED = (_BEHIND + 1) * 3600  # seconds


def hours_for(snapshots: int | None, usual: int = _USUAL) -> int:
    """How many moments make about this many snapshots in the tree."""
    return usual if snapshots is None else max(4, snapshots // len(TREE))


def make(snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: everything in order, the destination three hours behind."""
    build = Builder("quiet-night", clock)
    build.world.link.rate = build.world.link.wire = 24_000_000
    moments = build.hours(hours_for(snapshots))
    datasets = build.grow(SOURCE, TREE, born=build.now - moments[0] + 86400)
    build.live(datasets, TREE, moments)
    build.replicate(datasets, DESTINATION, skip=_BEHIND)
    scenario = Scenario(
        name="quiet-night",
        title="A quiet night",
        briefing=(
            "nas1 replicates tank/prod to the vault dr1 every hour, raw, and dr1 never has the "
            "keys. Nothing is wrong. The last three hours are still to go.\n"
            "Look around: what is behind, what the increment carries, what the link does. Let it "
            "finish, and see that both sides are level and the replica is sealed."
        ),
        hint="Send the tree as one -R -I increment from the common base; read back; done.",
        mended=level,
        began=build.world.clock(),
        autostart=True,
        lag_limit=_ALLOWED,
    )
    return scenario, build.world
