"""From nothing to a route in the config, on the demo's hosts: looked at, opened once, written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from sealift.cli import parse
from sealift.config.reading import default_path, read_config
from sealift.demo.stage import Demo
from sealift.demo.transport import DemoTransport
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.replication.overview import hosts_of
from sealift.routes import Location, Route
from sealift.ui.app import SealiftApp
from sealift.zfs.commands import Effect
from tests.driving import Operator
from tests.ui.starting import places_chosen


class OnDemo(SealiftApp):
    """The program where `nas1` and `dr1` are the demo's hosts."""

    demo: Demo

    def _host(self, name: str, gate: Gate, log: CommandLog) -> Host:
        started = partial(self.demo._started, name)  # noqa: SLF001 - as the demo's own transports
        return Host(DemoTransport(name, self.demo.directory, started), gate, log)

    def open_to_look(self, place: Location, gate: Gate) -> Host:
        assert place.host is not None
        return self._host(place.host, gate, self.command_log)

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        hosts = [self._host(name, gate, self.command_log) for name in ("nas1", "dr1")]
        yield hosts[0], hosts[1]

    @asynccontextmanager
    async def open_all_hosts(self, routes: Sequence[Route]) -> AsyncIterator[Mapping[str, Host]]:
        gate, log = Gate(read_only=True), self.command_log
        yield {each.where: self._host(each.host or "", gate, log) for each in hosts_of(routes)}


async def test_from_an_ssh_config_to_a_route_that_is_read(
    tmp_path: Path,
) -> None:
    file = tmp_path / "ssh_config"
    file.write_text("Host nas1 dr1\n")
    app = OnDemo(parse(["--ssh-config", str(file)]))
    async with (
        Demo.open("quiet-night") as app.demo,
        app.run_test(size=(120, 36), notifications=True) as pilot,
    ):
        operator = Operator(pilot)
        await places_chosen(operator, "nas1", "dr1")
        await operator.until("ok: there already, as a replica is")
        await pilot.press("o")
        await operator.both_read()
        await operator.until("SEALED vault")
        assert not default_path().exists()
        await pilot.press("escape")
        await operator.until("New route")
        await operator.confirm("w", "write")
        await operator.until("All routes, worst first")
        await operator.until("SEALED vault")
        assert await app.demo.deeds() == ()
    assert list(read_config().setups) == ["prod"]
    assert {each.effect for each in app.command_log.entries()} == {Effect.READ}
