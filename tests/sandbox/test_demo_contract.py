"""The demo's hosts against what was recorded on real ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from tests.contract import demo as teller
from tests.contract.checks import Answers, steps


@pytest.fixture(scope="module")
def told() -> Iterator[Answers]:
    """What the demo's hosts answered, story by story, each told once."""
    with asyncio.Runner() as runner:
        context = Demo.open(BLANK)
        demo = runner.run(context.__aenter__())
        try:
            yield Answers(lambda story: teller.tell(demo, story))
        finally:
            runner.run(context.__aexit__(None, None, None))


@steps("demo")
def test_the_demo_answers_as_zfs_does(told: Answers, story: str, index: int) -> None:
    told.check(story, index)
