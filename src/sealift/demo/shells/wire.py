"""What the programs of a demo and its server say to each other, and the frame of a stream.

This module is read by programs that start with `python -I -S` for each `zfs list`: it imports
nothing that costs, and nothing of sealift.

A message is a letter, the length of the rest as four bytes, and the rest.
"""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX, SOCK_STREAM, socket

# From the server: text for stdout and stderr, the exit code, a question for a secret, that a
# transfer begins, and of a transfer: a record to write as it is, payload to write, leave to go on.
OUT, ERR, EXIT, ASK, SEND, RECEIVE, RECORD, PAYLOAD, GO = (
    b"O",
    b"E",
    b"X",
    b"K",
    b"S",
    b"V",
    b"R",
    b"D",
    b"G",
)
# To the server: an answer to the question, that a write is done, the end of stdin (of a link: that
# one side has closed), that what came was no stream, a process group that was started. RECORD and
# PAYLOAD mean what was read.
SECRET, DONE, END, GARBAGE, GROUP = b"K", b"A", b"F", b"M", b"C"

# The frame of a stream: a block as long as a real record, then what it announces.
BLOCK = 312
MAGIC = b"SEALIFT\n"
PACKAGE, BEGIN, DATA, FINISH, PACKAGE_END = b"P", b"B", b"D", b"E", b"Z"


def block(kind: bytes, length: int) -> bytes:
    """The block that announces `length` bytes of a kind."""
    return (MAGIC + kind + length.to_bytes(8, "big")).ljust(BLOCK, b"\0")


class Connection:
    """A blocking connection to the server of a demo, from a program of it."""

    def __init__(self, directory: str, fields: list[str]) -> None:
        with open(f"{directory}/key", "rb") as file:  # noqa: PTH123 - pathlib takes 10 ms
            key = file.read()
        self._socket = socket(AF_UNIX, SOCK_STREAM)
        try:
            self._socket.connect(f"{directory}/socket")
        except OSError:
            die("the demo that this shell belongs to has ended")
        self._buffer = b""
        self.send(key, "\0".join(fields).encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Leave it to another process that has it as well."""
        self._socket.close()

    def send(self, letter: bytes, data: bytes = b"") -> None:
        """Send a message."""
        try:
            self._socket.sendall(letter + len(data).to_bytes(4, "big") + data)
        except OSError:
            os._exit(1)

    def receive(self) -> tuple[bytes, bytes]:
        """The next message; the process ends if the server is gone."""
        head = self._exactly(5)
        return head[:1], self._exactly(int.from_bytes(head[1:], "big"))

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                data = self._socket.recv(1 << 18)
            except OSError:
                data = b""
            if not data:
                os._exit(1)
            self._buffer += data
        found, self._buffer = self._buffer[:size], self._buffer[size:]
        return found


def hello(host: str, program: str, words: list[str]) -> list[str]:
    """What a program says of itself first."""
    terminals = "".join("1" if os.isatty(number) else "0" for number in (0, 1, 2))
    ids = [str(each) for each in (os.getpid(), os.getppid())]
    return [host, program, *ids, terminals, *words]


def write_all(number: int, data: bytes) -> None:
    """Write to a file descriptor until it is all gone."""
    while data:
        data = data[os.write(number, data) :]


def die(why: str, code: int = 1) -> None:
    """End with a sentence."""
    sys.stderr.write(f"{why}\n")
    sys.stderr.flush()
    os._exit(code)
