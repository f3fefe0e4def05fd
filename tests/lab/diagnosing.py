"""Ask `sealift diagnose --json`, and read its answer as a script would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from .faults import BOTTLENECKS
from .lab import Lab

_PATIENCE = 300.0  # seconds; a hang is a failed test, not a hung suite


@dataclass(frozen=True)
class Answer:
    """What one diagnosis said. `seconds` of wall time, with the start of the program."""

    said: dict[str, Any]
    seconds: float
    code: int
    stderr: str

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
    def findings(self) -> tuple[str, ...]:
        """Ids of what is a problem or a warning, in the order in which to mend them."""
        grave = {"warning", "problem"}
        return tuple(each["id"] for each in self.said["findings"] if each["severity"] in grave)

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

    def text(self) -> str:
        """The whole answer, for who has to find out why it is wrong."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What `text` has written."""
        return cls(**json.loads(text))


def diagnose(lab: Lab, words: Sequence[str], *options: str) -> Answer:
    """Run the program on these words of a command line.

    Raises AssertionError when it does not answer with one JSON object.
    """
    argv = [sys.executable, "-m", "sealift", "--ssh-config", str(lab.ssh_config)]
    begin = time.monotonic()
    done = subprocess.run(
        [*argv, "diagnose", "--json", *options, *words],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
        # The journal of whoever runs the tests is not the lab's.
        env=os.environ | {"XDG_STATE_HOME": str(lab.ssh_config.parent / "state")},
    )
    seconds = time.monotonic() - begin
    try:
        said = json.loads(done.stdout)
    except ValueError as error:
        raise AssertionError(f"exit {done.returncode}: {done.stdout}\n{done.stderr}") from error
    assert said["schema"] == 1
    return Answer(said, seconds, done.returncode, done.stderr)


def unprivileged(words: Sequence[str]) -> tuple[str, ...]:
    """The same command line as `op` on both hosts, who is nobody there."""
    changed = (word.replace("root@", "op@", 1) for word in words)
    return (*changed, "--elevation", "none")
