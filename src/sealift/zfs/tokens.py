"""Resume tokens, read without asking ZFS and without trusting who sent them.

A token is `1-CHECKSUM-LENGTH-PAYLOAD`, all hexadecimal behind the version. The payload is a
zlib-compressed nvlist in native encoding, LENGTH its size before compression, CHECKSUM the first
word of fletcher4 over the compressed bytes. Sources: `get_receive_resume_token_impl` in
`module/zfs/dsl_dataset.c`, `zfs_send_resume_token_to_nvlist` in `lib/libzfs/libzfs_sendrecv.c`,
`module/nvpair/nvpair.c`.

A token comes from the destination, and the source obeys it: a forged one can name another snapshot
or leave out `rawok`, and the data then leaves in the clear (openzfs#14153). The checksum proves
nothing, anyone can compute it. So a token is decoded here and held against the plan (`mismatch`).
Decoding is stricter than libzfs: what libzfs ignores (trailing bytes, repeated names, flags that
carry a value) is refused, so that both never read two things out of one token.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from sealift.zfs.names import BadNameError, printable, split_snapshot
from sealift.zfs.parse import ParseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READING = "a resume token"
_SHAPE = re.compile(r"([0-9]{1,9})-([0-9a-f]{1,16})-([0-9a-f]{1,16})-((?:[0-9a-f]{2})+)")
_MAX_TEXT = 64 * 1024
_MAX_UNPACKED = 1024 * 1024

# A native nvlist: encoding, endianness, two bytes unused; version, flags; then pairs, each with
# its size, the size of its name, padding, the number of elements and the type of its value.
_ENCODING_NATIVE = 0
_LIST_HEADER = 12
_PAIR_HEADER = 16
_WORD = 8
_BOOLEAN, _UINT64, _STRING, _UINT64_ARRAY = 1, 8, 9, 16
_UNIQUE_NAMES = 1

_Order = Literal["little", "big"]
_Value = bool | int | str | tuple[int, ...]
_T = TypeVar("_T")
_FLAGS = ("largeblockok", "embedok", "compressok", "rawok", "savedok")
_NUMBERS = ("fromguid", "object", "offset", "bytes", "toguid")
_REDACTIONS = ("redact_snaps", "book_redact_snaps")


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """What a destination says it has of one snapshot, and where the rest begins.

    `to_name` (`dataset@snapshot`, on the source when the token was made) is a hint: ZFS looks the
    snapshot up by `to_guid`. `from_guid` is the guid of the incremental source, None for a full
    send. `object` and `offset` say where the stream starts again, `bytes_received` how much of the
    stream the destination has. `raw` (rawok) is set only if the stream carries encrypted data as
    it is; a `-w` send of an unencrypted dataset does not set it.
    """

    to_name: str
    to_guid: int
    from_guid: int | None = None
    object: int = 0
    offset: int = 0
    bytes_received: int = 0
    raw: bool = False
    compress: bool = False
    embed: bool = False
    large_blocks: bool = False
    saved: bool = False
    redacted: bool = False
    text: str = ""


def mismatch(
    token: ResumeToken, *, to_guid: int, from_guid: int | None, encrypted: bool = True
) -> str | None:
    """Why `token` must not be used for the send that was planned, in a sentence; None if it may.

    `to_guid` and `from_guid` (None for a full send) are those of the source's own snapshots.
    `encrypted` says whether the dataset on the source is: only then does a raw stream set `rawok`.
    """
    if encrypted and not token.raw:
        return (
            "the token is not for a raw stream (rawok is missing): "
            "resuming it without -w would send the data in the clear"
        )
    if token.redacted:
        return "the token is for a redacted stream, which a raw send cannot continue"
    if token.to_guid != to_guid:
        return (
            f"the token is for another snapshot: it names {printable(token.to_name)} with guid "
            f"{token.to_guid}, planned is guid {to_guid}"
        )
    if token.from_guid != from_guid:
        return (
            f"the token starts from another base: {_base(token.from_guid)}, "
            f"planned is {_base(from_guid)}"
        )
    return None


def _base(guid: int | None) -> str:
    return "none (a full send)" if guid is None else f"guid {guid}"


def decode(text: str) -> ResumeToken:
    """Read a token as `receive_resume_token` shows it.

    Raises `ParseError` for anything that is not a whole, well-formed token.
    """
    shape = _SHAPE.fullmatch(text) if len(text) <= _MAX_TEXT else None
    if shape is None:
        raise ParseError(_READING, text, "not of the form 1-CHECKSUM-LENGTH-PAYLOAD")
    version, checksum, length, payload = shape.groups()
    if version != "1":
        raise ParseError(_READING, text, f"version {version} is unknown")
    compressed = bytes.fromhex(payload)
    if int(checksum, 16) not in (_checksum(compressed, "little"), _checksum(compressed, "big")):
        raise ParseError(_READING, text, "the checksum is wrong")
    try:
        pairs = _unpack(_decompress(compressed, int(length, 16)))
        return _token(pairs, text)
    except _CorruptError as error:
        raise ParseError(_READING, text, str(error)) from None


class _CorruptError(Exception):
    """What is wrong inside a token whose shape and checksum are right."""


def _checksum(data: bytes, order: _Order) -> int:
    # fletcher4's first word is the plain sum of 32-bit words. `fletcher_4_native_varsize` drops a
    # trailing part of a word (openzfs#10517). "Native" is the order of the host that made the
    # token.
    words = len(data) // 4
    mark = "<" if order == "little" else ">"
    total: int = sum(struct.unpack_from(f"{mark}{words}I", data))
    return total & (2**64 - 1)


def _decompress(compressed: bytes, length: int) -> bytes:
    if length > _MAX_UNPACKED:
        raise _CorruptError(f"it claims to unpack to {length} bytes")
    stream = zlib.decompressobj()
    try:
        packed = stream.decompress(compressed, length + 1)
    except zlib.error:
        raise _CorruptError("its payload does not decompress") from None
    if len(packed) != length or not stream.eof or stream.unused_data:
        raise _CorruptError("its payload is not as long as it says")
    return packed


def _unpack(packed: bytes) -> dict[str, _Value]:
    if len(packed) < _LIST_HEADER or packed[0] != _ENCODING_NATIVE or packed[1] not in (0, 1):
        raise _CorruptError("its payload is not a native nvlist")
    mark = "<" if packed[1] == 1 else ">"
    version, _flags = struct.unpack_from(mark + "iI", packed, 4)
    if version != 0:
        raise _CorruptError(f"its nvlist has version {version}")
    pairs: dict[str, _Value] = {}
    for name, value in _pairs(packed, mark):
        if name in pairs:
            raise _CorruptError(f"it says {printable(name)!r} twice")
        pairs[name] = value
    return pairs


def _pairs(packed: bytes, mark: str) -> Iterator[tuple[str, _Value]]:
    at = _LIST_HEADER
    while True:
        if at + 4 > len(packed):
            raise _CorruptError("its nvlist has no end")
        (size,) = struct.unpack_from(mark + "i", packed, at)
        if size == 0:
            break
        if size < _PAIR_HEADER or at + size > len(packed):
            raise _CorruptError("its nvlist is cut")
        yield _pair(packed[at : at + size], mark)
        at += size
    if at + 4 != len(packed):
        raise _CorruptError("there is more behind its nvlist")


def _pair(pair: bytes, mark: str) -> tuple[str, _Value]:
    _size, name_size, _pad, elements, kind = struct.unpack_from(mark + "ihhii", pair)
    start = _align(_PAIR_HEADER + name_size)
    if name_size < 1 or start > len(pair):
        raise _CorruptError("a name in its nvlist is out of bounds")
    name = _string(pair[_PAIR_HEADER : _PAIR_HEADER + name_size])
    value = pair[start:]
    if kind == _BOOLEAN and elements == 0:
        return name, True
    if kind == _UINT64 and elements == 1 and len(value) >= _WORD:
        (number,) = struct.unpack_from(mark + "Q", value)
        return name, int(number)
    if kind == _STRING and elements == 1:
        return name, _string(value[: value.find(b"\0") + 1])
    if kind == _UINT64_ARRAY and 0 <= elements <= len(value) // _WORD:
        return name, tuple(struct.unpack_from(f"{mark}{elements}Q", value))
    raise _CorruptError(f"{printable(name)!r} in its nvlist is not of a known type")


def _string(data: bytes) -> str:
    # An nvlist's names and strings end in exactly one NUL.
    if not data.endswith(b"\0") or b"\0" in data[:-1]:
        raise _CorruptError("a text in its nvlist has no end")
    try:
        return data[:-1].decode("ascii")
    except UnicodeDecodeError:
        raise _CorruptError("a text in its nvlist is not ASCII") from None


def _align(size: int) -> int:
    return (size + 7) & ~7


def _token(pairs: Mapping[str, _Value], text: str) -> ResumeToken:
    numbers = {name: _typed(pairs, name, int) for name in _NUMBERS}
    flags = {name: _typed(pairs, name, bool) is True for name in _FLAGS}
    redactions = [_typed(pairs, name, tuple) for name in _REDACTIONS]
    to_name = _typed(pairs, "toname", str)
    # libzfs demands these five as well; a full send has no fromguid.
    missing = [name for name in _NUMBERS[1:] if numbers[name] is None]
    if to_name is None or missing:
        raise _CorruptError(f"it lacks {', '.join([*missing, *([] if to_name else ['toname'])])}")
    try:
        split_snapshot(to_name)
    except BadNameError as error:
        raise _CorruptError(f"it names no snapshot: {error}") from None
    return ResumeToken(
        text=text,
        to_name=to_name,
        to_guid=numbers["toguid"] or 0,
        from_guid=numbers["fromguid"] or None,
        object=numbers["object"] or 0,
        offset=numbers["offset"] or 0,
        bytes_received=numbers["bytes"] or 0,
        raw=flags["rawok"],
        compress=flags["compressok"],
        embed=flags["embedok"],
        large_blocks=flags["largeblockok"],
        saved=flags["savedok"],
        redacted=any(redaction is not None for redaction in redactions),
    )


def _typed(pairs: Mapping[str, _Value], name: str, kind: type[_T]) -> _T | None:
    value = pairs.get(name)
    if value is None:
        return None
    # `bool` is an `int` to isinstance, a flag is not a number here.
    if type(value) is not kind:
        raise _CorruptError(f"{name!r} in its nvlist has the wrong type")
    return value


def encode(token: ResumeToken, order: _Order = "little") -> str:
    """The text of a token as a destination would show it, for the demo and for tests.

    `order` is the byte order of that host; `token.text` plays no part. Raises `ValueError` for a
    redacted token (the list of redaction snapshots is not kept), for a name that is not that of a
    snapshot, and for numbers over 64 bits.
    """
    if token.redacted:
        raise ValueError("a redacted token cannot be written")
    split_snapshot(token.to_name)
    mark = "<" if order == "little" else ">"
    numbers = (token.from_guid, token.object, token.offset, token.bytes_received, token.to_guid)
    flags = (token.large_blocks, token.embed, token.compress, token.raw, token.saved)
    try:
        pairs = [
            _pack(name, _UINT64, struct.pack(mark + "Q", number), mark)
            for name, number in zip(_NUMBERS, numbers, strict=True)
            if number is not None
        ]
    except struct.error:
        raise ValueError("a number in the token does not fit into 64 bits") from None
    pairs.append(_pack("toname", _STRING, token.to_name.encode("ascii") + b"\0", mark))
    set_flags = (name for name, on in zip(_FLAGS, flags, strict=True) if on)
    pairs += [_pack(name, _BOOLEAN, b"", mark) for name in set_flags]
    header = bytes((_ENCODING_NATIVE, 1 if order == "little" else 0, 0, 0))
    packed = header + struct.pack(mark + "iI", 0, _UNIQUE_NAMES) + b"".join(pairs) + bytes(4)
    compressed = zlib.compress(packed, 6)
    return f"1-{_checksum(compressed, order):x}-{len(packed):x}-{compressed.hex()}"


def _pack(name: str, kind: int, value: bytes, mark: str) -> bytes:
    named = name.encode("ascii") + b"\0"
    start = _align(_PAIR_HEADER + len(named))
    size = start + _align(len(value))
    elements = 0 if kind == _BOOLEAN else 1
    header = struct.pack(mark + "ihhii", size, len(named), 0, elements, kind)
    return (header + named).ljust(start, b"\0") + value.ljust(size - start, b"\0")
