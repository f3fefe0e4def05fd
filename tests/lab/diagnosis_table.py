"""python -m tests.lab.diagnosis_table: every fault and healthy state, and what was said of it.

Prints a confusion table as Markdown, line by line as the answers come.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .diagnosing import Answer, diagnose, unprivileged
from .faults import FAULTS, HEALTHY, PAIRS, Fault, Healthy, Pair
from .lab import Lab
from .machine import LabError
from .test_diagnosis import name

Case = Fault | Healthy | Pair
HEAD = ("made", "verdict", "problems", "s", "")


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    case: str
    verdict: str
    problems: str
    seconds: str
    right: bool

    def text(self) -> str:
        """The line as Markdown."""
        mark = "✓" if self.right else "✗"
        return f"| {' | '.join((self.case, self.verdict, self.problems, self.seconds, mark))} |"


def main() -> int:
    """Make the table; the exit status is 1 if anything of it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab.diagnosis_table", description=__doc__
    )
    parser.add_argument("--only", default="", help="a regular expression for the names")
    parser.add_argument("--unprivileged", action="store_true", help="as op, without any rights")
    parser.add_argument("--keep", type=Path, help="a folder for the answers, one file each")
    parser.add_argument("--at", type=Path, help="a folder for the lab (default: a temporary one)")
    options = parser.parse_args()
    every: tuple[Case, ...] = (*FAULTS, *PAIRS, *HEALTHY)
    chosen = [each for each in every if re.search(options.only, label(each))]
    say(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    rows = []
    with place(options.at) as directory, Lab.start(directory) as lab:
        for case in chosen:
            row = tried(lab, case, options.keep, lowly=options.unprivileged)
            say(row.text())
            rows.append(row)
    right = sum(row.right for row in rows)
    say(f"\n{right} of {len(rows)} right.")
    return 0 if right == len(rows) else 1


@contextlib.contextmanager
def place(chosen: Path | None) -> Iterator[Path]:
    """Where the lab keeps its files."""
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="lab-") as made:
        yield Path(made)


def label(case: Case) -> str:
    """A name that is one of its kind."""
    kind = {Fault: "", Healthy: "healthy: ", Pair: "two at once: "}[type(case)]
    return kind + name(case)


def tried(lab: Lab, case: Case, keep: Path | None, *, lowly: bool) -> Row:
    """Bring a case about, ask, and judge the answer; what goes wrong is a line, too."""
    begin = time.monotonic()
    try:
        with case.make(lab) as words:
            note(f"{label(case)}: made in {time.monotonic() - begin:.0f} s")
            answer = diagnose(lab, unprivileged(words) if lowly else words)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                file = re.sub(r"[^a-z0-9]+", "-", label(case).lower()).strip("-")
                (keep / f"{file}.json").write_text(answer.text())
    # A table with a hole says more than none: one broken case must not take the others with it.
    except (AssertionError, LabError, TimeoutError, subprocess.SubprocessError) as error:
        note(f"{label(case)}: {error}")
        return Row(label(case), "", f"{type(error).__name__}", "", right=False)
    return Row(
        label(case),
        f"{answer.verdict} ({answer.confidence})" if answer.verdict else "",
        ", ".join(dict.fromkeys(each for each in answer.findings if each != answer.verdict)),
        f"{answer.seconds:.0f}",
        right=is_right(case, answer),
    )


def is_right(case: Case, answer: Answer) -> bool:
    """Whether the answer names what it has to, and no other bottleneck."""
    match case:
        case Fault():
            return case.id in answer.named and answer.bottlenecks <= {case.id} | case.may
        case Pair():
            both = set(case.ids) <= answer.named
            return both and answer.findings[0] == case.first
        case Healthy():
            return not answer.named


def say(line: str) -> None:
    """Print a line of the table."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def note(line: str) -> None:
    """Say what is going on to whoever waits."""
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
