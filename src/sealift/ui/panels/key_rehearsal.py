"""A failover rehearsal: load, mount read-only, check, lock again, and a page about it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sealift.hosts.trouble import TroubleError
from sealift.journal import login_name
from sealift.keys import calls
from sealift.keys.hand import Hand
from sealift.keys.rehearsal import Checked, Rehearsal, page
from sealift.keys.steps import Kind, StepId
from sealift.playbook import report_file
from sealift.ui import key_words, text
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.key_wizard import Wizard
from sealift.ui.screens.dialog import Choice
from sealift.zfs.commands import Command

_OWN = "Your own check, a line for its shell with sealift's rights there (empty: none)"


class RehearsalWizard(Wizard):
    """The wizard of a rehearsal. It always mounts, and ends locked or says that it is not."""

    def __init__(self, desk: Desk, hand: Hand, names: tuple[str, ...], *, vault: bool) -> None:
        super().__init__(desk, hand, Kind.REHEARSAL, names, vault=vault)
        self._done_so_far: Rehearsal | None = None

    @property
    def _ways(self) -> list[Choice]:
        return [Choice("mount", "Load and mount read-only", "change")]

    def _passed(self, step: StepId) -> None:
        now = self._desk.clock()
        if step is StepId.VERIFY:
            self._done_so_far = Rehearsal(
                self._hand.where, self._wish.roots, login_name(), self._wish.reason, began=now
            )
        elif step is StepId.LOAD:
            self._done_so_far = replace(self._so_far, loaded=now)
        else:
            self._done_so_far = replace(self._so_far, readable=now)

    async def _left(self) -> None:
        if self._done_so_far is not None and any(root.open for root in self._roots):
            await self._desk.tell("The rehearsal is not over", await self._as_it_is())

    async def _loaded(self) -> None:
        """Checks as the operator chooses them, then the lock and the page."""
        while (command := await self._ask_check()) is not None:
            for each in command:
                await self._run(each)
        so_far = self._so_far
        try:
            proof = await self._lock_now()
        except TroubleError as error:
            await self._write(so_far)
            raise TroubleError(error.trouble) from error
        await self._write(replace(so_far, locked=self._desk.clock(), proof=proof))

    @property
    def _so_far(self) -> Rehearsal:
        assert self._done_so_far is not None  # noqa: S101 - the operator said to go on before
        return self._done_so_far

    @property
    def _places(self) -> list[str]:
        """Where what is mounted can be checked. Where mount(8) put a thing, ZFS does not say; a
        name with a line end or a tab in it is not handed on.
        """
        return [
            each.mountpoint
            for root in self._roots
            for each in sorted(root.mounted, key=lambda each: each.name)
            if each.mountpoint.startswith("/") and each.mountpoint.isprintable()
        ]

    async def _ask_check(self) -> tuple[Command, ...] | None:
        """What is checked next; None: nothing more, lock it."""
        dialog = self._asking(
            StepId.CHECKS,
            [key_words.readable(self._roots), *(_told(each) for each in self._so_far.checks)],
            [
                Choice("lock", "Lock and report", "change"),
                Choice("count", "Count files", "change"),
                Choice("read", "Read everything", "change"),
                Choice("own", "Run my line", "change"),
            ],
            label=_OWN,
        )
        chosen = await self._show(dialog)
        if chosen == "count":
            return tuple(calls.count_files(place) for place in self._places)
        if chosen == "read":
            return tuple(calls.read_files(place) for place in self._places)
        if chosen == "own" and dialog.written.strip():
            return (calls.own_check(dialog.written.strip(), self._wish.reason),)
        return None if chosen == "lock" else ()

    async def _run(self, command: Command) -> None:
        self._desk.wait_for(f"Checking: {text.one_line(command.why)}")
        done = await asyncio.shield(self._hand.check(command))
        self._done_so_far = replace(self._so_far, checks=(*self._so_far.checks, done))

    async def _write(self, done: Rehearsal) -> None:
        lines = [done.verdict(), *(_told(each) for each in done.checks), done.proof]
        journal = self._desk.screen.journal
        assert journal is not None  # noqa: S101 - nothing was loaded without one
        path = journal.path.parent / f"rehearsal-{done.began:%Y%m%dT%H%M%SZ}.md"
        try:
            written = report_file.write(path, lambda _: page(done))
            lines.append(f"The report: {written}")
        except TroubleError as error:
            lines += key_words.troubled(error.trouble)
        await self._done(StepId.PROOF, [line for line in lines if line])


def _told(check: Checked) -> str:
    state = "✓ passed" if check.passed else f"! failed, exit code {check.exit_code}"
    last = check.said.rsplit("\n", 1)[-1]
    return f"{state}  {text.duration(check.seconds)}  {check.command}\n{last}".rstrip()
