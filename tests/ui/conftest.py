"""Everything that would make a screen differ between two runs, switched off."""

from __future__ import annotations

import pytest

from sealift.ui.panels import playbook
from tests.ui.walking import Walk


@pytest.fixture(autouse=True)
def steady_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No animation, no colour settings of the developer's own terminal."""
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


@pytest.fixture(autouse=True)
def walk(monkeypatch: pytest.MonkeyPatch) -> Walk:
    """What the route screen's playbook walks."""
    stand_in = Walk()
    monkeypatch.setattr(playbook, "Playbook", stand_in)
    return stand_in
