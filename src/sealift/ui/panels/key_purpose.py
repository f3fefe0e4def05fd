"""A destination is made a vault or a warm standby: the line that is crossed is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from sealift.hosts.trouble import TroubleError
from sealift.keys import purposes
from sealift.keys.hand import Hand
from sealift.keys.steps import Kind, Step, StepId
from sealift.mentions import AUDIT
from sealift.routes import Purpose
from sealift.ui import key_words
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.key_walk import Stopped
from sealift.ui.panels.key_wizard import Wizard
from sealift.ui.screens.dialog import Choice


class PurposeWizard(Wizard):
    """Walks a destination tree from one purpose to the other. `now` is what this run takes it for.

    Nothing is changed before the crossing is in the journal.
    """

    def __init__(self, desk: Desk, hand: Hand, dataset: str, now: Purpose) -> None:
        super().__init__(desk, hand, Kind.LOCK, (dataset,), vault=now is Purpose.VAULT)
        self._dataset = dataset
        self._now = now
        self._purpose = Purpose.STANDBY if now is Purpose.VAULT else Purpose.VAULT
        self._was_locked = False

    async def walk(self) -> None:
        """From the first step to the last one, or to where the operator stops."""
        try:
            await self._choose()
            await self._ask(StepId.LINE, [], [Choice("cross", "Cross it", "change")])
            await self._ask_reason()
            self._declare("becomes")
            try:
                if any(step.id is StepId.USERS for step in self._steps):
                    await self._locked()
                    self._was_locked = True
                await self._set()
            except (Stopped, TroubleError):
                with suppress(TroubleError):  # that it begins is there, and it says no more
                    self._declare("did not become")
                raise
            self._declare("is now")
            await self._done(StepId.PROOF, await self._proven())
        except Stopped:
            await self._left()
        except TroubleError as error:
            await self._desk.tell(
                f"{self._title}: stopped",
                [*key_words.troubled(error.trouble), *await self._as_it_is()],
            )

    def _declare(self, verb: str) -> None:
        words = f"{self._dataset} {verb} {purposes.NAMES[self._purpose]}"
        self._hand.declare(words, self._wish.reason)

    async def _left(self) -> None:
        """Stopped after the line was crossed on paper: what of it is not so."""
        trouble = purposes.unmet(self._hand.where, self._tree, self._purpose)
        if self._wish.reason and trouble:
            await self._desk.tell(f"{self._title}: stopped", key_words.troubled(trouble))

    @property
    def _steps(self) -> tuple[Step, ...]:
        return purposes.steps(self._tree, self._purpose, self._wish.reason, locked=self._was_locked)

    @property
    def _title(self) -> str:
        return f"Vault or warm standby: {self._hand.where}:{self._dataset}"

    async def _read(self) -> None:
        self._tree = await self._hand.read_whole(self._dataset)
        names = tuple(root.name for root in self._tree.concerned)
        self._wish = replace(self._wish, roots=names)

    async def _choose(self) -> None:
        await self._read()
        chosen = await self._ask(
            StepId.LOOK,
            [
                f"This run takes it for {purposes.NAMES[self._now]}.",
                key_words.roots(self._roots),
                key_words.readable(self._roots),
            ],
            [
                Choice(each.value, f"Make it {purposes.NAMES[each]}", "change")
                for each in (Purpose.STANDBY, Purpose.VAULT)
            ],
        )
        self._purpose = Purpose(chosen)
        if trouble := purposes.before(self._hand.where, self._tree, self._purpose):
            raise TroubleError(trouble)

    async def _set(self) -> None:
        await self._read()
        wanted = purposes.settings(self._tree, self._purpose)
        said = "\n".join(each.sentence() for each in wanted) or "All of it is set already."
        await self._ask(StepId.SET, [said], [Choice("set", "Set it", "change")])
        for each in wanted:
            await asyncio.shield(self._hand.assign(each.command(self._wish.reason)))
        await self._read()
        if trouble := purposes.unmet(self._hand.where, self._tree, self._purpose):
            raise TroubleError(trouble)

    async def _proven(self) -> Sequence[str]:
        flag = "--standby" if self._purpose is Purpose.STANDBY else "--vault"
        lines = [await self._hand.proof(self._roots)]
        if self._purpose is not self._now:
            lines.append(f"This run goes on as before: start sealift with {flag} from now on.")
        return [
            *lines,
            f"Look at the audit {AUDIT} next: what a host does at boot is not set here.",
        ]
