"""A diagnosis for scripts, as one JSON object, and the exit code that goes with it."""

from __future__ import annotations

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
        "findings": [_finding(each) for each in shown.findings],
    }


def exit_code(shown: Diagnosis) -> int:
    """0 nothing to report, 1 findings or a bottleneck (not a mere guess), 2 the ssh config,
    3 an unreachable host.
    """
    told = [finding for finding in shown.findings if finding.severity != "info"]
    ids = {finding.id for finding in told}
    # What a job could not reach is another matter: we get there.
    if NO_CONTACT & {finding.id for finding in told if finding.side != "link"}:
        return 3
    if "ssh-config" in ids:
        return 2
    verdict = shown.verdict
    guessed = verdict is None or verdict.bottleneck is None or verdict.confidence == "low"
    return int(bool(ids) or not guessed)


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


def _finding(finding: Finding) -> Json:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "side": finding.side,
        "dataset": finding.dataset,
        "summary": finding.summary,
        "evidence": [_evidence(each) for each in finding.evidence],
        "next": [_next(each) for each in finding.next],
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
