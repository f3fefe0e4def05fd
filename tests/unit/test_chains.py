"""Routes that go on from one another are found, ordered, and each is in one chain."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.chains import Chain, chains, feeds, onto_itself, vaults_for
from sealift.routes import Location, Purpose, Route


def route(source: str, destination: str, **changes: object) -> Route:
    made = Route(Location.parse(source), Location.parse(destination), hold_tag=destination)
    return replace(made, **changes)  # type: ignore[arg-type]


FIRST = route("nas1:tank/prod", "root@dr1:backup/prod")
SECOND = route("zsend@dr1:backup/prod", "far:cold/prod")


def shape(chain: Chain) -> list[tuple[str, int]]:
    return [(link.route.destination.text(), link.hop) for link in chain.links]


def test_a_vault_that_sends_on_makes_one_chain_whatever_the_order() -> None:
    for routes in ((FIRST, SECOND), (SECOND, FIRST)):
        (chain,) = chains(routes)
        assert shape(chain) == [("root@dr1:backup/prod", 1), ("far:cold/prod", 2)]
        assert [each.text() for each in chain.stations] == [
            "nas1:tank/prod",
            "root@dr1:backup/prod",
            "far:cold/prod",
        ]
        assert (chain.several, chain.straight, chain.loop) == (True, True, False)
        assert chain.links[1].fed_by == (FIRST,)
        assert chain.links[1].remarks == ()


def test_the_vaults_that_a_route_sends_on_are_known_by_their_routes() -> None:
    standby = replace(FIRST, purpose=Purpose.STANDBY)
    assert vaults_for(SECOND, (FIRST, standby, SECOND)) == (FIRST,)
    assert vaults_for(FIRST, (FIRST, SECOND)) == ()


def test_a_route_by_itself_is_a_chain_of_one() -> None:
    (chain,) = chains((FIRST,))
    assert (chain.several, chain.straight) == (False, True)
    assert chains(()) == ()


@pytest.mark.parametrize(
    ("first", "second", "fed"),
    [
        (FIRST, route("DR1.:backup/prod", "far:cold/x"), True),
        (FIRST, route("dr1:backup/prod/db", "far:cold/x"), True),
        (FIRST, route("dr1:backup", "far:cold/x"), True),
        (FIRST, route("dr1:backup/production", "far:cold/x"), False),
        (FIRST, route("dr2:backup/prod", "far:cold/x"), False),
        (FIRST, route("backup/prod", "far:cold/x"), False),
        (route("tank/a", "backup/a"), route("backup/a", "far:cold/x"), True),
        (replace(FIRST, exclude=frozenset({"db"})), route("dr1:backup/prod/db", "f:c/x"), False),
        (FIRST, route("dr1:backup", "f:c/x", exclude=frozenset({"prod"})), False),
    ],
)
def test_what_feeds_what(first: Route, second: Route, *, fed: bool) -> None:
    assert feeds(first, second) is fed
    assert not feeds(second, first)
    assert len(chains((first, second))) == (1 if fed else 2)


def test_chains_that_part_and_that_meet() -> None:
    other = route("dr1:backup/prod", "attic:cold/prod")
    (parting,) = chains((FIRST, SECOND, other))
    assert [link.hop for link in parting.links] == [1, 2, 2]
    assert not parting.straight
    web = route("nas2:tank/web", "dr1:backup/web")
    onward = route("dr1:backup", "far:cold/all")
    (meeting,) = chains((onward, FIRST, web))
    assert [link.hop for link in meeting.links] == [1, 1, 2]
    assert meeting.links[2].fed_by == (FIRST, web)


def test_a_way_back_is_a_loop_and_ends_nothing() -> None:
    back = route("dr1:backup/prod", "nas1:tank/prod")
    (chain,) = chains((FIRST, back, SECOND))
    assert chain.loop
    assert not chain.straight
    assert [link.route for link in chain.links] == [FIRST, back, SECOND]
    ours = route("tank", "tank/copy")
    (alone,) = chains((ours,))
    assert (alone.loop, alone.several) == (False, False)


def test_what_keeps_two_routes_from_working_together_is_said() -> None:
    (chain,) = chains((FIRST, replace(SECOND, snapshot_format="cold-%Y")))
    assert "'cold-'" in chain.links[1].remarks[0]
    (chain,) = chains((FIRST, replace(SECOND, snapshot_format="cold-%Y", all_snapshots=True)))
    assert chain.links[1].remarks == ()


_PLACES = st.sampled_from(["a:p/x", "a:p", "b:p/x", "b:p/x/y", "c:q/x", "p/x"])


@given(st.lists(st.tuples(_PLACES, _PLACES), max_size=8))
def test_each_route_is_in_one_chain_after_what_feeds_it(ends: list[tuple[str, str]]) -> None:
    routes = [route(*each, name=str(number)) for number, each in enumerate(ends)]
    found = chains(routes)
    assert sorted(link.route.name for chain in found for link in chain.links) == sorted(
        each.name for each in routes
    )
    for chain in found:
        order = [link.route for link in chain.links]
        for number, link in enumerate(chain.links):
            assert chain.loop or set(link.fed_by) <= set(order[:number])


@pytest.mark.parametrize(
    ("source", "destination", "same"),
    [
        ("tank/prod", "tank/prod", True),
        ("nas1:tank/prod", "root@NAS1.:tank/prod", True),
        ("nas1:tank/prod", "tank/prod", False),
        ("nas1:tank/prod", "nas2:tank/prod", False),
        ("nas1:tank/prod", "nas1:tank/product", False),
        ("nas1:tank/prod", "root@nas1:tank/prod/db/prod", True),
        ("nas1:tank/prod/db", "nas1:tank", True),
        ("nas1:tank/prod", "nas2:tank/prod/db", False),
        ("nas1:tank/prod", "nas1:tank/backup/prod", False),
    ],
)
def test_a_route_onto_or_into_itself_is_known_whoever_logs_in(
    source: str, destination: str, *, same: bool
) -> None:
    assert bool(onto_itself(route(source, destination))) is same
