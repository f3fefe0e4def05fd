"""The first journey on real ZFS: seed, increment, verify; and the ways in which it can go wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sealift.replication.job import JobState
from sealift.replication.seal import SealState
from sealift.ui.app import SealiftApp
from tests.driving import Operator, options
from tests.waiting import wait_for

from .lab import PASSPHRASE, Lab
from .waiting import wait_until

SOURCE, DEST = "root@source:tank/prod", "root@dest:backup/prod"


def guids(lab: Lab, host: str, root: str) -> dict[str, str]:
    """Snapshot guids by name below the root, as plain `zfs list` has them."""
    listing = lab.host(host).run(
        ["zfs", "list", "-Hp", "-r", "-t", "snapshot", "-o", "name,guid", root]
    )
    lines = (line.split("\t") for line in listing.stdout.decode().splitlines())
    return {name.removeprefix(root): guid for name, guid in lines}


def sealift(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line program."""
    argv = [sys.executable, "-m", "sealift", "--ssh-config", str(lab.ssh_config), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


async def test_seed_and_increment_by_keys_arrive_sealed_and_equal(pools: Lab) -> None:
    lab = pools
    before = lab.make_source_tree()
    app = SealiftApp(options(SOURCE, DEST, ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        await operator.until("backup/prod does not exist yet")
        said = await operator.confirm("n", "take")
        assert "zfs snapshot -r tank/prod@rep-" in said
        await operator.until("a seed sends 3 snapshots")

        said = await operator.confirm("s", "start")
        assert "zfs send -w -vP -R tank/prod@rep-" in said
        assert await operator.job_ended() is JobState.DONE
        await operator.until("SEALED vault")
        assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")

        lab.source.run("head -c 3000000 /dev/urandom > /tank/prod/db/more")
        await operator.confirm("n", "take")
        await operator.until("3 snapshots to send")
        said = await operator.confirm("s", "start")
        assert "-I @rep-" in said
        assert await operator.job_ended() is JobState.DONE
        await operator.until("level")
        assert operator.picture.seal.state is SealState.SEALED

    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")
    assert len(guids(lab, "dest", "backup/prod")) == 6
    status = lab.dest.run(["zfs", "get", "-Hr", "-o", "value", "keystatus", "backup/prod"]).text
    assert "available" not in status.replace("unavailable", "")

    lab.dest.run(["zfs", "load-key", "backup/prod"], stdin=PASSPHRASE.encode())
    for child in ("", "/db", "/app"):
        lab.dest.run(["zfs", "mount", f"backup/prod{child}"])
    after = lab.checksums("dest", "backup/prod")
    more = after.pop("db/more")
    assert after == before
    assert more == lab.checksums("source", "tank/prod")["db/more"]


def test_status_and_plan_for_scripts(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    behind = sealift(lab, "status", "--json", SOURCE, DEST)
    assert behind.returncode == 1
    assert json.loads(behind.stdout)["behind"]["snapshots"] == 3

    plan = sealift(lab, "plan", "--json", SOURCE, DEST)
    (step,) = json.loads(plan.stdout)["steps"]
    shown = sealift(lab, "plan", SOURCE, DEST).stdout
    assert step["pipeline"] in shown
    hold = "zfs hold -r keepforrep tank/prod@rep-1"
    assert f"# on root@source:\n{hold}\n" in shown
    lab.source.run(hold)  # what is printed works when pasted
    lab.source.run(step["pipeline"], timeout=120)

    level = sealift(lab, "status", "--json", SOURCE, DEST)
    assert (level.returncode, level.stderr) == (0, "")
    report = json.loads(level.stdout)
    assert (report["schema"], report["level"], report["seal"]["state"]) == (1, True, "sealed")
    assert sealift(lab, "plan", SOURCE, DEST).returncode == 0


@pytest.mark.parametrize(
    ("source", "dest", "code", "words"),
    [
        ("root@source:tank/nothing", DEST, 1, "tank/nothing does not exist on the source"),
        ("root@source:nopool/x", DEST, 1, "nopool"),
        ("nobody@source:tank/prod", DEST, 3, "it does not let us in"),
        ("root@nowhere.invalid:tank/prod", DEST, 3, "its name is not known"),
    ],
)
def test_bad_input_is_a_sentence_and_an_exit_code(
    pools: Lab, source: str, dest: str, code: int, words: str
) -> None:
    result = sealift(pools, "status", source, dest)
    assert words in result.stdout + result.stderr
    assert result.returncode == code
    assert "Traceback" not in result.stderr
    assert "\x1b" not in result.stdout + result.stderr


async def test_what_zfs_refuses_is_explained_above_its_own_words(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=32)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    app = SealiftApp(options(SOURCE, DEST, ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        await operator.confirm("s", "start")
        # Not before: what is there to be seen when it starts is no refusal of ZFS.
        await wait_for(operator.pilot, lambda: operator.picture.job, "the job there", 60)
        lab.dest.run("zfs set quota=24M backup")
        assert await operator.job_ended() is JobState.FAILED
        transfer = operator.picture.job
        assert transfer is not None
        assert transfer.trouble is not None
        assert transfer.trouble.finding in {"space-low", "quota-reached"}
        await operator.pilot.press("d")
        await operator.until("cannot receive")


async def test_a_user_without_rights_is_told_which(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    app = SealiftApp(options(SOURCE, "op@dest:backup/prod", ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        await operator.confirm("s", "start")
        assert await operator.job_ended() is JobState.FAILED
        transfer = operator.picture.job
        assert transfer is not None
        assert transfer.trouble is not None
        assert transfer.trouble.finding == "permission-missing"
    assert guids(lab, "dest", "backup") == {}


async def test_cancelling_ends_the_pipeline_and_keeps_what_arrived(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=64)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    app = SealiftApp(options(SOURCE, DEST, ssh_config=lab.ssh_config))
    async with app.run_test(size=(80, 24)) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        await operator.confirm("s", "start")
        await operator.until("sending 1")
        await operator.confirm("c", "end")
        assert await operator.job_ended() is JobState.CANCELLED
        await operator.until("stale-token")
    assert lab.source.run("pgrep -x -a zfs | grep send", check=False).stdout == b""
    # A listing that was under way when the program ended comes to its end by itself.
    wait_until(lambda: lab.source.run("pgrep -x zfs", check=False).stdout == b"", "no zfs", 10)
    token = lab.dest.run("zfs get -Hr -o value receive_resume_token backup").text
    assert "1-" in token


async def test_a_host_that_hangs_never_hangs_the_other(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    app = SealiftApp(options(SOURCE, DEST, ssh_config=lab.ssh_config))
    lab.dest.unplug()
    try:
        async with app.run_test(size=(160, 45)) as pilot:
            operator = Operator(pilot)
            await wait_for(
                pilot, lambda: operator.picture.source.inventory, "the source read", within=60
            )
            assert operator.picture.destination.inventory is None
            await operator.until("host-unreachable: root@dest")
            lab.dest.plug()
            await operator.both_read()
    finally:
        lab.dest.plug()


async def test_a_base_of_which_only_a_bookmark_is_left_still_serves(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    script = (
        "zfs snapshot -r tank/prod@rep-1;"
        "zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u backup/prod;"
        "zfs bookmark tank/prod/db@rep-1 tank/prod/db#rep-1; zfs destroy tank/prod/db@rep-1;"
        "zfs snapshot -r tank/prod@rep-2; zfs snapshot -r tank/prod@rep-3"
    )
    lab.source.run(script, timeout=120)
    app = SealiftApp(options(SOURCE, DEST, ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        said = await operator.confirm("s", "start")
        assert "-i '#rep-1' tank/prod/db@rep-2" in said
        assert await operator.job_ended() is JobState.DONE
        assert operator.picture.seal.state is SealState.SEALED
    there, here = guids(lab, "dest", "backup/prod"), guids(lab, "source", "tank/prod")
    assert {name: there[name] for name in here} == here


async def test_a_dataset_that_appears_while_the_plan_is_read_stops_the_start(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    app = SealiftApp(options(SOURCE, DEST, ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        await operator.pilot.press("s")
        await operator.until("Will not: roll back")
        lab.source.run(
            "zfs create -o encryption=off tank/prod/plain; zfs snapshot tank/prod/plain@rep-1"
        )
        await operator.choose("start")
        await operator.until("what would be sent has changed")
    assert guids(lab, "dest", "backup") == {}
