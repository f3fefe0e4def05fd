"""A key procedure, walked: one step a screen, and nothing goes on before its check has passed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.keys import findings
from sealift.keys import steps as procedure
from sealift.keys.calls import Source, check_path
from sealift.keys.hand import Verified
from sealift.keys.secret import Secret
from sealift.keys.steps import Kind, StepId
from sealift.keys.timer import LONGEST
from sealift.mentions import LOCK
from sealift.ui import key_words
from sealift.ui.panels.key_material import no_traces, read_key
from sealift.ui.panels.key_walk import MINUTES, Stopped, Walk
from sealift.ui.screens.dialog import Choice
from sealift.zfs.names import BadNameError, printable

_SOURCES = {"typed": Source.TYPED, "file": Source.FILE, "host": Source.HOST}


class Wizard(Walk):
    """One procedure for encryption roots of one host."""

    async def walk(self) -> None:
        """From the first step to the last one, or to where the operator stops."""
        try:
            await self._look()
            if self._kind is Kind.LOCK:
                await self._lock()
                return
            await self._ask_reason()
            await self._with_key()
        except Stopped:
            await self._left()
        except TroubleError as error:
            await self._desk.tell(
                f"{self._kind.value}: stopped",
                [*key_words.troubled(error.trouble), *await self._as_it_is()],
            )

    async def _left(self) -> None:
        """What is told to who stops before the end."""

    async def _as_it_is(self) -> list[str]:
        try:
            await self._read()
        except TroubleError:  # what was so before is not told: it may be open since
            return [key_words.unknown(self._hand.where, self._wish.roots)]
        return [*key_words.open_still(self._roots), key_words.readable(self._roots)]

    # Looking

    async def _look(self) -> None:
        await self._read()
        where = self._hand.where
        outside = self._tree.outside
        if outside is not None:
            raise TroubleError(findings.wrong_root(where, self._wish.roots[0], outside))
        if trouble := procedure.unmet(StepId.LOOK, where, self._tree, self._wish):
            raise TroubleError(trouble)
        if self._kind is Kind.LOCK:
            return
        if self._kind is not Kind.TEST:
            if all(root.open for root in self._roots):
                raise TroubleError(findings.already_loaded(where, self._roots))
            closed = tuple(root.name for root in self._roots if not root.open)
            self._wish = replace(self._wish, roots=closed)
            if self._kind is Kind.REHEARSAL and (trouble := self._unmountable):
                raise TroubleError(trouble)
        lines = [key_words.roots(self._roots)]
        if self._kind is not Kind.TEST:
            lines.insert(0, key_words.warning(where, vault=self._vault))
        await self._ask(StepId.LOOK, lines, [Choice("next", "Go on", "change")])

    async def _ask_reason(self) -> None:
        trouble: list[str] = []
        while not self._wish.reason:
            broken = self._desk.journal_trouble()
            dialog = self._asking(
                StepId.REASON,
                key_words.troubled(broken) if broken else trouble,
                [Choice("next", "Go on", "change")],
                label="Reason (goes to the journal)",
            )
            await self._show(dialog)
            trouble = ["! No reason was given."]
            if self._desk.journal_trouble() is None:
                self._wish = replace(self._wish, reason=printable(dialog.written).strip())

    # The key

    async def _with_key(self) -> None:
        while True:
            source = await self._ask_source()
            try:
                secret, place = await self._ask_key(source)
            except TroubleError as error:
                await self._desk.tell("Not tried", key_words.troubled(error.trouble))
                continue
            self._wish = replace(self._wish, source=source, place=place)
            with secret:
                good, bad = await self._verify(source, secret, place)
                if not good:
                    await self._desk.tell(
                        "Not verified", key_words.troubled(next(iter(bad.values())))
                    )
                    continue
                if self._kind is Kind.TEST:
                    await self._tested(good, bad)
                else:
                    await self._load(good, bad, secret)
                return

    async def _ask_source(self) -> Source:
        raw = any(root.dataset.key_format == "raw" for root in self._roots)
        chosen = await self._ask(
            StepId.VERIFY,
            key_words.sources(self._hand.where, self._roots),
            [
                Choice(
                    "typed",
                    "Type it",
                    "change",
                    refusal="a raw key has bytes that no keyboard has" if raw else "",
                ),
                Choice("file", "File here", "change"),
                Choice("host", "File there", "change"),
            ],
        )
        return _SOURCES[chosen]

    async def _ask_key(self, source: Source) -> tuple[Secret, str]:
        """The key, or for `Source.HOST` the place where it is. Raises `TroubleError`."""
        where = self._hand.where
        found = ", ".join(sorted({root.dataset.key_format or "?" for root in self._roots}))
        labels = {
            Source.TYPED: f"{found[0].upper()}{found[1:]}",
            Source.FILE: "Path of the key file on this machine",
            Source.HOST: f"Path of the key file on {where}; empty: where keylocation says",
        }
        if source is not Source.HOST:
            no_traces(self._desk.screen.app.features)
        self._wish = replace(self._wish, source=source)
        dialog = self._asking(
            StepId.VERIFY,
            [key_words.roots(self._roots)],
            [Choice("try", "Try it", "change")],
            label=labels[source],
            masked=source is Source.TYPED,
        )
        await self._show(dialog)
        if source is Source.TYPED:
            return dialog.take_secret(), ""
        if source is Source.FILE:
            return read_key(dialog.written.strip()), ""
        try:
            place = check_path(dialog.written.strip()) if dialog.written.strip() else ""
        except BadNameError as error:
            raise TroubleError(Trouble("key-file-missing", where, str(error))) from error
        asking = tuple(root for root in self._roots if not root.expects_file)
        if not place and asking:
            raise TroubleError(findings.no_location(where, asking))
        return Secret(bytearray()), place

    async def _verify(
        self, source: Source, secret: Secret, place: str
    ) -> tuple[dict[str, Verified], dict[str, Trouble]]:
        """Try the key on every root, without loading it."""
        good: dict[str, Verified] = {}
        bad: dict[str, Trouble] = {}
        given = None if source is Source.HOST else secret
        self._desk.wait_for("Trying it: ZFS takes its time for that on purpose")
        for root in self._roots:
            trying = self._hand.verify(root, source, given, place=place, reason=self._wish.reason)
            try:
                good[root.name] = await asyncio.shield(trying)
            except TroubleError as error:
                bad[root.name] = error.trouble
        return good, bad

    async def _tested(self, good: dict[str, Verified], bad: dict[str, Trouble]) -> None:
        before = {root.name: root.open for root in self._roots}
        await self._read()
        after = {root.name: root.open for root in self._roots}
        proof = await self._hand.proof(self._roots)
        lines = [
            key_words.verified(list(good), bad, self._hand.where, self._wish.source),
            proof
            if before == after
            else "! keystatus changed meanwhile: somebody else loads keys.",
            "The journal has when, who and why.",
        ]
        await self._done(StepId.PROOF, lines)

    async def _load(
        self, good: dict[str, Verified], bad: dict[str, Trouble], secret: Secret
    ) -> None:
        self._wish = replace(self._wish, roots=tuple(good))
        minutes, mount = await self._ask_load(good, bad)
        self._passed(StepId.VERIFY)
        if minutes:
            await self._start_timer(minutes)
        given = None if self._wish.source is Source.HOST else secret
        try:
            for each in good.values():
                await asyncio.shield(self._hand.load(each, given))
        except TroubleError:
            await self._end_idle_timer()
            raise
        secret.wipe()
        await self._checked(StepId.LOAD)
        self._passed(StepId.LOAD)
        if mount:
            for root in self._roots:
                if root.to_mount:
                    await asyncio.shield(self._hand.mount(root, self._wish.reason))
            await self._checked(StepId.MOUNT)
            self._passed(StepId.MOUNT)
        await self._loaded()

    def _passed(self, step: StepId) -> None:
        """A step has been proven, or for `VERIFY`: the operator said to go on and load."""

    async def _ask_load(
        self, good: dict[str, Verified], bad: dict[str, Trouble]
    ) -> tuple[int, bool]:
        """After how many minutes it locks again (0: never), and whether it is mounted."""
        trouble: list[str] = []
        while True:
            dialog = self._asking(
                StepId.LOAD,
                [
                    *trouble,
                    key_words.verified(list(good), bad, self._hand.where, self._wish.source),
                    key_words.warning(self._hand.where, vault=self._vault),
                    *key_words.mounting(self._hand.where, self._roots),
                ],
                self._ways,
                label="Lock again by itself after so many minutes, set before the load (0: never)",
                value=MINUTES,
            )
            chosen = await self._show(dialog)
            words = dialog.written.strip()
            short = words.isascii() and words.isdigit() and len(words) <= len(str(LONGEST))
            if short and int(words) <= LONGEST:
                minutes = int(words)
                self._wish = replace(self._wish, mount=chosen == "mount", minutes=minutes or None)
                return minutes, chosen == "mount"
            trouble = [f"! Minutes are a number from 0 to {LONGEST}."]

    @property
    def _ways(self) -> list[Choice]:
        refusal = self._unmountable.means if self._unmountable else ""
        return [
            Choice("load", "Load", "change"),
            Choice("mount", "Load and mount read-only", "change", refusal=refusal),
        ]

    @property
    def _unmountable(self) -> Trouble | None:
        """Why nothing of all this can be mounted; None if something can. Told before a load."""
        found = [findings.not_mountable(self._hand.where, root) for root in self._roots]
        return next((each for each in found if each), None) if all(found) else None

    async def _start_timer(self, minutes: int) -> None:
        """Before the load: whatever cuts us off between them, no key is left that nothing locks.

        One for each root, so that each ends when its own root is locked.
        """
        try:
            for name in self._wish.roots:
                await asyncio.shield(self._hand.start_timer((name,), minutes * 60))
        except TroubleError as error:
            chosen = await self._desk.ask(
                "It would not lock itself",
                [*key_words.troubled(error.trouble), "Nothing is loaded yet."],
                [Choice("go", "Load it without a timer", "change")],
                cancel="Stop here",
            )
            if chosen != "go":
                await self._end_idle_timer()
                raise Stopped from error

    async def _end_idle_timer(self) -> None:
        """A timer for what was not loaded would lock the next key; one that is needed stays."""
        with suppress(TroubleError):  # what is told is why it was not loaded
            await self._read()
            if not any(root.open for root in self._roots):
                await asyncio.shield(self._hand.end_timers(self._wish.roots))

    async def _loaded(self) -> None:
        lines = [key_words.readable(self._roots), await self._hand.proof(self._roots)]
        timers = await self._hand.timers()
        own = [each for each in timers if each.runs and set(each.roots) & set(self._wish.roots)]
        lines += [key_words.timer(each) for each in own]
        if not own:
            lines.append(f"Nothing locks it by itself: lock it {LOCK}.")
        await self._done(StepId.PROOF, lines)

    # Locking

    async def _lock(self) -> None:
        proof = await self._locked()
        await self._done(StepId.PROOF, [key_words.readable(self._roots), proof])

    async def _locked(self) -> str:
        """Ask and lock, until it is locked or the operator stops; the proof."""
        trouble: list[str] = []
        while True:
            await self._read()
            users = await self._hand.users(self._roots)
            shown = [step for step in self._steps if step.commands]
            commands = [line for step in shown for line in self._commands(step)]
            await self._ask(
                StepId.USERS,
                [
                    *trouble,
                    key_words.readable(self._roots),
                    *key_words.taken_along(self._tree.below(self._roots)),
                    users.sentence(),
                    "\n".join(commands),
                ],
                [Choice("lock", "Lock", "change")],
            )
            try:
                return await self._lock_now()
            except TroubleError as error:
                trouble = key_words.troubled(error.trouble)

    async def _lock_now(self) -> str:
        """Unmount, take the keys away; the proof. Their timers have nothing left to do."""
        said = [
            await asyncio.shield(self._hand.lock(name, replace(self._wish, roots=(name,))))
            for name in self._wish.roots
        ]
        try:
            await asyncio.shield(self._hand.end_timers(self._wish.roots))
        except TroubleError as error:
            said.append(key_words.timer_left(error.trouble))
        if self._hand.unwritten is not None:
            said.append(key_words.unwritten(self._hand.unwritten))
        await self._read()
        return "\n".join(said)
