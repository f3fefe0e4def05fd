"""Keeps the picture of one route new, and carries out what the operator decides.

The hosts are read independently: one that hangs or is gone never keeps the other from being shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from sealift.hosts.elevation import Elevation
from sealift.hosts.host import Host, utc_now
from sealift.hosts.probe import probe
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError, UnknownKey
from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Inventory
from sealift.replication.lines import Lines
from sealift.replication.picture import Picture, Side
from sealift.replication.pipeline import End, Pipeline, obstacle, pipeline
from sealift.replication.plan import Plan, Problem, Step, make_plan, problems
from sealift.replication.seal import Seal, judge
from sealift.replication.survey import survey
from sealift.replication.transfer import (
    Transfer,
    TransferState,
    cancelled,
    carry_out,
    verified,
)
from sealift.routes import Route
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.iostat import IostatSample, parse_iostat
from sealift.zfs.names import pool_of
from sealift.zfs.parse import ParseError
from sealift.zfs.progress import Estimate, parse_estimate

REFRESH = 10.0  # seconds between two readings of a side, at least
# Listing costs the host CPU time that a send needs: at most 5 % of the time, 1 % beside a send.
_IDLE_SHARE, _SENDING_SHARE = 20, 100
# Seconds that one line of zpool iostat covers. Each line costs the host something, too: fewer of
# them where listing a tree takes longer than half a second.
IOSTAT, IOSTAT_SLOW, _SLOW_HOST = 2, 5, 0.5
_IOSTAT_KEPT = 60
_SHOW_EVERY = 0.25  # seconds between two pictures of a transfer
_ESTIMATE_DEADLINE = 120.0
_SOURCE, _DESTINATION = "source", "destination"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with the pipeline that would run and what ZFS estimates for it (None: unknown)."""

    step: Step
    pipeline: Pipeline
    estimate: Estimate | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan as the operator is shown it before anything runs. `host` is where it would run."""

    plan: Plan
    steps: tuple[PlannedStep, ...]
    host: str

    @property
    def total_bytes(self) -> int | None:
        """What all steps together would carry; None if one of them is unknown."""
        total = 0
        for planned in self.steps:
            if planned.estimate is None or planned.estimate.total is None:
                return None
            total += planned.estimate.total
        return total


class RouteWatch:
    """Reads both sides of a route again and again; `picture` is the newest, immutable.

    `elevation` fixes how both hosts let us act as root; without it each is asked.
    """

    def __init__(
        self,
        route: Route,
        source: Host,
        destination: Host,
        *,
        elevation: Elevation | None = None,
    ) -> None:
        self.picture = Picture(
            route,
            Side(route.source, source.connection),
            Side(route.destination, destination.connection),
        )
        self._hosts = {_SOURCE: source, _DESTINATION: destination}
        self._elevation = elevation
        self._wake = {_SOURCE: asyncio.Event(), _DESTINATION: asyncio.Event()}
        self._reading = {_SOURCE: asyncio.Lock(), _DESTINATION: asyncio.Lock()}
        self._listeners: list[Callable[[Picture], None]] = []
        self._transfer: asyncio.Task[None] | None = None

    # Reading

    def subscribe(self, listener: Callable[[Picture], None]) -> None:
        """Have `listener` called with every new picture, in the event loop's thread."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Keep reading until cancelled. A running transfer is ended with it."""
        try:
            async with asyncio.TaskGroup() as group:
                for role in (_SOURCE, _DESTINATION):
                    group.create_task(self._read_forever(role))
                    group.create_task(self._iostat_forever(role))
        finally:
            await self.cancel()

    async def read_once(self) -> Picture:
        """Read both sides at once, for a report; trouble with one of them is in the picture."""
        await asyncio.gather(self._read(_SOURCE), self._read(_DESTINATION))
        return self.picture

    def refresh(self) -> None:
        """Read both sides now, and try hosts that are gone at once."""
        for role, host in self._hosts.items():
            host.retry_now()
            self._wake[role].set()

    async def _read_forever(self, role: str) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._read(role)
            read_at = loop.time()
            # A send that starts during the pause makes it longer.
            while (rest := read_at + self._pause(role) - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(rest):
                        await self._wake[role].wait()
                        break
            self._wake[role].clear()

    def _pause(self, role: str) -> float:
        """Seconds between the last reading of a side and the next."""
        side, transfer = self._side(role), self.picture.transfer
        if side.connection.retry_at is not None:
            return max(0.2, (side.connection.retry_at - utc_now()).total_seconds())
        share = _SENDING_SHARE if transfer and transfer.state.running else _IDLE_SHARE
        return max(REFRESH, share * side.inventory.seconds if side.inventory else 0)

    async def _read(self, role: str) -> None:
        # One reading of a side at a time: an older one must not replace a newer one.
        async with self._reading[role]:
            await self._read_alone(role)

    async def _read_alone(self, role: str) -> None:
        host, side = self._hosts[role], self._side(role)
        facts = side.facts
        try:
            if facts is None:
                facts = await probe(host)
                host.elevation = self._elevation or facts.elevation
                self._change_side(role, facts=facts, connection=host.connection)
            inventory = await survey(host, side.location.dataset)
        except TroubleError as error:
            key = error.key if isinstance(error, HostKeyUnknownError) else None
            self._change_side(
                role, trouble=error.trouble, unknown_key=key, connection=host.connection
            )
            return
        except Exception as error:  # noqa: BLE001 - whatever a host says, the other side goes on
            trouble = Trouble(
                "sealift-defect",
                host.where,
                "sealift failed to read it, which is a defect of sealift",
                mend="Please report the text below.",
                raw=f"{type(error).__name__}: {error}",
            )
            self._change_side(role, trouble=trouble, connection=host.connection)
            return
        self._change_side(
            role,
            trouble=None,
            unknown_key=None,
            connection=host.connection,
            inventory=inventory,
        )
        await self._compare()

    async def _compare(self) -> None:
        """Compare in a thread: 100,000 snapshots take a quarter of a second."""
        while True:
            source, destination = self.picture.source.inventory, self.picture.destination.inventory
            if source is None or destination is None:
                return
            made = await asyncio.to_thread(_made_of, source, destination)
            newest = self.picture.source.inventory, self.picture.destination.inventory
            if newest[0] is source and newest[1] is destination:
                break
        comparison, seal, found = made
        self._show(replace(self.picture, comparison=comparison, seal=seal, problems=found))

    async def _iostat_forever(self, role: str) -> None:
        host, pool = self._hosts[role], pool_of(self._side(role).location.dataset)
        while True:
            inventory = self._side(role).inventory
            if inventory is not None:
                every = IOSTAT_SLOW if inventory.seconds > _SLOW_HOST else IOSTAT
                lines = Lines(lambda line: self._iostat_line(role, line))
                try:
                    await host.run(
                        commands.pool_iostat(pool, every), deadline=None, on_stdout=lines.feed
                    )
                    self._change_side(role, iostat=())
                except TroubleError as error:
                    self._change_side(
                        role, iostat=(), trouble=error.trouble, connection=host.connection
                    )
                    self._wake[role].set()
            await asyncio.sleep(IOSTAT)

    def _iostat_line(self, role: str, line: bytes) -> None:
        sample = _iostat_sample(line)
        if sample is not None:
            kept = self._side(role).iostat[-_IOSTAT_KEPT + 1 :]
            self._change_side(role, iostat=(*kept, sample))

    def _side(self, role: str) -> Side:
        return self.picture.source if role == _SOURCE else self.picture.destination

    def _change_side(self, role: str, **changes: object) -> None:
        side: Side = replace(self._side(role), **changes)  # type: ignore[arg-type]
        picture = (
            replace(self.picture, source=side)
            if role == _SOURCE
            else replace(self.picture, destination=side)
        )
        self._show(picture)

    def _show(self, picture: Picture) -> None:
        self.picture = picture
        for listener in self._listeners:
            listener(picture)

    # Acting

    def accept_host_key(self, key: UnknownKey, *, remember: bool) -> None:
        """Trust the key that a side waits with. Raises `OSError` if it cannot be written down."""
        for role, host in self._hosts.items():
            if self._side(role).unknown_key == key:
                host.accept(key, remember=remember)
                self._wake[role].set()

    async def take_snapshot(self, command: Command) -> str:
        """Run what `snapshot_command` gave; the snapshot's name is given back.

        Raises `TroubleError`.
        """
        result = await self._hosts[_SOURCE].run(command)
        if not result.ok:
            raise TroubleError(refusal(self._hosts[_SOURCE].where, command, result))
        await self._read(_SOURCE)
        return command.argv[-1].partition("@")[2]

    def snapshot_command(self) -> Command:
        """The command that takes a recursive snapshot of the source tree, named for now.

        Raises `names.BadNameError` if the route's format makes no legal name.
        """
        inventory = self.picture.source.inventory
        held = inventory.datasets.values() if inventory else ()
        taken = frozenset(each.name for entry in held for each in entry.snapshots)
        name = self.picture.route.snapshot_name(utc_now(), taken)
        command = commands.take_snapshot(self.picture.route.source.dataset, name)
        return replace(command, argv=self._end(_SOURCE).words(command.argv))

    async def preview(self) -> Preview:
        """Plan from a fresh reading of both sides and ask ZFS how much it is.

        Raises `TroubleError` if a side cannot be read now.
        """
        picture = await self.read_once()
        if picture.troubles:
            raise TroubleError(picture.troubles[0])
        assert picture.comparison is not None  # noqa: S101 - both sides were just read
        host = self._hosts[_SOURCE]
        plan = make_plan(picture.comparison)
        unreachable = obstacle(picture.route.source, picture.route.destination)
        if unreachable:
            plan = replace(plan, steps=(), blocked=(unreachable, *plan.blocked))
        ends = self._end(_SOURCE), self._end(_DESTINATION)
        steps = [
            PlannedStep(step, pipeline(step, *ends), await _estimate(host, step))
            for step in plan.steps
        ]
        return Preview(plan, tuple(steps), host.where)

    async def start(self, preview: Preview) -> None:
        """Start what was previewed, if that is still what would be done.

        A dialog may have been open for hours: both sides are read again, and a plan that would be
        another one now is refused. Raises `TroubleError` then, and if a transfer of this route
        runs.
        """
        now = await self.preview()
        if now.plan.steps != preview.plan.steps or now.plan.blocked:
            raise TroubleError(
                Trouble(
                    "plan-changed",
                    preview.host,
                    "not started: what would be sent has changed since it was shown",
                    "Snapshots or datasets came or went on one of the hosts.",
                    "Look at the plan again.",
                    "\n".join(f"{each.id}: {each.summary}" for each in now.plan.blocked),
                )
            )
        if self._transfer is not None and not self._transfer.done():
            raise TroubleError(
                Trouble(
                    "dataset-busy",
                    preview.host,
                    "a transfer of this route is already running",
                    mend="Wait for it, or cancel it first.",
                )
            )
        steps = tuple((planned.step, planned.pipeline) for planned in preview.steps)
        transfer = Transfer(steps, preview.host, utc_now())
        self._transfer = asyncio.create_task(self._carry_out(transfer))

    async def cancel(self) -> None:
        """End the running transfer, if one runs, and wait until it is ended."""
        if self._transfer is not None and not self._transfer.done():
            self._transfer.cancel()
            with suppress(asyncio.CancelledError):
                await self._transfer

    async def _carry_out(self, transfer: Transfer) -> None:
        self._show_transfer(transfer)
        shown_at = 0.0

        def show(newer: Transfer) -> None:
            # A tree of 100,000 snapshots is drawn in 0.1 s: not for every line that is said.
            nonlocal shown_at
            now = asyncio.get_running_loop().time()
            if now - shown_at >= _SHOW_EVERY:
                shown_at = now
                self._show_transfer(newer)

        try:
            ended = await carry_out(self._hosts[_SOURCE], transfer, show)
            self._show_transfer(ended)
            picture = await self.read_once()
            if ended.state is TransferState.VERIFYING:
                self._show_transfer(verified(ended, picture.comparison, picture.troubles))
        except asyncio.CancelledError:
            self._show_transfer(cancelled(self.picture.transfer or transfer))
            self.refresh()

    def _show_transfer(self, transfer: Transfer) -> None:
        self._show(replace(self.picture, transfer=transfer))

    def _end(self, role: str) -> End:
        side, host = self._side(role), self._hosts[role]
        return End(side.location, side.facts.zfs if side.facts else "zfs", host.elevation)


def _made_of(
    source: Inventory, destination: Inventory
) -> tuple[Comparison, Seal, tuple[Problem, ...]]:
    comparison = compare(source, destination)
    return comparison, judge(comparison), problems(comparison)


async def _estimate(host: Host, step: Step) -> Estimate | None:
    """What ZFS thinks the step carries. A courtesy: without it the screen says "unknown"."""
    try:
        result = await host.run(step.send.estimate(), deadline=_ESTIMATE_DEADLINE)
        return parse_estimate(result.stdout) if result.ok else None
    except (ParseError, TroubleError):
        return None


def _iostat_sample(line: bytes) -> IostatSample | None:
    try:
        return parse_iostat(line)
    except ParseError:
        return None  # one bad line of a live display is not worth a word; the next is 2 s away
