"""What is wrong is named, and nothing else is: every fault on real hosts, and ten healthy states.

The figures of wall time are those of the table (`make lab-diagnosis`); the emulated hosts are too
slow to hold the program to its 15 seconds.
"""

from __future__ import annotations

from typing import Any

import pytest

from .diagnosing import diagnose, unprivileged
from .faults import FAULTS, HEALTHY, PAIRS, Fault, Healthy, Pair
from .lab import Lab

pytestmark = pytest.mark.timeout(900)

# Whatever a user without rights can see of these, or not.
WITHOUT_RIGHTS = (
    "network-bandwidth: 12 Mbit/s",
    "source-disk: 1 MiB/s",
    "source-cpu: 4 loops",
    "throttled: pv, 1 MiB/s",
    "not-running: a day behind",
    "destination-diverged: a snapshot of a child",
    "base-missing-on-source: of a child",
    "stale-token: of a seed",
    "quota-reached: on an ancestor",
    "pool-degraded: destination, offline",
)


def name(each: Fault | Healthy | Pair) -> str:
    return f"{each.id}: {each.name}" if isinstance(each, Fault) else each.name


def params(some: tuple[Any, ...]) -> list[Any]:
    """Parameters of a test; all but the core are for the whole suite."""
    whole = pytest.mark.whole
    return [pytest.param(each, id=name(each), marks=() if each.core else whole) for each in some]


@pytest.mark.parametrize("fault", params(FAULTS))
def test_a_fault_is_named_and_no_other_bottleneck(lab: Lab, fault: Fault) -> None:
    with fault.make(lab) as words:
        answer = diagnose(lab, words)
    assert fault.id in answer.named, answer.text()
    assert answer.bottlenecks <= {fault.id} | fault.may, answer.text()


@pytest.mark.parametrize("healthy", params(HEALTHY))
def test_a_healthy_state_is_left_in_peace(lab: Lab, healthy: Healthy) -> None:
    with healthy.make(lab) as words:
        answer = diagnose(lab, words)
    assert answer.named == frozenset(), answer.text()
    assert answer.code == 0, answer.text()


@pytest.mark.parametrize("pair", params(PAIRS))
def test_two_faults_at_once_are_both_named_in_the_order_to_mend_them(lab: Lab, pair: Pair) -> None:
    with pair.make(lab) as words:
        answer = diagnose(lab, words)
    assert set(pair.ids) <= answer.named, answer.text()
    assert answer.findings[0] == pair.first, answer.text()


@pytest.mark.whole
@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if name(each) in WITHOUT_RIGHTS], ids=name
)
def test_without_rights_it_is_named_or_said_to_be_unseen(lab: Lab, fault: Fault) -> None:
    with fault.make(lab) as words:
        answer = diagnose(lab, unprivileged(words))
    assert fault.id in answer.named or answer.unseen, answer.text()
    assert answer.bottlenecks <= {fault.id} | fault.may, answer.text()


def test_the_set_for_a_user_without_rights_is_there() -> None:
    assert set(WITHOUT_RIGHTS) <= {name(each) for each in FAULTS}
