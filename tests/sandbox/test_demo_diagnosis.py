"""`diagnose` on the demo's hosts: a quiet night has no problem, and each night shows its own."""

from __future__ import annotations

import json

from sealift.demo.stage import Demo
from sealift.playbook import report_json
from sealift.playbook.playbook import Playbook
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
