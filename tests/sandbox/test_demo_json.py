"""docs/json.md says exactly what the demo's hosts make the program print."""

from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum
from typing import Any, get_args

import pytest

from sealift.demo.stage import Demo
from sealift.hosts.host import utc_now
from sealift.hosts.trouble import Trouble
from sealift.keys import audit_json, boot
from sealift.keys.audit import audit
from sealift.playbook import diagnosis, report_json
from sealift.playbook.playbook import Playbook
from sealift.playbook.steps import TITLES
from sealift.replication import report
from sealift.replication.changes import Changes
from sealift.replication.comparison import State
from sealift.replication.job import JobState
from sealift.replication.metrics import metrics
from sealift.replication.seal import SealState
from sealift.routes import Purpose, Via
from sealift.zfs.commands import Effect
from sealift.zfs.listings import KeyStatus
from tests import exposition, json_page
from tests.diagnoses import slow_link
from tests.factories import job

from .test_demo_ends import said
from .test_demo_journey import watching

_TROUBLE = Trouble("host-unreachable", "root@dr1", "it does not answer", "means", "mend", "raw")


async def printed(scenario: str) -> list[tuple[str, dict[str, Any]]]:
    """What each command says of a scenario's night."""
    async with Demo.open(scenario) as demo, watching(demo) as watch:
        await said(demo, "dr1", "zfs allow op receive,create,mount backup")
        await said(demo, "nas1", "zfs snapshot -r tank/prod@autosnap_2026-11-27_02:00:01_hourly")
        picture = await watch.read_once()
        exposition.parse(metrics([picture], utc_now()))
        changes = Changes(watch)
        shown = await changes.preview()
        plan = report.preview(shown)
        diagnosed = await Playbook(watch, window=1.0, trial=0.0).run()
        audited = await audit(watch)
        if shown.plan.ready:
            await changes.start(shown)
        jobs = await watch.find_jobs()
        await demo.power("dr1", on=False)
        without = await watch.read_once()
        exposition.parse(metrics([without], utc_now()))
        return [
            ("status", report.status(picture, utc_now())),
            ("status", report.status(without, utc_now())),
            ("plan", plan),
            ("diagnose", report_json.diagnosis(diagnosed)),
            ("audit", audit_json.audit(audited)),
            ("jobs", report.jobs(jobs)),
        ]


async def test_every_key_is_documented_and_every_documented_key_is_printed() -> None:
    page = json_page.read()
    for scenario in ("quiet-night", "torn-seed", "unsealed", "broken-chain"):
        for command, value in await printed(scenario):
            page.check(command, json.loads(json.dumps(value)))
    # What no night of the demo has: a running pipeline's verdict, a job that failed.
    page.check("diagnose", json.loads(json.dumps(report_json.diagnosis(slow_link()))))
    failed = replace(job(JobState.FAILED), trouble=_TROUBLE)
    page.check("jobs", json.loads(json.dumps(report.jobs((failed,)))))
    # A config is no host's: tests/unit/config asks for its objects.
    assert {key for key in page.unseen() if not key[0].startswith("config")} == set()


def words(kind: type[Enum]) -> set[str]:
    return {each.value for each in kind}


@pytest.mark.parametrize(
    ("name", "key", "known"),
    [
        ("status", "purpose", words(Purpose)),
        ("status", "seal.state", words(SealState)),
        ("status", "datasets[].state", words(State)),
        ("status", "datasets[].key_status", words(KeyStatus)),
        ("plan", "via", words(Via)),
        ("diagnose", "verdict.confidence", set(get_args(diagnosis.Confidence))),
        ("diagnose", "steps[].id", set(TITLES)),
        ("diagnose", "steps[].state", set(get_args(diagnosis.StepState))),
        ("diagnose", "steps[].facts[].level", set(get_args(diagnosis.Level))),
        ("diagnose", "steps[].chain[].level", set(get_args(diagnosis.Level))),
        ("audit", "purpose", words(Purpose)),
        ("audit", "seal.state", words(SealState)),
        ("jobs", "jobs[].state", words(JobState)),
        ("jobs", "jobs[].via", words(Via)),
        ("problem", "severity", set(get_args(diagnosis.Severity))),
        ("problem", "side", set(get_args(diagnosis.Side))),
        ("finding", "severity", set(get_args(diagnosis.Severity))),
        ("finding", "side", set(get_args(diagnosis.Side))),
        ("finding", "next[].effect", words(Effect)),
        ("line", "state", words(boot.State)),
        ("posture", "keystatus", words(KeyStatus)),
    ],
)
def test_the_words_that_may_stand_there_are_all_there_are(
    name: str, key: str, known: set[str]
) -> None:
    assert json_page.read().objects[name][key][1] == known
