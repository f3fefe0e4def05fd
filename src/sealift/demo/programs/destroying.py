"""`zfs destroy`: datasets, snapshots and ranges of them, bookmarks."""

from __future__ import annotations

from sealift.demo.programs.call import MINUS_ONE, Call
from sealift.demo.programs.numbers import nice_bytes
from sealift.demo.programs.options import Options, parse
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Snapshot

_Pair = tuple[Dataset, Snapshot]


async def destroy(call: Call) -> int:
    """Destroy what is named."""
    options = parse(call, "vpndfrR")
    if not options.rest:
        call.misuse("missing dataset argument")
    if len(options.rest) > 1:
        call.misuse("too many arguments")
    name = options.rest[0]
    if "@" in name:
        return _snapshots(call, options, name)
    if "#" in name:
        return _bookmark(call, options, name)
    return _dataset(call, options, name)


def _snapshots(call: Call, options: Options, name: str) -> int:
    above, _, spec = name.partition("@")
    top = call.open_dataset(above)
    below = tree.descendants(call.pool, above) if options.has("r", "R") else (top,)
    chosen = [(each, snapshot) for each in below for snapshot in _matching(each, spec)]
    if not chosen:
        call.fail("could not find any snapshots to destroy; check snapshot names.")
    if not options.has("R") and _cloned(call, chosen):
        return 1
    if options.has("v", "p"):
        _announce(call, options, [f"{each.name}@{snapshot.name}" for each, snapshot in chosen])
        _reclaim(call, options, chosen)
    if options.has("n"):
        return 0
    if not options.has("d") and _held(call, chosen):
        return 1
    for dataset, snapshot in chosen:
        for each in tree.clones(call.pool, f"{dataset.name}@{snapshot.name}"):
            _remove(call, each)
        if snapshot.holds:
            snapshot.deferred = True
        else:
            tree.drop(dataset, snapshot)
    _note(call, name)
    return 0


def _matching(dataset: Dataset, spec: str) -> list[Snapshot]:
    """The snapshots that `a,b`, `a%c`, `%c`, `a%` or `%` stand for: each once, oldest first."""
    chosen: set[str] = set()
    names = [each.name for each in dataset.snapshots]
    for part in spec.split(","):
        first, mark, last = part.partition("%")
        if (first and first not in names) or (last and last not in names):
            continue
        if not mark:
            chosen.add(first)
            continue
        start = names.index(first) if first else 0
        end = names.index(last) if last else len(names) - 1
        chosen |= set(names[start : end + 1])
    return [each for each in dataset.snapshots if each.name in chosen]


def _cloned(call: Call, chosen: list[_Pair]) -> bool:
    for dataset, snapshot in chosen:
        name = f"{dataset.name}@{snapshot.name}"
        below = tree.clones(call.pool, name)
        if below:
            call.err(f"cannot destroy '{name}': snapshot has dependent clones")
            call.err("use '-R' to destroy the following datasets:")
            for each in below:
                call.err(each.name)
            return True
    return False


def _held(call: Call, chosen: list[_Pair]) -> bool:
    refused = False
    for dataset, snapshot in chosen:
        if snapshot.holds:
            refused = True
            name = f"{dataset.name}@{snapshot.name}"
            call.err(
                f"cannot destroy snapshot {name}: it's being held. "
                f"Run 'zfs holds -r {name}' to see holders."
            )
    return refused


def _announce(call: Call, options: Options, names: list[str]) -> None:
    for name in names:
        if options.has("p"):
            call.out(f"destroy\t{name}")
        else:
            call.out(f"{'would' if options.has('n') else 'will'} destroy {name}")


def _reclaim(call: Call, options: Options, chosen: list[_Pair]) -> None:
    size = sum(snapshot.used for _, snapshot in chosen)
    for dataset in {id(each): each for each, _ in chosen}.values():
        if sum(1 for each, _ in chosen if each is dataset) == len(dataset.snapshots):
            # With all of them goes what they held together.
            size += dataset.kept - sum(each.used for each in dataset.snapshots)
    if options.has("p"):
        call.out(f"reclaim\t{size}")
    else:
        call.out(f"{'would' if options.has('n') else 'will'} reclaim {nice_bytes(size)}")


def _bookmark(call: Call, options: Options, name: str) -> int:
    for letter, what in (("n", "dryrun"), ("d", "defer destroy"), ("r", "recursive")):
        if options.has(letter):
            call.fail(f"{what} is not supported with bookmark", MINUS_ONE)
    above, _, short = name.partition("#")
    dataset = call.dataset(above)
    mark = dataset.bookmark(short) if dataset else None
    if dataset is None or mark is None:
        call.fail(f"bookmark '{name}' does not exist.")
    dataset.bookmarks.remove(mark)
    _note(call, name)
    return 0


def _dataset(call: Call, options: Options, name: str) -> int:
    top = call.open_dataset(name)
    doomed = _below_first(call, top)
    names = [each for one in doomed for each in _names(one)]
    if not options.has("r", "R"):
        _refuse_more(call, name, names)
    chosen = [(each, snapshot) for each in doomed for snapshot in each.snapshots]
    if not options.has("R") and _cloned(call, chosen):
        return 1
    if options.has("v", "p"):
        _announce(call, options, names)
    if options.has("n"):
        return 0
    if _held(call, chosen):
        return 1
    busy = next((each for each in doomed if each.partial and each.partial.running), None)
    if busy is not None:
        call.fail(f"cannot destroy '{busy.name}': dataset is busy")
    for each in doomed:
        if "/" in each.name:
            _remove(call, each)
    return 0


def _refuse_more(call: Call, name: str, names: list[str]) -> None:
    """Without `-r` only a dataset is destroyed that has nothing below it."""
    if "/" not in name:
        call.err(f"cannot destroy '{name}': operation does not apply to pools")
        call.err(f"use 'zfs destroy -r {name}' to destroy all datasets in the pool")
        call.fail(f"use 'zpool destroy {name}' to destroy the pool itself")
    if len(names) > 1:
        call.err(f"cannot destroy '{name}': filesystem has children")
        call.err("use '-r' to destroy the following datasets:")
        for each in names[:-1]:
            call.err(each)
        call.fail_quietly()


def _below_first(call: Call, dataset: Dataset) -> list[Dataset]:
    ordered: list[Dataset] = []
    for each in tree.children(call.pool, dataset.name):
        ordered += _below_first(call, each)
    return [*ordered, dataset]


def _names(dataset: Dataset) -> list[str]:
    return [*(f"{dataset.name}@{each.name}" for each in dataset.snapshots), dataset.name]


def _remove(call: Call, dataset: Dataset) -> None:
    for each in tree.descendants(call.pool, dataset.name):
        for snapshot in each.snapshots:
            for clone in tree.clones(call.pool, f"{each.name}@{snapshot.name}"):
                call.pool.datasets.pop(clone.name, None)
    for each in list(tree.descendants(call.pool, dataset.name)):
        del call.pool.datasets[each.name]
    _note(call, dataset.name)


def _note(call: Call, name: str) -> None:
    call.pool.next_txg()
    tree.log(call.world, call.pool, "destroy", name, "", 0)
