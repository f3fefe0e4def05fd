"""How a key procedure ends when it cannot go on: nothing is told that nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.keys import calls
from sealift.keys.calls import Source
from sealift.keys.hand import Verified
from sealift.keys.secret import Secret
from sealift.keys.state import KeyTree
from sealift.keys.steps import Kind, StepId
from sealift.keys.users import Users
from sealift.mentions import LOCK
from sealift.ui.panels.key_rehearsal import RehearsalWizard
from sealift.ui.panels.key_walk import Stopped
from sealift.ui.panels.key_wizard import Wizard
from sealift.zfs.commands import Command
from tests.unit.keys.trees import HOST, ROOT, dataset, three, tree

LOST = TroubleError(Trouble("host-unreachable", HOST, "the connection was lost"))
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Desk:
    """An operator who goes on, and what they were told."""

    def __init__(self) -> None:
        self.now = NOON
        self.told: list[str] = []

    def clock(self) -> datetime:
        return self.now

    async def ask(self, title: str, *_: object, cancel: str) -> str:
        assert cancel == "Stop here"
        return "cancel" if title == "It would not lock itself" else "lock"

    async def tell(self, title: str, paragraphs: Sequence[str]) -> None:
        self.told.append("\n".join((title, *paragraphs)))


class Hand:
    """A host that gives these readings, one after the other, and then is gone."""

    where = HOST
    unwritten: Trouble | None = None

    def __init__(self, *readings: KeyTree, timers: TroubleError | None = None) -> None:
        self._readings = list(readings)
        self._timers = timers
        self.did: list[str] = []
        self.refused = ""

    def shown(self, command: Command) -> Command:
        return command

    async def read_whole(self, _: str) -> KeyTree:
        if not self._readings:
            raise LOST
        return self._readings.pop(0)

    async def start_timer(self, roots: tuple[str, ...], seconds: int) -> None:
        self.did.append(f"timer {' '.join(roots)} {seconds}")
        if self.refused == "timer":
            raise LOST

    async def load(self, each: Verified, _: object) -> None:
        self.did.append(f"load {each.root.name}")
        if self.refused == "load":
            raise LOST

    async def users(self, _: object) -> Users:
        return Users()

    async def lock(self, *_: object) -> str:
        return "the proof"

    async def end_timers(self, roots: tuple[str, ...]) -> None:
        self.did.append(f"end {' '.join(roots)}")
        if self._timers is not None:
            raise self._timers


def wizard(desk: Desk, hand: Hand) -> Wizard:
    return Wizard(desk, hand, Kind.LOCK, (ROOT,), vault=True)  # type: ignore[arg-type]


def rehearsal(desk: Desk, hand: Hand) -> RehearsalWizard:
    return RehearsalWizard(desk, hand, (ROOT,), vault=True)  # type: ignore[arg-type]


async def test_a_host_that_is_gone_is_not_told_to_be_as_it_was() -> None:
    desk = Desk()
    await wizard(desk, Hand(three(opened=True))).walk()
    (told,) = desk.told
    assert f"not known now: {HOST} does not say. Count {ROOT} as open" in told
    assert "not mounted" not in told


async def test_what_is_open_when_it_stops_is_said() -> None:
    desk = Desk()
    moved = tree(dataset("backup", root="backup", opened=True), dataset(root="backup", opened=True))
    await wizard(desk, Hand(moved, three(opened=True))).walk()
    (told,) = desk.told
    assert "plan-changed" in told
    assert f"The key is loaded: {ROOT}. Lock it {LOCK}" in told


async def test_a_timer_that_cannot_be_ended_does_not_hide_that_it_is_locked() -> None:
    desk = Desk()
    opened = three(opened=True)
    await wizard(desk, Hand(opened, opened, three(), timers=LOST)).walk()
    (told,) = desk.told
    assert "the proof" in told
    assert "Its timer was not ended: the connection was lost" in told
    assert "stopped" not in told


class Loading(Wizard):
    """A wizard that is at the step where the key is loaded, with an hour before it locks."""

    def __init__(self, desk: Desk, hand: Hand) -> None:
        super().__init__(desk, hand, Kind.LOAD, (ROOT,), vault=True)  # type: ignore[arg-type]

    async def _ask_load(self, *_: object) -> tuple[int, bool]:
        return 60, False

    async def run(self) -> None:
        (root,) = three().roots
        fits = Verified(root, Source.TYPED, "", "a reason")
        await self._load({ROOT: fits}, {}, Secret(bytearray(b"correct horse")))


async def test_the_timer_is_there_before_the_key_and_goes_if_the_key_does_not_come() -> None:
    hand = Hand(three())
    hand.refused = "load"
    with pytest.raises(TroubleError):
        await Loading(Desk(), hand).run()
    assert hand.did == [f"timer {ROOT} 3600", f"load {ROOT}", f"end {ROOT}"]


async def test_a_timer_stays_if_the_key_was_loaded_all_the_same() -> None:
    """The answer was lost, the key was not."""
    for hand in (Hand(three(opened=True)), Hand()):
        hand.refused = "load"
        with pytest.raises(TroubleError):
            await Loading(Desk(), hand).run()
        assert hand.did == [f"timer {ROOT} 3600", f"load {ROOT}"]


async def test_without_its_timer_a_key_is_loaded_only_on_the_operators_word() -> None:
    hand = Hand(three())
    hand.refused = "timer"
    with pytest.raises(Stopped):
        await Loading(Desk(), hand).run()
    assert hand.did == [f"timer {ROOT} 3600", f"end {ROOT}"]


async def test_what_cannot_be_mounted_is_known_before_anything_is_loaded() -> None:
    desk = Desk()
    off = tree(dataset(can_mount="off"))
    await rehearsal(desk, Hand(off, off)).walk()
    (told,) = desk.told
    assert "canmount is off" in told
    loading = Loading(desk, Hand(off))
    await loading._read()  # noqa: SLF001
    assert [each.refusal for each in loading._ways] == ["", f"{ROOT}: canmount is off."]  # noqa: SLF001
    both = Loading(desk, Hand(tree(dataset(can_mount="off"), dataset(f"{ROOT}/db"))))
    await both._read()  # noqa: SLF001
    assert [each.refusal for each in both._ways] == ["", ""]  # noqa: SLF001


async def test_what_was_locked_and_not_written_down_is_said() -> None:
    desk, opened = Desk(), three(opened=True)
    hand = Hand(opened, opened, three())
    hand.unwritten = Trouble("journal-not-written", "this machine", "the disk is full")
    await wizard(desk, hand).walk()
    (told,) = desk.told
    assert "That it was locked is not in the journal: the disk is full" in told


async def test_a_rehearsal_is_timed_from_the_word_to_load() -> None:
    desk = Desk()
    walked = rehearsal(desk, Hand())
    assert [each.value for each in walked._ways] == ["mount"]  # noqa: SLF001
    desk.now = NOON + timedelta(hours=1)  # the operator has read the step and said to go on
    walked._passed(StepId.VERIFY)  # noqa: SLF001
    desk.now += timedelta(seconds=3)
    walked._passed(StepId.LOAD)  # noqa: SLF001
    so_far = walked._so_far  # noqa: SLF001
    assert (so_far.began, so_far.loaded) == (NOON + timedelta(hours=1), desk.now)


async def test_a_rehearsal_that_was_locked_again_is_not_said_to_be_open() -> None:
    desk = Desk()
    for found, count in ((three(), 0), (three(opened=True), 1)):
        walked = rehearsal(desk, Hand(found, found))
        await walked._read()  # noqa: SLF001
        walked._passed(StepId.VERIFY)  # noqa: SLF001
        await walked._left()  # noqa: SLF001
        assert len(desk.told) == count


async def test_a_place_that_cannot_be_named_ends_no_rehearsal() -> None:
    both = tree(
        dataset(opened=True, mounted=True),
        dataset(f"{ROOT}/old", opened=True, mounted=True, mountpoint="legacy"),
        dataset(f"{ROOT}/odd", opened=True, mounted=True, mountpoint="/a\tb"),
    )
    walked = rehearsal(Desk(), Hand(both))
    await walked._read()  # noqa: SLF001
    assert walked._places == ["/backup/prod"]  # noqa: SLF001
    assert [calls.count_files(each).argv[-1] for each in walked._places] == ["/backup/prod"]  # noqa: SLF001
