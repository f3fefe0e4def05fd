"""First light on the demo: seed, increment, verify, through sealift's own hosts and runner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.replication.picture import Picture
from sealift.replication.seal import SealState
from sealift.replication.transfer import TransferState
from sealift.replication.watch import RouteWatch

from .test_demo_ends import eventually, said

_TREE = (
    "printf 'correct horse battery staple' | "
    "zfs create -o encryption=on -o keyformat=passphrase -o keylocation=prompt tank/prod; "
    "zfs create tank/prod/db; zfs create tank/prod/app; fill tank/prod/db 8; fill tank/prod/app 4"
)
_GUIDS = "zfs list -Hp -r -t snapshot -o name,guid,ivsetguid {} | sed 's,^[^@/]*/[^@/]*,,'"


@asynccontextmanager
async def watching(demo: Demo) -> AsyncIterator[RouteWatch]:
    """The demo's route, read by the real program."""
    gate, log = Gate(), CommandLog()
    source, destination = (Host(each, gate, log) for each in (demo.source, demo.destination))
    try:
        yield RouteWatch(demo.route, source, destination)
    finally:
        await asyncio.gather(source.close(), destination.close())


async def transferred(watch: RouteWatch) -> TransferState:
    """Start what is planned, and wait until it is over."""
    over = asyncio.Event()
    before = watch.picture.transfer.started if watch.picture.transfer else None

    def look(picture: Picture) -> None:
        transfer = picture.transfer
        if transfer and transfer.started != before and not transfer.state.running:
            over.set()

    watch.subscribe(look)
    await watch.start(await watch.preview())
    async with asyncio.timeout(15):
        await over.wait()
    assert watch.picture.transfer is not None
    return watch.picture.transfer.state


async def test_seed_and_increment_arrive_sealed_and_equal() -> None:
    async with Demo.open(BLANK) as demo, watching(demo) as watch:
        await said(demo, "nas1", _TREE)
        picture = await watch.read_once()
        assert picture.troubles == ()
        assert picture.source.facts is not None
        assert (picture.source.facts.hostname, picture.source.facts.uid) == ("nas1", 0)
        await watch.take_snapshot(watch.snapshot_command())
        assert await transferred(watch) is TransferState.DONE
        assert watch.picture.seal is not None
        assert watch.picture.seal.state is SealState.SEALED

        await said(demo, "nas1", "fill tank/prod/db 3")
        await watch.take_snapshot(watch.snapshot_command())
        assert await transferred(watch) is TransferState.DONE
        assert watch.picture.seal.state is SealState.SEALED
        there = await said(demo, "dr1", _GUIDS.format("backup/prod"))
        assert there == await said(demo, "nas1", _GUIDS.format("tank/prod"))
        assert len(there.splitlines()) == 6
        status = await said(demo, "dr1", "zfs get -Hr -o value -t filesystem keystatus backup/prod")
        assert status == "unavailable\n" * 3
        assert (await watch.preview()).steps == ()


async def test_cancelling_keeps_what_arrived_as_a_token() -> None:
    async with Demo.open(BLANK) as demo, watching(demo) as watch:
        await said(demo, "nas1", _TREE)
        await demo.pace(link=1_000_000)
        await watch.take_snapshot(watch.snapshot_command())
        await watch.start(await watch.preview())
        await eventually(
            lambda: watch.picture.transfer and watch.picture.transfer.progress.done, "bytes move"
        )
        await watch.cancel()
        async with asyncio.timeout(10):
            tokens = ""
            while "1-" not in tokens:
                tokens = await said(demo, "dr1", "zfs get -Hr -o value receive_resume_token backup")
        picture = await watch.read_once()
        assert picture.transfer is not None
        assert picture.transfer.state is TransferState.CANCELLED
        assert any(problem.id == "stale-token" for problem in picture.problems)
