"""Many hosts that hold inventories of the factories, and answer what an overview asks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.trouble import Trouble, TroubleError, UnknownKey
from sealift.replication.inventory import Inventory
from sealift.replication.overview import hosts_of
from sealift.routes import Location, Route
from sealift.zfs.listings import Dataset, Snapshot
from sealift.zfs.names import pool_of
from tests.factories import dataset, held, inventory, snapshot

_PROBED = """\
sealift user root
sealift uid 0
sealift host a-host
sealift system Linux
sealift epoch 1766664000
sealift zfs /usr/sbin/zfs
sealift onpath
sealift version zfs-2.3.2
sealift version zfs-kmod-2.3.2
"""


class Said:
    """A command that has ended."""

    def __init__(self, stdout: str, stderr: str, code: int) -> None:
        self._stdout, self._stderr, self._code = stdout.encode(), stderr.encode(), code

    async def write(self, data: bytes | bytearray) -> None:
        """Nothing reads it."""

    async def read_stdout(self) -> bytes:
        said, self._stdout = self._stdout, b""
        return said

    async def read_stderr(self) -> bytes:
        said, self._stderr = self._stderr, b""
        return said

    async def wait(self) -> int:
        return self._code

    def close(self) -> None:
        """It has ended."""


@dataclass
class FleetHost:
    """A transport to a host with these trees. `up` says whether it can be reached.

    `ran` are the zfs and zpool commands, `hangs` lets none of them end.
    """

    where: str
    trees: dict[str, Inventory] = field(default_factory=dict)
    up: bool = True
    hangs: bool = False
    jobs: str = ""
    connected: bool = False
    reached: bool = False
    connects: int = 0
    ran: list[tuple[str, ...]] = field(default_factory=list)
    pools: set[str] = field(default_factory=set)

    async def connect(self) -> None:
        self.connects += 1
        await asyncio.sleep(0)
        if not self.up:
            raise TroubleError(Trouble("host-unreachable", self.where, "nothing answers there"))
        self.connected = True

    async def start(self, words: tuple[str, ...]) -> Said:
        if self.hangs:
            await asyncio.Event().wait()
        program = next((each for each in words if each in {"zfs", "zpool"}), "")
        if any("zfs version" in each for each in words):
            return Said(_PROBED, "", 0)
        if not program:
            return Said(self.jobs, "", 0)
        argv = words[words.index(program) :]
        if argv[1] == "iostat":
            await asyncio.Event().wait()
        self.ran.append(argv)
        if program == "zpool":
            return self._zpool(argv[argv.index("-o") + 2 :])
        return self._zfs(argv[argv.index("-o") + 2 :], snapshots="snapshot,bookmark" in argv)

    def _zpool(self, names: tuple[str, ...]) -> Said:
        there = {pool_of(root) for root in self.trees} | self.pools
        out = "".join(f"{name}\t99\t50\t49\t3\t50\tONLINE\n" for name in names if name in there)
        missing = [name for name in names if name not in there]
        err = "".join(f"cannot open '{name}': no such pool\n" for name in missing)
        return Said(out, err, int(bool(missing)))

    def _zfs(self, roots: tuple[str, ...], *, snapshots: bool) -> Said:
        out = err = ""
        for root in roots:
            shown = [
                each
                for tree in self.trees.values()
                for each in tree.datasets.values()
                if f"{each.dataset.name}/".startswith(f"{root}/")
            ]
            if not shown:
                err += f"cannot open '{root}': dataset does not exist\n"
            for each in shown:
                if not snapshots:
                    out += _dataset_line(each.dataset)
                    continue
                for one in (*each.snapshots, *each.bookmarks):
                    out += _snapshot_line(each.dataset.name, one)
        return Said(out, err, int(bool(err)))

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        raise AssertionError(f"no key was shown: {key}, {remember}")

    async def close(self) -> None:
        self.connected = False


def _dataset_line(it: Dataset) -> str:
    fields = (
        it.name, it.kind, it.guid, it.createtxg, it.creation, it.used, it.available, it.referenced,
        it.encryption, it.encryption_root, it.key_status.value, it.key_format, it.key_guid,
        "yes" if it.mounted else "no", "on" if it.readonly else "off", it.resume_token, it.origin,
        it.written,
    )  # fmt: skip
    return "\t".join("-" if each is None else str(each) for each in fields) + "\n"


def _snapshot_line(name: str, it: Snapshot) -> str:
    mark = "#" if it.bookmark else "@"
    fields = (
        f"{name}{mark}{it.name}", it.guid, it.createtxg, it.creation, it.used, it.written,
        it.ivsetguid, it.userrefs,
    )  # fmt: skip
    return "\t".join("-" if each is None else str(each) for each in fields) + "\n"


def tree(root: str, *guids: int, children: tuple[str, ...] = (), key: int = 77) -> Inventory:
    """A tree whose datasets have snapshots of these guids each."""
    entries = {
        name or "top": held(
            dataset(f"{root}/{name}" if name else root, key=key),
            *(snapshot(f"rep-{guid}", guid) for guid in guids),
        )
        for name in ("", *children)
    }
    return inventory(root, **entries)


@dataclass
class Fleet:
    """Hosts by name, and the routes between them."""

    routes: list[Route] = field(default_factory=list)
    hosts: dict[str, FleetHost] = field(default_factory=dict)

    def add(
        self, name: str, source: Inventory | None, destination: Inventory | None, *ends: str
    ) -> Route:
        """A route from `nas1` to `dr1`, or between `ends`, with what either side holds."""
        here, there = ends or ("nas1", "dr1")
        roots = (
            source.root if source else f"tank/{name}",
            destination.root if destination else f"backup/{name}",
        )
        route = Route(Location("root", here, roots[0]), Location("root", there, roots[1]), name)
        self.routes.append(route)
        for end, held_there in ((route.source, source), (route.destination, destination)):
            host = self.hosts.setdefault(end.where, FleetHost(end.where))
            host.pools.add(pool_of(end.dataset))
            if held_there is not None:
                host.trees[end.dataset] = held_there
        return route

    def open(
        self,
        routes: Sequence[Route] = (),
        gate: Gate | None = None,
        log: CommandLog | None = None,
    ) -> dict[str, Host]:
        """The hosts of these routes, or of all, as an overview needs them."""
        gate, log = gate or Gate(read_only=True), log or CommandLog()
        ends = hosts_of(routes or self.routes)
        return {end.where: Host(self.hosts[end.where], gate, log) for end in ends}
