"""What a dialog says before something is done."""

from __future__ import annotations

import pytest

from sealift.ui import dialogs
from sealift.zfs import commands


@pytest.mark.parametrize("locked", [True, False])
def test_a_snapshot_of_a_source_that_is_locked_is_warned_of(*, locked: bool) -> None:
    command = commands.take_snapshot("backup/prod", "rep-1")
    said = "\n".join(dialogs.snapshot_paragraphs(command, "root@dr1", 3, locked=locked))
    assert ("a snapshot that is taken here would stop that" in said) is locked
    assert "zfs snapshot -r backup/prod@rep-1" in said
