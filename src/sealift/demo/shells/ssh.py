"""The server's side of one ssh session: what gets through, and what its ends notice when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sealift.demo.shells import wire
from sealift.demo.shells.pacing import Pace
from sealift.demo.shells.session import Channel
from sealift.demo.shells.tcp import Connection
from sealift.demo.world.model import World

_LOOK = 0.1  # seconds
_PIECE = 1 << 16


class Ssh:
    """One session. `client` is its client's process, `server` its sshd's (0 before it is known).

    `alive` tells whether ssh looks after its server.
    """

    def __init__(self, world: World, connection: Connection, client: int, *, alive: bool) -> None:
        self.connection = connection
        self.client, self.server = client, 0
        self._world = world
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
            why = f"Timeout, server {self.connection.server} not responding."
        channel.put(wire.ERR, f"{why}\r\n".encode())
        channel.put(wire.EXIT, b"255")
        await channel.drain()

    def client_gone(self) -> None:
        """The client has ended. The far end hears of that only if the hosts reach each other."""
        self.connection.client_open = False
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


async def serve_link(
    channel: Channel, pace: Pace, session: Ssh, sender: str, carried: Callable[[int], None]
) -> None:
    """Let one direction of a session, from this host, go at the link's rate."""
    way = session.connection.way(sender)
    while True:
        letter, data = await channel.get()
        if letter == wire.END:
            await session.through()
        else:
            size = int.from_bytes(data, "big")
            with way.carrying(size, pace.seconds(size)):
                await pace.take(size)
            carried(size)
        channel.put(wire.GO, min(_PIECE, pace.piece).to_bytes(8, "big"))
