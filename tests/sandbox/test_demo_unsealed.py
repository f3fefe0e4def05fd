"""unsealed is played to its end: what the program's own lists say is done, line by line."""

from __future__ import annotations

import re

from sealift.cli import parse
from sealift.demo.stage import Demo
from sealift.replication.seal import SealState
from sealift.ui.demo import DemoApp
from sealift.ui.entries import Entry
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.listing import ListScreen
from tests.driving import Operator
from tests.waiting import wait_for

from .key_driving import opened
from .test_demo_ends import said as run_there

DB = "backup/prod/db"
_TYPED = re.compile(r"^root@(nas1|dr1)\$ (.+)$", re.MULTILINE)


class Night(DemoApp):
    """The night as it is, briefing and farewell with it."""

    @property
    def demo(self) -> Demo:
        assert self._demo is not None
        return self._demo


async def audited(operator: Operator, claim: str) -> dict[str, Entry]:
    """Wait until the open audit claims this; its findings by id."""

    def rows() -> tuple[Entry, ...]:
        screen = operator.app.screen
        found = screen.pane.entries if isinstance(screen, ListScreen) else ()
        return found if found and found[0].cells[2].startswith(claim) else ()

    await wait_for(operator.pilot, rows, f"the audit says {claim!r}", operator.patience)
    return {each.cells[0]: each for each in rows() if each.id.startswith("finding ")}


async def test_what_can_be_read_is_replaced_by_what_the_audit_says_and_the_night_ends() -> None:
    app = Night(parse(["demo", "unsealed"]), "unsealed")
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        operator = Operator(pilot, patience=40)
        briefing = await opened(operator, "An auditor asks for proof")
        assert isinstance(briefing, Dialog)
        await operator.choose("cancel")
        await operator.both_read()
        await operator.until("Demo: Not sealed, not mended yet.")
        assert operator.picture.seal.state is SealState.BROKEN

        await operator.pilot.press("a")
        found = await audited(operator, "not sealed")
        assert found["not-raw"].cells[2] == DB
        lines = _TYPED.findall("\n".join(found["not-raw"].details))
        assert [words.split()[:2] for _, words in lines] == [
            ["zfs", "send"],
            ["zfs", "list"],
            ["zfs", "destroy"],
            ["zfs", "rename"],
        ]
        assert not await app.demo.mended()
        for host, words in lines:
            await run_there(app.demo, host, words)
        assert await app.demo.mended()

        await operator.pilot.press("r")
        found = await audited(operator, "sealed")
        assert "not-raw" not in found
        there = await run_there(app.demo, "dr1", f"zfs get -H -o value encryption,keystatus {DB}")
        assert there.split() == ["aes-256-gcm", "unavailable"]

        await operator.pilot.press("escape")
        await operator.until("mended after")
        await operator.until("SEALED vault")
        await operator.pilot.press("q")
        farewell = await opened(operator, "An expert would have done this")
        assert isinstance(farewell, Dialog)
        await operator.pilot.press("escape")  # as everywhere: back, not out
        await operator.until("SEALED vault")
        assert operator.app.is_running
        await operator.pilot.press("q")
        await opened(operator, "An expert would have done this")
        await operator.choose("leave")
