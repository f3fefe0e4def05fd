"""The playbook over the route screen: walks it, and carries out what its screen asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from sealift.hosts.trouble import TroubleError
from sealift.playbook.diagnosis import Diagnosis, Verdict
from sealift.playbook.playbook import Playbook
from sealift.ui import dialogs, playbook_rows
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.pages import show_page
from sealift.ui.screens.playbook import Calls, PlaybookScreen

MEASURING = "It is being measured: wait until it says so, or leave with esc."
_WALK = "playbook"  # the group of workers that ends when the screen is left


class PlaybookPanel:
    """One walk through the playbook, for as long as its screen is open.

    `report` writes the incident report of an answer, with the picture of the screen as SVG, and
    gives its path. It is called in a thread and may raise `TroubleError`.
    """

    def __init__(self, desk: Desk, report: Callable[[Diagnosis, str], Path]) -> None:
        self.desk = desk
        self.is_open = False
        self._report = report
        self._measuring = False
        self._then = ""
        self._noted: Verdict | None = None
        self._playbook = Playbook(desk.watch)
        self._playbook.subscribe(self._show)
        self.screen = PlaybookScreen(
            self._playbook.diagnosis,
            Calls(self._again, self._write_report, self._show_page, self._act),
            desk.glyphs,
            desk.clock,
            read_only=desk.read_only,
        )

    def open(self) -> None:
        """Show the screen and begin."""
        self.is_open = True
        self.desk.screen.app.push_screen(self.screen, lambda _: self._close())
        self._again(None)

    def _close(self) -> None:
        """End what is measured; then do what the operator left the screen for."""
        self.is_open = False
        route = self.desk.screen
        route.workers.cancel_group(route, _WALK)
        if self._then:
            route.call_next(route.run_action, self._then)

    def _show(self, diagnosis: Diagnosis) -> None:
        verdict = diagnosis.verdict
        carries = verdict.carries if verdict is not None else None
        if carries and verdict is not self._noted:
            self._noted = verdict
            self.desk.seen.note_trial(carries, self.desk.clock())
        if self.is_open:
            self.screen.show(diagnosis)

    def _again(self, step: str | None) -> None:
        if self._measuring:
            self.desk.say(MEASURING, warning=True)
            return
        self._measuring = True
        self.desk.begin(self._walk(step), _WALK)

    async def _walk(self, step: str | None) -> None:
        try:
            if step is None:
                await self._playbook.run()
            else:
                await self._playbook.run_step(step)
        except TroubleError as error:
            await self.desk.tell("Not measured", dialogs.trouble_paragraphs(error.trouble))
        finally:
            self._measuring = False

    def _show_page(self, finding: str) -> None:
        show_page(self.desk, finding)

    def _act(self, action: str) -> None:
        """Leave, and have the route screen do it, which shows it and asks."""
        route = self.desk.screen
        if playbook_rows.action_of(action) is None:
            raise ValueError(f"the route screen has no action called {action}")
        if why := route.refusal(action):
            self.desk.say(why, warning=True)
            return
        self._then = action
        self.screen.dismiss(None)

    def _write_report(self) -> None:
        picture = self.desk.screen.app.export_screenshot(title="sealift")
        self.desk.begin(self._written(self.screen.diagnosis, picture), "playbook-report")

    async def _written(self, diagnosis: Diagnosis, picture: str) -> None:
        try:
            path = await asyncio.to_thread(self._report, diagnosis, picture)
        except TroubleError as error:
            await self.desk.tell("No report written", dialogs.trouble_paragraphs(error.trouble))
            return
        await self.desk.ask(
            "Incident report",
            dialogs.report_paragraphs(path),
            (),
            copy=str(path),
            cancel="Back",
        )
