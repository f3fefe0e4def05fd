"""broken-chain: a cleanup job destroyed the anchors on the source."""

from __future__ import annotations

from collections.abc import Callable

from sealift.demo.scenarios.scenario import DESTINATION, SOURCE, Scenario, arrived, pair
from sealift.demo.world import tree
from sealift.demo.world.building import MIB, Builder, Plan
from sealift.demo.world.model import Dataset, Snapshot, World

_TREE = (
    Plan("", 8 * MIB, 0),
    Plan("/app", 300 * MIB, 10 * MIB),
    Plan("/db", 800 * MIB, 25 * MIB),
    Plan("/home", 500 * MIB, 5 * MIB),
)
_NEW = 4  # snapshots taken since the last one that arrived


def make(snapshots: int | None, clock: Callable[[], float] | None) -> tuple[Scenario, World]:
    """The world: of db's anchor a bookmark is left, of home's nothing; the others are fine."""
    build = Builder("broken-chain", clock)
    moments = build.hours(24 if snapshots is None else max(_NEW + 2, snapshots // len(_TREE)))
    datasets = build.grow(SOURCE, _TREE, born=build.now - moments[0] + 86400)
    build.live(datasets, _TREE, moments)
    build.replicate(datasets, DESTINATION, skip=_NEW)
    _clean_up(datasets[2], keep_bookmark=True)
    _clean_up(datasets[3], keep_bookmark=False)
    scenario = Scenario(
        name="broken-chain",
        title="A broken chain",
        briefing=(
            "A cleanup job ran wild on nas1 and destroyed old snapshots of db and home, the ones "
            "that the next increments start from among them. The scheduler has stopped.\n"
            "Get every dataset's newest snapshot to dr1. Nothing that dr1 still has may be lost: "
            "what cannot be continued is received under another name."
        ),
        hint=(
            "app and the top: a plain increment. db: its anchor lives on as a bookmark, so "
            "`zfs send -w -i '#…' tank/prod/db@NEXT` continued the chain, then -I from there. "
            "home had nothing in common any more: a full receive into backup/prod/home-2 (a new "
            "name), and only after looking at it a decision about the old one. Then holds on the "
            "anchors."
        ),
        mended=_mended,
        began=build.world.clock(),
    )
    return scenario, build.world


def _clean_up(dataset: Dataset, *, keep_bookmark: bool) -> None:
    """Destroy everything that the destination also has."""
    shared = dataset.snapshots[:-_NEW]
    anchor = shared[-1]
    if keep_bookmark:
        dataset.bookmarks.append(
            Snapshot(
                anchor.name,
                anchor.guid,
                anchor.createtxg,
                anchor.creation,
                anchor.ivsetguid,
                anchor.data,
                0,
                anchor.objsetid,
            )
        )
    for each in shared:
        tree.drop(dataset, each)


def _mended(world: World) -> bool:
    source, destination = pair(world)
    return all(
        any(
            arrived(dataset, replica)
            for replica in destination.datasets.values()
            if replica.crypt is not None
            and dataset.crypt is not None
            and replica.crypt.keyguid == dataset.crypt.keyguid
        )
        for dataset in tree.descendants(source, SOURCE)
    )
