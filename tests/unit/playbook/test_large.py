"""Trees of 100,000 snapshots a side: the rules look at each of them a few times at most."""

from __future__ import annotations

from time import process_time

import pytest

from sealift.playbook import chain, history, receiver, sending, stream
from sealift.playbook.receiver import Receiver
from sealift.playbook.stream import Stream
from sealift.replication.comparison import compare
from sealift.replication.watch import ROLES, Role
from sealift.routes import Scope
from tests.factories import mirrored
from tests.unit.playbook.scenes import at, ids, scene, written

NONE: dict[Role, None] = {"source": None, "destination": None}
QUIET: dict[Role, str] = {"source": "", "destination": ""}
MOMENTS = list(range(101, 9_101))
FEW = list(range(101, 201))


@pytest.mark.parametrize(
    ("datasets", "moments", "behind"), [(11, MOMENTS, 0), (11, MOMENTS, 4000), (1000, FEW, 1)]
)
def test_the_pure_steps_take_a_fraction_of_a_second(
    datasets: int, moments: list[int], behind: int
) -> None:
    names = ["", *(f"d{number}" for number in range(1, datasets))]
    ours = dict.fromkeys(names, moments)
    theirs = {name: moments[: len(moments) - behind] for name in names}
    there = scene(*mirrored(ours, theirs), now=at(moments[-1] - 99.9))
    began = process_time()
    sent = sending.judge(there, 0, None)
    receiver.judge(there, Receiver(NONE, NONE, (), None, None))
    stream.judge(there, Stream({"source": (), "destination": ()}, QUIET))
    for role in ROLES:
        chain.to_ask(there, role)
    assert process_time() - began < 1.0  # of CPU, on a slow machine; 4 s when it was quadratic
    assert ("many-snapshots" in ids(sent)) is (behind > 0)


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
