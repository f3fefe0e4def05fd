"""The incident report: one Markdown page with what was found, what was done and how it is known.

Pure: whoever calls it hands over all values. It is written for somebody who was not there, reads
as plain text as well as rendered, and holds no secret; with a mask it holds no name either.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sealift import __version__
from sealift.hosts.command_log import LogEntry
from sealift.journal import Entry
from sealift.playbook.diagnosis import Diagnosis, Evidence, Finding, Stage, StepReport, Verdict
from sealift.playbook.markup import Page
from sealift.playbook.mask import Mask
from sealift.replication.job import Job
from sealift.replication.picture import Picture, Side
from sealift.zfs.commands import Effect

_BAR = 20
_MARKS = {"ok": "+", "info": " ", "warning": "!", "problem": "!", "unknown": "?"}
_EFFECTS = {
    Effect.READ: "only looks",
    Effect.CHANGE: "changes something, can be undone",
    Effect.DESTRUCTION: "destroys something",
}


def markdown(
    diagnosis: Diagnosis,
    picture: Picture,
    log_entries: tuple[LogEntry, ...],
    journal_entries: tuple[Entry, ...],
    *,
    operator: str,
    screen_svg_name: str | None,
    mask: Mask | None,
    now: datetime,
) -> str:
    """The page. `journal_entries` are those of this route, `log_entries` those of this session.

    `operator` is who asks for it, `screen_svg_name` the file beside it that shows the screen, None
    if there is none. `mask` is taught all names that are in the values; `now` is aware.
    """
    if mask is not None:
        _teach(mask, diagnosis, picture, operator)
        for run in log_entries:
            mask.learn_place(run.host)
        for entry in journal_entries:
            mask.learn_place(entry.host)
            mask.learn_user(entry.operator)
    page = Page(mask)
    jobs = _own_jobs(picture)
    _head(page, diagnosis, picture, operator, now)
    _verdict(page, diagnosis)
    _findings(page, diagnosis.findings)
    _steps(page, diagnosis.steps)
    _chain(page, diagnosis.chain)
    if screen_svg_name is not None:
        page.add("## The screen")
        page.add(f"![the screen]({screen_svg_name})")
    _timeline(page, journal_entries, jobs)
    _said(page, jobs)
    _commands(page, log_entries)
    _versions(page, picture)
    return page.markdown()


def _teach(mask: Mask, diagnosis: Diagnosis, picture: Picture, operator: str) -> None:
    """Everything that is a name by where it stands, the route's own first."""
    for side in (picture.source, picture.destination):
        calls_itself = (side.facts.hostname,) if side.facts else ()
        mask.learn_host(side.location.host or "".join(calls_itself), *calls_itself)
        mask.learn_user(side.location.user or "")
        mask.learn_user(side.facts.user if side.facts else "")
        mask.learn_dataset(side.location.dataset)
        for held in side.inventory.datasets.values() if side.inventory else ():
            mask.learn_dataset(held.dataset.name)
            mask.learn_dataset(held.dataset.origin or "")
    for below in picture.route.exclude:
        mask.learn_below(below)
    mask.learn_route(picture.route.name)
    for job in (*picture.jobs, *_own_jobs(picture)):
        mask.learn_location(job.about.source)
        mask.learn_location(job.about.destination)
        mask.learn_place(job.host)
        mask.learn_route(job.about.name)
        _learn_person(mask, job.about.operator)
        for step in job.steps:
            mask.learn_dataset(step.dataset)
            mask.learn_dataset(step.into)
    _learn_person(mask, operator)
    findings = (*diagnosis.findings, *(each for step in diagnosis.steps for each in step.findings))
    for finding in findings:
        mask.learn_dataset(finding.dataset)
    for where in _places(diagnosis, findings):
        mask.learn_place(where)


def _learn_person(mask: Mask, text: str) -> None:
    user, _, machine = text.partition("@")
    mask.learn_user(user)
    mask.learn_host(machine)


def _places(diagnosis: Diagnosis, findings: tuple[Finding, ...]) -> Iterable[str]:
    facts = [fact for step in diagnosis.steps for fact in step.facts]
    for holder in (*facts, *findings, diagnosis.verdict):
        yield from (each.host for each in (holder.evidence if holder else ()))
    yield from (step.host for finding in findings for step in finding.next)
    yield from (stage.host for stage in diagnosis.chain)


def _own_jobs(picture: Picture) -> tuple[Job, ...]:
    """The jobs of this route, newest first; the one that is followed is known best."""
    followed = picture.job
    listed = [each for each in picture.jobs if each.about.is_of(picture.route)]
    known = [each for each in listed if followed is None or each.about.id != followed.about.id]
    jobs = (*known, followed) if followed is not None else tuple(known)
    return tuple(sorted(jobs, key=lambda job: job.about.made, reverse=True))


def _head(page: Page, diagnosis: Diagnosis, picture: Picture, operator: str, now: datetime) -> None:
    route, seal, comparison = picture.route, picture.seal, picture.comparison
    behind = "unknown"
    if comparison is not None:
        lag = picture.lag_seconds(now)
        newest = "" if lag is None else f", newest common one {_length(lag)} old"
        behind = f"{_count(comparison.snapshots_behind, 'snapshot')}{newest}"
    proof = f": {seal.proof}" if seal.proof else ""
    breaches = "".join(f"; {each.dataset}: {each.summary}" for each in seal.breaches)
    finished = f"took {diagnosis.seconds:.1f} s" if diagnosis.done else "had not ended yet"
    masked = "the names of hosts, users, pools and datasets are replaced by numbers"
    page.add(f"# Incident report: {page.text(diagnosis.route)}")
    page.add(
        f"- **Written** {_time(now)} by {page.text(operator)}, with sealift {__version__}",
        f"- **Diagnosed** {_time(diagnosis.began)}; it {finished}",
        f"- **Source** {page.code(route.source.text())}",
        f"- **Destination** {page.code(route.destination.text())}, {_purpose(picture)}",
        f"- **Seal** {page.text(seal.state.value + proof + breaches)}",
        f"- **Behind** {page.text(behind)}",
        *([f"- **Masked** {masked}"] if page.masked else []),
    )


def _purpose(picture: Picture) -> str:
    return {"vault": "a vault", "standby": "a warm standby"}[picture.route.purpose.value]


def _verdict(page: Page, diagnosis: Diagnosis) -> None:
    page.add("## Verdict")
    verdict: Verdict | None = diagnosis.verdict
    if verdict is None:
        page.add("None yet: the step that asks where the time goes has not ended.")
        return
    named = f"{page.code(verdict.bottleneck)}, " if verdict.bottleneck else ""
    page.add(f"**{named}{verdict.confidence} confidence.** {page.text(verdict.summary)}")
    page.add(*_evidence(page, verdict.evidence))


def _findings(page: Page, findings: tuple[Finding, ...]) -> None:
    page.add("## What to mend, in this order")
    if not findings:
        page.add("Nothing was found.")
    for number, finding in enumerate(findings, start=1):
        where = f", {page.code(finding.dataset)}" if finding.dataset else ""
        page.add(f"### {number}. {page.code(finding.id)} ({finding.severity})")
        page.add(f"On the {finding.side}{where}: {page.text(finding.summary)}")
        page.add(*_evidence(page, finding.evidence))
        for step in finding.next:
            effect = f" ({_EFFECTS[step.effect]})" if step.command else ""
            page.add(f"Next: {page.text(step.why)}{effect}")
            if step.command:
                page.add_raw([f"{page.line(step.host)}$ {page.line(step.command)}"])


def _steps(page: Page, steps: tuple[StepReport, ...]) -> None:
    page.add("## What was looked at")
    for number, step in enumerate(steps, start=1):
        page.add(f"### {number}. {page.text(step.title)}: {step.state}")
        lines: list[str] = []
        for fact in step.facts:
            level = "" if fact.level in {"ok", "info"} else f" **({fact.level})**"
            lines.append(f"- **{page.text(fact.title)}** {page.text(fact.value)}{level}")
            lines += [f"  {line}" for line in _evidence(page, fact.evidence)]
        page.add(*lines)
        page.add(*(f"- Not seen: {page.text(each)}" for each in step.unseen))


def _evidence(page: Page, evidence: tuple[Evidence, ...]) -> list[str]:
    lines = []
    for each in evidence:
        where = f" on {page.text(each.host)}" if each.host else ""
        lines.append(f"- {page.code(each.value)} says {page.code(each.command)}{where}")
    return lines


def _chain(page: Page, chain: tuple[Stage, ...]) -> None:
    """The stations in the order of the bytes; a bar for how busy each is."""
    page.add("## Where the time goes")
    if not chain:
        page.add("No pipeline was seen running.")
        return
    hosts = [page.line(stage.host) or "link" for stage in chain]
    names = [page.line(stage.name) for stage in chain]
    lines: list[str] = []
    for stage, host, name in zip(chain, hosts, names, strict=True):
        busy = None if stage.busy is None else min(1.0, max(0.0, stage.busy))
        bar = "?" * _BAR if busy is None else ("#" * round(busy * _BAR)).ljust(_BAR, ".")
        share = "    ?" if busy is None else f"{busy * 100:3.0f} %"
        if lines:
            lines.append(f"  {' ' * _width(hosts)}   |")
        lines.append(
            f"{_MARKS[stage.level]} {host:<{_width(hosts)}}   {name:<{_width(names)}}"
            f"  [{bar}] {share}  {page.line(stage.doing)}"
        )
    page.add_raw(lines)


def _timeline(page: Page, noted: tuple[Entry, ...], jobs: tuple[Job, ...]) -> None:
    """What was changed on this route and what its jobs did, oldest first."""
    events = [event for job in jobs for event in _events(job)]
    for entry in noted:
        why = f"; {entry.why}" if entry.why else ""
        how = f"{entry.effect.value} by {entry.operator}, {_outcome(entry)}{why}"
        events.append((entry.time, entry.host, f"{entry.command}  ({how})"))
    page.add("## Timeline")
    if not events:
        page.add("The journal of this machine has nothing on this route, and no job is known.")
        return
    shown = [
        (_time(at), page.line(host), page.line(what))
        for at, host, what in sorted(events, key=lambda event: event[0])
    ]
    width = _width(host for _, host, _ in shown)
    page.add_raw(f"{at}  {host:<{width}}  {what}" for at, host, what in shown)


def _events(job: Job) -> Iterable[tuple[datetime, str, str]]:
    about = job.about
    name = f"job {about.id}"
    yield (
        about.made,
        job.host,
        f"{name}: ordered by {about.operator}, {_count(len(job.steps), 'step')}",
    )
    if job.started is not None:
        yield job.started, job.host, f"{name}: started"
    if job.retry_at is not None:
        yield (
            job.retry_at,
            job.host,
            f"{name}: tries again after {_count(job.tries, 'try', 'tries')}",
        )
    if job.ended is not None:
        why = f": {job.trouble.what}" if job.trouble else ""
        yield job.ended, job.host, f"{name}: {job.state.value}{why}"


def _said(page: Page, jobs: tuple[Job, ...]) -> None:
    """How the newest job stands, and what was said to it."""
    job = next(iter(jobs), None)
    if job is None:
        return
    trouble = f": {job.trouble.what}" if job.trouble else ""
    page.add(f"The newest job is {page.text(f'{job.about.id}: {job.state.value}{trouble}')}")
    page.add_raw([f"{page.line(job.host)}$ {page.line(job.step.pipeline)}"])
    if said := (*job.notes, *job.said):
        page.add("What it and the hosts said of it:")
        page.add_raw(line for each in said for line in page.lines(each))


def _commands(page: Page, entries: tuple[LogEntry, ...]) -> None:
    page.add("## Commands run")
    if not entries:
        page.add("None in this session.")
        return
    page.add("Time, host, outcome, seconds, command; `*` marks what was more than a look.")
    shown = [
        (
            f"{entry.started.astimezone(UTC):%H:%M:%SZ}",
            page.line(entry.host),
            page.line(_outcome(entry)),
            "" if entry.seconds is None else f"{entry.seconds:.2f}",
            " " if entry.effect is Effect.READ else "*",
            page.line(entry.text),
        )
        for entry in entries
    ]
    hosts, outcomes = _width(row[1] for row in shown), _width(row[2] for row in shown)
    page.add_raw(
        f"{at} {host:<{hosts}} {outcome:<{outcomes}} {took:>7} {mark} {text}"
        for at, host, outcome, took, mark, text in shown
    )


def _outcome(entry: LogEntry | Entry) -> str:
    if entry.exit_code is not None:
        return f"exit {entry.exit_code}"
    return entry.note or "still running"


def _versions(page: Page, picture: Picture) -> None:
    page.add("## Versions")
    page.add(
        *(
            f"- {page.text(side.location.where)}: {page.text(_version(side))}"
            for side in (picture.source, picture.destination)
        ),
        f"- sealift {__version__}",
    )


def _version(side: Side) -> str:
    if side.facts is None:
        why = side.trouble.what if side.trouble else "it has not been asked"
        return f"unknown ({why})"
    version = side.facts.version
    return (
        f"ZFS {version.userland}, module {version.module or 'not loaded'}, {side.facts.system}, "
        f"as {side.facts.user}, its clock {side.facts.ahead_seconds:+d} s"
    )


def _width(words: Iterable[str]) -> int:
    return max(map(len, words), default=0)


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def _length(seconds: float) -> str:
    minutes = max(0, round(seconds)) // 60
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
