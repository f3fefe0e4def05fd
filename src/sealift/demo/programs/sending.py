"""What a `zfs send` is asked for, and what it would carry (zfs_do_send, libzfs_sendrecv.c)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sealift.demo.programs.call import Call
from sealift.demo.programs.numbers import nice, nice_bytes
from sealift.demo.programs.options import Options, parse
from sealift.demo.programs.resuming import resumed
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Snapshot
from sealift.demo.world.names import BOOKMARK, FILESYSTEM, SNAPSHOT, split
from sealift.demo.world.stream import ENDS, Begin, Package, Packed, begin, full_size, increment_size

_LONG = {
    "replicate": "R", "skip-missing": "s", "props": "p", "parsable": "P", "dedup": "D",
    "verbose": "v", "dryrun": "n", "large-block": "L", "embed": "e", "resume": "t:",
    "compressed": "c", "raw": "w", "backup": "b", "holds": "h", "saved": "S", "redact": "d:",
    "proctitle": "V", "exclude": "X:",
}  # fmt: skip
_KEY = ("encryption", "keyformat", "keylocation", "pbkdf2iters")


@dataclass(frozen=True, slots=True)
class Part:
    """One snapshot of a stream. `shown` is how the estimate names its base, None for full.

    `position` is where it starts again, -1 if it is no resume.
    """

    dataset: Dataset
    target: Snapshot
    base: Snapshot | None
    shown: str | None
    size: int
    raw: bool
    position: int

    @property
    def name(self) -> str:
        """The snapshot, as progress lines name it."""
        return f"{self.dataset.name}@{self.target.name}"

    def begin(self) -> Begin:
        """What the stream says of it."""
        return begin(self.dataset, self.target, self.base, raw=self.raw, position=self.position)


@dataclass(slots=True)
class Stream:
    """Everything that a send carries, and how it talks about it."""

    parts: list[Part] = field(default_factory=list)
    package: Package | None = None
    verbose: bool = False
    parsable: bool = False
    dry: bool = False
    progress: bool = False
    code: int = 0
    held: list[tuple[Dataset, Snapshot]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The estimate of all of it, in bytes."""
        return sum(part.size for part in self.parts)

    def estimate(self) -> Iterator[str]:
        """The lines that `-P` and `-v` print first."""
        for part in self.parts:
            if self.parsable:
                kind = "full" if part.shown is None else f"incremental\t{part.shown}"
                yield f"{kind}\t{part.name}\t{part.size}"
            elif part.shown is None:
                yield f"full send of {part.name} estimated size is {nice_bytes(part.size)}"
            else:
                mark = "" if set(part.shown) & {"@", "#"} else "@"
                size = nice_bytes(part.size)
                yield f"send from {mark}{part.shown} to {part.name} estimated size is {size}"
        yield (
            f"size\t{self.size}" if self.parsable else f"total estimated size is {nice(self.size)}"
        )


def plan(call: Call, *, terminal: bool) -> Stream:
    """Read the arguments and look up what they mean. A refusal ends the call."""
    options = parse(call, "i:I:RsDpVvnPLeht:cwbd:SX:", _LONG)
    base = next((pair for pair in reversed(options.given) if pair[0] in "iI"), None)
    stream = Stream(
        verbose=options.has("v", "P"),
        parsable=options.has("P"),
        dry=options.has("n"),
        progress=options.has("v"),
    )
    token = options.last("t")
    if token is None and not options.rest:
        call.misuse("missing snapshot argument")
    if len(options.rest) > (1 if token is None else 0):
        call.misuse("too many arguments")
    if token is not None and (base or options.has("R", "p", "b", "h", "d")):
        call.misuse("invalid flags combined with -t")
    if options.has("d") and options.has("w"):
        call.fail("Error: raw sends may not be redacted.")
    if terminal and not stream.dry:
        call.err("Error: Stream can not be written to a terminal.")
        call.fail("You must redirect standard output.")
    if token is not None:
        _rest(call, options, stream, token)
    elif options.has("R") or (base is not None and base[0] == "I"):
        _several(call, options, stream, options.rest[0], base)
    else:
        _one(call, options, stream, options.rest[0], base[1] if base else None)
    return stream


def _rest(call: Call, options: Options, stream: Stream, token: str) -> None:
    """What a token says is still to be sent. `-w` makes it raw, whatever the token says."""
    found = resumed(call, token, verbose=stream.verbose, dry=stream.dry)
    dataset, base, raw = found.dataset, found.base, found.raw or options.has("w")
    shown = _whole(dataset, base)
    part = _part(dataset, found.target, base, raw=raw, shown=shown, at=found.position)
    stream.parts.append(part)
    _refuse_locked(call, stream, raw=raw)


def _part(
    dataset: Dataset,
    target: Snapshot,
    base: Snapshot | None,
    *,
    raw: bool,
    shown: str | None,
    at: int = -1,
) -> Part:
    size = increment_size(dataset, base, target) if base else full_size(dataset, target)
    return Part(dataset, target, base, shown, max(ENDS, size - max(0, at)), raw, at)


def _whole(dataset: Dataset, base: Snapshot | None) -> str | None:
    if base is None:
        return None
    return f"{dataset.name}{'@' if base in dataset.snapshots else '#'}{base.name}"


def _one(call: Call, options: Options, stream: Stream, name: str, base: str | None) -> None:
    above, mark, _ = split(name)
    if base is not None and not set(base) & {"@", "#"}:
        call.err(
            "Warning: incremental source didn't specify type, assuming snapshot. "
            "Use '@' or '#' prefix to avoid ambiguity."
        )
        base = f"@{base}"
    found = call.find(name, (FILESYSTEM, SNAPSHOT))
    if found is None:
        call.fail_quietly()
    dataset, target, _ = found
    raw = options.has("w")
    if target is None or mark != "@":
        why = "target is busy; if a filesystem, it must not be mounted"
        call.fail(f"warning: cannot send '{name}': {why}")
    from_: Snapshot | None = None
    shown: str | None = None
    if base is not None:
        shown = above + base if base[0] in "@#" else base
        from_ = _base(call, name, shown)
        if split(shown)[0] != above or from_.createtxg >= target.createtxg:
            why = "not an earlier snapshot from the same fs"
            call.fail(f"warning: cannot send '{name}': {why}")
    if options.has("p", "b"):
        _refuse_properties(call, [dataset], name, raw=raw)
        stream.package = _package([dataset], dataset, target, None, raw=raw, replicate=False)
    if dataset.crypt and not raw and not stream.dry and not tree.key_loaded(dataset):
        call.fail(f"warning: cannot send '{name}': dataset key must be loaded")
    stream.parts.append(_part(dataset, target, from_, raw=raw, shown=shown))


def _base(call: Call, name: str, base: str) -> Snapshot:
    above, mark, short = split(base)
    if mark == "#":
        dataset = call.dataset(above)
        found = dataset.bookmark(short) if dataset else None
        if found is None:
            call.fail(f"warning: cannot send '{name}': No such process")
        return found
    there = call.find(base, (SNAPSHOT, BOOKMARK))
    if there is None or there[1] is None:
        call.fail_quietly()
    return there[1]


def _several(
    call: Call, options: Options, stream: Stream, name: str, base: tuple[str, str] | None
) -> None:
    above, mark, short = split(name)
    if mark != "@":
        call.fail("Error: Unsupported flag with filesystem or bookmark.")
    from_name = _name_of_base(call, above, base[1]) if base else None
    for each in [f"{above}@{short}", *([f"{above}@{from_name}"] if from_name else [])]:
        if call.find(each) is None:
            call.fail_quietly()
    top = call.pool.datasets[above]
    target = top.snapshot(short)
    assert target is not None  # noqa: S101 - found right above
    raw, replicate = options.has("w"), options.has("R")
    datasets = _scope(call, options, stream, top, target) if replicate else [top]
    if replicate or options.has("p", "b"):
        _refuse_properties(call, datasets, name, raw=raw)
    every = base is None or base[0] == "I"
    for dataset in datasets:
        stream.parts += _parts(call, dataset, (short, from_name), every=every, raw=raw)
    base_snapshot = top.snapshot(from_name) if from_name else None
    stream.package = _package(datasets, top, target, base_snapshot, raw=raw, replicate=replicate)
    _refuse_locked(call, stream, raw=raw)
    stream.held = [(part.dataset, part.target) for part in stream.parts]


def _name_of_base(call: Call, above: str, base: str) -> str:
    if "#" in base:
        call.fail("Error: multiple snapshots cannot be sent from a bookmark.")
    head, _, name = base.rpartition("@")
    if head and head != above:
        call.misuse("incremental source must be in same filesystem")
    return name


def _refuse_locked(call: Call, stream: Stream, *, raw: bool) -> None:
    """What is to be decrypted needs its key, unless it is only estimated."""
    for part in stream.parts:
        if not (raw or stream.dry or tree.key_loaded(part.dataset)):
            call.fail(f"warning: cannot send '{part.name}': source key must be loaded")


def _refuse_properties(call: Call, datasets: list[Dataset], name: str, *, raw: bool) -> None:
    sealed = next((each for each in datasets if each.crypt), None)
    if sealed is not None and not raw:
        call.err(
            f"cannot send {name}: encrypted dataset {sealed.name} "
            "may not be sent with properties without the raw flag"
        )
        call.fail(f"warning: cannot send '{name}': backup failed")


def _scope(
    call: Call, options: Options, stream: Stream, top: Dataset, target: Snapshot
) -> list[Dataset]:
    """The datasets that a package of a tree takes along; what it leaves out is said."""
    excluded = {name for _, text in options.all("X") for name in text.split(",")}
    kept: list[Dataset] = []
    skipped: list[str] = []
    for dataset in tree.descendants(call.pool, top.name):
        if any(f"{dataset.name}/".startswith(each + "/") for each in (*skipped, *excluded)):
            continue
        if dataset.snapshot(target.name) is None:
            skipped.append(dataset.name)
            _leave_out(call, options, stream, dataset, f"{top.name}@{target.name}", target)
            continue
        kept.append(dataset)
        for each in dataset.snapshots if stream.verbose else ():
            if each.createtxg > target.createtxg:
                call.err(
                    f"skipping snapshot {dataset.name}@{each.name} because it was created after "
                    f"the destination snapshot ({target.name})"
                )
    return kept


def _leave_out(
    call: Call, options: Options, stream: Stream, dataset: Dataset, whole: str, target: Snapshot
) -> None:
    """A dataset does not have the snapshot that is sent: say so, or refuse to send at all."""
    if dataset.createtxg > target.createtxg:
        if stream.verbose:
            call.err(f"skipping dataset {dataset.name}: snapshot {target.name} does not exist")
    elif options.has("s"):
        call.err(
            f"WARNING: skipping dataset {dataset.name} and its children: "
            f"snapshot {target.name} does not exist"
        )
    else:
        missing = f"{dataset.name}@{target.name}"
        call.err(f"cannot send {whole} recursively: snapshot {missing} does not exist")
        call.fail(f"warning: cannot send '{whole}': backup failed")


def _parts(
    call: Call,
    dataset: Dataset,
    names: tuple[str, str | None],
    *,
    every: bool,
    raw: bool,
) -> list[Part]:
    """The snapshots of one dataset that a stream of several carries."""
    target, base = dataset.snapshot(names[0]), dataset.snapshot(names[1] or "")
    assert target is not None  # noqa: S101 - the scope has only datasets with it
    if base is not None and base.createtxg >= target.createtxg:
        why = "is not earlier than it" if base is target else "does not exist"
        call.err(f"WARNING: could not send {dataset.name}@{target.name}:")
        call.fail(f"incremental source ({dataset.name}@{base.name}) {why}")
    earliest = base.createtxg if base else 0
    chosen = dataset.snapshots[dataset.since(earliest) : dataset.since(target.createtxg)]
    if not every:
        chosen = [target]
    parts: list[Part] = []
    for each in chosen:
        shown = base.name if base else None
        parts.append(_part(dataset, each, base, raw=raw, shown=shown))
        base = each
    return parts


def _package(
    datasets: list[Dataset],
    top: Dataset,
    target: Snapshot,
    base: Snapshot | None,
    *,
    raw: bool,
    replicate: bool,
) -> Package:
    packed = tuple(
        Packed(
            below=each.name[len(top.name) :],
            snapshots=tuple((snapshot.name, snapshot.guid) for snapshot in each.snapshots),
            properties={
                name: text
                for name, text in (*each.received.items(), *each.local.items())
                if name not in _KEY
            },
            root=each.root is each,
            keylocation=each.local.get("keylocation", "prompt"),
        )
        for each in datasets
    )
    return Package(top.name, target.name, base.name if base else None, replicate, raw, packed)
