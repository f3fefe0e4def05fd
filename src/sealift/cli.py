"""The command line: starts the screen, or prints what the screen would show.

Results go to stdout and nothing else does; messages go to stderr. Exit codes: 0 nothing to report,
1 findings, 2 usage or config error, 3 a host could not be reached.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sealift import __version__
from sealift.hosts.elevation import Elevation
from sealift.routes import (
    LAG_LIMIT,
    SNAPSHOT_FORMAT,
    BadLocationError,
    Location,
    Purpose,
    Route,
    Transport,
    Via,
)
from sealift.zfs.commands import check_tag
from sealift.zfs.names import BadNameError, check_dataset, printable

USAGE = """\
sealift SOURCE DESTINATION                  both trees on one screen
       sealift status|plan SOURCE DESTINATION      the same as text, or as --json
       sealift diagnose SOURCE DESTINATION         why it is slow or stuck, and what to mend first
       sealift audit SOURCE DESTINATION            whether the vault is a vault, and what opens it
       sealift jobs [SOURCE DESTINATION]           transfers that run by themselves, here or there
       sealift completion bash|zsh|fish            what a shell is to read to complete all this
       sealift demo [SCENARIO]                     two embedded hosts; demo --list
"""
PLACES = "SOURCE and DESTINATION are [user@]host:pool/dataset, or pool/dataset for this machine."
_COMMANDS = ("status", "plan", "diagnose", "audit", "jobs", "demo")
_NO_ROUTE = ("here/source", "here/destination")  # `sealift jobs` alone: this machine's jobs
_DEMO_ROUTE = ("root@nas1:tank/prod", "root@dr1:backup/prod")


class UsageError(Exception):
    """The command line or the config is wrong; the message says how."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for. `command` is empty for the screen.

    `scenario` is the demo's, `--list` for their names; `snapshots` is how many it gives each side.
    `window` is how many seconds a diagnosis samples (None: as many as it thinks right), `trial`
    whether it may try what each stage can do where nothing runs; `report` is where it is written
    down, with `mask` without names. `prometheus` prints the status as metrics.
    """

    command: str
    route: Route
    as_json: bool
    ssh_config: Path | None
    elevation: Elevation | None
    theme: str | None
    scenario: str = ""
    snapshots: int | None = None
    window: float | None = None
    trial: bool = True
    report: Path | None = None
    mask: bool = False
    prometheus: bool = False


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
        return _demo(options)
    if options.command or not sys.stdout.isatty():
        from sealift.headless import print_command  # noqa: PLC0415 - --help stays quick

        return asyncio.run(print_command(options))
    from sealift.ui.app import SealiftApp, run  # noqa: PLC0415 - not loaded for text output

    return run(SealiftApp(options))


def _completion(words: Sequence[str]) -> int:
    from sealift import completion  # noqa: PLC0415 - seldom needed
    from sealift.demo.scenarios import NAMES  # noqa: PLC0415

    if len(words) != 1 or words[0] not in completion.SHELLS:
        raise UsageError("write sealift completion bash, zsh or fish")
    follow = {"demo": NAMES, "completion": completion.SHELLS}
    commands = {each: follow.get(each, ()) for each in (*_COMMANDS, "completion")}
    _out(completion.script(words[0], tuple(completion.options(_parser())), commands))
    return 0


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


def parse(argv: Sequence[str]) -> Options:
    """Read the command line. Raises `UsageError`, `BadLocationError` or `BadNameError`."""
    parser = _parser()
    arguments = parser.parse_intermixed_args(argv)
    words: list[str] = arguments.words
    command = ""
    if words and words[0] in _COMMANDS:
        command = words.pop(0)
    scenario = ""
    if command == "demo":
        scenario = "--list" if arguments.list else "".join(words[:1]) or "quiet-night"
        if len(words) > 1:
            raise UsageError("one SCENARIO at a time")
        words = list(_DEMO_ROUTE)
    if command == "jobs" and not words:
        words = list(_NO_ROUTE)
    if len(words) != 2:  # noqa: PLR2004 - a route has two ends
        raise UsageError(f"a SOURCE and a DESTINATION are needed. {PLACES}")
    source, destination = (Location.parse(word) for word in words)
    if source == destination:
        raise UsageError("the source and the destination are the same dataset")
    route = Route(
        source,
        destination,
        purpose=Purpose.STANDBY if arguments.standby else Purpose.VAULT,
        read_only=arguments.read_only,
        snapshot_format=arguments.snapshot_format,
        hold_tag=check_tag(arguments.hold_tag),
        transport=_transport(arguments),
        all_snapshots=arguments.all_snapshots,
        exclude=frozenset(check_dataset(each) for each in arguments.exclude),
        per_dataset=arguments.per_dataset,
        lag_limit=_seconds("--lag-limit", arguments.lag_limit),
    )
    try:
        route.snapshot_name(datetime.now(UTC), frozenset())
    except BadNameError as error:
        raise UsageError(f"--snapshot-format: {error}") from error
    config: Path | None = arguments.ssh_config
    if config is not None and not config.is_file():
        raise UsageError(f"the ssh config {printable(str(config))} is not there")
    return Options(
        command=command,
        route=route,
        as_json=arguments.json,
        ssh_config=config,
        elevation=_ELEVATION[arguments.elevation],
        theme=arguments.theme,
        scenario=scenario,
        snapshots=arguments.snapshots,
        window=_window(arguments.window),
        trial=not arguments.no_trial,
        report=arguments.report,
        mask=arguments.mask,
        prometheus=_prometheus(command, arguments),
    )


def _seconds(option: str, word: str) -> int:
    found = _DURATION.fullmatch(word)
    if found is None:
        raise UsageError(f"{option}: write seconds, or a number and s, m, h or d: 90s, 15m, 1h, 2d")
    return int(found[1]) * _UNITS[found[2].lower()]


def _prometheus(command: str, arguments: argparse.Namespace) -> bool:
    asked: bool = arguments.prometheus
    if asked and (command != "status" or arguments.json):
        raise UsageError("--prometheus is a form of `sealift status`, instead of --json")
    return asked


def _window(seconds: float | None) -> float | None:
    if seconds is not None and not 1 <= seconds <= 600:  # noqa: PLR2004 - said in the message
        raise UsageError("--window is a number of seconds from 1 to 600")
    return seconds


_DURATION = re.compile(r"([0-9]{1,9})([smhdSMHD]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_AMOUNT = re.compile(r"[0-9]{1,9}[kmgKMG]?")
_ELEVATION = {
    "auto": None,
    "none": Elevation.NONE,
    "sudo": Elevation.SUDO,
    "doas": Elevation.DOAS,
}


def _transport(arguments: argparse.Namespace) -> Transport:
    for name in ("rate_limit", "buffer"):
        value = getattr(arguments, name)
        if value and not _AMOUNT.fullmatch(value):
            raise UsageError(f"--{name.replace('_', '-')}: write a number and k, m or g: 8m")
    if arguments.tries < 0 or arguments.pause < 1:
        raise UsageError("--tries is a number from 0 on, --pause a number of seconds from 1 on")
    return Transport(
        via=Via(arguments.via),
        forward_agent=arguments.forward_agent,
        rate_limit=arguments.rate_limit,
        buffer=arguments.buffer,
        tries=arguments.tries,
        pause=arguments.pause,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "sealift",
        usage=USAGE,
        description="Sealed (encrypted, raw-send) ZFS replication from one screen.",
        epilog=PLACES,
    )
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"sealift {__version__}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--prometheus", action="store_true", help="print the status as metrics; the code is 0"
    )
    parser.add_argument(
        "--read-only", action="store_true", help="make every change impossible in this session"
    )
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="instead of ~/.ssh/config")
    parser.add_argument(
        "--elevation",
        choices=tuple(_ELEVATION),
        default="auto",
        help="how both hosts let us act as root (auto: as each allows without a password)",
    )
    purpose = parser.add_mutually_exclusive_group()
    purpose.add_argument(
        "--vault", action="store_true", help="the destination never holds a key (the default)"
    )
    purpose.add_argument(
        "--standby", action="store_true", help="the destination may be unlocked by procedure"
    )
    parser.add_argument(
        "--snapshot-format",
        metavar="FORMAT",
        default=SNAPSHOT_FORMAT,
        help="strftime format of snapshot names, in UTC (default: %(default)s)",
    )
    parser.add_argument(
        "--via",
        choices=tuple(each.value for each in Via),
        default=Via.SOURCE.value,
        help="whose shell runs the pipeline and keeps the job (default: %(default)s)",
    )
    parser.add_argument(
        "--forward-agent",
        action="store_true",
        help="lend that host your ssh agent for as long as sealift is connected",
    )
    parser.add_argument(
        "--hold-tag", metavar="TAG", default="keepforrep", help="of our holds (%(default)s)"
    )
    parser.add_argument(
        "--exclude",
        metavar="DATASET",
        action="append",
        default=[],
        help="leave out a dataset (its name below the source's) and all below it",
    )
    parser.add_argument(
        "--all-snapshots", action="store_true", help="send other tools' snapshots, too"
    )
    parser.add_argument(
        "--per-dataset", action="store_true", help="never send the tree as one package"
    )
    parser.add_argument(
        "--rate-limit", metavar="RATE", default="", help="bytes a second, by pv there: 8m"
    )
    parser.add_argument(
        "--buffer", metavar="SIZE", default="", help="a buffer, by mbuffer there: 512m"
    )
    parser.add_argument(
        "--tries", type=int, metavar="N", default=20, help="until a job gives up (%(default)s)"
    )
    parser.add_argument(
        "--pause", type=int, metavar="S", default=5, help="seconds before the first (%(default)s)"
    )
    parser.add_argument(
        "--lag-limit",
        metavar="TIME",
        default=str(LAG_LIMIT),
        help="how long the destination may be behind: seconds, or 15m, 1h, 2d (%(default)s)",
    )
    parser.add_argument(
        "--window", type=float, metavar="S", help="seconds that a diagnosis samples"
    )
    parser.add_argument(
        "--no-trial",
        action="store_true",
        help="a diagnosis tries nothing out where no transfer runs",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write a diagnosis as an incident report, too"
    )
    parser.add_argument(
        "--mask", action="store_true", help="the report names no host, user or dataset"
    )
    parser.add_argument("--list", action="store_true", help="the scenarios of the demo")
    parser.add_argument(
        "--snapshots", type=int, metavar="N", help="about how many the demo gives each side"
    )
    parser.add_argument("--theme", metavar="NAME", help="colour theme of the screen")
    return parser


def _out(text: str) -> None:
    print(text, flush=True)


def _err(text: str) -> None:
    print(f"sealift: {text}", file=sys.stderr)
