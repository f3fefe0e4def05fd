"""torn-seed: a seed was interrupted on a child, and the scheduler starts from the top each time."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.scenarios.scenario import DESTINATION, SOURCE, Event, Scenario, level
from sealift.demo.world import tree
from sealift.demo.world.building import MIB, Builder, Plan
from sealift.demo.world.model import Crypt, Partial, World

# Small enough to be received whole in a minute or two.
_TREE = (
    Plan("", 8 * MIB, 0),
    Plan("/app", 700 * MIB, 12 * MIB),
    Plan("/db", 1900 * MIB, 30 * MIB),
    Plan("/home", 900 * MIB, 6 * MIB),
)
_ARRIVED = 1216 * MIB
_RETRY = 20.0  # seconds


def make(snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: two of four datasets arrived, a token on the third, nothing of the fourth."""
    build = Builder("torn-seed", clock)
    moments = build.hours(6 if snapshots is None else max(4, snapshots // len(_TREE)))
    datasets = build.grow(SOURCE, _TREE, born=build.now - moments[0] + 86400)
    build.live(datasets, _TREE, moments)
    replicas = build.replicate(datasets[:2], DESTINATION, skip=1)
    _tear(build, replicas[0].name + "/db")
    base, newest = datasets[0].snapshots[-2].name, datasets[0].snapshots[-1].name
    push = (
        f"zfs send -w -R -I @{base} {SOURCE}@{newest} | "
        f"ssh root@dr1 zfs receive -s -u {DESTINATION}"
    )
    scenario = Scenario(
        name="torn-seed",
        title="A torn seed",
        briefing=(
            "Last night's seed of tank/prod was cut off. Since then the scheduler fails every "
            'time, with `contains partially-complete state from "zfs receive -s"`. A third of the '
            "data is there.\n"
            "Bring the whole tree over without sending twice what has arrived."
        ),
        hint=(
            "The token was on backup/prod/db: `zfs send -w -t TOKEN | ssh root@dr1 zfs receive -s "
            "-u backup/prod/db` finished that snapshot. Then dataset by dataset, each from its own "
            "base, and home in full. The next -R increment puts those that arrived alone back "
            "under the top's key."
        ),
        mended=level,
        began=build.world.clock(),
        events=(Event(4.0, _RETRY, run=("nas1", push)),),
    )
    return scenario, build.world


def _tear(build: Builder, name: str) -> None:
    """Leave a full receive of db's first snapshot in the middle."""
    origin = build.source.datasets[f"{SOURCE}/db"]
    crypt = origin.crypt
    assert crypt is not None  # noqa: S101 - the tree is encrypted
    torn = tree.add(
        build.world,
        build.destination,
        name,
        crypt=Crypt(crypt.suite, crypt.keyguid, crypt.wrapping),
    )
    torn.local["keylocation"] = "prompt"
    torn.creation = build.now - 9 * 3600
    torn.data = _ARRIVED
    first = origin.snapshots[0]
    torn.partial = Partial(
        f"{origin.name}@{first.name}",
        first.guid,
        None,
        raw=True,
        position=_ARRIVED,
        arrived=_ARRIVED,
        whole=True,
        resumable=True,
        running=False,
    )
