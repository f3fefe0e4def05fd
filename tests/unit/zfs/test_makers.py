"""Other tools' snapshots, bookmarks, holds and processes are known by the names they give them."""

from __future__ import annotations

import pytest

from sealift.zfs import makers


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("syncoid_nas1_2026-11-27:02:10:07-GMT00:00", "syncoid"),
        ("syncoid_offsite_nas1_2026-11-27_02:10:07-GMT-06:00", "syncoid"),
        ("autosnap_2026-11-27_02:00:01_hourly", "sanoid"),
        ("bzfs_us-west_2024-11-06_08:30:05_hourly", "bzfs"),
        ("bzfs_2024-11-06_08:30:05_hourly", "bzfs"),
        ("zrepl_20230807_011951_000", "zrepl"),
        ("auto-2026-11-27_02-00", "TrueNAS"),
        ("manual-2026-11-27_02-00", "TrueNAS"),
        ("pyznap_2020-05-01_00:00:00_hourly", "pyznap"),
        ("zfs-auto-snap_hourly-2026-11-27-0017", "zfs-auto-snapshot"),
        ("offsite1-20220109120000", "zfs-autobackup"),
        ("rep-2026-11-27_0200", ""),
        ("syncoid", ""),
        ("before-upgrade", ""),
        ("auto-2026", ""),
        ("prod_2024-11-06_08:30:05_hourly", ""),
        ("x-99999999999999", ""),
        ("", ""),
    ],
)
def test_a_snapshot(name: str, tool: str) -> None:
    assert makers.of_snapshot(name) == tool


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        (".TMPBZFS.bzfs_2024-11-06_08:30:05_hourly.ADgurPHaj8k.AAAfaLnRWNQ.mjKQwJEMnjk", "bzfs"),
        ("prod_us-west_2024-11-06_08:30:05_15832610720350849_hourly", "bzfs"),
        ("before-upgrade_15832610720350849", "bzfs"),
        ("before-upgrade_1583261072035084", ""),
        ("zrepl_CURSOR_G_c3c1f8c4dc9d8a11_J_offsite", "zrepl"),
        ("zrepl_CURSORTENTATIVE_G_c3c1f8c4dc9d8a11_J_offsite", "zrepl"),
        ("syncoid_nas1_2026-11-27:02:10:07-GMT00:00", "syncoid"),
        ("rep-1", ""),
    ],
)
def test_a_bookmark(name: str, tool: str) -> None:
    assert makers.of_bookmark(name, 15832610720350849) == tool


@pytest.mark.parametrize(
    ("tag", "tool"),
    [
        ("syncoid_nas1", "syncoid"),
        ("syncoid_offsite_nas1", "syncoid"),
        ("zrepl_STEP_J_offsite", "zrepl"),
        ("zrepl_last_received_J_sink_server", "zrepl"),
        ("zfs_autobackup:offsite1", "zfs-autobackup"),
        ("keepforrep", ""),
        (".send-123-1", ""),
        ("legal", ""),
    ],
)
def test_a_hold(tag: str, tool: str) -> None:
    assert makers.of_hold(tag) == tool


@pytest.mark.parametrize(
    ("args", "tool"),
    [
        ("/usr/bin/perl /usr/sbin/syncoid -r --sendoptions=w tank/prod root@dr1:b/prod", "syncoid"),
        ("perl -w /usr/sbin/syncoid x y", "syncoid"),
        ("/opt/bzfs/bin/python3 /opt/bzfs/bin/bzfs root@nas1:tank/prod root@dr1:b", "bzfs"),
        ("ssh -S /tmp/syncoid-root@dr1-1795746607 root@dr1 zfs receive -s b/prod", "syncoid"),
        ("ssh: /tmp/syncoid-root@dr1-1795746607 [mux]", "syncoid"),
        ("ssh -S /root/.ssh/bzfs/abc/s1 root@nas1 zfs list", "bzfs"),
        ("/usr/bin/zrepl --config /etc/zrepl/zrepl.yml daemon", "zrepl"),
        ("python3 /usr/bin/middlewared", "TrueNAS"),
        ("-bash", ""),
        ("vi /usr/sbin/syncoid", ""),
        ("grep syncoid", ""),
        ("ssh root@dr1 syncoid", ""),
        ("", ""),
    ],
)
def test_a_process(args: str, tool: str) -> None:
    assert makers.of_process(args) == tool


def test_bzfs_says_by_a_bookmark_what_it_is_sending() -> None:
    mark = ".TMPBZFS.prod_2024-11-06_08:30:05_hourly.ADgurPHaj8k.AAAfaLnRWNQ.mjKQwJEMnjk"
    assert makers.sends(mark, "prod_2024-11-06_08:30:05_hourly")
    assert not makers.sends(mark, "prod_2024-11-06_08:30:05")
    assert not makers.sends("prod_2024-11-06_08:30:05_1_hourly", "prod_2024-11-06_08:30:05_hourly")


def test_how_a_tool_is_told_to_send_raw() -> None:
    assert makers.raw_option("syncoid") == "--sendoptions=w"
    assert makers.raw_option("sanoid") == makers.raw_option("") == ""
