"""First light on the demo: seed, increment, verify, through sealift's own hosts and runner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.process import Transport
from sealift.replication.changes import Changes
from sealift.replication.job import JobState
from sealift.replication.seal import SealState
from sealift.replication.watch import RouteWatch
from sealift.routes import Route

from .test_demo_ends import eventually, said

_TREE = (
    "printf 'correct horse battery staple' | "
    "zfs create -o encryption=on -o keyformat=passphrase -o keylocation=prompt tank/prod; "
    "zfs create tank/prod/db; zfs create tank/prod/app; fill tank/prod/db 8; fill tank/prod/app 4"
)
_GUIDS = "zfs list -Hp -r -t snapshot -o name,guid,ivsetguid {} | sed 's,^[^@/]*/[^@/]*,,'"


def watching(demo: Demo) -> AbstractAsyncContextManager[RouteWatch]:
    """The demo's route, read by the real program."""
    return reading(demo.route, demo.source, demo.destination)


@asynccontextmanager
async def reading(
    route: Route, source: Transport, destination: Transport
) -> AsyncIterator[RouteWatch]:
    """A route between two hosts of a demo, read by the real program."""
    gate, log = Gate(), CommandLog()
    hosts = [Host(each, gate, log) for each in (source, destination)]
    watch = RouteWatch(route, *hosts)
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.gather(*(host.close() for host in hosts))


_OVER = {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


async def transferred(watch: RouteWatch) -> JobState:
    """Start what is planned, and wait until it is over."""
    before = watch.picture.job.about.id if watch.picture.job else None
    changes = Changes(watch)
    await changes.start(await changes.preview())

    def over() -> bool:
        job = watch.picture.job
        return job is not None and job.about.id != before and job.state in _OVER

    await eventually(over, "the job over", 30)
    assert watch.picture.job is not None
    return watch.picture.job.state


async def snapshot(watch: RouteWatch) -> None:
    """Take one, as the screen does."""
    changes = Changes(watch)
    await changes.take_snapshot(changes.snapshot_command())
    await watch.read_once()


async def test_seed_and_increment_arrive_sealed_and_equal() -> None:
    async with Demo.open(BLANK) as demo, watching(demo) as watch:
        await said(demo, "nas1", _TREE)
        picture = await watch.read_once()
        assert picture.troubles == ()
        assert picture.source.facts is not None
        assert (picture.source.facts.hostname, picture.source.facts.uid) == ("nas1", 0)
        await snapshot(watch)
        assert await transferred(watch) is JobState.DONE
        assert (await watch.read_once()).seal.state is SealState.SEALED

        await said(demo, "nas1", "fill tank/prod/db 3")
        await snapshot(watch)
        assert await transferred(watch) is JobState.DONE
        assert (await watch.read_once()).seal.state is SealState.SEALED
        there = await said(demo, "dr1", _GUIDS.format("backup/prod"))
        assert there == await said(demo, "nas1", _GUIDS.format("tank/prod"))
        assert len(there.splitlines()) == 6
        status = await said(demo, "dr1", "zfs get -Hr -o value -t filesystem keystatus backup/prod")
        assert status == "unavailable\n" * 3
        assert (await Changes(watch).preview()).steps == ()


async def test_cancelling_keeps_what_arrived_as_a_token() -> None:
    async with Demo.open(BLANK) as demo, watching(demo) as watch:
        await said(demo, "nas1", _TREE)
        await demo.pace(link=1_000_000)
        await snapshot(watch)
        changes = Changes(watch)
        await changes.start(await changes.preview())
        await eventually(
            lambda: watch.picture.job and watch.picture.job.progress.done, "bytes move"
        )
        assert watch.picture.job is not None
        await changes.cancel(watch.picture.job)
        async with asyncio.timeout(10):
            tokens = ""
            while "1-" not in tokens:
                tokens = await said(demo, "dr1", "zfs get -Hr -o value receive_resume_token backup")
        picture = await watch.read_once()
        assert picture.job is not None
        assert picture.job.state is JobState.CANCELLED
        assert any(problem.id == "stale-token" for problem in picture.problems)


async def test_a_step_that_begins_with_a_token_is_as_large_as_all_that_it_sends() -> None:
    async with Demo.open(BLANK) as demo, watching(demo) as watch:
        await said(demo, "nas1", _TREE)
        await said(demo, "nas1", "zfs snapshot -r tank/prod@rep-1")
        assert await transferred(watch) is JobState.DONE
        await said(demo, "nas1", "fill tank/prod/db 4; zfs snapshot -r tank/prod@rep-2")
        await said(demo, "nas1", "fill tank/prod/db 9; zfs snapshot -r tank/prod@rep-3")
        cut = "zfs send -w -i @rep-1 tank/prod/db@rep-2 | head -c 1000000"
        await said(demo, "nas1", f"{cut} | ssh root@dr1 zfs receive -s -u backup/prod/db; :")
        shown = await Changes(watch).preview()
        (step,) = (each for each in shown.steps if each.step.resumes)
        assert [each.name for each in step.step.chains[0].snapshots] == ["rep-2", "rep-3"]
        token = await said(demo, "nas1", f"zfs send -wnP -t {step.step.resumes} | tail -n 1")
        later = await said(demo, "nas1", "zfs send -wnP -i @rep-2 tank/prod/db@rep-3 | tail -n 1")
        assert step.estimate is not None
        assert step.estimate.total == sum(int(each.split()[1]) for each in (token, later))
