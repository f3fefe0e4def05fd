"""Several routes between the demo's hosts, read with one listing each, jobs' scripts included."""

from __future__ import annotations

from dataclasses import replace

from sealift.demo.stage import Demo
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.replication.overview import OverviewWatch
from sealift.replication.seal import SealState


async def test_the_demos_hosts_answer_for_all_their_routes_at_once() -> None:
    async with Demo.open("quiet-night") as demo:
        whole = demo.route
        routes = [whole] + [
            replace(
                whole,
                name=name,
                source=replace(whole.source, dataset=f"tank/prod/{name}"),
                destination=replace(whole.destination, dataset=f"backup/prod/{name}"),
            )
            for name in ("db", "mail", "nothing")
        ]
        gate, log = Gate(read_only=True), CommandLog()
        hosts = {
            whole.source.where: Host(demo.source, gate, log),
            whole.destination.where: Host(demo.destination, gate, log),
        }
        overview = await OverviewWatch(routes, hosts).read_once()
        assert not [each.troubles for each in overview.pictures if each.troubles]
        behind = {
            each.route.name: each.comparison.snapshots_behind
            for each in overview.pictures
            if each.comparison
        }
        assert behind == {"quiet-night": 15, "db": 3, "mail": 3, "nothing": 0}
        assert [each.seal.state for each in overview.pictures[:3]] == [SealState.SEALED] * 3
        listings = [each.text for each in log.entries() if each.text.startswith("zfs list")]
        assert len(listings) == 4, "two a host"
