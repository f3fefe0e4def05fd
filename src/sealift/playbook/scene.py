"""What all rules look at: both sides, what runs between them, and what would be sent next.

Values only. What could not be read is None, and the rules then say nothing about it.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sealift.hosts.elevation import Elevation
from sealift.hosts.trouble import Trouble
from sealift.playbook.diagnosis import Evidence, NextStep
from sealift.playbook.flow import NOTHING, Flow
from sealift.replication.comparison import Comparison, DatasetComparison, State
from sealift.replication.obstacles import Problem
from sealift.replication.picture import Picture, Side
from sealift.replication.pipeline import End, Ends, pipeline
from sealift.replication.plan import Plan, Step
from sealift.replication.seal import Breach, Seal, SealState
from sealift.routes import Role, Route
from sealift.zfs import commands
from sealift.zfs.commands import Command
from sealift.zfs.listings import Snapshot

# What is said of a dataset as it stands there, and is not true of one that is still arriving: the
# kernel makes it at the beginning of a receive, without snapshot or key, but with a token.
_OF_WHAT_STANDS = {
    "stale-token", "dead-token", "foreign-token", "not-raw", "raw-lineage-unknown",
    "no-common-base", "base-missing-on-source", "ivset-mismatch", "key-lineage-mismatch",
    "destination-diverged",
}  # fmt: skip


_ASKED_FOR = frozenset({"anchor-not-held", "pool-degraded", "pool-suspended"})


@dataclass(frozen=True, slots=True)
class Scene:
    """The route at one moment. `now` is aware; `plan` is what a send would do.

    `troubles` are what keeps a side from being read, `unseen` the sentences about what else could
    not be read; an older reading of that side may still be in the picture.
    """

    now: datetime
    picture: Picture
    ends: Ends
    flow: Flow = NOTHING
    plan: Plan | None = None
    troubles: Mapping[Role, Trouble] = field(default_factory=dict)
    unseen: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)

    @property
    def route(self) -> Route:
        """The route."""
        return self.picture.route

    @property
    def comparison(self) -> Comparison | None:
        """Both trees, aligned."""
        return self.picture.comparison

    @property
    def carried(self) -> tuple[DatasetComparison, ...]:
        """The datasets of the source that the route carries."""
        found = self.comparison.datasets.values() if self.comparison else ()
        return tuple(
            each for each in found if each.source is not None and each.state is not State.LEFT_OUT
        )

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the tree, but for what is only unfinished.

        Of holds a picture knows their number only, of a pool one word: the playbook asks itself.
        """
        return tuple(
            each
            for each in self.picture.problems
            if each.id not in _ASKED_FOR and not self._unfinished(each)
        )

    @property
    def seal(self) -> Seal:
        """What can be said about the seal; what is only unfinished does not break it."""
        seal = self.picture.seal
        breaches = tuple(each for each in seal.breaches if not self._unfinished(each))
        if seal.state is SealState.BROKEN and not breaches:
            return Seal(SealState.UNKNOWN)
        return replace(seal, breaches=breaches)

    def _unfinished(self, said: Problem | Breach) -> bool:
        return said.id in _OF_WHAT_STANDS and self.arriving(said.dataset)

    def arriving(self, dataset: str) -> bool:
        """Whether a receive is just making a dataset of the destination, or its next snapshot."""
        inventory = self.picture.destination.inventory
        if inventory is None or not self.flow.receiving(dataset):
            return False
        below = dataset.removeprefix(inventory.root).removeprefix("/")
        held = inventory.datasets.get(below)
        return held is not None and (held.dataset.resume_token is not None or not held.snapshots)

    @property
    def fed(self) -> bool:
        """Whether the source is locked: most likely a replica, which another route feeds."""
        inventory = self.picture.source.inventory
        return inventory is not None and inventory.locked

    def side(self, role: Role) -> Side:
        """One side of the picture."""
        return self.picture.source if role == "source" else self.picture.destination

    def end(self, role: Role) -> End:
        """How commands are typed on one side."""
        return self.ends.source if role == "source" else self.ends.destination

    def where(self, role: Role) -> str:
        """A side's host as the user named it."""
        return self.side(role).location.where

    def clock(self, role: Role) -> float:
        """What a host's own clock shows, in seconds since 1970 UTC: its snapshots bear its time."""
        facts = self.side(role).facts
        return self.now.timestamp() + (facts.ahead_seconds if facts else 0)

    def newest(self, snapshots: tuple[Snapshot, ...]) -> Snapshot | None:
        """The newest of those that the route carries; `snapshots` are oldest first."""
        own = self.route.scope.own
        return next((each for each in reversed(snapshots) if own(each.name)), None)

    @property
    def behind_seconds(self) -> float | None:
        """For how long the destination has lacked a snapshot of the route; None if it lacks none.

        It is counted from the oldest one that it lacks: a tree whose snapshots are rare is not
        behind because they are old.
        """
        waiting = (each.behind[0].creation for each in self.carried if each.behind)
        oldest = min(waiting, default=None)
        return None if oldest is None else max(0.0, self.clock("source") - oldest)

    @property
    def over_limit(self) -> bool:
        """Whether it has lacked one for longer than the route allows."""
        return (self.behind_seconds or 0) > self.route.lag_limit

    # --- words

    def evidence(self, role: Role, command: Command, value: str) -> tuple[Evidence, ...]:
        """What a command said on a side."""
        return (Evidence(command.text(), self.where(role), value),)

    def listed(self, role: Role, value: str) -> tuple[Evidence, ...]:
        """What the listing of a side's snapshots says."""
        return self.evidence(role, commands.list_snapshots(self.side(role).location.dataset), value)

    def typed(self, role: Role, command: Command) -> str:
        """A `zfs` command as it is typed there, with what makes it root."""
        return shlex.join(self.end(role).words(command.argv))

    def step(self, role: Role, command: Command, why: str, action: str = "") -> NextStep:
        """A `zfs` command as a next step."""
        text = self.typed(role, command)
        return NextStep(why, text, self.where(role), command.effect, action)

    def as_root(self, role: Role, command: Command, why: str) -> NextStep:
        """Any other command that needs root, as a next step."""
        elevation: Elevation = self.end(role).elevation
        text = shlex.join(elevation.wrap(command.argv))
        return NextStep(why, text, self.where(role), command.effect)

    def sending(self, why: str, dataset: str = "") -> NextStep:
        """Starting the send that is planned, as a next step: what it does for a dataset of a side.

        Without a dataset it is what the plan begins with.
        """
        plan, text = self.plan, ""
        if plan is not None and plan.ready:
            steps = (each for each in plan.steps if not dataset or _concerns(each, dataset))
            step = next(steps, None)
            text = pipeline(step, self.ends, self.route.hold_tag).text() if step else ""
        return NextStep(why, text, self.ends.where, commands.Effect.CHANGE, "send")


def _concerns(step: Step, dataset: str) -> bool:
    return any(dataset in (chain.dataset, chain.into) for chain in step.chains)
