"""The rows of the overview: one for each route, the worst first. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sealift.actions import OVERVIEW, named
from sealift.chains import Chain, Link, chains
from sealift.hosts.trouble import Trouble
from sealift.replication.overview import Overview
from sealift.replication.picture import Picture, Side
from sealift.replication.urgency import Urgency, late, urgency, worst_first
from sealift.routes import Route
from sealift.tags import shared
from sealift.ui import dialogs, headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.text import Glyphs

COLUMNS = ("Route", "Behind", "Limit", "Seal", "Job", "Finding")
_LEVELS = {
    Urgency.UNSEALED: headline.PROBLEM,
    Urgency.STOPPED: headline.PROBLEM,
    Urgency.LATE: headline.PROBLEM,
    Urgency.UNREACHABLE: headline.PROBLEM,
    Urgency.ODD: headline.WARNING,
    Urgency.UNREAD: headline.INFO,
    Urgency.BEHIND: headline.OK,
    Urgency.FINE: headline.OK,
}


def rows(overview: Overview, now: datetime, glyphs: Glyphs) -> tuple[Entry, ...]:
    """All routes, worst first. A route one of whose hosts cannot be read is grey.

    Routes that go on from one another stand together, where the worst of them belongs.
    """
    pictures = {each.route.title: each for each in worst_first(overview.pictures, now)}
    routes = [each.route for each in pictures.values()]
    return tuple(
        _row(pictures[link.route.title], chain, _remarked(link, routes), now, glyphs)
        for chain in chains(routes)
        for link in chain.links
    )


def _remarked(link: Link, routes: list[Route]) -> Link:
    """The same with what is said of the tags that it shares with other routes."""
    tags = shared(link.route, (each for each in routes if each is not link.route))
    return replace(link, remarks=(*link.remarks, *(each.words for each in tags)))


def _row(picture: Picture, chain: Chain, link: Link, now: datetime, glyphs: Glyphs) -> Entry:
    route = picture.route
    level = _LEVELS[urgency(picture, now)]
    if link.remarks and level == headline.OK:
        level = headline.WARNING
    cells = (
        f"{'  ' * (link.hop - 2)}{glyphs.arrow} {route.title}" if link.fed_by else route.title,
        _behind(picture, now, glyphs),
        text.duration(route.lag_limit).removesuffix(" 00 min").removesuffix(" 0 h"),
        headline.seal(picture, glyphs).words if picture.comparison else "not read",
        _job(picture, glyphs),
        _finding(picture, now, glyphs) or next(iter(link.remarks), ""),
    )
    return Entry(
        id=route.title,
        level=level,
        cells=cells,
        details=(*_details(picture, now, glyphs), *_chained(chain, link, glyphs)),
        deeds=(Deed.of(named(OVERVIEW, "open")),),
        grey=bool(picture.troubles),
    )


def _job(picture: Picture, glyphs: Glyphs) -> str:
    """What runs; whether nothing does is not known of hosts that could not be read."""
    if picture.job is None and (picture.troubles or picture.comparison is None):
        return "not read"
    return headline.activity(picture, glyphs).words


def _chained(chain: Chain, link: Link, glyphs: Glyphs) -> tuple[str, ...]:
    """Where the route stands in its chain, and what keeps that from working."""
    if not chain.several:
        return link.remarks
    arrow = f" {glyphs.arrow} "
    if chain.straight:
        way = arrow.join(each.text() for each in chain.stations)
        said = f"Hop {link.hop} of {len(chain.links)}: {way}"
    else:
        fed_by = ", ".join(each.title for each in link.fed_by) or "nothing"
        said = f"Of {len(chain.links)} routes that go on from one another; fed by {fed_by}"
    return (said + (", in a circle" if chain.loop else ""), *link.remarks)


def _behind(picture: Picture, now: datetime, glyphs: Glyphs) -> str:
    if picture.comparison is None:
        return "not read" if picture.troubles else f"reading{glyphs.ellipsis}"
    seconds = picture.lag_seconds(now)
    if seconds is None or not picture.comparison.destination.exists:
        return headline.lag(picture, now, glyphs).words
    return text.duration(max(0, seconds))


def _finding(picture: Picture, now: datetime, glyphs: Glyphs) -> str:
    if picture.troubles:
        return _contact(picture.troubles[0], picture, now)
    line = headline.worst(picture, now, glyphs)
    if line.level in {headline.OK, headline.INFO} or picture.comparison is None:
        return ""
    return line.said


def _contact(trouble: Trouble, picture: Picture, now: datetime) -> str:
    """How old what is shown is; a countdown would make every row another each second."""
    side = picture.source if picture.source.trouble is trouble else picture.destination
    taken = f"; shown: {_age(side, now)}" if side.inventory else ""
    return f"{trouble.finding}: {trouble.sentence()}{taken}"


def _age(side: Side, now: datetime) -> str:
    if side.inventory is None:
        return "not read"
    return text.age((now - side.inventory.taken_at).total_seconds())


def _details(picture: Picture, now: datetime, glyphs: Glyphs) -> tuple[str, ...]:
    route, read_only = picture.route, "   read-only" if picture.route.read_only else ""
    lines = [
        f"{route.source.text()} {glyphs.arrow} {route.destination.text()}",
        f"{route.purpose.value}, via {route.transport.via.value}{read_only}",
        "",
        f"seal    {headline.seal(picture, glyphs).words}",
        f"behind  {headline.lag(picture, now, glyphs).words or text.UNKNOWN}"
        + (", for longer than its limit" if late(picture, now) else "")
        + f" (limit {text.duration(route.lag_limit)})",
        f"job     {_job(picture, glyphs)}",
        *(
            f"read    {side.location.where}: {_age(side, now)}"
            for side in (picture.source, picture.destination)
        ),
    ]
    found = ["\n".join(lines)]
    for trouble in picture.troubles:
        found += dialogs.trouble_paragraphs(trouble)
    found += [f"{each.id}: {each.dataset}: {each.summary}" for each in picture.seal.breaches]
    if picture.job is not None and picture.job.trouble is not None:
        found += dialogs.trouble_paragraphs(picture.job.trouble)
    found += [f"{each.id}: {each.summary}. {each.mend}" for each in picture.problems]
    return tuple(found)
