"""What zpool says of pools is read from the text that every version prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.parse import ParseError
from sealift.zfs.pools import (
    Pool,
    PoolStatus,
    Scan,
    ScanKind,
    ScanState,
    ZfsVersion,
    parse_pool,
    parse_status,
    parse_version,
)


def test_a_pool_is_read() -> None:
    line = b"my tank\t1992864825344\t120259084288\t1872605741056\t3\t6\tONLINE\n"
    assert parse_pool(line) == Pool(
        "my tank", 1992864825344, 120259084288, 1872605741056, 3, 6, "ONLINE"
    )


def test_a_pool_without_histograms_has_no_fragmentation() -> None:
    assert parse_pool(b"tank\t100\t50\t50\t-\t50\tDEGRADED\n").fragmentation is None


def test_a_pool_that_cannot_be_opened_has_only_its_health() -> None:
    assert parse_pool(b"tank\t-\t-\t-\t-\t-\tUNAVAIL\n") == Pool(
        "tank", None, None, None, None, None, "UNAVAIL"
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"cannot open 'tank': no such pool\n",
        b"tank\t1.81T\t112G\t1.70T\t3%\t6%\tONLINE\n",
        b"tank\t1\t1\t1\t1\t1\tONLINE\nrpool\t1\t1\t1\t1\t1\tONLINE\n",
    ],
)
def test_another_line_is_no_pool(text: bytes) -> None:
    with pytest.raises(ParseError):
        parse_pool(text)


CONFIG = b"""config:

\tNAME        STATE     READ WRITE CKSUM
\ttank        ONLINE       0     0     0
\t  mirror-0  ONLINE       0     0     0
\t    sda     ONLINE       0     0     0
\t    sdb     ONLINE       0     0     0

errors: No known data errors
"""
HEALTHY = b"  pool: tank\n state: ONLINE\n  scan: %s\n" + CONFIG
TROUBLED = b"""  pool: my tank
 state: DEGRADED
status: One or more devices has experienced an error resulting in data
\tcorruption.  Applications may be affected.
action: Restore the file in question if possible.  Otherwise restore the
\tentire pool from backup.
   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-8A
  scan: resilver in progress since Sat Oct 28 10:42:41 2023
\t820G scanned at 16.7G/s, 1.80G issued at 37.6M/s, 2.12T total
\t1.80G resilvered, 0.08% done, 16:23:57 to go
remove: Removal of vdev 1 copied 1.00G in 0h0m, completed on Sat Oct 28 10:00:00 2023
config:

\tNAME        STATE     READ WRITE CKSUM
\tmy tank     DEGRADED     0     0     0
\t  pool:     ONLINE       0     0     0

errors: Permanent errors have been detected in the following files:

        my tank/prod@rep-2:<0x0>
"""


def test_a_healthy_pool() -> None:
    scan = b"scrub repaired 0B in 00:12:34 with 0 errors on Tue Sep  1 03:12:34 2026"
    assert parse_status(HEALTHY % scan) == (
        PoolStatus(
            name="tank",
            state="ONLINE",
            scan=Scan(
                ScanKind.SCRUB,
                ScanState.FINISHED,
                None,
                "scrub repaired 0B in 00:12:34 with 0 errors on Tue Sep 1 03:12:34 2026",
            ),
            status="",
            action="",
            errors="No known data errors",
        ),
    )
    assert not parse_status(HEALTHY % scan)[0].damaged


def test_a_pool_in_trouble() -> None:
    (pool,) = parse_status(TROUBLED)
    assert (pool.name, pool.state, pool.damaged) == ("my tank", "DEGRADED", True)
    assert pool.status.endswith("in data corruption. Applications may be affected.")
    assert pool.action.endswith("restore the entire pool from backup.")
    assert pool.errors.endswith("following files: my tank/prod@rep-2:<0x0>")
    assert pool.scan is not None
    assert (pool.scan.kind, pool.scan.state) == (ScanKind.RESILVER, ScanState.RUNNING)
    assert pool.scan.percent == pytest.approx(0.08)


@pytest.mark.parametrize(
    ("scan", "kind", "state", "percent"),
    [
        ("none requested", "none", "never", None),
        (  # 2.1
            (
                "scrub in progress since Tue Apr 16 00:00:02 2019\n"
                "\t74.7T scanned at 1.24G/s, 75.7T issued at 1.25G/s, 74.7T total\n"
                "\t0B repaired, 101.32% done, 158831 days 07:42:27 to go"
            ),
            "scrub",
            "running",
            100.0,
        ),
        (  # 2.2 and later
            (
                "scrub in progress since Wed Jan 21 13:21:33 2026\n"
                "\t266T / 749T scanned at 3.30G/s, 260T / 749T issued at 3.23G/s\n"
                "\t0B repaired, 34.79% done, 1 days 18:56:16 to go"
            ),
            "scrub",
            "running",
            34.79,
        ),
        (
            (
                "scrub in progress since Wed Jan 21 13:21:33 2026\n"
                "\t0B / 0B scanned, 0B / 0B issued\n"
                "\t0B repaired, -nan% done, no estimated completion time"
            ),
            "scrub",
            "running",
            None,
        ),
        (
            (
                "scrub paused since Tue Oct  7 01:00:00 2026\n"
                "\tscrub started on Tue Oct  7 00:00:00 2026\n"
                "\t1.0T / 2.0T scanned, 1.0T / 2.0T issued\n"
                "\t0B repaired, 50.00% done"
            ),
            "scrub",
            "paused",
            50.0,
        ),
        ("scrub canceled on Tue Oct  7 01:00:00 2026", "scrub", "canceled", None),
        (
            "resilvered 574M in 00:01:04 with 0 errors on Mon Dec 18 17:21:34 2023",
            "resilver",
            "finished",
            None,
        ),
        (
            (
                "resilver (mirror-0) in progress since Mon Dec 18 17:21:34 2023\n"
                "\t1.00G / 4.00G scanned, 1.00G / 4.00G issued\n"
                "\t1.00G resilvered, 25.00% done, no estimated completion time"
            ),
            "resilver",
            "running",
            25.0,
        ),
        (
            "resilvered (draid1:3d:5c:1s-0) 4.1G in 00:01:02 with 0 errors on Mon Oct  6 2026",
            "resilver",
            "finished",
            None,
        ),
    ],
)
def test_what_a_scan_is_and_how_far(
    scan: str, kind: str, state: str, percent: float | None
) -> None:
    read = parse_status(HEALTHY % scan.encode())[0].scan
    assert read is not None
    assert (read.kind.value, read.state.value, read.percent) == (kind, state, percent)


def test_a_scan_that_is_not_understood_is_unknown() -> None:
    assert parse_status(HEALTHY % b"something zpool says one day")[0].scan is None


def test_of_several_scans_the_running_one_counts() -> None:
    two = (
        b"resilvered (mirror-0) 1G in 00:01:02 with 0 errors on Mon Oct  6 10:00:00 2026\n"
        b"  scan: resilver (mirror-1) in progress since Mon Oct  6 10:00:00 2026\n"
        b"\t1.00G resilvered, 25.00% done, no estimated completion time"
    )
    scan = parse_status(HEALTHY % two)[0].scan
    assert scan is not None
    assert scan.percent == 25.0


def test_several_pools_are_kept_apart() -> None:
    pools = parse_status(HEALTHY % b"none requested" + b"\n" + TROUBLED)
    assert [(pool.name, pool.state) for pool in pools] == [
        ("tank", "ONLINE"),
        ("my tank", "DEGRADED"),
    ]


@pytest.mark.parametrize("text", [b"", b"all pools are healthy\n", b"  pool: tank\n", b"  pool:\n"])
def test_other_text_is_no_status(text: bytes) -> None:
    with pytest.raises(ParseError):
        parse_status(text)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (
            b"zfs-2.2.2-0ubuntu9\nzfs-kmod-2.2.2-0ubuntu9.1\n",
            ZfsVersion("2.2.2-0ubuntu9", "2.2.2-0ubuntu9.1", (2, 2, 2), (2, 2, 2)),
        ),
        (
            b"zfs-2.3.2-2~bpo12+2\nzfs-kmod-2.1.11-1\n",
            ZfsVersion("2.3.2-2~bpo12+2", "2.1.11-1", (2, 3, 2), (2, 1, 11)),
        ),
        (
            b"zfs-2.4.99-1_gbe7657e3f\n",
            ZfsVersion("2.4.99-1_gbe7657e3f", None, (2, 4, 99), None),
        ),
        (
            b"zfs-2.2.0-FreeBSD_g95785196f\nzfs-kmod-2.2.0-FreeBSD_g95785196f\n",
            ZfsVersion(
                "2.2.0-FreeBSD_g95785196f", "2.2.0-FreeBSD_g95785196f", (2, 2, 0), (2, 2, 0)
            ),
        ),
        (b"zfs-unknown\n", ZfsVersion("unknown", None, None, None)),
    ],
)
def test_tools_and_module_have_a_version_each(text: bytes, version: ZfsVersion) -> None:
    assert parse_version(text) == version


def test_text_without_a_version_is_refused() -> None:
    with pytest.raises(ParseError):
        parse_version(b"unrecognized command 'version'\n")


LINES = [
    "  pool: a",
    " pool:",
    " state: X",
    "scan: scrub paused since",
    "scan: resilver (",
    "\t9% done",
    "errors: é",
    "zfs-1.2.3",
    "zfs-kmod-9.9.9",
    "a\t-\t-\t-\t-\t-\tX",
]
texts = st.binary() | st.lists(st.sampled_from(LINES)).map("\n".join).map(str.encode)


@given(texts)
def test_any_bytes_are_read_or_an_error(data: bytes) -> None:
    for parser in (parse_pool, parse_status, parse_version):
        try:
            assert parser(data)
        except ParseError as error:
            assert len(str(error)) < 400
