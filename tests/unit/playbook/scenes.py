"""Scenes for the rules: a healthy route by default, changed in the one thing a test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sealift.hosts.elevation import Elevation
from sealift.hosts.host import Connection
from sealift.hosts.probe import HostFacts
from sealift.playbook.diagnosis import Finding, StepReport
from sealift.playbook.flow import NOTHING, Flow, flow
from sealift.playbook.scene import Scene
from sealift.replication.comparison import compare
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job
from sealift.replication.obstacles import problems
from sealift.replication.picture import Picture, Side
from sealift.replication.pipeline import End, Ends
from sealift.replication.plan import make_plan
from sealift.replication.seal import judge
from sealift.routes import Location, Route
from sealift.zfs.listings import Snapshot
from sealift.zfs.pools import ZfsVersion
from sealift.zfs.processes import Listing, parse_listing
from tests.factories import NOON, mirrored

MIB, GIB = 1 << 20, 1 << 30
ROUTE = Route(
    Location("root", "nas1", "tank/prod"),
    Location("root", "dr1", "backup/prod"),
    all_snapshots=True,
)
IDLE = Flow(seen=True)


def version(text: str = "2.4.4", module: str | None = None) -> ZfsVersion:
    """A version by its number; the module's is the same unless it is given."""

    def release(word: str) -> tuple[int, int, int]:
        first, second, third = (int(each) for each in word.split("."))
        return first, second, third

    return ZfsVersion(text, module or text, release(text), release(module or text))


def facts(
    *, user: str = "root", ahead: int = 0, zfs: str = "2.4.4", module: str | None = None
) -> HostFacts:
    """A host where we are `user`, who cannot become root."""
    return HostFacts(
        user=user,
        uid=0 if user == "root" else 1000,
        hostname="host",
        system="Linux",
        zfs="zfs",
        version=version(zfs, module),
        ahead_seconds=ahead,
        sudo=False,
        doas=False,
    )


def at(hours: float) -> datetime:
    """The moment so many hours after NOON, which is when snapshot 100 was taken."""
    return NOON + timedelta(hours=hours)


def scene(
    source: Inventory | None = None,
    destination: Inventory | None = None,
    *,
    now: datetime | None = None,
    route: Route = ROUTE,
    moving: Flow = IDLE,
    ours: HostFacts | None = None,
    theirs: HostFacts | None = None,
    elevation: Elevation = Elevation.NONE,
) -> Scene:
    """Both sides as they are given; without, a level route whose newest snapshot is 6 min old."""
    if source is None or destination is None:
        level = list(range(101, 106))
        source, destination = mirrored({"": level, "db": level}, {"": level, "db": level})
        now = now or at(5.1)
    comparison = compare(source, destination, route.scope)
    up = Connection(connected=True, since=NOON)
    picture = Picture(
        route,
        Side(route.source, up, ours or facts(), source),
        Side(route.destination, up, theirs or facts(), destination),
        comparison,
        judge(comparison),
        problems(comparison),
    )
    ends = Ends(End(route.source, elevation=elevation), End(route.destination, elevation=elevation))
    return Scene(now or at(5.1), picture, ends, moving, make_plan(comparison))


def blind() -> Scene:
    """A scene of a route of which nothing was read."""
    up = Connection(connected=True, since=NOON)
    picture = Picture(ROUTE, Side(ROUTE.source, up), Side(ROUTE.destination, up))
    ends = Ends(End(ROUTE.source), End(ROUTE.destination))
    return Scene(at(5.1), picture, ends, NOTHING)


def moving(
    source: tuple[str, ...] = (),
    destination: tuple[str, ...] = (),
    *,
    age: int = 100,
    jobs: tuple[Job, ...] = (),
) -> Flow:
    """What runs, by the words of the processes, all as old; a receive is a session's of sshd."""
    return flow(ROUTE, listed(source, age), listed(destination, age), jobs, at(5.1))


def listed(
    commands: tuple[str, ...], age: int = 100, *, under: str = "sshd: root@notty"
) -> Listing:
    """A listing in which each command is a child of a process of its own."""
    lines = ["1 0 99999 /sbin/init"]
    for number, command in enumerate(commands):
        parent = 100 + 10 * number
        lines += [f"{parent} 1 {age} {under}", f"{parent + 1} {parent} {age} {command}"]
    return parse_listing("\n".join(lines).encode())


def ids(report: StepReport, severity: str = "") -> set[str]:
    """The ids of a report's findings, of one severity if that is given."""
    return {each.id for each in report.findings if severity in ("", each.severity)}


def only(report: StepReport, name: str) -> Finding:
    """The one finding of this id."""
    found = [each for each in report.findings if each.id == name]
    assert len(found) == 1, [each.id for each in report.findings]
    return found[0]


def written(inventory: Inventory, below: str, sizes: dict[str, int]) -> Inventory:
    """The inventory with other sizes of some snapshots of one dataset, by their names."""

    def sized(each: Snapshot) -> Snapshot:
        return replace(each, written=sizes.get(each.name, each.written))

    held = inventory.datasets[below]
    newer = replace(held, snapshots=tuple(sized(each) for each in held.snapshots))
    return replace(inventory, datasets={**inventory.datasets, below: newer})
