"""`status --prometheus`: read back strictly, and never a 0 for what is not known."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from sealift.cli import UsageError, parse
from sealift.hosts.host import Connection
from sealift.hosts.trouble import Trouble
from sealift.replication.metrics import FAMILIES, metrics
from sealift.replication.picture import Picture, Side
from sealift.zfs.listings import KeyStatus
from tests import exposition
from tests.factories import GIB, NOON, dataset, held, inventory, mirrored, snapshot
from tests.ui.pictures import NOW, ROUTE, picture

TITLE = "root@nas1:tank/prod → root@dr1:backup/prod"


class Read:
    """What a picture's metrics say, by name and the values of some labels."""

    def __init__(self, shown: Picture) -> None:
        self.samples = exposition.parse(metrics([shown], NOW))

    def __call__(self, name: str, **labels: str) -> float | None:
        wanted = {("route", TITLE), *labels.items()}
        found = [
            value
            for (each, given), value in self.samples.items()
            if each == f"sealift_{name}" and wanted <= given
        ]
        assert len(found) <= 1, f"{name} {labels} is not one series"
        return found[0] if found else None


def test_a_route_that_is_behind() -> None:
    behind = mirrored({"": [101, 102, 103], "db": [101, 102, 103]}, {"": [101], "db": [101]})
    said = Read(picture(*behind))
    assert said("status_code") == 1
    assert said("level") == 0
    assert said("behind_snapshots") == 4
    assert said("behind_bytes") == 4 * 4096
    assert said("lag_seconds") == (NOW - NOON).total_seconds() - 3600
    assert said("lag_limit_seconds") == 3600
    assert said("host_up", side="source", host="root@nas1") == 1
    assert said("dataset_behind_snapshots", dataset="tank/prod/db") == 2
    assert said("pool_free_bytes", side="destination", pool="backup") == 20 * GIB
    assert said("pool_capacity_ratio", side="source", pool="tank") == 0.5
    assert said("seal", state="sealed") == 1
    assert said("seal", state="not sealed") == 0
    assert said("problems", severity="problem") == 0
    assert said("status_timestamp_seconds") == NOW.timestamp()


def test_what_is_wrong_is_counted_and_named() -> None:
    there = held(
        dataset("backup/prod", status=KeyStatus.AVAILABLE, mounted=True), snapshot("a", 101)
    )
    ours = held(dataset("tank/prod"), snapshot("a", 101))
    shown = picture(inventory("tank/prod", top=ours), inventory("backup/prod", top=there))
    said = Read(shown)
    assert said("problems", severity="problem") == 2
    assert said("finding", id="mounted-replica", dataset="backup/prod", severity="problem") == 1
    standby = replace(shown, route=parse([*ROUTE, "--standby"]).route)
    assert Read(standby)("problems", severity="problem") == 0


def test_a_side_that_is_not_there_has_no_numbers_that_could_pass_for_real_ones() -> None:
    route = parse(ROUTE).route
    trouble = Trouble("host-unreachable", "root@dr1", "the connection was refused")
    lost = Connection(connected=False, since=NOON)
    said = Read(
        Picture(route, Side(route.source, lost), Side(route.destination, lost, trouble=trouble))
    )
    assert said("status_code") == 3
    assert said("host_up", side="destination") == 0
    assert said("finding", id="host-unreachable") == 1
    for name in ("level", "lag_seconds", "behind_bytes", "seal", "pool_free_bytes"):
        assert said(name) is None


def test_nothing_shared_has_no_lag() -> None:
    said = Read(picture(*mirrored({"": [101]}, {"": []})))
    assert said("lag_seconds") is None
    assert said("dataset_lag_seconds", dataset="tank/prod") is None
    assert said("behind_snapshots") == 1


def test_a_name_with_anything_in_it_stays_one_label() -> None:
    route = replace(parse(ROUTE).route, name='a"b\\c\nd\x1b')
    shown = replace(picture(*mirrored({"": [101]}, {"": [101]})), route=route)
    found = exposition.parse(metrics([shown], NOW))
    assert {dict(labels)["route"] for _, labels in found} == {'a"b\\c\nd\\x1b'}


def test_several_routes_have_each_metric_once() -> None:
    shown = picture(*mirrored({"": [101]}, {"": [101]}))
    other = replace(shown, route=replace(shown.route, name="another"))
    found = exposition.parse(metrics([shown, other], NOW))
    levels = {
        dict(labels)["route"]: value
        for (name, labels), value in found.items()
        if name == "sealift_level"
    }
    assert levels == {shown.route.title: 1, "another": 1}


def test_names_and_units_are_prometheus_own() -> None:
    for family in FAMILIES:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", family.name)
        assert not re.search(r"(milli|kilo|mega|_ms$|_kb$|percent|_total$|_count$)", family.name)
        assert family.help.endswith(".")
        assert "\n" not in family.help
        assert "\\" not in family.help


@pytest.mark.parametrize("words", [["plan"], ["status", "--json"], []])
def test_it_is_a_form_of_status(words: list[str]) -> None:
    with pytest.raises(UsageError, match="sealift status"):
        parse([*words, "--prometheus", *ROUTE])
    assert parse(["status", "--prometheus", *ROUTE]).prometheus
