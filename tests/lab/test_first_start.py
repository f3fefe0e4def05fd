"""The first start on real hosts: from an ssh_config to a vault that is sealed, by keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealift.config.reading import default_path, read_config
from sealift.replication.job import JobState
from sealift.ui.app import SealiftApp
from tests.driving import Operator, options
from tests.ui.starting import choose, places_chosen

from .lab import Lab
from .test_first_light import guids


async def test_from_an_ssh_config_to_a_written_route_and_a_sealed_replica(
    pools: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = pools
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert tmp_path in default_path().parents
    lab.make_source_tree(mib=1)
    app = SealiftApp(options(ssh_config=lab.ssh_config))
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        operator = Operator(pilot)
        await places_chosen(operator, "source", "dest")
        await operator.until("ok: the first send makes it")
        assert not default_path().exists(), "nothing is written unasked"
        await operator.confirm("w", "write")
        await operator.until("All routes, worst first")
        await choose(operator, "prod")
        await operator.both_read()
        await operator.confirm("n", "take")
        await operator.until("a seed sends 3 snapshots")
        await operator.confirm("s", "start")
        assert await operator.job_ended() is JobState.DONE
        await operator.until("SEALED vault")
    route = read_config().setups["prod"].route
    assert (route.source.text(), route.destination.text()) == (
        "source:tank/prod",
        "dest:backup/prod",
    )
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")
