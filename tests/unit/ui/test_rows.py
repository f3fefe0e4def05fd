"""The flat list of rows: what stands where, what folding and filter leave, and keys that stay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.replication.comparison import Comparison, Presence, State, compare
from sealift.replication.inventory import Held, Inventory
from sealift.ui.filters import STATES, Filter
from sealift.ui.folding import Fold
from sealift.ui.row import (
    DatasetRow,
    FoldedRow,
    Key,
    NoticeRow,
    Receiving,
    Row,
    RowKey,
    SnapshotRow,
)
from sealift.ui.rows import Rows, build
from sealift.ui.text import UNICODE
from sealift.ui.widgets.paired_line import draw
from sealift.zfs import tokens
from sealift.zfs.listings import Dataset, KeyStatus, Snapshot
from sealift.zfs.tokens import ResumeToken

TAKEN = datetime(2025, 12, 25, 6, 30, tzinfo=UTC)


def snapshot(number: int, *, held: bool = False, iv: int = 0, bookmark: bool = False) -> Snapshot:
    """A snapshot whose number is its guid, its age and in its name: a higher one is newer."""
    iv = iv or 1000 + number
    return Snapshot(f"s{number}", number, number, number, 0, 8192, iv, int(held), bookmark)


def side(
    root: str,
    trees: Mapping[str, Sequence[int | Snapshot]],
    *,
    key_status: KeyStatus = KeyStatus.AVAILABLE,
    resume_token: str | None = None,
) -> Inventory:
    """An inventory of encrypted datasets."""
    held = {}
    for below, entries in trees.items():
        dataset = Dataset(
            name=f"{root}/{below}" if below else root,
            kind="filesystem",
            guid=1,
            createtxg=1,
            creation=1,
            used=4096,
            available=4096,
            referenced=4096,
            encryption="aes-256-gcm",
            encryption_root=root,
            key_status=key_status,
            key_format=None,
            key_guid=77,
            mounted=False,
            readonly=False,
            resume_token=resume_token,
        )
        each = [snapshot(e) if isinstance(e, int) else e for e in entries]
        held[below] = Held(
            dataset,
            tuple(e for e in each if not e.bookmark),
            tuple(e for e in each if e.bookmark),
        )
    return Inventory(root, held, None, TAKEN)


def one(
    source: Sequence[int | Snapshot],
    destination: Sequence[int | Snapshot],
    *,
    key_status: KeyStatus = KeyStatus.AVAILABLE,
    resume_token: str | None = None,
) -> Comparison:
    """A route of one dataset."""
    return compare(
        side("tank/prod", {"": source}),
        side("backup/prod", {"": destination}, key_status=key_status, resume_token=resume_token),
    )


def said(rows: Rows) -> list[str]:
    """The rows in short: `+` source only, `=` both, `-` destination only, `~` other IV set."""
    signs = {
        Presence.BOTH: "=",
        Presence.SOURCE: "+",
        Presence.DESTINATION: "-",
        Presence.IVSET: "~",
    }

    def short(row: Row) -> str:
        if isinstance(row, DatasetRow):
            return row.label
        if isinstance(row, FoldedRow):
            return f"{row.source}/{row.destination} {'older' if row.older else 'more'}"
        if isinstance(row, NoticeRow):
            return row.text
        marks = (" base" if row.base else "") + (" ahead" if row.ahead else "")
        return f"{signs[row.presence]}{row.key.guid}{marks}"

    return [short(row) for row in rows]


class TestFolding:
    def test_recent_is_the_base_and_everything_newer(self) -> None:
        rows = build(one([1, 2, 3, 4, 6], [1, 2, 3, 5]), {})
        assert said(rows) == ["prod", "+6", "-5 ahead", "+4", "=3 base", "2/2 older"]

    def test_all_shows_all_and_closed_the_header_only(self) -> None:
        comparison = one([1, 2, 3, 4], [1, 2, 3])
        assert said(build(comparison, {"": Fold.ALL})) == ["prod", "+4", "=3 base", "=2", "=1"]
        assert said(build(comparison, {"": Fold.CLOSED})) == ["prod"]

    def test_refolding_gives_what_building_gives(self) -> None:
        comparison = one([1, 2, 3, 4], [1, 2, 3])
        refolded = build(comparison, {}).refold("", Fold.ALL)
        assert list(refolded) == list(build(comparison, {"": Fold.ALL}))

    def test_a_single_older_snapshot_is_not_folded(self) -> None:
        assert said(build(one([1, 2], [1, 2]), {})) == ["prod", "=2 base", "=1"]

    def test_without_a_base_the_newest_three_stand_for_the_rest(self) -> None:
        rows = build(one([1, 2, 3, 4, 5], []), {})
        assert said(rows) == ["prod", "+5", "+4", "+3", "2/0 older"]

    def test_many_alike_are_drawn_as_their_ends(self) -> None:
        rows = build(one(range(1, 21), [1]), {})
        assert said(rows) == ["prod", "+20", "+19", "+18", "14/0 more", "+3", "+2", "=1 base"]

    def test_what_blocks_is_folded_apart_from_what_travels(self) -> None:
        rows = build(one([1, 22], range(1, 22)), {})
        assert said(rows)[1:4] == ["+22", "-21 ahead", "-20 ahead"]
        assert "0/15 more" in said(rows)

    def test_a_partly_received_snapshot_is_never_folded_away(self) -> None:
        receiving = {"": Receiving(10, 1, 2, live=True)}
        rows = build(one(range(1, 21), [1]), {}, receiving=receiving)
        assert "+10" in said(rows)
        seed = build(one(range(1, 21), []), {}, receiving=receiving)
        assert said(seed) == ["prod", "+20", "+19", "+18", "7/0 more", "+10", "9/0 older"]

    def test_older_counts_each_side_on_its_own(self) -> None:
        rows = build(one([2, 3, 4, 9], [1, 3, 9]), {})
        folded = rows[len(rows) - 1]
        assert isinstance(folded, FoldedRow)
        assert (folded.source, folded.destination, folded.shared) == (3, 2, 1)


class TestCells:
    def test_snapshots_carry_what_is_known_of_them(self) -> None:
        rows = build(one([snapshot(1, held=True), 2], [1]), {})
        newest, base = rows[1], rows[2]
        assert isinstance(newest, SnapshotRow)
        assert isinstance(base, SnapshotRow)
        assert newest.behind
        assert newest.destination is None
        assert base.base
        assert base.source is not None
        assert base.destination is not None
        assert (base.source.held, base.destination.held) == (True, False)
        assert base.source.written == 8192

    def test_another_iv_set_is_not_the_same_snapshot(self) -> None:
        rows = build(one([1, 2], [1, snapshot(2, iv=5)]), {})
        assert said(rows) == ["prod", "~2 ahead", "=1 base"]

    def test_a_bookmark_can_be_the_base(self) -> None:
        rows = build(one([snapshot(2, bookmark=True), 3], [1, 2]), {})
        base = rows[2]
        assert isinstance(base, SnapshotRow)
        assert said(rows) == ["prod", "+3", "-2 base", "-1"]
        assert base.source is not None
        assert base.source.bookmark

    def test_the_header_says_how_the_dataset_stands(self) -> None:
        rows = build(one([1, 2, 3], [1], key_status=KeyStatus.UNAVAILABLE), {})
        header = rows[0]
        assert isinstance(header, DatasetRow)
        assert (header.state, header.behind, header.behind_bytes) == (State.BEHIND, 2, 16384)
        assert header.source is not None
        assert header.source.key_root
        assert header.destination is not None
        assert header.destination.key is Key.LOCKED

    def test_what_the_source_does_not_have_blocks_nothing(self) -> None:
        comparison = compare(side("tank/prod", {"": [1]}), side("backup/prod", {"": [1], "x": [2]}))
        rows = build(comparison, {})
        assert said(rows) == ["prod", "=1 base", "prod/x", "-2"]

    def test_the_token_says_which_snapshot_waits(self) -> None:
        token = tokens.encode(ResumeToken("tank/prod@s2", 2, 1, 1, 0, 4096, raw=True))
        rows = build(one([1, 2, 3], [1], resume_token=token), {})
        waiting = [row for row in rows if isinstance(row, SnapshotRow) and row.receiving]
        assert [(row.key.guid, row.receiving) for row in waiting] == [(2, Receiving(2, 4096))]

    @pytest.mark.parametrize("token", ["garbage", "1-0-0-00"])
    def test_a_token_that_cannot_be_read_is_said_at_the_dataset(self, token: str) -> None:
        header = build(one([1, 2], [1], resume_token=token), {})[0]
        assert isinstance(header, DatasetRow)
        assert header.receiving == Receiving(None, None)


class TestNotices:
    def test_a_destination_that_is_not_there(self) -> None:
        rows = build(compare(side("tank/prod", {"": [1]}), side("backup/prod", {})), {})
        assert said(rows) == [
            "backup/prod does not exist yet: a seed will create it",
            "prod",
            "+1",
        ]

    def test_a_source_that_is_not_there(self) -> None:
        rows = build(compare(side("tank/prod", {}), side("backup/prod", {})), {})
        assert said(rows) == ["tank/prod does not exist on the source"]

    def test_a_filter_that_matches_nothing(self) -> None:
        rows = build(one([1], [1]), {}, Filter("nowhere"))
        assert said(rows)[0] == "nothing matches nowhere"
        assert (rows.matching, rows.total) == (0, 1)


class TestFilter:
    def shown(self, text: str) -> tuple[list[str], int, int]:
        comparison = compare(
            side("tank/prod", {"": [1, 2, snapshot(3, held=True), 10], "db": [1, 2], "new": [4]}),
            side("backup/prod", {"": [1, 2, snapshot(3, iv=9), 11], "db": [1, 2, 5], "old": [7]}),
        )
        rows = build(comparison, {}, Filter(text))
        return said(rows), rows.matching, rows.total

    @pytest.mark.parametrize(
        ("text", "expected", "matching"),
        [
            ("s1", ["prod", "-11 ahead", "+10", "=1", "prod/db", "=1"], 4),
            ("S10", ["prod", "+10"], 1),
            ("db", ["prod/db", "-5 ahead", "=2 base", "=1"], 3),
            ("db@s2", ["prod/db", "=2 base"], 1),
            ("prod@s1", ["prod", "-11 ahead", "+10", "=1"], 3),
            ("!s", ["nothing matches !s", f"states to filter by: {' '.join(STATES)}"], 0),
            ("!prod/", ["prod", "-11 ahead", "+10", "~3 ahead", "=2 base", "=1"], 5),
            (":held", ["prod", "~3 ahead"], 1),
            (":behind", ["prod", "+10", "~3 ahead", "prod/new", "+4"], 3),
            (":diverged", ["prod", "-11 ahead", "~3 ahead", "prod/db", "-5 ahead"], 3),
            (":source", ["prod", "+10", "prod/new", "+4"], 2),
            (":destination", ["prod", "-11 ahead", "prod/db", "-5 ahead", "prod/old", "-7"], 3),
        ],
    )
    def test_what_stays(self, text: str, expected: list[str], matching: int) -> None:
        assert self.shown(text) == (expected, matching, 10)

    def test_an_empty_filter_keeps_everything(self) -> None:
        assert self.shown("")[1:] == (10, 10)
        assert self.shown(" ! ")[1:] == (10, 10)

    def test_locked_counts_datasets(self) -> None:
        comparison = compare(
            side("tank/prod", {"": [1], "db": [1]}),
            side("backup/prod", {"": [1]}, key_status=KeyStatus.UNAVAILABLE),
        )
        rows = build(comparison, {}, Filter(":locked"))
        assert said(rows) == ["prod", "=1 base"]
        assert (rows.matching, rows.total, rows.counted) == (1, 2, "dataset")
        assert said(build(comparison, {}, Filter("!:locked")))[0] == "prod/db"

    def test_partial_keeps_the_dataset_whose_token_is_foreign(self) -> None:
        comparison = one([1, 2], [1], resume_token="garbage")
        assert said(build(comparison, {}, Filter(":partial"))) == ["prod"]

    def test_matching_rows_are_not_folded_but_a_closed_dataset_stays_closed(self) -> None:
        comparison = one(range(1, 40), range(1, 40))
        assert len(build(comparison, {}, Filter("s3"))) == 12
        assert said(build(comparison, {"": Fold.CLOSED}, Filter("s3"))) == ["prod"]

    def test_a_colon_in_a_name_is_text(self) -> None:
        timed = Snapshot("auto_06:00", 1, 1, 1, 0, 0, 1, 0)
        assert build(one([timed], []), {}, Filter(":00")).matching == 1


class TestKeys:
    def test_a_snapshot_that_travels_keeps_its_place(self) -> None:
        before = build(one([1, 2], [1]), {})
        after = build(one([1, 2, 3], [1, 2]), {})
        key = before[1].key
        assert key == RowKey("snapshot", "", 2, "source")
        assert after.index_of(key) is None
        assert after.place_of(key) == 2

    def test_a_snapshot_that_is_folded_away_is_found_in_its_fold(self) -> None:
        comparison = one(range(1, 10), range(1, 10))
        key = RowKey("snapshot", "", 3, "both")
        assert build(comparison, {"": Fold.ALL}).index_of(key) == 7
        assert build(comparison, {}).place_of(key) == 2
        assert build(comparison, {"": Fold.CLOSED}).place_of(key) == 0

    def test_what_is_gone_falls_back_to_its_dataset(self) -> None:
        rows = build(one([1, 2], [1]), {})
        assert rows.place_of(RowKey("snapshot", "", 99, "source")) == 0
        assert rows.place_of(RowKey("dataset", "gone")) is None

    def test_headers(self) -> None:
        comparison = compare(side("tank/prod", {"": [1], "a": [1, 2]}), side("backup/prod", {}))
        rows = build(comparison, {})
        assert [rows.header_of(i) for i in range(len(rows))] == [0, 1, 1, 3, 3, 3]

    def test_indexes_outside_raise(self) -> None:
        rows = build(one([1], [1]), {})
        for index in (-1, len(rows)):
            with pytest.raises(IndexError):
                rows[index]


numbers = st.lists(st.integers(1, 40), unique=True, max_size=25).map(sorted)
trees = st.dictionaries(st.sampled_from(["", "a", "a/b", "c"]), numbers, min_size=1)
folds = st.dictionaries(st.sampled_from(["", "a", "a/b", "c"]), st.sampled_from(Fold))
filters = st.one_of(
    st.just(""), st.sampled_from([*STATES, *(f"!{state}" for state in STATES), "s1", "!a@s2", "a"])
)


@given(trees, trees, folds, filters, st.integers(1, 40))
def test_every_row_is_where_its_key_says(
    ours: Mapping[str, Sequence[int]],
    theirs: Mapping[str, Sequence[int]],
    folded: Mapping[str, Fold],
    wanted: str,
    sent: int,
) -> None:
    comparison = compare(side("tank/prod", ours), side("backup/prod", theirs))
    receiving = {"a": Receiving(sent, 1)}
    rows = build(comparison, folded, Filter(wanted), receiving)
    listed = list(rows)
    assert len(listed) == len(rows)
    assert len({row.key for row in listed}) == len(rows)
    for index, row in enumerate(listed):
        assert rows[index] == row
        assert rows.index_of(row.key) == rows.place_of(row.key) == index
        assert isinstance(listed[rows.header_of(index)], (DatasetRow, NoticeRow))


@given(trees, trees, st.sampled_from([Fold.RECENT, Fold.ALL]), filters)
def test_the_counts_are_those_of_the_rows(
    ours: Mapping[str, Sequence[int]],
    theirs: Mapping[str, Sequence[int]],
    fold: Fold,
    wanted: str,
) -> None:
    comparison = compare(side("tank/prod", ours), side("backup/prod", theirs))
    rows = build(comparison, dict.fromkeys(comparison.datasets, fold), Filter(wanted))
    if rows.counted == "dataset":
        assert rows.matching == sum(isinstance(row, DatasetRow) for row in rows)
        return
    single = sum(isinstance(row, SnapshotRow) for row in rows)
    hidden = sum(
        row.source + row.destination - row.shared for row in rows if isinstance(row, FoldedRow)
    )
    assert rows.matching == single + hidden
    assert rows.total == sum(len(each.pairs) for each in comparison.datasets.values())


@given(trees, trees)
def test_nothing_that_matters_is_folded_away_unsaid(
    ours: Mapping[str, Sequence[int]], theirs: Mapping[str, Sequence[int]]
) -> None:
    comparison = compare(side("tank/prod", ours), side("backup/prod", theirs))
    rows = list(build(comparison, {}))
    for below, each in comparison.datasets.items():
        if each.base is None:
            continue
        of_it = [row for row in rows if row.key.below == below]
        shown = {row.key.guid for row in of_it if isinstance(row, SnapshotRow)}
        more = [row for row in of_it if isinstance(row, FoldedRow) and not row.older]
        assert each.base.guid in shown
        matter = {snapshot.guid for snapshot in (*each.behind, *each.ahead)}
        assert len(matter - shown) == sum(row.source + row.destination for row in more)


@pytest.mark.parametrize(
    ("name", "width", "said"),
    [
        ("autosnap_2025-12-25_10:00:00_hourly", 80, "source only, sanoid's"),
        ("autosnap_2025-12-25_10:00:00_hourly", 160, "source, sanoid's"),
        ("auto-2025-12-25_10-00", 80, "source only, TrueNAS's"),
        ("syncoid_nas1_2025-12-25:10:00:00-GMT00:00", 160, "source only"),
        ("offsite1-20251225100000", 160, "source only"),
        ("rep-1", 160, "source only"),
    ],
)
def test_whose_a_snapshot_is_stands_beside_it_unless_its_name_says_so(
    name: str, width: int, said: str
) -> None:
    other = replace(snapshot(2), name=name)
    found = compare(side("tank/a", {"": [other]}), side("backup/a", {}))
    row = next(each for each in build(found, {}) if isinstance(each, SnapshotRow))
    line = "".join(span.text for span in draw(row, width, UNICODE))
    assert re.search(rf"{said}(?!,) ", line), line
