"""A dataset that is just being made by a receive is not blamed for what it lacks.

The kernel makes it when the receive begins: without a snapshot, without what the stream says of its
key, and with a token.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.playbook import receiver, sending, stream
from sealift.playbook.flow import Flow
from sealift.playbook.receiver import Receiver
from sealift.playbook.stream import Stream
from sealift.replication.inventory import Inventory
from sealift.routes import Role
from sealift.zfs.listings import Dataset
from tests.factories import dataset, held, mirrored, resume_token, snapshot
from tests.unit.playbook.scenes import IDLE, at, ids, moving, scene

HOURS = [101, 102, 103]
NONE: dict[Role, None] = {"source": None, "destination": None}
SEED = moving(("zfs send -w tank/prod/db@s103",), ("zfs receive -s -u backup/prod/db",))
PACKAGE = moving(("zfs send -w -R tank/prod@s103",), ("zfs receive -s -u backup/prod",))
ELSEWHERE = moving(("zfs send -w tank/prod/app@s103",), ("zfs receive -s -u backup/prod/app",))
BLAME = {
    "stale-token", "dead-token", "foreign-token", "no-common-base", "base-missing-on-source",
    "key-lineage-mismatch", "not-raw",
}  # fmt: skip

NOTHING_YET = dataset("backup/prod/db", key=1001)
PLAIN_YET = dataset("backup/prod/db", key=None)
BEGUN = dataset("backup/prod/db", key=None, token=resume_token(snapshot("s103", 10_103)))
UNREADABLE = dataset("backup/prod/db", key=1001, token="1-2-3-4")


def found(there: Dataset, running: Flow) -> set[str]:
    """What the three pure steps that look at trees find while `there` arrives as it is."""
    ours, theirs = mirrored({"": HOURS, "db": HOURS}, {"": HOURS, "db": HOURS})
    known = {**theirs.datasets, "db": held(there)}
    arriving: Inventory = replace(theirs, datasets=known)
    looked = scene(ours, arriving, now=at(3.1), moving=running)
    events = {"source": (), "destination": ()}
    reports = (
        sending.judge(looked, 0, None),
        receiver.judge(looked, Receiver(NONE, NONE, None, None, None)),
        stream.judge(looked, Stream(events, {})),  # type: ignore[arg-type]
    )
    if running in (SEED, PACKAGE):
        levels = {fact.title: fact.level for report in reports for fact in report.facts}
        assert (levels["Raw"], levels["Chain"]) == ("ok", "ok")
    return set[str]().union(*(ids(report) for report in reports)) & BLAME


@pytest.mark.parametrize("there", [NOTHING_YET, PLAIN_YET, BEGUN, UNREADABLE])
@pytest.mark.parametrize("running", [SEED, PACKAGE])
def test_what_is_arriving_is_not_blamed(there: Dataset, running: Flow) -> None:
    assert found(there, running) == set()


@pytest.mark.parametrize("running", [IDLE, ELSEWHERE])
def test_what_nobody_sends_any_more_is(running: Flow) -> None:
    assert found(NOTHING_YET, running) == {"no-common-base"}
    assert found(PLAIN_YET, running) == {"key-lineage-mismatch", "not-raw"}
    assert found(UNREADABLE, running) == {"dead-token"}


def test_what_stands_there_already_is_blamed_beside_a_receive() -> None:
    """Only what the receive brings can mend; a snapshot that is there was received before."""
    ours, theirs = mirrored({"": HOURS, "db": HOURS}, {"": HOURS, "db": [101, 190]})
    looked = scene(ours, theirs, now=at(3.1), moving=SEED)
    events = {"source": (), "destination": ()}
    report = stream.judge(looked, Stream(events, {}))  # type: ignore[arg-type]
    assert "destination-diverged" in ids(report)
