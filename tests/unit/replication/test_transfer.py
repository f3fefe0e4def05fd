from __future__ import annotations

from dataclasses import replace

from sealift.hosts.trouble import Trouble
from sealift.replication.comparison import compare
from sealift.replication.pipeline import End, pipeline
from sealift.replication.plan import make_plan
from sealift.replication.transfer import Transfer, TransferState, verified
from sealift.routes import Location
from tests.factories import NOON, dataset, held, inventory, mirrored, snapshot

ENDS = (End(Location.parse("nas1:tank/prod")), End(Location.parse("dr1:backup/prod")))
OURS = {"": [101, 102], "db": [101, 102]}


def sent() -> Transfer:
    plan = make_plan(compare(*mirrored(OURS, {"": [101], "db": [101]})))
    steps = tuple((step, pipeline(step, *ENDS)) for step in plan.steps)
    return Transfer(steps, "nas1", NOON, state=TransferState.VERIFYING)


def test_done_is_said_only_when_every_planned_guid_is_there() -> None:
    level = compare(*mirrored(OURS, OURS))
    assert verified(sent(), level, ()).state is TransferState.DONE
    nothing = verified(sent(), compare(*mirrored(OURS, {"": [101], "db": [101]})), ())
    assert nothing.state is TransferState.FAILED
    assert nothing.trouble is not None
    assert nothing.trouble.finding == "replica-incomplete"


def test_a_snapshot_of_that_name_with_another_guid_has_not_arrived() -> None:
    ours = inventory("tank/prod", top=held(dataset("tank/prod"), snapshot("a", 101)))
    impostor = inventory("backup/prod", top=held(dataset("backup/prod"), snapshot("a", 555)))
    (step,) = make_plan(compare(ours, inventory("backup/prod"))).steps
    transfer = replace(sent(), steps=((step, pipeline(step, *ENDS)),))
    assert verified(transfer, compare(ours, impostor), ()).state is TransferState.FAILED


def test_what_cannot_be_read_back_is_not_called_done_and_not_called_lost() -> None:
    gone = Trouble("host-unreachable", "dr1", "no answer within 30 s")
    transfer = verified(sent(), compare(*mirrored(OURS, OURS)), (gone,))
    assert transfer.state is TransferState.FAILED
    assert transfer.trouble is not None
    assert transfer.trouble.what == (
        "everything was sent, but it could not be read back: no answer within 30 s"
    )
