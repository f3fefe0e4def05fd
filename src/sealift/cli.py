"""The command line: starts the screen, or prints what the screen would show.

Results go to stdout and nothing else does; messages go to stderr. Exit codes: 0 nothing to report,
1 findings, 2 usage or config error, 3 a host could not be reached.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sealift.arguments import parser_of
from sealift.chains import onto_itself
from sealift.config.settings import NOWHERE, SETTINGS, Setup, nearest
from sealift.hosts.elevation import Elevation
from sealift.keymap import USUAL, Keymap
from sealift.routes import BadLocationError, Location, Route
from sealift.zfs.names import BadNameError, printable

if TYPE_CHECKING:
    from sealift.config.reading import Config

PLACES = (
    "ROUTE is the name of a route of the config, or SOURCE DESTINATION: each is "
    "[user@]host:pool/dataset, or pool/dataset for this machine."
)
FIRST = """\
there is no route yet: {file} has none.
sealift demo                 two embedded hosts to try it on: no ZFS, no root, no network
sealift SOURCE DESTINATION   looks at one route, and writes nothing
sealift                      on a terminal: looks at your hosts and helps to write a route down
[route.NAME], and below it source = "PLACE" and destination = "PLACE": in that file, by hand"""
_COMMANDS = ("status", "plan", "diagnose", "audit", "jobs", "demo")
_EVERY = (*_COMMANDS, "config", "completion")
_ALL_ROUTES = ("", "status")  # what is asked of all routes where none is named
_CONFIG_WORDS = ("path", "show", "check")
_NO_ROUTE = ("here/source", "here/destination")  # `sealift jobs` alone: this machine's jobs
_DEMO_NIGHT = "quiet-night"
_DEMO_ROUTE = ("root@nas1:tank/prod", "root@dr1:backup/prod")


class UsageError(Exception):
    """The command line or the config is wrong; the message says how."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. `command` is empty for the screen.

    `setups` are the routes: one that was named, or all of the config if `all_routes`, which may be
    none; `others` are the other routes of the config, as far as that was read. `template` is what
    it says of any route, and `config` the file that routes are kept in, None for the user's own.
    `theme` is the program's; a route may have its own.
    `scenario` is the demo's, `--list` for their names; `snapshots` is how many it gives each side.
    `window` is how many seconds a diagnosis samples (None: as many as it thinks right), `trial`
    whether it may try what each stage can do where nothing runs; `report` is where it is written
    down, with `mask` without names. `prometheus` prints the status as metrics.
    `keys` are the screen's, `keys_told` what of the config's is not taken.
    """

    command: str
    setups: tuple[Setup, ...]
    as_json: bool
    ssh_config: Path | None
    theme: str | None
    template: Setup
    all_routes: bool = False
    others: tuple[Route, ...] = ()
    config: Path | None = None
    scenario: str = ""
    snapshots: int | None = None
    window: float | None = None
    trial: bool = True
    report: Path | None = None
    mask: bool = False
    prometheus: bool = False
    keys: Keymap = USUAL
    keys_told: tuple[str, ...] = ()

    @property
    def route(self) -> Route:
        """The one route, where there is one."""
        return self.setups[0].route

    @property
    def elevation(self) -> Elevation | None:
        """How its hosts let us act as root; None if each is to be asked."""
        return self.setups[0].elevation

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed, whichever route it is."""
        return self.template.route.read_only

    def with_route(self, route: Route) -> Options:
        """The same with another route in the place of its own."""
        return replace(self, setups=(replace(self.setups[0], route=route),))

    def only(self, setup: Setup) -> Options:
        """The same with one of its routes alone."""
        others = tuple(each.route for each in self.setups if each is not setup)
        return replace(self, setups=(setup,), all_routes=False, others=others)


def main(argv: Sequence[str] | None = None) -> int:
    """Run sealift; the exit code is given back."""
    try:
        return _main(argv)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `sealift status | head`: nobody reads on, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _main(argv: Sequence[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    try:
        if "config" in words and (asked := config_command(words)):
            return _config(*asked)
        if words[:1] == ["completion"]:
            return _completion(words[1:])
        options = parse(words)
    except (UsageError, BadLocationError, BadNameError) as error:
        _err(str(error))
        return 2
    if "NO_COLOR" in os.environ:
        # Textual decides about colour when it is imported; only its ANSI themes have none at all.
        os.environ["TEXTUAL_THEME"] = "ansi-dark"
    if options.command == "demo":
        return _demo(_with_config(options))
    if not (options.setups or sys.stdout.isatty()):
        _err(f"{FIRST.format(file=printable(str(options.config)))}\n{PLACES}")
        return 2
    options = _with_config(options)
    if options.command or not sys.stdout.isatty():
        from sealift.headless import print_command  # noqa: PLC0415 - --help stays quick

        return asyncio.run(print_command(options))
    from sealift.ui.app import SealiftApp, run  # noqa: PLC0415 - not loaded for text output

    app = SealiftApp(options)
    code = run(app)
    return _demo(_first_demo(options)) if app.wants_demo else code


def _first_demo(options: Options) -> Options:
    """The demo as the first screen begins it."""
    setup, (source, destination) = options.template, map(Location.parse, _DEMO_ROUTE)
    route = replace(setup.route, source=source, destination=destination)
    setups = (replace(setup, route=route),)
    return replace(options, command="demo", setups=setups, all_routes=False, scenario=_DEMO_NIGHT)


def _with_config(options: Options) -> Options:
    """The keys of the config, and its other routes where two places were given.

    A config that is wrong keeps nobody from two places, or the demo.
    """
    from sealift.config.reading import ConfigError, read_config  # noqa: PLC0415 - for a screen

    if options.config is not None and not options.config.exists():
        return options  # the first screen tells of that
    try:
        config = read_config(options.config)
    except ConfigError as error:
        return replace(options, keys_told=tuple(error.lines))
    others = options.others
    if not others and not options.all_routes and options.command != "demo":
        ours = (options.route.source, options.route.destination)
        known = (each.route for each in config.setups.values())
        others = tuple(each for each in known if (each.source, each.destination) != ours)
    told = tuple(config.conflict_lines)
    return replace(options, keys=config.keys, keys_told=told, others=others)


def _config(word: str, named: Path | None, as_json: bool) -> int:  # noqa: FBT001 - as parsed
    from sealift.config.command import answer  # noqa: PLC0415 - seldom needed

    said = answer(word, named, as_json=as_json)
    if said.out:
        _out(said.out)
    if said.err:
        _err(said.err)
    return said.code


def _completion(words: Sequence[str]) -> int:
    from sealift import completion  # noqa: PLC0415 - seldom needed
    from sealift.demo.scenarios import NAMES  # noqa: PLC0415

    if words in (["routes"], ["themes"]):
        # The Tab key asks: a config that is wrong offers nothing, and is told by what needs it.
        with suppress(UsageError):
            _out("\n".join(_named_by_user(words[0])))
        return 0
    if len(words) != 1 or words[0] not in completion.SHELLS:
        raise UsageError("write sealift completion bash, zsh or fish")
    follow = {"demo": NAMES, "config": _CONFIG_WORDS, "completion": completion.SHELLS}
    commands = {each: follow.get(each, ()) for each in _EVERY}
    _out(completion.script(words[0], tuple(completion.options(parser_of(PLACES))), commands))
    return 0


def _named_by_user(what: str) -> Iterable[str]:
    if what == "routes":
        return _read_config(None).setups
    from sealift.ui import themes  # noqa: PLC0415 - Textual with it

    return sorted(each.name for each in (*themes.own_themes(), *themes.users_themes()[0]))


def _demo(options: Options) -> int:
    from sealift.demo.scenarios import NAMES, open_scenario  # noqa: PLC0415

    if options.scenario == "--list":
        _out("\n".join(f"{name:<14} {open_scenario(name, 0)[0].title}" for name in NAMES))
        return 0
    if options.scenario not in NAMES:
        _err(f"there is no scenario {options.scenario!r}: there are {', '.join(NAMES)}")
        return 2
    if not sys.stdout.isatty():
        _err("the demo needs a terminal")
        return 2
    from sealift.ui.app import run  # noqa: PLC0415 - Textual is not loaded for text output
    from sealift.ui.demo import DemoApp  # noqa: PLC0415

    return run(DemoApp(options, options.scenario, options.snapshots))


def config_command(argv: Sequence[str]) -> tuple[str, Path | None, bool] | None:
    """What `sealift config` is asked for, which file, and whether as JSON; None if it is not."""
    arguments = parser_of(PLACES).parse_intermixed_args(argv)
    words: list[str] = arguments.words
    if words[:1] != ["config"]:
        return None
    if len(words) != 2 or words[1] not in _CONFIG_WORDS:  # noqa: PLR2004 - `config` and one word
        near = nearest("".join(words[1:2]), _CONFIG_WORDS)
        raise UsageError(f"write sealift config path, show or check{near}")
    return words[1], arguments.config, arguments.json


def parse(argv: Sequence[str]) -> Options:
    """Read the command line. Raises `UsageError`, `BadLocationError` or `BadNameError`."""
    arguments = parser_of(PLACES).parse_intermixed_args(argv)
    words: list[str] = arguments.words
    command = ""
    if words and words[0] in _COMMANDS:
        command = words.pop(0)
    scenario = ""
    if command == "demo":
        scenario = "--list" if arguments.list else "".join(words[:1]) or _DEMO_NIGHT
        if len(words) > 1:
            raise UsageError("one SCENARIO at a time")
        words = list(_DEMO_ROUTE)
    if command == "jobs" and not words:
        words = list(_NO_ROUTE)
    all_routes = not words and command in _ALL_ROUTES
    others: tuple[Route, ...] = ()
    file: Path | None = arguments.config
    if all_routes:
        config = _read_config(file)
        file, named = config.file, tuple(config.setups.values())
        if command and not named:
            raise UsageError(f"{FIRST.format(file=printable(str(file)))}\n{PLACES}")
    else:
        named, others = _setup(words, file)
    setups = tuple(_with_options(each, arguments) for each in named)
    ssh_config: Path | None = arguments.ssh_config
    if ssh_config is not None and not ssh_config.is_file():
        raise UsageError(f"the ssh config {printable(str(ssh_config))} is not there")
    return Options(
        command=command,
        setups=setups,
        as_json=arguments.json,
        ssh_config=ssh_config,
        theme=arguments.theme if all_routes else setups[0].theme,
        all_routes=all_routes,
        others=others,
        template=_with_options(Setup(Route(NOWHERE, NOWHERE)), arguments),
        config=file,
        scenario=scenario,
        snapshots=arguments.snapshots,
        window=_window(arguments.window),
        trial=not arguments.no_trial,
        report=arguments.report,
        mask=arguments.mask,
        prometheus=_prometheus(command, arguments),
    )


def _setup(
    words: Sequence[str], config: Path | None
) -> tuple[tuple[Setup, ...], tuple[Route, ...]]:
    """The route that the words name, and the config's others.

    Two places need no config, whatever is wrong with that.
    """
    match words:
        case [name] if not set(name) & {":", "/"}:
            known = _read_config(config)
            others = (each.route for each in known.setups.values() if each.route.name != name)
            return (_named(name, known),), tuple(others)
        case [source, destination]:
            if not set(source + destination) & {":", "/"} and _near_command(source):
                raise UsageError(f"{_no_command(source)} A pool of that name is :{source}")
            route = Route(Location.parse(source), Location.parse(destination))
            if wrong := onto_itself(route):
                raise UsageError(wrong)
            return (Setup(route),), ()
    if words and not set(words[0]) & {":", "/"}:
        raise UsageError(f"{_no_command(words[0])} {PLACES}")
    raise UsageError(f"a SOURCE and a DESTINATION are needed, or a ROUTE. {PLACES}")


def _near_command(word: str) -> str:
    # Short words are alike by chance.
    return nearest(word, _EVERY, alike=0.75)


def _no_command(word: str) -> str:
    """That this is no command, with the nearest one or all of them."""
    near = _near_command(word) or f": there are {', '.join(_EVERY)}."
    return f"there is no command {printable(repr(word))}{near}"


def _named(name: str, config: Config) -> Setup:
    if name in config.setups:
        return config.setups[name]
    file = printable(str(config.file))
    near = nearest(name, config.setups) or _near_command(name)
    commands = f"The commands are {', '.join(_EVERY)}; sealift --help says what each does."
    wrong = f"{printable(name)!r} is neither a command nor a route"
    if near:
        raise UsageError(f"{wrong}{near} {commands}")
    if config.setups:
        known = ", ".join(config.setups)
        raise UsageError(f"{wrong}: in {file} there are {known}. {commands}")
    raise UsageError(f"{wrong}: {file} has none. {commands} {PLACES}")


def _read_config(named: Path | None) -> Config:
    from sealift.config.reading import ConfigError, read_config  # noqa: PLC0415 - if one is needed

    try:
        return read_config(named)
    except ConfigError as error:
        raise UsageError(str(error)) from error


def _with_options(setup: Setup, arguments: argparse.Namespace) -> Setup:
    """What the command line says goes before what the config says."""
    for name, setting in SETTINGS.items():
        value = getattr(arguments, name, None)
        if value is not None:
            try:
                setup = setting.put(setup, value)
            except ValueError as error:  # BadValueError, BadNameError, BadLocationError
                raise UsageError(f"--{name.replace('_', '-')}: {error}") from error
    return setup


def _prometheus(command: str, arguments: argparse.Namespace) -> bool:
    asked: bool = arguments.prometheus
    if asked and (command != "status" or arguments.json):
        raise UsageError("--prometheus is a form of `sealift status`, instead of --json")
    return asked


def _window(seconds: float | None) -> float | None:
    if seconds is not None and not 1 <= seconds <= 600:  # noqa: PLR2004 - said in the message
        raise UsageError("--window is a number of seconds from 1 to 600")
    return seconds


def _out(text: str) -> None:
    print(text, flush=True)


def _err(text: str) -> None:
    print(f"sealift: {text}", file=sys.stderr)
