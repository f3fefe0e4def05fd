"""One test for each step of each story."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.differences import DIFFERENCES
from tests.contract.story import Answer, Story, load, names

# What the lab is always asked; the other stories only in its whole suite.
CORE = frozenset(
    {
        "bookmarks",
        "holds",
        "jobs",
        "listing",
        "raw_and_not",
        "receiving",
        "rollback",
        "running",
        "sending",
        "snapshots",
        "tokens",
    }
)


class Answers:
    """What hosts answer to stories; each is told when it is first asked about."""

    def __init__(self, tell: Callable[[Story], list[Answer]]) -> None:
        self._tell = tell
        self._told: dict[str, list[Answer]] = {}

    def check(self, name: str, index: int) -> None:
        """Compare one answer with what real ZFS answered."""
        story = load(name)
        if name not in self._told:
            self._told[name] = self._tell(story)
        step = story.steps[index]
        assert len(self._told[name]) == len(story.steps)
        answer = self._told[name][index]
        if not step.matches(answer):
            assert answer == step.answer, step.command


def steps(hosts: str) -> pytest.MarkDecorator:
    """Parametrise a test over every step, with what is known to differ on these hosts marked."""
    cases = []
    for name in names():
        for index, step in enumerate(load(name).steps):
            why = DIFFERENCES.get((hosts, name, step.command))
            marks = [pytest.mark.xfail(reason=why, strict=True)] if why else []
            if hosts == "lab" and name not in CORE:
                marks.append(pytest.mark.whole)
            cases.append(pytest.param(name, index, marks=marks, id=f"{name}-{index + 1}"))
    return pytest.mark.parametrize(("story", "index"), cases)
