"""Find, add and remove datasets; space, keys and mounts that follow from the tree."""

from __future__ import annotations

from collections.abc import Iterator

from sealift.demo.world.model import Crypt, Dataset, Event, Pool, Snapshot, World, Wrapping
from sealift.demo.world.names import parent

_SLOP_SHIFT = 5  # ZFS keeps a 32nd of a pool for itself
_SLOP_MOST = 128 << 30


def descendants(pool: Pool, name: str) -> Iterator[Dataset]:
    """The dataset and all below it, by name as `zfs list` sorts them."""
    for each in sorted(pool.datasets):
        if each == name or each.startswith(name + "/"):
            yield pool.datasets[each]


def children(pool: Pool, name: str) -> list[Dataset]:
    """The datasets right below."""
    return [pool.datasets[each] for each in sorted(pool.datasets) if parent(each) == name]


def clones(pool: Pool, snapshot: str) -> list[Dataset]:
    """The datasets that were cloned from a snapshot."""
    return [each for each in pool.datasets.values() if each.origin == snapshot]


def own_space(dataset: Dataset) -> int:
    """What a dataset takes without its children: its head, its snapshots, its reservation."""
    partial = dataset.partial
    arriving = partial.position if partial is not None and not partial.whole else 0
    return dataset.referenced + dataset.kept + arriving + unused_reservation(dataset)


def unused_reservation(dataset: Dataset) -> int:
    """What `refreservation` keeps beyond what is referenced."""
    asked = dataset.local.get("refreservation") or dataset.received.get("refreservation") or "0"
    return max(0, int(asked) - dataset.referenced) if asked.isdigit() else 0


def used(pool: Pool, dataset: Dataset) -> int:
    """What a dataset and all below it take."""
    if "/" not in dataset.name:
        return allocated(pool)
    prefix = dataset.name + "/"
    below = sum(own_space(each) for name, each in pool.datasets.items() if name.startswith(prefix))
    return own_space(dataset) + below


def allocated(pool: Pool) -> int:
    """What is taken of a pool; a little is the pool's own."""
    return sum(own_space(each) for each in pool.datasets.values()) + 81 * 1024


def available(pool: Pool, dataset: Dataset) -> int:
    """How much more a dataset may take: of the pool, and of every quota above it."""
    slop = min(pool.size >> _SLOP_SHIFT, _SLOP_MOST)
    room = pool.size - slop - allocated(pool)
    at: Dataset | None = dataset
    while at is not None:
        quota = number(at, "quota")
        if quota:
            room = min(room, quota - used(pool, at))
        limit = number(at, "refquota")
        if limit and at is dataset:
            room = min(room, limit - at.referenced)
        at = pool.datasets.get(parent(at.name))
    return max(0, room)


def number(dataset: Dataset, name: str) -> int:
    """A numeric property that is set on this dataset itself, 0 if it is not."""
    value = dataset.local.get(name) or dataset.received.get(name) or "0"
    return int(value) if value.isdigit() else 0


def inherited(pool: Pool, dataset: Dataset, name: str) -> tuple[str, str] | None:
    """The value that a dataset has for an inheritable property, and the name of its giver."""
    at: Dataset | None = dataset
    while at is not None:
        for values in (at.local, at.received):
            if name in values:
                return values[name], at.name
        at = pool.datasets.get(parent(at.name))
    return None


def key_loaded(dataset: Dataset) -> bool:
    """Whether the key that a dataset depends on is in the kernel."""
    return dataset.crypt is None or (dataset.root is not None and dataset.root.loaded is not None)


def unlocked(dataset: Dataset) -> bool:
    """Whether the loaded key really opens this dataset's own master key (openzfs#12614)."""
    if dataset.crypt is None:
        return True
    loaded = dataset.root.loaded if dataset.root else None
    return loaded is not None and loaded.proof == dataset.crypt.wrapping.proof


def mountpoint(pool: Pool, dataset: Dataset) -> str:
    """Where a filesystem would be mounted; `none` and `legacy` are values as well."""
    found = inherited(pool, dataset, "mountpoint")
    if found is None:
        return f"/{dataset.name}"
    value, giver = found
    below = dataset.name[len(giver) :]
    return value if value in {"none", "legacy"} else (value.rstrip("/") + below or "/")


def add(
    world: World,
    pool: Pool,
    name: str,
    *,
    guid: int | None = None,
    crypt: Crypt | None = None,
    root: Dataset | None = None,
    volume: bool = False,
) -> Dataset:
    """Put a new, empty dataset into a pool. An encrypted one without `root` is a root itself."""
    dataset = Dataset(
        name,
        guid if guid is not None else world.guid(),
        pool.next_txg(),
        world.now(),
        pool.next_object(),
        volume=volume,
        crypt=crypt,
    )
    dataset.root = (root or dataset) if crypt else None
    pool.datasets[name] = dataset
    return dataset


def mount_new(pool: Pool, dataset: Dataset) -> None:
    """Mount a dataset that was just created: its mountpoint is made in the parent's files."""
    dataset.mounted = True
    above = pool.datasets.get(parent(dataset.name))
    if above is not None and above.mounted:
        above.dirty += above.overhead


def boot(pool: Pool) -> None:
    """Start a pool's host anew: what no stored key opens is locked, and so not mounted."""
    for dataset in pool.datasets.values():
        dataset.loaded = None
        dataset.mounted = dataset.mounted and dataset.crypt is None


def new_crypt(world: World, wrapping: Wrapping, suite: str = "aes-256-gcm") -> Crypt:
    """A new master key under this wrapping."""
    return Crypt(suite, world.guid(), wrapping)


def take(
    world: World,
    pool: Pool,
    dataset: Dataset,
    name: str,
    txg: int,
    *,
    creation: int | None = None,
) -> Snapshot:
    """Take a snapshot of a dataset's head."""
    first = not dataset.snapshots
    taken = Snapshot(
        name,
        world.guid(),
        txg,
        world.now() if creation is None else creation,
        world.ivset() if dataset.crypt else None,
        dataset.data,
        dataset.referenced if first else dataset.dirty,
        pool.next_object(),
    )
    dataset.dirty = 0
    dataset.snapshots.append(taken)
    dataset.snapshots_changed = world.now()
    return taken


def drop(dataset: Dataset, snapshot: Snapshot) -> None:
    """Remove a snapshot; what it alone held is free, what was written moves to its successor."""
    index = dataset.since(snapshot.createtxg) - 1
    del dataset.snapshots[index]
    if index < len(dataset.snapshots):
        heir = dataset.snapshots[index]
        heir.written += snapshot.written
        heir.taken_over += snapshot.written
        parts = snapshot.older or []
        parts.append((snapshot.createtxg, snapshot.written - snapshot.taken_over))
        parts += heir.older or []
        heir.older = parts
    else:
        dataset.dirty += snapshot.written
    dataset.kept = dataset.kept - snapshot.used if dataset.snapshots else 0


def write(pool: Pool, dataset: Dataset, size: int) -> None:
    """Write fresh data into a dataset."""
    dataset.data += size
    dataset.dirty += size + dataset.overhead
    note_write(pool, size)


def note_write(pool: Pool, size: int) -> None:
    """Count what the disks wrote."""
    pool.traffic.write_bytes += size
    pool.traffic.write_operations += size // 65536 + 1


def note_read(pool: Pool, size: int) -> None:
    """Count what the disks read."""
    pool.traffic.read_bytes += size
    pool.traffic.read_operations += size // 65536 + 1


def log(world: World, pool: Pool, what: str, name: str, detail: str, object_: int) -> None:
    """Note an internal event: for `zpool history -i` and `zpool events`."""
    now = world.clock()
    pool.history.append((now, f"[txg:{pool.txg}] {what} {name} ({object_}) {detail}", True))
    facts = (
        ("version", "0x0"),
        ("class", '"sysevent.fs.zfs.history_event"'),
        ("pool", f'"{pool.name}"'),
        ("pool_guid", f"{pool.guid:#x}"),
        ("pool_state", "0x0"),
        ("pool_context", "0x0"),
        ("history_hostname", f'"{pool.hostname}"'),
        ("history_dsname", f'"{name}"'),
        ("history_internal_str", f'"{detail}"'),
        ("history_internal_name", f'"{what}"'),
        ("history_dsid", f"{object_:#x}"),
        ("history_txg", f"{pool.txg:#x}"),
        ("history_time", f"{int(now):#x}"),
    )
    pool.events.append(Event(now, "sysevent.fs.zfs.history_event", facts))
