"""Cut a stream of bytes into lines."""

from __future__ import annotations

from collections.abc import Callable


class Lines:
    """Takes bytes as they come and hands on whole lines, without their newline.

    `rest` is what came after the last newline.
    """

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self.rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self._take(line)
