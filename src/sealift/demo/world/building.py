"""Make worlds: pools with trees that have a past, and replicas of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sealift.demo.world import tree
from sealift.demo.world.model import Crypt, Dataset, Host, Link, Pool, Snapshot, World, Wrapping
from sealift.routes import SNAPSHOT_FORMAT

MIB, GIB = 1 << 20, 1 << 30
PASSPHRASE = b"correct horse battery staple"
_LINK = 48_000_000  # bytes a second
_HOUR = 3600
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Plan:
    """A dataset to make: its name below the root, its data at first, what an hour changes."""

    below: str
    data: int
    hourly: int


@dataclass(slots=True)
class Builder:
    """A world in the making: `nas1` with pool tank, `dr1` with pool backup.

    `now` is when the demo starts; the past is counted back from there.
    """

    seed: str
    clock: Callable[[], float] | None = None
    world: World = field(init=False)
    now: int = field(init=False)

    def __post_init__(self) -> None:
        clock = self.clock or time.time
        rng = random.Random(self.seed)  # noqa: S311 - identities of a demo, the same every time
        self.now = int(clock())
        hosts = {
            "nas1": Host("nas1", self._pool(rng, "tank", 2048 * GIB, "nas1")),
            "dr1": Host("dr1", self._pool(rng, "backup", 4096 * GIB, "dr1")),
        }
        self.world = World(hosts, clock, rng, Link(rate=_LINK, wire=_LINK))
        for host in hosts.values():
            root = tree.add(self.world, host.pool, host.pool.name)
            root.creation, root.createtxg = self.now - 700 * _DAY, 1
            root.mounted = True

    def _pool(self, rng: random.Random, name: str, size: int, host: str) -> Pool:
        scrubbed = self.now - 5 * _DAY
        return Pool(
            name,
            rng.getrandbits(63) | 1 << 60,
            size,
            host,
            vdevs=(
                ("mirror-0", "ONLINE", 0, 0, 0),
                ("  sda", "ONLINE", 0, 0, 0),
                ("  sdb", "ONLINE", 0, 0, 0),
            ),
            scan=f"scrub repaired 0B in 03:41:07 with 0 errors on {time.ctime(scrubbed)}",
            fragmentation=7,
            read_rate=90_000_000,
            write_rate=70_000_000,
        )

    @property
    def source(self) -> Pool:
        """The pool of nas1."""
        return self.world.hosts["nas1"].pool

    @property
    def destination(self) -> Pool:
        """The pool of dr1."""
        return self.world.hosts["dr1"].pool

    def grow(self, root: str, plans: tuple[Plan, ...], *, born: int) -> list[Dataset]:
        """Make an encrypted tree on the source, unlocked and mounted, `born` seconds ago."""
        wrapping = Wrapping.of(PASSPHRASE)
        made: list[Dataset] = []
        for plan in plans:
            crypt = tree.new_crypt(self.world, wrapping)
            top = made[0] if made else None
            dataset = tree.add(self.world, self.source, root + plan.below, crypt=crypt, root=top)
            dataset.creation = self.now - born
            dataset.data = plan.data
            dataset.mounted = True
            made.append(dataset)
        made[0].loaded = wrapping
        made[0].local["keylocation"] = "prompt"
        return made

    def live(self, datasets: list[Dataset], plans: tuple[Plan, ...], moments: list[int]) -> None:
        """Let hours pass on the source: data changes, and snapshots are taken at these moments."""
        for moment in moments:
            name = time.strftime(SNAPSHOT_FORMAT, time.gmtime(moment))
            self.snapshot(datasets, plans, name, moment)

    def fit(self) -> None:
        """Make pools larger that a long past has filled."""
        for pool in (self.source, self.destination):
            pool.size = max(pool.size, tree.allocated(pool) * 5 // 3)

    def snapshot(
        self, datasets: list[Dataset], plans: tuple[Plan, ...], name: str, moment: int
    ) -> None:
        """Change some data in each dataset and take one snapshot of all."""
        pool = self.source
        txg = pool.next_txg()
        for dataset, plan in zip(datasets, plans, strict=True):
            change = plan.hourly * self.world.random.randint(60, 140) // 100
            if change:
                dataset.dirty += change + dataset.overhead
                dataset.data += change // 4
                if dataset.snapshots:
                    # Three quarters of what changes overwrites what the one before still holds.
                    last = dataset.snapshots[-1]
                    last.used = change * 3 // 4
                    dataset.kept += last.used
            tree.take(self.world, pool, dataset, name, txg, creation=moment)
            dataset.snapshots_changed = moment

    def hours(self, count: int, *, until: int = 0) -> list[int]:
        """The last `count` full hours, oldest first, up to `until` seconds ago."""
        last = (self.now - until) // _HOUR * _HOUR
        return [last - _HOUR * back for back in range(count - 1, -1, -1)]

    def replicate(
        self, datasets: list[Dataset], root: str, *, skip: int = 0, flat: bool = False
    ) -> list[Dataset]:
        """Put raw replicas of a source tree under `root` of the destination, as `-R` leaves them.

        The newest `skip` snapshots are not there yet. `flat` makes each its own encryption root.
        """
        top = datasets[0].name
        made: list[Dataset] = []
        for dataset in datasets:
            name = root + dataset.name[len(top) :]
            made.append(
                self.copy(dataset, name, skip=skip, root=made[0] if made and not flat else None)
            )
        self.fit()
        return made

    def copy(
        self, dataset: Dataset, name: str, *, skip: int = 0, root: Dataset | None = None
    ) -> Dataset:
        """A raw replica of one dataset."""
        pool, before = self.destination, dataset.crypt
        crypt = None if before is None else Crypt(before.suite, before.keyguid, before.wrapping)
        made = tree.add(self.world, pool, name, crypt=crypt, root=root)
        made.creation = dataset.creation
        if crypt is not None and root is None:
            made.local["keylocation"] = "prompt"
        made.local |= {"readonly": "on", "canmount": "noauto"}
        kept = dataset.snapshots[: len(dataset.snapshots) - skip]
        made.snapshots = [
            Snapshot(
                each.name,
                each.guid,
                pool.next_txg(),
                each.creation,
                each.ivsetguid,
                each.data,
                each.written,
                pool.next_object(),
                each.used,
            )
            for each in kept
        ]
        made.kept = sum(each.used for each in kept[:-1])
        made.data = kept[-1].data if kept else 0
        if kept:
            made.snapshots[-1].used = 0
            made.snapshots_changed = kept[-1].creation
        return made
