"""Drive the real application by its keys, as an operator does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Button

from sealift.cli import Options, parse
from sealift.replication.job import Job, JobState
from sealift.replication.picture import Picture
from sealift.ui.app import SealiftApp
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.route import RouteScreen
from tests.waiting import screen_text, wait_for


def options(*words: str, ssh_config: Path | None = None) -> Options:
    """The options of a command line."""
    config = [] if ssh_config is None else ["--ssh-config", str(ssh_config)]
    return parse([*config, *words])


class Operator:
    """Somebody at the keyboard, who reads before pressing the next key."""

    def __init__(self, pilot: Pilot[int], patience: float = 60) -> None:
        self.pilot = pilot
        self.patience = patience
        self._ended: set[str] = set()

    @property
    def app(self) -> SealiftApp:
        """The program."""
        assert isinstance(self.pilot.app, SealiftApp)
        return self.pilot.app

    @property
    def screen(self) -> RouteScreen:
        """The route screen, also while a dialog is over it."""
        return next(each for each in self.app.screen_stack if isinstance(each, RouteScreen))

    @property
    def picture(self) -> Picture:
        """What the route screen draws."""
        return self.screen.picture

    def sees(self) -> str:
        """The screen as text."""
        return screen_text(self.pilot)

    async def until(self, text: str, within: float | None = None) -> None:
        """Wait until a text is on the screen."""
        await wait_for(
            self.pilot, lambda: text in self.sees(), f"{text!r} on screen", within or self.patience
        )

    async def until_that(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds."""
        await wait_for(self.pilot, holds, what, self.patience)

    async def both_read(self) -> None:
        """Wait until both trees are drawn."""
        await wait_for(
            self.pilot,
            lambda: self.picture.comparison is not None,
            "both sides read",
            self.patience,
        )

    async def confirm(self, key: str, value: str) -> str:
        """Press a key, read the dialog that opens, choose a button by `tab` and `enter`.

        What the dialog said is given back.
        """
        await self.pilot.press(key)
        await wait_for(
            self.pilot,
            # Drawn as well: before its first frame there is nothing to read.
            lambda: (
                isinstance(self.app.screen, Dialog)
                and self.focused_button() is not None
                and self.sees().strip()
            ),
            f"the dialog of {key}",
            self.patience,
        )
        said = self.sees()
        assert self.focused_button() == "cancel", "Cancel has the focus"
        await self.choose(value)
        return said

    async def choose(self, value: str) -> None:
        """Go to a button of the open dialog by `tab` and press `enter`."""
        while self.focused_button() != value:
            await self.pilot.press("tab")
        dialog = self.app.screen
        while self.app.screen is dialog:  # enter is deaf for an instant after opening
            await self.pilot.press("enter")

    def focused_button(self) -> str | None:
        """The id of the button that has the focus."""
        focused = self.app.screen.focused
        return focused.id if isinstance(focused, Button) else None

    async def job_ended(self, within: float = 300) -> JobState:
        """Wait until a job that was not waited for before is over."""

        def over() -> bool:
            job = self.picture.job
            return job is not None and job.about.id not in self._ended and self._is_over(job)

        await wait_for(self.pilot, over, "the job over", within)
        job = self.picture.job
        assert job is not None
        self._ended.add(job.about.id)
        return job.state

    @staticmethod
    def _is_over(job: Job) -> bool:
        return not job.state.running and job.state is not JobState.VERIFYING
