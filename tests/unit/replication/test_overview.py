"""Many routes: one connection a host, the worst first, a dead host spoils only its own."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from sealift.hosts.trouble import Trouble
from sealift.replication import overview as module
from sealift.replication.comparison import compare
from sealift.replication.job import About, JobState
from sealift.replication.many import outermost
from sealift.replication.obstacles import Problem
from sealift.replication.overview import Overview, OverviewWatch, hosts_of
from sealift.replication.picture import Picture
from sealift.replication.seal import Breach, Seal, SealState
from sealift.replication.urgency import Urgency, late, urgency, worst_first
from sealift.routes import Purpose, Route, Transport, Via
from tests.factories import NOON, job
from tests.fleet import Fleet, tree

NOW = NOON + timedelta(hours=10)


def read(fleet: Fleet) -> dict[str, Picture]:
    """Every route's picture, by name, after one reading of all hosts."""

    async def once() -> Overview:
        return await OverviewWatch(fleet.routes, fleet.open()).read_once()

    return {each.route.name: each for each in asyncio.run(once()).pictures}


def test_one_picture_a_route_with_one_connection_and_one_listing_a_host() -> None:
    fleet = Fleet()
    fleet.add("a", tree("tank/a", 101, 102), tree("backup/a", 101))
    fleet.add("b", tree("tank/b", 101, children=("x",)), tree("backup/b", 101, children=("x",)))
    fleet.add("c", tree("tank/c", 101), None)
    found = read(fleet)
    assert found["a"].comparison is not None
    assert found["a"].comparison.snapshots_behind == 1
    assert found["b"].comparison is not None
    assert found["b"].comparison.level
    assert found["b"].seal.state is SealState.SEALED
    assert found["c"].comparison is not None
    assert not found["c"].comparison.destination.exists
    assert not any(each.troubles for each in found.values())
    for host in fleet.hosts.values():
        assert host.connects == 1
        assert len(host.ran) == 3, "datasets, snapshots, pools"


def test_two_hundred_routes_on_twenty_hosts_take_one_connection_each_and_less_than_a_round() -> (
    None
):
    fleet = Fleet()
    children = ("a", "b", "c")
    guids = tuple(range(1, 31))
    for number in range(200):
        ends = f"nas{number % 10}", f"dr{number // 10 % 10}"
        source = tree(f"tank/{number}", *guids, children=children)
        fleet.add(
            str(number), source, tree(f"backup/{number}", *guids[:-1], children=children), *ends
        )
    assert len(fleet.hosts) == 20
    began = time.monotonic()
    found = read(fleet)
    assert time.monotonic() - began < module.EVERY
    assert len(found) == 200
    assert all(each.comparison and each.comparison.snapshots_behind == 4 for each in found.values())
    assert {host.connects for host in fleet.hosts.values()} == {1}


def test_a_dead_host_is_told_on_its_routes_and_on_no_other() -> None:
    fleet = Fleet()
    fleet.add("fine", tree("tank/fine", 101), tree("backup/fine", 101))
    fleet.add("gone", tree("tank/gone", 101), tree("backup/gone", 101), "nas1", "dr2")
    fleet.hosts["root@dr2"].up = False
    found = read(fleet)
    assert found["fine"].comparison is not None
    assert not found["fine"].troubles
    assert [each.finding for each in found["gone"].troubles] == ["host-unreachable"]
    assert found["gone"].source.inventory is not None
    assert found["gone"].comparison is None


async def test_a_host_that_hangs_keeps_nobody_waiting() -> None:
    fleet = Fleet()
    fleet.add("fine", tree("tank/fine", 101), tree("backup/fine", 101))
    fleet.add("slow", tree("tank/slow", 101), tree("backup/slow", 101), "nas1", "dr2")
    fleet.hosts["root@dr2"].hangs = True
    watch = OverviewWatch(fleet.routes, fleet.open())
    seen = asyncio.Event()

    def look(overview: Overview) -> None:
        if overview.pictures[0].comparison is not None:
            seen.set()

    watch.subscribe(look)
    running = asyncio.create_task(watch.run())
    await asyncio.wait_for(seen.wait(), 20)
    assert watch.overview.pictures[1].comparison is None
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_what_was_known_of_a_host_stays_when_it_goes_and_is_news_when_it_comes_back() -> None:
    fleet = Fleet()
    fleet.add("a", tree("tank/a", 101, 102), tree("backup/a", 101))
    hosts = fleet.open()
    watch = OverviewWatch(fleet.routes, hosts)
    await watch.read_once()
    there = fleet.hosts["root@dr1"]
    there.up = there.connected = False
    (gone,) = (await watch.read_once()).pictures
    assert gone.troubles
    assert gone.comparison is not None
    assert gone.comparison.snapshots_behind == 1
    there.up = True
    there.trees["backup/a"] = tree("backup/a", 101, 102)
    hosts["root@dr1"].retry_now()
    (back,) = (await watch.read_once()).pictures
    assert not back.troubles
    assert back.comparison is not None
    assert back.comparison.level


def test_a_pool_that_is_not_there_is_no_empty_destination() -> None:
    fleet = Fleet()
    fleet.add("a", tree("tank/a", 101), None)
    fleet.add("b", tree("tank/b", 101), tree("other/b", 101))
    fleet.hosts["root@dr1"].pools = {"other"}
    found = read(fleet)
    assert "backup" in found["a"].troubles[0].raw
    assert "other" not in found["a"].troubles[0].raw
    assert found["b"].comparison is not None
    assert not found["b"].troubles


def test_a_job_is_told_on_its_own_route_alone() -> None:
    fleet = Fleet()
    for name, there in (("one", "dr1"), ("two", "dr2")):
        fleet.add(name, tree("tank/prod", 101, 102), tree("backup/prod", 101), "nas1", there)
    its = job().about
    line = f"{its.id}\talive\trunning\t10\t/root/jobs/{its.id}\t{_written(its)}\n"
    fleet.hosts["root@nas1"].jobs = line
    found = read(fleet)
    assert found["one"].job is not None
    assert found["one"].job.state is JobState.RUNNING
    assert found["two"].job is None


def _written(its: About) -> str:
    steps = [{**asdict(each), "brings": sorted(each.brings)} for each in its.steps]
    known = {**asdict(its), "schema": 1, "route": its.name, "made": its.made.timestamp()}
    return json.dumps({**known, "steps": steps})


def test_trees_within_others_are_not_listed_twice() -> None:
    assert outermost(["tank/a", "tank/a/b", "tank/ab", "tank/a"]) == ("tank/a", "tank/ab")
    fleet = Fleet()
    fleet.add("all", tree("tank/a", 101, children=("b",)), tree("backup/a", 101, children=("b",)))
    fleet.routes.append(replace(fleet.routes[0], name="part"))
    end = replace(fleet.routes[0].source, dataset="tank/a/b")
    there = replace(fleet.routes[0].destination, dataset="backup/a/b")
    fleet.routes[1] = Route(end, there, "part")
    found = read(fleet)
    assert found["part"].comparison is not None
    assert list(found["part"].comparison.datasets) == [""]
    assert found["part"].comparison.level


def test_a_route_that_is_relayed_needs_this_machine_too() -> None:
    fleet = Fleet()
    route = fleet.add("a", tree("tank/a", 101), None)
    assert [each.where for each in hosts_of([route])] == ["root@nas1", "root@dr1"]
    relayed = replace(route, transport=Transport(via=Via.OPERATOR))
    assert "this machine" in [each.where for each in hosts_of([relayed])]


# The order


def pictures() -> dict[Urgency, Picture]:
    """One of each kind; `NOW` is three hours after guid 107."""
    fleet = Fleet()
    fleet.add("level", tree("tank/level", 107), tree("backup/level", 107))
    fleet.add("behind", tree("tank/behind", 107, 108), tree("backup/behind", 107))
    fleet.add("unseeded", tree("tank/unseeded", 107), None)
    found = {
        name: replace(each, route=replace(each.route, lag_limit=4 * 3600))
        for name, each in read(fleet).items()
    }
    level, behind = found["level"], found["behind"]
    gone = Trouble("host-unreachable", "root@dr1", "nothing answers there")
    breach = Breach("key-loaded-on-vault", "backup/level", "its key is loaded there")
    stop = Problem(
        "destination-diverged", "destination", "backup/level", "it differs", "Roll back."
    )
    return {
        Urgency.UNSEALED: replace(level, seal=Seal(SealState.BROKEN, (breach,))),
        Urgency.STOPPED: replace(level, problems=(stop,)),
        Urgency.LATE: replace(behind, route=replace(behind.route, lag_limit=3600)),
        Urgency.UNREACHABLE: replace(level, destination=replace(level.destination, trouble=gone)),
        Urgency.ODD: found["unseeded"],
        Urgency.UNREAD: replace(level, comparison=None),
        Urgency.BEHIND: behind,
        Urgency.FINE: level,
    }


def test_every_kind_is_told_and_the_worst_comes_first() -> None:
    made = pictures()
    for kind, picture in made.items():
        assert urgency(picture, NOW) is kind
    ordered = worst_first(reversed(made.values()), NOW)
    assert [urgency(each, NOW) for each in ordered] == sorted(Urgency)


def test_a_standby_that_is_unlocked_is_no_breach_and_what_is_level_is_never_late() -> None:
    made = pictures()
    unlocked = made[Urgency.UNSEALED]
    standby = replace(unlocked, route=replace(unlocked.route, purpose=Purpose.STANDBY))
    assert urgency(standby, NOW) is Urgency.ODD
    level = made[Urgency.FINE]
    assert level.comparison is not None
    assert compare(level.comparison.source, level.comparison.destination).level
    assert not late(level, NOW + timedelta(days=5)), "rare snapshots are old, not late"
    behind = replace(made[Urgency.BEHIND], route=level.route)  # s108 is of 20:00, the limit 4 h
    assert not late(behind, NOON + timedelta(hours=12))
    assert late(behind, NOON + timedelta(hours=12, seconds=1))
    failed = replace(made[Urgency.BEHIND], job=job(JobState.FAILED))
    assert urgency(failed, NOW) is Urgency.STOPPED


def test_among_late_ones_the_one_that_exceeds_its_limit_most_is_first() -> None:
    late_one = pictures()[Urgency.LATE]
    worse = replace(late_one, route=replace(late_one.route, name="z", lag_limit=60))
    assert [each.route.name for each in worst_first([late_one, worse], NOW)] == ["z", "behind"]
