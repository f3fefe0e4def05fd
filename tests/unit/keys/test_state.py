"""What the listing of keys says: roots, what inherits, what could be mounted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.keys.state import parse_state
from sealift.zfs.parse import ParseError
from tests.unit.keys.trees import ROOT, dataset, three, tree

LISTING = (
    b"backup/prod\tfilesystem\taes-256-gcm\tbackup/prod\tunavailable\tpassphrase\t"
    b"file:///root/prod.key\tnoauto\tno\ton\t8488960\t/backup/my\tprod\n"
    b"backup/prod/db\tfilesystem\taes-256-gcm\tbackup/prod\tunavailable\tpassphrase\tnone\t"
    b"on\tno\ton\t760580086\t/backup/prod/db\n"
    b"backup/prod/vol\tvolume\taes-256-gcm\tbackup/prod/vol\tavailable\thex\tprompt\t"
    b"-\t-\ton\t4096\t-\n"
    b"backup/prod/open\tfilesystem\toff\t-\t-\tnone\tnone\toff\tyes\toff\t1\tnone\n"
)


def test_roots_and_what_inherits_from_them() -> None:
    read = parse_state(ROOT, LISTING)
    first, second = read.roots
    assert [each.name for each in first.members] == ["backup/prod", "backup/prod/db"]
    assert (first.open, first.expects_file, second.open) == (False, True, True)
    assert second.dataset.key_format == "hex"
    assert [each.name for each in read.plain] == ["backup/prod/open"]
    assert read.datasets[0].mountpoint == "/backup/my\tprod"
    assert read.outside is None


def test_a_child_alone_names_the_root_above_it() -> None:
    read = tree(dataset(f"{ROOT}/db"), asked=f"{ROOT}/db")
    assert read.roots == ()
    assert read.outside == ROOT


def test_of_a_root_above_only_what_concerns_the_route_counts() -> None:
    read = tree(
        dataset(),
        dataset(f"{ROOT}/db"),
        dataset(f"{ROOT}/db2", root=f"{ROOT}/db2"),
        dataset(f"{ROOT}/open", root=None),
        dataset(f"{ROOT}/db/own", root=f"{ROOT}/db/own"),
        asked=f"{ROOT}/db",
    )
    assert [root.name for root in read.concerned] == [ROOT, f"{ROOT}/db/own"]
    assert read.plain == ()


def test_what_unmounting_takes_along_is_known() -> None:
    read = tree(
        dataset(opened=True, mounted=True),
        dataset(f"{ROOT}/own", root=f"{ROOT}/own", mounted=True),
        dataset(f"{ROOT}/plain", root=None, mounted=True),
        dataset(f"{ROOT}/closed", root=f"{ROOT}/closed"),
        dataset(f"{ROOT}2", root=f"{ROOT}2", mounted=True),
    )
    first = read.root(ROOT)
    assert first is not None
    assert [each.name for each in read.below((first,))] == [f"{ROOT}/own", f"{ROOT}/plain"]
    (alone,) = three(opened=True, mounted=True).roots
    assert three(opened=True, mounted=True).below((alone,)) == ()


def test_it_is_mounted_from_above_and_unmounted_from_below() -> None:
    (root,) = three(opened=True).roots
    assert [each.name for each in root.to_mount] == [ROOT, f"{ROOT}/app", f"{ROOT}/db"]
    (root,) = three(opened=True, mounted=True).roots
    assert [each.name for each in root.mounted] == [f"{ROOT}/db", f"{ROOT}/app", ROOT]
    assert root.to_mount == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"can_mount": "off"}, "canmount is off"),
        ({"mountpoint": "none"}, "no mountpoint"),
        ({"mountpoint": "legacy"}, "legacy"),
        ({"kind": "volume"}, "volume"),
    ],
)
def test_why_something_cannot_be_mounted(changed: dict[str, str], words: str) -> None:
    assert words in dataset(**changed).unmountable  # type: ignore[arg-type]
    assert dataset().unmountable == ""


@given(st.binary(max_size=300))
def test_it_reads_anything_or_says_that_it_cannot(data: bytes) -> None:
    try:
        parse_state(ROOT, data)
    except ParseError:
        return
