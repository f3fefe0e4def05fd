"""Whether a stream may be received, and into what (libzfs_sendrecv.c, dmu_recv.c)."""

from __future__ import annotations

from dataclasses import dataclass

from sealift.demo.programs import properties
from sealift.demo.programs.call import Call
from sealift.demo.programs.setting import check
from sealift.demo.world import tree
from sealift.demo.world.model import Crypt, Dataset, Snapshot
from sealift.demo.world.names import parent, split
from sealift.demo.world.stream import Begin

_FIXED = ("encryption", "keyformat", "pbkdf2iters")


class RefusedError(Exception):
    """The stream is not received (any further); the message is the lines to print."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of a `zfs receive` and where it goes."""

    target: str
    force: bool
    resumable: bool
    dry: bool
    verbose: bool
    keep: str  # "" as named, "d" the sender's path behind its pool, "e" its last name
    set: tuple[tuple[str, str], ...]
    exclude: tuple[str, ...]

    def name_for(self, sent: str, top: str | None) -> tuple[str, str]:
        """The dataset and snapshot name here for a sender's snapshot."""
        above, _, short = split(sent)
        if self.keep:
            path = (
                above.partition("/")[2] if self.keep == "d" else (top or above).rpartition("/")[2]
            )
            below = above[len(top) :] if self.keep == "e" and top else ""
            return f"{self.target}/{path}{below}" if path else self.target, short
        here, mark, renamed = split(self.target)
        return here + (above[len(top) :] if top else ""), renamed if mark else short


def refusal(begin: Begin | None, why: str) -> RefusedError:
    """Why this stream is not received, behind the words that name its kind."""
    what = "resume stream"
    if begin is not None and not begin.resumed:
        what = "incremental stream" if begin.fromguid is not None else "new filesystem stream"
    return RefusedError(f"cannot receive {what}: {why}")


def accept(call: Call, asked: Asked, begin: Begin, above: str) -> Dataset:
    """The dataset that a stream goes into, made if it is new. Raises `RefusedError`."""
    if begin.resumed:
        return _resume(call, asked, begin, above)
    if begin.fromguid is None:
        return _new(call, asked, begin, above)
    return _increment(call, asked, begin, above)


def check_options(call: Call, asked: Asked, begin: Begin, above: str) -> None:
    """Refuse what `-o` and `-x` may not say. Raises `RefusedError`."""
    for word in (*(name for name, _ in asked.set), *asked.exclude):
        name = properties.canonical(word)
        if name is None:
            raise RefusedError(f"cannot receive: cannot receive: invalid property '{word}'")
        if begin.raw and name in _FIXED:
            raise refusal(
                begin, f"encryption property '{name}' cannot be set or excluded for raw streams."
            )
    scratch = Dataset(above, 0, 0, 0, 0)
    for word, text in asked.set:
        name = properties.canonical(word) or word
        if name not in {*_FIXED, "keylocation"}:
            _, wrong = check(call, scratch, name, text)
            if wrong:
                first = refusal(begin, wrong)
                raise RefusedError(f"{first}\n{refusal(begin, 'invalid property value')}")


def _new(call: Call, asked: Asked, begin: Begin, above: str) -> Dataset:
    there = call.dataset(above)
    if there is not None:
        return _overwrite(asked, begin, there)
    up = call.dataset(parent(above))
    if up is None:
        call.err(f"cannot open '{parent(above)}': dataset does not exist")
        raise refusal(begin, "unable to restore to destination")
    if not begin.raw and up.crypt is not None and not tree.key_loaded(up):
        raise refusal(begin, "inherited key must be loaded")
    crypt, root = None, None
    if begin.raw:
        crypt = Crypt(begin.suite, begin.keyguid, begin.key())
    elif up.crypt is not None and up.root is not None:
        crypt = tree.new_crypt(call.world, up.crypt.wrapping, up.crypt.suite)
        root = up.root
    made = tree.add(call.world, call.pool, above, crypt=crypt, root=root, volume=begin.volume)
    made.volsize = begin.volsize
    if begin.raw:
        made.local["keylocation"] = "prompt"
    return made


def _overwrite(asked: Asked, begin: Begin, there: Dataset) -> Dataset:
    name = there.name
    if not asked.force:
        raise refusal(begin, f"destination '{name}' exists\nmust specify -F to overwrite it")
    if there.snapshots:
        shown = f"{name}@{there.snapshots[-1].name}"
        raise refusal(
            begin, f"destination has snapshots (eg. {shown})\nmust destroy them to overwrite it"
        )
    if begin.raw or there.crypt is not None:
        raise refusal(
            begin,
            "zfs receive -F cannot be used to destroy an encrypted filesystem "
            "or overwrite an unencrypted one with an encrypted one",
        )
    there.data = there.dirty = 0
    return there


def _increment(call: Call, asked: Asked, begin: Begin, above: str) -> Dataset:
    there = call.dataset(above)
    if there is None:
        raise refusal(begin, f"destination '{above}' does not exist")
    partial = there.partial
    if partial is not None:
        if partial.resumable:
            raise refusal(
                begin,
                f'destination {above} contains partially-complete state from "zfs receive -s".',
            )
        raise refusal(begin, "dataset is busy")
    if begin.raw and there.crypt is None:
        raise refusal(begin, "cannot perform raw receive on top of existing unencrypted dataset")
    if not begin.raw and there.crypt is not None and not tree.key_loaded(there):
        raise refusal(begin, "inherited key must be loaded")
    base = next((each for each in there.snapshots if each.guid == begin.fromguid), None)
    if base is None:
        raise refusal(begin, f"most recent snapshot of {above} does not\nmatch incremental source")
    newer = [each for each in there.snapshots if each.createtxg > base.createtxg]
    changed = there.dirty > 0 or any(each.written for each in newer)
    if not asked.force and (changed or (begin.raw and newer)):
        raise refusal(begin, f"destination {above} has been modified\nsince most recent snapshot")
    _check_key(begin, there, base)
    return there


def _check_key(begin: Begin, there: Dataset, base: Snapshot) -> None:
    if not begin.raw or there.crypt is None:
        return
    if base.ivsetguid != begin.fromivset:
        raise refusal(
            begin,
            "IV set guid mismatch. See the 'zfs receive' man page section\n"
            " discussing the limitations of raw encrypted send streams.",
        )
    if there.crypt.keyguid != begin.keyguid:
        raise refusal(begin, "encryption key does not match existing key")


def _resume(call: Call, asked: Asked, begin: Begin, above: str) -> Dataset:
    there = call.dataset(above)
    if there is None:
        raise refusal(begin, f"destination '{above}' does not exist")
    partial = there.partial
    if partial is None and begin.fromguid is None:
        raise refusal(
            begin,
            f"Resuming recv on existing destination '{above}'\nmust specify -F to overwrite it",
        )
    if partial is not None and partial.running:
        raise refusal(begin, "dataset is busy")
    if partial is None or partial.toguid != begin.toguid or begin.position > partial.position:
        old = "kernel modules must be upgraded to receive this stream."
        raise refusal(begin, old if asked.resumable else "invalid backup stream")
    return there
