"""How fast bytes may go through something that has a rate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_PIECES = 20  # a second, so that a rate that changes is felt at once
_SMALLEST = 4096
_LARGEST = 1 << 18
_BURST = 0.05  # seconds that may be made up for
_STALLED = 0.1


class Pace:
    """Lets bytes through at `rate()` bytes a second, whoever they are of; None is no limit.

    `waits` counts how often something had to wait.
    """

    def __init__(self, rate: Callable[[], int | None]) -> None:
        self._rate = rate
        self._free_at = 0.0
        self.waits = 0

    @property
    def piece(self) -> int:
        """How much to take at once."""
        rate = self._rate()
        if rate is None:
            return _LARGEST
        return min(_LARGEST, max(_SMALLEST, rate // _PIECES))

    def seconds(self, size: int) -> float:
        """How long `size` bytes take at the rate of now; nothing if there is no limit."""
        return size / rate if (rate := self._rate()) else 0.0

    async def take(self, size: int) -> None:
        """Wait until `size` bytes may go."""
        loop = asyncio.get_running_loop()
        # Nobody announces that a number of the world has changed.
        while (rate := self._rate()) == 0:  # noqa: ASYNC110
            await asyncio.sleep(_STALLED)
        if rate is None:
            return
        now = loop.time()
        self._free_at = max(now - _BURST, self._free_at) + size / rate
        if self._free_at > now:
            self.waits += 1
            await asyncio.sleep(self._free_at - now)
