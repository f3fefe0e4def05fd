"""`diagnose` on the demo's hosts: a quiet night has no problem, and each night shows its own."""

from __future__ import annotations

import json

import pytest

from sealift.demo.stage import Demo
from sealift.playbook import report_json
from sealift.playbook.playbook import Playbook
from sealift.playbook.steps import SENDING
from sealift.replication.changes import Changes

from .test_demo_ends import eventually
from .test_demo_journey import watching


async def test_a_quiet_night_has_no_problem() -> None:
    async with Demo.open("quiet-night") as demo, watching(demo) as watch:
        changes = Changes(watch)
        await changes.start(await changes.preview())
        await eventually(
            lambda: watch.picture.job is not None and watch.picture.job.state.running, "a job", 30
        )
        found = await Playbook(watch, window=2.0, trial=0.0).run()
    said = json.loads(json.dumps(report_json.diagnosis(found)))
    assert said["schema"] == 1
    assert [each for each in said["findings"] if each["severity"] == "problem"] == []


# What the first, second and fourth step say of a night that nobody has touched.
_FOUND = {
    "full-vault": {"space-low"},
    "torn-seed": {"stale-token"},
    "broken-chain": {"base-missing-on-source"},
    "unsealed": {"not-raw", "key-lineage-mismatch"},
}


@pytest.mark.parametrize("name", sorted(_FOUND))
async def test_each_night_shows_what_is_wrong_with_it(name: str) -> None:
    async with Demo.open(name) as demo, watching(demo) as watch:
        found = await Playbook(watch, window=1.0, trial=0.0).run()
    problems = [each for each in found.findings if each.severity == "problem"]
    assert {each.id for each in problems} >= _FOUND[name]
    # Nothing that stops this night is to be mended after what only follows from it.
    assert problems[0].id in _FOUND[name]
    assert report_json.exit_code(found) == 1
    for step in found.steps:
        assert not any("cannot read" in sentence for sentence in step.unseen)


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
