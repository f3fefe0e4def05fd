"""What every key procedure walks on: a fresh reading, a step a screen, and a way to stop."""

from __future__ import annotations

from collections.abc import Sequence

from sealift.hosts.trouble import TroubleError
from sealift.keys import steps as procedure
from sealift.keys.hand import Hand
from sealift.keys.state import KeyRoot, KeyTree
from sealift.keys.steps import Kind, Step, StepId, Wish
from sealift.ui import key_words
from sealift.ui.panels.desk import Desk
from sealift.ui.screens.asking import Asking
from sealift.ui.screens.dialog import Choice

MINUTES = "60"


class Stopped(Exception):  # noqa: N818 - it is no error: the operator said so
    """The operator stops here; what is done stays done, and was told."""


class Walk:
    """A walk through the steps of one procedure. `names` are encryption roots of one host.

    `vault`: the dataset is meant never to hold a key.
    """

    def __init__(
        self, desk: Desk, hand: Hand, kind: Kind, names: tuple[str, ...], *, vault: bool
    ) -> None:
        self._desk = desk
        self._hand = hand
        self._kind = kind
        self._vault = vault
        # As far as it is not chosen yet, the longest way is counted.
        self._wish = Wish(names, mount=True, minutes=int(MINUTES))
        self._tree = KeyTree(names[0], ())

    @property
    def _roots(self) -> tuple[KeyRoot, ...]:
        return procedure.chosen(self._tree, self._wish)

    @property
    def _steps(self) -> tuple[Step, ...]:
        return procedure.steps(self._kind, self._tree, self._wish)

    async def _read(self) -> None:
        """Read the tree anew; of several roots each tree, joined."""
        found = [await self._hand.read_whole(name) for name in self._wish.roots]
        seen = {each.name: each for tree in found for each in tree.datasets}
        self._tree = KeyTree(self._wish.roots[0], tuple(seen.values()))

    async def _checked(self, step: StepId) -> None:
        await self._read()
        if trouble := procedure.unmet(step, self._hand.where, self._tree, self._wish):
            raise TroubleError(trouble)

    def _step(self, at: StepId) -> Step:
        return next(step for step in self._steps if step.id is at)

    @property
    def _title(self) -> str:
        return key_words.title(self._kind, self._hand.where, self._wish.roots)

    def _commands(self, step: Step) -> list[str]:
        where = self._hand.where
        return [f"{where}$ {self._hand.shown(each).text()}" for each in step.commands]

    def _paragraphs(self, at: StepId, more: Sequence[str]) -> list[str]:
        step = self._step(at)
        place = key_words.place(self._steps, at)
        return [place, *more, *key_words.step(step, self._commands(step))]

    async def _ask(self, at: StepId, more: Sequence[str], choices: Sequence[Choice]) -> str:
        paragraphs = self._paragraphs(at, more)
        chosen = await self._desk.ask(self._title, paragraphs, choices, cancel="Stop here")
        if chosen == "cancel":
            raise Stopped
        return chosen

    def _asking(
        self,
        at: StepId,
        more: Sequence[str],
        choices: Sequence[Choice],
        *,
        label: str,
        value: str = "",
        masked: bool = False,
    ) -> Asking:
        paragraphs = self._paragraphs(at, more)
        return Asking(self._title, paragraphs, choices, label=label, value=value, masked=masked)

    async def _show(self, dialog: Asking) -> str:
        chosen = await self._desk.screen.app.push_screen_wait(dialog)
        if chosen == "cancel":
            raise Stopped
        return chosen

    async def _done(self, at: StepId, lines: Sequence[str]) -> None:
        await self._desk.tell(self._title, [key_words.place(self._steps, at), *lines])
