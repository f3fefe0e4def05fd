"""What is said where a key procedure stops, and before something is mounted."""

from __future__ import annotations

import pytest

from sealift.ui import key_words
from tests.unit.keys.trees import HOST, ROOT, dataset, three, tree


def test_what_stays_open_is_said_and_what_does_not_is_not() -> None:
    (said,) = key_words.open_still(three(opened=True).roots)
    assert f"The key is loaded: {ROOT}." in said
    assert key_words.open_still(three().roots) == []


@pytest.mark.parametrize("place", ["/", "/home", "/var/lib", "/usr/local"])
def test_a_mountpoint_that_hides_a_folder_of_the_host_stands_out(place: str) -> None:
    (said,) = key_words.mounting(HOST, tree(dataset(mountpoint=place)).roots)
    assert f"{ROOT} is at {place}\n! {place}: {HOST} has a folder of its own there" in said


@pytest.mark.parametrize("place", ["/backup/prod", "/home/ann", "/homes"])
def test_one_that_hides_nothing_is_told_and_no_more(place: str) -> None:
    said = key_words.mounting(HOST, tree(dataset(mountpoint=place)).roots)
    assert said == [f"mounted, {ROOT} is at {place}"]


def test_what_would_not_be_mounted_has_no_place() -> None:
    assert key_words.mounting(HOST, tree(dataset(can_mount="off")).roots) == []
