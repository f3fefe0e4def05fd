"""The rows of the first screen and of a host's checklist. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sealift.actions import FIRST, HOST, named
from sealift.playbook.checklist import Check, State, checklist, worst
from sealift.replication.host_look import HostLook
from sealift.ui import headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.text import Glyphs

COLUMNS = ("Begin with", "State", "What it is")
CHECKS = ("Check", "State", "Found")
DEMO, NEW, OTHER = "demo", "new route", "another host"
LEVELS = {
    State.OK: headline.OK,
    State.WARNING: headline.WARNING,
    State.UNSEEN: headline.INFO,
    State.FAILED: headline.PROBLEM,
}
_DEMO_WORDS = """\
Two embedded hosts with real shells and a moving transfer: no ZFS, no root, no network. Nothing of \
it is left when you leave it.

`sealift demo --list` names the nights to practise on: `sealift demo torn-seed` is one of them."""
_NEW_WORDS = """\
Choose a source and a destination from what was seen of your hosts, or type them. The table for \
the config is shown while you go. Nothing is written before you have seen it and said so, and a \
route can be opened once without writing anything."""
_OTHER_WORDS = "Type [user@]host: one that your ssh_config does not name."
_LOOK_WORDS = """\
A look only reads: whether we get in, which ZFS it has, what we may do, its pools and datasets. \
Your ssh_config, agent and known_hosts count."""
_OPEN = named(FIRST, "open")


def first_rows(
    places: Iterable[tuple[str, str]],
    seen: dict[str, HostLook],
    looking: set[str],
    glyphs: Glyphs,
) -> tuple[Entry, ...]:
    """The demo, every host with what was seen of it, and a new route.

    `places` are the hosts, each with where it is named.
    """
    return (
        _row(DEMO, "two embedded hosts, nothing to set up", _DEMO_WORDS, "start the demo"),
        *(
            _host(where, origin, seen.get(where), glyphs, looking=where in looking)
            for where, origin in places
        ),
        _row(OTHER, "type its name", _OTHER_WORDS, "another host…"),
        _row(NEW, "source and destination, step by step", _NEW_WORDS, "new route…"),
    )


def _row(name: str, what: str, words: str, title: str) -> Entry:
    return Entry(name, headline.INFO, (name, "", what), (words,), (Deed.of(_OPEN, title=title),))


def _host(
    where: str, origin: str, look: HostLook | None, glyphs: Glyphs, *, looking: bool
) -> Entry:
    """A host. Its id cannot be that of another row: those are no places."""
    level, state, words = headline.INFO, "not looked at", _LOOK_WORDS
    if look is not None:
        checks = checklist(look)
        came_out = worst(checks)
        level, state = LEVELS[came_out], came_out.value
        words = _brief(checks)
    if looking:
        level, state = headline.INFO, f"looking{glyphs.ellipsis}"
    deed = Deed.of(_OPEN, title="look at it")
    return Entry(host_id(where), level, (where, state, origin), (words,), (deed,))


def host_id(where: str) -> str:
    """The id of a host's row."""
    return f"host {where}"


def host_of(identity: str) -> str:
    """The host that a row's id names."""
    return identity.removeprefix("host ")


def _brief(checks: tuple[Check, ...]) -> str:
    """What stands against a host, or that nothing does."""
    failed = [each for each in checks if each.state is State.FAILED]
    wrong = failed or [each for each in checks if each.state is not State.OK]
    lines = [f"{each.title}: {each.state.value}: {each.found}" for each in wrong or checks[:4]]
    datasets = sum(bool(each.dataset) for each in checks)
    return "\n".join([*lines, *([text.count(datasets, "dataset")] if datasets else [])])


def check_rows(look: HostLook) -> tuple[Entry, ...]:
    """The checklist of a host, with what can be done with each line."""
    return tuple(_check(each, look) for each in checklist(look))


def _check(check: Check, look: HostLook) -> Entry:
    deeds: tuple[Deed, ...] = ()
    if check.dataset:
        deeds = (Deed.of(named(HOST, "route_from")), Deed.of(named(HOST, "route_to")))
    elif check.id == "login" and look.unknown_key is not None:
        deeds = (Deed.of(named(HOST, "open")),)
    cells = (check.title, check.state.value, check.found)
    return Entry(check.id, LEVELS[check.state], cells, check.details, deeds)
