"""The audit over the route screen: findings first, source beside destination, pages by enter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sealift.keys import rules
from sealift.keys.audit import Audit
from sealift.replication.inventory import Inventory
from sealift.ui.panels import audit as panel
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.listing import ListScreen
from tests.driving import Operator
from tests.factories import NOON
from tests.ui.pictures import picture, showing
from tests.unit.keys.audits import both, changed, looked
from tests.waiting import wait_for

SIZES = [(80, 24), (160, 45)]
_FILE = {"": {"keylocation": "file:///root/\x1b[31mkey"}}


def found() -> Audit:
    """A vault whose key comes by itself, one child writable; and something unknown."""
    source, destination = trees()
    scene, seen = looked(source, destination, ({}, _FILE))
    return Audit(scene, seen, NOON, 2.5, rules.judge(scene, seen), ("who may do what: [red]no",))


def trees() -> tuple[Inventory, Inventory]:
    source, destination = both()
    return source, changed(destination, "db", readonly=False)


@asynccontextmanager
async def audited(
    monkeypatch: pytest.MonkeyPatch, *words: str, size: tuple[int, int] = (160, 45)
) -> AsyncIterator[tuple[Operator, list[int]]]:
    """The audit on the screen; the list counts how often it was read."""
    taken: list[int] = []

    async def stand_in(_watch: object) -> Audit:
        taken.append(1)
        await asyncio.sleep(0)
        return found()

    monkeypatch.setattr(panel, "audit", stand_in)
    async with showing(picture(*trees()), *words, size=size) as operator:
        await operator.pilot.press("a")
        await operator.until("keylocation-automatic")
        yield operator, taken


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("colour", [True, False])
async def test_findings_stand_first_and_every_row_says_its_weight(
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
    colour: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    async with audited(monkeypatch, size=size) as (operator, _):
        assert isinstance(operator.app.screen, ListScreen)
        lines = operator.sees().splitlines()
        rows = [next(i for i, line in enumerate(lines) if word in line) for word in _ORDER]
        assert rows == sorted(rows)
        assert "\x1b" not in operator.sees()
        kinds = [each.id.split()[0] for each in operator.app.screen.pane.entries]
        assert kinds[:4] == ["claim", "finding", "finding", "unknown"]
        signs = [lines[row].lstrip("│ ")[0] for row in rows]
        assert len(set(signs[1:])) == 3, "problem, warning and unknown have each their sign"


_ORDER = ("vault", "keylocation-autom", "writable-replica", "unknown")


async def test_wide_enough_both_sides_stand_beside_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with audited(monkeypatch, size=(160, 45)) as (operator, _):
        await operator.pilot.press("G")
        seen = operator.sees()
        assert any("tank/prod/db" in line and "backup/prod/db" in line for line in seen.split("\n"))
        assert "readonly" in seen


@pytest.mark.parametrize("size", SIZES)
async def test_enter_opens_the_page(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
    async with audited(monkeypatch, size=size) as (operator, _):
        await operator.pilot.press("down", "enter")
        await wait_for(operator.pilot, lambda: isinstance(operator.app.screen, Dialog), "the page")
        await operator.until("knows where to get the key")
        await operator.pilot.press("escape")
        await wait_for(
            operator.pilot, lambda: isinstance(operator.app.screen, ListScreen), "the list"
        )


async def test_it_can_be_read_again_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async with audited(monkeypatch, "--read-only") as (operator, taken):
        await operator.pilot.press("r")
        await wait_for(operator.pilot, lambda: len(taken) == 2, "read again")
        await operator.pilot.press("escape")
        await wait_for(
            operator.pilot, lambda: operator.app.screen is operator.screen, "the route screen"
        )
