"""The simulated `zfs` and `zpool`: carry words to the server, and bytes between pipe and pipe.

Started as `python -I -S program.py DIRECTORY HOST PROGRAM [WORD...]`. The server decides
everything; what happens here is what has to happen in a process of its own, so that a sender whose
reader is slow really is blocked in its write.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
from _thread import start_new_thread

TYPE_CHECKING = False  # as typing's, which would take 10 ms to import
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

if TYPE_CHECKING:
    from sealift.demo.shells import wire
else:
    import wire

_PIECE = 1 << 16


def main() -> None:
    """Serve the server until it says how to end."""
    # Like the real ones: a sender that nobody reads any more dies of SIGPIPE.
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    directory, host, program, *words = sys.argv[1:]
    connection = wire.Connection(directory, wire.hello(host, program, words))
    while True:
        letter, data = connection.receive()
        if letter == wire.OUT:
            wire.write_all(1, data)
        elif letter == wire.ERR:
            wire.write_all(2, data)
        elif letter == wire.ASK:
            format_, _, prompt = data.partition(b"\0")
            connection.send(wire.SECRET, _secret(format_.decode(), prompt))
        elif letter == wire.SEND:
            _send(connection)
        elif letter == wire.RECEIVE:
            _receive(connection)
        elif letter == wire.EXIT:
            os._exit(int(data))


def _secret(format_: str, prompt: bytes) -> bytes:
    if os.isatty(0):
        return _typed(prompt)
    if format_ == "raw":
        return os.read(0, 33)
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return line


def _typed(prompt: bytes) -> bytes:
    import termios  # noqa: PLC0415 - only with a terminal

    before = termios.tcgetattr(0)
    silent = termios.tcgetattr(0)
    silent[3] &= ~termios.ECHO
    wire.write_all(2, prompt)
    termios.tcsetattr(0, termios.TCSAFLUSH, silent)
    try:
        return os.read(0, 4096)
    finally:
        termios.tcsetattr(0, termios.TCSAFLUSH, before)
        wire.write_all(2, b"\n")


def _send(connection: wire.Connection) -> None:
    """Write a stream. The main thread is the one that blocks, as it is with the real zfs send."""
    from _queue import SimpleQueue  # noqa: PLC0415 - only here

    waiting: SimpleQueue[tuple[bytes, bytes]] = SimpleQueue()

    def listen() -> None:
        while True:
            letter, data = connection.receive()
            if letter == wire.ERR:
                wire.write_all(2, data)  # once a second, also while the main thread is blocked
                continue
            waiting.put((letter, data))
            if letter == wire.EXIT:
                return

    start_new_thread(listen, ())
    filler = os.urandom(_PIECE)
    while True:
        letter, data = waiting.get()
        if letter == wire.EXIT:
            os._exit(int(data))
        if letter == wire.RECORD:
            wire.write_all(1, data)
        else:
            size = int.from_bytes(data, "big")
            wire.write_all(1, wire.block(wire.DATA, size))
            while size > 0:
                wire.write_all(1, filler[:size])
                size -= min(size, _PIECE)
        connection.send(wire.DONE)


def _receive(connection: wire.Connection) -> None:
    """Read a stream, and do with each piece what the server says."""
    ended = None
    while ended is None:
        ended = _record(connection)
    connection.send(ended)


def _record(connection: wire.Connection) -> bytes | None:
    """Read one record; the message to end with if it is the last or none."""
    head = _read(wire.BLOCK)
    if len(head) < wire.BLOCK:
        return wire.END
    if head[:8] != wire.MAGIC:
        return wire.GARBAGE
    kind, left = head[8:9], int.from_bytes(head[9:17], "big")
    if kind == wire.DATA:
        while left > 0:
            piece = os.read(0, min(left, _PIECE))
            if not piece:
                return wire.END
            left -= len(piece)
            connection.send(wire.PAYLOAD, len(piece).to_bytes(8, "big"))
            _go_on(connection)
        return None
    text = _read(left)
    if len(text) < left:
        return wire.END
    connection.send(wire.RECORD, kind + text)
    _go_on(connection)
    return wire.END if kind == wire.PACKAGE_END else None


def _go_on(connection: wire.Connection) -> None:
    while True:
        letter, data = connection.receive()
        if letter == wire.GO:
            return
        if letter == wire.EXIT:
            os._exit(int(data))
        wire.write_all(1 if letter == wire.OUT else 2, data)


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            break
        data += piece
    return data


if __name__ == "__main__":
    main()
