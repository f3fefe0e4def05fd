"""What a dialog says before something is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from sealift.replication.preview import Preview
from sealift.replication.seen import Measured
from sealift.ui import dialogs
from sealift.zfs import commands
from tests.factories import NOON


@pytest.mark.parametrize("locked", [True, False])
def test_a_snapshot_of_a_source_that_is_locked_is_warned_of(*, locked: bool) -> None:
    command = commands.take_snapshot("backup/prod", "rep-1")
    said = "\n".join(dialogs.snapshot_paragraphs(command, "root@dr1", 3, locked=locked))
    assert ("a snapshot that is taken here would stop that" in said) is locked
    assert "zfs snapshot -r backup/prod@rep-1" in said


def test_how_long_a_send_takes_is_said_at_the_last_rate_and_only_if_there_is_one() -> None:
    measured = Measured(2_000_000, NOON.timestamp())
    now = NOON + timedelta(seconds=90)

    def told(total: int | None, rate: Measured | None) -> str:
        shown = cast("Preview", SimpleNamespace(total_bytes=total))
        return dialogs.how_long(shown, rate, now)

    assert told(564 * 2**20, measured) == "At 2.0 MB/s, measured 1 min ago: 4 min."
    tried = replace(measured, trial=True)
    assert told(564 * 2**20, tried) == "At 2.0 MB/s, carried in a trial 1 min ago: 4 min at best."
    assert told(564 * 2**20, None) == ""
    assert told(None, measured) == ""
