"""The resume tokens of unfinished receives, in ZFS's own format.

A stream of the demo is one run of bytes; the token's object and offset are a position in it.
"""

from __future__ import annotations

from sealift.demo.world.model import Dataset
from sealift.zfs.tokens import ResumeToken, encode

# How much of a stream one object is said to have.
_OBJECT = 8 << 20
_FIRST_OBJECT = 2
# The sender starts again at a record's beginning.
RECORD = 128 << 10


def token_of(dataset: Dataset) -> str | None:
    """The token that `receive_resume_token` shows, None if there is nothing to resume."""
    partial = dataset.partial
    if partial is None or not partial.resumable:
        return None
    position = partial.position // RECORD * RECORD
    return encode(
        ResumeToken(
            to_name=partial.toname,
            to_guid=partial.toguid,
            from_guid=partial.fromguid,
            object=_FIRST_OBJECT + position // _OBJECT,
            offset=position % _OBJECT,
            bytes_received=partial.arrived,
            raw=partial.raw,
            compress=partial.raw,
            large_blocks=partial.large_blocks,
        )
    )


def position_of(token: ResumeToken) -> int:
    """Where in the stream a token starts again, in payload bytes from its beginning."""
    return max(0, token.object - _FIRST_OBJECT) * _OBJECT + token.offset
