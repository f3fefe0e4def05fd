"""What a finding offers to send is the plan's part for its own dataset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.playbook import receiver, stream, turned
from sealift.playbook.receiver import Receiver
from sealift.playbook.scene import Scene
from sealift.playbook.stream import Stream
from sealift.replication.inventory import Inventory
from sealift.routes import Role
from sealift.zfs.commands import Effect
from tests.factories import dataset, held, mirrored
from tests.unit.playbook.scenes import at, moving, only, scene

HOURS = [101, 102, 103]
NONE: dict[Role, None] = {"source": None, "destination": None}
EVENTS = {"source": (), "destination": ()}


def mixed() -> Scene:
    """A tree that goes dataset by dataset: `db` stands at s101, `app` at s102."""
    ours = {"": HOURS, "app": HOURS, "db": HOURS}
    theirs = {"": HOURS, "app": HOURS[:2], "db": HOURS[:1]}
    return scene(*mirrored(ours, theirs), now=at(3.1))


@pytest.mark.parametrize(
    ("dataset", "begins"),
    [
        ("backup/prod/db", "zfs send -w -vP -I @s101 tank/prod/db@s103"),
        ("tank/prod/db", "zfs send -w -vP -I @s101 tank/prod/db@s103"),
        ("backup/prod/app", "zfs send -w -vP -I @s102 tank/prod/app@s103"),
        ("", "zfs send -w -vP -I @s102 tank/prod/app@s103"),
        ("backup/prod", ""),  # nothing is to be sent of it
    ],
)
def test_sending_shows_the_part_of_the_dataset(dataset: str, begins: str) -> None:
    step = mixed().sending("Send.", dataset)
    assert step.command.partition(" | ")[0] == begins
    assert (step.action, step.host) == ("send", "root@nas1")


def test_findings_name_their_own_part() -> None:
    there = mixed()
    report = stream.judge(there, Stream(EVENTS, {}))  # type: ignore[arg-type]
    finding = only(report, "mixed-snapshots")
    assert "tank/prod/app@s103" in finding.next[-1].command
    orphan = moving((), ("zfs receive -s -u backup/prod/db",))
    trees = mirrored({"": HOURS, "db": HOURS}, {"": [101], "db": [101, 102]})
    waiting = scene(*trees, moving=orphan)
    shown = receiver.judge(waiting, Receiver(NONE, NONE, None, None, None))
    assert "tank/prod/db@s103" in only(shown, "orphan-receive").next[-1].command


def test_what_can_be_read_is_destroyed_only_where_nothing_sealed_is_below_it() -> None:
    ours, theirs = mirrored({"": HOURS, "db": HOURS}, {"": HOURS, "db": HOURS})
    found = {
        below: turned.from_breaches(there.seal.breaches, there)[0]
        for below in ("", "db")
        for there in [scene(ours, in_the_clear(theirs, below), now=at(3.1))]
    }
    assert [each.effect for each in found["db"].next if each.command] == [
        Effect.CHANGE,
        Effect.READ,
        Effect.DESTRUCTION,
        Effect.CHANGE,
    ]
    assert "zfs rename backup/prod/db-new backup/prod/db" in [e.command for e in found["db"].next]
    assert Effect.DESTRUCTION not in {each.effect for each in found[""].next}, "db would go, too"


def in_the_clear(tree: Inventory, below: str) -> Inventory:
    """The same with one dataset that was sent without -w."""
    before = tree.datasets[below]
    plain = held(dataset(before.dataset.name, key=None), *before.snapshots)
    return replace(tree, datasets={**tree.datasets, below: plain})
