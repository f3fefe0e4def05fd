"""What holds for every test: nothing is written into the home of whoever runs them."""

from __future__ import annotations

import hypothesis
import pytest

# How long an example takes is the machine's affair; what a test promises is not about seconds.
hypothesis.settings.register_profile("sealift", deadline=None)
hypothesis.settings.load_profile("sealift")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals, crash reports, this machine's jobs and the config: in folders of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
