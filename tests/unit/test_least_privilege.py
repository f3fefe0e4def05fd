"""docs/least-privilege.md grants what the playbook asks for, and nothing the audit objects to."""

from __future__ import annotations

from sealift.cli import parse
from sealift.hosts.elevation import Elevation
from sealift.keys import rules
from sealift.playbook import access
from tests import least_privilege


def test_what_is_granted_is_what_a_push_needs_and_no_more() -> None:
    for side, (_, granted, _) in least_privilege.grants().items():
        needed = access._NEEDED[side] + access._WANTED[side]  # type: ignore[index]  # noqa: SLF001
        assert all(granted & set(either) for either in needed)
        too_much = rules._WIDE | rules._OPENING | {"receive"}  # noqa: SLF001
        assert not granted & too_much
    _, at_the_source, _ = least_privilege.grants()["source"]
    assert not at_the_source & rules._AT_THE_SOURCE  # noqa: SLF001


def test_the_route_is_of_these_users_and_datasets() -> None:
    chosen = parse(least_privilege.route())
    route = chosen.route
    ours, theirs = (least_privilege.grants()[side] for side in ("source", "destination"))
    assert (route.source.user, route.source.dataset) == (ours[0], ours[2])
    assert route.destination.user == theirs[0]
    assert route.destination.dataset.startswith(f"{theirs[2]}/")
    assert route.per_dataset
    assert chosen.elevation is Elevation.NONE
