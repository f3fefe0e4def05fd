"""The list of keys: what it says of a root, and what it offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.keys.state import KeyTree
from sealift.keys.timer import Timer, TimerState
from sealift.routes import Role
from sealift.ui import headline
from sealift.ui.panels.keys import Keys, entries, read
from sealift.ui.screens.listing import ListScreen
from tests.unit.keys.trees import ROOT, dataset, three, tree

WHERE: dict[Role, str] = {"source": "root@nas1", "destination": "root@dr1"}
TIMER = Timer(
    "7f3a", TimerState.WAITING, datetime(2026, 1, 2, 3, 4, tzinfo=UTC), 3540, (ROOT,), "ann"
)


def shown(found: KeyTree, *timers: Timer, vault: bool = True) -> dict[str, str]:
    (entry,) = entries({"destination": Keys(found, timers)}, WHERE, vault=vault)
    refused = {deed.id for deed in entry.deeds if deed.refusal}
    return {
        "level": entry.level,
        "key": entry.cells[2],
        "relocks": entry.cells[6],
        "refused": " ".join(sorted(refused)),
    }


@pytest.mark.parametrize(("vault", "level"), [(True, headline.PROBLEM), (False, headline.WARNING)])
def test_a_loaded_key_is_worse_on_a_vault(level: str, *, vault: bool) -> None:
    said = shown(three(opened=True), vault=vault)
    assert (said["level"], said["key"], said["relocks"]) == (level, "loaded", "never")
    assert said["refused"] == "cancel load rehearse"


def test_a_locked_one_can_be_loaded_and_not_locked() -> None:
    said = shown(three())
    assert (said["level"], said["key"]) == (headline.OK, "locked")
    assert said["refused"] == "cancel lock"


def test_when_it_locks_itself_is_seen() -> None:
    assert "59 min" in shown(three(opened=True), TIMER)["relocks"]
    busy = replace(TIMER, state=TimerState.BUSY, left=-5)
    assert shown(three(opened=True), busy)["relocks"] == "due, in use"
    lost = replace(TIMER, state=TimerState.LOST)
    assert shown(three(opened=True), lost)["relocks"] == "never"


@pytest.mark.parametrize("opened", [True, False])
def test_a_timer_that_is_lost_matters_as_long_as_the_key_is_loaded(*, opened: bool) -> None:
    lost = replace(TIMER, state=TimerState.LOST)
    (entry,) = entries({"destination": Keys(three(opened=opened), (lost,))}, WHERE, vault=True)
    assert ("lock it yourself" in "\n".join(entry.details)) is opened


def test_a_route_whose_key_is_above_it_is_not_called_unencrypted() -> None:
    above = tree(dataset(), dataset(f"{ROOT}/db"), asked=f"{ROOT}/db")
    (entry,) = entries({"destination": Keys(above)}, WHERE, vault=True)
    assert entry.cells[0] == ROOT
    assert f"{ROOT}/db inherits its key from {ROOT}" in "\n".join(entry.details)
    (entry,) = entries({"destination": Keys(three())}, WHERE, vault=True)
    assert "inherits its key from" not in "\n".join(entry.details)


def test_what_is_not_encrypted_and_what_cannot_be_read_stand_there_too() -> None:
    away = Trouble("host-unreachable", "root@nas1", "no answer")
    plain = tree(dataset(), dataset(f"{ROOT}/open", root=None))
    keys: dict[Role, Keys] = {"source": Keys(trouble=away), "destination": Keys(plain)}
    locked, open_, trouble = entries(keys, WHERE, vault=True)
    assert locked.level == headline.OK
    assert open_.level == headline.PROBLEM
    assert "no answer" in trouble.cells
    for each in (open_, trouble):
        assert [deed.id for deed in each.deeds] == ["build"]


def test_where_nothing_is_yet_the_vault_is_offered() -> None:
    missing = Trouble("dataset-missing", "root@dr1", "backup/prod does not exist")
    (entry,) = entries({"destination": Keys(trouble=missing, asked=ROOT)}, WHERE, vault=True)
    assert (entry.level, entry.cells[0]) == (headline.INFO, ROOT)
    assert [deed.key for deed in entry.deeds] == ["b"]
    (entry,) = entries({"source": Keys(trouble=missing, asked=ROOT)}, WHERE, vault=True)
    assert entry.level == headline.PROBLEM, "a source that is not there is no beginning"


def test_a_source_that_is_a_vault_is_warned_of_before_any_load_is_offered() -> None:
    keys: dict[Role, Keys] = {side: Keys(three(), asked=ROOT) for side in WHERE}
    first, there, here = entries(keys, WHERE, vault=True, vault_of=("nightly",))
    assert (first.level, first.deeds) == (headline.WARNING, ())
    assert first.cells[:4] == (ROOT, "root@nas1", "needs none", "vault of nightly")
    assert "needs no key" in " ".join(first.details)
    assert [each.level for each in (there, here)] == [headline.OK, headline.OK]
    keys["source"] = Keys(three(opened=True), asked=ROOT)
    assert entries(keys, WHERE, vault=True, vault_of=("nightly",))[2].level == headline.PROBLEM
    assert entries(keys, WHERE, vault=True)[1].level == headline.INFO
    assert len({each.id for each in entries(keys, WHERE, vault=True, vault_of=("nightly",))}) == 3


class Half:
    """A host that tells its keys and cannot list its timers, or the other way round."""

    def __init__(self, tree_: object, timers: object) -> None:
        self._tree, self._timers = tree_, timers

    async def read_whole(self, _: str) -> object:
        return self._said(self._tree)

    async def timers(self) -> object:
        return self._said(self._timers)

    @staticmethod
    def _said(what: object) -> object:
        if isinstance(what, Exception):
            raise what
        return what


async def test_timers_that_cannot_be_listed_hide_no_key() -> None:
    broken = TroubleError(Trouble("command-failed", "root@dr1", "its answer cannot be read"))
    found = await read(Half(three(opened=True), broken), ROOT)  # type: ignore[arg-type]
    shown_ = entries({"destination": found}, WHERE, vault=True)
    assert ["cannot be read" in "".join(each.cells) for each in shown_] == [True, False]
    assert shown_[1].cells[2] == "loaded"
    gone = await read(Half(broken, ()), ROOT)  # type: ignore[arg-type]
    assert (gone.tree, gone.trouble) == (None, broken.trouble)


def test_no_deed_has_a_key_of_the_list_or_works_at_once() -> None:
    (entry,) = entries({"destination": Keys(three())}, WHERE, vault=False)
    assert not ListScreen.reserved() & {deed.key for deed in entry.deeds}
    assert {deed.effect.value for deed in entry.deeds} == {"change"}
    assert all(deed.title.endswith("…") for deed in entry.deeds)
