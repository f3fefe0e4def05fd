from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.routes import BadLocationError, Location, Route
from sealift.zfs.names import BadNameError
from tests.factories import NOON


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("root@nas1:tank/prod", Location("root", "nas1", "tank/prod")),
        ("nas1:tank", Location(None, "nas1", "tank")),
        ("tank/prod", Location(None, None, "tank/prod")),
        ("tank/a:b", Location(None, None, "tank/a:b")),
        (":tank:1/data", Location(None, None, "tank:1/data")),
        ("op@[fe80::1%eth0]:tank/x", Location("op", "fe80::1%eth0", "tank/x")),
        ("nas1:tank/my data", Location(None, "nas1", "tank/my data")),
    ],
)
def test_a_location_reads_as_it_is_written(text: str, expected: Location) -> None:
    location = Location.parse(text)
    assert location == expected
    assert Location.parse(location.text()) == location


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nas1:",
        "root@:tank",
        "root@tank/x",
        "-oProxyCommand=x:tank",
        "-l@nas1:tank",
        "nas1:tank/x; rm -rf /",
        "nas1:tank/[bold]",
        "nas1:tank/\x1b[31m",
    ],
)
def test_what_names_no_place_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises((BadLocationError, BadNameError)) as error:
        Location.parse(text)
    assert str(error.value).isprintable()


@given(st.text())
def test_any_text_is_a_location_or_one_clear_error(text: str) -> None:
    try:
        assert Location.parse(text).dataset
    except (BadLocationError, BadNameError) as error:
        assert str(error).isprintable()


def test_a_second_snapshot_within_the_minute_gets_a_number() -> None:
    route = Route(Location.parse("tank/a"), Location.parse("nas:backup/a"))
    first = route.snapshot_name(NOON, frozenset())
    assert first == "rep-2025-12-25T1200Z"
    assert route.snapshot_name(NOON, frozenset({first})) == f"{first}-2"
    assert route.snapshot_name(NOON, frozenset({first, f"{first}-2"})) == f"{first}-3"


def test_a_format_that_makes_no_legal_name_is_refused() -> None:
    route = Route(Location.parse("tank/a"), Location.parse("n:b/a"), snapshot_format="x@%Y")
    with pytest.raises(BadNameError):
        route.snapshot_name(NOON, frozenset())
