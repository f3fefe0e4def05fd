"""A plan as the operator is shown it: with sizes, what was checked, and what is held before."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

from sealift.hosts.host import Host
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import TroubleError
from sealift.replication import anchors
from sealift.replication.anchoring import Anchoring, along
from sealift.replication.anchors import Holding
from sealift.replication.comparison import Comparison
from sealift.replication.obstacles import Problem, missing_features, no_room
from sealift.replication.pipeline import Ends, Pipeline, obstacle, pipeline
from sealift.replication.plan import Plan, Step
from sealift.replication.survey import unreadable
from sealift.tags import Shared
from sealift.zfs import commands, processes
from sealift.zfs.commands import Command
from sealift.zfs.features import parse_features
from sealift.zfs.holds import Hold, carrying, parse_holds
from sealift.zfs.names import pool_of
from sealift.zfs.parse import ParseError
from sealift.zfs.processes import Process
from sealift.zfs.progress import Estimate, parse_estimate
from sealift.zfs.room import parse_room

_ESTIMATE_DEADLINE = 120.0
_HOLDS_AT_ONCE = 500  # snapshots in one argv


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step with the pipeline that would run and what ZFS estimates for it (None: unknown).

    `anchoring` is what is held and let go once it has arrived.
    """

    step: Step
    pipeline: Pipeline
    estimate: Estimate | None
    anchoring: Anchoring


_NOTHING = Holding()


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan before anything of it runs. `ends` say where it would run, `holding` what comes first.

    `checked` are the facts that were looked at, in words.
    """

    plan: Plan
    steps: tuple[PlannedStep, ...]
    ends: Ends
    holding: Holding = _NOTHING
    checked: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """The coordinator, as the user named it."""
        return self.ends.where

    @property
    def total_bytes(self) -> int | None:
        """What all steps together would carry; None if one of them is unknown."""
        return total(tuple(planned.estimate for planned in self.steps))


def total(each: tuple[Estimate | None, ...]) -> int | None:
    """What several sends carry together, in bytes; None if one of them is unknown."""
    known = [estimate.total for estimate in each if estimate and estimate.total is not None]
    return sum(known) if len(known) == len(each) else None


async def make_preview(
    comparison: Comparison,
    plan: Plan,
    ends: Ends,
    source: Host,
    destination: Host,
    tag: str,
    sharing: tuple[Shared, ...] = (),
) -> Preview:
    """Ask both hosts what the plan depends on. Raises `TroubleError`.

    A level route is answered from the comparison alone. `sharing` is where other routes hold with
    the same tag.
    """
    unreachable = obstacle(ends)
    if unreachable is not None:
        plan = replace(plan, steps=(), blocked=(unreachable, *plan.blocked))
    if not plan.steps:
        return Preview(plan, (), ends)
    sizes, source_holds, destination_holds, found, available = await asyncio.gather(
        estimates(source, plan.steps),
        holds_of(source, comparison, on_source=True),
        holds_of(destination, comparison, on_source=False),
        _in_the_way(destination, comparison, plan),
        _available(destination, comparison),
    )
    room = no_room(total(sizes), available, comparison.destination.root)
    blocked = (*found, *((room,) if room else ()))
    tagged = (carrying(source_holds, tag), carrying(destination_holds, tag))
    anchoring = along(
        plan.steps,
        comparison,
        tag,
        source_held=tagged[0],
        destination_held=tagged[1],
        sharing=sharing,
    )
    plan = replace(plan, notes=(*plan.notes, *map(_kept, sharing)))
    steps = tuple(
        PlannedStep(step, pipeline(step, ends, tag), estimate, anchored)
        for step, estimate, anchored in zip(plan.steps, sizes, anchoring, strict=True)
    )
    holding = anchors.before(
        plan.steps, comparison, tag, source_held=tagged[0], destination_held=tagged[1]
    )
    if blocked:
        return Preview(replace(plan, steps=(), blocked=blocked), (), ends)
    return Preview(plan, steps, ends, holding)


def _kept(shared: Shared) -> str:
    return f"In {shared.dataset} no hold is let go on the {shared.side}. {shared.words}"


async def _available(destination: Host, comparison: Comparison) -> int | None:
    """Bytes that the destination can take: what its root may use, or what it will be below.

    What the pool has free is no answer: reservations and quotas are not in it. Raises
    `TroubleError`.
    """
    inventory = comparison.destination
    if inventory.exists:
        return inventory.datasets[""].dataset.available
    parts = inventory.root.split("/")
    above = tuple("/".join(parts[:count]) for count in range(1, len(parts)))
    if above:
        # Those that are not there yet are said on stderr; the others are listed all the same.
        result = await destination.run(commands.room(above))
        with suppress(ParseError):
            rooms = parse_room(result.stdout)
            return max(rooms, key=lambda room: len(room.name)).available if rooms else None
    return inventory.pool.free if inventory.pool else None


async def _in_the_way(destination: Host, comparison: Comparison, plan: Plan) -> tuple[Problem, ...]:
    """What the pool lacks, and who else receives there now. Raises `TroubleError`."""
    features, running = await asyncio.gather(
        destination.run(commands.pool_features(pool_of(comparison.destination.root))),
        transfers_on(destination),
    )
    missing = missing_features(comparison, parse_features(features.stdout)) if features.ok else None
    receivers = {
        process.pid: Problem(
            "orphan-receive",
            "destination",
            chain.into,
            f"a receive into {chain.into} is under way there (process {process.pid}, since "
            f"{process.seconds} s): {process.argv_text}",
            "It is another job's or somebody's own. Wait until it ends, or find out whose it is "
            "and end it there: what it received is kept if it runs with -s.",
        )
        for step in plan.steps
        for chain in step.chains
        for process in processes.receiving(running, chain.into)
    }
    return (*((missing,) if missing else ()), *receivers.values())


async def estimates(source: Host, steps: tuple[Step, ...]) -> tuple[Estimate | None, ...]:
    """What ZFS thinks each step carries, None where it does not say."""
    return tuple([await _estimate(source, step) for step in steps])


async def _estimate(source: Host, step: Step) -> Estimate | None:
    """What ZFS thinks the step carries. A courtesy: without it the screen says "unknown"."""
    if not step.resumes:
        return await _said(source, step.send.estimate())
    token = await _said(source, commands.resume_estimate(step.resumes))
    ((finished, *later),) = (chain.snapshots for chain in step.chains)
    if token is None or not later:
        return token
    # A token finishes one snapshot, and the step goes on from that one.
    rest = await _said(source, replace(step.send, base=finished.name).estimate())
    if rest is None or rest.total is None or token.total is None:
        return None
    return Estimate((*token.lines, *rest.lines), token.total + rest.total)


async def _said(source: Host, asked: Command) -> Estimate | None:
    try:
        result = await source.run(asked, deadline=_ESTIMATE_DEADLINE)
        return parse_estimate(result.stdout) if result.ok else None
    except (ParseError, TroubleError):
        return None


async def holds_of(host: Host, comparison: Comparison, *, on_source: bool) -> tuple[Hold, ...]:
    """All holds in one of the trees, of whatever tag. Raises `TroubleError`."""
    inventory = comparison.source if on_source else comparison.destination
    held = [
        f"{entry.dataset.name}@{each.name}"
        for entry in inventory.datasets.values()
        for each in entry.snapshots
        if each.userrefs
    ]
    found: tuple[Hold, ...] = ()
    for index in range(0, len(held), _HOLDS_AT_ONCE):
        command = commands.holds(tuple(held[index : index + _HOLDS_AT_ONCE]))
        result = await host.run(command)
        if not result.ok:
            raise TroubleError(refusal(host.where, command, result))
        try:
            found += parse_holds(result.stdout)
        except ParseError as error:
            raise TroubleError(unreadable(host, command, error)) from error
    return found


async def transfers_on(host: Host) -> tuple[Process, ...]:
    """The sends and receives that run on a host. Raises `TroubleError`."""
    result = await host.run(processes.LIST)
    if not result.ok:
        raise TroubleError(refusal(host.where, processes.LIST, result))
    try:
        return processes.parse(result.stdout)
    except ParseError as error:
        raise TroubleError(unreadable(host, processes.LIST, error)) from error
