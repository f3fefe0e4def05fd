"""key-procedure: a warm standby is unlocked for a rehearsal, and locked again."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.scenarios.scenario import DESTINATION, SOURCE, Scenario, level, pair
from sealift.demo.world import tree
from sealift.demo.world.building import MIB, Builder, Plan
from sealift.demo.world.model import World

_TREE = (
    Plan("", 8 * MIB, 0),
    Plan("/app", 300 * MIB, 10 * MIB),
    Plan("/db", 600 * MIB, 20 * MIB),
)


def make(snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: level, locked; the keylocation came from the source, where the key file is."""
    build = Builder("key-procedure", clock)
    moments = build.hours(24 if snapshots is None else max(3, snapshots // len(_TREE)))
    datasets = build.grow(SOURCE, _TREE, born=build.now - moments[0] + 86400)
    build.live(datasets, _TREE, moments)
    replicas = build.replicate(datasets, DESTINATION)
    replicas[0].local["keylocation"] = "file:///root/prod.key"
    scenario = Scenario(
        name="key-procedure",
        title="A rehearsal",
        briefing=(
            "Twice a year dr1 has to prove that it could take over. Tonight: unlock backup/prod "
            "and mount it, with everything below it; look; then unmount it and take the key out "
            "of the kernel again. The passphrase in the safe reads: correct horse battery staple\n"
            "The replica stays read-only all the time, and no key file is left on dr1."
        ),
        hint=(
            "keylocation had come along from nas1 and named a file that dr1 must not have: "
            "`zfs load-key -L prompt backup/prod`, `zfs mount` for each dataset, look, "
            "`zfs unmount`, `zfs unload-key backup/prod`; and `zfs set keylocation=prompt` for "
            "the next time."
        ),
        mended=_mended,
        began=build.world.clock(),
        standby=True,
    )
    return scenario, build.world


def _mended(world: World) -> bool:
    _, destination = pair(world)
    replicas = list(tree.descendants(destination, DESTINATION))
    words = [text.split() for _, text, internal in destination.history if not internal]
    unlocked = any(each[:2] == ["zfs", "load-key"] and "-n" not in each for each in words)
    looked = any(each[:2] == ["zfs", "mount"] for each in words)
    locked = not any(tree.key_loaded(each) or each.mounted for each in replicas)
    return unlocked and looked and locked and level(world)
