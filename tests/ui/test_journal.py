"""The journal and the screen: a session goes on without it, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealift.cli import parse
from sealift.journal import default_path
from tests.driving import Operator
from tests.ui.pictures import ROUTE, SilentApp
from tests.waiting import wait_for


async def opened(*words: str, told: str = "") -> str:
    """What is on the screen once the hosts can be used, and that was told."""
    app = SilentApp(parse([*ROUTE, *words]))
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        operator = Operator(pilot, patience=15)
        await wait_for(pilot, lambda: operator.screen.route_watch is not None, "the watch")
        assert app.journal is not None
        assert app.journal.path == default_path()
        await wait_for(pilot, lambda: told in message(operator), f"{told!r} on the screen")
        return operator.sees() + message(operator)


def message(operator: Operator) -> str:
    """What messages over the screen say, wherever their lines break."""
    lines = (line.partition("▌")[2] for line in operator.sees().splitlines())
    return " ".join(line.rstrip("│─╮╯ ").strip() for line in lines)


async def test_a_journal_that_cannot_be_written_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    said = await opened(told="cannot be written")
    assert "is not written" in said
    assert "zpool iostat" in said, "the screen is there all the same"


async def test_the_journal_is_made_ready_unless_nothing_can_be_changed() -> None:
    await opened("--read-only")
    assert not default_path().exists()
    assert "cannot be written" not in await opened()
    assert default_path().exists()
