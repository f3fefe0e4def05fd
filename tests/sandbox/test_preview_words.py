"""What the operator is told is held, from a real plan on the demo's world."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

from sealift import plain
from sealift.replication import report
from sealift.replication.anchors import Holding
from sealift.replication.picture import Picture
from sealift.replication.preview import Preview
from sealift.routes import Location, Route
from sealift.ui.dialogs import holding_sentence, send_paragraphs
from sealift.zfs import commands
from tests.contract.carrying import Carrier

SOURCE, DESTINATION = Location("root", "nas1", "tank/t"), Location("root", "dr1", "backup/t")
CREATE = ("zfs", "create", "-o", "encryption=on", "-o", "keyformat=passphrase", "tank/t")
PICTURE = cast(
    "Picture",
    SimpleNamespace(
        source=SimpleNamespace(location=SOURCE),
        destination=SimpleNamespace(location=DESTINATION, inventory=None),
    ),
)


def planned(snapshots: int, more: int = 0) -> tuple[Carrier, Preview]:
    """A tree of two datasets with so many snapshots, and of the child some more."""
    carrier = Carrier(Route(SOURCE, DESTINATION))
    names = [f"tank/t@rep-{number:04}" for number in range(snapshots)]
    alone = [f"tank/t/a@rep-{number:04}" for number in range(snapshots, snapshots + more)]
    for argv in (CREATE, ("zfs", "create", "tank/t/a")):
        assert carrier.do("source", argv).code == 0
    for name in names:
        assert carrier.do("source", ("zfs", "snapshot", "-r", name)).code == 0
    for name in alone:
        assert carrier.do("source", ("zfs", "snapshot", name)).code == 0
    return carrier, carrier.preview()


def test_the_preview_says_how_many_snapshots_are_held_on_which_side() -> None:
    carrier, shown = planned(3)
    assert holding_sentence(shown).startswith("First held: 6 snapshots of the source, so that")
    for _ in carrier.job(shown, []):
        pass
    assert carrier.do("source", ("zfs", "snapshot", "-r", "tank/t@rep-next")).code == 0
    assert (
        carrier.do("destination", ("zfs", "release", "keepforrep", "backup/t@rep-0002")).code == 0
    )
    shown = carrier.preview()
    sentence = holding_sentence(shown)
    assert "2 snapshots of the source and 1 snapshot of the destination" in sentence
    assert sentence in send_paragraphs(shown, PICTURE)
    assert f"# {sentence}" in plain.plan(shown).splitlines()
    assert report.preview(shown)["before"]["snapshots"] == {"source": 2, "destination": 1}


def test_what_is_held_already_is_not_counted_again() -> None:
    carrier, shown = planned(2)
    for command in shown.holding.source:
        assert carrier.do("source", command.argv).code == 0
    assert holding_sentence(carrier.preview()) == (
        "What no cleanup may take on the way is held already."
    )


def test_many_names_are_counted_rather_than_spelled_out_and_the_time_is_told() -> None:
    _, shown = planned(2, more=500)
    assert shown.holding.here == 504
    text = "\n".join(send_paragraphs(shown, PICTURE))
    assert "On slow disks holding so many takes up to 50 s." in text
    assert len(text) < 5000
    assert "tank/t/a@rep-0002 " in text
    assert " … 194 more … tank/t/a@rep-0201" in text
    # The pipeline is whole all the same, and so is what a script reads.
    assert shown.steps[-1].pipeline.text() in text
    assert sum(len(text.split()) for text in report.preview(shown)["before"]["source"]) > 500


def test_of_many_calls_the_first_are_shown_and_the_others_counted() -> None:
    _, shown = planned(1)
    held = tuple(commands.hold("keepforrep", (f"tank/t@{number}",)) for number in range(80))
    many = replace(shown, holding=Holding(source=held, here=80))
    text = "\n".join(send_paragraphs(many, PICTURE))
    assert "tank/t@49" in text
    assert "tank/t@50" not in text
    assert "… and 30 calls more (sealift plan --json has all)" in text
