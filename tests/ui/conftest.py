"""Everything that would make a screen differ between two runs, switched off."""

from __future__ import annotations

import pytest
from textual.app import App

from sealift.ui.panels import playbook
from tests.ui.walking import Walk


@pytest.fixture(autouse=True)
def steady_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No animation, messages that stay, no colour settings of the developer's own terminal."""
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    # On a busy machine one of the usual 5 s can be gone before it was looked for.
    monkeypatch.setattr(App, "NOTIFICATION_TIMEOUT", 3600)


@pytest.fixture(autouse=True)
def walk(monkeypatch: pytest.MonkeyPatch) -> Walk:
    """What the route screen's playbook walks."""
    stand_in = Walk()
    monkeypatch.setattr(playbook, "Playbook", stand_in)
    return stand_in
