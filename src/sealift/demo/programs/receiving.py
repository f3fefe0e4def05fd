"""What `zfs receive` accepts, and what becomes of it (libzfs_sendrecv.c, dmu_recv.c)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sealift.demo.programs import properties
from sealift.demo.programs.accepting import (
    Asked,
    RefusedError,
    accept,
    check_options,
    refusal,
)
from sealift.demo.programs.call import Call
from sealift.demo.programs.numbers import nice_bytes
from sealift.demo.programs.options import parse
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Partial
from sealift.demo.world.names import complaint, parent, split
from sealift.demo.world.resuming import token_of
from sealift.demo.world.stream import Begin, Package


def asked(call: Call) -> Asked | None:
    """Read the arguments; None if it was only to abort a partial receive, which is then done."""
    options = parse(call, "o:x:dehMnuvFsAc")
    if not options.rest:
        call.misuse("missing snapshot argument")
    if len(options.rest) > 1:
        call.misuse("too many arguments")
    name = options.rest[0]
    if options.has("A"):
        _abort(call, name)
        return None
    pairs = [pair.partition("=") for _, pair in options.all("o")]
    return Asked(
        name,
        options.has("F"),
        options.has("s"),
        options.has("n"),
        options.has("v"),
        next((letter for letter in "de" if options.has(letter)), ""),
        tuple((each, text) for each, _, text in pairs),
        tuple(text for _, text in options.all("x")),
    )


def _abort(call: Call, name: str) -> None:
    wrong = complaint(name)
    dataset = None if wrong else call.dataset(name)
    if dataset is None:
        call.err(f"cannot open '{name}': {wrong or 'dataset does not exist'}")
        call.misuse()
    partial = dataset.partial
    if partial is None or token_of(dataset) is None:
        call.fail(f"'{name}' does not have any resumable receive state to abort")
    if partial.running:
        hidden = "" if partial.whole else "/%recv"
        call.fail(f"cannot destroy '{name}{hidden}': dataset is busy")
    forget(call, dataset)


def forget(call: Call, dataset: Dataset) -> None:
    """Drop what an unfinished receive left; of a full one, the dataset itself."""
    whole = dataset.inconsistent
    dataset.partial = None
    call.pool.next_txg()
    tree.log(call.world, call.pool, "destroy", dataset.name, "", dataset.objsetid)
    if whole:
        del call.pool.datasets[dataset.name]


@dataclass(slots=True)
class Receiver:
    """One `zfs receive` at work: told what the stream says, it changes the pool or refuses."""

    call: Call
    asked: Asked
    clock: Callable[[], float]
    package: Package | None = None
    begun: Begin | None = None
    into: Dataset | None = None
    name: str = ""
    skipping: bool = False
    silent: bool = False
    complete: bool = False
    received: int = 0
    started: float = 0.0

    def start(self, package: Package) -> None:
        """A package begins."""
        self.package = package
        if package.replicate and "@" in self.asked.target:
            raise RefusedError(
                "cannot receive: cannot specify snapshot name for multi-snapshot stream"
            )
        if package.replicate and package.base is not None and self.asked.force:
            self._destroy_missing(package)

    def begin(self, begin: Begin) -> None:
        """A snapshot's stream begins. Raises `RefusedError`."""
        self.begun, self.received = begin, 0
        self.skipping = self.silent = False
        self.started = self.clock()
        top = self.package.top if self.package and self.package.replicate else None
        above, short = self.asked.name_for(begin.toname, top)
        self.name = f"{above}@{short}"
        check_options(self.call, self.asked, begin, above)
        there = self.call.dataset(above)
        kind = "full" if begin.fromguid is None else "incremental"
        known = there.snapshot(short) if there is not None and not begin.resumed else None
        if known is not None and self.package and split(begin.toname)[2] == self.package.target:
            # Seen in the lab: of the last snapshot of a package nothing is said.
            self.skipping = self.silent = known.guid == begin.toguid
        if (self.asked.verbose or self.asked.dry) and not self.silent:
            verb = "would receive" if self.asked.dry else "receiving"
            self.call.out(f"{verb} {kind} stream of {begin.toname} into {self.name}")
        if self.asked.dry:
            self.skipping = True
            return
        if known is not None and begin.fromguid is not None:
            if known.guid != begin.toguid:
                raise RefusedError(f"cannot restore to {self.name}: destination already exists")
            if self.asked.verbose and not self.silent:
                self.call.out(f"snap {self.name} already exists; ignoring")
            self.skipping = True
            return
        self.into = accept(self.call, self.asked, begin, above)
        self._open_partial(begin, self.into)

    def _open_partial(self, begin: Begin, into: Dataset) -> None:
        before = into.partial
        into.partial = Partial(
            begin.toname,
            begin.toguid,
            begin.fromguid,
            begin.raw,
            position=begin.position,
            arrived=before.arrived if before else 0,
            whole=begin.fromguid is None,
            resumable=self.asked.resumable,
        )
        if into.partial.whole:
            into.data = begin.position
        self.call.pool.next_txg()
        what = "resume receive" if begin.resumed else "receive"
        hidden = "" if into.partial.whole else "/%recv"
        name = f"{into.name}{hidden}"
        tree.log(self.call.world, self.call.pool, what, name, " ", into.objsetid)

    def data(self, size: int) -> None:
        """Bytes of the snapshot arrived. Raises `RefusedError` if there is no room for them."""
        self.received += size
        if self.skipping or self.into is None or self.into.partial is None:
            return
        if tree.available(self.call.pool, self.into) < size:
            quota = any(
                tree.number(each, name)
                for each in _above(self.call, self.into)
                for name in ("quota", "refquota")
            )
            why = f"destination {self.into.name} space quota exceeded." if quota else "out of space"
            refused = refusal(self.begun, why)
            self._leave()
            raise refused
        partial = self.into.partial
        partial.position += size
        partial.arrived += size
        if partial.whole:
            self.into.data = partial.position
        tree.note_write(self.call.pool, size)

    def end(self) -> None:
        """The snapshot's stream is complete. Raises `RefusedError`."""
        begin, into = self.begun, self.into
        if begin is not None and not self.skipping and into is not None:
            self._finish(begin, into)
        if self.asked.verbose and not self.asked.dry and not self.silent:
            seconds = max(0.01, self.clock() - self.started)
            rate = nice_bytes(int(self.received / seconds))
            self.call.out(
                f"received {nice_bytes(self.received)} stream in {seconds:.2f} seconds ({rate}/sec)"
            )
        self.begun = self.into = None

    def _finish(self, begin: Begin, into: Dataset) -> None:
        if begin.fromguid is not None and self.asked.force:
            base = next(each for each in into.snapshots if each.guid == begin.fromguid)
            newer = [each for each in into.snapshots if each.createtxg > base.createtxg]
            if any(each.holds for each in newer):
                refused = refusal(begin, "dataset is busy")
                self._leave()
                raise refused
            for each in newer:
                tree.drop(into, each)
        into.partial = None
        if into.snapshots:
            # What the increment overwrites is from now on the last snapshot's alone.
            last = into.snapshots[-1]
            over = max(0, begin.written - into.overhead - (begin.data - last.data))
            last.used += over
            into.kept += over
        into.data, into.dirty = begin.data, begin.written
        taken = tree.take(
            self.call.world,
            self.call.pool,
            into,
            split(self.name)[2],
            self.call.pool.next_txg(),
            creation=begin.creation,
        )
        taken.guid = begin.toguid
        if begin.raw and into.crypt is not None:
            taken.ivsetguid = begin.toivset
            into.crypt.wrapping = begin.key()
        for word, text in self.asked.set:
            into.local[properties.canonical(word) or word] = text
        tree.log(self.call.world, self.call.pool, "finish receiving", into.name, "", into.objsetid)

    def finish(self) -> None:
        """The package is complete: set its properties and rebuild its hierarchy of keys."""
        package = self.package
        if package is None or self.asked.dry:
            return
        for packed in package.datasets:
            above, _ = self.asked.name_for(
                f"{package.top}{packed.below}@x", package.top if package.replicate else None
            )
            dataset = self.call.dataset(above)
            if dataset is None:
                continue
            if package.replicate:
                dataset.received = {
                    name: text
                    for name, text in packed.properties.items()
                    if name not in self.asked.exclude
                }
                if package.raw and dataset.crypt is not None:
                    self._place_key(
                        dataset, packed.keylocation, root=packed.root or not packed.below
                    )

    def _place_key(self, dataset: Dataset, keylocation: str, *, root: bool) -> None:
        up = self.call.dataset(parent(dataset.name))
        if root or up is None or up.root is None:
            if dataset.root is not dataset:
                dataset.root = dataset
            dataset.local["keylocation"] = keylocation
        else:
            for each in self.call.pool.datasets.values():
                if each.root is dataset:
                    each.root = up.root
            dataset.local.pop("keylocation", None)
            dataset.loaded = None

    def interrupted(self) -> RefusedError:
        """The stream broke off inside a snapshot: what is kept, and what is said."""
        into, begin = self.into, self.begun
        if begin is None or into is None:
            return RefusedError("cannot receive: failed to read from stream")
        why = "incomplete stream"
        if into.partial is not None and into.partial.resumable:
            why = (
                "checksum mismatch or incomplete stream.\n"
                "Partially received snapshot is saved.\n"
                "A resuming stream can be generated on the sending system by running:\n"
                f"    zfs send -t {token_of(into)}"
            )
        refused = refusal(begin, why)
        self._leave()
        return refused

    def _leave(self) -> None:
        """Stop in the middle: keep the partial state if that was asked for, else drop it."""
        into = self.into
        self.into = self.begun = None
        if into is None or into.partial is None:
            return
        into.partial.running = False
        if not into.partial.resumable:
            forget(self.call, into)

    def abandon(self) -> None:
        """The process is gone."""
        self._leave()

    def _destroy_missing(self, package: Package) -> None:
        """`-F` with an incremental tree: what the source no longer has dies here as well."""
        known = {packed.below: packed for packed in package.datasets}
        top, _ = self.asked.name_for(f"{package.top}@x", package.top)
        for dataset in reversed(list(tree.descendants(self.call.pool, top))):
            packed = known.get(dataset.name[len(top) :])
            guids = {guid for _, guid in packed.snapshots} if packed else set()
            for each in [each for each in dataset.snapshots if each.guid not in guids]:
                if each.holds:
                    each.deferred = True
                    each.name = f"recv-{self.call.pid}-1"
                    continue
                self._say_destroyed(f"{dataset.name}@{each.name}")
                tree.drop(dataset, each)
            if packed is None and not dataset.snapshots:
                self._say_destroyed(dataset.name)
                del self.call.pool.datasets[dataset.name]

    def _say_destroyed(self, name: str) -> None:
        if self.asked.verbose:
            self.call.out(f"attempting destroy {name}")
            self.call.out("success")


def _above(call: Call, dataset: Dataset) -> list[Dataset]:
    found, name = [dataset], parent(dataset.name)
    while name:
        found.append(call.pool.datasets[name])
        name = parent(name)
    return found
