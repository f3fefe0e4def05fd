"""What `sealift config path`, `show` and `check` answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sealift.actions import by_name
from sealift.chains import chains
from sealift.config.reading import (
    KEYS_TABLE,
    TABLE,
    Config,
    ConfigError,
    Mistake,
    default_path,
    read_config,
)
from sealift.config.settings import SETTINGS, values_of
from sealift.keymap import key_word
from sealift.tags import shared
from sealift.words import count
from sealift.zfs.names import printable


@dataclass(frozen=True, slots=True)
class Answer:
    """What is printed, what is said on stderr, and the exit code."""

    out: str
    err: str = ""
    code: int = 0


def answer(word: str, named: Path | None, *, as_json: bool) -> Answer:
    """The answer to `sealift config` and one of these words. Nothing is written.

    `path` is right also of a file that is wrong or is not there.
    """
    if word == "path":
        file = named or default_path()
        known = {"schema": 1, "path": str(file), "exists": file.exists()}
        return Answer(json.dumps(known) if as_json else printable(str(file)))
    try:
        config = read_config(named)
    except ConfigError as error:
        if as_json:
            return Answer(_mistakes(error.file, error.mistakes, []), code=2)
        return Answer("", str(error), 2)
    if word == "show":
        return Answer(_json(config) if as_json else _toml(config))
    warnings = _warnings(config)
    code = 2 if config.conflicts else 1 if warnings else 0
    if as_json:
        return Answer(_mistakes(config.file, config.conflicts, warnings), code=code)
    if config.conflicts:
        return Answer("", "\n".join(config.conflict_lines), code)
    words = count(len(config.setups), "route") if config.there else "not there, which is no mistake"
    lines = (f"{config.file}: {words}", *(f"warning: {each}" for each in warnings))
    return Answer("\n".join(map(printable, lines)), code=code)


def _warnings(config: Config) -> list[str]:
    """What would keep routes that are right each from working together, each pair once."""
    routes = [each.route for each in config.setups.values()]
    before = (shared(route, routes[:number]) for number, route in enumerate(routes))
    found = [each.words for several in before for each in several]
    found += [each for chain in chains(routes) for link in chain.links for each in link.remarks]
    return found


def _mistakes(file: Path, mistakes: tuple[Mistake, ...], warnings: list[str]) -> str:
    told = [{"line": each.line, "what": each.what, "mend": each.mend} for each in mistakes]
    known = {"schema": 1, "path": str(file), "mistakes": told, "warnings": warnings}
    return json.dumps(known)


def _keys(config: Config) -> dict[str, list[str]]:
    """The keys in force, by the name of the action, as they are written."""
    return {
        name: [key_word(key) for key in config.keys.keys(actions[0])]
        for name, actions in by_name().items()
    }


def _json(config: Config) -> str:
    routes = [
        {"name": name, **dict.fromkeys(SETTINGS), **values_of(each)}
        for name, each in config.setups.items()
    ]
    keys = [{"action": name, "keys": found} for name, found in _keys(config).items()]
    shown = {"schema": 1, "path": str(config.file), "routes": routes, "keys": keys}
    return json.dumps(shown)


def _toml(config: Config) -> str:
    import tomli_w  # noqa: PLC0415 - only where TOML is written

    tables = {name: values_of(each) for name, each in config.setups.items()}
    keys = {name: found[0] if len(found) == 1 else found for name, found in _keys(config).items()}
    head = printable(f"# {config.file}: every setting, the usual ones too")
    return f"{head}\n{tomli_w.dumps({KEYS_TABLE: keys, TABLE: tables})}".rstrip()
