"""How a step's report comes out of its facts, its findings and what it could not see."""

from __future__ import annotations

from collections.abc import Iterable

from sealift.playbook.diagnosis import Fact, Finding, StepReport, StepState
from sealift.playbook.steps import TITLES


def report(
    step: str, facts: Iterable[Fact], findings: Iterable[Finding], unseen: Iterable[str]
) -> StepReport:
    """The report. Its state is its worst finding's; `unknown` if there was nothing to look at."""
    shown, found, blind = tuple(facts), tuple(findings), tuple(dict.fromkeys(unseen))
    weights = {finding.severity for finding in found}
    state: StepState = "ok"
    if "problem" in weights:
        state = "problem"
    elif "warning" in weights:
        state = "warning"
    elif not shown:
        state = "unknown"
    return StepReport(step, TITLES[step], state, shown, found, blind)
