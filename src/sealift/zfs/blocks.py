"""Read how datasets write their blocks, which a raw stream carries as they are.

The columns are those of `commands.BLOCK_COLUMNS`, one dataset a line, parted by TABs. Sources:
zfsprops(7) and zpool-features(7), which name the feature that each of them activates; zfs-send(8)
`-w`, which implies `-L` and `-c`; `dmu_recv.c`, which refuses a stream whose features the
receiving pool has not enabled.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealift.zfs.commands import BLOCK_COLUMNS
from sealift.zfs.names import BadNameError, check_dataset
from sealift.zfs.parse import ParseError, lines_of, number_or_none

_READING = "a line of `zfs list` about blocks"
_LARGE = 128 << 10  # bytes; what is larger needs large_blocks


@dataclass(frozen=True, slots=True)
class Blocks:
    """How one dataset writes now. `largest` is recordsize or volblocksize, in bytes."""

    name: str
    largest: int
    compression: str
    dnodesize: str

    @property
    def features(self) -> frozenset[str]:
        """The pool's features that these blocks need, by their property names."""
        needs = {
            "feature@large_blocks": self.largest > _LARGE,
            "feature@zstd_compress": self.compression.startswith("zstd"),
            "feature@lz4_compress": self.compression in ("on", "lz4"),
            "feature@large_dnode": self.dnodesize not in ("legacy", "512", "-"),
        }
        return frozenset(name for name, needed in needs.items() if needed)


def parse_blocks(data: bytes) -> tuple[Blocks, ...]:
    """Read `commands.blocks`. Raises `ParseError`."""
    return tuple(_blocks(line) for line in lines_of(data))


def _blocks(line: str) -> Blocks:
    fields = line.split("\t")
    if len(fields) != BLOCK_COLUMNS.count(",") + 1:
        raise ParseError(_READING, line)
    try:
        name = check_dataset(fields[0])
    except BadNameError as error:
        raise ParseError(_READING, line, str(error)) from None
    sizes = (number_or_none(field, _READING) for field in fields[1:3])
    return Blocks(name, max(size or 0 for size in sizes), fields[3], fields[4])
