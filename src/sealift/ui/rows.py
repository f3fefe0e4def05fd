"""The two trees as one flat list of rows: what the paired tree draws, with nothing drawn yet. Pure.

100,000 snapshots a side are ordinary, so no row exists before it is asked for. A dataset is a
`_Segment`: its comparison and the runs of snapshots that its folding shows. `Rows` finds a row by
bisecting the segments' offsets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from sealift.replication.comparison import Comparison, DatasetComparison, Pair, Presence
from sealift.ui.filters import STATES, Filter
from sealift.ui.folding import Fold, Run, blockers_of, runs, start_of
from sealift.ui.row import (
    DatasetRow,
    FoldedRow,
    NoticeRow,
    Receiving,
    Row,
    RowKey,
    SnapshotRow,
    cell_of,
    holder_of,
    side_of,
)
from sealift.zfs import makers, tokens
from sealift.zfs.listings import Snapshot
from sealift.zfs.parse import ParseError


@dataclass(frozen=True, slots=True)
class _Segment:
    """The rows of one dataset. `positions` are the pairs that its runs count, None for all."""

    below: str
    label: str
    each: DatasetComparison
    fold: Fold
    runs: tuple[Run, ...]
    positions: tuple[int, ...] | None
    receiving: Receiving | None
    ahead: frozenset[int]
    start: Snapshot | None
    foldable: bool

    @property
    def height(self) -> int:
        return 1 + sum(1 if run.folded else run.stop - run.start for run in self.runs)

    def row(self, offset: int) -> Row:
        if offset == 0:
            return self._header()
        offset -= 1
        for run in self.runs:
            if run.folded:
                if offset == 0:
                    return self._folded(run)
                offset -= 1
            elif offset < run.stop - run.start:
                return self._snapshot(self._pair(run.start + offset))
            else:
                offset -= run.stop - run.start
        raise IndexError(offset)

    def offset_of(self, key: RowKey, *, exact: bool) -> int | None:
        """Where `key` stands; if not `exact`, also the folded row that hides it, or the header."""
        if key.kind == "dataset":
            return 0
        offset = 1
        for run in self.runs:
            if run.folded:
                if self._folded_key(run) == key or (not exact and self._hides(run, key)):
                    return offset
                offset += 1
            elif key.kind == "snapshot":
                for position in range(run.start, run.stop):
                    if self._matches(self._pair(position), key, exact=exact):
                        return offset + position - run.start
                offset += run.stop - run.start
            else:
                offset += run.stop - run.start
        return None if exact else 0

    def _pair(self, position: int) -> Pair:
        return self.each.pairs[position if self.positions is None else self.positions[position]]

    def _matches(self, pair: Pair, key: RowKey, *, exact: bool) -> bool:
        return pair.snapshot.guid == key.guid and (not exact or side_of(pair) == key.side)

    def _hides(self, run: Run, key: RowKey) -> bool:
        return key.kind == "snapshot" and any(
            self._matches(self._pair(position), key, exact=False)
            for position in range(run.start, run.stop)
        )

    def _header(self) -> DatasetRow:
        each = self.each
        return DatasetRow(
            key=RowKey("dataset", self.below),
            label=self.label,
            fold=self.fold,
            snapshots=len(each.pairs),
            state=each.state,
            behind=len(each.behind) if each.source else 0,
            ahead=len(self.ahead),
            behind_bytes=each.behind_bytes,
            receiving=self.receiving,
            source=holder_of(each.source.dataset) if each.source else None,
            destination=holder_of(each.destination.dataset) if each.destination else None,
        )

    def _snapshot(self, pair: Pair) -> SnapshotRow:
        ours, theirs, start = pair.source, pair.destination, self.start
        guid = pair.snapshot.guid
        base = start is not None and guid == start.guid
        # The source of such a base is a bookmark: the snapshot itself is gone there.
        bookmark = self.each.base_bookmark if base and ours is None else None
        receiving = self.receiving
        return SnapshotRow(
            key=RowKey("snapshot", self.below, guid, side_of(pair)),
            presence=pair.presence,
            source=cell_of(ours or bookmark),
            destination=cell_of(theirs),
            base=base,
            behind=theirs is None
            and ours is not None
            and (start is None or ours.createtxg > start.createtxg),
            ahead=theirs is not None and guid in self.ahead,
            receiving=receiving if receiving and ours and guid == receiving.guid else None,
            tool=_tool(pair.snapshot.name),
        )

    def _folded_key(self, run: Run) -> RowKey:
        last = run.stop == len(self.each.pairs)
        return RowKey("folded", self.below, 0 if last else self._pair(run.stop - 1).snapshot.guid)

    def _folded(self, run: Run) -> FoldedRow:
        pairs = self.each.pairs[run.start : run.stop]
        source = sum(pair.source is not None for pair in pairs)
        destination = sum(pair.destination is not None for pair in pairs)
        return FoldedRow(
            key=self._folded_key(run),
            source=source,
            destination=destination,
            shared=source + destination - len(pairs),
            differing=sum(pair.presence is Presence.IVSET for pair in pairs),
            older=run.stop == len(self.each.pairs),
        )


class Rows:
    """The rows of two trees under a folding and a filter: immutable, a row at a time on demand.

    `matching` of `total` pass the filter: snapshots, or datasets where the filter is about those
    (`counted` is the noun).
    """

    __slots__ = (
        "_notices",
        "_offsets",
        "_positions",
        "_segments",
        "counted",
        "matching",
        "total",
    )

    def __init__(
        self,
        notices: tuple[str, ...],
        segments: tuple[_Segment, ...] = (),
        *,
        matching: int = 0,
        total: int = 0,
        counted: str = "snapshot",
    ) -> None:
        self._notices = notices
        self._segments = segments
        self._positions = {segment.below: i for i, segment in enumerate(segments)}
        heights = (segment.height for segment in segments)
        self._offsets = list(accumulate(heights, initial=len(notices)))
        self.matching, self.total, self.counted = matching, total, counted

    def __len__(self) -> int:
        return self._offsets[-1]

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < len(self):
            raise IndexError(index)
        if index < len(self._notices):
            return NoticeRow(RowKey("notice", self._notices[index]), self._notices[index])
        position = bisect_right(self._offsets, index) - 1
        return self._segments[position].row(index - self._offsets[position])

    def __iter__(self) -> Iterator[Row]:
        return (self[index] for index in range(len(self)))

    def index_of(self, key: RowKey) -> int | None:
        """The index of the row with this very key, None if there is none now."""
        return self._find(key, exact=True)

    def place_of(self, key: RowKey) -> int | None:
        """The row that stands for `key` now: itself, what folds it away, or its dataset.

        A snapshot that has travelled is on both sides, and still the same. None if the dataset is
        not there at all.
        """
        return self._find(key, exact=False)

    def header_of(self, index: int) -> int:
        """The index of the dataset row that `index` belongs to (a notice belongs to itself)."""
        if index < len(self._notices):
            return index
        return self._offsets[bisect_right(self._offsets, index) - 1]

    def folded(self, below: str) -> tuple[Fold, bool]:
        """How a dataset is folded, and whether `RECENT` hides anything of it."""
        segment = self._segments[self._positions[below]]
        return segment.fold, segment.foldable

    def refold(self, below: str, fold: Fold) -> Rows:
        """The same rows with one dataset folded otherwise."""
        position = self._positions[below]
        old = self._segments[position]
        new = _segment(old.each, old.label, fold, old.positions, old.receiving)
        return Rows(
            self._notices,
            (*self._segments[:position], new, *self._segments[position + 1 :]),
            matching=self.matching,
            total=self.total,
            counted=self.counted,
        )

    def _find(self, key: RowKey, *, exact: bool) -> int | None:
        if key.kind == "notice":
            return self._notices.index(key.below) if key.below in self._notices else None
        position = self._positions.get(key.below)
        if position is None:
            return None
        offset = self._segments[position].offset_of(key, exact=exact)
        return None if offset is None else self._offsets[position] + offset


def build(
    comparison: Comparison,
    folds: Mapping[str, Fold],
    wanted: Filter = Filter(),  # noqa: B008 - frozen
    receiving: Mapping[str, Receiving] | None = None,
) -> Rows:
    """The rows of a comparison.

    `folds` is by the dataset's name below the root; a dataset that is not in it is `RECENT`.
    `receiving` says what is being sent now; of other datasets it is read from their tokens.
    """
    top = comparison.source.root.rpartition("/")[2]
    segments: list[_Segment] = []
    matching = total = 0
    for below, each in comparison.datasets.items():
        label = f"{top}/{below}" if below else top
        current = (receiving or {}).get(below) or _waiting(each)
        kept = wanted.keeps(each, label, current.guid if current else None)
        found = len(each.pairs) if kept.positions is None else len(kept.positions)
        total += 1 if wanted.counts_datasets else len(each.pairs)
        matching += kept.header if wanted.counts_datasets else found
        if found or kept.header:
            fold = folds.get(below, Fold.RECENT)
            segments.append(_segment(each, label, fold, kept.positions, current))
    return Rows(
        _notices(comparison, wanted, shown=bool(segments)),
        tuple(segments),
        matching=matching,
        total=total,
        counted="dataset" if wanted.counts_datasets else "snapshot",
    )


def _notices(comparison: Comparison, wanted: Filter, *, shown: bool) -> tuple[str, ...]:
    source, destination = comparison.source, comparison.destination
    if not source.exists:
        return (f"{source.root} does not exist on the source",)
    if not shown:
        return (f"nothing matches {wanted.text}", f"states to filter by: {' '.join(STATES)}")
    if not destination.exists:
        return (f"{destination.root} does not exist yet: a seed will create it",)
    return ()


def _tool(name: str) -> str:
    """The other tool that gave this name, unless the name begins with that."""
    tool = makers.of_snapshot(name)
    return "" if name.startswith(tool) else tool


def _waiting(each: DatasetComparison) -> Receiving | None:
    """What a token on the destination says was partly received; the token is only believed here."""
    if each.token is None:
        return None
    try:
        token = tokens.decode(each.token)
    except ParseError:
        return Receiving(None, None)
    guids = (snapshot.guid for snapshot in each.behind)
    return Receiving(token.to_guid if token.to_guid in guids else None, token.bytes_received)


def _segment(
    each: DatasetComparison,
    label: str,
    fold: Fold,
    positions: tuple[int, ...] | None,
    receiving: Receiving | None,
) -> _Segment:
    if positions is None:
        shown, foldable = runs(each, fold, receiving.guid if receiving else None)
    else:
        shown = () if fold is Fold.CLOSED else (Run(0, len(positions)),)
        foldable = False
    return _Segment(
        below=each.below,
        label=label,
        each=each,
        fold=fold,
        runs=shown,
        positions=positions,
        receiving=receiving,
        ahead=frozenset(snapshot.guid for snapshot in blockers_of(each)),
        start=start_of(each),
        foldable=foldable,
    )
