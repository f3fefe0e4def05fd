"""The commands without a screen: what it would show, as plain lines or as one JSON object.

Results go to stdout and nothing else does; messages go to stderr.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealift import plain
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host, utc_now
from sealift.hosts.local import LocalTransport
from sealift.hosts.opening import open_host
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.journal import Journal, default_path
from sealift.keymap import USUAL
from sealift.replication import report
from sealift.replication.changes import Changes
from sealift.replication.overview import OverviewWatch, hosts_of
from sealift.replication.picture import Picture
from sealift.replication.urgency import worst_first
from sealift.replication.watch import RouteWatch
from sealift.zfs.names import printable

if TYPE_CHECKING:
    from sealift.cli import Options
    from sealift.playbook.diagnosis import Diagnosis


async def print_command(options: Options) -> int:
    """Do what a command asks for; the exit code is given back."""
    if options.all_routes:
        return await _print_overview(options)
    gate, log = Gate(read_only=True), CommandLog()
    route = options.route
    log.subscribe(Journal(default_path(), route.title, _say).note)
    hosts = [
        open_host(end, gate, log, options.ssh_config, forward_agent=lent)
        for end, lent in zip((route.source, route.destination), route.lends_agent, strict=True)
    ]
    watch = RouteWatch(
        route,
        *hosts,
        operator=Host(LocalTransport(), gate, log),
        elevation=options.elevation,
        ssh_config=options.ssh_config,
        others=options.others,
    )
    printing = _PRINTING.get(options.command, _print_status)
    try:
        if options.command == "diagnose":
            return await _print_diagnosis(watch, options, log)
        return await printing(watch, options)
    finally:
        await asyncio.gather(*(host.close() for host in hosts))


async def _print_overview(options: Options) -> int:
    """The status of all routes, worst first."""
    gate, log = Gate(read_only=True), CommandLog()
    routes = [setup.route for setup in options.setups]
    hosts = {end.where: open_host(end, gate, log, options.ssh_config) for end in hosts_of(routes)}
    try:
        overview = await OverviewWatch(routes, hosts).read_once()
    finally:
        await asyncio.gather(*(host.close() for host in hosts.values()))
    now = utc_now()
    pictures = worst_first(overview.pictures, now)
    for trouble in dict.fromkeys(each for picture in pictures for each in picture.troubles):
        _say(trouble)  # once, however many routes its host has
    if options.prometheus:
        return _print_metrics(pictures)
    if options.as_json:
        _out(json_line(report.statuses(pictures, now)))
    else:
        _out(plain.statuses(pictures, now))
    return max(map(report.exit_code, pictures))


async def _print_status(watch: RouteWatch, options: Options) -> int:
    picture = await watch.read_once()
    for trouble in picture.troubles:
        _say(trouble)
    if options.prometheus:
        return _print_metrics([picture])
    if options.as_json:
        _out(json_line(report.status(picture, utc_now())))
    else:
        _out(plain.status(picture, utc_now()))
    return report.exit_code(picture)


def _print_metrics(pictures: Sequence[Picture]) -> int:
    from sealift.replication.metrics import metrics  # noqa: PLC0415 - seldom needed

    _out(metrics(pictures, utc_now()).rstrip("\n"))
    return 0  # the findings are in it; a collector's job that fails writes nothing


async def _print_plan(watch: RouteWatch, options: Options) -> int:
    try:
        shown = await Changes(watch).preview()
    except TroubleError as error:
        _say(error.trouble)
        if options.as_json:
            _out(json_line({"schema": 1, "trouble": report.trouble(error.trouble)}))
        return report.exit_code(watch.picture)
    _out(json_line(report.preview(shown)) if options.as_json else plain.plan(shown))
    return 0 if not shown.steps and not shown.plan.blocked else 1


async def _print_diagnosis(watch: RouteWatch, options: Options, log: CommandLog) -> int:
    # Only here: all its rules with it.
    from sealift.playbook import report_json  # noqa: PLC0415
    from sealift.playbook.playbook import TRIAL, WINDOW, Playbook  # noqa: PLC0415

    window = WINDOW if options.window is None else options.window
    playbook = Playbook(watch, window=window, trial=TRIAL if options.trial else 0.0)
    told: set[str] = set()

    def announce(newest: Diagnosis) -> None:
        """Say on stderr what a step says before it has its answer."""
        for step in newest.steps:
            for fact in step.facts if step.state == "running" else ():
                if fact.value not in told:
                    told.add(fact.value)
                    _err(printable(fact.value))

    playbook.subscribe(announce)
    found = await playbook.run()
    if options.report is not None:
        _write_report(options, options.report, found, watch, log)
    _out(json_line(report_json.diagnosis(found)) if options.as_json else plain.diagnosis(found))
    return report_json.exit_code(found)


def _write_report(
    options: Options, path: Path, found: Diagnosis, watch: RouteWatch, log: CommandLog
) -> None:
    from sealift.playbook.incident import write_incident  # noqa: PLC0415

    try:
        written = write_incident(
            found,
            watch.picture,
            log.entries(),
            now=utc_now(),
            journal_path=default_path(),
            path=path,
            masked=options.mask,
        )
    except TroubleError as error:
        _say(error.trouble)
    else:
        _err(f"the report is in {printable(str(written))}")


async def _print_audit(watch: RouteWatch, options: Options) -> int:
    from sealift.keys import audit_json  # noqa: PLC0415 - only here: all its rules with it
    from sealift.keys.audit import audit  # noqa: PLC0415
    from sealift.playbook.report_json import findings_code  # noqa: PLC0415

    found = await audit(watch)
    _out(json_line(audit_json.audit(found)) if options.as_json else plain.audit(found))
    return findings_code(found.findings)


async def _print_jobs(watch: RouteWatch, options: Options) -> int:
    found = await watch.find_jobs()
    troubles = watch.job_troubles
    for trouble in troubles:
        _say(trouble)
    _out(json_line(report.jobs(found)) if options.as_json else plain.jobs(found))
    return 3 if troubles else int(any(job.trouble is not None for job in found))


_PRINTING: dict[str, Callable[[RouteWatch, Options], Awaitable[int]]] = {
    "plan": _print_plan,
    "audit": _print_audit,
    "jobs": _print_jobs,
}


def json_line(value: object) -> str:
    """A result as one line of JSON; its sentences name the usual keys."""
    return json.dumps(_unmarked(value))


def _unmarked(value: object) -> object:
    if isinstance(value, str):
        return USUAL.in_words(value)
    if isinstance(value, dict):
        return {name: _unmarked(each) for name, each in value.items()}
    return [_unmarked(each) for each in value] if isinstance(value, list | tuple) else value


def _out(text: str) -> None:
    print(text, flush=True)


def _err(text: str) -> None:
    print(f"sealift: {text}", file=sys.stderr)


def _say(trouble: Trouble) -> None:
    lines = [f"sealift: {trouble.sentence()}", trouble.means, trouble.mend, trouble.raw]
    print(printable("\n  ".join(line for line in lines if line)), file=sys.stderr)
