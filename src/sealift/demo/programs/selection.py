"""Which entries `zfs list` and `zfs get` are about: roots, depth and types (zfs_iter.c)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealift.demo.programs.call import Call
from sealift.demo.programs.options import Options
from sealift.demo.programs.values import Entry
from sealift.demo.world import tree
from sealift.demo.world.names import BOOKMARK, FILESYSTEM, SNAPSHOT

_TYPES = {
    "filesystem": "f", "fs": "f", "volume": "v", "vol": "v", "snapshot": "s", "snap": "s",
    "bookmark": "b", "all": "fvsb",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Selection:
    """The kinds wanted (letters as in `Entry.kind`) and how deep; None is all the way down."""

    kinds: str
    depth: int | None
    failed: bool
    roots: tuple[Entry, ...]

    def entries(self) -> Iterator[Entry]:
        """All that is selected, each once, by dataset, snapshots by their age before bookmarks."""
        seen: set[str] = set()
        for root in sorted(self.roots, key=_place):
            for entry in self._below(root):
                if root.snapshot is None or entry.name not in seen:
                    seen.add(entry.name) if root.snapshot is not None else None
                    yield entry

    def _below(self, root: Entry) -> Iterable[Entry]:
        if root.snapshot is not None:
            yield root
            return
        depth = root.dataset.name.count("/")
        for dataset in tree.descendants(root.pool, root.dataset.name):
            level = dataset.name.count("/") - depth
            if self.depth is not None and level > self.depth:
                continue
            entry = Entry(root.pool, dataset)
            if entry.kind in self.kinds:
                yield entry
            if self.depth is not None and level >= self.depth:
                continue
            if "s" in self.kinds:
                for each in dataset.snapshots:
                    yield Entry(root.pool, dataset, each, "@")
            if "b" in self.kinds:
                for each in sorted(dataset.bookmarks, key=lambda bookmark: bookmark.name):
                    yield Entry(root.pool, dataset, each, "#")


def _place(entry: Entry) -> tuple[str, int, int]:
    """Where an entry that was named stands: by dataset, snapshots by age before bookmarks."""
    return (
        entry.dataset.name,
        "@#".find(entry.mark or " "),
        entry.snapshot.createtxg if entry.snapshot else 0,
    )


def select(call: Call, options: Options, names: tuple[str, ...], default: str) -> Selection:
    """Read `-r`, `-d` and `-t`, and open what is named. What cannot be opened is said."""
    kinds = _kinds(call, options) or default
    asked = options.last("t") is not None
    depth = _depth(call, options)
    if not names:
        # Without a name it is everything: all pools, all the way down.
        whole = Entry(call.pool, call.pool.datasets[call.pool.name])
        return Selection(kinds, depth, failed=False, roots=(whole,))
    if depth is None and not options.has("r"):
        depth = 1 if asked and kinds.strip("fv") and not kinds.strip("sb") else 0
    roots: list[Entry] = []
    failed = False
    allowed = _allowed(kinds, call.command, asked=asked)
    for name in names:
        found = call.find(_by_path(call, name), allowed)
        if found is None:
            failed = True
            continue
        roots.append(Entry(call.pool, *found))
    return Selection(
        kinds, None if options.has("r") and depth is None else depth, failed, tuple(roots)
    )


def _allowed(kinds: str, command: str, *, asked: bool) -> tuple[str, ...]:
    if command == "get":
        return (FILESYSTEM, SNAPSHOT, BOOKMARK)
    if not asked:
        return (FILESYSTEM, SNAPSHOT)
    allowed = [FILESYSTEM]
    if "s" in kinds:
        allowed.append(SNAPSHOT)
    if "b" in kinds:
        allowed.append(BOOKMARK)
    return tuple(allowed)


def _kinds(call: Call, options: Options) -> str:
    kinds = ""
    for _, text in options.all("t"):
        for word in text.split(","):
            if word not in _TYPES:
                call.misuse(f"invalid type '{word}'")
            kinds += _TYPES[word]
    return kinds


def _depth(call: Call, options: Options) -> int | None:
    text = options.last("d")
    if text is None:
        return None
    if not text.isdigit():
        call.misuse(f"{text} is not an integer")
    return int(text)


def _by_path(call: Call, name: str) -> str:
    """A path stands for the filesystem that is mounted there."""
    if not name.startswith("/"):
        return name
    for dataset in call.pool.datasets.values():
        if dataset.mounted and tree.mountpoint(call.pool, dataset) == name:
            return dataset.name
    return name
