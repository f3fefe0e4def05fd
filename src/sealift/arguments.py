"""The options of the command line, in groups, as `--help` and completion have them."""

from __future__ import annotations

import argparse
from pathlib import Path

from sealift import __version__
from sealift.routes import LAG_LIMIT, SNAPSHOT_FORMAT, Via

_USAGE = """\
sealift                       all routes of the config, worst first
       sealift ROUTE                 both trees of one on one screen
       sealift status [ROUTE]        the same as text, or as --json
       sealift plan ROUTE            what would be sent, from which base
       sealift diagnose ROUTE        why it is slow or stuck, and what to mend first
       sealift audit ROUTE           whether the vault is a vault, and what opens it
       sealift jobs [ROUTE]          transfers that run by themselves, here or there
       sealift config path|show|check   where the routes are written down, and whether rightly
       sealift completion bash|zsh|fish  what a shell is to read to complete all this
       sealift demo [SCENARIO]       two embedded hosts; demo --list
"""


def parser_of(epilog: str) -> argparse.ArgumentParser:
    """The parser; what is no option is in `words`. `epilog` ends its help."""
    parser = argparse.ArgumentParser(
        "sealift",
        usage=_USAGE,
        description="Sealed (encrypted, raw-send) ZFS replication from one screen.",
        epilog=epilog,
    )
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"sealift {__version__}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the routes, instead of the user's own file",
    )
    parser.add_argument(
        "--prometheus", action="store_true", help="print the status as metrics; the code is 0"
    )
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="instead of ~/.ssh/config")
    _add_route_options(parser.add_argument_group("a route", "before what the config says of it"))
    diagnosing = parser.add_argument_group("sealift diagnose")
    diagnosing.add_argument(
        "--window", type=float, metavar="S", help="seconds that a diagnosis samples"
    )
    diagnosing.add_argument(
        "--no-trial",
        action="store_true",
        help="a diagnosis tries nothing out where no transfer runs",
    )
    diagnosing.add_argument(
        "--report", type=Path, metavar="FILE", help="write a diagnosis as an incident report, too"
    )
    diagnosing.add_argument(
        "--mask", action="store_true", help="the report names no host, user or dataset"
    )
    playing = parser.add_argument_group("sealift demo")
    playing.add_argument("--list", action="store_true", help="the scenarios of the demo")
    playing.add_argument(
        "--snapshots", type=int, metavar="N", help="about how many the demo gives each side"
    )
    return parser


def _add_route_options(parser: argparse._ArgumentGroup) -> None:
    """The settings of a route, by their names in the config. What is not given stays None."""
    parser.add_argument(
        "--read-only",
        action="store_true",
        default=None,
        help="make every change impossible in this session",
    )
    parser.add_argument(
        "--elevation",
        choices=("auto", "none", "sudo", "doas"),
        help="how both hosts let us act as root (auto: as each allows without a password)",
    )
    purpose = parser.add_mutually_exclusive_group()
    purpose.add_argument(
        "--vault",
        dest="purpose",
        action="store_const",
        const="vault",
        help="the destination never holds a key (the default)",
    )
    purpose.add_argument(
        "--standby",
        dest="purpose",
        action="store_const",
        const="standby",
        help="the destination may be unlocked by procedure",
    )
    parser.add_argument(
        "--snapshot-format",
        metavar="FORMAT",
        help=f"strftime format of snapshot names, in UTC ({SNAPSHOT_FORMAT.replace('%', '%%')})",
    )
    parser.add_argument(
        "--via",
        choices=tuple(each.value for each in Via),
        help=f"whose shell runs the pipeline and keeps the job ({Via.SOURCE.value})",
    )
    parser.add_argument(
        "--forward-agent",
        action="store_true",
        default=None,
        help="lend that host your ssh agent for as long as sealift is connected",
    )
    parser.add_argument("--hold-tag", metavar="TAG", help="of our holds (keepforrep)")
    parser.add_argument(
        "--exclude",
        metavar="DATASET",
        action="append",
        help="leave out a dataset (its name below the source's) and all below it",
    )
    parser.add_argument(
        "--all-snapshots",
        action="store_true",
        default=None,
        help="send other tools' snapshots, too",
    )
    parser.add_argument(
        "--per-dataset",
        action="store_true",
        default=None,
        help="never send the tree as one package",
    )
    parser.add_argument("--rate-limit", metavar="RATE", help="bytes a second, by pv there: 8m")
    parser.add_argument("--buffer", metavar="SIZE", help="a buffer, by mbuffer there: 512m")
    parser.add_argument("--tries", type=int, metavar="N", help="until a job gives up (20)")
    parser.add_argument("--pause", type=int, metavar="S", help="seconds before the first (5)")
    parser.add_argument(
        "--lag-limit",
        metavar="TIME",
        help=f"how long the destination may be behind: seconds, or 15m, 1h, 2d ({LAG_LIMIT})",
    )
    parser.add_argument("--theme", metavar="NAME", help="colour theme of the screen")
