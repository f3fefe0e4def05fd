"""Carries key procedures out on one host: each step only after the one before has been proven.

The order is in the types: a key is loaded with what `verify` gave back, and only that. Whatever
opens something, or keeps it open, is written into the journal before it is run, and refused if it
cannot be; to lock is always possible, for a full disk must not keep a key in the kernel.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

from sealift.hosts.elevation import Elevation
from sealift.hosts.host import DEADLINE, Host, Result
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.journal import login_name
from sealift.keys import calls, findings, steps, timer
from sealift.keys.calls import Source
from sealift.keys.rehearsal import Checked
from sealift.keys.secret import Secret
from sealift.keys.state import KeyRoot, KeyTree, parse_state, state_command
from sealift.keys.steps import StepId, Wish
from sealift.keys.timer import Timer, TimerState, parse_timers
from sealift.keys.users import Users, parse_users, users_command
from sealift.mentions import LOCK
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import printable
from sealift.zfs.parse import ParseError, lines_of

# Seconds. PBKDF2 with 350,000 rounds takes a second on a small machine, and a minute on an emulated
# one; a mount replays its log first.
_KEY_DEADLINE = 120.0
_MISSING = 5  # how lock_start.sh ends
_GONE = 3  # how cancel.sh ends
_SAID = 2000  # characters of what a check said
T = TypeVar("T")

Announce = Callable[[str, Command], Trouble | None]
"""Writes down that a command is about to be run on a host, or says what keeps it from that."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A root whose key was tried a moment ago, and fits. Only `Hand.verify` makes one."""

    root: KeyRoot
    source: Source
    place: str
    reason: str


class Hand:
    """The operator's hand on the keys of one host.

    `zfs` is the word that starts zfs there. All that goes wrong is a `TroubleError` with a way out.
    """

    def __init__(
        self,
        host: Host,
        announce: Announce,
        *,
        zfs: str = "zfs",
        elevation: Elevation = Elevation.NONE,
    ) -> None:
        self._host = host
        self._zfs = zfs
        self._elevation = elevation
        self._announce = announce
        self.unwritten: Trouble | None = None
        """Why something that locks is not in the journal; None if all of it is."""

    @property
    def where(self) -> str:
        """The host as the user named it."""
        return self._host.where

    def shown(self, command: Command) -> Command:
        """A command of zfs as it runs there."""
        if command.argv[0] != "zfs":
            return command
        words = self._elevation.wrap((self._zfs, *command.argv[1:]))
        return replace(command, argv=words)

    # Looking

    async def read(self, dataset: str) -> KeyTree:
        """The keys of a tree. Raises `TroubleError`."""
        command = self.shown(state_command(dataset))
        result = await self._host.run(command)
        if not result.ok:
            raise TroubleError(refusal(self.where, command, result))
        return self._parsed(lambda: parse_state(dataset, result.stdout))

    async def read_whole(self, dataset: str) -> KeyTree:
        """The same, from the encryption root above the tree if there is one. Raises `TroubleError`.

        `asked` stays what was asked for.
        """
        tree = await self.read(dataset)
        if tree.outside is None:
            return tree
        above = await self.read(tree.outside)
        return replace(above, asked=dataset)

    async def users(self, roots: tuple[KeyRoot, ...]) -> Users:
        """Who uses what is mounted of these roots, as our rights allow.

        That it cannot be told is no trouble: it must not keep anybody from locking.
        """
        places = tuple(each.mountpoint for root in roots for each in root.mounted)
        places = tuple(each for each in places if each.startswith("/"))
        if not places:
            return Users()
        try:
            result = await self._host.run(users_command(places))
            return parse_users(result.stdout) if result.ok else Users(unseen=None)
        except (TroubleError, ParseError):
            return Users(unseen=None)

    # Loading

    async def verify(
        self, root: KeyRoot, source: Source, secret: Secret | None, *, place: str = "", reason: str
    ) -> Verified:
        """Try a key without loading it. Raises `TroubleError` with what is wrong with it.

        `secret` is what travels on stdin, None for `Source.HOST`; it is the caller's to wipe.
        """
        self._reasoned(reason)
        command = calls.verify(root.name, source, place, reason=reason)
        result = await self._with_key(command, root, secret)
        if not result.ok:
            raise TroubleError(self._key_refused(root, source, result))
        return Verified(root, source, place, reason)

    async def load(self, verified: Verified, secret: Secret | None) -> None:
        """Load a key that was tried before. One that is loaded meanwhile is none the worse.

        Raises `TroubleError`.
        """
        root, source = verified.root, verified.source
        command = calls.load(root.name, source, verified.place, reason=verified.reason)
        result = await self._with_key(command, root, secret)
        if result.ok:
            return
        trouble = self._key_refused(root, source, result)
        if trouble.finding != "key-already-loaded":
            raise TroubleError(trouble)

    async def mount(self, root: KeyRoot, reason: str) -> None:
        """Mount what of a root can be mounted, read-only, parents first. Raises `TroubleError`."""
        if trouble := findings.not_mountable(self.where, root):
            raise TroubleError(trouble)
        for each in root.to_mount:
            result = await self._change(calls.mount(each.name, reason=reason), _KEY_DEADLINE)
            if not result.ok:
                raise TroubleError(
                    findings.refused_mount(self.where, each.name, result.stderr, result.exit_code)
                )

    # Purposes

    def declare(self, words: str, reason: str) -> None:
        """Write a decision into the journal. Raises `TroubleError` if it cannot be written."""
        self._reasoned(reason)
        self._announced(
            Command(("true",), Effect.CHANGE, "a decision", shown=f"# {words}", reason=reason)
        )

    async def assign(self, command: Command) -> None:
        """Set a property. Raises `TroubleError`."""
        result = await self._change(command)
        if not result.ok:
            raise TroubleError(refusal(self.where, command, result))

    # Locking

    async def unmount(self, roots: tuple[KeyRoot, ...]) -> None:
        """Unmount what is mounted of these roots, the deepest first. Raises `TroubleError`."""
        mounted = {each.name for root in roots for each in root.mounted}
        for name in sorted(mounted, reverse=True):
            result = await self._close(calls.unmount(name))
            if result.ok or b"not currently mounted" in result.stderr:
                continue
            trouble = refusal(self.where, calls.unmount(name), result)
            if b"busy" in result.stderr:
                trouble = findings.busy(self.where, name, await self.users(roots), result.stderr)
            raise TroubleError(trouble)

    async def unload(self, roots: tuple[KeyRoot, ...]) -> None:
        """Take keys out of the kernel. Raises `TroubleError`, with who uses it if it is busy."""
        for root in roots:
            result = await self._close(calls.unload(root.name))
            if result.ok:
                continue
            users = await self.users((root,)) if b"busy" in result.stderr else Users()
            trouble = findings.refused_unload(
                self.where, root, users, result.stderr, result.exit_code
            )
            if trouble is not None:
                raise TroubleError(trouble)

    async def lock(self, dataset: str, wish: Wish) -> str:
        """Unmount, take the keys away, and give the proof back. Raises `TroubleError`."""
        tree = await self.checked(StepId.LOOK, dataset, wish)
        roots = steps.chosen(tree, wish)
        await self.unmount(roots)
        await self.checked(StepId.UNMOUNT, dataset, wish)
        await self.unload(tuple(root for root in roots if root.open))
        tree = await self.checked(StepId.UNLOAD, dataset, wish)
        return await self.proof(steps.chosen(tree, wish))

    async def checked(self, step: StepId, dataset: str, wish: Wish) -> KeyTree:
        """Read anew; raises `TroubleError` if the step's check has not passed."""
        tree = await self.read_whole(dataset)
        if trouble := steps.unmet(step, self.where, tree, wish):
            raise TroubleError(trouble)
        return tree

    async def proof(self, roots: tuple[KeyRoot, ...]) -> str:
        """What `zfs get keystatus,mounted` says of these roots, as it says it."""
        said: list[str] = []
        for root in roots:
            command = self.shown(calls.proof(root.name))
            result = await self._host.run(command)
            if not result.ok:
                raise TroubleError(refusal(self.where, command, result))
            said += lines_of(result.stdout)
        return "\n".join(said)

    async def check(self, command: Command) -> Checked:
        """Run one check of a rehearsal to its end, however long it takes. Raises `TroubleError`.

        It has passed if it ended with 0 and complained of nothing.
        """
        argv = self._elevation.wrap(command.argv)
        shown = replace(command, argv=argv)
        if command.effect is not Effect.READ:
            self._announced(shown)
        result = await self._host.run(shown, deadline=None)
        said = printable((result.stdout + result.stderr).decode("utf-8", "replace")).strip()
        good = result.ok and not result.stderr
        return Checked(shown.text(), good, result.exit_code, result.seconds, said[-_SAID:])

    # Timers

    async def timers(self) -> tuple[Timer, ...]:
        """The lock timers of the host, the next one first. Raises `TroubleError`."""
        command = timer.list_command()
        result = await self._host.run(command)
        if not result.ok:
            raise TroubleError(refusal(self.where, command, result))
        return self._parsed(lambda: parse_timers(result.stdout))

    async def start_timer(self, roots: tuple[str, ...], seconds: int) -> Timer:
        """Have the host lock these roots by itself. Replaces timers of the same roots.

        Raises `TroubleError`; a timer that there was before then still runs.
        """
        before = await self.timers()
        identity = secrets.token_hex(4)
        command = timer.start_command(
            identity,
            timer.about(roots, login_name()),
            seconds,
            self._elevation.value,
            self._zfs,
            roots,
        )
        result = await self._change(command, stdin=timer.script())
        if result.exit_code == _MISSING:
            name = result.stdout.decode("utf-8", "replace").strip()
            raise TroubleError(
                Trouble(
                    "program-missing",
                    self.where,
                    f"no timer: {name} is not installed there",
                    "The host runs the timer by itself and needs it for that.",
                    f"Install {name} there, or lock it yourself {LOCK}.",
                )
            )
        if not result.ok:
            raise TroubleError(refusal(self.where, command, result))
        found = {each.id: each for each in await self.timers()}
        if identity not in found or found[identity].state is TimerState.LOST:
            raise TroubleError(
                Trouble(
                    "timer-lost",
                    self.where,
                    "the timer does not run",
                    "It was started and is not there: the host ends what a login leaves behind.",
                    f"Lock it yourself {LOCK} when you are done.",
                )
            )
        for each in before:
            if each.runs and set(each.roots) <= set(roots):
                await self.cancel_timer(each)
        return found[identity]

    async def cancel_timer(self, which: Timer) -> None:
        """End a timer; what it would have locked stays open. Raises `TroubleError`."""
        command = timer.cancel_command(which)
        result = await self._change(command, 60.0)
        if result.exit_code not in {0, _GONE}:
            raise TroubleError(refusal(self.where, command, result))

    async def end_timers(self, roots: tuple[str, ...]) -> None:
        """End the timers of roots that are locked: nothing is kept open by that, and one that is
        left would lock the next key that is loaded. Raises `TroubleError`.
        """
        for each in await self.timers():
            if each.runs and set(each.roots) <= set(roots):
                command = timer.cancel_command(each)
                result = await self._close(command)
                if result.exit_code not in {0, _GONE}:
                    raise TroubleError(refusal(self.where, command, result))

    # The one way to a change

    async def _with_key(self, command: Command, root: KeyRoot, secret: Secret | None) -> Result:
        keyformat = root.dataset.key_format
        giving: AbstractContextManager[bytes | bytearray] = nullcontext(b"")
        if secret is not None:
            if flaw := secret.flaw(keyformat):
                raise TroubleError(findings.bad_material(self.where, root, flaw))
            giving = secret.on_stdin(keyformat)
        with giving as data:
            return await self._change(command, _KEY_DEADLINE, stdin=data)

    async def _change(
        self, command: Command, deadline: float = DEADLINE, *, stdin: bytes | bytearray = b""
    ) -> Result:
        shown = self.shown(command)
        self._announced(shown)
        return await self._host.run(shown, deadline=deadline, stdin=stdin)

    def _announced(self, command: Command) -> None:
        """Raise `TroubleError` if the gate refuses it or it cannot be written down."""
        self._host.check(command)
        if trouble := self._announce(self.where, command):
            raise TroubleError(
                Trouble(
                    "journal-not-written",
                    trouble.host,
                    f"not done: {trouble.what}",
                    "Nothing is done with keys that cannot be written down.",
                    trouble.mend,
                    trouble.raw,
                )
            )

    async def _close(self, command: Command) -> Result:
        """Something that locks. It is not kept from being done by a journal that is full."""
        shown = self.shown(command)
        self._host.check(shown)
        if trouble := self._announce(self.where, shown):
            self.unwritten = trouble
        return await self._host.run(shown, deadline=_KEY_DEADLINE)

    def _key_refused(self, root: KeyRoot, source: Source, result: Result) -> Trouble:
        return findings.refused_key(self.where, root, source, result.stderr, result.exit_code)

    def _reasoned(self, reason: str) -> None:
        if not reason.strip():
            raise TroubleError(
                Trouble(
                    "reason-missing",
                    self.where,
                    "no reason was given",
                    "Whenever a key is tried or loaded, the journal says why.",
                    "Say it in a few words: a ticket, a name, a rehearsal.",
                )
            )

    def _parsed(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except ParseError as error:
            raise TroubleError(
                Trouble(
                    "command-failed",
                    self.where,
                    "its answer cannot be read",
                    "A newer program may have written it, or something else answers there.",
                    "Read what it said, below.",
                    str(error),
                )
            ) from error
