"""A read-only session, driven through every action of the registry and every key of every list.

Twice: once as it is, when the gate is not even asked for a change; and once with screens that know
nothing of it, when all is confirmed and the gate alone stands before the hosts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_lowercase

import pytest
from textual.screen import Screen
from textual.widgets import Button, Input

from sealift.actions import ACTIONS, ROWS, SCREENS
from sealift.cli import parse
from sealift.config.reading import default_path
from sealift.demo.stage import Demo
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.trouble import TroubleError
from sealift.ui import new_route
from sealift.ui.app import SealiftApp
from sealift.ui.first_rows import DEMO
from sealift.ui.screens.charts import ChartsScreen
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.listing import ListScreen
from sealift.ui.screens.playbook import PlaybookScreen
from sealift.zfs.commands import Command, Effect
from tests.driving import Operator
from tests.ui.starting import choose
from tests.waiting import wait_for

from .test_demo_ends import said
from .test_demo_first_start import OnDemo

pytestmark = pytest.mark.timeout(600)
_LISTS = {"jobs", "tokens", "holds", "prune", "roll_back", "keys", "audit"}
_DEEDS = {"load", "lock", "test", "rehearse", "release"}  # some of those that lists offer
_LEAVE = {"q", "ctrl+q", "escape"}  # what leads back from a list
_DEED = "panel"  # the group of the workers that carry out a list's deeds
_DIALOGS = 8  # that may follow one another


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are written into the folder that the program was started in."""
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True, slots=True)
class Watchful(Gate):
    """Writes down every change that it is asked about, and whether it was refused."""

    asked: list[Command] = field(default_factory=list)
    refused: list[Command] = field(default_factory=list)

    def check(self, command: Command, host: str) -> None:
        if command.effect is not Effect.READ:
            self.asked.append(command)
        try:
            Gate.check(self, command, host)
        except TroubleError:
            self.refused.append(command)
            raise


class OnNight(SealiftApp):
    """The program on one of the demo's nights, behind a gate that is read-only in any case."""

    demo: Demo
    gate: Watchful
    night = ""

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:  # noqa: ARG002
        self.gate = Watchful(read_only=True)
        async with Demo.open(self.night) as self.demo:
            yield (
                Host(self.demo.source, self.gate, self.command_log),
                Host(self.demo.destination, self.gate, self.command_log),
            )


@asynccontextmanager
async def night(name: str, *words: str) -> AsyncIterator[tuple[Operator, OnNight]]:
    app = OnNight(parse(["root@nas1:tank/prod", "root@dr1:backup/prod", *words]))
    app.night = name
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        operator = Operator(pilot, patience=30)
        await operator.both_read()
        yield operator, app


class Driver:
    """Somebody who presses whatever there is to press, and confirms whatever is asked."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator
        self.opened: set[str] = set()
        self.offered = 0  # changes that a dialog would have made

    async def every_action(self) -> None:
        """Every action of the registry, by each of its keys."""
        for action in ACTIONS:
            if action.id not in {"quit", "palette"}:
                for key in action.keys:
                    await self.press(key)
                    await self.inside(action.id)

    async def the_palette(self) -> None:
        """Every entry that the palette has over the route screen."""
        for command in self.operator.app.get_system_commands(self.operator.screen):
            if command.title != "quit" and not command.title.startswith("theme "):
                with suppress(TypeError):  # a coroutine function's partial, or a plain one
                    await command.callback()
                await self.operator.pilot.pause()
                await self.back()

    async def press(self, key: str) -> None:
        await self.operator.pilot.press(key)
        await self.operator.pilot.pause()

    async def inside(self, action: str) -> None:
        """Whatever came up: a list, the playbook, a dialog; then back to the route screen."""
        pilot, app = self.operator.pilot, self.operator.app
        if action in _LISTS and isinstance(app.screen, ListScreen) and action not in self.opened:
            await wait_for(pilot, lambda: self._list().pane.entries is not None, action, 30)
            self.opened.add(action)
            await self.every_key(action)
        elif isinstance(app.screen, PlaybookScreen | ChartsScreen) and action not in self.opened:
            self.opened.add(action)
            for key in (*ascii_lowercase, *"12345", "enter"):
                if key not in _LEAVE:
                    await self.press(key)
                    await self.dialogs()
        else:
            await self.dialogs()
        await self.back()

    def _list(self) -> ListScreen:
        screen = self.operator.app.screen
        assert isinstance(screen, ListScreen)
        return screen

    async def every_key(self, action: str) -> None:
        """Each deed of each row that offers other ones than those before it."""
        pressed = {(0, key): "" for key in ("enter", "delete", "space")}
        seen = set()
        for row, entry in enumerate(self._list().pane.shown):
            kind = tuple((deed.id, bool(deed.refusal)) for deed in entry.deeds)
            if kind not in seen:
                seen.add(kind)
                pressed |= {(row, deed.key): deed.id for deed in entry.deeds}
        for (row, key), deed in pressed.items():
            if key in _LEAVE:
                continue
            if not isinstance(self.operator.app.screen, ListScreen):
                await self.back()
                await self.press(next(each.keys[0] for each in ACTIONS if each.id == action))
                if not isinstance(self.operator.app.screen, ListScreen):
                    return  # a rollback that is over
            pane = self._list().pane
            if pane.shown:
                pane.move_to(min(row, len(pane.shown) - 1))
            await self.press(key)
            if deed:
                await self.answered()
            await self.dialogs()
            if deed:
                self.opened.add(deed)

    async def answered(self) -> None:
        """A deed may ask the hosts before it asks the operator."""

        def quiet() -> bool:
            app = self.operator.app
            deeds = [each for each in app.workers if each.group == _DEED]
            return isinstance(app.screen, Dialog) or not any(each.is_running for each in deeds)

        await wait_for(self.operator.pilot, quiet, "what was asked for", 30)

    async def dialogs(self) -> None:
        """Answer what is asked, or leave it."""
        for _ in range(_DIALOGS):
            dialog = self.operator.app.screen
            if not isinstance(dialog, Dialog):
                return
            await wait_for(
                self.operator.pilot,
                lambda dialog=dialog: (  # type: ignore[misc]
                    dialog.focused is not None or self.operator.app.screen is not dialog
                ),
                "a dialog that is drawn",
            )
            for entry in dialog.query(Input):
                entry.value = dialog._typed or "a reason"  # noqa: SLF001
            await self.operator.pilot.pause()
            self.offered += len(self.changing(dialog))
            if await self.confirm(dialog):
                continue
            await self.press("escape")

    @staticmethod
    def changing(dialog: Dialog) -> list[Button]:
        found = [
            *dialog.query(Button).filter(".change"),
            *dialog.query(Button).filter(".destruction"),
        ]
        return [each for each in found if not each.disabled]

    async def confirm(self, dialog: Dialog) -> bool:
        changing = self.changing(dialog)
        if not changing:
            return False
        await wait_for(self.operator.pilot, lambda: dialog.takes_enter, "a dialog that listens")
        if self.operator.app.screen is not dialog:
            return True
        changing[-1].press()
        await self.operator.pilot.pause()
        return self.operator.app.screen is not dialog

    async def back(self) -> None:
        """To the route screen again."""
        await self.press("escape")  # on the route screen itself it leaves the filter, the zoom
        await self.back_to(self.operator.screen)

    async def back_to(self, screen: Screen[None]) -> None:
        for _ in range(20):
            if self.operator.app.screen is screen:
                return
            await self.press("escape")
        raise AssertionError(f"no way back from {self.operator.app.screen}")

    async def every_key_of(self, name: str, opens: str = "") -> None:
        """Every key of a list but those that only move, on each row that offers other deeds.

        `opens` is the row below it that opens the list again, where a deed may leave it.
        """
        shown = self._list()
        actions = (each for each in SCREENS[name] if each not in ROWS)
        keys = {key for action in actions for key in action.keys} - _LEAVE
        seen = set()
        for entry in shown.pane.entries:
            kind = tuple((deed.id, deed.title, bool(deed.refusal)) for deed in entry.deeds)
            if kind in seen or entry.id == DEMO:  # which ends the program
                continue
            seen.add(kind)
            row = [each.id for each in shown.pane.entries].index(entry.id)
            for key in sorted(keys):
                shown.pane.move_to(row)
                await self.press(key)
                await self.dialogs()
                if opens and shown not in self.operator.app.screen_stack:
                    await choose(self.operator, opens)
                    shown = self._list()
                await self.back_to(shown)
                if shown.query_one("#filter-line").display:
                    await self.press("escape")
                if shown.pane.marks:
                    shown.pane.move_to(row)
                    shown.pane.toggle_mark()
        self.opened.add(name)


async def test_the_gate_is_not_asked_for_one_change() -> None:
    async with night("torn-seed", "--read-only") as (operator, app):
        driver = Driver(operator)
        await driver.every_action()
        await driver.the_palette()
        assert driver.offered == 0
        assert app.gate.asked == []
        assert {each.text for each in await app.demo.deeds()} == set()
        assert driver.opened >= _LISTS - {"roll_back"} | {"playbook", "charts"} | _DEEDS


async def test_the_gate_alone_keeps_both_hosts_as_they_are() -> None:
    async with night("torn-seed") as (operator, app):
        driver = Driver(operator)
        await driver.every_action()
        assert driver.offered > 10
        kept_back(app)
        assert {each.text for each in await app.demo.deeds()} == set()
        assert driver.opened >= _LISTS - {"roll_back"} | {"playbook", "charts"} | _DEEDS


async def test_the_gate_alone_keeps_what_a_rollback_would_destroy() -> None:
    async with night("quiet-night") as (operator, app):
        await said(app.demo, "dr1", "zfs snapshot backup/prod/db@local")
        await operator.pilot.press("ctrl+r")
        await operator.until("destination-diverged")
        before = await app.demo.deeds()
        driver = Driver(operator)
        await driver.press("b")
        await driver.inside("roll_back")
        assert driver.offered
        kept_back(app)
        assert await app.demo.deeds() == before


@asynccontextmanager
async def first_start(folder: Path, *words: str) -> AsyncIterator[tuple[Operator, OnDemo]]:
    """The program without a route, where ssh knows the demo's hosts."""
    config = folder / "ssh_config"
    config.write_text("Host nas1 dr1\n")
    app = OnDemo(parse(["--ssh-config", str(config), *words]))
    async with (
        Demo.open("quiet-night") as app.demo,
        app.run_test(size=(120, 36), notifications=True) as pilot,
    ):
        yield Operator(pilot, patience=30), app


async def before_there_is_a_route(operator: Operator) -> Driver:
    """Every key from the first screen to the form, once a route is chosen."""
    driver = Driver(operator)
    await operator.until("no route yet")
    await driver.every_key_of("first_start")
    await choose(operator, "host nas1")
    await operator.until("as root on nas1")
    await driver.every_key_of("host")
    await choose(operator, "tank/prod", "s")
    await choose(operator, "destination")
    await choose(operator, "host dr1")
    await operator.until("backup")
    await driver.every_key_of("places", opens="destination")
    await choose(operator, "dr1:backup")
    await operator.until("Take it")
    await operator.choose("take")
    await operator.until("there already, as a replica is")
    await driver.every_key_of("new_route")
    assert driver.opened == {"first_start", "host", "places", "new_route"}
    return driver


async def test_before_there_is_a_route_nothing_is_written_either(tmp_path: Path) -> None:
    async with first_start(tmp_path, "--read-only") as (operator, app):
        driver = await before_there_is_a_route(operator)
        assert driver.offered == 0
        assert await app.demo.deeds() == ()
    assert not default_path().exists()


async def test_the_gate_alone_keeps_the_config_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Watchful(read_only=True)
    monkeypatch.setattr(new_route, "Gate", lambda **_: gate)
    async with first_start(tmp_path) as (operator, app):
        driver = await before_there_is_a_route(operator)
        assert driver.offered
        assert gate.asked
        assert gate.refused == gate.asked
        assert await app.demo.deeds() == ()
    assert not default_path().exists()


def kept_back(app: OnNight) -> None:
    assert app.gate.asked
    assert app.gate.refused == app.gate.asked
