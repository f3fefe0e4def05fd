"""Who may do what is read as `zfs allow` prints it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.allow import Grant, Reach, allowed, parse_allow
from sealift.zfs.commands import Effect, delegations
from sealift.zfs.parse import ParseError

SHOWN = b"""---- Permissions on tank/prod/db -------------------------------------
Local permissions:
\tuser op rollback
---- Permissions on tank/prod ----------------------------------------
Permission sets:
\t@backup @read,hold,send
\t@read diff
Create time permissions:
\tdestroy
Descendent permissions:
\tuser op snapshot
Local+Descendent permissions:
\tuser (unknown: 1234) mount
\tuser op @backup
\tgroup staff bookmark
\teveryone create
"""


def test_the_listing_only_reads() -> None:
    assert delegations("tank/prod").effect is Effect.READ


def test_every_line_is_a_grant() -> None:
    grants = parse_allow(SHOWN)
    assert len(grants) == 9
    assert grants[0] == Grant("tank/prod/db", Reach.LOCAL, "user", "op", frozenset({"rollback"}))
    assert Grant("tank/prod", Reach.CREATE, "", "", frozenset({"destroy"})) in grants
    assert any(each.who == "(unknown: 1234)" for each in grants)
    assert parse_allow(b"") == ()


@pytest.mark.parametrize(
    ("dataset", "user", "groups", "expected"),
    [
        ("tank/prod", "op", (), {"hold", "send", "diff", "create"}),
        ("tank/prod", "op", ("staff",), {"hold", "send", "diff", "create", "bookmark"}),
        ("tank/prod/db", "op", (), {"hold", "send", "diff", "create", "snapshot", "rollback"}),
        ("tank/prod", "eve", (), {"create"}),
    ],
)
def test_what_a_user_may_do_counts_groups_sets_and_ancestors(
    dataset: str, user: str, groups: tuple[str, ...], expected: set[str]
) -> None:
    assert allowed(parse_allow(SHOWN), dataset, user, groups) == expected


def test_a_set_that_holds_itself_ends() -> None:
    looped = SHOWN.replace(b"@read diff", b"@read @backup,diff")
    assert "diff" in allowed(parse_allow(looped), "tank/prod", "op", ())


@pytest.mark.parametrize(
    "text",
    [
        b"\tuser op send\n",
        b"---- Permissions on tank ---\n\tuser op send\n",
        b"---- Permissions on tank ---\nLocal permissions:\n\tnobody at all\n",
        b"---- Permissions on tank ---\nSomething else:\n",
    ],
)
def test_what_is_no_such_listing_is_refused(text: bytes) -> None:
    with pytest.raises(ParseError):
        parse_allow(text)


lines = st.sampled_from([*SHOWN.split(b"\n"), b"\t", b"\tuser", b"\t@", b"----"])


@given(st.binary() | st.lists(lines).map(b"\n".join))
def test_any_bytes_are_grants_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        grants = parse_allow(data)
        for each in grants:
            may = allowed(grants, each.dataset, each.who, ())
            assert not any(name.startswith("@") for name in may)
