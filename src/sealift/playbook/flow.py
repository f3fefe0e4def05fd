"""What carries a route's data now, whoever started it, told from the processes of both hosts. Pure.

A receive is the route's own if something on the source feeds it. One that nothing feeds has lost
its sender (`sshd` has not noticed yet) and blocks every other; one that something on the
destination itself feeds is somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sealift.playbook import thresholds
from sealift.replication.job import Job
from sealift.routes import Route
from sealift.zfs import tokens
from sealift.zfs.names import join, relative
from sealift.zfs.parse import ParseError
from sealift.zfs.processes import FILTERS, SSHD, Entry, Listing, Process

_ELEVATING = frozenset({"sudo", "doas"})
_REMOTE = frozenset({"ssh"})


@dataclass(frozen=True, slots=True)
class Flow:
    """Sends of the route's tree and receives into it.

    `sends` may be on their way to this destination, `elsewhere` are those that nothing here
    receives. `receives` are fed by the source, `foreign` by something else, `orphans` by nothing;
    `others` are the destination's receives into other trees. `jobs` are the route's running jobs.
    `seen` is whether either host's processes were listed.
    """

    sends: tuple[Process, ...] = ()
    elsewhere: tuple[Process, ...] = ()
    receives: tuple[Process, ...] = ()
    orphans: tuple[Process, ...] = ()
    foreign: tuple[Process, ...] = ()
    others: tuple[Process, ...] = ()
    jobs: tuple[Job, ...] = ()
    seen: bool = False

    @property
    def running(self) -> bool | None:
        """Whether the route's data is on its way now; None if nobody could look."""
        if self.jobs or self.receives or self.sends:
            return True
        return False if self.seen else None

    @property
    def doubted(self) -> bool:
        """Whether a receive was found that the source does not feed."""
        return bool(self.orphans or self.foreign)

    def receiving(self, dataset: str) -> bool:
        """Whether a live pipeline receives into a dataset of the destination, or goes on to it.

        A `-R` stream goes on from the dataset it is received into to those below.
        """
        into = [each.dataset for each in self.receives]
        if dataset in into:
            return True
        goes_on = not self.sends or any(each.replicate for each in self.sends)
        return goes_on and any(dataset.startswith(each + "/") for each in into)


NOTHING = Flow()
"""What is known of what runs before anybody has looked."""


def flow(
    route: Route,
    source: Listing | None,
    destination: Listing | None,
    jobs: Iterable[Job],
    now: datetime,
) -> Flow:
    """Sort what runs. A listing is None if the host could not be asked; `jobs` are the route's."""
    running = tuple(job for job in jobs if job.state.running)
    started = source.transfers if source else ()
    sends = tuple(each for each in started if _is_ours(each, route.source.dataset))
    if destination is None:
        return Flow(sends=sends, jobs=running, seen=source is not None)
    fed: list[Process] = []
    orphans: list[Process] = []
    foreign: list[Process] = []
    others: list[Process] = []
    taken: set[int] = set()
    for receive in destination.transfers:
        if receive.verb == "send":
            continue
        if not _goes_into(receive, route.destination.dataset):
            others.append(receive)
            continue
        beside = _feeders(receive, destination)
        senders = _senders(receive, sends, source, route, any_age=bool(beside))
        taken.update(senders)
        # Without the source's processes nothing can be said against a receive.
        if senders or source is None or _of_a_job(receive, running, now):
            fed.append(receive)
        elif receive.below:
            continue  # it may be of quite another tree
        elif beside and not {each.program for each in beside} & _REMOTE:
            foreign.append(receive)
        else:
            orphans.append(receive)
    here = tuple(
        each
        for each in sends
        if each.pid in taken
        or running
        or (each.seconds < thresholds.STARTING.value and not together(each, others))
    )
    return Flow(
        sends=here,
        elsewhere=tuple(each for each in sends if each not in here),
        receives=tuple(fed),
        orphans=tuple(orphans),
        foreign=tuple(foreign),
        others=tuple(others),
        jobs=running,
        seen=True,
    )


def still(first: Flow, again: Flow) -> Flow:
    """The first flow, with those receives in doubt only that are in doubt again."""
    pids = {each.pid for each in (*again.orphans, *again.foreign)}
    return replace(
        first,
        orphans=tuple(each for each in first.orphans if each.pid in pids),
        foreign=tuple(each for each in first.foreign if each.pid in pids),
    )


def together(send: Process, receives: Iterable[Process]) -> Process | None:
    """The receive that was started with a send, by their ages; None if there is none."""
    slack = thresholds.STARTING.value
    near = [each for each in receives if abs(each.seconds - send.seconds) <= slack]
    return min(near, key=lambda each: abs(each.seconds - send.seconds), default=None)


def sent_dataset(process: Process) -> str:
    """The dataset that a send reads, of a resumed one by its token's word; empty if unknown."""
    if process.dataset or not process.token:
        return process.dataset
    try:
        return tokens.decode(process.token).to_name.partition("@")[0]
    except ParseError:
        return ""


def _is_ours(process: Process, root: str) -> bool:
    dataset = sent_dataset(process)
    if process.verb != "send" or not dataset:
        return False
    above = process.replicate and root.startswith(dataset + "/")
    return dataset == root or dataset.startswith(root + "/") or above


def _goes_into(process: Process, root: str) -> bool:
    name = process.dataset
    above = process.below and root.startswith(name + "/")
    return name == root or name.startswith(root + "/") or above


def _senders(
    receive: Process,
    sends: tuple[Process, ...],
    source: Listing | None,
    route: Route,
    *,
    any_age: bool,
) -> tuple[int, ...]:
    """The processes of the source that may feed a receive, by their ids."""
    matching: list[Process | Entry] = [each for each in sends if _fits(each, receive, route)]
    if source is not None:
        matching += source.carrying(receive.dataset)
        matching += source.feeding(_sent_into(receive.dataset, route))
    slack = thresholds.STARTING.value
    return tuple(
        each.pid for each in matching if any_age or receive.seconds - each.seconds <= slack
    )


def _sent_into(dataset: str, route: Route) -> str:
    """The dataset of the source whose counterpart this one is; its root if it is above both."""
    root = route.destination.dataset
    below = relative(dataset, root) if f"{dataset}/".startswith(f"{root}/") else ""
    return join(route.source.dataset, below)


def _fits(send: Process, receive: Process, route: Route) -> bool:
    if receive.below:
        return True
    try:
        below = relative(sent_dataset(send), route.source.dataset)
    except ValueError:
        return True  # an ancestor with -R: where its parts go is not for us to say
    return join(route.destination.dataset, below) == receive.dataset


def _feeders(receive: Process, listing: Listing) -> tuple[Entry, ...]:
    """What runs beside a receive, in the same shell: the other commands of its pipeline.

    Of a login's shell without those that only pass on what came by the login.
    """
    own = {receive.pid}
    above = [each for each in listing.above(receive.pid) if each.program not in _ELEVATING]
    own.update(each.pid for each in listing.above(receive.pid) if each.program in _ELEVATING)
    # sshd's other children are sessions of their own over the same connection.
    if not above or above[0].pid == 1 or above[0].program in SSHD:
        return ()
    parent, by_login = above[0].pid, any(each.program in SSHD for each in above)
    return tuple(
        each
        for each in listing.entries.values()
        if each.parent == parent
        and each.pid not in own
        and not (by_login and each.program in FILTERS and " -I" not in each.args)
    )


def _of_a_job(receive: Process, jobs: tuple[Job, ...], now: datetime) -> bool:
    for job in jobs:
        age = (now - job.about.made).total_seconds()
        young = receive.seconds <= age + thresholds.STARTING.value
        if young and any(step.into == receive.dataset for step in job.steps):
            return True
    return False
