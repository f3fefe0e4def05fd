"""`zfs list` and `zfs get`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sealift.demo.programs import properties
from sealift.demo.programs.call import Call
from sealift.demo.programs.options import Options, parse
from sealift.demo.programs.selection import select
from sealift.demo.programs.table import aligned
from sealift.demo.programs.values import Entry, Value, quick, received, value

_FLUSH_EVERY = 2000  # lines: others are served in between
_FIELDS = ("name", "property", "value", "received", "source")
_SOURCES = ("local", "default", "inherited", "received", "temporary", "none")


async def list_(call: Call) -> int:
    """List datasets, snapshots and bookmarks."""
    options = parse(call, "HS:d:o:prs:t:")
    names = _columns(call, options.last("o") or "name,used,available,referenced,mountpoint")
    order = [(key, letter == "S") for letter, key in options.all("s", "S")]
    for key, _ in order:
        if properties.canonical(key) is None and key != "name":
            call.misuse(f"invalid property '{key}'")
    selection = select(call, options, options.rest, "fv")
    found: Iterable[Entry] = selection.entries()
    if order:
        found = _sorted(found, order)
    if options.has("H"):
        count = await _tabbed(call, found, names, exact=options.has("p"))
    else:
        count = _table(call, found, names, exact=options.has("p"))
    if count == 0 and not selection.failed:
        call.err("no datasets available")
    return 1 if selection.failed else 0


def _columns(call: Call, text: str) -> tuple[str, ...]:
    names: list[str] = []
    for word in text.split(","):
        if word == "space":
            names += ["name", "available", "used", "usedbysnapshots", "usedbydataset",
                      "usedbyrefreservation", "usedbychildren"]  # fmt: skip
            continue
        name = properties.canonical(word)
        if name is None:
            call.misuse(f"bad property list: invalid property '{word}'")
        names.append(name)
    return tuple(names)


def _sorted(found: Iterable[Entry], order: list[tuple[str, bool]]) -> list[Entry]:
    entries = list(found)
    for key, descending in reversed(order):
        name = properties.canonical(key) or key
        entries.sort(key=lambda entry: _sort_key(entry, name), reverse=descending)
    return entries


def _sort_key(entry: Entry, name: str) -> tuple[int, int, str]:
    text = value(entry, name, exact=True).text
    if text == "-":
        return (1, 0, "")
    return (0, int(text), "") if text.isdigit() and name != "name" else (0, 0, text)


async def _tabbed(
    call: Call, found: Iterable[Entry], names: tuple[str, ...], *, exact: bool
) -> int:
    count = 0
    # Counting to a million goes best without asking each property what it is each time.
    readers = [quick(name) for name in names] if exact else []
    for count, entry in enumerate(found, 1):
        if exact:
            call.out("\t".join([read(entry) for read in readers]))
        else:
            call.out("\t".join(value(entry, name, exact=False).text for name in names))
        if count % _FLUSH_EVERY == 0:
            await call.flush()
    return count


def _table(call: Call, found: Iterable[Entry], names: tuple[str, ...], *, exact: bool) -> int:
    known = [properties.table().get(name) for name in names]
    heads = [each.column if each else name.upper() for each, name in zip(known, names, strict=True)]
    rows = [[value(entry, name, exact=exact).text for name in names] for entry in found]
    if rows:
        call.out(
            aligned(
                [heads, *rows],
                least=[each.width if each else 0 for each in known],
                right=[name in properties.RIGHT for name in names],
            )
        )
    return len(rows)


async def get(call: Call) -> int:
    """Show properties, one a line."""
    options = parse(call, "d:o:prs:t:H")
    if not options.rest:
        for name, text in options.all("o", "s"):
            _check_words(call, name, text)
        call.misuse("missing property argument")
    fields = _fields(call, options)
    sources = _sources(call, options)
    wanted = options.rest[0]
    names = None if wanted == "all" else _columns(call, wanted)
    selection = select(call, options, options.rest[1:], "fvsb")
    if not options.rest[1:] and options.last("t") is None:
        selection = replace(selection, kinds="fv")
    shown: list[list[str]] = []
    for entry in selection.entries():
        rows = _rows(entry, names or _all_of(entry), fields, sources, exact=options.has("p"))
        if options.has("H"):
            for row in rows:
                call.out("\t".join(row))
            await call.flush()
        else:
            shown += rows
    if shown:
        call.out(aligned([[field.upper() for field in fields], *shown]))
    return 1 if selection.failed else 0


def _rows(
    entry: Entry,
    names: Sequence[str],
    fields: tuple[str, ...],
    sources: tuple[str, ...],
    *,
    exact: bool,
) -> list[list[str]]:
    rows: list[list[str]] = []
    for name in names:
        found = value(entry, name, exact=exact)
        if _source_kind(found) not in sources:
            continue
        row = {"name": entry.name, "property": name, "value": found.text, "source": found.source}
        if "received" in fields:
            row["received"] = received(entry, name, exact=exact)
        rows.append([row[field] for field in fields])
    return rows


def _all_of(entry: Entry) -> list[str]:
    """What `all` stands for: what applies, and user properties at the end."""
    names = [
        name
        for name, each in properties.table().items()
        if entry.kind in each.kinds
        and name not in {"name", "ivsetguid", "keyguid", "inconsistent"}
        and (entry.kind in each.listed or value(entry, name, exact=True).text != "-")
    ]
    own = set(entry.snapshot.properties or {}) if entry.snapshot else set()
    at = entry.dataset.name
    while at and entry.mark != "#":
        dataset = entry.pool.datasets[at]
        own |= {name for name in (*dataset.local, *dataset.received) if properties.is_user(name)}
        at = at.rpartition("/")[0]
    return names + sorted(own)


def _fields(call: Call, options: Options) -> tuple[str, ...]:
    text = options.last("o")
    if text is None:
        return ("name", "property", "value", "source")
    if text == "all":
        return _FIELDS
    _check_words(call, "o", text)
    return tuple(text.split(","))


def _sources(call: Call, options: Options) -> tuple[str, ...]:
    text = options.last("s")
    if text is None:
        return _SOURCES
    _check_words(call, "s", text)
    return tuple(text.split(","))


def _check_words(call: Call, letter: str, text: str) -> None:
    what, known = ("column name", _FIELDS) if letter == "o" else ("source", _SOURCES)
    for word in text.split(","):
        if word not in known and not (letter == "o" and word == "all"):
            call.misuse(f"invalid {what} '{word}'")


def _source_kind(found: Value) -> str:
    return "none" if found.source == "-" else found.source.split(" ", 1)[0]
