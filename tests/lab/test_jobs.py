"""Jobs on real ZFS and OpenSSH: they survive what happens at night."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from sealift.replication.job import Job, JobState
from sealift.replication.seal import SealState

from .lab import PASSPHRASE, Lab
from .test_first_light import guids, sealift
from .waiting import wait_until
from .working import DEST, SOURCE, Working, working

TREE = "tank/prod"


def hierarchy(lab: Lab, host: str, root: str) -> dict[str, str]:
    """Each dataset's encryption root, both by their names below the root."""
    listing = lab.host(host).run(["zfs", "list", "-H", "-r", "-o", "name,encryptionroot", root])
    pairs = (line.split("\t") for line in listing.text.splitlines())
    return {name.removeprefix(root): of.removeprefix(root) for name, of in pairs}


def held(lab: Lab, host: str, root: str, tag: str = "keepforrep") -> set[str]:
    """What is held with a tag of ours, by the name below the root."""
    script = f"zfs list -H -r -t snapshot -o name {root} | xargs -r -d '\\n' zfs holds -H"
    lines = lab.host(host).run(script).text.splitlines()
    return {line.split("\t")[0].removeprefix(root) for line in lines if f"\t{tag}\t" in line}


def open_and_read(lab: Lab) -> dict[str, str]:
    """Load the key of the replica and read every file."""
    lab.dest.run(["zfs", "load-key", "backup/prod"], stdin=PASSPHRASE.encode())
    lab.dest.run("zfs list -H -r -o name backup/prod | xargs -n 1 zfs mount")
    return lab.checksums("dest", "backup/prod")


async def moving(night: Working, least: int = 1) -> None:
    """Wait until a job carries bytes."""
    await night.until(
        lambda: (
            night.job is not None
            and night.job.state is JobState.RUNNING
            and night.job.progress.done >= least
        ),
        "bytes moving",
        120,
    )


def in_bulk(job: Job | None) -> bool:
    """Whether a job carries a step of some size, and has begun with it."""
    if job is None or job.state is not JobState.RUNNING:
        return False
    return (job.progress.expected or 0) > 1_000_000 and job.progress.done > 0


@pytest.mark.timeout(1800)
async def test_a_seed_survives_five_pulled_cables_and_a_killed_destination(pools: Lab) -> None:
    lab = pools
    before = lab.make_source_tree(mib=32)
    lab.source.run("zfs snapshot -r tank/prod@rep-1; zfs snapshot -r tank/prod@rep-2")
    lab.link.shape(rate="24mbit")
    chance = random.Random(20251225)  # noqa: S311 - points in time, not secrets
    async with working(lab, SOURCE, DEST, "--pause", "2") as night:
        await night.start()
        for number in range(6):
            # Not in the closing increment of a few bytes: what that is for would be left undone.
            await night.until(lambda: in_bulk(night.job), "the bulk moving", 120)
            await asyncio.sleep(chance.uniform(0.2, 4))
            if number == 3:
                lab.dest.kill()
                await asyncio.to_thread(lab.dest.boot)
                lab.link.shape(rate="24mbit")
                continue
            lab.link.pull()
            await asyncio.sleep(chance.uniform(1, 3))
            # What runs must notice: a cable that is back soon is no interruption to TCP.
            lab.source.run("pkill -x ssh", check=False)
            lab.link.plug()
        lab.link.clear()
        await night.done(900)
        picture = await night.watch.read_once()
        assert picture.seal.state is SealState.SEALED
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", TREE)
    assert hierarchy(lab, "dest", "backup/prod") == hierarchy(lab, "source", TREE)
    assert open_and_read(lab) == before


@pytest.mark.whole
@pytest.mark.timeout(900)
async def test_a_dead_link_that_nobody_closes_is_noticed_and_overcome(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=(), mib=24)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    lab.link.shape(rate="16mbit")
    async with working(lab, SOURCE, DEST, "--pause", "2") as night:
        await night.start()
        await moving(night, 6 << 20)  # less than a few writes leave no token
        lab.link.pull()
        await night.until(
            lambda: night.job is not None and night.job.state is JobState.WAITING, "a pause", 120
        )
        lab.link.plug()
        lab.link.clear()
        job = await night.done(300)
        assert job.how == "resume"
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", TREE)


@pytest.mark.whole
@pytest.mark.timeout(900)
async def test_a_clone_that_was_cut_off_goes_on_as_a_clone(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=("db",), mib=1)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    async with working(lab, SOURCE, DEST, "--pause", "2") as night:
        await night.start()
        await night.done(300)
        lab.source.run(
            "zfs clone tank/prod/db@rep-1 tank/prod/copy;"
            "head -c 16777216 /dev/urandom >/tank/prod/copy/more; zfs snapshot -r tank/prod@rep-2"
        )
        before = lab.checksums("source", TREE)
        lab.link.shape(rate="8mbit")
        await night.start()
        await moving(night, 6 << 20)
        lab.link.pull()
        await night.until(
            lambda: night.job is not None and night.job.state is JobState.WAITING, "a pause", 120
        )
        lab.link.plug()
        lab.link.clear()
        assert (await night.done(300)).how == "resume"  # the clone goes last
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", TREE)
    origin = lab.dest.run("zfs get -H -o value origin backup/prod/copy").text.strip()
    assert origin == "backup/prod/db@rep-1"
    assert open_and_read(lab) == before


def start_on_a_terminal(lab: Lab) -> None:
    """The program on a terminal of its own: it starts a send, and is killed with -9."""
    words = [sys.executable, "-m", "sealift", "--ssh-config", str(lab.ssh_config), SOURCE, DEST]
    main, terminal = os.openpty()
    with subprocess.Popen(
        words,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        env=os.environ | {"TERM": "xterm-256color", "LINES": "45", "COLUMNS": "160"},
    ) as program:
        os.close(terminal)
        os.set_blocking(main, False)
        seen = bytearray()

        def says(text: bytes) -> bool:
            with suppress(BlockingIOError):
                seen.extend(os.read(main, 1 << 20))
            return text in seen

        def pressed() -> bool:
            says(b"")  # a terminal that nobody reads would stop the program
            return running(lab) or not os.write(main, b"\r")

        try:
            wait_until(lambda: says(b"seed sends"), "both sides read", 60)
            os.write(main, b"s")
            wait_until(lambda: says(b" Start "), "the preview", 60)
            os.write(main, b"\x1b[D")  # from Cancel to the last button, which is Start
            wait_until(pressed, "the job", 60)
        finally:
            program.send_signal(signal.SIGKILL)
            program.wait()
            os.close(main)


def running(lab: Lab) -> bool:
    """Whether the source runs a job."""
    return "running" in lab.source.run("cat .local/state/sealift/jobs/*/state", check=False).text


async def test_a_job_outlives_its_terminal_and_another_one_follows_and_cancels_it(
    pools: Lab,
) -> None:
    lab = pools
    lab.make_source_tree(children=(), mib=32)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    lab.link.shape(rate="16mbit")
    await asyncio.to_thread(start_on_a_terminal, lab)
    listed = sealift(lab, "jobs", SOURCE, DEST)
    assert "sending" in listed.stdout
    async with working(lab) as night:
        await night.until(lambda: night.job is not None, "the job of the other terminal")
        assert night.job is not None
        before = night.job.progress.done
        await moving(night, before + 1)
        await night.changes.cancel(night.job)
        assert (await night.ended()).state is JobState.CANCELLED
    assert lab.source.run("pgrep -x zfs", check=False).text == ""
    wait_until(
        lambda: lab.dest.run("pgrep -fc 'zfs receive'", check=False).text == "0", "its end", 30
    )
    assert "1-" in lab.dest.run("zfs get -H -o value receive_resume_token backup/prod").text
    lab.link.clear()
    async with working(lab) as night:
        shown = await night.start()
        assert shown.plan.steps[0].resumes is not None
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", TREE)


@pytest.mark.whole
async def test_a_coordinator_that_rebooted_shows_the_job_as_lost(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=(), mib=16)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    lab.link.shape(rate="8mbit")
    words = (SOURCE, DEST, "--via", "destination")
    async with working(lab, *words) as night:
        await night.start()
        await moving(night)
        # The root file system of the lab is new with every boot: keep the job's folder.
        kept = lab.dest.run("tar -cf - -C /root .local").stdout
        await asyncio.to_thread(lab.dest.restart)
        lab.dest.run("tar -xf - -C /root", stdin=kept)
    lab.link.clear()
    async with working(lab, *words) as night:
        await night.until(lambda: night.job is not None, "the lost job")
        assert night.job is not None
        assert night.job.state is JobState.LOST
        assert night.job.trouble is not None
        assert "started anew" in night.job.trouble.what
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", TREE)


@pytest.mark.whole
@pytest.mark.parametrize("via", ["source", "destination", "operator"])
async def test_push_pull_and_relay_as_root(pools: Lab, via: str) -> None:
    lab = pools
    lab.make_source_tree(mib=2)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    async with working(lab, SOURCE, DEST, "--via", via) as night:
        await night.start()
        await night.done()
        lab.source.run("zfs snapshot -r tank/prod@rep-2")
        await night.start()
        await night.done()
        picture = await night.watch.read_once()
        assert picture.seal.state is SealState.SEALED
        assert picture.comparison is not None
        assert picture.comparison.level
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", TREE)
    assert held(lab, "source", TREE) == {f"{child}@rep-2" for child in ("", "/db", "/app")}
    assert held(lab, "dest", "backup/prod") == held(lab, "source", TREE)
    marks = lab.source.run("zfs list -H -r -t bookmark -o name tank/prod").text.splitlines()
    assert "tank/prod/db#rep-2" in marks
