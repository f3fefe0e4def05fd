"""What the playbook says: facts, findings, and the verdict. Values only, no rules.

A fact is a measured value with the command it came from; a finding is a rule that fired on facts;
the verdict is the one bottleneck. All of it is immutable: the screen and the report draw it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sealift.zfs.commands import Effect

Severity = Literal["info", "warning", "problem"]
Level = Literal["ok", "info", "warning", "problem", "unknown"]
Side = Literal["source", "destination", "link", "route"]
Confidence = Literal["high", "medium", "low"]
StepState = Literal["running", "ok", "warning", "problem", "unknown"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a command said on a host (as the user named it), in the words that matter."""

    command: str
    host: str
    value: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a step: what was looked at, and what it is, in words."""

    title: str
    value: str
    level: Level = "info"
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do next, and why. `command` is the text for the shell of `host`, empty for advice.

    `action` is the id of the screen's action that does it after showing it, empty if there is none.
    """

    why: str
    command: str = ""
    host: str = ""
    effect: Effect = Effect.READ
    action: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired. `id` is its page in the catalogue and never changes its meaning."""

    id: str
    severity: Severity
    side: Side
    dataset: str
    summary: str
    evidence: tuple[Evidence, ...] = ()
    next: tuple[NextStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """A station on the way of the bytes, in their order.

    `host` is where it is, empty for the link between hosts. `busy` is the share of the window in
    which it worked, from 0 to 1, None if unknown. `doing` says in words what it did with the time.
    """

    name: str
    host: str
    busy: float | None
    doing: str = ""
    level: Level = "info"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one bottleneck; `bottleneck` is None where nothing holds the route back, or unknown.

    `confidence` in what is said; `summary` says it in a sentence, also where nothing was found.
    `carries` is what the slowest part carried in a trial, in bytes a second; None without a whole
    one.
    """

    bottleneck: str | None
    confidence: Confidence
    summary: str
    evidence: tuple[Evidence, ...] = ()
    carries: float | None = None


@dataclass(frozen=True, slots=True)
class StepReport:
    """One of the four steps. `unseen` are sentences: what could not be looked at, and why.

    Only the step that asks where the time goes has a `verdict`, and the `chain` of the running
    pipeline (empty if none runs).
    """

    id: str
    title: str
    state: StepState
    facts: tuple[Fact, ...] = ()
    findings: tuple[Finding, ...] = ()
    unseen: tuple[str, ...] = ()
    verdict: Verdict | None = None
    chain: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The playbook's newest answer. `seconds` since it began (aware, UTC); steps fill in.

    `findings` are those of all steps, in the order in which they are to be mended.
    """

    route: str
    began: datetime
    seconds: float
    steps: tuple[StepReport, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def done(self) -> bool:
        """Whether every step has its answer."""
        return all(step.state != "running" for step in self.steps)

    @property
    def verdict(self) -> Verdict | None:
        """The one bottleneck; None until the third step has an answer."""
        return next((step.verdict for step in self.steps if step.verdict is not None), None)

    @property
    def chain(self) -> tuple[Stage, ...]:
        """The stations of the running pipeline; empty if none runs or it is not known yet."""
        return next((step.chain for step in self.steps if step.chain), ())
