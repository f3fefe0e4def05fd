"""What the operator decides, carried out: each after it was shown, and only if it is still so."""

from __future__ import annotations

import asyncio
import getpass
import secrets
import socket
from dataclasses import dataclass, replace

from sealift import words
from sealift.hosts.host import DEADLINE, Host, utc_now
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.mentions import JOBS, SEND
from sealift.replication import anchors, jobs
from sealift.replication.anchors import Holding
from sealift.replication.comparison import Comparison
from sealift.replication.divergence import Lost, divergence, rollback_command
from sealift.replication.job import Job
from sealift.replication.job_files import Order
from sealift.replication.plan import Plan, make_plan
from sealift.replication.preview import Preview, holds_of, make_preview, transfers_on
from sealift.replication.pruning import prune_list
from sealift.replication.resuming import Partial, partials
from sealift.replication.watch import RouteWatch
from sealift.routes import Role
from sealift.zfs import commands, processes
from sealift.zfs.commands import Command
from sealift.zfs.holds import Hold, carrying

# Seconds. Each hold and each release waits for a transaction group; on a pool that is busy writing
# one may take this long.
_A_NAME = 2.0
_FEW = 3  # names of snapshots in a sentence


@dataclass(frozen=True, slots=True)
class Holds:
    """All holds in both trees of a route."""

    source: tuple[Hold, ...]
    destination: tuple[Hold, ...]


class Changes:
    """The operator's hand on one route."""

    def __init__(self, watch: RouteWatch) -> None:
        self._watch = watch

    async def preview(self) -> Preview:
        """Plan from a fresh reading of both sides and ask ZFS how much it is.

        Raises `TroubleError` if a side cannot be read now.
        """
        watch = self._watch
        comparison = await self._fresh(meet=False)
        plan = make_plan(comparison)
        if plan.steps:
            await asyncio.gather(watch.meet("source"), watch.meet("destination"))
        tag = watch.picture.route.hold_tag
        return await make_preview(
            comparison, plan, watch.ends, watch.source, watch.destination, tag, watch.sharing
        )

    async def start(self, preview: Preview) -> None:
        """Start what was previewed as a job, if that is still what would be done.

        A dialog may have been open for hours: both sides are read again, and a plan that would be
        another one now is refused. The snapshots that the job needs are held before its first byte.
        Raises `TroubleError` if anything is in the way; then nothing was started.
        """
        watch = self._watch
        coordinator = watch.coordinator
        now = await self.preview()
        if now.plan.steps != preview.plan.steps or now.plan.blocked:
            raise TroubleError(
                Trouble(
                    "plan-changed",
                    preview.host,
                    "not started: what would be sent has changed since it was shown",
                    _difference(preview.plan, now.plan),
                    f"Look at the plan again {SEND}.",
                    "\n".join(f"{each.id}: {each.summary}" for each in now.plan.blocked),
                )
            )
        for job in await watch.find_jobs():
            if job.state.running and self._overlaps(job):
                raise TroubleError(
                    Trouble(
                        "dataset-busy",
                        job.host,
                        f"not started: job {job.about.id} already writes there",
                        f"{job.about.operator} started it.",
                        f"Follow it or cancel it first {JOBS}.",
                    )
                )
        await self._hold_all(now)
        order = Order(
            id=secrets.token_hex(4),
            key=secrets.token_hex(12),
            route=watch.picture.route,
            steps=now.plan.steps,
            anchoring=tuple(planned.anchoring for planned in now.steps),
            ends=now.ends,
            operator=f"{getpass.getuser()}@{socket.gethostname()}",
            made=utc_now(),
            sizes=tuple(each.estimate.total if each.estimate else None for each in now.steps),
        )
        await jobs.start(coordinator, order)
        watch.look_for_jobs()

    def _overlaps(self, job: Job) -> bool:
        into = self._watch.picture.route.destination.dataset + "/"
        return any(
            f"{step.into}/".startswith(into) or into.startswith(f"{step.into}/")
            for step in job.steps
        )

    async def _hold_all(self, now: Preview) -> None:
        """Hold what a job needs."""
        if await self._hold(now.holding):
            return
        # Somebody else was faster with one of them, and then a `-r` holds none of its tree: what is
        # left is held name by name.
        comparison = await self._fresh()
        holds = await self._holds_of(comparison)
        tag = self._watch.picture.route.hold_tag
        rest = anchors.before(
            now.plan.steps,
            comparison,
            tag,
            source_held=carrying(holds.source, tag),
            destination_held=carrying(holds.destination, tag),
        )
        await self._hold(rest)

    async def _hold(self, holding: Holding) -> bool:
        """Hold as far as the rights allow: without them a send is still better than none.

        Whether none of it had the tag already.
        """
        watch, fresh = self._watch, True
        for host, several in (
            (watch.source, holding.source),
            (watch.destination, holding.destination),
        ):
            for command in several:
                try:
                    await self.run(host, command)
                except TroubleError as error:
                    if error.trouble.finding not in {"permission-missing", "hold-exists"}:
                        raise
                    fresh = fresh and error.trouble.finding != "hold-exists"
        return fresh

    async def cancel(self, job: Job) -> None:
        """End a job and wait until it has ended. Raises `TroubleError`."""
        await jobs.cancel(self._watch.host_of(job), job)
        self._watch.refresh()

    def snapshot_command(self) -> Command:
        """The command that takes a recursive snapshot of the source tree, named for now.

        Raises `names.BadNameError` if the route's format makes no legal name.
        """
        picture = self._watch.picture
        inventory = picture.source.inventory
        held = inventory.datasets.values() if inventory else ()
        taken = frozenset(each.name for entry in held for each in entry.snapshots)
        name = picture.route.snapshot_name(utc_now(), taken)
        command = commands.take_snapshot(picture.route.source.dataset, name)
        return replace(command, argv=self._watch.ends.source.words(command.argv))

    async def take_snapshot(self, command: Command) -> str:
        """Run what `snapshot_command` gave; the snapshot's name is given back.

        Raises `TroubleError`.
        """
        await self._run(self._watch.source, command)
        self._watch.refresh()
        return command.argv[-1].partition("@")[2]

    async def holds(self) -> Holds:
        """Who holds what in both trees now. Raises `TroubleError`."""
        return await self._holds_of(await self._fresh())

    async def _holds_of(self, comparison: Comparison) -> Holds:
        watch = self._watch
        return Holds(
            await holds_of(watch.source, comparison, on_source=True),
            await holds_of(watch.destination, comparison, on_source=False),
        )

    async def hold(self, side: Role, snapshots: tuple[str, ...]) -> None:
        """Hold snapshots (`dataset@name`) with the route's tag. Raises `TroubleError`."""
        tag = self._watch.picture.route.hold_tag
        await self.run(self._host(side), commands.hold(tag, snapshots))
        self._watch.refresh()

    async def release(self, side: Role, tag: str, snapshots: tuple[str, ...]) -> None:
        """Release holds of a tag, whosever it is. Raises `TroubleError`."""
        await self.run(self._host(side), commands.release(tag, snapshots))
        self._watch.refresh()

    async def abort(self, shown: Partial) -> None:
        """Throw away what an interrupted receive has saved, if it is still the same.

        Raises `TroubleError`, also while anything receives into that dataset.
        """
        comparison = await self._fresh()
        if shown not in partials(comparison):
            raise TroubleError(self._changed("destination", f"the resume token of {shown.into}"))
        running = await transfers_on(self._watch.destination)
        if found := processes.receiving(running, shown.into):
            raise TroubleError(
                Trouble(
                    "dataset-busy",
                    self._watch.destination.where,
                    f"not aborted: a receive into {shown.into} is under way",
                    mend="Wait until it ends, or cancel its job.",
                    raw=found[0].argv_text,
                )
            )
        await self.run(self._watch.destination, commands.abort_receive(shown.into))
        self._watch.refresh()

    async def destroy(
        self, side: Role, dataset: str, names: tuple[str, ...], *, keep: int = 0
    ) -> None:
        """Destroy snapshots of one dataset, if each of them still may go. Raises `TroubleError`."""
        comparison = await self._fresh()
        holds = await self._holds_of(comparison)
        verdicts = prune_list(
            comparison,
            source_holds=holds.source,
            destination_holds=holds.destination,
            keep=keep,
            side=side,
        )
        may_go = {
            each.name
            for each in verdicts
            if each.may_go and (each.side, each.dataset) == (side, dataset)
        }
        if kept := [name for name in names if name not in may_go]:
            raise TroubleError(self._changed(side, f"{dataset}@{kept[0]}"))
        await self.run(self._host(side), commands.destroy(dataset, names))
        self._watch.refresh()

    async def roll_back(self, shown: Lost) -> None:
        """Set a destination dataset back to its base, if what dies is what was shown.

        Raises `TroubleError`.
        """
        comparison = await self._fresh()
        holds = await self._holds_of(comparison)
        if shown not in divergence(comparison, holds.destination):
            raise TroubleError(self._changed("destination", shown.dataset))
        await self.run(self._watch.destination, rollback_command(shown))
        self._watch.refresh()

    def _host(self, side: Role) -> Host:
        return self._watch.source if side == "source" else self._watch.destination

    def _changed(self, side: Role, what: str) -> Trouble:
        return Trouble(
            "plan-changed",
            self._host(side).where,
            f"nothing was done: {what} is not any more as it was shown",
            "Something else changed it meanwhile.",
            "Look again.",
        )

    async def run(self, host: Host, command: Command) -> None:
        """Run a zfs command that was shown, as root if the host lets us. Raises `TroubleError`."""
        ends = self._watch.ends
        end = ends.source if host is self._watch.source else ends.destination
        await self._run(host, replace(command, argv=end.words(command.argv)))

    async def _run(self, host: Host, command: Command) -> None:
        result = await host.run(command, deadline=DEADLINE + _A_NAME * len(command.argv))
        if not result.ok:
            raise TroubleError(refusal(host.where, command, result))

    async def dry_run(self, side: Role, dataset: str, names: tuple[str, ...]) -> str:
        """What `zfs destroy` says it would destroy. Raises `TroubleError`."""
        host, command = self._host(side), commands.destroy_dry_run(dataset, names)
        result = await host.run(command)
        if not result.ok:
            raise TroubleError(refusal(host.where, command, result))
        return result.stdout.decode("utf-8", "replace")

    async def _fresh(self, *, meet: bool = True) -> Comparison:
        picture = await self._watch.read_once(meet=meet)
        if picture.troubles:
            raise TroubleError(picture.troubles[0])
        assert picture.comparison is not None  # noqa: S101 - both sides were just read
        return picture.comparison


def _difference(shown: Plan, now: Plan) -> str:
    """What a plan has that another one had not, and the other way round, in sentences."""
    if now.blocked:
        return "Something is in the way now."
    before, after = _brought(shown), _brought(now)
    sentences = [
        f"{said}: {words.few(sorted({these[guid] for guid in these.keys() - those.keys()}), _FEW)}."
        for said, these, those in (
            ("New since then", after, before),
            ("No longer to be sent", before, after),
        )
        if these.keys() - those.keys()
    ]
    return " ".join(sentences) or "It is the same snapshots, from another base or in other steps."


def _brought(plan: Plan) -> dict[int, str]:
    """The snapshots of a plan: their names by their guids."""
    chains = (chain for step in plan.steps for chain in step.chains)
    return {each.guid: f"@{each.name}" for chain in chains for each in chain.snapshots}
