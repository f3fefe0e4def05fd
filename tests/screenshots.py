"""`make screenshots`: draw every file of screenshots/ from the demo, the same bytes every time."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sealift.cli import parse
from sealift.demo.stage import Demo
from sealift.hosts.command_log import LogEntry
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.replication.picture import Picture
from sealift.ui.app import SealiftApp
from sealift.ui.screens.playbook import Calls, PlaybookScreen
from sealift.ui.screens.route import RouteScreen
from sealift.ui.text import UNICODE
from tests.diagnoses import slow_link
from tests.driving import Operator
from tests.waiting import wait_for

FOLDER = Path(__file__).parents[1] / "screenshots"
NOW = datetime(2026, 12, 25, 2, 13, 7, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: a scenario, the size of the terminal, the keys pressed before it is drawn
    and a text that they bring up."""

    file: str
    scenario: str
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    shows: str = ""
    theme: str = "sealift-dark"


SCENES = (
    Scene("route", "slow-link", (140, 40)),
    Scene("route-80x24", "slow-link", (80, 24)),
    Scene("route-light", "slow-link", (120, 36), theme="sealift-light"),
    Scene("preview", "slow-link", (120, 36), ("s",), "Cancel"),
    Scene("torn-seed", "torn-seed", (120, 36)),
    Scene("not-sealed", "unsealed", (120, 36)),
    Scene("details", "broken-chain", (120, 36), ("d",), "Back"),
    Scene("help", "slow-link", (120, 36), ("question_mark",), "IV sets differ"),
)


# What the playbook says of a slow link, drawn at these sizes.
PLAYBOOKS = {"playbook": (140, 40), "playbook-80x24": (80, 24)}


class FrozenApp(SealiftApp):
    """The program on a demo whose clock stands still."""

    scenario = ""

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        """The hosts of the scenario."""
        async with Demo.open(self.scenario, frozen=NOW) as demo:
            self.options = self.options.with_route(
                replace(self.options.route, name=demo.route.name)
            )
            yield (
                Host(demo.source, gate, self.command_log, clock=lambda: NOW),
                Host(demo.destination, gate, self.command_log, clock=lambda: NOW),
            )

    def _show_log(self, screen: RouteScreen) -> None:
        """The log is drawn once, when it is steady."""


async def draw(scene: Scene) -> str:
    """One picture as SVG."""
    app = FrozenApp(parse(["demo", scene.scenario, "--theme", scene.theme]), clock=lambda: NOW)
    app.scenario = scene.scenario
    async with app.run_test(size=scene.size) as pilot:
        operator = Operator(pilot)
        await operator.both_read()
        await wait_for(
            pilot,
            lambda: operator.picture.source.iostat and operator.picture.destination.iostat,
            "both pools' iostat",
        )
        await pilot.press(*scene.keys)
        await operator.until(scene.shows)
        app.workers.cancel_group(app, "watch")
        await wait_for(
            pilot,
            lambda: all(not entry.running for entry in app.command_log.entries()),
            "nothing running",
        )
        operator.screen.show(steady(operator.picture))
        operator.screen.show_log(steady_log(app.command_log.entries()))
        app.clear_notifications()
        await pilot.pause()
        drawn = app.export_screenshot(title="sealift", simplify=True)
        return re.sub(r"terminal-\d+-", "terminal-", drawn)


async def draw_playbook(size: tuple[int, int]) -> str:
    """The playbook's screen over the route's, with an answer that is the same every time."""
    app = SealiftApp(parse(["demo", "slow-link"]), clock=lambda: NOW)
    asked = Calls(lambda _: None, lambda: None, lambda _: None, lambda _: None)
    async with app.run_test(size=size) as pilot:
        app.workers.cancel_group(app, "watch")
        shown = PlaybookScreen(slow_link(), asked, UNICODE, lambda: NOW, read_only=False)
        await app.push_screen(shown)
        await pilot.pause()
        app.clear_notifications()
        await pilot.pause()
        drawn = app.export_screenshot(title="sealift", simplify=True)
        return re.sub(r"terminal-\d+-", "terminal-", drawn)


def steady(picture: Picture) -> Picture:
    """The picture without what differs from run to run: how many lines iostat got to say."""
    source, destination = (
        replace(side, iostat=side.iostat[:1]) for side in (picture.source, picture.destination)
    )
    return replace(picture, source=source, destination=destination)


def steady_log(entries: tuple[LogEntry, ...]) -> tuple[LogEntry, ...]:
    """The first reading's commands in a fixed order, each as quick as the next."""
    shown = {(each.host, each.text): each for each in entries if "iostat" not in each.text}
    return tuple(
        replace(shown[key], seconds=0.1, exit_code=0, note="")
        for key in sorted(shown, reverse=True)
    )


def main() -> int:
    """Draw them all."""
    os.environ.pop("NO_COLOR", None)
    os.environ["TERM"] = "xterm-256color"
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state  # no journal of it in the home
        for scene in SCENES:
            _write(scene.file, asyncio.run(draw(scene)))
        for name, size in PLAYBOOKS.items():
            _write(name, asyncio.run(draw_playbook(size)))
    return 0


def _write(name: str, svg: str) -> None:
    (FOLDER / f"{name}.svg").write_text(svg, encoding="utf-8")
    sys.stdout.write(f"screenshots/{name}.svg\n")


if __name__ == "__main__":
    sys.exit(main())
