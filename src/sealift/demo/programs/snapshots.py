"""`zfs snapshot`, `bookmark`, `rollback`, `rename`, `clone`."""

from __future__ import annotations

from sealift.demo.programs import properties
from sealift.demo.programs.call import Call
from sealift.demo.programs.options import parse
from sealift.demo.programs.setting import mountable
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Snapshot
from sealift.demo.world.names import BOOKMARK, FILESYSTEM, SNAPSHOT, complaint, parent, split

_SHOWN = 32  # zfs lists no more of what a rollback would destroy


async def snapshot(call: Call) -> int:
    """Take snapshots, all at one moment."""
    options = parse(call, "ro:")
    if not options.rest:
        call.misuse("missing snapshot argument")
    wanted: list[tuple[Dataset, str]] = []
    for name in options.rest:
        above, mark, short = split(name)
        if not mark:
            call.misuse()
        wrong = complaint(name, (SNAPSHOT,))
        if wrong:
            call.fail(f"cannot create snapshot '{name}': {wrong}")
        dataset = call.dataset(above)
        if dataset is None:
            call.err(f"cannot open '{above}': dataset does not exist")
            call.misuse()
        below = tree.descendants(call.pool, above) if options.has("r") else (dataset,)
        wanted += [(each, short) for each in below if not each.inconsistent or each is dataset]
    if _refused(call, wanted):
        if options.has("r"):
            call.err("no snapshots were created")
        return 1
    pairs = [pair.partition("=") for _, pair in options.all("o")]
    txg = call.pool.next_txg()
    for dataset, short in wanted:
        taken = tree.take(call.world, call.pool, dataset, short, txg)
        taken.properties = {name: text for name, _, text in pairs} or None
        name = f"{dataset.name}@{short}"
        tree.log(call.world, call.pool, "snapshot", name, "", taken.objsetid)
    return 0


def _refused(call: Call, wanted: list[tuple[Dataset, str]]) -> bool:
    refused = False
    for dataset, short in wanted:
        name = f"{dataset.name}@{short}"
        if dataset.snapshot(short) is not None:
            call.err(f"cannot create snapshot '{name}': dataset already exists")
        elif dataset.inconsistent:
            call.err(f"cannot create snapshot '{name}': dataset is busy")
        elif tree.available(call.pool, dataset) == 0:
            call.err(f"cannot create snapshot '{name}': out of space")
        else:
            continue
        refused = True
    return refused


async def bookmark(call: Call) -> int:
    """Remember a snapshot's identities, so that it can be the base of a send without its data."""
    options = parse(call, "")
    if len(options.rest) < 1:
        call.misuse("missing snapshot argument")
    name = options.rest[0]
    above, mark, _ = split(name)
    if not mark:
        call.misuse(f"invalid source name '{name}': must contain a '@' or '#'")
    if len(options.rest) < 2:  # noqa: PLR2004 - what, and its new name
        call.misuse("missing bookmark argument")
    target = options.rest[1]
    target = above + target if target.startswith("#") else target
    found = call.find(name, (SNAPSHOT, BOOKMARK))
    if found is None or found[1] is None:
        call.misuse()
    dataset, source = found[0], found[1]
    goal, _, short = split(target)
    if goal != above:
        there = "dataset does not exist" if call.dataset(goal) is None else "invalid argument"
        call.fail(f"cannot create bookmark '{target}': {there}")
    if dataset.bookmark(short) is not None:
        call.fail(f"cannot create bookmark '{target}': bookmark exists")
    dataset.bookmarks.append(mark_of(source, short))
    call.pool.next_txg()
    return 0


def mark_of(source: Snapshot, name: str) -> Snapshot:
    """A bookmark of a snapshot."""
    return Snapshot(
        name,
        source.guid,
        source.createtxg,
        source.creation,
        source.ivsetguid,
        source.data,
        0,
        source.objsetid,
    )


async def rollback(call: Call) -> int:
    """Bring a dataset back to a snapshot. `-r` destroys what is newer."""
    options = parse(call, "rRf")
    if not options.rest:
        call.misuse("missing dataset argument")
    if len(options.rest) > 1:
        call.misuse("too many arguments")
    name = options.rest[0]
    found = call.find(name, (SNAPSHOT,))
    if found is None or found[1] is None:
        return 1
    dataset, goal = found[0], found[1]
    newer = [each for each in dataset.snapshots if each.createtxg > goal.createtxg]
    marks = [each for each in dataset.bookmarks if each.createtxg > goal.createtxg]
    if (newer or marks) and not options.has("r", "R"):
        call.err(f"cannot rollback to '{name}': more recent snapshots or bookmarks exist")
        call.err("use '-r' to force deletion of the following snapshots and bookmarks:")
        names = [f"{dataset.name}@{each.name}" for each in newer]
        names += [f"{dataset.name}#{each.name}" for each in marks]
        for each in names[:_SHOWN]:
            call.err(each)
        if len(names) >= _SHOWN:
            call.err(f"Output limited to {_SHOWN} snapshots/bookmarks")
        return 1
    below = _dependents(call, dataset, newer)
    if below and not options.has("R"):
        call.err(f"cannot rollback to '{name}': clones of previous snapshots exist")
        call.err("use '-R' to force deletion of the following clones and dependents:")
        for each in below:
            call.err(each)
        return 1
    for each in below:
        call.pool.datasets.pop(each, None)
    return _roll_back(call, dataset, goal, newer)


def _dependents(call: Call, dataset: Dataset, snapshots: list[Snapshot]) -> list[str]:
    """What hangs on clones of these snapshots: each clone behind all that is below it."""
    names: list[str] = []
    for snapshot in snapshots:
        for clone in tree.clones(call.pool, f"{dataset.name}@{snapshot.name}"):
            for each in reversed(list(tree.descendants(call.pool, clone.name))):
                names += _dependents(call, each, each.snapshots)
                names += [f"{each.name}@{taken.name}" for taken in each.snapshots]
                names.append(each.name)
    return names


def _roll_back(call: Call, dataset: Dataset, goal: Snapshot, newer: list[Snapshot]) -> int:
    """Make the head what the snapshot is, and drop whatever is newer.

    If something of that is held nothing is rolled back, but what is not held is gone all the same
    (zfs_rollback in libzfs_dataset.c).
    """
    held = [each for each in newer if each.holds]
    for each in held:
        call.err(f"cannot destroy '{dataset.name}@{each.name}': dataset is busy")
    for each in newer:
        if not each.holds:
            tree.drop(dataset, each)
    dataset.bookmarks = [each for each in dataset.bookmarks if each.createtxg <= goal.createtxg]
    if held:
        return 1
    dataset.data, dataset.dirty = goal.data, 0
    call.pool.next_txg()
    tree.log(call.world, call.pool, "rollback", dataset.name, "", dataset.objsetid)
    return 0


async def rename(call: Call) -> int:
    """Rename a dataset with all below it, or a snapshot, with `-r` in the whole tree."""
    options = parse(call, "fpru")
    if not options.rest:
        call.misuse("missing source dataset argument")
    if len(options.rest) < 2:  # noqa: PLR2004 - from and to
        call.misuse("missing target dataset argument")
    if len(options.rest) > 2:  # noqa: PLR2004 - from and to
        call.misuse("too many arguments")
    name, target = options.rest
    found = call.find(name, (FILESYSTEM, SNAPSHOT))
    if found is None:
        return 1
    dataset, snap, _ = found
    if snap is not None:
        return _rename_snapshot(call, dataset, snap, target, everywhere=options.has("r"))
    return _rename_dataset(call, dataset, target)


def _rename_snapshot(
    call: Call, dataset: Dataset, snap: Snapshot, target: str, *, everywhere: bool
) -> int:
    above, _, short = split(target)
    name = f"{dataset.name}@{snap.name}"
    if above and above != dataset.name:
        call.fail(f"cannot rename to '{target}': snapshots must be part of same dataset")
    if dataset.snapshot(short) is not None:
        call.fail(f"cannot rename '{name}': dataset already exists")
    before = snap.name
    below = tree.descendants(call.pool, dataset.name) if everywhere else (dataset,)
    for each in below:
        entry = each.snapshot(before)
        if entry is not None:
            entry.name = short
    call.pool.next_txg()
    return 0


def _rename_dataset(call: Call, dataset: Dataset, target: str) -> int:
    wrong = complaint(target)
    if wrong:
        call.fail(f"cannot create '{target}': {wrong}")
    if target.split("/", maxsplit=1)[0] != call.pool.name:
        call.fail(f"cannot create '{target}': no such pool '{target.split('/', maxsplit=1)[0]}'")
    if target.startswith(dataset.name + "/"):
        call.fail(
            f"cannot rename to '{target}': "
            "New dataset name cannot be a descendant of current dataset name"
        )
    above = call.dataset(parent(target))
    if above is None:
        call.fail(f"cannot create '{target}': parent does not exist")
    if call.dataset(target) is not None:
        call.fail(f"cannot rename '{dataset.name}': dataset already exists")
    if _leaves_its_root(call, dataset, above):
        call.fail(
            f"cannot rename '{dataset.name}': "
            "cannot move encrypted child outside of its encryption root"
        )
    before = dataset.name
    for each in list(tree.descendants(call.pool, before)):
        del call.pool.datasets[each.name]
        each.name = target + each.name[len(before) :]
        call.pool.datasets[each.name] = each
    for each in call.pool.datasets.values():
        if each.origin and split(each.origin)[0] == before:
            each.origin = f"{target}@{split(each.origin)[2]}"
    call.pool.next_txg()
    return 0


def _leaves_its_root(call: Call, dataset: Dataset, above: Dataset) -> bool:
    """Whether a dataset that inherits its key would get a parent with another key, or with none.

    `dsl_dir_rename_crypt_check` in dsl_crypt.c: EACCES. A new name below the same parent is never
    looked at; what is its own encryption root, or is not encrypted, goes anywhere.
    """
    if dataset.root is None or dataset.root is dataset:
        return False
    return above is not call.dataset(parent(dataset.name)) and above.root is not dataset.root


async def clone(call: Call) -> int:
    """Make a dataset out of a snapshot."""
    options = parse(call, "o:p")
    if not options.rest:
        call.misuse("missing source dataset argument")
    if len(options.rest) < 2:  # noqa: PLR2004 - from and to
        call.misuse("missing target dataset argument")
    name, target = options.rest[:2]
    found = call.find(name, (SNAPSHOT,))
    if found is None or found[1] is None:
        return 1
    wrong = complaint(target)
    if wrong or call.dataset(target) is not None or call.dataset(parent(target)) is None:
        exists = "dataset already exists" if call.dataset(target) else "parent does not exist"
        call.fail(f"cannot create '{target}': {wrong or exists}")
    origin = found[0]
    made = tree.add(call.world, call.pool, target, crypt=origin.crypt, root=origin.root)
    made.origin, made.data = name, found[1].data
    for _, pair in options.all("o"):
        word, _, text = pair.partition("=")
        made.local[properties.canonical(word) or word] = text
    made.mounted = tree.mountpoint(call.pool, made).startswith("/") and mountable(made)
    return 0
