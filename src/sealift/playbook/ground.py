"""The ground of one walk through the playbook: what the hosts said, each thing asked for once.

A reading is a task. Whoever needs it awaits it; it gives its value or raises `TroubleError`, and a
step turns that into a sentence of what it could not see. Every command here only reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sealift import words
from sealift.hosts.elevation import Elevation
from sealift.hosts.host import Host, Result, utc_now
from sealift.hosts.probe import HostFacts
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.playbook import thresholds
from sealift.playbook.diagnosis import StepReport
from sealift.playbook.entry import Entry, no_contact
from sealift.playbook.flow import Flow, flow, still
from sealift.playbook.scene import Scene
from sealift.replication import jobs
from sealift.replication.comparison import Comparison
from sealift.replication.job import Job, JobState
from sealift.replication.picture import Side
from sealift.replication.plan import Plan, make_plan
from sealift.replication.preview import estimates, total
from sealift.replication.survey import unreadable
from sealift.replication.watch import RouteWatch
from sealift.routes import ROLES, Role
from sealift.zfs import commands, processes
from sealift.zfs.allow import Grant, parse_allow
from sealift.zfs.blocks import Blocks, parse_blocks
from sealift.zfs.commands import Command
from sealift.zfs.errors import explain
from sealift.zfs.events import Event, parse_events
from sealift.zfs.features import parse_properties
from sealift.zfs.holds import Hold, parse_holds
from sealift.zfs.names import pool_of
from sealift.zfs.parse import ParseError, text_of
from sealift.zfs.pools import PoolStatus, parse_status
from sealift.zfs.processes import Listing
from sealift.zfs.room import Room, parse_room

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rights:
    """What we may do on one side. `root` is whether we are root or can become it."""

    root: bool
    user: str
    groups: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()


class Ground:
    """What the steps of one walk share. `window` and `trial` are the third step's, in seconds.

    `announce` takes what a step has to say before it has its answer.
    """

    def __init__(
        self,
        watch: RouteWatch,
        *,
        window: float,
        trial: float,
        announce: Callable[[StepReport], None] = lambda _: None,
    ) -> None:
        self.watch = watch
        self.announce = announce
        self.window, self.trial = window, trial
        self.began: datetime = utc_now()
        self._entries = {role: Entry(watch, role) for role in ROLES}
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        for role in ROLES:
            self.host(role).retry_now()

    async def close(self) -> None:
        """Give up what still runs; nothing of it is left on the hosts."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def host(self, role: Role) -> Host:
        """The host of a side."""
        return self.watch.source if role == "source" else self.watch.destination

    def dataset(self, role: Role) -> str:
        """The root of a side's tree."""
        return self._side(role).location.dataset

    def pool(self, role: Role) -> str:
        """The pool of a side's tree."""
        return pool_of(self._side(role).location.dataset)

    # --- the readings, each asked for once

    def scene(self) -> Awaitable[Scene]:
        """Both sides, what runs, what would be sent. Never raises: what is missing says so."""
        return self._once("scene", self._scene)

    def facts(self, role: Role) -> Awaitable[HostFacts]:
        """Who we are there, its ZFS and its clock."""
        return self._once(f"facts {role}", self._entries[role].facts)

    def processes(self, role: Role) -> Awaitable[Listing]:
        """What runs on a host."""
        return self._once(
            f"processes {role}", lambda: self.ask(role, processes.LIST, processes.parse_listing)
        )

    def jobs(self) -> Awaitable[tuple[Job, ...]]:
        """The route's jobs, newest first; the newest with what its log says."""
        return self._once("jobs", self._jobs)

    def pool_status(self, role: Role) -> Awaitable[PoolStatus]:
        """What `zpool status` says of a side's pool."""
        command = commands.pool_status(self.pool(role))
        return self._once(
            f"status {role}", lambda: self.ask(role, command, lambda data: parse_status(data)[0])
        )

    def pool_properties(self, role: Role) -> Awaitable[Mapping[str, str]]:
        """Every property and feature of a side's pool."""
        command = commands.pool_features(self.pool(role))
        return self._once(f"pool {role}", lambda: self.ask(role, command, parse_properties))

    def room(self) -> Awaitable[tuple[Room, ...]]:
        """Space and quotas of the destination's tree and of all above it, from the pool down."""
        return self._once("room", self._room)

    def blocks(self) -> Awaitable[tuple[Blocks, ...]]:
        """How the source's datasets write their blocks."""
        command = commands.blocks(self._side("source").location.dataset)
        return self._once("blocks", lambda: self.ask("source", command, parse_blocks))

    def rights(self, role: Role) -> Awaitable[Rights]:
        """What we may do on a side's tree."""
        return self._once(f"rights {role}", lambda: self._rights(role))

    def events(self, role: Role) -> Awaitable[tuple[Event, ...]]:
        """What the kernel noted of a side's pool; for root only."""
        return self._once(f"events {role}", lambda: self._events(role))

    def holds(self, role: Role, snapshots: tuple[str, ...]) -> Awaitable[tuple[Hold, ...]]:
        """Who holds these snapshots of a side (`dataset@name`)."""
        return self._once(f"holds {role}", lambda: self._holds(role, snapshots))

    def estimate(self) -> Awaitable[int | None]:
        """What ZFS thinks the planned send carries, in bytes; None if that is unknown."""
        return self._once("estimate", self._estimate)

    # --- how they are read

    def _once(self, name: str, read: Callable[[], Coroutine[Any, Any, T]]) -> Awaitable[T]:
        task: asyncio.Task[T] | None = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = asyncio.create_task(read(), name=name)
        # Whoever gives up waiting does not spoil it for others.
        return asyncio.shield(task)

    async def _enter(self, role: Role) -> None:
        """Wait until a host has let us in. Raises `TroubleError` if it does not."""
        try:
            await self.facts(role)
        except TroubleError:
            if not self._entries[role].inside:
                raise

    async def _run(self, role: Role, command: Command, stdin: bytes = b"") -> Result:
        await self._enter(role)
        asked = self.host(role).run(command, deadline=thresholds.ANSWER.value, stdin=stdin)
        return await self._while_sensible(role, asked)

    async def _while_sensible(
        self, role: Role, work: Coroutine[Any, Any, T], seconds: float | None = None
    ) -> T:
        """What `work` gives. Raises `TroubleError` once that is not to be had, or not in time."""
        doing = asyncio.create_task(work)
        hopeless = asyncio.ensure_future(
            self._once(f"hopeless {role}", lambda: self._hopeless(role))
        )
        try:
            await asyncio.wait(
                (doing, hopeless), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if doing.done():
                return await doing
            if hopeless.done():
                raise TroubleError(await hopeless)
            late = Trouble("command-failed", self.host(role).where, "it took too long")
            raise TroubleError(late)
        finally:
            for task in (doing, hopeless):
                task.cancel()
            await asyncio.gather(doing, hopeless, return_exceptions=True)

    async def ask(
        self, role: Role, command: Command, parse: Callable[[bytes], T], *, stdin: bytes = b""
    ) -> T:
        """Run a command that only reads, and read its answer. Raises `TroubleError`."""
        host = self.host(role)
        result = await self._run(role, command, stdin)
        if not result.ok:
            raise TroubleError(refusal(host.where, command, result))
        try:
            return parse(result.stdout)
        except ParseError as error:
            raise TroubleError(unreadable(host, command, error)) from error

    def _side(self, role: Role) -> Side:
        picture = self.watch.picture
        return picture.source if role == "source" else picture.destination

    async def _scene(self) -> Scene:
        # At once: a host that hangs keeps nothing of the other from being read.
        late_source, late_destination, moving, _ = await asyncio.gather(
            self._read("source"), self._read("destination"), self._flow(), self.jobs()
        )
        late: dict[Role, str] = {"source": late_source, "destination": late_destination}
        picture = self.watch.picture
        troubles: dict[Role, Trouble] = {}
        unseen: dict[Role, tuple[str, ...]] = {}
        for role in ROLES:
            blind = await self._blind(role)
            trouble = self._side(role).trouble or (blind if no_contact(blind) else None)
            said = [late[role], f"what runs there: {blind.sentence()}" if blind else ""]
            if trouble is not None and self._entries[role].only_slow(trouble):
                said.append(f"its listing: {trouble.sentence()}")
            elif trouble is not None:
                troubles[role] = trouble
            unseen[role] = tuple(sentence for sentence in said if sentence)
        for trouble in self.watch.job_troubles:
            unseen["source"] += (f"jobs: {trouble.sentence()}",)
        return Scene(
            now=utc_now(),
            picture=picture,
            ends=self.watch.ends,
            flow=moving,
            plan=await self._plan(picture.comparison),
            troubles=troubles,
            unseen=unseen,
        )

    async def _read(self, role: Role) -> str:
        """Read a side; a sentence if that was given up, empty if not."""
        try:
            await self._enter(role)
        except TroubleError as error:
            self.watch.not_read(role, error)
            return ""
        with suppress(TroubleError):
            await self._while_sensible(role, self.watch.read(role), thresholds.LISTING.value)
            return ""
        seconds = (utc_now() - self.began).total_seconds()
        side = self._side(role)
        waited = f"the listing of {side.location.text()} was given up after {seconds:.0f} s"
        if side.inventory is None:
            return waited
        age = (utc_now() - side.inventory.taken_at).total_seconds()
        return f"{waited}; what is said of it is {words.duration(age)} old"

    async def _hopeless(self, role: Role) -> Trouble:
        """Return once it makes no sense to wait for what a host's pool knows any longer."""
        try:
            await self.processes(role)
            hangs = (await self.pool_status(role)).suspended
            why = Trouble("pool-suspended", self.host(role).where, "its pool is suspended")
        except TroubleError as error:
            hangs, why = no_contact(error.trouble), error.trouble
        if not hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(thresholds.LISTING_SUSPENDED.value)
        return why

    async def _blind(self, role: Role) -> Trouble | None:
        """Why it is not known what runs on a host; None if it is."""
        try:
            await self.processes(role)
        except TroubleError as error:
            return error.trouble
        return None

    async def _flow(self) -> Flow:
        source, destination, own = await asyncio.gather(
            self._listing("source"), self._listing("destination"), self.jobs()
        )
        listed = asyncio.get_running_loop().time()
        route = self.watch.picture.route
        first = flow(route, source, destination, own, utc_now())
        if not first.doubted:
            return first
        await asyncio.sleep(thresholds.LOOK_AGAIN.value)
        source, destination = await asyncio.gather(
            *(self._listing(role, again=True) for role in ROLES)
        )
        # Our own trial may have begun meanwhile: it feeds nothing.
        elapsed = asyncio.get_running_loop().time() - listed
        older = source.older_than(elapsed + 1) if source else None
        return still(first, flow(route, older, destination, own, utc_now()))

    async def _listing(self, role: Role, *, again: bool = False) -> Listing | None:
        with suppress(TroubleError):
            if again:
                return await self.ask(role, processes.LIST, processes.parse_listing)
            return await self.processes(role)
        return None

    async def _plan(self, comparison: Comparison | None) -> Plan | None:
        return None if comparison is None else await asyncio.to_thread(make_plan, comparison)

    async def _jobs(self) -> tuple[Job, ...]:
        for role in ROLES:
            with suppress(TroubleError):  # it is said elsewhere
                await self._enter(role)
        shut = tuple(self.host(role) for role in ROLES if not self._entries[role].inside)
        found = await self.watch.find_jobs(deadline=thresholds.ANSWER.value, without=shut)
        route, others = self.watch.picture.route, self.watch.others
        own = tuple(job for job in found if job.about.is_of(route, others))
        if not own or own[0].state not in (JobState.FAILED, JobState.WAITING):
            return own
        with suppress(TroubleError):  # without its log it is known that it failed, but not why
            newest = await jobs.read(
                self.watch.host_of(own[0]), own[0], deadline=thresholds.ANSWER.value
            )
            return (newest, *own[1:])
        return own

    async def _room(self) -> tuple[Room, ...]:
        parts = self._side("destination").location.dataset.split("/")
        names = tuple("/".join(parts[:count]) for count in range(1, len(parts) + 1))
        asked = [commands.room_below(names[-1])]
        if names[:-1]:
            asked.append(commands.room(names[:-1]))
        found = await asyncio.gather(*(self._existing(command) for command in asked))
        return tuple(room for rooms in reversed(found) for room in rooms)

    async def _existing(self, command: Command) -> tuple[Room, ...]:
        """Of the datasets that a command names, those that are there."""
        host = self.host("destination")
        result = await self._run("destination", command)
        missing = {each.entry.id for each in explain(result.stderr)} == {"dataset-missing"}
        if not result.ok and not missing:
            raise TroubleError(refusal(host.where, command, result))
        try:
            return parse_room(result.stdout)
        except ParseError as error:
            raise TroubleError(unreadable(host, command, error)) from error

    async def _rights(self, role: Role) -> Rights:
        facts = await self.facts(role)
        if facts.uid == 0 or self.host(role).elevation is not Elevation.NONE:
            return Rights(root=True, user=facts.user)
        groups = await self.ask(role, commands.GROUPS, lambda data: tuple(text_of(data).split()))
        name = self._side(role).location.dataset
        while True:
            try:
                grants = await self.ask(role, commands.delegations(name), parse_allow)
                return Rights(root=False, user=facts.user, groups=groups, grants=grants)
            except TroubleError as error:
                # What is not there yet inherits from what it will be below.
                if error.trouble.finding != "dataset-missing" or "/" not in name:
                    raise
                name = name.rpartition("/")[0]

    async def _events(self, role: Role) -> tuple[Event, ...]:
        facts, host = await self.facts(role), self.host(role)
        if facts.uid != 0 and host.elevation is Elevation.NONE:
            raise TroubleError(
                Trouble("permission-missing", host.where, "`zpool events` is for root only")
            )
        command = commands.pool_events(self.pool(role))
        elevated = replace(command, argv=host.elevation.wrap(command.argv))
        return await self.ask(role, elevated, parse_events)

    async def _holds(self, role: Role, snapshots: tuple[str, ...]) -> tuple[Hold, ...]:
        found: tuple[Hold, ...] = ()
        at_once = int(thresholds.NAMES_AT_ONCE.value)
        for begin in range(0, len(snapshots), at_once):
            command = commands.holds(snapshots[begin : begin + at_once])
            found += await self.ask(role, command, parse_holds)
        return found

    async def _estimate(self) -> int | None:
        plan = (await self.scene()).plan
        if plan is None or not plan.steps:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(thresholds.ESTIMATE.value):
                return total(await estimates(self.watch.source, plan.steps))
        return None
