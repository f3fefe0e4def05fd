"""What is held before a job is started, on the demo's world; the job itself is not started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from sealift.hosts.host import DEADLINE, Host, Result
from sealift.hosts.trouble import TroubleError
from sealift.replication.changes import Changes
from sealift.replication.job_files import Order
from sealift.replication.pipeline import End, Ends
from sealift.replication.watch import RouteWatch
from sealift.routes import Location, Route
from sealift.zfs.commands import Command, Effect
from tests.contract.carrying import Carrier

ROUTE = Route(Location("root", "nas1", "tank/t"), Location("root", "dr1", "backup/t"))
CREATE = ("zfs", "create", "-o", "encryption=on", "-o", "keyformat=passphrase", "tank/t")


@dataclass
class OneHost:
    """A host that runs changes as well; `first` happens once, just before the first of them."""

    carrier: Carrier
    side: str
    first: Callable[[], object] = lambda: None
    changed: list[tuple[Command, float]] = field(default_factory=list)
    where: str = "a host"

    async def run(self, command: Command, *, deadline: float = DEADLINE) -> Result:
        if command.effect is Effect.READ:
            return await self.carrier.host(self.side).run(command)
        if not self.changed:
            self.first()
        self.changed.append((command, deadline))
        answer = self.carrier.do(self.side, command.argv)
        return Result(answer.code, answer.stdout.encode(), answer.stderr.encode(), 0.0)


class Desk:
    """A route between two such hosts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *snapshots: str) -> None:
        self.carrier = Carrier(ROUTE)
        self.source, self.destination = (
            OneHost(self.carrier, side) for side in ("source", "destination")
        )
        self.started: list[Order] = []

        async def start(_: Host, order: Order) -> None:
            self.started.append(order)

        monkeypatch.setattr("sealift.replication.jobs.start", start)
        for argv in (CREATE, ("zfs", "create", "tank/t/a")):
            assert self.zfs(*argv) == 0
        for name in snapshots:
            assert self.zfs("zfs", "snapshot", "-r", f"tank/t@{name}") == 0
        picture = SimpleNamespace(route=ROUTE)

        async def read_once(*, meet: bool = True) -> SimpleNamespace:
            return SimpleNamespace(comparison=self.carrier.compare(), troubles=())

        async def find_jobs() -> tuple[()]:
            return ()

        async def meet(_: str) -> None:
            """Both are met already."""

        watch = SimpleNamespace(
            picture=picture,
            ends=Ends(End(ROUTE.source), End(ROUTE.destination)),
            source=self.source,
            destination=self.destination,
            coordinator=self.source,
            read_once=read_once,
            find_jobs=find_jobs,
            meet=meet,
            sharing=(),
            look_for_jobs=lambda: None,
        )
        self.changes = Changes(cast("RouteWatch", watch))

    def zfs(self, *argv: str) -> int:
        return self.carrier.do("source", argv).code

    def held(self) -> set[str]:
        return {hold.snapshot for hold in self.carrier.holds(self.carrier.compare())[0]}


def start(desk: Desk) -> None:
    """As the operator does who has read the preview."""

    async def started() -> None:
        await desk.changes.start(await desk.changes.preview())

    asyncio.run(started())


def test_all_that_a_job_brings_is_held_when_it_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, "rep-1", "rep-2", "rep-3")
    start(desk)
    assert len(desk.started) == 1
    assert desk.held() == {f"tank/t{at}@rep-{n}" for at in ("", "/a") for n in (1, 2, 3)}
    assert [command.argv[:4] for command, _ in desk.source.changed] == [
        ("zfs", "hold", "-r", "keepforrep")
    ]


def test_whoever_holds_one_of_a_tree_at_the_same_moment_keeps_none_of_it_unheld(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`zfs hold -r` holds nothing then."""
    desk = Desk(monkeypatch, "rep-1", "rep-2", "rep-3")
    desk.source.first = lambda: desk.zfs("zfs", "hold", "keepforrep", "tank/t/a@rep-2")
    start(desk)
    assert len(desk.started) == 1
    assert desk.held() == {f"tank/t{at}@rep-{n}" for at in ("", "/a") for n in (1, 2, 3)}


def test_the_deadline_grows_with_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for a transaction group; a busy pool needs seconds for one."""
    names = [f"rep-{number:03}" for number in range(250)]
    desk = Desk(monkeypatch, *names)
    assert desk.zfs("zfs", "snapshot", "tank/t/a@rep-last") == 0
    start(desk)
    per_name = [
        (len(command.argv) - 4, deadline - DEADLINE) for command, deadline in desk.source.changed
    ]
    assert [count for count, _ in per_name[:2]] == [200, 50]
    assert all(more >= count for count, more in per_name)
    assert all(more < 4 * (count + 5) for count, more in per_name)


def test_a_snapshot_that_goes_before_it_is_held_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(monkeypatch, "rep-1", "rep-2", "rep-3")
    assert desk.zfs("zfs", "snapshot", "tank/t/a@rep-4") == 0
    desk.source.first = lambda: desk.zfs("zfs", "destroy", "tank/t/a@rep-4")
    with pytest.raises(TroubleError, match="does not exist"):
        start(desk)
    assert desk.started == []
