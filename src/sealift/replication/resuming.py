"""What a resume token on the destination means, decided offline and without trusting it.

A token comes from the destination, which is not trusted, and the source would obey it. It is
decoded here and looked up by guid in what the source has: only a token for a raw stream of exactly
this dataset, from a base that stands where the destination stands, is resumed. Sources:
zfs-send(8) `-t`, `zfs_send_resume_impl` in `lib/libzfs/libzfs_sendrecv.c`, dmu_recv.c.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sealift.mentions import SEND
from sealift.replication.comparison import Comparison, DatasetComparison, keys_differ
from sealift.replication.inventory import Held, Inventory
from sealift.zfs import makers, tokens
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import BadNameError, printable, split_snapshot
from sealift.zfs.parse import ParseError
from sealift.zfs.tokens import ResumeToken


@dataclass(frozen=True, slots=True)
class Partial:
    """A partly received snapshot: what it is of, and whether it can be finished.

    `into` is the destination's dataset, `dataset` the source's (`""` if the source has none of that
    name), `text` the token as the destination printed it. `token` is None if it cannot be read,
    `target` and `start` are the source's snapshots that it names, as far as they exist; `start` is
    a bookmark if `bookmark`, and another dataset's snapshot if `origin` (`dataset@snapshot`) is
    set: then what arrives is a clone. `new` if the destination's dataset has no snapshot yet:
    giving the token up destroys the dataset (zfs-receive(8) `-A`). `finding` is empty if it can be
    resumed; `why` says what it is or what is wrong, `mend` the way out.
    """

    into: str
    dataset: str
    text: str
    token: ResumeToken | None
    target: Snapshot | None
    start: Snapshot | None
    bookmark: bool
    new: bool
    finding: str
    why: str
    mend: str
    origin: str | None = None

    @property
    def resumable(self) -> bool:
        """Whether the source can send the rest, and the destination takes it."""
        return self.finding == ""


@dataclass(frozen=True, slots=True)
class _Base:
    """The source's snapshot or bookmark that a token starts from; `origin` if it is a clone's."""

    entry: Snapshot
    origin: str | None = None


class _RefusedError(Exception):
    """Why a token is not resumed: the finding, what is wrong, and what to do instead of aborting.

    Without `way` there is nothing but to give the token up.
    """

    def __init__(self, finding: str, why: str, way: str = "") -> None:
        super().__init__(why)
        self.finding, self.why, self.way = finding, why, way


def partials(comparison: Comparison) -> tuple[Partial, ...]:
    """What was partly received anywhere in the destination's tree, in the comparison's order."""
    found = (examine(each, comparison) for each in comparison.datasets.values())
    return tuple(each for each in found if each is not None)


def examine(each: DatasetComparison, tree: Comparison | None = None) -> Partial | None:
    """Judge the token that waits on one dataset of the destination; None if none does.

    `tree` is the comparison it belongs to. Without it a token for another dataset of the tree looks
    like one for a snapshot that is gone, and so does a clone's.
    """
    if each.destination is None or each.token is None:
        return None
    there, new = each.destination.dataset.name, not each.destination.snapshots
    token: ResumeToken | None = None
    target: Snapshot | None = None
    base: _Base | None = None
    finding, mend = "", f"Resume it {SEND}."
    try:
        token = _read(each.token)
        target = _target(each, token, tree)
        base = _base(each, token, tree)
        _check(each, target, base)
        why = f"{there} holds a part of {_called(each, target, base)}"
    except _RefusedError as refusal:
        finding, why = refusal.finding, refusal.why
        mend = _way_out(refusal.way, there, new=new)
    return Partial(
        into=there,
        dataset=each.source.dataset.name if each.source else "",
        text=each.token,
        token=token,
        target=target,
        start=base.entry if base else None,
        bookmark=base is not None and base.entry.bookmark,
        new=new,
        finding=finding,
        why=why,
        mend=mend,
        origin=base.origin if base else None,
    )


def _called(each: DatasetComparison, target: Snapshot, base: _Base | None) -> str:
    name = f"{each.dataset.name}@{target.name}{makers.in_brackets(target.name)}"
    if base is None:
        return f"{name}, sent in full"
    sigil = "#" if base.entry.bookmark else "@"
    return f"{name}, an increment from {base.origin or sigil + base.entry.name}"


def _way_out(way: str, there: str, *, new: bool) -> str:
    lost = (
        f"{there} itself, which is new and has no snapshot yet"
        if new
        else f"only what arrived of that one snapshot, no snapshot of {there}"
    )
    abort = f"key t, then a, gives it up (`zfs receive -A`); that destroys {lost}."
    return f"{way} Or {abort}" if way else f"{abort[0].upper()}{abort[1:]} Then plan again."


def _read(text: str) -> ResumeToken:
    try:
        return tokens.decode(text)
    except ParseError as error:
        raise _RefusedError("dead-token", f"the resume token cannot be read: {error}") from error


def _target(each: DatasetComparison, token: ResumeToken, tree: Comparison | None) -> Snapshot:
    """The source's snapshot that the token is for; nothing else may leave by it."""
    if not token.raw:
        raise _RefusedError(
            "not-raw",
            f"the resume token of {_there(each)} is not for a raw stream (rawok is missing): what "
            "it continues was not sent with -w",
        )
    if token.redacted:
        raise _RefusedError(
            "dead-token", "the resume token is for a redacted stream, which no raw send continues"
        )
    found = _by_guid(each.source.snapshots if each.source else (), token.to_guid)
    if found is not None:
        return found
    said = printable(token.to_name) + makers.in_brackets(token.to_name.rpartition("@")[2])
    other = _elsewhere(tree.source, token.to_guid) if tree else None
    if other is not None:
        raise _RefusedError(
            "foreign-token",
            f"the resume token of {_there(each)} is for another dataset: {other}",
            "Find out how it came there: whoever sends by it puts one dataset's data into another.",
        )
    raise _RefusedError(
        "dead-token",
        f"the snapshot that {_there(each)} was receiving is gone from the source (the token calls "
        f"it {said}, guid {token.to_guid})",
    )


def _base(each: DatasetComparison, token: ResumeToken, tree: Comparison | None) -> _Base | None:
    """What the token starts from on the source; None for a full stream."""
    guid, source = token.from_guid, each.source
    if guid is None or source is None:
        return None
    # A snapshot is the better base than a bookmark of it: zfs looks for them in that order.
    own = _by_guid(source.snapshots, guid) or _by_guid(source.bookmarks, guid)
    if own is not None:
        return _Base(own)
    origin = _origin(source, tree)
    if origin is not None and origin.guid == guid:
        return _Base(origin, source.dataset.origin)
    raise _RefusedError(
        "dead-token",
        f"the base that {_there(each)} was receiving from is gone from the source, as a snapshot "
        f"and as a bookmark (guid {guid})",
    )


def _origin(source: Held, tree: Comparison | None) -> Snapshot | None:
    if source.dataset.origin is None or tree is None:
        return None
    try:
        name, short = split_snapshot(source.dataset.origin)
    except BadNameError:
        return None  # a listing never gives one; a token is then judged as one without an origin
    for held in tree.source.datasets.values():
        if held.dataset.name == name:
            return next((each for each in held.snapshots if each.name == short), None)
    return None


def _check(each: DatasetComparison, target: Snapshot, base: _Base | None) -> None:
    """Whether the destination stands where the token starts. Raises `_RefusedError`."""
    theirs = each.destination.snapshots if each.destination else ()
    if _by_guid(theirs, target.guid) is not None:
        raise _RefusedError(
            "dead-token",
            f"{_there(each)} already has @{target.name} (by guid)",
        )
    if each.source and each.destination:
        ours_is, its_is = each.source.dataset, each.destination.dataset
        # What is new and not whole yet may not say that it is encrypted.
        told = bool(theirs) or its_is.encrypted
        if told and keys_differ(ours_is, its_is):
            raise _RefusedError(
                "key-lineage-mismatch",
                f"{_there(each)} was not made from {ours_is.name}: its master key is another one",
                "It never takes this source's raw stream: receive into a new name.",
            )
    newest = theirs[-1] if theirs else None
    if base is None or base.origin is not None:
        if newest is not None:
            stream = "full stream" if base is None else "clone"
            raise _RefusedError(
                "destination-diverged",
                f"the resume token of {_there(each)} is for a {stream}, but it has snapshots: "
                f"@{newest.name} is the newest",
            )
        return
    if newest is None or newest.guid != base.entry.guid:
        raise _moved(each, base.entry, theirs)
    if base.entry.createtxg >= target.createtxg:
        raise _RefusedError(
            "dead-token", f"the resume token starts at @{base.entry.name}, which is not older"
        )
    if base.entry.ivsetguid is None:
        what = "bookmark" if base.entry.bookmark else "snapshot"
        raise _RefusedError(
            "dead-token",
            f"the base of what {_there(each)} was receiving is a {what} without an IV set "
            f"({base.entry.name}): no raw increment can start there",
        )
    if base.entry.ivsetguid != newest.ivsetguid:
        raise _RefusedError(
            "ivset-mismatch",
            f"{_there(each)} has @{newest.name} with another IV set: a non-raw stream was received "
            "there",
        )


def _moved(each: DatasetComparison, base: Snapshot, theirs: tuple[Snapshot, ...]) -> _RefusedError:
    """The destination's newest snapshot is not the one that the token starts from."""
    there = _there(each)
    if _by_guid(theirs, base.guid) is None:
        return _RefusedError(
            "destination-diverged",
            f"the base of what {there} was receiving (@{base.name}) is no longer there: it was "
            "rolled back or destroyed",
        )
    newer = ", ".join(f"@{entry.name}" for entry in _after(theirs, base.guid)[:5])
    return _RefusedError(
        "destination-diverged",
        f"{there} got snapshots after the base that the resume token starts from: {newer}",
        f"Look at what they hold; once @{base.name} is the newest there again, resume it {SEND}.",
    )


def _after(entries: tuple[Snapshot, ...], guid: int) -> tuple[Snapshot, ...]:
    position = next(index for index, entry in enumerate(entries) if entry.guid == guid)
    return entries[position + 1 :]


def _there(each: DatasetComparison) -> str:
    return each.destination.dataset.name if each.destination else each.below


def _by_guid(entries: Iterable[Snapshot], guid: int) -> Snapshot | None:
    return next((entry for entry in entries if entry.guid == guid), None)


def _elsewhere(inventory: Inventory, guid: int) -> str | None:
    """The snapshot of the tree that has this guid, as `dataset@name`."""
    for held in inventory.datasets.values():
        found = _by_guid(held.snapshots, guid)
        if found is not None:
            return f"{held.dataset.name}@{found.name}"
    return None
