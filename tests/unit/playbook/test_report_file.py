"""Where a report is written: never over anything, for its owner only, whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sealift.hosts.trouble import TroubleError
from sealift.playbook.report_file import default_path, write
from tests.factories import NOON


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def page(picture: str | None) -> str:
    return f"see {picture}\n"


def test_the_name_says_route_and_time(tmp_path: Path) -> None:
    found = default_path(tmp_path, "root@nas1:tank/prod → ../x", NOON)
    assert found == tmp_path / "sealift-report-root-nas1-tank-prod-..-x-20251225T120000Z.md"
    long = default_path(tmp_path, "x" * 300, NOON)
    assert long.name == f"sealift-report-{'x' * 60}-20251225T120000Z.md"
    assert default_path(tmp_path, "→", NOON).name == "sealift-report-route-20251225T120000Z.md"
    masked = default_path(tmp_path, "nas1", NOON, masked=True)
    assert masked.name == "sealift-report-masked-20251225T120000Z.md"


def test_report_and_picture_have_one_name(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        written = write(tmp_path / "night.md", page, "<svg/>")
    finally:
        os.umask(old)
    assert written == tmp_path / "night.md"
    assert written.read_text() == "see night.svg\n"
    assert (tmp_path / "night.svg").read_text() == "<svg/>"
    assert {mode(each) for each in tmp_path.iterdir()} == {0o600}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "night.md").write_text("old")
    (tmp_path / "night-2.svg").symlink_to(tmp_path / "nowhere")
    written = write(tmp_path / "night.md", page, "<svg/>")
    assert written.read_text() == "see night-3.svg\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "night-2.svg",
        "night-3.md",
        "night-3.svg",
        "night.md",
    ]
    assert (tmp_path / "night.md").read_text() == "old"
    assert write(tmp_path / "night.md", page).read_text() == "see None\n"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("missing/night.md", "No such file or directory"),
        ("", "Is a directory"),
        ("file/night.md", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_where_nothing_can_be_written_is_said(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TroubleError, match=said) as raised:
        write(tmp_path / path, page)
    assert raised.value.trouble.finding == "report-not-written"
    assert str(tmp_path) in raised.value.trouble.what
    assert raised.value.trouble.mend


def test_half_a_report_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(TroubleError, match="No space left"):
        write(tmp_path / "night.md", page, "<svg/>")
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_made_leaves_no_file(tmp_path: Path) -> None:
    def broken(picture: str | None) -> str:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError):
        write(tmp_path / "night.md", broken)
    assert list(tmp_path.iterdir()) == []
