"""What a thing under the cursor is, in words for somebody who has never met one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sealift.ui.row import DatasetRow, FoldedRow, Row, SnapshotRow


@dataclass(frozen=True, slots=True)
class Thing:
    """A kind of thing, what it is, and the names of the actions that have to do with it.

    `actions` are those of the route screen and its trees; a list knows itself what can be done.
    """

    noun: str
    words: str
    actions: tuple[str, ...] = ()


THINGS = {
    "route": Thing(
        "route",
        "A source dataset with all below it, the destination that it is replicated to, and how far "
        "behind that may be. The worst stands first.",
    ),
    "token": Thing(
        "resume token",
        "A transfer into this dataset was cut off: what arrived is kept, and the token says where "
        "the rest begins. Until it is finished or given up the dataset takes no other receive.",
    ),
    "job": Thing(
        "job",
        "A transfer that runs by itself on a host, also while nobody looks. Its log and its "
        "orders are in its folder there.",
    ),
    "hold": Thing(
        "hold",
        "A tag on a snapshot: nothing can destroy the snapshot before every tag on it is "
        "released. The bases of a route should be held on both sides.",
    ),
    "candidate": Thing(
        "snapshot",
        "A snapshot of one side with a verdict: it may go if the other side has it, nothing holds "
        "it, and no increment starts from it.",
    ),
    "divergence": Thing(
        "diverged dataset",
        "The destination has something newer than the base that the source has not: a raw "
        "receive is refused until the destination is set back to the base.",
    ),
    "key root": Thing(
        "encryption root",
        "A dataset whose key opens it and all that inherit from it. On a vault no key is ever "
        "loaded.",
    ),
    "verdict": Thing(
        "verdict",
        "The one thing that holds the route back, and how sure that is. Its keys act on the "
        "finding that it is about; without a bottleneck, on the first one below.",
    ),
    "finding": Thing(
        "finding",
        "A rule that fired on what was measured. Its page says what it means, how it was "
        "recognised, what to do and what not to do.",
    ),
    "next step": Thing("next step", "What mends the finding, with its command where there is one."),
    "fact": Thing("fact", "Something that was read, with the command that it came from."),
    "trouble": Thing("trouble", "Something could not be read: what stands here says why."),
}

_DATASET = Thing(
    "dataset",
    "A filesystem or volume of the route on both sides, with its snapshots below it. Its line says "
    "how far behind the destination is, and whether a key opens it.",
    ("unfold", "send", "snapshot", "roll_back", "keys", "audit", "copy"),
)
_SNAPSHOT = Thing("snapshot", "", ("hold", "holds", "prune", "copy"))
_BOOKMARK = Thing(
    "bookmark",
    "The trace of a snapshot: an increment can start from it, but it holds no data, and cannot be "
    "held or read.",
    ("send", "copy"),
)
_PARTIAL = Thing(
    "partly received snapshot",
    "A transfer was cut off, or runs. What has arrived is kept as a resume token.",
    ("tokens", "send", "jobs", "copy"),
)
_FOLDED = Thing(
    "snapshots folded away", "They are all alike, or older than what matters.", ("unfold", "filter")
)


def in_tree(row: Row | None) -> Thing | None:
    """What a row of the trees is; None for a row that is only a sentence."""
    if isinstance(row, DatasetRow):
        return _DATASET
    if isinstance(row, FoldedRow):
        return _FOLDED
    if not isinstance(row, SnapshotRow):
        return None
    if row.receiving is not None:
        return _PARTIAL
    cells = [cell for cell in (row.source, row.destination) if cell is not None]
    if cells and all(cell.bookmark for cell in cells):
        return _BOOKMARK
    return Thing(_SNAPSHOT.noun, _said_of(row), (*_first(row), *_SNAPSHOT.actions))


def _said_of(row: SnapshotRow) -> str:
    held = any(cell.held for cell in (row.source, row.destination) if cell is not None)
    place = {
        (True, True): "Both sides have it, by guid.",
        (True, False): "Only the source has it.",
        (False, True): "Only the destination has it.",
    }[row.source is not None, row.destination is not None]
    if row.base:
        place += " It is the base: the next increment starts here, so it has to stay."
    elif row.ahead:
        place += " It is newer than the base, and blocks the next raw receive."
    elif row.behind:
        place += " It has still to travel."
    return f"{place} {'It is held: nothing can destroy it.' if held else 'Nothing holds it.'}"


def _first(row: SnapshotRow) -> tuple[str, ...]:
    return ("roll_back",) if row.ahead else ("send",) if row.behind else ()
