"""Every number that a rule uses stands in one table, with its reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sealift import playbook
from sealift.playbook import thresholds
from sealift.playbook.thresholds import TABLE, Threshold

HERE = Path(playbook.__file__).parent
RULES = (
    "access", "between", "chain", "entry", "flow", "ground", "history", "judged", "kernel_events",
    "mending", "pools", "receiver", "room", "scene", "sending", "stream", "tokens", "turned",
)  # fmt: skip


def test_the_table_has_all_of_them_once() -> None:
    made = [each for each in vars(thresholds).values() if isinstance(each, Threshold)]
    assert sorted(each.name for each in TABLE) == sorted(each.name for each in made)
    assert len({each.name for each in TABLE}) == len(TABLE)


@pytest.mark.parametrize("each", TABLE, ids=lambda each: each.name)
def test_each_says_what_it_is_and_why(each: Threshold) -> None:
    assert each.value > 0
    assert each.unit
    assert len(each.why) > 40


@pytest.mark.parametrize("module", RULES)
def test_no_rule_has_a_number_of_its_own(module: str) -> None:
    tree = ast.parse((HERE / f"{module}.py").read_text())
    numbers = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and not isinstance(node.value, bool)
        and node.value not in (0, 1, -1)
    ]
    assert numbers == []
