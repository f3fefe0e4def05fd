"""The form of a new route: what stands against it before it is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sealift.config.settings import NOWHERE, Setup
from sealift.config.writing import Target, draft
from sealift.routes import Location, Route
from sealift.ui import headline
from sealift.ui.entries import Entry
from sealift.ui.new_route_rows import TAG, form_rows, write_paragraphs
from sealift.zfs.commands import Effect


def route(source: str, destination: str, **changes: object) -> Route:
    made = Route(Location.parse(source), Location.parse(destination))
    return replace(made, **changes)  # type: ignore[arg-type]


NEW = Setup(route("nas1:tank/prod", "dr1:backup/prod", name="new"))
NEAR = route("root@nas1:tank", "dr2:far/tank", name="near")
CHAINED = route("dr1:backup/prod", "far:cold/prod", name="onward")
INTO = Target(Path("config.toml"))


def tag_row(setup: Setup, *others: Route) -> Entry:
    rows = form_rows(setup, draft(setup, INTO), {}, others)
    return next(each for each in rows if each.id == TAG)


def test_a_hold_tag_that_another_route_of_the_same_tree_has_is_told_with_the_way_out() -> None:
    row = tag_row(NEW, NEAR, CHAINED)
    assert (row.level, row.cells[2]) == (headline.WARNING, "warning: also the tag of near, onward")
    assert "new and near both hold with the tag keepforrep in tank/prod on nas1" in row.details[0]
    assert "new and onward both hold" in row.details[1]
    assert "a hold tag of its own" in row.details[0]
    said = write_paragraphs(NEW, draft(NEW, INTO), (NEAR,))
    assert [each for each in said if "new and near both hold" in each]


def test_a_tag_of_its_own_or_another_tree_is_in_order() -> None:
    own = replace(NEW, route=replace(NEW.route, hold_tag="mine"))
    elsewhere = route("nas1:tank/home", "dr1:backup/home", name="home")
    for row in (tag_row(own, NEAR, CHAINED), tag_row(NEW, elsewhere)):
        assert (row.level, row.cells[2]) == (headline.OK, "ok")
    assert not any("both hold" in each for each in write_paragraphs(own, draft(own, INTO), (NEAR,)))


def test_half_a_route_shares_only_what_is_chosen() -> None:
    nothing = Setup(Route(NOWHERE, NOWHERE))
    assert tag_row(nothing, NEAR, route("tank/a", "tank/b")).level == headline.OK
    half = Setup(Route(NEW.route.source, NOWHERE))
    assert tag_row(half, NEAR).level == headline.WARNING


def test_what_is_pasted_changes_nothing_and_what_is_written_does() -> None:
    for into, title, effect in (
        (INTO, "write…", Effect.CHANGE),
        (replace(INTO, refusal="it was written by hand"), "paste…", Effect.READ),
    ):
        (first, *_) = form_rows(NEW, draft(NEW, into), {}, ())
        deed = next(each for each in first.deeds if each.id == "write")
        assert (deed.title, deed.effect, deed.refusal) == (title, effect, "")
