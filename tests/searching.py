"""Look for words where no secret may be: in what `/proc` shows of every process, and in files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Watch:
    """What `/proc` of this machine shows of every process. `seen` are the command lines."""

    words: tuple[bytes, ...]
    found: list[str] = field(default_factory=list)
    looks: int = 0
    seen: set[bytes] = field(default_factory=set)

    def look(self) -> None:
        self.looks += 1
        for each in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                with suppress(OSError):
                    data = (each / name).read_bytes()
                    if name == "cmdline":
                        self.seen.add(data)
                    if any(word in data for word in self.words):
                        self.found.append(f"{each / name}: {data!r}")


@contextmanager
def watching(*words: bytes, every: float = 0.0) -> Iterator[Watch]:
    """Look as often as can be, or with a pause (seconds): a screen needs the interpreter too."""
    watch, over = Watch(words), threading.Event()

    def forever() -> None:
        while not over.wait(every):
            watch.look()

    thread = threading.Thread(target=forever)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()


def files_with(words: bytes, *folders: Path) -> list[Path]:
    """The files below these folders that hold the words."""
    found = []
    for folder in folders:
        for each in folder.rglob("*"):
            with suppress(OSError):
                if each.is_file() and words in each.read_bytes():
                    found.append(each)
    return found
