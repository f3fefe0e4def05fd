"""`zfs send -t`: read a token as libzfs does, and find what it is about."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from sealift.demo.programs.call import MINUS_ONE, Call
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Snapshot
from sealift.demo.world.names import split
from sealift.demo.world.resuming import position_of
from sealift.zfs.parse import ParseError
from sealift.zfs.tokens import ResumeToken, decode

_HEAD = re.compile(r"(\d+)-([0-9a-f]+)-([0-9a-f]+)-")


@dataclass(frozen=True, slots=True)
class Resumed:
    """The send that a token carries on: from where, and whether it was raw."""

    dataset: Dataset
    target: Snapshot
    base: Snapshot | None
    position: int
    raw: bool


def resumed(call: Call, text: str, *, verbose: bool, dry: bool) -> Resumed:
    """What a token is about. A refusal ends the call."""
    token = _decoded(call, text)
    if verbose:
        say = call.out if dry else call.err
        say("resume token contents:")
        say("nvlist version: 0")
        for line in _contents(token):
            say(f"\t{line}")
    dataset, target = _target(call, token)
    base: Snapshot | None = None
    if token.from_guid is not None:
        found = _by_guid(call, token.from_guid, dataset)
        if found is None:
            call.fail(
                f"cannot resume send: incremental source {token.from_guid:#x} no longer exists",
                MINUS_ONE,
            )
        if found[0] is not dataset:
            begin = "cannot resume send" if dry else f"warning: cannot send '{token.to_name}'"
            call.fail(f"{begin}: Invalid cross-device link", MINUS_ONE)
        base = found[1]
    return Resumed(dataset, target, base, position_of(token), token.raw)


def _decoded(call: Call, text: str) -> ResumeToken:
    why = _flaw(text)
    if why:
        call.fail(f"cannot resume send: resume token is corrupt ({why})", MINUS_ONE)
    try:
        return decode(text)
    except ParseError:
        call.fail("cannot resume send: resume token is corrupt (nvlist_unpack failed)", MINUS_ONE)


def _flaw(text: str) -> str:
    head = _HEAD.match(text)
    if not head:
        return "invalid format"
    if head[1] != "1":
        return f"invalid version {head[1]}"
    payload = text.rpartition("-")[2]
    try:
        data = bytes.fromhex(payload[: len(payload) // 2 * 2])
    except ValueError:
        return "payload is not hex-encoded"
    words = struct.unpack_from(f"<{len(data) // 4}I", data)
    if sum(words) & (2**64 - 1) != int(head[2], 16):
        return "incorrect checksum"
    try:
        zlib.decompress(data)
    except zlib.error:
        return "decompression failed"
    return ""


def _contents(token: ResumeToken) -> list[str]:
    lines = [f"fromguid = {token.from_guid:#x}"] if token.from_guid is not None else []
    lines += [
        f"object = {token.object:#x}",
        f"offset = {token.offset:#x}",
        f"bytes = {token.bytes_received:#x}",
        f"toguid = {token.to_guid:#x}",
        f"toname = {token.to_name}",
    ]
    flags = (
        ("largeblockok", token.large_blocks),
        ("embedok", token.embed),
        ("compressok", token.compress),
        ("rawok", token.raw),
    )
    return lines + [f"{name} = 1" for name, on in flags if on]


def _target(call: Call, token: ResumeToken) -> tuple[Dataset, Snapshot]:
    above, _, short = split(token.to_name)
    hinted = call.dataset(above)
    found = _by_guid(call, token.to_guid, hinted, snapshots=True)
    taken = hinted is not None and hinted.snapshot(short) is not None
    if found is None or (taken and found[0] is not hinted):
        why = "used in the initial send no longer exists"
        if taken:
            why = "is no longer the same snapshot used in the initial send"
        call.fail(f"cannot resume send: '{token.to_name}' {why}", MINUS_ONE)
    return found


def _by_guid(
    call: Call, guid: int, first: Dataset | None, *, snapshots: bool = False
) -> tuple[Dataset, Snapshot] | None:
    """The snapshot (or bookmark) with this guid, in `first` if it is there, else anywhere."""
    everything = list(tree.descendants(call.pool, call.pool.name))
    for dataset in [first, *everything] if first is not None else everything:
        for each in dataset.snapshots if snapshots else (*dataset.snapshots, *dataset.bookmarks):
            if each.guid == guid:
                return dataset, each
    return None
