from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.names import (
    BadNameError,
    check_dataset,
    join,
    pool_of,
    printable,
    relative,
    split_snapshot,
)


@pytest.mark.parametrize("name", ["tank", "tank/a b", "Tank-1/x.y:z_0", "rpool/ROOT/debian"])
def test_every_legal_name_passes(name: str) -> None:
    assert check_dataset(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/tank",
        "tank/",
        "tank//a",
        "tank/../x",
        "1tank",
        "mirror",
        "raidz2/x",
        "tank/a;rm -rf /",
        "tank/$(id)",
        "tank/[bold]",
        "tank/\x1b[31m",
        "tank/ünix",
        "tank/a@b",
        "tank/a\nb",
        "t" * 256,
        "-rf",
    ],
)
def test_what_zfs_would_refuse_is_refused_with_a_printable_reason(name: str) -> None:
    with pytest.raises(BadNameError) as error:
        check_dataset(name)
    assert str(error.value).isprintable()


def test_snapshots_split_and_names_join() -> None:
    assert split_snapshot("tank/a@b c") == ("tank/a", "b c")
    with pytest.raises(BadNameError):
        split_snapshot("tank/a")
    assert pool_of("tank/a/b") == "tank"
    assert relative("tank/a/b", "tank/a") == "b"
    assert relative("tank/a", "tank/a") == ""
    with pytest.raises(ValueError, match="not below"):
        relative("tank/ab", "tank/a")


parts = st.text("abcXYZ019_.:- ", min_size=1, max_size=6).filter(lambda p: p not in {".", ".."})


@given(st.lists(parts, max_size=4), st.lists(parts, max_size=3))
def test_relative_is_the_inverse_of_join(root: list[str], below: list[str]) -> None:
    top, rest = "/".join(["tank", *root]), "/".join(below)
    assert relative(join(top, rest), top) == rest
    assert check_dataset(join(top, rest))


@given(st.text())
def test_printable_leaves_nothing_that_could_steer_a_terminal(text: str) -> None:
    assert all(c.isprintable() or c in "\n\t" for c in printable(text))
