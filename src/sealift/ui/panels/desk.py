"""What a panel needs of the program around it: the newest picture, the hosts, somebody to ask."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.notifications import SeverityLevel

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.replication.changes import Changes
from sealift.replication.picture import Picture
from sealift.replication.seen import Seen
from sealift.replication.watch import RouteWatch
from sealift.routes import Role
from sealift.ui import dialogs
from sealift.ui.bindings import shown
from sealift.ui.screens.dialog import Choice, Dialog
from sealift.ui.text import Glyphs
from sealift.zfs.commands import Command
from sealift.zfs.names import BadNameError
from sealift.zfs.parse import ParseError

if TYPE_CHECKING:
    from sealift.ui.screens.route import RouteScreen


_BRIEFLY = 1.5  # seconds


class Desk:
    """The route screen's hand: asks the operator, and carries out what was confirmed.

    `clock` gives the time now, aware. `seen` is what the pictures of this session said. Everything
    runs in workers of the route screen, so that it goes on when a panel is closed.
    """

    def __init__(
        self, screen: RouteScreen, glyphs: Glyphs, clock: Callable[[], datetime], *, read_only: bool
    ) -> None:
        self.screen = screen
        self.glyphs = glyphs
        self.clock = clock
        self.read_only = read_only
        self.seen = Seen()

    @property
    def picture(self) -> Picture:
        """The newest picture."""
        return self.screen.picture

    @property
    def watch(self) -> RouteWatch:
        """The hosts; the route screen opens no panel before they are there."""
        watch = self.screen.route_watch
        assert watch is not None  # noqa: S101 - `RouteScreen.refusal` saw to it
        return watch

    @property
    def changes(self) -> Changes:
        """The operator's hand on the hosts."""
        return Changes(self.watch)

    def journal_trouble(self) -> Trouble | None:
        """What keeps the journal from being written, if anything does."""
        journal = self.screen.journal
        if journal is None:
            return Trouble("journal-not-written", "this machine", "there is no journal yet")
        return None if journal.ready() else journal.trouble

    def announce(self, where: str, command: Command) -> Trouble | None:
        """Write down that a command is about to be run there; what keeps it from being written."""
        journal = self.screen.journal
        if journal is None:
            return self.journal_trouble()
        return None if journal.announce(where, command, self.clock()) else journal.trouble

    def where(self, side: Role) -> str:
        """A side's host, as the user named it."""
        picture = self.picture
        return (picture.source if side == "source" else picture.destination).location.where

    def command(self, side: Role, command: Command) -> str:
        """A zfs command as it runs on that side, with the host before it."""
        ends = self.watch.ends
        end = ends.source if side == "source" else ends.destination
        return f"{self.where(side)}$ {shlex.join(end.words(command.argv))}"

    def begin(self, work: Coroutine[object, object, object], group: str) -> None:
        """Have something done beside the screen; a defect in it ends the program in a sentence."""
        self.screen.run_worker(work, group=group)

    def say(self, words: str, *, warning: bool = False, seconds: float | None = None) -> None:
        """Tell the operator something in passing, for so many seconds or as long as is usual."""
        severity: SeverityLevel = "warning" if warning else "information"
        words = shown(self.screen, words)
        self.screen.notify(words, severity=severity, timeout=seconds, markup=False)

    def wait_for(self, words: str) -> None:
        """Say what is waited for; gone before it covers the buttons of what comes next."""
        self.say(f"{words}…", seconds=_BRIEFLY)

    async def ask(
        self,
        title: str,
        paragraphs: Sequence[str],
        choices: Sequence[Choice],
        *,
        copy: str = "",
        cancel: str = "Cancel",
        typed: str = "",
        focus: str = "cancel",
    ) -> str:
        """Show a dialog; the chosen value is given back, `cancel` for none. From a worker only."""
        dialog = Dialog(
            title, paragraphs, choices, copy=copy, cancel=cancel, typed=typed, focus=focus
        )
        return await self.screen.app.push_screen_wait(dialog)

    async def tell(self, title: str, paragraphs: Sequence[str]) -> None:
        """Show paragraphs and wait until they are left. From a worker only."""
        await self.screen.app.push_screen_wait(Dialog(title, paragraphs, cancel="Back"))

    async def carry_out(self, doing: Awaitable[object], failed: str) -> bool:
        """Do what was confirmed; what goes wrong is told under the title `failed`.

        Confirmed is confirmed: whoever cancels the worker does not cancel it. False if it failed.
        """
        try:
            await asyncio.shield(doing)
        except TroubleError as error:
            await self.tell(failed, dialogs.trouble_paragraphs(error.trouble))
        except (ParseError, BadNameError) as error:
            await self.tell(failed, [unreadable(error)])
        else:
            return True
        return False


def unreadable(error: ParseError | BadNameError) -> str:
    """What a host said and nobody understands, as a sentence."""
    return f"A host said something that cannot be read: {error}"
