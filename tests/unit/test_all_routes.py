"""`sealift status` without a route: all of the config, worst first, as lines or as one object."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sealift import headless
from sealift.cli import UsageError, main, parse
from sealift.hosts.host import Host
from sealift.routes import Location
from tests.fleet import Fleet, tree


@pytest.fixture
def fleet() -> Fleet:
    made = Fleet()
    made.add("quiet", tree("tank/quiet", 109), tree("backup/quiet", 109))
    made.add("late", tree("tank/late", 101, 109), tree("backup/late", 101))
    return made


@pytest.fixture
def config(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The option that names a config with these routes, whose hosts are the fleet's."""

    def open_host(end: Location, *_: object) -> Host:
        return fleet.open()[end.where]

    monkeypatch.setattr(headless, "open_host", open_host)
    file = tmp_path / "config.toml"
    file.write_text(
        "\n".join(
            f'[route.{each.name}]\nsource = "{each.source.text()}"\n'
            f'destination = "{each.destination.text()}"\nlag_limit = 999_999_999\n'
            for each in fleet.routes
        )
    )
    return ["--config", str(file)]


def test_all_are_told_worst_first_and_the_worst_is_the_exit_code(
    fleet: Fleet, config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["status"], []):  # without a terminal it is the same
        assert main([*words, *config]) == 1
        out, err = capsys.readouterr()
        assert [line.partition(":")[0] for line in out.splitlines()] == ["late", "quiet"]
        assert "SEALED vault" in out
        assert err == ""
    fleet.hosts["root@dr1"].up = False
    assert main(["status", *config]) == 3
    out, err = capsys.readouterr()
    assert err.count("nothing answers there") == 1, "once, however many routes it has"
    assert out.count("host-unreachable") == 2


def test_as_json_it_is_one_object_with_a_list(
    fleet: Fleet, config: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--json", *config]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["schema"], err) == (1, "")
    assert [(each["route"], each["level"]) for each in told["routes"]] == [
        ("late", False),
        ("quiet", True),
    ]
    assert {each["lag_limit"] for each in told["routes"]} == {999_999_999}


def test_options_count_for_all_routes_and_other_commands_need_one(config: list[str]) -> None:
    options = parse(["--read-only", "--theme", "nord", *config])
    assert options.all_routes
    assert all(each.route.read_only for each in options.setups)
    assert options.theme == "nord"
    alone = options.only(replace(options.setups[1], theme="x"))
    assert (alone.route.name, alone.all_routes) == ("late", False)
    for command in ("plan", "diagnose", "audit"):
        with pytest.raises(UsageError, match="are needed, or a ROUTE"):
            parse([command, *config])
