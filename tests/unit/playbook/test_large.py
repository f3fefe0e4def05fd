"""Trees of 100,000 snapshots a side: the rules look at each of them a few times at most."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType

import pytest

from sealift.playbook import chain, history, receiver, sending, stream
from sealift.playbook.receiver import Receiver
from sealift.playbook.stream import Stream
from sealift.replication.comparison import compare
from sealift.routes import ROLES, Role, Scope
from tests.factories import mirrored
from tests.unit.playbook.scenes import at, ids, scene, written

NONE: dict[Role, None] = {"source": None, "destination": None}
QUIET: dict[Role, str] = {"source": "", "destination": ""}
MOMENTS = list(range(101, 9_101))
FEW = list(range(101, 201))
A_FEW = 5


@pytest.mark.parametrize(
    ("datasets", "moments", "behind"), [(11, MOMENTS, 0), (11, MOMENTS, 4000), (1000, FEW, 1)]
)
def test_the_pure_steps_look_at_each_snapshot_a_few_times_at_most(
    datasets: int, moments: list[int], behind: int
) -> None:
    names = ["", *(f"d{number}" for number in range(1, datasets))]
    ours = dict.fromkeys(names, moments)
    theirs = {name: moments[: len(moments) - behind] for name in names}
    there = scene(*mirrored(ours, theirs), now=at(moments[-1] - 99.9))
    sent = sending.judge(there, 0, None)

    def work() -> None:
        sending.judge(there, 0, None)
        receiver.judge(there, Receiver(NONE, NONE, (), None, None))
        stream.judge(there, Stream({"source": (), "destination": ()}, QUIET))
        for role in ROLES:
            chain.to_ask(there, role)

    assert steps(work) < A_FEW * 2 * datasets * len(moments)
    assert ("many-snapshots" in ids(sent)) is (behind > 0)


def steps(work: Callable[[], None]) -> int:
    """How many calls, and turns of generators, something takes."""
    count = 0

    def seen(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_the_latest_increments_are_the_last_of_all() -> None:
    """What another tool's snapshot holds travels with the next own one, however few are asked."""
    ours, theirs = mirrored({"": list(range(101, 112))}, {"": [101]})
    ours = written(ours, "", {f"s{each}": 1000 + each for each in range(101, 112)})
    each = compare(ours, theirs).datasets[""]
    for own in (Scope("s", all_snapshots=True), Scope("s1"), Scope("s10"), Scope("s11")):
        known = history.increments(each, own)
        for latest in range(1, 12):
            assert history.increments(each, own, latest) == known[-latest:]
    sizes = [found.size for found in history.increments(each, Scope("s11"))]
    assert sizes == [1111]
