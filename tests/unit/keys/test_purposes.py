"""Vault and warm standby: what is set for each, and when it is what it was to become."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.keys import purposes
from sealift.keys.state import KeyTree
from sealift.keys.steps import StepId
from sealift.routes import Purpose
from tests.unit.keys.trees import HOST, ROOT, dataset, three, tree


def loose() -> KeyTree:
    """As it arrives from a source that mounts by itself, with a key file."""
    return tree(
        replace(dataset(location="file:///root/k", can_mount="on"), readonly=False),
        dataset(f"{ROOT}/db", can_mount="off"),
        dataset(f"{ROOT}/vol", can_mount="-", kind="volume"),
    )


def said(found: KeyTree, purpose: Purpose) -> list[str]:
    return [each.command("why").text() for each in purposes.settings(found, purpose)]


def test_each_purpose_has_its_settings_and_no_more() -> None:
    both = [f"zfs set keylocation=prompt {ROOT}", f"zfs set readonly=on {ROOT}"]
    assert said(loose(), Purpose.STANDBY) == [
        f"zfs set canmount=noauto {ROOT}",
        *both,
        f"zfs set canmount=noauto {ROOT}/db",
    ]
    assert said(loose(), Purpose.VAULT) == [f"zfs set canmount=off {ROOT}", *both]
    assert said(three(), Purpose.STANDBY) == []
    (first, *_) = purposes.settings(loose(), Purpose.VAULT)
    assert first.sentence() == f"{ROOT}  canmount: on becomes off"
    assert first.command("why").reason == "why"


@pytest.mark.parametrize("purpose", Purpose)
def test_the_words_of_a_purpose_name_every_property_that_is_set_for_it(purpose: Purpose) -> None:
    for each in purposes.settings(loose(), purpose):
        assert f"{each.name}={each.after} on every" in purposes.wanted(purpose)


def test_only_what_the_route_has_is_set() -> None:
    above = tree(dataset(can_mount="on"), dataset(f"{ROOT}/db", can_mount="on"), asked=f"{ROOT}/db")
    assert said(above, Purpose.VAULT) == [f"zfs set canmount=off {ROOT}/db"]
    trouble = purposes.before(HOST, above, Purpose.VAULT)
    assert trouble is not None
    assert trouble.finding == "key-of-root-needed"


@pytest.mark.parametrize(
    ("found", "finding"),
    [
        (tree(dataset(can_mount="off")), None),
        (tree(dataset(can_mount="off", opened=True)), "key-loaded-on-vault"),
        (tree(dataset(can_mount="noauto")), "plan-changed"),
        (tree(dataset(can_mount="off"), dataset(f"{ROOT}/x", root=None)), "plaintext-in-scope"),
    ],
)
def test_a_vault_is_one_when_it_is_locked_and_set(found: KeyTree, finding: str | None) -> None:
    trouble = purposes.unmet(HOST, found, Purpose.VAULT)
    assert (trouble.finding if trouble else None) == finding


def test_a_standby_may_be_open() -> None:
    assert purposes.unmet(HOST, three(opened=True, mounted=True), Purpose.STANDBY) is None
    assert purposes.unmet(HOST, loose(), Purpose.STANDBY) is not None


def ids(found: KeyTree, purpose: Purpose) -> list[StepId]:
    return [each.id for each in purposes.steps(found, purpose, "why")]


def test_a_reason_comes_before_the_line_is_crossed_and_a_vault_is_locked_first() -> None:
    bare = [StepId.LOOK, StepId.LINE, StepId.REASON, StepId.SET, StepId.PROOF]
    opened = three(opened=True, mounted=True)
    assert ids(opened, Purpose.STANDBY) == bare
    assert ids(three(), Purpose.VAULT) == bare
    locking = [StepId.USERS, StepId.UNMOUNT, StepId.UNLOAD]
    assert ids(opened, Purpose.VAULT) == [*bare[:3], *locking, *bare[3:]]
    for purpose in Purpose:
        for each in purposes.steps(opened, purpose, "why"):
            assert each.title
            assert each.does.endswith(".")
            assert each.why.endswith(".")
            assert each.check
