"""`diagnose` on the demo's hosts: a quiet night has no problem, and each night shows its own."""

from __future__ import annotations

import asyncio
import json
import re

from sealift.demo.stage import Demo
from sealift.playbook import report_json
from sealift.playbook.diagnosis import Diagnosis
from sealift.playbook.mending import BOTTLENECKS
from sealift.playbook.playbook import Playbook
from sealift.playbook.steps import SENDING
from sealift.replication.changes import Changes
from sealift.replication.watch import RouteWatch

from .test_demo_ends import eventually, needs_proc, said
from .test_demo_journey import watching

_LEFT = (  # by a receive that has ended
    "token=$(zfs get -H -r -o value receive_resume_token backup | grep 1-) && "
    "! ps -A -o args= | grep -q '^zfs receive' && echo $token || sleep 0.5"
)
_TRIED = re.compile(r"(zfs send reads|ssh carries) ([0-9.]+) MB/s")


async def sending(watch: RouteWatch) -> None:
    """Start what is planned, as the screen does, and wait until it moves."""
    changes = Changes(watch)
    await changes.start(await changes.preview())
    await eventually(
        lambda: watch.picture.job is not None and watch.picture.job.progress.done, "bytes move", 30
    )


async def diagnosed(watch: RouteWatch, *, window: float = 2.0, trial: float = 0.0) -> Diagnosis:
    """The playbook's answer; whatever the demo's hosts said was understood."""
    found = await Playbook(watch, window=window, trial=trial).run()
    assert [each for step in found.steps for each in step.unseen if "cannot read" in each] == []
    return found


def problems(found: Diagnosis) -> dict[str, set[str]]:
    """The problems by their id, with the datasets that they are of."""
    by_id: dict[str, set[str]] = {}
    for each in found.findings:
        if each.severity == "problem":
            by_id.setdefault(each.id, set()).add(each.dataset)
    return by_id


def claimed(found: Diagnosis) -> set[str]:
    """The bottlenecks that are claimed with more than low confidence."""
    verdict = found.verdict
    assert verdict is not None
    said = {each.id for each in found.findings} & set(BOTTLENECKS)
    if verdict.bottleneck is not None and verdict.confidence != "low":
        said.add(verdict.bottleneck)
    return said


@needs_proc
async def test_a_quiet_night_has_no_problem_and_no_bottleneck() -> None:
    async with Demo.open("quiet-night") as demo, watching(demo) as watch:
        await sending(watch)
        found = await diagnosed(watch, window=3.0)
    assert problems(found) == {}
    assert claimed(found) == set()
    assert found.chain
    said = json.loads(json.dumps(report_json.diagnosis(found)))
    assert said["schema"] == 1
    assert [each["id"] for each in said["steps"]] == ["sending", "receiver", "time", "stream"]


@needs_proc
async def test_on_a_slow_link_the_network_is_the_bottleneck() -> None:
    async with Demo.open("slow-link") as demo, watching(demo) as watch:
        await sending(watch)
        found = await diagnosed(watch, window=4.0)
    verdict = found.verdict
    assert verdict is not None
    assert (verdict.bottleneck, verdict.confidence) == ("network-bandwidth", "high")
    assert claimed(found) == {"network-bandwidth"}
    assert problems(found) == {}
    evidence = [each.value for each in verdict.evidence if each.command == "tc qdisc show"]
    assert evidence
    assert all("rate 16Mbit" in each for each in evidence)
    assert [stage.name for stage in found.chain if stage.level == "problem"] == ["network"]


async def test_where_nothing_runs_each_part_of_the_way_is_tried() -> None:
    async with Demo.open("slow-link") as demo, watching(demo) as watch:
        found = await diagnosed(watch, trial=8.0)
    assert claimed(found) == set()
    # Of many small snapshots, which the disks give at 90 MB/s; the shaper lets 2 MB/s through.
    carried = dict(_TRIED.findall(found.verdict.summary if found.verdict else ""))
    assert 20 < float(carried["zfs send reads"]) < 100
    assert 1 < float(carried["ssh carries"]) < 3
    assert found.verdict is not None
    assert found.verdict.carries is not None
    assert 1_000_000 < found.verdict.carries < 3_000_000


async def test_in_a_full_vault_space_comes_first() -> None:
    async with Demo.open("full-vault") as demo, watching(demo) as watch:
        async with asyncio.timeout(40):
            token = ""
            while not token:  # until the scheduler's first try has failed
                token = await said(demo, "dr1", _LEFT)
        found = await diagnosed(watch)
    worst = [(each.id, each.dataset) for each in found.findings if each.severity == "problem"]
    assert worst[0] == ("space-low", "backup/prod")
    # What arrived before the space ended waits there, and is to be finished after that.
    assert worst[1][0] == "stale-token"
    assert claimed(found) == set()


async def test_after_a_torn_seed_the_token_comes_first() -> None:
    async with Demo.open("torn-seed") as demo, watching(demo) as watch:
        found = await diagnosed(watch)
    assert (found.findings[0].id, found.findings[0].severity) == ("stale-token", "problem")
    assert found.findings[0].dataset == "backup/prod/db"
    assert claimed(found) == set()


async def test_a_broken_chain_is_named_where_it_is_broken() -> None:
    async with Demo.open("broken-chain") as demo, watching(demo) as watch:
        found = await diagnosed(watch, trial=10.0)
    assert claimed(found) == set()
    assert problems(found) == {
        "base-missing-on-source": {"backup/prod/home"},
        "not-running": {"tank/prod"},
    }
    assert found.findings[0].id == "base-missing-on-source"


async def test_an_unsealed_replica_is_said_first() -> None:
    async with Demo.open("unsealed") as demo, watching(demo) as watch:
        found = await diagnosed(watch)
    assert claimed(found) == set()
    assert problems(found).keys() >= {"not-raw", "key-lineage-mismatch"}
    assert found.findings[0].id in {"not-raw", "key-lineage-mismatch"}


async def test_a_host_without_power_is_named_and_the_other_is_shown() -> None:
    async with Demo.open("quiet-night") as demo, watching(demo) as watch:
        await watch.read_once()
        await demo.power("dr1", on=False)
        found = await Playbook(watch, window=1.0, trial=0.0).run()
    (gone,) = (each for each in found.findings if each.id == "host-unreachable")
    assert (gone.severity, gone.side) == ("problem", "destination")
    assert report_json.exit_code(found) == 3
    sending = next(each for each in found.steps if each.id == SENDING)
    assert any(each.title == "Newest snapshot" for each in sending.facts)
