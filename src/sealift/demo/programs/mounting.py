"""`zfs mount` and `unmount`. Nothing is mounted anywhere: a demo has no kernel of its own."""

from __future__ import annotations

from sealift.demo.programs.call import Call
from sealift.demo.programs.keys import load
from sealift.demo.programs.options import parse
from sealift.demo.programs.setting import mountable
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset


async def mount(call: Call) -> int:
    """Mount a filesystem, all of them (`-a`), or list what is mounted."""
    options = parse(call, "jRlvo:Oaf")
    if options.has("a"):
        for dataset in call.pool.datasets.values():
            if tree.mountpoint(call.pool, dataset).startswith("/") and mountable(dataset):
                dataset.mounted = True
        return 0
    if not options.rest:
        for name in sorted(call.pool.datasets):
            if call.pool.datasets[name].mounted:
                call.out(f"{name:<30}  {tree.mountpoint(call.pool, call.pool.datasets[name])}")
        return 0
    dataset = call.open_dataset(options.rest[0])
    if options.has("l") and dataset.root is not None and dataset.root.loaded is None:
        why = await load(call, dataset.root, None, dry=False)
        if why:
            call.fail(f"Key load error: {why}")
    why = _refusal(call, dataset)
    if why:
        call.fail(f"cannot mount '{dataset.name}': {why}")
    dataset.mounted = True
    return 0


def _refusal(call: Call, dataset: Dataset) -> str:
    path = tree.mountpoint(call.pool, dataset)
    if path == "legacy":
        return "legacy mountpoint\nuse mount(8) to mount this filesystem"
    if path == "none":
        return "no mountpoint set"
    if dataset.local.get("canmount", dataset.received.get("canmount")) == "off":
        return "'canmount' property is set to 'off'"
    if dataset.mounted:
        return "filesystem already mounted"
    if not tree.key_loaded(dataset):
        return "encryption key not loaded"
    if dataset.inconsistent:
        return (
            'Contains partially-completed state from "zfs receive -s", '
            'which can be resumed with "zfs send -t"'
        )
    return "" if tree.unlocked(dataset) else "Permission denied"


async def unmount(call: Call) -> int:
    """Unmount a filesystem, or all (`-a`)."""
    options = parse(call, "afu")
    if options.has("a"):
        for dataset in call.pool.datasets.values():
            dataset.mounted = False
        return 0
    if not options.rest:
        call.misuse("missing filesystem argument")
    dataset = call.open_dataset(options.rest[0])
    name = dataset.name
    if tree.mountpoint(call.pool, dataset) == "legacy":
        call.err(f"cannot unmount '{name}': legacy mountpoint")
        call.fail("use umount(8) to unmount this filesystem")
    if not dataset.mounted:
        call.fail(f"cannot unmount '{name}': not currently mounted")
    for each in tree.descendants(call.pool, name):
        each.mounted = False
    return 0
