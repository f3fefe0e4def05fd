"""The processes of a demo's hosts, as the system knows them: found by their environment.

Whatever a shell of a demo starts has the demo's directory in its HOME and in its PATH, also what
left its session (`setsid`). Only Linux shows the environment of others (`/proc`); elsewhere nothing
is found here, and the process groups that `jobs` remembers have to do.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PAUSE = 0.01  # seconds
_PASSES = 200


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a host of a demo. `seconds` is its age; `words` are its arguments."""

    host: str
    pid: int
    parent: int
    seconds: int
    words: tuple[str, ...]


def found(directory: Path) -> tuple[Process, ...]:
    """Every process of the demo in `directory`, on whichever of its hosts."""
    return tuple(_found(directory))


def _found(directory: Path) -> Iterator[Process]:
    mark = os.fsencode(directory) + b"/"
    me = os.getuid()
    for each in _PROC.glob("[0-9]*"):
        try:
            if each.stat().st_uid != me:
                continue
            host = _host((each / "environ").read_bytes(), mark)
            if host is None:
                continue
            words = (each / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            numbers = (each / "stat").read_bytes().rpartition(b")")[2].split()
            parent, started = int(numbers[1]), int(numbers[19])
        except OSError:
            continue  # it has ended meanwhile, or is not for us to see
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
        yield Process(
            host, int(each.name), parent, max(0, int(age)), _as_typed(words, directory, host)
        )


def _host(environment: bytes, mark: bytes) -> str | None:
    """The host that an environment is of, None if it is not of the demo."""
    for entry in environment.split(b"\0"):
        name, _, value = entry.partition(b"=")
        if name in {b"HOME", b"PATH"} and value.startswith(mark):
            return os.fsdecode(value[len(mark) :].partition(b"/")[0])
    return None


def _as_typed(words: list[bytes], directory: Path, host: str) -> tuple[str, ...]:
    """The arguments without the interpreter that a simulated program is run by."""
    texts = [os.fsdecode(word) for word in words]
    for index, text in enumerate(texts[:2]):
        path, _, name = text.rpartition("/")
        if path == str(directory / host / "bin"):
            return name, *texts[index + 1 :]
    behind = texts.index(str(directory)) if str(directory) in texts else 0
    if behind and texts[behind + 1 : behind + 2] == [host]:
        return tuple(texts[behind + 2 :])
    return tuple(texts)


def kill_all(
    directory: Path, host: str | None = None, spare: Collection[int] = frozenset()
) -> None:
    """Kill every process of the demo, or of one of its hosts, until there is none.

    `spare` are process ids that only look as if they were of this host.
    """
    for _ in range(_PASSES):
        left = [
            each for each in found(directory) if host in {None, each.host} and each.pid not in spare
        ]
        if not left:
            return
        for each in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(each.pid, signal.SIGKILL)
        time.sleep(_PAUSE)
