"""The program without a route, on hosts that are looked at without a connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from textual.widgets import Input

from sealift.cli import parse
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.trouble import UnknownKey
from sealift.keymap import USUAL, Keymap
from sealift.replication.host_look import HostLook
from sealift.replication.overview import hosts_of
from sealift.routes import Location, Route
from sealift.ui import looks as ui_looks
from sealift.ui.app import SealiftApp
from sealift.ui.screens.asking import Asking
from sealift.ui.screens.listing import ListScreen
from tests import looks
from tests.driving import Operator
from tests.fleet import FleetHost, tree

KEY = UnknownKey("odd1", "ssh-ed25519", "SHA256:abc", "odd1 ssh-ed25519 abc", Path("known_hosts"))


@dataclass
class Place(FleetHost):
    """A host that notes the keys that are accepted."""

    accepted: list[tuple[UnknownKey, bool]] = field(default_factory=list)

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        self.accepted.append((key, remember))


class FirstApp(SealiftApp):
    """Its hosts are those of `places`, and nothing else is ever reached."""

    def __init__(self, *words: str, keys: Keymap) -> None:
        super().__init__(replace(parse(words), keys=keys))
        held = {"nas1": tree("tank/prod", 109), "dr1": None}
        self.places = {
            name: Place(name, {root.root: root} if root else {}, pools={"tank", "backup"})
            for name, root in (*held.items(), ("old1", None), ("odd1", None))
        }
        self.places["this machine"] = Place("this machine")
        self.gates: list[Gate] = []

    def open_to_look(self, place: Location, gate: Gate) -> Host:
        host = self.places.setdefault(place.where, Place(place.where))
        return Host(host, gate, CommandLog())

    def _hosts(self, routes: Sequence[Route], gate: Gate) -> dict[str, Host]:
        self.gates.append(gate)
        return {
            each.where: Host(self.places[each.where], gate, CommandLog())
            for each in hosts_of(routes)
        }

    @asynccontextmanager
    async def open_all_hosts(self, routes: Sequence[Route]) -> AsyncIterator[Mapping[str, Host]]:
        yield self._hosts(routes, Gate(read_only=True))

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        route = self.options.route
        hosts = self._hosts([route], gate)
        yield hosts[route.source.where], hosts[route.destination.where]


@dataclass
class Seen:
    """What a look at each host gives, and which were looked at."""

    canned: dict[str, HostLook]
    asked: list[str] = field(default_factory=list)

    async def look(self, host: Host) -> HostLook:
        self.asked.append(host.where)
        return self.canned.get(host.where, looks.gone(host.where))


def at_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> Seen:
    """A home whose ssh_config names four hosts."""
    monkeypatch.setenv("HOME", str(home))
    (home / ".ssh").mkdir()
    (home / ".ssh" / "config").write_text("Host nas1 dr1 old1 odd1\nHost *.lab\n")
    odd = replace(looks.gone("odd1"), unknown_key=KEY)
    found = Seen({"nas1": looks.source(), "dr1": looks.vault(), "odd1": odd})
    monkeypatch.setattr(ui_looks, "look", found.look)
    return found


@asynccontextmanager
async def first(
    *words: str, size: tuple[int, int] = (120, 36), keys: Keymap = USUAL
) -> AsyncIterator[Operator]:
    app = FirstApp(*words, keys=keys)
    async with app.run_test(size=size, notifications=True) as pilot:
        operator = Operator(pilot, patience=20)
        await operator.until("this machine" if not app.options.setups else "All routes")
        yield operator


def listed(operator: Operator) -> ListScreen:
    screen = operator.app.screen
    assert isinstance(screen, ListScreen)
    return screen


async def onto(operator: Operator, identity: str) -> None:
    """Put the cursor on a row once it is there."""
    await operator.until_that(
        lambda: (
            isinstance(operator.app.screen, ListScreen)
            and any(each.id == identity for each in operator.app.screen.pane.shown)
        ),
        f"the row {identity}",
    )
    pane = listed(operator).pane
    pane.move_to([each.id for each in pane.shown].index(identity))


async def choose(operator: Operator, identity: str, key: str = "enter") -> None:
    """Press a key on a row."""
    await onto(operator, identity)
    await operator.pilot.press(key)


async def places_chosen(operator: Operator, source: str, destination: str) -> None:
    """On hosts that answer: `tank/prod` of the one, and where it goes below `backup` of the other.

    The name that is proposed for the destination is taken.
    """
    await choose(operator, f"host {source}")
    await operator.until(f"as root on {source}")
    await choose(operator, "tank/prod", "s")
    await operator.until("ok: may send and hold: root")
    await choose(operator, "destination")
    await choose(operator, f"host {destination}")
    await choose(operator, f"{destination}:backup")
    await operator.until("Take it")
    await operator.choose("take")


async def write_in(operator: Operator, words: str) -> None:
    """Write into the line of a dialog, and take it."""
    await operator.until_that(
        lambda: (
            isinstance(operator.app.screen, Asking)
            and operator.app.screen.takes_enter
            and isinstance(operator.app.screen.focused, Input)
        ),
        "a line that listens",
    )
    dialog = operator.app.screen
    dialog.query_one("#entry", Input).value = words
    await operator.pilot.press("enter")
    await operator.until_that(lambda: operator.focused_button() is not None, "the button")
    await operator.pilot.press("enter")
    await operator.until_that(lambda: operator.app.screen is not dialog, "it is taken")


async def chosen(operator: Operator) -> None:
    """Source and destination: from the checklist of one host, and below what the other has."""
    await choose(operator, "host nas1")
    await choose(operator, "tank/prod", "s")
    await choose(operator, "destination")
    await choose(operator, "host dr1")
    await choose(operator, "dr1:backup")
    await write_in(operator, "dr1:backup/prod")
    await operator.until("dr1:backup/prod")


def row(operator: Operator, identity: str) -> str:
    """What a row says."""
    found = (each for each in listed(operator).pane.entries if each.id == identity)
    return " | ".join(next(found).cells)
