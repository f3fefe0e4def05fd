"""A vault is built, a step a screen: what is done is read from the hosts, never remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sealift.keys import building, vault, vault_after, vault_before
from sealift.keys.hand import Hand
from sealift.keys.steps import StepId
from sealift.keys.vault import Stage
from sealift.keys.vault_look import Look
from sealift.mentions import BUILD, CANCEL
from sealift.replication.job import JobState
from sealift.ui import vault_words
from sealift.ui.panels import sending
from sealift.ui.panels.desk import Desk, unreadable
from sealift.ui.panels.key_walk import Stopped
from sealift.ui.screens.dialog import Choice
from sealift.ui.screens.following import OVER, Following
from sealift.zfs.names import BadNameError
from sealift.zfs.parse import ParseError

_LEAVING = (
    f"The job runs on its host and goes on whatever becomes of this program. Come back {BUILD}: it "
    f"is found again. It can be cancelled {CANCEL} from the route."
)
_NEXT = Choice("next", "Go on")
_AGAIN = Choice("again", "Look again")
_SNAPSHOT = Choice("snapshot", "Take a snapshot…", "change")
_SEND = Choice("send", "Plan the send…", "change")
_FOLLOW = Choice("follow", "Follow the job")


class VaultWizard:
    """Walks the steps of one route. `hand` is the destination's; it never gets a key."""

    def __init__(self, desk: Desk, hand: Hand) -> None:
        self._desk = desk
        self._hand = hand
        self._look: Look
        self._stages: tuple[Stage, ...] = ()

    async def walk(self) -> None:
        """From the first step that is open, or the very first, to the last or where it stops."""
        try:
            await self._read()
            number = await self._begin()
            while number < len(self._stages):
                number = await self._step(number)
            await self._end()
        except Stopped:
            return
        except (ParseError, BadNameError) as error:
            await self._desk.tell(f"{vault.TITLE}: stopped", [unreadable(error)])

    async def _read(self) -> None:
        self._desk.wait_for("Reading both hosts")
        self._look = await building.look(self._desk.watch, self._hand)
        # In a thread: a tree may have 100,000 snapshots.
        self._stages = await asyncio.to_thread(vault.stages, self._look)

    async def _ask(self, lines: Sequence[str], choices: Sequence[Choice], focus: str) -> str:
        title = f"{vault.TITLE}: {self._desk.picture.route.title}"
        chosen = await self._desk.ask(title, lines, choices, cancel="Stop here", focus=focus)
        if chosen == "cancel":
            raise Stopped
        return chosen

    async def _begin(self) -> int:
        """Show all steps; the number of the one to go on with."""
        lines = vault_words.overview(self._stages, self._look, self._desk.glyphs)
        first = Choice("first", "From step 1")
        at = vault.first_open(self._stages)
        if not at:
            if at is None:
                lines += vault_words.left(self._look)
            await self._ask(lines, [first], "first")
            return 0
        choices = [Choice("on", f"Go on with step {at + 1}"), first]
        return at if await self._ask(lines, choices, "on") == "on" else 0

    async def _step(self, number: int) -> int:
        """Show a step and do what is chosen; the number of the step that comes then."""
        stage = self._stages[number]
        choices = self._choices(stage)
        focus = next((each.value for each in choices if each in (_NEXT, _FOLLOW)), "cancel")
        lines = vault_words.screen(self._stages, number, self._desk.glyphs)
        chosen = await self._ask(lines, choices, focus)
        if chosen == _NEXT.value:
            return number + 1
        await self._do(chosen)
        await self._read()
        return number

    def _choices(self, stage: Stage) -> list[Choice]:
        """What can be done in a step as it stands."""
        step, look = stage.step.id, self._look
        if stage.passed:
            early = step is StepId.SNAPSHOT and look.tree is None
            another = [Choice(_SNAPSHOT.value, "Take another…", "change")] if early else []
            return [*another, _NEXT]
        found: list[Choice] = []
        if step is StepId.DESTINATION and vault_before.create_above(look):
            found.append(Choice("create", "Create it", "change"))
        elif step is StepId.SNAPSHOT:
            found.append(_SNAPSHOT)
        elif step is StepId.SEED:
            found.append(_FOLLOW if look.running else _SEND)
        elif step is StepId.PROOF:
            found += [_SNAPSHOT, _FOLLOW if look.running else _SEND]
        elif step is StepId.SET and vault_after.settings(look):
            found.append(Choice("set", "Set it", "change"))
        elif step is StepId.HOLDS and vault.keeping(look):
            found.append(Choice("keep", "Hold and bookmark", "change"))
        return [*found, _AGAIN]

    async def _do(self, chosen: str) -> None:
        """Carry out what was chosen; what goes wrong is told, and the step is looked at again."""
        desk, before = self._desk, self._desk.picture.job
        if chosen == "snapshot":
            await sending.snapshot(desk)
        elif chosen == "send":
            if await sending.send(desk):
                await self._follow(before.about.id if before else "")
        elif chosen == "follow":
            await self._follow("")
        elif chosen == "create":
            await desk.carry_out(self._create(), "Not created")
        elif chosen == "set":
            await desk.carry_out(self._set(), "Not set")
        elif chosen == "keep":
            await desk.carry_out(self._keep(), "Not held")

    async def _follow(self, former: str) -> None:
        """Follow the job that came after `former`; raises `Stopped` if it is left to itself."""

        def look() -> tuple[str, bool]:
            job = self._desk.picture.job
            if job is None or job.about.id == former:
                return "It was started; its host has not said anything of it yet.", False
            over = not job.state.running and job.state is not JobState.VERIFYING
            return vault_words.job(job), over

        dialog = Following(
            f"{vault.TITLE}: the seed",
            [_LEAVING],
            look,
        )
        if await self._desk.screen.app.push_screen_wait(dialog) != OVER:
            raise Stopped

    async def _create(self) -> None:
        for command in vault_before.create_above(self._look):
            await self._desk.changes.run(self._desk.watch.destination, command)

    async def _set(self) -> None:
        for each in vault_after.settings(self._look):
            await self._hand.assign(each.command(""))

    async def _keep(self) -> None:
        watch = self._desk.watch
        for side, command in vault.keeping(self._look):
            host = watch.source if side == "source" else watch.destination
            await self._desk.changes.run(host, command)

    async def _end(self) -> None:
        """What is so now, all of it read once more."""
        await self._read()
        lines = vault_words.overview(self._stages, self._look, self._desk.glyphs)
        await self._desk.tell(vault.TITLE, [*lines, *vault_words.left(self._look)])
