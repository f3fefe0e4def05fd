"""What the kernel of a demo's host counts: CPU time, the link's bytes, transaction groups.

The processes are this machine's, and so is what they sleep in. What they carry is the world's:
their CPU times are those that the real programs need for as many bytes, not what Python needs.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sealift.demo.world.model import Pool

GROUP = 5.12  # seconds until a transaction group is closed (zfs_txg_timeout, in ticks)
# Bytes that one core carries in a second: ssh enciphers and sums them, zfs only hands them on.
SSH, SEND, RECEIVE = 500_000_000, 3_000_000_000, 2_000_000_000
_GROUPS = 100  # that are remembered (zfs_txg_history)
_PAST = 20  # that there were before the demo began
_UNLIMITED = 600_000_000  # bytes a second that a pool without a rate writes


@dataclass(frozen=True, slots=True)
class Group:
    """A transaction group that was written. Born so many seconds after boot, `size` in bytes."""

    number: int
    born: float
    size: int
    synced: float  # seconds that writing it took


class Kernel:
    """One host since it was booted. `delays` counts the writes that its pool has held back.

    `cpu` is all seconds that programs used, `sent` and `received` are bytes over the link.
    """

    def __init__(self, pool: Pool, delays: Callable[[], int]) -> None:
        self.delays = delays
        self.cpu = 0.0
        self.sent = self.received = 0
        self._pool = pool
        self._used: dict[int, float] = {}  # seconds, by process
        now = uptime()
        past = ((pool.txg - back, now - GROUP * back) for back in range(_PAST, 0, -1))
        self.groups = deque((Group(txg, at, 0, 0.001) for txg, at in past if at > 0), _GROUPS)
        self.open = Group(pool.txg, now, 0, 0.0)
        self._written = pool.traffic.write_bytes

    def work(self, pid: int, size: int, core: int) -> None:
        """A process carried `size` bytes, of which a core manages `core` in a second."""
        self._used[pid] = self._used.get(pid, 0.0) + size / core
        self.cpu += size / core

    def used(self, pid: int) -> float:
        """The CPU time of a process, in seconds."""
        return self._used.get(pid, 0.0)

    def forget(self, pid: int) -> None:
        """A process has ended; its number may be another's."""
        self._used.pop(pid, None)

    @property
    def writes(self) -> int:
        """The operations that the pool's disks wrote."""
        return self._pool.traffic.write_operations

    def close_group(self) -> None:
        """Close the open transaction group, and open the next."""
        size = self._pool.traffic.write_bytes - self._written
        synced = 0.001 + size / (self._pool.write_rate or _UNLIMITED)
        self.groups.append(Group(self.open.number, self.open.born, size, synced))
        self.open = Group(self.open.number + 1, uptime(), 0, 0.0)
        self._written += size


def uptime() -> float:
    """Seconds since boot, as /proc/uptime has them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
