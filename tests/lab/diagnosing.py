"""Ask `sealift diagnose --json`, and read its answer as a script would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .asking import Said, ask, unprivileged
from .faults import BOTTLENECKS
from .lab import Lab

__all__ = ["Answer", "diagnose", "unprivileged"]


@dataclass(frozen=True)
class Answer(Said):
    """What one diagnosis said."""

    @property
    def verdict(self) -> str | None:
        """The bottleneck that it names, whatever its confidence."""
        named: str | None = (self.said.get("verdict") or {}).get("bottleneck")
        return named

    @property
    def confidence(self) -> str:
        """The verdict's; empty if there is none."""
        return str((self.said.get("verdict") or {}).get("confidence", ""))

    @property
    def sure(self) -> str | None:
        """The bottleneck, if it is named with more than low confidence."""
        return None if self.confidence == "low" else self.verdict

    @property
    def problems(self) -> frozenset[str]:
        """The ids of the findings that are no bottleneck."""
        return frozenset(self.findings) - BOTTLENECKS

    @property
    def named(self) -> frozenset[str]:
        """All that is said to be wrong, but for a bottleneck that is only a guess."""
        return frozenset(self.findings) | ({self.sure} if self.sure else set())

    @property
    def bottlenecks(self) -> frozenset[str]:
        """What of it is a bottleneck."""
        return self.named & BOTTLENECKS

    @property
    def unseen(self) -> tuple[str, ...]:
        """What could not be looked at, in sentences, and the titles of steps that know nothing."""
        steps = self.said["steps"]
        unknown = [step["title"] for step in steps if step["state"] == "unknown"]
        return (*(words for step in steps for words in step.get("unseen", ())), *unknown)


def diagnose(lab: Lab, words: Sequence[str], *options: str) -> Answer:
    """Run the program on these words of a command line."""
    found = ask(lab, "diagnose", (*options, *words))
    return Answer(found.said, found.seconds, found.code, found.stderr)
