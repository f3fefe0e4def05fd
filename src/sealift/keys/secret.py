"""A secret on its way to one command's stdin: kept in one buffer, shown nowhere, overwritten.

Python cannot promise that no copy was made below us (pipes, the SSH library's cipher); what is ours
is overwritten, and a secret never becomes a `str`, which nothing can overwrite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, Self

SHORTEST, LONGEST = 8, 512  # bytes of a passphrase (libzfs_crypto.c)
RAW, HEX = 32, 64  # bytes of a raw key, digits of one in hex
# What travels has always the same length: how long it is stands in a command line on the host
# (`remote/watch.sh`). `zfs load-key` reads one line and leaves the rest.
_PADDED = 600
_LINE_END = 0x0A
_DIGITS = frozenset(b"0123456789abcdefABCDEF")


class Secret:
    """A passphrase or a key. Takes the buffer over: whoever made it must not use it any more.

    As a context manager it is overwritten at the end.
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytearray) -> None:
        self._data = data

    def __repr__(self) -> str:
        return "Secret(•••)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it, or nothing any more."""
        return not self._data

    def wipe(self) -> None:
        """Overwrite it; it is empty afterwards."""
        _overwrite(self._data)
        self._data.clear()

    def flaw(self, keyformat: str | None) -> str:
        """Why this cannot be a key of that format, as a sentence; empty if it can.

        What ZFS would say is said before anything is sent. The sentence tells lengths only where
        the format fixes them.
        """
        size = len(self._data)
        if not size:
            return "Nothing was given."
        if keyformat == "raw":
            return _raw_flaw(self._data)
        if keyformat == "hex":
            return _hex_flaw(_line(self._data))
        if b"\n" in self._data[:-1]:
            return "A passphrase is one line; this has several."
        written = len(_line(self._data))
        if written < SHORTEST:
            return f"A passphrase has at least {SHORTEST} bytes; this is shorter."
        if written > LONGEST:
            return f"A passphrase has at most {LONGEST} bytes; this is longer."
        return ""

    @contextmanager
    def on_stdin(self, keyformat: str | None) -> Iterator[bytearray]:
        """The bytes for `zfs load-key`'s stdin, overwritten when the context is left.

        Raises `ValueError` if it has a flaw.
        """
        if self.flaw(keyformat):
            raise ValueError("this cannot be a key of that format")
        buffer = bytearray(self._data)
        if keyformat != "raw":
            if buffer[-1] == _LINE_END:
                del buffer[-1]
            buffer.extend(b"\n" * (_PADDED - len(buffer)))
        try:
            yield buffer
        finally:
            _overwrite(buffer)


def _overwrite(buffer: bytearray) -> None:
    """Zeros in the place of what it held; a reader may still look at it, so it keeps its size."""
    for index in range(len(buffer)):
        buffer[index] = 0


def _line(data: bytearray) -> bytearray:
    return data[:-1] if data[-1] == _LINE_END else data


def _raw_flaw(data: bytearray) -> str:
    if len(data) == RAW + 1 and data[-1] == _LINE_END:
        return (
            f"A raw key is {RAW} bytes; this has {RAW + 1}, the last of them a line end: an editor "
            "or `echo` wrote it."
        )
    if len(data) != RAW:
        return f"A raw key is {RAW} bytes; this has {len(data)}."
    return ""


def _hex_flaw(line: bytearray) -> str:
    if not all(byte in _DIGITS for byte in line):
        return "A hex key has only the digits 0 to 9 and a to f; this has something else."
    if len(line) != HEX:
        return f"A hex key has {HEX} digits; this has {len(line)}."
    return ""
