"""unsealed: a replica that looks right and can be read by anyone on the vault."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.scenarios.scenario import DESTINATION, SOURCE, Scenario, arrived, pair
from sealift.demo.world import tree
from sealift.demo.world.building import MIB, Builder, Plan
from sealift.demo.world.model import Dataset, World

_TREE = (
    Plan("", 8 * MIB, 0),
    Plan("/app", 300 * MIB, 10 * MIB),
    Plan("/db", 600 * MIB, 20 * MIB),
)


def make(snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: db was sent without -w. Names and guids are right, but it is in the clear."""
    build = Builder("unsealed", clock)
    moments = build.hours(24 if snapshots is None else max(3, snapshots // len(_TREE)))
    datasets = build.grow(SOURCE, _TREE, born=build.now - moments[0] + 86400)
    build.live(datasets, _TREE, moments)
    replicas = build.replicate(datasets, DESTINATION)
    _in_the_clear(replicas[2])
    scenario = Scenario(
        name="unsealed",
        title="Not sealed",
        briefing=(
            "An auditor asks for proof that dr1 cannot read what it keeps. Every snapshot of "
            "tank/prod is there, by name and by guid, and last month's restore test went well.\n"
            "Check the replica. Whatever dr1 can read has to be replaced by a raw copy."
        ),
        hint=(
            "`zfs list -r -o name,encryption,encryptionroot,keystatus backup/prod` showed "
            "encryption=off on db: it was sent without -w. No increment can mend that: receive "
            "raw into a new name, compare guid and ivsetguid, then destroy the readable one "
            "(`zfs destroy -r`) and rename. What was readable on dr1 stays readable to whoever "
            "copied it: treat its secrets as known."
        ),
        mended=_mended,
        began=build.world.clock(),
    )
    return scenario, build.world


def _in_the_clear(replica: Dataset) -> None:
    """Make a replica what a non-raw receive under an unencrypted parent leaves."""
    replica.crypt = replica.root = None
    replica.mounted = True
    replica.local.clear()
    for each in replica.snapshots:
        each.ivsetguid = None


def _mended(world: World) -> bool:
    source, destination = pair(world)
    replicas = [each for each in destination.datasets.values() if "/" in each.name]
    sealed = all(each.crypt is not None and not tree.key_loaded(each) for each in replicas)
    return sealed and all(
        any(arrived(dataset, replica) for replica in replicas)
        for dataset in tree.descendants(source, SOURCE)
    )
