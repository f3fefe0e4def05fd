"""The server's side of one ssh session: what gets through, and what its ends notice when."""

from __future__ import annotations

import asyncio

from sealift.demo.shells import wire
from sealift.demo.shells.pacing import Pace
from sealift.demo.shells.session import Channel
from sealift.demo.world.model import World

_LOOK = 0.1  # seconds
_PIECE = 1 << 16


class Ssh:
    """One session. `host` is where its shell is, `alive` whether ssh looks after its server."""

    def __init__(self, world: World, host: str, *, alive: bool) -> None:
        self._world = world
        self._host = host
        self._alive = alive
        self._abandoned = False
        self._ends = 2

    async def watch(self, channel: Channel) -> None:
        """Let the client give up when nothing has got through for long enough."""
        loop = asyncio.get_running_loop()
        link = self._world.link
        since: float | None = None
        while True:
            await asyncio.sleep(_LOOK)
            if self._world.connected:
                since = None
                continue
            since = since or loop.time()
            if loop.time() - since > (link.patience if self._alive else link.retries):
                break
        self.client_gone()
        why = "client_loop: send disconnect: Broken pipe"
        if self._alive:
            why = f"Timeout, server {self._host} not responding."
        channel.put(wire.ERR, f"{why}\r\n".encode())
        channel.put(wire.EXIT, b"255")
        await channel.drain()

    def client_gone(self) -> None:
        """The client has ended. The far end hears of that only if the hosts reach each other."""
        self._abandoned = self._abandoned or not self._world.connected

    def ended(self) -> bool:
        """One of its two processes has ended; whether it was the last."""
        self._ends -= 1
        return self._ends == 0

    async def through(self) -> None:
        """Wait until one end can know that the other has closed."""
        # Nobody announces that a fact of the world has changed.
        while not self._world.connected:  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)
        if self._abandoned:
            await asyncio.sleep(self._world.link.linger)


async def serve_link(channel: Channel, pace: Pace, session: Ssh) -> None:
    """Let one direction of a session go at the link's rate."""
    while True:
        letter, data = await channel.get()
        if letter == wire.END:
            await session.through()
        else:
            await pace.take(int.from_bytes(data, "big"))
        channel.put(wire.GO, min(_PIECE, pace.piece).to_bytes(8, "big"))
