"""What a transport has to be able to do: start words on a host and give us their output."""

from __future__ import annotations

from typing import Protocol

from sealift.hosts.trouble import UnknownKey


class Process(Protocol):
    """A running command. Its stdin stays open until `close`, which ends it (`remote/watch.sh`).

    All but `close` raise `TroubleError` if the connection goes away.
    """

    async def write(self, data: bytes | bytearray) -> None:
        """Hand `data` to the command. One that reads no further is no error."""
        ...

    async def read_stdout(self) -> bytes:
        """The next bytes of stdout, `b""` at its end."""
        ...

    async def read_stderr(self) -> bytes:
        """The next bytes of stderr, `b""` at its end."""
        ...

    async def wait(self) -> int:
        """The exit code; 128 + n after signal n."""
        ...

    def close(self) -> None:
        """Give up: close stdin, which ends the command on its host. Also safe when it has ended."""
        ...


class Transport(Protocol):
    """A way to a host. `where` is how the user wrote it: `root@nas1`, or `this machine`."""

    @property
    def where(self) -> str:
        """The host as the user named it."""
        ...

    @property
    def connected(self) -> bool:
        """Whether commands can be started now."""
        ...

    @property
    def reached(self) -> bool:
        """Whether the host has taken up the connection that is being made, or that there is."""
        ...

    async def connect(self) -> None:
        """Make the connection. Raises `TroubleError`."""
        ...

    async def start(self, words: tuple[str, ...]) -> Process:
        """Start a program by its words. Raises `TroubleError`."""
        ...

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        """Trust a host key that the operator accepted. Raises `OSError` if it cannot be kept."""
        ...

    async def close(self) -> None:
        """End the connection and all that runs over it."""
        ...
