"""A receive that ends between two listings is no dead token: what is odd is listed again first."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from sealift.replication.inventory import Inventory
from sealift.replication.obstacles import problems
from sealift.replication.overview import OverviewWatch
from sealift.replication.picture import Picture
from sealift.replication.watch import RouteWatch
from sealift.zfs.listings import Snapshot
from tests.factories import dataset, held, inventory, resume_token, snapshot
from tests.fleet import Fleet, FleetHost, Said, tree

A, B, C = (snapshot(f"rep-{guid}", guid) for guid in (101, 102, 103))


@dataclass
class MovingHost(FleetHost):
    """A host whose listings of datasets and of snapshots are those of different moments, in turn.

    The last of each stays.
    """

    datasets: list[Inventory] = field(default_factory=list)
    snapshots: list[Inventory] = field(default_factory=list)

    def _zfs(self, roots: tuple[str, ...], *, snapshots: bool) -> Said:
        moments = self.snapshots if snapshots else self.datasets
        now = moments.pop(0) if len(moments) > 1 else moments[0]
        self.trees = {now.root: now}
        return super()._zfs(roots, snapshots=snapshots)


def at(*snapshots: Snapshot, token: str | None = None) -> Inventory:
    """The destination at one moment."""
    return inventory("backup/a", top=held(dataset("backup/a", token=token), *snapshots))


def fleet_with(datasets: list[Inventory], snapshots: list[Inventory]) -> tuple[Fleet, MovingHost]:
    """One route whose destination says this, in turn."""
    fleet = Fleet()
    fleet.add("a", tree("tank/a", 101, 102, 103), at(A))
    there = MovingHost("root@dr1", datasets=datasets, snapshots=snapshots, pools={"backup"})
    fleet.hosts["root@dr1"] = there
    return fleet, there


def read(fleet: Fleet) -> Picture:
    """What one look at the route shows."""
    hosts, route = fleet.open(), fleet.routes[0]
    watch = RouteWatch(route, hosts[route.source.where], hosts[route.destination.where])
    return asyncio.run(watch.read_once())


def ids(picture: Picture) -> list[str]:
    assert picture.comparison is not None
    assert list(picture.problems) == list(problems(picture.comparison))
    return [each.id for each in picture.problems]


ENDED = [at(A, token=resume_token(B, A)), at(A, B)]


def test_a_receive_that_ends_between_the_listings_leaves_no_token() -> None:
    fleet, there = fleet_with(list(ENDED), [at(A, B)])
    picture = read(fleet)
    assert ids(picture) == []
    assert picture.comparison is not None
    assert picture.comparison.snapshots_behind == 1
    assert len(there.ran) == 4, "three listings, and one again"


def test_nor_does_it_in_the_overview() -> None:
    fleet, there = fleet_with(list(ENDED), [at(A, B)])
    shown = asyncio.run(OverviewWatch(fleet.routes, fleet.open()).read_once())
    assert ids(shown.pictures[0]) == []
    assert len(there.ran) == 4, "three listings, and one again"


def test_the_next_one_may_have_begun_since() -> None:
    later = at(A, B, token=resume_token(C, B))
    fleet, _ = fleet_with([ENDED[0], later], [at(A, B)])
    assert ids(read(fleet)) == ["stale-token"]


def test_a_receive_that_began_after_the_snapshots_were_listed_has_not_diverged() -> None:
    later = at(A, B, token=resume_token(C, B))
    fleet, _ = fleet_with([later], [at(A), at(A, B)])
    assert ids(read(fleet)) == ["stale-token"]


def test_a_new_dataset_that_went_with_its_token_is_not_there() -> None:
    full = at(A, token=resume_token(A))
    fleet, _ = fleet_with([full, replace(full, datasets={})], [at(A)])
    picture = read(fleet)
    assert picture.destination.trouble is None
    assert picture.comparison is not None
    assert not picture.comparison.destination.exists


def test_a_token_that_is_dead_stays_so_for_one_listing_more() -> None:
    fleet, there = fleet_with([at(A, B, token=resume_token(B, A))], [at(A, B)])
    assert ids(read(fleet)) == ["dead-token"]
    assert len(there.ran) == 4
    assert "-r" not in there.ran[-1], "what lies below the dataset was not odd"


def test_a_token_that_fits_costs_no_second_look() -> None:
    fleet, there = fleet_with([at(A, token=resume_token(B, A))], [at(A)])
    assert ids(read(fleet)) == ["stale-token"]
    assert len(there.ran) == 3
