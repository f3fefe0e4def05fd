"""Ask a command of sealift for its JSON, as a script would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from .lab import Lab

_PATIENCE = 300.0  # seconds; a hang is a failed test, not a hung suite


@dataclass(frozen=True)
class Said:
    """What one call said. `seconds` of wall time, with the start of the program."""

    said: dict[str, Any]
    seconds: float
    code: int
    stderr: str

    @property
    def findings(self) -> tuple[str, ...]:
        """Ids of what is a problem or a warning, in the order in which to mend them."""
        grave = {"warning", "problem"}
        return tuple(each["id"] for each in self.said["findings"] if each["severity"] in grave)

    def text(self) -> str:
        """The whole answer, for who has to find out why it is wrong."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """What `text` has written."""
        return cls(**json.loads(text))


def ask(lab: Lab, command: str, words: Sequence[str]) -> Said:
    """Run a command of the program on the lab.

    Raises AssertionError when it does not answer with one JSON object.
    """
    argv = [sys.executable, "-m", "sealift", "--ssh-config", str(lab.ssh_config)]
    begin = time.monotonic()
    done = subprocess.run(
        [*argv, command, "--json", *words],
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
    return Said(said, seconds, done.returncode, done.stderr)


def unprivileged(words: Sequence[str]) -> tuple[str, ...]:
    """The same command line as `op` on both hosts, who is nobody there."""
    changed = (word.replace("root@", "op@", 1) for word in words)
    return (*changed, "--elevation", "none")
