"""What every reader of a host's output shares: one error, and the few conversions that can fail.

The output of a host is input that anyone may have written. A reader gives back a value or raises
`ParseError`; it never raises anything else, whatever the bytes.
"""

from __future__ import annotations

from sealift.zfs.names import printable

_SHOWN = 200
# 2**64 - 1 has 20 digits. Anything longer is not a number that ZFS printed, and `int` refuses
# absurd lengths with an error of its own.
_MAX_DIGITS = 20


class ParseError(ValueError):
    """A host's output did not have the shape it should have.

    The message names what was being read, what is wrong with it if that can be said, and the text
    itself, on one line, made printable and cut to about 200 characters.
    """

    def __init__(self, reading: str, text: str | bytes, reason: str = "") -> None:
        shown = printable(text_of(text[: _SHOWN * 4])).replace("\n", "\\n").replace("\t", "\\t")
        if len(shown) > _SHOWN or len(text) > _SHOWN * 4:
            shown = shown[:_SHOWN] + "…"
        super().__init__(": ".join(filter(None, (f"cannot read {reading}", reason, f"'{shown}'"))))


def text_of(data: str | bytes) -> str:
    """Output as text. Bytes that are not UTF-8 become U+FFFD, so that this never fails."""
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def lines_of(data: str | bytes) -> list[str]:
    """The lines of an output that are not blank, without their line ends.

    Only a newline ends a line: `str.splitlines` would also split at characters that have no such
    meaning to the programs that wrote the text.
    """
    lines = (line.removesuffix("\r") for line in text_of(data).split("\n"))
    return [line for line in lines if line.strip()]


def is_number(field: str) -> bool:
    """Whether `field` is a plain decimal number of a length that ZFS can print."""
    return field.isascii() and field.isdigit() and len(field) <= _MAX_DIGITS


def number(field: str, reading: str) -> int:
    """A field that must be a plain decimal number. Raises `ParseError`."""
    if not is_number(field):
        raise ParseError(reading, field, "a number was expected")
    return int(field)


def number_or_none(field: str, reading: str) -> int | None:
    """A field that is a number, or `-` where ZFS has none. Raises `ParseError`."""
    return None if field == "-" else number(field, reading)
