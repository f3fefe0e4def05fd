"""python -m tests.lab.diagnosis_table: every fault and healthy state, and what was said of it.

Prints a line of Markdown for each as the answers come, and at the end the confusion table: faults
down, verdicts across. With `--keep DIR` it goes on where it was interrupted: what has its answer in
there is not asked again.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .diagnosing import Answer, diagnose, unprivileged
from .faults import BOTTLENECKS, FAULTS, HEALTHY, PAIRS, Fault, Healthy, Pair
from .lab import Lab
from .machine import LabError
from .test_diagnosis import name

Case = Fault | Healthy | Pair
HEAD = ("made", "verdict", "problems", "s", "")
EVERY: tuple[Case, ...] = (*FAULTS, *PAIRS, *HEALTHY)


@dataclass(frozen=True)
class Row:
    """A case and its answer; `broken` says why there is none."""

    case: Case
    answer: Answer | None
    broken: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer names what it has to, and no other bottleneck."""
        answer = self.answer
        if answer is None:
            return False
        match self.case:
            case Fault() as fault:
                return fault.id in answer.named and answer.bottlenecks <= {fault.id} | fault.may
            case Pair() as pair:
                return set(pair.ids) <= answer.named and answer.findings[0] == pair.first
            case Healthy():
                return not answer.named

    def text(self) -> str:
        """The line as Markdown."""
        answer = self.answer
        if answer is None:
            return line(label(self.case), "", self.broken, "", "✗")
        return line(
            label(self.case),
            f"{answer.verdict} ({answer.confidence})" if answer.verdict else "",
            ", ".join(dict.fromkeys(each for each in answer.findings if each != answer.verdict)),
            f"{answer.seconds:.0f}",
            "✓" if self.right else "✗",
        )


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
    chosen = [each for each in EVERY if re.search(options.only, label(each))]
    rows = []
    say(line(*HEAD) + "\n" + rule(len(HEAD)))
    with contextlib.ExitStack() as running:
        lab: Lab | None = None
        for case in chosen:
            answer = kept(options.keep, case)
            if answer is None:
                lab = lab or running.enter_context(started(options.at))
                row = tried(lab, case, options.keep, lowly=options.unprivileged)
            else:
                row = Row(case, answer)
            say(row.text())
            rows.append(row)
    right = sum(row.right for row in rows)
    say(f"\n{confusion(rows)}\n\n{right} of {len(rows)} right.")
    return 0 if right == len(rows) else 1


@contextlib.contextmanager
def started(chosen: Path | None) -> Iterator[Lab]:
    """A lab, its files where that was chosen."""
    with contextlib.ExitStack() as undo:
        made = chosen or Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="lab-")))
        yield undo.enter_context(Lab.start(made))


def label(case: Case) -> str:
    """A name that is one of its kind."""
    kind = {Fault: "", Healthy: "healthy: ", Pair: "two at once: "}[type(case)]
    return kind + name(case)


def tried(lab: Lab, case: Case, keep: Path | None, *, lowly: bool) -> Row:
    """Bring a case about and ask; what goes wrong is a line, too."""
    begin = time.monotonic()
    try:
        with case.make(lab) as words:
            note(f"{label(case)}: made in {time.monotonic() - begin:.0f} s")
            answer = diagnose(lab, unprivileged(words) if lowly else words)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                file_of(keep, case).write_text(answer.text())
    # A table with a hole says more than none: one broken case must not take the others with it.
    except (AssertionError, LabError, TimeoutError, subprocess.SubprocessError) as error:
        note(f"{label(case)}: {error}")
        return Row(case, None, type(error).__name__)
    return Row(case, answer)


def file_of(keep: Path, case: Case) -> Path:
    """Where the answer to a case is kept."""
    return keep / (re.sub(r"[^a-z0-9]+", "-", label(case).lower()).strip("-") + ".json")


def kept(keep: Path | None, case: Case) -> Answer | None:
    """The answer that a former run has kept, if it has."""
    if keep is None or not file_of(keep, case).exists():
        return None
    return Answer.from_text(file_of(keep, case).read_text())


def confusion(rows: Sequence[Row]) -> str:
    """Faults down, verdicts across: how often which bottleneck was named.

    Bottlenecks have a line each, all other faults one a group, since a bottleneck is not what is
    asked for there; whether their own id was named is in the last column. A pair is listed with
    what it has to be mended first.
    """
    across = sorted(BOTTLENECKS)
    counts: dict[str, Counter[str]] = {}
    right: Counter[str] = Counter()
    for row in rows:
        down = kind(row.case)
        verdict = row.answer.sure if row.answer else "no answer"
        counts.setdefault(down, Counter())[verdict or "none"] += 1
        right[down] += row.right
    columns = [
        each
        for each in (*across, "none", "no answer")
        if any(each in count for count in counts.values())
    ]
    lines = [line("made", *columns, "right"), rule(len(columns) + 2)]
    for down, count in counts.items():
        numbers = (str(count[each]) if count[each] else "" for each in columns)
        lines.append(line(down, *numbers, f"{right[down]} of {count.total()}"))
    return "\n".join(lines)


def kind(case: Case) -> str:
    """Which line of the confusion table a case belongs to."""
    match case:
        case Fault(group="bottleneck"):
            return case.id
        case Fault():
            return f"({case.group})"
        case Pair():
            return "(two at once)"
        case Healthy():
            return "(healthy)"


def line(*cells: str) -> str:
    """A line of a table, in Markdown."""
    return f"| {' | '.join(cells)} |"


def rule(columns: int) -> str:
    """What stands below the head of a table."""
    return f"|{'---|' * columns}"


def say(text: str) -> None:
    """Print a line of the table."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Say what is going on to whoever waits."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
