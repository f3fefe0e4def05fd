"""A failover rehearsal as it went: times, checks, and the page about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sealift.words import duration


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was run. `said` is printable, and only its end if it was long."""

    command: str
    passed: bool
    exit_code: int
    seconds: float
    said: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What happened. Times are aware, None for what was not reached.

    `began` is when the key was loaded by the operator's word: from then on the host works, and
    `readable - began` is how long a failover takes once somebody has the key in the hand.
    """

    where: str
    roots: tuple[str, ...]
    operator: str
    reason: str
    began: datetime
    loaded: datetime | None = None
    readable: datetime | None = None
    locked: datetime | None = None
    checks: tuple[Checked, ...] = ()
    proof: str = ""

    @property
    def passed(self) -> bool:
        """Whether all was read, all checks passed, and it is locked again."""
        done = self.readable is not None and self.locked is not None
        return done and bool(self.checks) and all(each.passed for each in self.checks)

    def verdict(self) -> str:
        """The outcome in one sentence."""
        if self.readable is None:
            return "Failed: it did not become readable."
        took = duration((self.readable - self.began).total_seconds())
        failed = sum(not each.passed for each in self.checks)
        if failed:
            return f"Failed: readable after {took}; {failed} of {len(self.checks)} checks failed."
        if self.locked is None:
            return f"Not over: readable after {took}, and not locked again."
        if not self.checks:
            return f"Readable after {took}; nothing was checked, which proves little."
        return f"Passed: readable after {took}, {len(self.checks)} checks passed, locked again."


def page(done: Rehearsal) -> str:
    """The report, in Markdown. What a host said stands indented, so that it is no markup."""
    lines = [
        f"# Failover rehearsal, {done.began:%Y-%m-%d %H:%M} UTC",
        "",
        done.verdict(),
        "",
        f"- host: `{done.where}`",
        f"- encryption roots: {', '.join(f'`{each}`' for each in done.roots)}",
        f"- operator: {_flat(done.operator)}",
        f"- reason: {_flat(done.reason)}",
        "",
        "| what | when (UTC) | after |",
        "|---|---|---|",
        *_times(done),
        "",
        "## Checks",
        "",
    ]
    for each in done.checks:
        state = "passed" if each.passed else f"FAILED (exit code {each.exit_code})"
        lines += [f"{state}, {duration(each.seconds)}:", "", *_block(f"$ {each.command}")]
        lines += [*_block(each.said), ""]
    if not done.checks:
        lines += ["None was run.", ""]
    lines += ["## Proof that it is locked again", "", *_block(done.proof or "none"), ""]
    return "\n".join(lines)


def _times(done: Rehearsal) -> list[str]:
    rows = (
        ("began", done.began),
        ("key loaded", done.loaded),
        ("mounted read-only, readable", done.readable),
        ("locked again", done.locked),
    )
    return [
        f"| {what} | {at:%H:%M:%S} | {duration((at - done.began).total_seconds())} |"
        if at is not None
        else f"| {what} | not reached | |"
        for what, at in rows
    ]


def _block(text: str) -> list[str]:
    return [f"    {line}" for line in text.split("\n")]


def _flat(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("`", "'")
