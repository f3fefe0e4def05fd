"""Two routes with one tag in one tree are found: each would let go of what the other needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sealift.cli import main, parse
from sealift.replication.anchoring import Anchoring, along
from sealift.replication.changes import Holds
from sealift.replication.comparison import compare
from sealift.replication.plan import make_plan
from sealift.routes import Location, Route
from sealift.tags import shared
from sealift.ui.panels import holds as panel
from sealift.zfs.holds import Hold
from tests.factories import mirrored

TAG = "keepforrep"


def route(source: str, destination: str, **changes: object) -> Route:
    made = Route(Location.parse(source), Location.parse(destination))
    return replace(made, **changes)  # type: ignore[arg-type]


NEAR = route("nas1:tank/prod", "root@dr1:backup/prod", name="near")


@pytest.mark.parametrize(
    ("other", "found"),
    [
        (route("root@NAS1:tank/prod", "dr2:far/prod"), [("source", "tank/prod")]),
        (route("nas1:tank/prod/db", "dr2:far/db"), [("source", "tank/prod/db")]),
        (route("nas1:tank", "dr2:far/tank"), [("source", "tank/prod")]),
        (route("dr1:backup/prod", "far:cold/prod"), [("destination", "backup/prod")]),
        (route("old:tank/prod", "nas1:tank/prod"), [("source", "tank/prod")]),
        (route("nas1:tank/product", "dr2:far/prod"), []),
        (route("nas2:tank/prod", "dr2:far/prod"), []),
        (route("nas1:tank/prod", "dr2:far/prod", hold_tag="far"), []),
        (route("nas1:tank", "dr2:far/tank", exclude=frozenset({"prod"})), []),
    ],
)
def test_where_another_route_holds_with_the_same_tag(
    other: Route, found: list[tuple[str, str]]
) -> None:
    assert [(each.side, each.dataset) for each in shared(NEAR, [other])] == found


def test_it_is_said_with_both_names_and_the_way_out() -> None:
    (each,) = shared(NEAR, [route("nas1:tank/prod", "dr2:far/prod", name="far")])
    assert "near and far both hold with the tag keepforrep in tank/prod on nas1" in each.words
    assert "a hold tag of its own" in each.words


HELD = frozenset({"tank/prod@s101", "tank/prod/db@s10101"})
HELD_THERE = frozenset({"backup/prod@s101", "backup/prod/db@s10101"})


def anchoring(*others: Route) -> tuple[Anchoring, ...]:
    comparison = compare(
        *mirrored({"": [101, 102], "db": [101, 102]}, {"": [101], "db": [101]}),
    )
    return along(
        make_plan(comparison).steps,
        comparison,
        TAG,
        source_held=HELD,
        destination_held=HELD_THERE,
        sharing=shared(NEAR, others),
    )


def let_go(*others: Route) -> list[str]:
    """The datasets of what a job lets go of."""
    moved = anchoring(*others)
    names = [name for each in moved for name in (*each.release, *each.release_there)]
    assert all(each.bookmark for each in moved), "the rest is done all the same"
    assert all(each.hold_there for each in moved)
    return sorted({name.partition("@")[0] for name in names})


def test_a_job_lets_go_of_nothing_where_another_route_may_start_from_it() -> None:
    assert let_go() == ["backup/prod", "backup/prod/db", "tank/prod", "tank/prod/db"]
    assert let_go(route("nas1:tank/prod", "dr2:far/prod")) == ["backup/prod", "backup/prod/db"]
    assert let_go(route("nas1:tank/prod/db", "dr2:far/db")) == [
        "backup/prod",
        "backup/prod/db",
        "tank/prod",
    ]
    assert let_go(route("dr1:backup/prod", "far:cold/prod")) == ["tank/prod", "tank/prod/db"]


def test_the_list_of_holds_releases_none_of_them() -> None:
    comparison = compare(*mirrored({"": [101, 102]}, {"": [101, 102]}))
    holds = Holds((Hold("tank/prod@s101", TAG, "a day"),), ())
    found = panel.list_rows(comparison, holds, TAG)
    sharing = shared(NEAR, [route("nas1:tank/prod", "dr2:far/prod", name="far")])
    for known, refused in (((), False), (sharing, True)):
        rows = panel.entries(found, comparison, holds, TAG, known)
        (row,) = [each for each in rows if each.id.split("\0")[1:] == ["tank/prod@s101", TAG]]
        release = next(deed for deed in row.deeds if deed.id == "release")
        assert ("near and far" in release.refusal) is refused
        assert ("it can be released" in " ".join(row.details)) is not refused


CONFIG = """\
[route.near]
source = "nas1:tank/prod"
destination = "dr1:backup/prod"
[route.far]
source = "root@nas1:tank/prod"
destination = "dr2:far/prod"
"""


def test_config_check_says_so_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    assert main(["config", "check", "--config", str(config)]) == 1
    said = capsys.readouterr().out
    assert said.count("warning: ") == 1
    assert "far and near both hold" in said
    config.write_text(CONFIG + 'hold_tag = "far"\n')
    assert main(["config", "check", "--config", str(config)]) == 0


def test_a_route_that_is_named_knows_the_others_of_the_config(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    options = parse(["near", "--config", str(config)])
    assert [each.name for each in options.others] == ["far"]
    every = parse(["--config", str(config)])
    assert [each.name for each in every.only(every.setups[1]).others] == ["near"]
