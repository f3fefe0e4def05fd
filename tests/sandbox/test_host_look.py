"""A first look at hosts with real processes: what is read, that it only reads, and troubles."""

from __future__ import annotations

from sealift.demo.stage import Demo
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.playbook.checklist import State, checklist, may
from sealift.replication.host_look import look

from .conftest import Hosts, MakeServer


async def test_the_demos_hosts_are_seen_whole_with_reads_alone() -> None:
    async with Demo.open("quiet-night") as demo:
        log = CommandLog()
        gate = Gate(read_only=True)
        source = await look(Host(demo.source, gate, log))
        destination = await look(Host(demo.destination, gate, log))
        assert await demo.deeds() == ()
    assert {each.state for each in checklist(source)} == {State.OK}
    titles = [each.title for each in checklist(source)]
    assert titles[:6] == ["Login", "ZFS", "Clock", "Rights", "Pool tank", "tank"]
    assert "tank/prod/db" in titles
    assert may(source, "tank/prod", "source")[0] is State.OK
    found = {each.title: each.found for each in checklist(destination)}
    assert found["backup/prod"] == "encryption root, locked"


async def test_a_host_that_refuses_us_is_a_trouble_and_no_exception(
    hosts: Hosts, make_server: MakeServer
) -> None:
    server = await make_server()
    host = hosts.of(server)
    hosts.home.know()  # nobody has accepted its key
    seen = await look(host)
    assert seen.unknown_key is not None
    assert (seen.connected, seen.facts) == (False, None)
    host.accept(seen.unknown_key, remember=False)
    host.retry_now()
    assert (await look(host)).connected
    await server.stop()
    assert not (await look(hosts.of(server))).connected
