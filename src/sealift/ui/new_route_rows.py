"""The rows of a route that is being made, and of the places that it may go between. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sealift.actions import FORM, PLACES, named
from sealift.config.reading import wrong_name
from sealift.config.settings import NOWHERE, SETTINGS, BadValueError, Setup
from sealift.config.writing import Draft
from sealift.mentions import BUILD
from sealift.playbook.checklist import State, checklist, may
from sealift.replication.host_look import HostLook
from sealift.routes import SNAPSHOT_FORMAT, Location, Purpose, Role, Route
from sealift.tags import Shared, shared
from sealift.ui import headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.first_rows import LEVELS, host_id
from sealift.ui.text import Glyphs
from sealift.zfs.commands import Effect
from sealift.zfs.listings import Dataset
from sealift.zfs.names import pool_of

COLUMNS = ("Setting", "Value", "State")
PLACE_COLUMNS = ("Place", "Key", "Used")
SOURCE, DESTINATION, NAME, PURPOSE = "source", "destination", "name", "purpose"
PREFIX, TAG, LIMIT = "snapshot prefix", "hold_tag", "lag_limit"
HELP = {
    SOURCE: "The tree that is sent, from its root: an encrypted dataset on a host or on this "
    "machine.",
    DESTINATION: "Where it arrives: a dataset that the first send makes, below one that is there.",
    NAME: "What it is called on the command line: sealift NAME, sealift status NAME.",
    PURPOSE: "vault: the destination never holds a key; standby: it may be unlocked.",
    PREFIX: "What the names of its own snapshots begin with; others are left out. The time "
    "follows, in UTC. With a % in it, it is the whole strftime format.",
    TAG: "The tag of the holds that keep both ends of the chain from any cleanup.",
    LIMIT: "How long the destination may be behind before that is a problem: 15m, 1h, 2d.",
}
_MISSING = "not chosen yet"


def prefix_of(setup: Setup) -> str:
    """What the route's snapshots begin with."""
    return setup.route.scope.prefix


def with_prefix(setup: Setup, words: str) -> Setup:
    """The route with another prefix, or another format if there is a `%`. Raises `ValueError`."""
    if not words:
        raise BadValueError("a prefix is needed: it tells the route's snapshots from others")
    behind = SNAPSHOT_FORMAT.removeprefix(SNAPSHOT_FORMAT.partition("%")[0])
    return SETTINGS["snapshot_format"].put(setup, words if "%" in words else words + behind)


def missing(setup: Setup) -> str:
    """What has to be chosen before the route can be opened; empty if nothing."""
    if NOWHERE in (setup.route.source, setup.route.destination):
        return "Choose a source and a destination first."
    return ""


def form_rows(
    setup: Setup, draft: Draft, seen: Mapping[str, HostLook], others: Iterable[Route]
) -> tuple[Entry, ...]:
    """A row for each setting, with the table that all of them make.

    `others` are the routes that the config has.
    """
    route = setup.route
    tags = shared(route, others)
    rows = (
        (SOURCE, _place(route.source), *_source_state(route.source, seen)),
        (DESTINATION, _place(route.destination), *_destination_state(route.destination, seen)),
        (NAME, route.name or _MISSING, *_name_state(route.name)),
        (PURPOSE, route.purpose.value, State.OK, ""),
        (PREFIX, prefix_of(setup), State.OK, ""),
        (TAG, route.hold_tag, *_tag_state(tags)),
        (LIMIT, text.duration(route.lag_limit), State.OK, ""),
    )
    below = _below(setup, draft)
    lacking = missing(setup)
    deeds = (
        Deed.of(named(FORM, "open")),
        Deed.of(named(FORM, "open_once"), lacking),
        _writing(draft, lacking),
        Deed.of(named(FORM, "copy_table"), lacking or ("" if draft.paste else draft.refusal)),
    )
    said_of_tags = tuple(each.words for each in tags)
    return tuple(
        Entry(
            name,
            LEVELS[state],
            (name.replace("_", " "), value, f"{state.value}: {said}" if said else state.value),
            (*(said_of_tags if name == TAG else ()), *below, HELP[name]),
            deeds,
        )
        for name, value, state, said in rows
    )


def _writing(draft: Draft, lacking: str) -> Deed:
    """A file that is not sealift's is not written: then the table is shown to be pasted."""
    deed = Deed.of(named(FORM, "write"), lacking or ("" if draft.paste else draft.refusal))
    return replace(deed, title="paste…", effect=Effect.READ) if draft.paste else deed


def _below(setup: Setup, draft: Draft) -> tuple[str, ...]:
    if missing(setup):
        return ()
    where = f"Not written to {draft.file}: {draft.refusal}"
    if not draft.refusal:
        where = f"To be written to {draft.file}, if you say so:"
    return where, draft.table.rstrip()


def _place(place: Location) -> str:
    return _MISSING if place == NOWHERE else place.text()


def _name_state(name: str) -> tuple[State, str]:
    wrong = wrong_name(name)
    if not name:
        return State.WARNING, "needed to write it down"
    return (State.WARNING, wrong[0]) if wrong else (State.OK, "")


def _tag_state(tags: Sequence[Shared]) -> tuple[State, str]:
    if not tags:
        return State.OK, ""
    names = ", ".join(dict.fromkeys(each.other.title for each in tags))
    return State.WARNING, f"also the tag of {names}"


def _source_state(place: Location, seen: Mapping[str, HostLook]) -> tuple[State, str]:
    if place == NOWHERE:
        return State.WARNING, "needed"
    look = seen.get(place.where)
    if look is None or look.datasets is None:
        return State.UNSEEN, "its host was not looked at"
    there = _find(look, place.dataset)
    if there is None:
        return State.FAILED, "there is no such dataset"
    if not there.encrypted:
        return State.WARNING, "not encrypted: it cannot be sent raw"
    return may(look, place.dataset, "source")


def _destination_state(place: Location, seen: Mapping[str, HostLook]) -> tuple[State, str]:
    if place == NOWHERE:
        return State.WARNING, "needed"
    look = seen.get(place.where)
    if look is None or look.datasets is None:
        return State.UNSEEN, "its host was not looked at"
    if _find(look, pool_of(place.dataset)) is None:
        return State.FAILED, f"there is no pool {pool_of(place.dataset)}"
    state, rights = may(look, place.dataset, "destination")
    above = place.dataset.rpartition("/")[0]
    if not above:
        return State.WARNING, "a whole pool: choose a name below it"
    if _find(look, place.dataset) is not None:
        words = "there already, as a replica is"
    elif _find(look, above) is not None:
        words = "the first send makes it"
    else:
        return State.WARNING, f"{above} is not there: building a vault {BUILD} makes it"
    return (state, words) if state is State.OK else (state, rights)


def _find(look: HostLook, name: str) -> Dataset | None:
    return next((each for each in look.datasets or () if each.name == name), None)


# The places to choose from


def place_rows(
    places: Mapping[str, Location],
    seen: Mapping[str, HostLook],
    looking: set[str],
    role: Role,
    glyphs: Glyphs,
) -> tuple[Entry, ...]:
    """Every host, and below it the datasets that were seen there."""
    typing, opening = (Deed.of(named(PLACES, name)) for name in ("type", "open"))
    rows: list[Entry] = []
    for where, place in places.items():
        look = seen.get(where)
        state = f"looking{glyphs.ellipsis}" if where in looking else _host_state(look)
        again = replace(opening, title="look at it")
        details = (f"A look at {where} only reads; its datasets are listed below it then.",)
        rows.append(
            Entry(
                host_id(where),
                headline.INFO if look is None or look.trouble is None else headline.PROBLEM,
                (where, state, ""),
                details,
                (again, typing),
            )
        )
        if look is None or where in looking:
            continue
        checks = {each.dataset: each for each in checklist(look) if each.dataset}
        for each in look.datasets or ():
            check = checks[each.name]
            rows.append(
                Entry(
                    Location(place.user, place.host, each.name).text(),
                    LEVELS[check.state] if role == "source" else headline.OK,
                    (f"  {each.name}", check.found, text.size(each.used)),
                    (where, *check.details),
                    (opening, typing),
                )
            )
    return tuple(rows)


def _host_state(look: HostLook | None) -> str:
    if look is None:
        return "not looked at"
    if look.trouble is not None:
        return look.trouble.what
    return text.count(len(look.datasets or ()), "dataset")


def below(place: Location, source: Location) -> str:
    """A name for the destination below a dataset that was chosen, after the source's own."""
    last = "" if source == NOWHERE else source.dataset.rpartition("/")[2]
    named = Location(place.user, place.host, f"{place.dataset}/{last}" if last else place.dataset)
    return named.text() if last else f"{named.text()}/"


def name_for(source: Location, others: Iterable[Route]) -> str:
    """A name for the route after its source, empty if another has it or it is none."""
    last = source.dataset.rpartition("/")[2]
    return "" if wrong_name(last) or any(each.name == last for each in others) else last


def other_purpose(purpose: Purpose) -> Purpose:
    """The one of the two that it is not."""
    return Purpose.VAULT if purpose is Purpose.STANDBY else Purpose.STANDBY


def write_paragraphs(setup: Setup, draft: Draft, others: Iterable[Route]) -> list[str]:
    """What writing does, before it is done, and what stands against the route."""
    new = draft.before is None
    what = (
        "is made, for you alone (mode 0600)" if new else "gets one table more, and keeps its mode"
    )
    undo = "delete the file" if new else "delete the table again"
    return [
        f"{draft.file} {what}. No host is touched.",
        draft.table.rstrip(),
        *(f"! {each.words}" for each in shared(setup.route, others)),
        "Sealift writes to it again as long as nobody else does: what is written by hand stays.",
        f"Then: sealift {setup.route.name}\nUndo: {undo}.",
    ]
