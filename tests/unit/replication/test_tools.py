"""Which other tools are at work in the two trees is told by what is in them."""

from __future__ import annotations

from sealift.replication.comparison import compare
from sealift.replication.tools import Tool, tools
from tests.factories import dataset, held, inventory, mirrored, snapshot


def test_nobody_else_is_known() -> None:
    assert tools(compare(*mirrored({"": [101]}, {"": [101]}))) == ()


def test_each_is_counted_on_both_sides_with_its_bookmarks() -> None:
    hourly = tuple(
        snapshot(f"autosnap_2025-12-25_{hour}:00:00_hourly", 101 + hour) for hour in (10, 11, 12)
    )
    taken = snapshot("syncoid_nas1_2025-12-25:13:00:00-GMT00:00", 115)
    marks = (snapshot("x_116_hourly", 116), snapshot("rep-1", 117))
    ours = held(dataset("tank/prod"), *hourly, taken, snapshot("rep-2", 118), bookmarks=marks)
    theirs = held(dataset("backup/prod"), hourly[0], taken)
    found = compare(inventory("tank/prod", top=ours), inventory("backup/prod", top=theirs))
    assert tools(found) == (
        Tool("sanoid", 3, 1, 0),
        Tool("syncoid", 1, 1, 0),
        Tool("bzfs", 0, 0, 1),
    )
