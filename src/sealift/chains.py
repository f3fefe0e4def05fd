"""Which routes go on from one another: a vault that is the source of a second route. Pure.

Two routes belong together where the destination of one is the source of the other, on the same host
and as the same dataset, or as one that covers the other. Hosts are compared as they are written:
what ssh calls one machine under two names are two here. Users do not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sealift.routes import Location, Purpose, Route
from sealift.zfs.names import printable, relative


@dataclass(frozen=True, slots=True)
class Link:
    """A route in its chain. `hop` is 1 for what nothing feeds, and one more with each hop.

    `fed_by` are the routes that bring what this one sends on. `remarks` are sentences about what
    would keep the two from working together.
    """

    route: Route
    hop: int
    fed_by: tuple[Route, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Routes that go on from one another, what feeds before what is fed; mostly one by itself.

    `loop` says that some of them feed each other in a circle, as a way there and one back do.
    """

    links: tuple[Link, ...]
    loop: bool = False

    @property
    def several(self) -> bool:
        """Whether there is a chain to show at all."""
        return len(self.links) > 1

    @property
    def straight(self) -> bool:
        """Whether it is one line: every hop is one route, and each goes on from the one before."""
        return not self.loop and [link.hop for link in self.links] == list(
            range(1, len(self.links) + 1)
        )

    @property
    def stations(self) -> tuple[Location, ...]:
        """The places of a straight chain, from the first source to the last destination."""
        return (self.links[0].route.source, *(link.route.destination for link in self.links))


def chains(routes: Sequence[Route]) -> tuple[Chain, ...]:
    """Every route in exactly one chain; the chains in the order of the first route of each."""
    arriving: dict[str | None, list[int]] = {}
    for number, route in enumerate(routes):
        arriving.setdefault(_host(route.destination), []).append(number)
    feeders = [
        [
            n
            for n in arriving.get(_host(route.source), ())
            if n != number and feeds(routes[n], route)
        ]
        for number, route in enumerate(routes)
    ]
    beside = [set(fed_by) for fed_by in feeders]
    for number, fed_by in enumerate(feeders):
        for n in fed_by:
            beside[n].add(number)
    made: list[Chain] = []
    seen: set[int] = set()
    for number in range(len(routes)):
        if number not in seen:
            together = _reached({number}, beside)
            seen |= together
            made.append(_chain(sorted(together), routes, feeders))
    return tuple(made)


def vaults_for(route: Route, others: Iterable[Route]) -> tuple[Route, ...]:
    """The other routes whose vault is this one's source."""
    return tuple(each for each in others if each.purpose is Purpose.VAULT and feeds(each, route))


def feeds(first: Route, second: Route) -> bool:
    """Whether what the first one brings is sent on by the second one."""
    there, source = first.destination, second.source
    if not same_host(there, source):
        return False
    if covers(there.dataset, source.dataset):
        return first.scope.carries(relative(source.dataset, there.dataset))
    if covers(source.dataset, there.dataset):
        return second.scope.carries(relative(there.dataset, source.dataset))
    return False


def covers(dataset: str, other: str) -> bool:
    """Whether a dataset is the other one or lies above it."""
    return f"{other}/".startswith(f"{dataset}/")


def onto_itself(route: Route) -> str:
    """Why a route would send a tree into itself, whoever logs in; empty if it would not.

    A snapshot of the whole source would be one of the replica, too, also where the route leaves
    that part out: what is sent next would meet a snapshot of its own name there.
    """
    source, destination = route.source, route.destination
    if not same_host(source, destination):
        return ""
    if source.dataset == destination.dataset:
        return "the source and the destination are the same dataset"
    if covers(destination.dataset, source.dataset):
        return "the source lies below the destination, and would be a part of its own replica"
    if covers(source.dataset, destination.dataset):
        return "the destination lies below the source, whose snapshots would be its own as well"
    return ""


def same_host(one: Location, other: Location) -> bool:
    """Whether two places are on the same host, as far as they are written alike."""
    return _host(one) == _host(other)


def _host(location: Location) -> str | None:
    return None if location.host is None else location.host.casefold().rstrip(".")


def _reached(start: set[int], ways: Sequence[Iterable[int]]) -> set[int]:
    """These, and all that can be come to from them; `ways` are the next ones of each."""
    found, new = set[int](), start
    while new:
        found |= new
        new = {n for each in new for n in ways[each]} - found
    return found


def _chain(numbers: list[int], routes: Sequence[Route], feeders: list[list[int]]) -> Chain:
    hops: dict[int, int] = {}
    loop = False
    while len(hops) < len(numbers):
        left = [n for n in numbers if n not in hops]
        ready = [n for n in left if hops.keys() >= set(feeders[n])]
        if not ready:  # a circle has no beginning: its first one in the list is taken for it
            loop, ready = True, _circling(left, feeders)[:1]
        now = {n: 1 + max((hops[m] for m in feeders[n] if m in hops), default=0) for n in ready}
        hops |= now
    return Chain(tuple(_link(n, hops[n], routes, feeders[n]) for n in hops), loop)


def _circling(left: list[int], feeders: list[list[int]]) -> list[int]:
    """Those that wait for themselves, and not only for others that do."""
    return [n for n in left if n in _reached(set(feeders[n]), feeders)]


def _link(number: int, hop: int, routes: Sequence[Route], fed_by: list[int]) -> Link:
    route = routes[number]
    before = tuple(routes[n] for n in fed_by)
    remarks = tuple(filter(None, (_names(each, route) for each in before)))
    return Link(route, hop, before, remarks)


def _names(first: Route, second: Route) -> str:
    brings, takes = first.scope, second.scope
    if takes.all_snapshots or brings.all_snapshots or brings.prefix.startswith(takes.prefix):
        return ""
    return (
        f"{second.title} carries snapshots whose names begin with {printable(takes.prefix)!r}, and "
        f"{first.title} brings {printable(brings.prefix)!r}: nothing of it would go on."
    )
