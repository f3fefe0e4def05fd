"""What the thing under the cursor is said to be."""

from __future__ import annotations

from sealift.actions import ACTIONS, TREES
from sealift.replication.comparison import Presence
from sealift.ui.row import Cell, FoldedRow, NoticeRow, Receiving, RowKey, SnapshotRow
from sealift.ui.things import THINGS, Thing, in_tree

KEY = RowKey("snapshot", "", 101, "both")


def snapshot(
    *,
    bookmark: bool = False,
    held: bool = False,
    base: bool = False,
    behind: bool = False,
    ahead: bool = False,
) -> SnapshotRow:
    cell = Cell("a", 1, held, bookmark)
    return SnapshotRow(
        KEY, Presence.BOTH, cell, cell, base=base, behind=behind, ahead=ahead, receiving=None
    )


def thing(row: SnapshotRow) -> Thing:
    found = in_tree(row)
    assert found is not None
    return found


def test_a_snapshot_says_what_depends_on_it_and_whether_it_is_held() -> None:
    assert "next increment starts here" in thing(snapshot(base=True)).words
    assert "Nothing holds it" in thing(snapshot()).words
    assert "It is held" in thing(snapshot(held=True)).words


def test_what_helps_stands_first() -> None:
    assert thing(snapshot(ahead=True)).actions[0] == "roll_back"
    assert thing(snapshot(behind=True)).actions[0] == "send"
    assert thing(snapshot()).actions[0] == "hold"


def test_bookmarks_and_what_is_partly_there_are_no_snapshots() -> None:
    assert thing(snapshot(bookmark=True)).noun == "bookmark"
    partly = SnapshotRow(
        KEY, Presence.BOTH, None, None, base=False, behind=True, ahead=False,
        receiving=Receiving(101, 1),
    )  # fmt: skip
    assert "tokens" in thing(partly).actions
    assert in_tree(NoticeRow(KEY, "reading")) is None
    assert in_tree(None) is None
    assert in_tree(FoldedRow(KEY, 3, 3, 3, 0, older=True)) is not None


def test_every_action_that_a_thing_names_is_one_of_the_route_screen() -> None:
    known = {each.id for each in (*ACTIONS, *TREES)}
    rows = (snapshot(), snapshot(ahead=True), snapshot(bookmark=True))
    for each in (*THINGS.values(), *map(thing, rows)):
        assert set(each.actions) <= known
