"""A route for the config: the table it would be, and writing it where sealift may.

Only a file that is not there, or that sealift made and nobody changed since, is written. It is
known by its first line, and by being what tomli-w makes of its content. Any other one is its
owner's, comments and all: the table is then shown to be pasted.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sealift.config.reading import (
    TABLE,
    ConfigError,
    default_path,
    parse_config,
    wrong_name,
)
from sealift.config.settings import NEEDED, NOWHERE, Setup, TomlValue, values_of
from sealift.hosts.gate import Gate
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.routes import Route

MARK = "# Made by sealift. Changed by hand, it is yours, and sealift writes to it no more."
# Written although they are the usual ones: they are what a route is asked about.
_ALWAYS = (*NEEDED, "purpose", "snapshot_format", "hold_tag", "lag_limit")
_MODE = 0o600
_HERE = "this machine"


@dataclass(frozen=True, slots=True)
class Target:
    """The file that a route may be added to, as it was read.

    `before` is what it holds, None if it is not there or cannot be read; `routes` are those that it
    has. `refusal` says why sealift does not write it, whatever the route; empty if it may. `stamp`
    is another one once it has changed, empty if that cannot be told.
    """

    file: Path
    before: bytes | None = None
    routes: tuple[Route, ...] = ()
    refusal: str = ""
    stamp: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A route as a table of `file`. `table` is its TOML, to be shown or pasted.

    `before` is what the file holds now, None if it is not there. `refusal` says why sealift does
    not write it; empty if it may. `paste` is whether the table is right, and only the file is not
    ours.
    """

    file: Path
    table: str
    before: bytes | None
    refusal: str = ""
    paste: bool = False


def target(named: Path | None = None, last: Target | None = None) -> Target:
    """The user's config, or the file that was named; `last` where nobody changed it since."""
    file = named or default_path()
    try:
        state = file.stat()
        stamp = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
        if last is not None and (last.file, last.stamp) == (file, stamp):
            return last
        before = file.read_bytes()
    except FileNotFoundError:
        return Target(file)
    except OSError as error:
        return Target(file, refusal=f"it cannot be read: {error.strerror}")
    try:
        known = parse_config(before, file)
    except ConfigError as error:
        wrong = f"it has mistakes of its own: {error.lines[0]}"
        return Target(file, before, refusal=wrong, stamp=stamp)
    refusal = ""
    if before != _whole(tomllib.loads(before.decode())):
        refusal = "it was written by hand, and sealift leaves it as it is: paste the table into it"
    elif state.st_uid != os.geteuid():
        refusal = "it belongs to somebody else: paste the table into it"
    routes = tuple(each.route for each in known.setups.values())
    return Target(file, before, routes, refusal, stamp)


def draft(setup: Setup, into: Target) -> Draft:
    """What adding a route would be. Pure."""
    table = _dumped({TABLE: {setup.route.name: _values(setup)}})
    if wrong := _name_refusal(setup.route.name, into.routes):
        return Draft(into.file, table, into.before, wrong)
    return Draft(into.file, table, into.before, into.refusal, paste=bool(into.refusal))


def write(wanted: Draft, gate: Gate) -> None:
    """Write the file, at once or not at all. Raises `TroubleError`.

    A new one is for its owner alone (0600), one that is there keeps its mode. One that has changed
    since it was looked at is left alone.
    """
    file = wanted.file.resolve()  # a link stays one
    gate.check_writing(file, "a new route of the config")
    if wanted.refusal:
        raise TroubleError(_not_written(file, wanted.refusal))
    held = {} if wanted.before is None else tomllib.loads(wanted.before.decode())
    added = tomllib.loads(wanted.table)
    held[TABLE] = {**held.get(TABLE, {}), **added[TABLE]}
    try:
        _put(file, _whole(held), wanted.before)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise TroubleError(_not_written(file, why)) from error


def _put(file: Path, content: bytes, before: bytes | None) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), _MODE if before is None else file.stat().st_mode & 0o777)
            os.fsync(stream.fileno())
        if before is None:
            os.link(made, file)  # fails if it has come to be meanwhile; a rename would not
        elif file.read_bytes() == before:
            made.replace(file)
        else:
            raise TroubleError(_not_written(file, "it was changed meanwhile"))
    finally:
        made.unlink(missing_ok=True)


def _values(setup: Setup) -> dict[str, TomlValue]:
    """What a route's table says: what was asked, and whatever is not as usual."""
    usual = values_of(Setup(Route(NOWHERE, NOWHERE)))
    return {
        name: value
        for name, value in values_of(setup).items()
        if name in _ALWAYS or value != usual.get(name)
    }


def _name_refusal(name: str, routes: Iterable[Route]) -> str:
    if wrong := wrong_name(name):
        return f"{wrong[0]}. {wrong[1]}"
    taken = f"it has a route called {name} already: give this one another name"
    return taken if any(each.name == name for each in routes) else ""


def _whole(held: dict[str, object]) -> bytes:
    """A file that sealift makes."""
    return f"{MARK}\n{_dumped(held)}".encode()


def _dumped(held: dict[str, object]) -> str:
    import tomli_w  # noqa: PLC0415 - only where TOML is written

    return tomli_w.dumps(held)


def _not_written(file: Path, why: str) -> Trouble:
    return Trouble(
        "config-not-written",
        _HERE,
        f"{file} was not written: {why}",
        "Nothing was changed.",
        "Paste the table into the file yourself.",
    )
