"""The program on the demo's hosts: the same screen, and somebody who briefs the operator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text
from textual import work
from textual.app import SystemCommand
from textual.screen import Screen
from textual.widgets import Static

from sealift.actions import ACTIONS, named
from sealift.cli import Options
from sealift.demo.stage import Deed, Demo
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host, utc_now
from sealift.hosts.trouble import TroubleError
from sealift.replication.changes import Changes
from sealift.replication.watch import RouteWatch
from sealift.ui import dialogs, text
from sealift.ui.app import SealiftApp
from sealift.ui.bindings import keys_of
from sealift.ui.screens.dialog import Choice, Dialog
from sealift.ui.screens.route import RouteScreen
from sealift.ui.widgets.footer import KeyFooter

_LOOK = 2.0  # seconds between two looks at whether the night is mended


class Story(Static):
    """A line above the keys: that this is a demo, how its night stands, and how to go on."""

    DEFAULT_CSS = """
    Story { height: 1; padding: 0 1; background: $panel; color: $text-primary; }
    """

    def tell(self, words: str, **hints: str) -> None:
        """Say how it stands, and what the keys of these actions of the route do about it."""
        keys = keys_of(self)
        pressed = (f"{keys.shown(named(ACTIONS, name))} {does}" for name, does in hints.items())
        line = "  ".join((f"Demo: {words}.", *pressed))
        self.update(Text(line, no_wrap=True, overflow="ellipsis"))


class DemoApp(SealiftApp):
    """One scenario of the demo."""

    def __init__(self, options: Options, scenario: str, snapshots: int | None = None) -> None:
        super().__init__(options)
        self._scenario = scenario
        self._snapshots = snapshots
        self._demo: Demo | None = None
        self._began = utc_now()
        self._mended_after: float | None = None
        self._story = Story()

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        """Start the two embedded hosts; they are gone when the program ends."""
        async with Demo.open(self._scenario, self._snapshots) as demo:
            self._demo = demo
            self.options = self.options.with_route(
                replace(
                    self.options.route,
                    name=demo.route.name,
                    purpose=demo.route.purpose,
                    lag_limit=demo.route.lag_limit,
                )
            )
            yield (
                Host(demo.source, gate, self.command_log),
                Host(demo.destination, gate, self.command_log),
            )

    def journal_path(self) -> Path:
        """Among the demo's own files: what was played is no change of a real host."""
        if self._demo is None:
            return super().journal_path()
        return self._demo.directory / "journal.jsonl"

    def opened(self, screen: RouteScreen, watch: RouteWatch) -> None:
        """Brief the operator, and let the night begin."""
        if self._demo is not None:
            screen.mount(self._story, before=screen.query_one(KeyFooter))
            self._brief(self._demo, watch)

    @work(group="demo", exit_on_error=False)
    async def _brief(self, demo: Demo, watch: RouteWatch) -> None:
        scenario = demo.scenario
        self._began = utc_now()
        if scenario.autostart:
            words = f"{scenario.title}. Nothing of it is real"
            self._story.tell(words, palette="briefing", quit="leaves")
            self._start_transfer(watch)
        else:
            words = f"{scenario.title}, not mended yet"
            self._story.tell(words, palette="briefing", quit="leaves, and tells how")
            await self.push_screen_wait(_briefing(demo, cancel="Begin"))
        # The world is asked again and again: it has no way to call.
        while not await demo.mended():  # noqa: ASYNC110
            await asyncio.sleep(_LOOK)
        if scenario.autostart:
            words = f"{scenario.title} is over; `sealift demo --list` has nights to mend"
            self._story.tell(words, quit="leaves")
        else:
            self._mended_after = (utc_now() - self._began).total_seconds()
            words = f"{scenario.title}, mended after {text.duration(self._mended_after)}"
            self._story.tell(words, quit="leaves, and tells what an expert does")
            if not isinstance(self.screen, RouteScreen):  # there the line says so
                self.notify("Mended.", markup=False)

    @work(group="demo-transfer", exit_on_error=False)
    async def _start_transfer(self, watch: RouteWatch) -> None:
        try:
            changes = Changes(watch)
            shown = await changes.preview()
            if shown.plan.ready and not self.options.route.read_only:
                await changes.start(shown)
        except TroubleError as error:
            paragraphs = dialogs.trouble_paragraphs(error.trouble)
            await self.push_screen_wait(Dialog("The demo did not start", paragraphs, cancel="Back"))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette shows the briefing again, for whoever needs a shell an hour later."""
        yield from super().get_system_commands(screen)
        if self._demo is not None:
            yield SystemCommand(
                "briefing",
                "The demo's task, and how to get a shell on its hosts.",
                partial(self.push_screen, _briefing(self._demo, cancel="Back")),
            )

    async def farewell(self) -> bool:
        """What the operator did, how long it took, what an expert would have done."""
        demo = self._demo
        if demo is None or demo.scenario.autostart:
            return True
        took = (utc_now() - self._began).total_seconds()
        chosen = await self.push_screen_wait(
            Dialog(
                f"Demo: {demo.scenario.title}",
                [
                    f"Mended after {text.duration(self._mended_after)}."
                    if self._mended_after is not None
                    else f"Not mended yet, after {text.duration(took)}.",
                    f"An expert would have done this:\n{demo.scenario.hint}",
                    # Last: it may be longer than the screen.
                    _deeds(await demo.deeds()),
                ],
                [Choice("leave", "Leave")],
                cancel="Back",
                focus="leave",
            )
        )
        return chosen == "leave"


def _briefing(demo: Demo, *, cancel: str) -> Dialog:
    return Dialog(
        f"Demo: {demo.scenario.title}",
        [
            demo.scenario.briefing,
            _shells(demo),
            "q leaves and tells what an expert does; : briefing shows this again.",
        ],
        cancel=cancel,
    )


def _shells(demo: Demo) -> str:
    return (
        "These hosts are made up, their shells are real. In another terminal:\n"
        f"{demo.shell('nas1')}\n{demo.shell('dr1')}"
    )


def _deeds(deeds: tuple[Deed, ...]) -> str:
    if not deeds:
        return "You changed nothing."
    lines = [f"{datetime.fromtimestamp(d.at, UTC):%H:%M:%S} {d.host}$ {d.text}" for d in deeds]
    return "You did:\n" + "\n".join(lines)
