"""The few programs besides zfs that a demo's hosts need: to write data, and to shape the link."""

from __future__ import annotations

import shlex

from sealift.demo.shells.session import Hello
from sealift.demo.world import tree
from sealift.demo.world.model import World

_FAIR = (
    "qdisc fq_codel 0: dev {} root refcnt 2 limit 10240p flows 1024 quantum 1514 target 5ms "
    "interval 100ms memory_limit 32Mb ecn drop_batch 64 "
)
_FILES = 212  # in every filesystem of a demo
_USAGE = "usage: fill DATASET MIB\n"


def fill(world: World, hello: Hello) -> tuple[str, int]:
    """`fill DATASET MIB`: what a program that writes files would do to a dataset."""
    pool = world.hosts[hello.host].pool
    if len(hello.words) != 2 or not hello.words[1].isdigit():  # noqa: PLR2004 - as in the usage
        return _USAGE, 2
    dataset = pool.datasets.get(hello.words[0])
    size = int(hello.words[1]) << 20
    if dataset is None or tree.available(pool, dataset) < size:
        return f"fill: {hello.words[0]}: no such dataset, or no space left on it\n", 1
    tree.write(pool, dataset, size)
    return "", 0


def find(world: World, hello: Hello) -> tuple[str, int]:
    """`find PLACE …`: the names below where a dataset is mounted; what `-exec` reads is empty."""
    pool = world.hosts[hello.host].pool
    place, *rest = hello.words
    for dataset in pool.datasets.values():
        if dataset.mounted and tree.mountpoint(pool, dataset) == place:
            names = (place, *(f"{place}/{number:04}" for number in range(1, _FILES + 1)))
            return "" if "-exec" in rest else "".join(f"{name}\n" for name in names), 0
    return f"find: '{place}': No such file or directory\n", 1


def tc(world: World, hello: Hello) -> tuple[str, int]:
    """`tc`, as far as showing and removing what shapes the link between the hosts."""
    match hello.words:
        case ("-s", "qdisc", "show", *_) | ("qdisc", "show", *_) | ("qdisc",):
            lines = [
                ("lo", "qdisc noqueue 0: dev lo root refcnt 2 "),
                ("eth0", _FAIR.format("eth0")),
                ("eth1", _FAIR.format("eth1")),
            ]
            rate = world.link.rate
            if rate is not None and rate < world.link.wire:
                bits = f"{rate * 8 // 1_000_000}Mbit"
                shaper = f"qdisc tbf 8001: dev eth1 root refcnt 2 rate {bits} burst 64Kb lat 200ms "
                lines[2] = ("eth1", shaper)
            named = hello.words[-1] if "dev" in hello.words else ""
            return "".join(f"{line}\n" for name, line in lines if named in {"", name}), 0
        case ("qdisc", "del", "dev", "eth1", "root"):
            world.link.rate = world.link.wire
            words = shlex.join(("tc", *hello.words))
            world.hosts[hello.host].changed.append((world.clock(), words))
            return "", 0
    return "only `tc qdisc show` and `tc qdisc del dev eth1 root` are part of this demo\n", 1
