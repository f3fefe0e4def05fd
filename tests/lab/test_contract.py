"""Real ZFS against what was recorded of it: the same steps that the demo's hosts answer."""

from __future__ import annotations

import pytest

from tests.contract import lab as teller
from tests.contract.checks import Answers, steps

from .lab import Lab


@pytest.fixture(scope="module")
def told(lab: Lab) -> Answers:
    """What the lab's hosts answered, story by story, each told once."""
    lab.fresh_pools()
    return Answers(lambda story: teller.tell(lab, story))


@steps("lab")
def test_zfs_answers_as_recorded(told: Answers, story: str, index: int) -> None:
    told.check(story, index)
