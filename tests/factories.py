"""Inventories for tests, from a line per dataset."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sealift.replication.inventory import Held, Inventory
from sealift.replication.job import About, Job, JobState, JobStep
from sealift.zfs.listings import Dataset, KeyStatus, Snapshot
from sealift.zfs.names import join
from sealift.zfs.pools import Pool
from sealift.zfs.tokens import ResumeToken, encode

NOON = datetime(2025, 12, 25, 12, 0, tzinfo=UTC)
GIB = 1 << 30
_MOMENTS = 10_000


def snapshot(
    name: str,
    guid: int,
    *,
    ivset: int | None = -1,
    held: int = 0,
    txg: int | None = None,
    written: int = 4096,
) -> Snapshot:
    """A snapshot whose IV set follows from its guid unless it is given.

    An hour passes from one guid to the next; guids that differ by 10,000 are of the same moment.
    """
    moment = guid % _MOMENTS
    return Snapshot(
        name=name,
        guid=guid,
        createtxg=moment if txg is None else txg,
        creation=int(NOON.timestamp()) + 3600 * (moment - 100),
        used=0,
        written=written,
        ivsetguid=guid + 7_000_000 if ivset == -1 else ivset,
        userrefs=held,
    )


def dataset(
    name: str,
    *,
    key: int | None = 77,
    status: KeyStatus = KeyStatus.UNAVAILABLE,
    mounted: bool = False,
    token: str | None = None,
    root: str | None = None,
    origin: str | None = None,
    born: int = 1,
) -> Dataset:
    """An encrypted filesystem, made in txg `born`; `key=None` makes it plain."""
    return Dataset(
        name=name,
        kind="filesystem",
        guid=hash(name) & 0xFFFF,
        createtxg=born,
        creation=int(NOON.timestamp()),
        used=3 * GIB,
        available=9 * GIB,
        referenced=2 * GIB,
        encryption="off" if key is None else "aes-256-gcm",
        encryption_root=None if key is None else (root or name),
        key_status=KeyStatus.NONE if key is None else status,
        key_format=None if key is None else "passphrase",
        key_guid=key,
        mounted=mounted,
        readonly=True,
        resume_token=token,
        origin=origin,
    )


def held(what: Dataset, *snapshots: Snapshot, bookmarks: tuple[Snapshot, ...] = ()) -> Held:
    """A dataset with its snapshots, oldest first."""
    return Held(what, snapshots, bookmarks)


def resume_token(to: Snapshot, start: Snapshot | None = None, *, raw: bool = True) -> str:
    """The text of a token for a snapshot of `tank/prod`, from `start` or in full."""
    return encode(
        ResumeToken(
            f"tank/prod@{to.name}",
            to.guid,
            start.guid if start else None,
            object=5,
            offset=4096,
            bytes_received=1 << 20,
            raw=raw,
            compress=True,
        )
    )


def inventory(root: str, **entries: Held) -> Inventory:
    """An inventory; the root's entry is called `top`."""
    datasets = {("" if name == "top" else name): entry for name, entry in entries.items()}
    pool = Pool(root.split("/", maxsplit=1)[0], 40 * GIB, 20 * GIB, 20 * GIB, 3, 50, "ONLINE")
    return Inventory(root, datasets, pool, NOON)


def mirrored(
    source: dict[str, list[int]], destination: dict[str, list[int]]
) -> tuple[Inventory, Inventory]:
    """Two trees `tank/prod` and `backup/prod` by the guids that each dataset has (`""` the root).

    A snapshot of the root with guid 105 is called `s105`; the children's of the same moment, too,
    but with guids of their own, as after `zfs snapshot -r`. The source's keys are loaded.
    """
    order = sorted({*source, *destination})

    def tree(root: str, guids: dict[str, list[int]], status: KeyStatus) -> Inventory:
        entries = {
            (below or "top"): held(
                dataset(join(root, below), key=1000 + order.index(below), status=status),
                *(snapshot(f"s{guid}", guid + _MOMENTS * order.index(below)) for guid in each),
            )
            for below, each in guids.items()
        }
        return inventory(root, **entries)

    ours, theirs = KeyStatus.AVAILABLE, KeyStatus.UNAVAILABLE
    return tree("tank/prod", source, ours), tree("backup/prod", destination, theirs)


def locked(tree: Inventory) -> Inventory:
    """The same with no key loaded: the source of a route whose source is a vault."""
    datasets = {
        below: replace(each, dataset=replace(each.dataset, key_status=KeyStatus.UNAVAILABLE))
        for below, each in tree.datasets.items()
    }
    return replace(tree, datasets=datasets)


def about(*steps: JobStep, made: datetime = NOON) -> About:
    """What was ordered: a package of two datasets unless steps are given."""
    brings = frozenset({102, 10_102})
    step = JobStep(
        "0001",
        "tank/prod",
        "backup/prod",
        "s101",
        "s102",
        "package",
        brings,
        "zfs send -w -vP -R -I @s101 tank/prod@s102 | ssh root@dr1 'zfs receive -s -u backup/prod'",
    )
    return About(
        id="7f3a51c2",
        key="0a1b2c3d4e5f",
        name="",
        source="root@nas1:tank/prod",
        destination="root@dr1:backup/prod",
        via="source",
        operator="ann@laptop",
        made=made,
        tag="keepforrep",
        steps=steps or (step,),
    )


def job(state: JobState = JobState.RUNNING, *steps: JobStep) -> Job:
    """A job as nas1 lists it."""
    return Job(about(*steps), "root@nas1", state, "/root/.local/state/sealift/jobs/7f3a51c2")
