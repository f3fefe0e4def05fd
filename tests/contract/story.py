"""Stories: commands in the order in which a shell runs them, each with what it has to answer.

A file of `stories/` is a text of blocks. `$ ` starts a command; `| ` is a line that it writes to
stdout, `! ` one that it writes to stderr, `= ` its exit code if that is not 0. A command behind
`~ ` answers in an order that is nobody's promise: ZFS walks children and holds by a hash that is
another one on each pool. Lines that start with `#` are for the reader. TABs are written `\\t`.
Values that cannot be equal on two hosts are written as `normal.normalise` leaves them.

What stands there was recorded from real ZFS: `python -m tests.contract.record`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

STORIES = Path(__file__).parent / "stories"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and how it ended."""

    stdout: str
    stderr: str
    code: int

    def sorted(self) -> Answer:
        """The same lines, in an order that does not depend on where they were said."""
        out = "".join(sorted(self.stdout.splitlines(keepends=True)))
        err = "".join(sorted(self.stderr.splitlines(keepends=True)))
        return Answer(out, err, self.code)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a story, its answer, and the comment lines above it."""

    command: str
    answer: Answer
    comment: tuple[str, ...] = ()
    unordered: bool = False

    def matches(self, answer: Answer) -> bool:
        """Whether this is the answer that was recorded."""
        if self.unordered:
            return answer.sorted() == self.answer.sorted()
        return answer == self.answer


@dataclass(frozen=True, slots=True)
class Story:
    """Steps that build on each other, in a tree of datasets of their own."""

    name: str
    steps: tuple[Step, ...]


def names() -> tuple[str, ...]:
    """All stories, in the order of their file names."""
    return tuple(sorted(path.stem for path in STORIES.glob("*.txt")))


def load(name: str) -> Story:
    """Read one story."""
    text = (STORIES / f"{name}.txt").read_text(encoding="utf-8")
    steps: list[Step] = []
    comment: list[str] = []
    for line in text.split("\n"):
        mark, rest = line[:2], line[2:].replace("\\t", "\t")
        if mark in {"$ ", "~ "}:
            steps.append(Step(rest, Answer("", "", 0), tuple(comment), mark == "~ "))
            comment = []
        elif mark[:1] == "#" or not line:
            comment.append(line)
        else:
            steps[-1] = replace(steps[-1], answer=_more(steps[-1].answer, mark, rest))
    return Story(name, tuple(steps))


def _more(answer: Answer, mark: str, text: str) -> Answer:
    match mark.rstrip():
        case "|":
            return Answer(f"{answer.stdout}{text}\n", answer.stderr, answer.code)
        case "!":
            return Answer(answer.stdout, f"{answer.stderr}{text}\n", answer.code)
        case "=":
            return Answer(answer.stdout, answer.stderr, int(text))
    raise ValueError(f"not a line of a story: {mark}{text}")


def written(story: Story) -> str:
    """The text of a story, as `load` reads it."""
    lines: list[str] = []
    for step in story.steps:
        lines += step.comment
        lines.append(f"{'~' if step.unordered else '$'} {step.command}")
        lines += [f"| {line}" if line else "|" for line in step.answer.stdout.split("\n")[:-1]]
        lines += [f"! {line}" if line else "!" for line in step.answer.stderr.split("\n")[:-1]]
        lines += [f"= {step.answer.code}"] if step.answer.code else []
    return "\n".join(lines).replace("\t", "\\t") + "\n"
