"""Step 1: what is really being sent, how much against what is usual, and whether anything runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sealift import words
from sealift.playbook import access, history, rhythm, thresholds, turned, whose
from sealift.playbook.diagnosis import (
    Evidence,
    Fact,
    Finding,
    Level,
    NextStep,
    Severity,
    StepReport,
)
from sealift.playbook.flow import sent_dataset, together
from sealift.playbook.ground import Ground, Rights
from sealift.playbook.history import Churn, Usual
from sealift.playbook.judged import report
from sealift.playbook.scene import Scene
from sealift.playbook.steps import SENDING
from sealift.playbook.unseen import Unseen
from sealift.replication.comparison import DatasetComparison
from sealift.replication.seal import SealState
from sealift.zfs import commands, makers, processes, tokens
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import join, relative
from sealift.zfs.parse import ParseError
from sealift.zfs.processes import Process

_OWN_IDS = {"plaintext-in-scope", "no-new-snapshot", "source-missing"}


async def look(ground: Ground) -> StepReport:
    """Look at the source, at what runs, and at what is to come."""
    unseen = Unseen()
    scene, estimate, rights = await asyncio.gather(
        ground.scene(),
        ground.estimate(),
        unseen.see(ground.rights("source"), "what we may do there"),
    )
    for sentence in scene.unseen.get("source", ()):
        unseen.say(sentence)
    return judge(scene, estimate, rights, unseen.sentences)


def judge(
    scene: Scene,
    estimate: int | None = None,
    rights: Rights | None = None,
    unseen: tuple[str, ...] = (),
) -> StepReport:
    """Judge what is sent. `estimate` is ZFS's own, in bytes, of the send that is planned."""
    usual = history.usual(scene.carried, scene.route.scope)
    found = _findings(scene, rights, usual)
    return report(SENDING, _facts(scene, estimate, usual), found, unseen)


# --- facts


def _facts(scene: Scene, estimate: int | None, usual: Usual) -> Iterator[Fact]:
    yield from access.facts(scene, "source")
    if scene.flow.seen or scene.flow.jobs:
        yield _running(scene)
    comparison = scene.comparison
    if comparison is None:
        return
    yield _raw(scene)
    yield _to_send(scene, estimate)
    yield from rhythm.facts(scene, usual)


def _running(scene: Scene) -> Fact:
    flow = scene.flow
    said = [
        f"job {job.about.id} on {job.host}: {job.state.value}, by {job.about.operator}"
        for job in flow.jobs
    ]
    idle = "what was sent is still arriving" if flow.receives else "nothing sends this tree"
    said += [_sent(each, scene) for each in flow.sends]
    said += [f"{_sent(each, scene)}, but not to here" for each in flow.elsewhere]
    return Fact(
        "Running",
        "; ".join(said) or idle,
        "ok" if flow.running else "info",
        scene.evidence("source", processes.LIST, "; ".join(said) or "no zfs send of this tree"),
    )


def _sent(process: Process, scene: Scene) -> str:
    by = whose.started(process, scene)
    return f"`{_short(process)}`, for {words.duration(process.seconds)}{by}"


def _short(process: Process) -> str:
    return process.argv_text.replace(process.token, "TOKEN") if process.token else process.argv_text


def _raw(scene: Scene) -> Fact:
    plain = [each.dataset.name for each in scene.carried if not each.dataset.encrypted]
    seal = scene.seal
    proof = {
        SealState.SEALED: "what has arrived is sealed",
        SealState.BROKEN: "what has arrived is not sealed",
        SealState.UNKNOWN: "of what has arrived it is not proven",
        SealState.ABSENT: "nothing has arrived yet",
    }[seal.state]
    whole = words.count(len(scene.carried), "dataset")
    value = f"{whole}, all encrypted: -w sends them raw; {proof}"
    if plain:
        value = f"{whole}, {len(plain)} of them not encrypted: {turned.named(tuple(plain))}"
    level: Level = "problem" if plain or seal.state is SealState.BROKEN else "ok"
    command = commands.list_datasets(scene.route.source.dataset)
    return Fact("Raw", value, level, scene.evidence("source", command, seal.proof or value))


def _to_send(scene: Scene, estimate: int | None) -> Fact:
    comparison = scene.comparison
    behind = [each for each in scene.carried if each.behind]
    if comparison is None or not behind:
        return Fact("To send", "nothing: the destination has every snapshot of the route", "ok")
    full = [each for each in behind if each.start is None]
    how = "increments"
    if full:
        how = "in full" if len(full) == len(behind) else f"increments, {len(full)} in full"
    size = estimate if estimate is not None else comparison.bytes_behind
    value = (
        f"about {words.size(size)} in {words.count(comparison.snapshots_behind, 'snapshot')} of "
        f"{words.count(len(behind), 'dataset')}, {how}"
    )
    return Fact("To send", value, "info", _sized(scene, estimate, value))


def _sized(scene: Scene, estimate: int | None, value: str) -> tuple[Evidence, ...]:
    plan = scene.plan
    if estimate is None or plan is None or not plan.steps:
        return scene.listed("source", f"written: {value}")
    step = plan.steps[0]
    asked = commands.resume_estimate(step.resumes) if step.resumes else step.send.estimate()
    return scene.evidence("source", asked, f"{estimate:,} bytes")


# --- findings


def _findings(scene: Scene, rights: Rights | None, usual: Usual) -> Iterator[Finding]:
    yield from access.findings(scene, "source", rights)
    yield from _not_raw(scene)
    for problem in scene.problems:
        if problem.id in _OWN_IDS:
            yield turned.from_problem(problem, scene)
    breaches = tuple(each for each in scene.seal.breaches if each.id == "not-raw")
    yield from turned.from_breaches(breaches, scene)
    yield from _full(scene)
    yield from _churn(scene, usual)
    yield from _many(scene)
    yield from rhythm.findings(scene, usual)
    yield from _not_running(scene)


def _not_raw(scene: Scene) -> Iterator[Finding]:
    for process in (*scene.flow.sends, *scene.flow.elsewhere):
        bare = _bare(process, scene)
        if bare is None:
            continue
        kill = Command(("kill", str(process.pid)), Effect.CHANGE, "")
        yield Finding(
            "not-raw",
            "problem",
            "source",
            bare,
            f"a send of {bare} runs without -w (process {process.pid}"
            f"{whose.started(process, scene)}): what it carries is decrypted, and breaks the raw "
            "chain where it arrives",
            scene.evidence("source", processes.LIST, _short(process)),
            (
                scene.as_root("source", kill, "End it."),
                NextStep(_raw_by(process, scene)),
                scene.sending("Then send raw.", bare),
            ),
        )


def _raw_by(process: Process, scene: Scene) -> str:
    """How whatever started a send is made to send raw."""
    tool = whose.tool(process, scene)
    option = makers.raw_option(tool)
    if option:
        return f"Have {tool} send raw: {option}"
    return f"{f'Have {tool}' if tool else 'Find out what starts it, and have it'} send with -w."


def _bare(process: Process, scene: Scene) -> str | None:
    """The encrypted dataset of the route that a send carries decrypted, if it does."""
    if process.raw:
        return None
    if process.token:
        try:
            # Without -w the token's own word counts, and the kernel obeys it.
            if tokens.decode(process.token).raw:
                return None
        except ParseError:
            return None
    dataset = sent_dataset(process)
    for each in scene.carried:
        name = each.dataset.name
        reached = name == dataset or (process.replicate and name.startswith(dataset + "/"))
        if reached and each.dataset.encrypted:
            return name
    return None


def _full(scene: Scene) -> Iterator[Finding]:
    """A running send that carries everything of a dataset of which both sides share a base."""
    flow = scene.flow
    for process in (*flow.sends, *flow.elsewhere):
        each = _of(process.dataset, scene)
        if not process.whole or each is None or each.start is None:
            continue
        own = join(scene.route.destination.dataset, each.below)
        into = next((each for each in flow.receives if each.dataset == own), None)
        weight: Severity = "problem" if into else "warning"
        into = into or together(process, flow.others)
        if into is None:
            continue  # it goes to another host
        sigil = "#" if each.base_bookmark else "@"
        yield Finding(
            "full-instead-of-incremental",
            weight,
            "source",
            process.dataset,
            f"a send of all of {process.dataset} runs into {into.dataset}, though {own} shares "
            f"{sigil}{each.start.name} with it and an increment from there would do",
            (
                *scene.evidence("source", processes.LIST, _short(process)),
                *scene.evidence("destination", processes.LIST, into.argv_text),
            ),
            (
                NextStep(
                    "A full stream into a dataset that has snapshots is refused, or with -F "
                    "destroys them; into a new name it takes the space twice. Find out why whoever "
                    "started it saw no base."
                ),
                scene.sending("Send the increment instead.", process.dataset),
            ),
        )


def _of(dataset: str, scene: Scene) -> DatasetComparison | None:
    if scene.comparison is None:
        return None
    try:
        below = relative(dataset, scene.route.source.dataset)
    except ValueError:
        return None
    return scene.comparison.datasets.get(below)


def _churn(scene: Scene, typical: Usual) -> Iterator[Finding]:
    for each in history.churn(scene.carried, scene.route.scope, typical):
        yield _churned(each, scene)


def _churned(each: Churn, scene: Scene) -> Finding:
    snapshot = each.increment.snapshot
    name = f"{each.dataset}@{snapshot.name}"
    also = f", and {each.others} more of its snapshots" if each.others else ""
    listing = Command(
        (
            *("zfs", "list", "-d", "1", "-t", "snapshot", "-s", "createtxg"),
            *("-o", "name,written,used", each.dataset),
        ),
        Effect.READ,
        "",
    )
    before = _before(each, scene)
    steps = [scene.step("source", listing, "See how much each of its snapshots added.")]
    if before:
        argv = ("zfs", "diff", f"{each.dataset}@{before}", name)
        steps.append(
            scene.step(
                "source",
                Command(argv, Effect.READ, ""),
                "See which files changed; it needs the key loaded and the dataset mounted there.",
            )
        )
    steps.append(
        NextStep(
            "What need not be replicated (caches, dumps, temporary files) is better kept in a "
            "dataset of its own, and left out with --exclude."
        )
    )
    return Finding(
        "churn",
        "warning",
        "source",
        each.dataset,
        f"{name} holds {words.size(each.increment.size)}, {each.times:.0f} times what is usual "
        f"({words.size(int(each.expected))}){also}",
        scene.listed("source", f"written {each.increment.size:,} bytes up to {name}"),
        tuple(steps),
    )


def _before(each: Churn, scene: Scene) -> str:
    """The name of the snapshot before the one that is too large."""
    compared = _of(each.dataset, scene)
    names = [s.name for s in compared.source.snapshots] if compared and compared.source else []
    index = names.index(each.increment.snapshot.name) if names else 0
    return names[index - 1] if index > 0 else ""


def _many(scene: Scene) -> Iterator[Finding]:
    behind = {each.dataset.name: len(each.behind) for each in scene.carried if each.behind}
    total = sum(behind.values())
    most = max(behind, key=lambda name: behind[name], default="")
    if not behind or (
        behind[most] < thresholds.MANY_IN_ONE.value and total < thresholds.MANY_IN_ALL.value
    ):
        return
    yield Finding(
        "many-snapshots",
        "warning",
        "source",
        most,
        f"{words.count(total, 'snapshot')} are to be sent, {behind[most]:,} of them of {most}: "
        "each costs the receiver several transaction groups, however small it is",
        scene.listed("source", f"{total:,} snapshots that the destination lacks"),
        (
            NextStep(
                "If the ones in between are not needed there, send only the newest: `zfs send -w "
                "-i` from the base instead of -I. What is skipped never reaches the destination."
            ),
            NextStep("Have fewer taken, or send more often."),
        ),
    )


def _not_running(scene: Scene) -> Iterator[Finding]:
    behind = scene.behind_seconds
    if behind is None or scene.flow.running is not False:
        return
    count = scene.comparison.snapshots_behind if scene.comparison else 0
    limit = words.duration(scene.route.lag_limit)
    over = scene.over_limit
    blocked = scene.plan is not None and not scene.plan.ready
    why = "Send what is missing."
    if blocked:
        why = "Send, once what forbids it is mended: the other findings say what that is."
    yield Finding(
        "not-running",
        "problem" if over else "info",
        "route",
        scene.route.source.dataset,
        f"nothing sends, and {words.count(count, 'snapshot')} have been waiting for up to "
        f"{words.duration(behind)}" + (f", longer than the limit of {limit}" if over else ""),
        (
            *scene.evidence("source", processes.LIST, "no zfs send of this tree"),
            *scene.evidence("destination", processes.LIST, "no zfs receive into this tree"),
        ),
        (
            scene.sending(why),
            *_runs_still(scene),
            NextStep("See the last jobs, and what they said.", action="jobs"),
        ),
    )


def _runs_still(scene: Scene) -> tuple[NextStep, ...]:
    """Where what has arrived is another tool's, that may be what should have gone on."""
    there = [each.destination.snapshots for each in scene.carried if each.destination]
    newest = max((s[-1] for s in there if s), key=lambda each: each.creation, default=None)
    tool = makers.of_snapshot(newest.name) if newest is not None else ""
    if not tool:
        return ()
    looking = "systemctl list-timers; crontab -l"
    why = f"Or see whether {tool} still runs, whose snapshots have come here."
    return (NextStep(why, looking, scene.where("source")),)
