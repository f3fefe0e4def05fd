"""How datasets write their blocks, and which features a raw stream of them needs."""

from __future__ import annotations

import pytest

from sealift.zfs.blocks import Blocks, parse_blocks
from sealift.zfs.parse import ParseError


def test_a_listing_is_read() -> None:
    listing = b"tank/prod\t131072\t-\ton\tlegacy\ntank/prod/vm\t-\t262144\tzstd\t-\n"
    assert parse_blocks(listing) == (
        Blocks("tank/prod", 131072, "on", "legacy"),
        Blocks("tank/prod/vm", 262144, "zstd", "-"),
    )


@pytest.mark.parametrize(
    ("blocks", "needed"),
    [
        (Blocks("t", 131072, "off", "legacy"), set()),
        (Blocks("t", 131073, "off", "512"), {"large_blocks"}),
        (Blocks("t", 0, "zstd-fast-10", "-"), {"zstd_compress"}),
        (Blocks("t", 4096, "on", "1k"), {"lz4_compress", "large_dnode"}),
        (Blocks("t", 4096, "gzip-9", "auto"), {"large_dnode"}),
    ],
)
def test_each_way_of_writing_needs_its_feature(blocks: Blocks, needed: set[str]) -> None:
    assert blocks.features == {f"feature@{name}" for name in needed}


@pytest.mark.parametrize(
    "line", [b"tank\t1\t-\ton\n", b"tank@x\t1\t-\ton\tauto\n", b"tank\tx\t-\ton\tauto\n"]
)
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError):
        parse_blocks(line)
