"""The diagnosis for scripts and as plain text: the same shape whatever was found."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sealift import plain
from sealift.playbook import report_json
from sealift.playbook.diagnosis import (
    Diagnosis,
    Evidence,
    Fact,
    Finding,
    NextStep,
    Severity,
    Side,
    Stage,
    StepReport,
    Verdict,
)
from sealift.zfs.commands import Effect
from tests.factories import NOON

SAID = Evidence("zpool status backup", "root@dr1", "state: \x1b[31mDEGRADED")
FINDING = Finding(
    "stale-token",
    "problem",
    "destination",
    "backup/prod",
    "it waits",
    (SAID,),
    (
        NextStep("Resume it.", "zfs send -w -t 1-2", "root@nas1", Effect.CHANGE, "send"),
        NextStep("Or think."),
    ),
)
VERDICT = Verdict("network-bandwidth", "high", "the link is full", (SAID,))
STEP = StepReport(
    "time",
    "Disk, CPU or network",
    "problem",
    (Fact("Link", "16 Mbit/s", "warning", (SAID,)),),
    (FINDING,),
    ("no ss there",),
    VERDICT,
    (Stage("zfs send", "root@nas1", 0.07, "waits for the pipe"), Stage("link", "", None)),
)
SHOWN = Diagnosis("prod", NOON, 11.234, (STEP,), (FINDING,))


def test_the_object_has_the_shape_that_is_promised() -> None:
    said = json.loads(json.dumps(report_json.diagnosis(SHOWN)))
    assert set(said) == {"schema", "route", "seconds", "verdict", "steps", "findings"}
    assert (said["schema"], said["route"], said["seconds"]) == (1, "prod", 11.23)
    assert said["verdict"]["bottleneck"] == "network-bandwidth"
    assert {"id", "title", "state", "facts"} <= set(said["steps"][0])
    assert said["steps"][0]["unseen"] == ["no ss there"]
    (finding,) = said["findings"]
    assert finding["evidence"][0] == {
        "command": SAID.command,
        "host": SAID.host,
        "value": SAID.value,
    }
    assert finding["next"][0] == {
        "why": "Resume it.",
        "command": "zfs send -w -t 1-2",
        "host": "root@nas1",
        "effect": "change",
    }


def test_without_a_verdict_the_object_keeps_its_shape() -> None:
    said = report_json.diagnosis(replace(SHOWN, steps=()))
    assert said["verdict"]["bottleneck"] is None
    assert set(said["verdict"]) >= {"bottleneck", "confidence", "summary"}


@pytest.mark.parametrize(
    ("name", "severity", "side", "code"),
    [
        ("known-bug", "info", "source", 0),
        ("churn", "warning", "source", 1),
        ("stale-token", "problem", "destination", 1),
        ("host-unreachable", "problem", "source", 3),
        ("authentication-failed", "problem", "destination", 3),
        ("host-unreachable", "problem", "link", 1),  # a job's, not ours
        ("ssh-config", "problem", "source", 2),
    ],
)
def test_exit_codes(name: str, severity: Severity, side: Side, code: int) -> None:
    found = replace(FINDING, id=name, severity=severity, side=side)
    assert report_json.exit_code(replace(SHOWN, steps=(), findings=(found,))) == code


def test_a_bottleneck_alone_is_something_to_report() -> None:
    quiet = replace(SHOWN, findings=())
    assert report_json.exit_code(quiet) == 1
    guess = replace(STEP, verdict=replace(VERDICT, confidence="low"))
    assert report_json.exit_code(replace(quiet, steps=(guess,))) == 0
    none = replace(STEP, verdict=replace(VERDICT, bottleneck=None))
    assert report_json.exit_code(replace(quiet, steps=(none,))) == 0
    assert report_json.exit_code(replace(quiet, steps=())) == 0


def test_plain_text_begins_with_the_verdict_and_is_harmless() -> None:
    lines = plain.diagnosis(SHOWN).split("\n")
    assert lines[0] == "route        prod"
    assert lines[1] == "verdict      network-bandwidth, high confidence: the link is full"
    places = [
        next(number for number, line in enumerate(lines) if line.startswith(start))
        for start in (
            "problem ",
            "  next ",
            "  change ",
            "step ",
            "  stage ",
            "  not seen ",
            "took ",
        )
    ]
    assert places == sorted(places)
    assert not any("\x1b" in line for line in lines)
    assert plain.diagnosis(SHOWN) == plain.diagnosis(SHOWN)


def test_plain_text_of_nothing_found_says_so() -> None:
    text = plain.diagnosis(Diagnosis("prod", NOON, 0.1, ()))
    assert "verdict      not known" in text
    assert "findings     none" in text
