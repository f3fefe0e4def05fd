"""Routes that hold with the same tag in the same tree: each lets go of what the other needs. Pure.

A job releases its tag from everything older than what it brought (zfs-release(8) takes a tag, not
an owner), so what another route starts from is let go as well. Hosts are compared as `chains` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealift.chains import covers, same_host
from sealift.routes import Location, Role, Route
from sealift.zfs.names import printable, relative


@dataclass(frozen=True, slots=True)
class Shared:
    """A tree on one side of `route` in which `other` holds with the same tag.

    `dataset` is the top of what both have.
    """

    route: Route
    other: Route
    side: Role
    dataset: str

    def has(self, side: Role, snapshot: str) -> bool:
        """Whether a snapshot (`dataset@name`) of that side lies in it."""
        return side == self.side and covers(self.dataset, snapshot.partition("@")[0])

    @property
    def words(self) -> str:
        """What it means, and the way out, in a sentence each."""
        place = self.route.source if self.side == "source" else self.route.destination
        return (
            f"{self.route.title} and {self.other.title} both hold with the tag "
            f"{printable(self.route.hold_tag)} in {self.dataset} on {place.where}: what one of "
            "them lets go of may be the other one's base. Give one of them a hold tag of its own "
            "(hold_tag)."
        )


def shared(route: Route, others: Iterable[Route]) -> tuple[Shared, ...]:
    """Where other routes hold with this route's tag, each tree once for each of them."""
    same = (other for other in others if other.hold_tag == route.hold_tag)
    return tuple(dict.fromkeys(each for other in same for each in _between(route, other)))


def _between(route: Route, other: Route) -> Iterator[Shared]:
    sides: tuple[tuple[Role, Location], ...] = (
        ("source", route.source),
        ("destination", route.destination),
    )
    for side, ours in sides:
        for theirs in (other.source, other.destination):
            top = _common(ours.dataset, theirs.dataset)
            if (
                top
                and same_host(ours, theirs)
                and route.scope.carries(relative(top, ours.dataset))
                and other.scope.carries(relative(top, theirs.dataset))
            ):
                yield Shared(route, other, side, top)


def _common(one: str, other: str) -> str:
    """The lower of two datasets if it is the other one or lies below it; empty if not."""
    if covers(one, other):
        return other
    return one if covers(other, one) else ""
