"""Keeps the picture of one route new: both sides, their disks, and the job that carries it.

The hosts are read independently: one that hangs or is gone never keeps the other from being shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from sealift.chains import vaults_for
from sealift.hosts.elevation import Elevation
from sealift.hosts.host import DEADLINE, Host, utc_now
from sealift.hosts.probe import HostFacts, probe
from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError, UnknownKey
from sealift.replication import jobs
from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job, JobState
from sealift.replication.lines import Lines
from sealift.replication.obstacles import Problem
from sealift.replication.picture import Picture, Side, found_in
from sealift.replication.pipeline import End, Ends
from sealift.replication.seal import Seal, judge
from sealift.replication.survey import survey
from sealift.replication.verdict import verified
from sealift.routes import Role, Route, Scope, Via
from sealift.tags import shared
from sealift.zfs import commands
from sealift.zfs.iostat import IostatSample, parse_iostat
from sealift.zfs.names import pool_of
from sealift.zfs.parse import ParseError

REFRESH = 10.0  # seconds between two readings of a side, at least
# Listing costs the host CPU time that a send needs: at most 5 % of the time, 1 % beside a send.
_IDLE_SHARE, _SENDING_SHARE = 20, 100
# Seconds that one line of zpool iostat covers. Each line costs the host something, too: fewer of
# them where listing a tree takes longer than half a second.
IOSTAT, IOSTAT_SLOW, _SLOW_HOST = 2, 5, 0.5
_IOSTAT_KEPT = 60
_SHOW_EVERY = 0.25  # seconds between two pictures of a job
JOBS_EVERY = 20.0  # seconds between two looks for jobs that others started
_JOBS_AGAIN = 3.0  # seconds until a job that was lost sight of is looked for
_RATES_KEPT, _RATE_EVERY = 120, 5.0
_SOURCE: Role = "source"
_DESTINATION: Role = "destination"


class RouteWatch:
    """Reads both sides of a route again and again; `picture` is the newest, immutable.

    `elevation` fixes how both hosts let us act as root; without it each is asked. `operator` is
    this machine, for a route whose pipeline runs here; `ssh_config` what its ssh reads. `others`
    are the other routes that are known: whose holds are to be left alone (`sharing`), whose vault
    the source is (`from_vaults_of`), and whose jobs are not this one's.
    """

    def __init__(
        self,
        route: Route,
        source: Host,
        destination: Host,
        *,
        operator: Host | None = None,
        elevation: Elevation | None = None,
        ssh_config: Path | None = None,
        others: Iterable[Route] = (),
    ) -> None:
        self.others = tuple(others)
        self.sharing = shared(route, self.others)
        self.from_vaults_of = vaults_for(route, self.others)
        self.picture = Picture(
            route,
            Side(route.source, source.connection),
            Side(route.destination, destination.connection),
        )
        self.source, self.destination = source, destination
        self._hosts: dict[Role, Host] = {_SOURCE: source, _DESTINATION: destination}
        self._operator = operator
        self._elevation = elevation
        self._ssh_config = ssh_config
        self._wake = {_SOURCE: asyncio.Event(), _DESTINATION: asyncio.Event()}
        self._wake_jobs = asyncio.Event()
        self._reading = {_SOURCE: asyncio.Lock(), _DESTINATION: asyncio.Lock()}
        self._meeting = {_SOURCE: asyncio.Lock(), _DESTINATION: asyncio.Lock()}
        # By whose hand ever: a preview reads both sides, too. By the event loop's clock.
        self._read_at = {_SOURCE: 0.0, _DESTINATION: 0.0}
        self._listeners: list[Callable[[Picture], None]] = []
        self.job_troubles: tuple[Trouble, ...] = ()

    def subscribe(self, listener: Callable[[Picture], None]) -> None:
        """Have `listener` called with every new picture, in the event loop's thread."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Keep reading until cancelled. Jobs go on without us."""
        async with asyncio.TaskGroup() as group:
            for role in (_SOURCE, _DESTINATION):
                group.create_task(self._read_forever(role))
                group.create_task(self._iostat_forever(role))
            group.create_task(self._jobs_forever())

    async def read_once(self, *, meet: bool = True) -> Picture:
        """Read both sides at once, for a report; trouble with one of them is in the picture.

        Listing needs nothing of what `meet` asks; who may not need it either saves a second.
        """
        await asyncio.gather(self._read(_SOURCE, meet=meet), self._read(_DESTINATION, meet=meet))
        return self.picture

    async def read(self, role: Role) -> Picture:
        """Read one side now; trouble with it is in the picture."""
        await self._read(role)
        return self.picture

    def not_read(self, role: Role, error: TroubleError) -> None:
        """Show in the picture what keeps a side from being read."""
        key = error.key if isinstance(error, HostKeyUnknownError) else None
        connection = self._hosts[role].connection
        self._change_side(role, trouble=error.trouble, unknown_key=key, connection=connection)

    async def meet(
        self, role: Role, *, again: bool = False, deadline: float = DEADLINE
    ) -> HostFacts:
        """Ask a host who we are there, unless it has said so (or `again`). Raises `TroubleError`.

        How it lets us act as root is settled with the answer.
        """
        async with self._meeting[role]:
            facts = self._side(role).facts
            if facts is None or again:
                host = self._hosts[role]
                facts = await probe(host, deadline=deadline)
                host.elevation = self._elevation or facts.elevation
                self._change_side(role, facts=facts, connection=host.connection)
            return facts

    def refresh(self) -> None:
        """Read both sides now, and try hosts that are gone at once."""
        for role, host in self._hosts.items():
            host.retry_now()
            self._wake[role].set()
        self.look_for_jobs()

    def look_for_jobs(self) -> None:
        """Look for jobs now. The trees are left for later: what was started needs their hosts."""
        self._wake_jobs.set()

    def accept_host_key(self, key: UnknownKey, *, remember: bool) -> None:
        """Trust the key that a side waits with. Raises `OSError` if it cannot be written down."""
        for role, host in self._hosts.items():
            if self._side(role).unknown_key == key:
                host.accept(key, remember=remember)
                self._wake[role].set()

    @property
    def ends(self) -> Ends:
        """Both ends, as far as the hosts have said how they are to be worked with."""
        route = self.picture.route
        ends = [
            End(side.location, side.facts.zfs if side.facts else "zfs", host.elevation)
            for side, host in (
                (self.picture.source, self.source),
                (self.picture.destination, self.destination),
            )
        ]
        return Ends(ends[0], ends[1], route.transport, self._ssh_config)

    @property
    def coordinator(self) -> Host:
        """The host whose shell runs the pipeline. Raises `TroubleError` if there is none."""
        match self.picture.route.transport.via:
            case Via.SOURCE:
                return self.source
            case Via.DESTINATION:
                return self.destination
            case Via.OPERATOR:
                if self._operator is None:
                    raise TroubleError(
                        Trouble(
                            "no-data-path",
                            "this machine",
                            "nothing can be relayed through this machine here",
                            mend="Let the source or the destination run the pipeline: --via.",
                        )
                    )
                return self._operator

    # Reading both sides

    async def _read_forever(self, role: Role) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._read(role)
            # A send that starts during the pause makes it longer, and so does another reading.
            while (rest := self._read_at[role] + self._pause(role) - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(rest):
                        await self._wake[role].wait()
                        break
            self._wake[role].clear()

    def _pause(self, role: Role) -> float:
        """Seconds between the last reading of a side and the next."""
        side, job = self._side(role), self.picture.job
        if side.connection.retry_at is not None:
            return max(0.2, (side.connection.retry_at - utc_now()).total_seconds())
        share = _SENDING_SHARE if job and job.state.running else _IDLE_SHARE
        return max(REFRESH, share * side.inventory.seconds if side.inventory else 0)

    async def _read(self, role: Role, *, meet: bool = True) -> None:
        # One reading of a side at a time: an older one must not replace a newer one.
        async with self._reading[role]:
            await self._read_alone(role, meet=meet)
            self._read_at[role] = asyncio.get_running_loop().time()

    async def _read_alone(self, role: Role, *, meet: bool) -> None:
        host = self._hosts[role]
        try:
            if meet:
                await self.meet(role)
            inventory = await self._surveyed(role)
        except TroubleError as error:
            self.not_read(role, error)
            return
        except Exception as error:  # noqa: BLE001 - whatever a host says, the other side goes on
            self._change_side(role, trouble=_defect(host, error), connection=host.connection)
            return
        self._change_side(
            role,
            trouble=None,
            unknown_key=None,
            connection=host.connection,
            inventory=inventory,
        )
        await self._compare()

    async def _surveyed(self, role: Role) -> Inventory:
        try:
            return await survey(self._hosts[role], self._side(role).location.dataset)
        except TroubleError:
            # What a host says of itself tells best why it cannot be listed: no ZFS, a noisy login.
            await self.meet(role)
            raise

    async def _compare(self) -> None:
        """Compare in a thread: 100,000 snapshots take a quarter of a second."""
        scope = self.picture.route.scope
        while True:
            source, destination = self.picture.source.inventory, self.picture.destination.inventory
            if source is None or destination is None:
                return
            made = await asyncio.to_thread(_made_of, source, destination, scope, self.picture.job)
            newest = self.picture.source.inventory, self.picture.destination.inventory
            if newest[0] is source and newest[1] is destination:
                break
        comparison, seal, found = made
        self._show(replace(self.picture, comparison=comparison, seal=seal, problems=found))

    async def _iostat_forever(self, role: Role) -> None:
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

    def _iostat_line(self, role: Role, line: bytes) -> None:
        sample = _iostat_sample(line)
        if sample is not None:
            kept = self._side(role).iostat[-_IOSTAT_KEPT + 1 :]
            self._change_side(role, iostat=(*kept, sample), iostat_at=utc_now())

    # Jobs

    async def find_jobs(
        self, *, deadline: float = DEADLINE, without: tuple[Host, ...] = ()
    ) -> tuple[Job, ...]:
        """Look for the jobs of all hosts that may coordinate this route; `picture.jobs` has them.

        A host that cannot be asked is left out; `job_troubles` says why. `without` are those that
        are known to be out of reach, and not asked.
        """
        hosts = [self.source, self.destination, *((self._operator,) if self._operator else ())]
        # One of them may be this machine already.
        distinct = {host.where: host for host in hosts if host not in without}.values()
        answers = await asyncio.gather(
            *(jobs.find(host, deadline=deadline) for host in distinct), return_exceptions=True
        )
        found: dict[str, Job] = {}
        self.job_troubles = tuple(
            answer.trouble for answer in answers if isinstance(answer, TroubleError)
        )
        for answer in answers:
            if isinstance(answer, TroubleError):
                continue
            if isinstance(answer, BaseException):
                raise answer
            found |= {job.about.id: job for job in answer if job.about.id not in found}
        newest = sorted(found.values(), key=lambda job: job.about.made, reverse=True)
        self._show(replace(self.picture, jobs=tuple(newest)))
        return self.picture.jobs

    def host_of(self, job: Job) -> Host:
        """The host that keeps a job."""
        hosts = (self.source, self.destination, self._operator)
        return next(host for host in hosts if host is not None and host.where == job.host)

    async def _jobs_forever(self) -> None:
        """Follow the route's running job, whoever started it; show the last one otherwise."""
        seen: set[str] = set()
        while True:
            route, found = self.picture.route, await self.find_jobs()
            own = [job for job in found if job.about.is_of(route, self.others)]
            running = [job for job in own if job.state.running]
            current = next(iter(running or own), None)
            pause = JOBS_EVERY
            if current is not None and (current.state.running or current.about.id not in seen):
                seen.add(current.about.id)
                try:
                    await self._follow(current)
                except TroubleError:
                    seen.discard(current.about.id)
                    pause = _JOBS_AGAIN  # its host is away: the side says so
                else:
                    pause = 0 if current.state.running else pause
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake_jobs.wait()
            self._wake_jobs.clear()

    async def _follow(self, found: Job) -> None:
        shown_at = sampled_at = 0.0
        clock = asyncio.get_running_loop().time
        rates: tuple[float, ...] = ()
        latest = found

        def show(newer: Job) -> None:
            # A tree of 100,000 snapshots is drawn in 0.1 s: not for every line that is said.
            nonlocal shown_at, sampled_at, rates, latest
            now = clock()
            if now - sampled_at >= _RATE_EVERY:
                sampled_at = now
                rates = (*rates, newer.rate.bytes_per_second or 0.0)[-_RATES_KEPT:]
            latest = replace(newer, rates=rates)
            changed = self.picture.job is None or self.picture.job.state is not latest.state
            if changed or now - shown_at >= _SHOW_EVERY:
                shown_at = now
                self._show_job(latest)

        await jobs.follow(self.host_of(found), found, show)
        if found.state.running and latest.state is JobState.DONE:
            self._show_job(replace(latest, state=JobState.VERIFYING, ended=None))
            picture = await self.read_once()
            latest = verified(latest, picture.comparison, picture.troubles)
        elif found.state.running and not latest.state.running:
            self.refresh()
        self._show_job(latest)

    def _show_job(self, job: Job) -> None:
        self._show(replace(self.picture, job=job))

    # The picture

    def _side(self, role: Role) -> Side:
        return self.picture.source if role == _SOURCE else self.picture.destination

    def _change_side(self, role: Role, **changes: object) -> None:
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


def _made_of(
    source: Inventory, destination: Inventory, scope: Scope, job: Job | None
) -> tuple[Comparison, Seal, tuple[Problem, ...]]:
    comparison = compare(source, destination, scope)
    return comparison, judge(comparison), found_in(comparison, job)


def _defect(host: Host, error: Exception) -> Trouble:
    return Trouble(
        "sealift-defect",
        host.where,
        "sealift failed to read it, which is a defect of sealift",
        mend="Please report the text below.",
        raw=f"{type(error).__name__}: {error}",
    )


def _iostat_sample(line: bytes) -> IostatSample | None:
    try:
        return parse_iostat(line)
    except ParseError:
        return None  # one bad line of a live display is not worth a word; the next is 2 s away
