"""What the filter line of the tree means: which snapshots of a dataset stay. Pure.

`text` keeps the snapshots whose `dataset@snapshot` holds it, in any case; `:held` and its like keep
a state; a `!` in front turns either around. A `:` that begins no known state is text, because
snapshot names hold times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sealift.replication.comparison import DatasetComparison, Pair, Presence
from sealift.ui.folding import blockers_of
from sealift.zfs.listings import KeyStatus


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter. `text` is what was typed; empty, it keeps everything."""

    text: str = ""

    @property
    def active(self) -> bool:
        """Whether it can hide anything."""
        return bool(self._word)

    @property
    def inverse(self) -> bool:
        """Whether what matches goes, instead of staying."""
        return self.text.strip().startswith("!")

    @property
    def counts_datasets(self) -> bool:
        """Whether it is about datasets, so that datasets are counted and not snapshots."""
        return self._word in _DATASET_STATES

    @property
    def _word(self) -> str:
        return self.text.strip().removeprefix("!").lower()

    def keeps(self, each: DatasetComparison, label: str, partial: int | None) -> Kept:
        """What stays of one dataset.

        `label` is the name it is shown with, `partial` the guid of the snapshot that is partly
        received, None if none is.
        """
        word = self._word
        if not word:
            return Kept(None, header=True)
        if whole := _DATASET_STATES.get(word):
            stays = whole(each) is not self.inverse
            return Kept(None if stays else (), header=stays)
        if word in _PAIR_STATES:
            inside = _PAIR_STATES[word](each, partial)
            # What is partly received need not be a snapshot that the source still has.
            header = word == ":partial" and each.token is not None
        else:
            inside, header = _holding(word, each, label.lower())
        found = tuple(i for i, kept in enumerate(inside) if kept is not self.inverse)
        header = header is not self.inverse if not each.pairs else header and not self.inverse
        return Kept(None if len(found) == len(each.pairs) and found else found, header=header)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a filter leaves of a dataset: positions in `pairs`, or None for all of them.

    `header` says that the dataset itself matches, so that it stays though no snapshot does.
    """

    positions: tuple[int, ...] | None
    header: bool


STATES = (":behind", ":held", ":diverged", ":partial", ":locked", ":source", ":destination")


def _holding(word: str, each: DatasetComparison, label: str) -> tuple[list[bool], bool]:
    # A name holds one "@" at most, so a text without one stands on one side of it: the dataset's
    # name is searched once, and not again for each of its snapshots.
    before, at, after = word.partition("@")
    if at:
        if not label.endswith(before):
            return [False] * len(each.pairs), False
        return [
            any(name.startswith(after) for name in _names(pair)) for pair in each.pairs
        ], not after
    if word in label:
        return [True] * len(each.pairs), True
    return [any(word in name for name in _names(pair)) for pair in each.pairs], False


def _names(pair: Pair) -> tuple[str, ...]:
    """The names a snapshot is shown with, which is usually one: a rename on one side makes two."""
    ours, theirs = pair.source, pair.destination
    if ours is None or theirs is None or ours.name == theirs.name:
        return (pair.snapshot.name.lower(),)
    return (ours.name.lower(), theirs.name.lower())


def _behind(each: DatasetComparison, _partial: int | None) -> list[bool]:
    guids = {snapshot.guid for snapshot in each.behind}
    return [pair.source is not None and pair.source.guid in guids for pair in each.pairs]


def _held(each: DatasetComparison, _partial: int | None) -> list[bool]:
    return [
        bool(
            (pair.source and pair.source.userrefs)
            or (pair.destination and pair.destination.userrefs)
        )
        for pair in each.pairs
    ]


def _diverged(each: DatasetComparison, _partial: int | None) -> list[bool]:
    guids = {snapshot.guid for snapshot in blockers_of(each)}
    return [
        (pair.destination is not None and pair.destination.guid in guids)
        or pair.presence is Presence.IVSET
        for pair in each.pairs
    ]


def _partial(each: DatasetComparison, partial: int | None) -> list[bool]:
    return [pair.source is not None and pair.source.guid == partial for pair in each.pairs]


def _source(each: DatasetComparison, _partial: int | None) -> list[bool]:
    return [pair.destination is None for pair in each.pairs]


def _destination(each: DatasetComparison, _partial: int | None) -> list[bool]:
    return [pair.source is None for pair in each.pairs]


def _locked(each: DatasetComparison) -> bool:
    held = each.destination
    return held is not None and held.dataset.key_status is KeyStatus.UNAVAILABLE


_PAIR_STATES: Mapping[str, Callable[[DatasetComparison, int | None], list[bool]]] = {
    ":behind": _behind,
    ":held": _held,
    ":diverged": _diverged,
    ":partial": _partial,
    ":source": _source,
    ":destination": _destination,
}
_DATASET_STATES: Mapping[str, Callable[[DatasetComparison], bool]] = {":locked": _locked}
