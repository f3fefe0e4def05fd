"""Every question costs a host CPU time: what is not needed is not asked."""

from __future__ import annotations

import os
from pathlib import Path

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.local import LocalTransport
from sealift.hosts.probe import probe_command
from sealift.replication.changes import Changes
from sealift.replication.watch import RouteWatch
from sealift.routes import Location, Route

from .test_demo_ends import said
from .test_demo_journey import _TREE, transferred, watching

_PROBE = probe_command().text()


def route_on(demo: Demo) -> tuple[RouteWatch, CommandLog]:
    """The demo's route, of which nothing was asked yet."""
    gate, log = Gate(), CommandLog()
    source, destination = (Host(each, gate, log) for each in (demo.source, demo.destination))
    return RouteWatch(demo.route, source, destination), log


async def test_a_level_route_is_answered_from_its_listings_alone() -> None:
    async with Demo.open(BLANK) as demo, watching(demo) as watch:
        await said(demo, "nas1", f"{_TREE}; zfs snapshot -r tank/prod@rep-1")
        await transferred(watch)
        another, log = route_on(demo)
        shown = await Changes(another).preview()
        assert (shown.steps, shown.plan.blocked) == ((), ())
        asked = [entry.text for entry in log.entries()]
        assert len(asked) == 6
        assert all(text.startswith(("zfs list ", "zpool list ")) for text in asked)


async def test_before_something_is_sent_both_hosts_say_who_we_are() -> None:
    async with Demo.open(BLANK) as demo:
        await said(demo, "nas1", f"{_TREE}; zfs snapshot -r tank/prod@rep-1")
        watch, log = route_on(demo)
        shown = await Changes(watch).preview()
        assert shown.steps
        assert [entry.text for entry in log.entries()].count(_PROBE) == 2


async def test_why_a_host_cannot_be_listed_is_asked_of_it(tmp_path: Path) -> None:
    for name in ("zfs", "zpool"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    host = Host(LocalTransport(environment), Gate(), CommandLog())
    watch = RouteWatch(
        Route(Location(None, None, "tank/prod"), Location(None, None, "backup/prod")), host, host
    )
    picture = await watch.read_once(meet=False)
    assert picture.source.trouble is not None
    assert "first questions" in picture.source.trouble.what
    await host.close()
