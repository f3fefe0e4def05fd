"""A diagnosis for scripts, as one JSON object, and the exit code that goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sealift.playbook.diagnosis import (
    Diagnosis,
    Evidence,
    Fact,
    Finding,
    NextStep,
    Stage,
    StepReport,
    Verdict,
)
from sealift.replication.report import NO_CONTACT, SCHEMA

Json = dict[str, Any]


def diagnosis(shown: Diagnosis) -> Json:
    """The whole answer. `seconds` is how long it took; null is unknown, or none."""
    return {
        "schema": SCHEMA,
        "route": shown.route,
        "seconds": round(shown.seconds, 2),
        "verdict": _verdict(shown.verdict),
        "steps": [_step(each) for each in shown.steps],
        "findings": [finding(each) for each in shown.findings],
    }


def exit_code(shown: Diagnosis) -> int:
    """The code of its findings, and 1 for a bottleneck that is not a mere guess."""
    verdict = shown.verdict
    guessed = verdict is None or verdict.bottleneck is None or verdict.confidence == "low"
    return findings_code(shown.findings) or int(not guessed)


def findings_code(findings: Iterable[Finding]) -> int:
    """0 nothing to report, 1 findings, 2 the ssh config, 3 an unreachable host."""
    told = [each for each in findings if each.severity != "info"]
    ids = {each.id for each in told}
    # What a job could not reach is another matter: we get there.
    if NO_CONTACT & {each.id for each in told if each.side != "link"}:
        return 3
    return 2 if "ssh-config" in ids else int(bool(ids))


def _verdict(verdict: Verdict | None) -> Json:
    if verdict is None:
        return {"bottleneck": None, "confidence": "low", "summary": "", "evidence": []}
    return {
        "bottleneck": verdict.bottleneck,
        "confidence": verdict.confidence,
        "summary": verdict.summary,
        "evidence": [_evidence(each) for each in verdict.evidence],
    }


def _step(step: StepReport) -> Json:
    return {
        "id": step.id,
        "title": step.title,
        "state": step.state,
        "facts": [_fact(each) for each in step.facts],
        "unseen": list(step.unseen),
        "chain": [_stage(each) for each in step.chain],
    }


def _fact(fact: Fact) -> Json:
    return {
        "title": fact.title,
        "value": fact.value,
        "level": fact.level,
        "evidence": [_evidence(each) for each in fact.evidence],
    }


def _stage(stage: Stage) -> Json:
    return {
        "name": stage.name,
        "host": stage.host,
        "busy": stage.busy,
        "doing": stage.doing,
        "level": stage.level,
    }


def finding(found: Finding) -> Json:
    """A finding, as every command of sealift says it."""
    return {
        "id": found.id,
        "severity": found.severity,
        "side": found.side,
        "dataset": found.dataset,
        "summary": found.summary,
        "evidence": [_evidence(each) for each in found.evidence],
        "next": [_next(each) for each in found.next],
    }


def _evidence(evidence: Evidence) -> Json:
    return {"command": evidence.command, "host": evidence.host, "value": evidence.value}


def _next(step: NextStep) -> Json:
    return {
        "why": step.why,
        "command": step.command,
        "host": step.host,
        "effect": step.effect.value,
    }
