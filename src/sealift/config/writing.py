"""A route for the config: the table it would be, and writing it where sealift may.

Only a file that is not there, or that sealift made and nobody changed since, is written. It is
known by its first line, and by being what tomli-w makes of its content. Any other one is its
owner's, comments and all: the table is then shown to be pasted.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
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
from sealift.zfs.commands import Command, Effect

MARK = "# Made by sealift. Changed by hand, it is yours, and sealift writes to it no more."
# Written although they are the usual ones: they are what a route is asked about.
_ALWAYS = (*NEEDED, "purpose", "snapshot_format", "hold_tag", "lag_limit")
_MODE = 0o600
_HERE = "this machine"


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


def draft(setup: Setup, named: Path | None = None) -> Draft:
    """What adding a route to the user's config, or to the file that was named, would be."""
    file = named or default_path()
    table = _dumped({TABLE: {setup.route.name: _values(setup)}})
    try:
        before = file.read_bytes()
    except FileNotFoundError:
        before = None
    except OSError as error:
        return Draft(file, table, None, f"it cannot be read: {error.strerror}", paste=True)
    if wrong := _name_refusal(file, before, setup):
        return Draft(file, table, before, wrong)
    foreign = _file_refusal(file, before)
    return Draft(file, table, before, foreign, paste=bool(foreign))


def write(wanted: Draft, gate: Gate) -> None:
    """Write the file, at once or not at all. Raises `TroubleError`.

    A new one is for its owner alone (0600), one that is there keeps its mode. One that has changed
    since it was looked at is left alone.
    """
    file = wanted.file.resolve()  # a link stays one
    gate.check(Command(("write", str(file)), Effect.CHANGE, "a new route of the config"), _HERE)
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


def _name_refusal(file: Path, before: bytes | None, setup: Setup) -> str:
    name = setup.route.name
    if wrong := wrong_name(name):
        return f"{wrong[0]}. {wrong[1]}"
    try:
        known = parse_config(before or b"", file)
    except ConfigError:
        return ""  # which is said of the file
    taken = f"it has a route called {name} already: give this one another name"
    return taken if name in known.setups else ""


def _file_refusal(file: Path, before: bytes | None) -> str:
    if before is None:
        return ""
    try:
        parse_config(before, file)
    except ConfigError as error:
        return f"it has mistakes of its own: {error.lines[0]}"
    if before != _whole(tomllib.loads(before.decode())):
        return "it was written by hand, and sealift leaves it as it is: paste the table into it"
    if file.stat().st_uid != os.geteuid():
        return "it belongs to somebody else: paste the table into it"
    return ""


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
