"""Read a line of `zpool iostat -Hply POOL SECONDS`.

Fields parted by TABs: name, alloc, free, then reads and writes of operations and bytes, each per
second. `-l` appends eleven latencies in nanoseconds, `-` where nothing was measured: total_wait
and disk_wait (read, write each), syncq and asyncq (the same), scrub, trim, rebuild. `-q` appends 14
queue lengths. Source: zpool-iostat(8), `print_iostat_default` and `print_iostat_latency` in
`cmd/zpool/zpool_main.c`, OpenZFS 2.1 to 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from sealift.zfs.parse import ParseError, lines_of, number, number_or_none

_READING = "a line of `zpool iostat`"
_PLAIN = 7
_LATENCIES = _PLAIN + 11
_QUEUES = _LATENCIES + 14


@dataclass(frozen=True, slots=True)
class IostatSample:
    """What a pool did per second, averaged over the time since the line before.

    `alloc` and `free` in bytes. The waits are nanoseconds per operation: `*_wait_ns` from asking to
    answer, `*_disk_ns` the disks' own part of it. None where there was nothing to measure.
    """

    pool: str
    alloc: int
    free: int
    read_ops: int
    write_ops: int
    read_bytes: int
    write_bytes: int
    read_wait_ns: int | None = None
    write_wait_ns: int | None = None
    read_disk_ns: int | None = None
    write_disk_ns: int | None = None


def parse_iostat(data: bytes) -> IostatSample:
    """Read one line, with or without latencies and queues; raise `ParseError` for anything else."""
    lines = lines_of(data)
    fields = lines[0].split("\t") if len(lines) == 1 else []
    if len(fields) not in (_PLAIN, _LATENCIES, _QUEUES) or not fields[0]:
        raise ParseError(_READING, data)
    alloc, free, read_ops, write_ops, read_bytes, write_bytes = (
        number(field, _READING) for field in fields[1:_PLAIN]
    )
    waits = fields[_PLAIN : _PLAIN + 4] or ["-"] * 4
    read_wait, write_wait, read_disk, write_disk = (
        number_or_none(field, _READING) for field in waits
    )
    return IostatSample(
        pool=fields[0],
        alloc=alloc,
        free=free,
        read_ops=read_ops,
        write_ops=write_ops,
        read_bytes=read_bytes,
        write_bytes=write_bytes,
        read_wait_ns=read_wait,
        write_wait_ns=write_wait,
        read_disk_ns=read_disk,
        write_disk_ns=write_disk,
    )
