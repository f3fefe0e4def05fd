"""The order of mending, and that it is an order."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sealift.playbook.diagnosis import Finding, Severity
from sealift.playbook.mending import in_order


def finding(name: str, severity: Severity = "problem", dataset: str = "d") -> Finding:
    """A finding of this id."""
    return Finding(name, severity, "destination", dataset, name)


IN_ORDER = (
    finding("host-unreachable"),
    finding("permission-missing"),
    finding("pool-suspended"),
    finding("pool-readonly"),
    finding("space-low"),
    finding("orphan-receive"),
    finding("stale-token"),
    finding("destination-diverged"),
    finding("something-new"),
    finding("not-raw"),
    finding("not-running"),
    finding("network-bandwidth", "warning"),
    finding("pool-degraded", "warning"),
    finding("churn", "warning"),
    finding("pool-degraded", "info", "e"),
    finding("known-bug", "info"),
)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_does_not_depend_on_who_said_it_first(seed: int) -> None:
    mixed = list(IN_ORDER)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - no secret
    assert [f.id for f in in_order(mixed)] == [f.id for f in IN_ORDER]


def test_a_slow_link_and_a_stale_token_begin_with_the_token() -> None:
    both = (finding("network-bandwidth", "problem"), finding("stale-token"))
    assert [f.id for f in in_order(both)] == ["stale-token", "network-bandwidth"]


def test_what_two_steps_say_is_said_once_and_the_heavier_one_stays() -> None:
    mild = replace(finding("stale-token", "warning"), summary="mild")
    for order in ((mild, finding("stale-token")), (finding("stale-token"), mild)):
        (only,) = in_order(order)
        assert only.severity == "problem"
    assert len(in_order((finding("stale-token"), finding("stale-token", dataset="e")))) == 2
