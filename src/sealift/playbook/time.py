"""Step 3: where the time goes. Disk, CPU or network: which of them holds the pipeline back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

from sealift import words
from sealift.playbook import advice, between, bottleneck, figures, sampling, thresholds, trial, way
from sealift.playbook.between import Way
from sealift.playbook.diagnosis import Evidence, Fact, Finding, Level, StepReport, Verdict
from sealift.playbook.ground import Ground
from sealift.playbook.judged import report
from sealift.playbook.sample import Sample
from sealift.playbook.scene import Scene
from sealift.playbook.stations import End, find
from sealift.playbook.steps import TIME
from sealift.playbook.trial import Carried
from sealift.playbook.unseen import Unseen
from sealift.routes import ROLES, Role


async def look(ground: Ground) -> StepReport:
    """Sample both hosts while a pipeline runs; when none does, try what each part could carry."""
    unseen = Unseen()
    sampling_now = {role: asyncio.create_task(_sample(ground, role)) for role in ROLES}
    try:
        scene = await ground.scene()
        moving = scene.flow.running or bool(scene.flow.orphans)
        if scene.flow.running is None:
            return _nobody_looked(scene)
        if not moving:
            for task in sampling_now.values():
                task.cancel()
            return await _at_rest(ground, scene, unseen)
        samples: dict[Role, Sample | None] = {
            role: await unseen.see(task, f"what {scene.where(role)} waits for")
            for role, task in sampling_now.items()
        }
    finally:
        for task in sampling_now.values():
            task.cancel()
        await asyncio.gather(*sampling_now.values(), return_exceptions=True)
    return judge(scene, samples["source"], samples["destination"], unseen.sentences)


def _nobody_looked(scene: Scene) -> StepReport:
    verdict = Verdict(None, "low", "unknown: neither host could say what runs")
    blind = (sentence for role in ROLES for sentence in scene.unseen.get(role, ()))
    return replace(report(TIME, (), (), blind), verdict=verdict)


async def _sample(ground: Ground, role: Role) -> Sample:
    await ground.facts(role)
    return await sampling.sample(ground.host(role), ground.pool(role), ground.window)


def judge(
    scene: Scene,
    source: Sample | None,
    destination: Sample | None,
    unseen: tuple[str, ...] = (),
) -> StepReport:
    """Judge a pipeline that runs, from the samples of both hosts; None is one that is unknown."""
    route = scene.route
    ends = find(
        (scene.where("source"), source, route.source.dataset),
        (scene.where("destination"), destination, route.destination.dataset),
    )
    if source is None and destination is None:
        verdict = Verdict(None, "low", "unknown: neither host could be sampled")
        return replace(report(TIME, (), (), unseen), verdict=verdict)
    verdict = _in_proportion(scene, ends, bottleneck.judge(*ends))
    chain = way.chain(*ends, verdict.bottleneck if verdict.confidence != "low" else None)
    blind = [*unseen, *_hidden(ends)]
    done = report(TIME, _facts(ends), _findings(scene, verdict), blind)
    return replace(done, verdict=verdict, chain=chain)


def _in_proportion(scene: Scene, ends: tuple[End, End], verdict: Verdict) -> Verdict:
    """Something always sets the pace; as long as the route keeps up with it nothing is wrong."""
    rate, comparison = figures.throughput(*ends), scene.comparison
    left = comparison.bytes_behind if comparison else None
    if verdict.bottleneck is None or scene.over_limit or not rate or left is None:
        return verdict
    seconds = left / rate
    if verdict.bottleneck == "sender-idle" or seconds > scene.route.lag_limit:
        return verdict
    summary = (
        f"the route keeps up: what is left takes about {words.duration(seconds)} at "
        f"{words.rate(rate)}. The pace is set by {verdict.bottleneck}: {verdict.summary}"
    )
    return replace(verdict, confidence="low", summary=summary)


def _facts(ends: tuple[End, End]) -> Iterator[Fact]:
    rate = figures.throughput(*ends)
    if rate is not None and ends[0].sample is not None:
        seconds = ends[0].sample.seconds
        yield Fact("Between the hosts", f"{words.rate(rate)} over {seconds:.0f} s")
    for end in ends:
        sample = end.sample
        if sample is None:
            continue
        if sample.idle is not None:
            level: Level = "warning" if sample.idle < thresholds.IDLE_LITTLE.value else "ok"
            cpus = words.count(sample.cpus, "CPU")
            yield Fact(
                f"CPU of {end.where}",
                f"{words.share(sample.idle)} idle of {cpus}",
                level,
                (Evidence("head -n 1 /proc/stat", end.where, f"{words.share(sample.idle)} idle"),),
            )
        for interface in sample.interfaces:
            if interface.errors or interface.drops:
                yield Fact(
                    f"Interface {interface.name} of {end.where}",
                    f"{interface.errors} errors, {interface.drops} dropped in the window",
                    "warning",
                    (Evidence("cat /proc/net/dev", end.where, interface.name),),
                )


def _hidden(ends: tuple[End, End]) -> Iterator[str]:
    for end in ends:
        if end.sample is None:
            continue
        if end.zfs is not None and end.zfs.share("pipe") is None:
            yield (
                f"what `zfs` waits for on {end.where}: /proc/PID/wchan of another user's process "
                "is for root; it is told by the connection instead"
            )
        if not end.sample.sockets:
            yield f"the connections of {end.where}: `ss` is not there, or says nothing"
        if not end.sample.txgs:
            yield f"the transaction groups of {end.where}: no kstat of them (Linux only)"


def _findings(scene: Scene, verdict: Verdict) -> Iterator[Finding]:
    if verdict.bottleneck is None or verdict.confidence == "low":
        return
    kind = verdict.bottleneck.partition("-")[0]
    place = {"source": "source", "sender": "source"}.get(kind) or (
        "destination" if kind in {"destination", "receiver"} else "link"
    )
    role: Role = "destination" if place == "destination" else "source"
    yield Finding(
        verdict.bottleneck,
        "warning",
        place,  # type: ignore[arg-type]  # one of its three words
        scene.side(role).location.dataset,
        verdict.summary,
        verdict.evidence,
        advice.after(verdict, scene),
    )


# --- nothing runs


async def _at_rest(ground: Ground, scene: Scene, unseen: Unseen) -> StepReport:
    plan = scene.plan
    tried: tuple[Way, ...] = ()
    if ground.trial > 0:
        tried = await unseen.see(_ways(ground), "whether the hosts get to each other") or ()
    ways, shut = list(_way_facts(scene, tried)), tuple(between.findings(scene, tried))
    if plan is None or not plan.steps or ground.trial <= 0 or shut:
        why = "no trial made"
        if plan is not None and not plan.steps:
            why = "nothing can be sent as it is" if plan.blocked else "there is nothing to send"
        elif shut:
            why = "nothing could be sent, for the way between the hosts is not open"
        verdict = Verdict(None, "low", f"nothing runs, so nothing is held back; {why}")
        facts = [Fact("Running", "nothing", "ok"), *ways]
        return replace(report(TIME, facts, shut, unseen.sentences), verdict=verdict)
    half = max(2, round(ground.trial / 2))
    ends, send = scene.ends, plan.steps[0].send
    told = (
        f"nothing runs: for {half} s zfs send goes into nothing, then for {half} s zeros go "
        "through ssh into nothing; that only reads"
    )
    ground.announce(replace(report(TIME, [Fact("Trial", told)], (), ()), state="running"))
    parts: list[Fact] = []
    rates: list[float] = []
    trials: tuple[tuple[str, Callable[[], Awaitable[Carried | None]]], ...] = (
        ("zfs send reads", lambda: trial.send_into_nothing(ground.watch.source, ends, send, half)),
        ("ssh carries", lambda: trial.zeros_through_ssh(ground.watch.coordinator, ends, half)),
    )
    for title, begin in trials:
        carried = await unseen.see(begin(), f"a trial of what {title}")
        if carried is not None:
            evidence = Evidence(carried.command.text(), carried.host, words.rate(carried.rate))
            parts.append(Fact(f"Trial: {title}", words.rate(carried.rate), "info", (evidence,)))
            rates.append(carried.rate)
    said = ", ".join(f"{fact.title.removeprefix('Trial: ')} {fact.value}" for fact in parts)
    verdict = Verdict(
        None,
        "low",
        (
            f"nothing runs; in a trial of {2 * half} s {said}. Diagnose again while it sends: that "
            "shows which part holds it back"
        )
        if said
        else "nothing runs",
        tuple(item for fact in parts for item in fact.evidence),
        min(rates) if len(rates) == len(trials) else None,
    )
    return replace(report(TIME, [*ways, *parts], (), unseen.sentences), verdict=verdict)


async def _ways(ground: Ground) -> tuple[Way, ...]:
    return await between.ways(ground.watch.coordinator, ground.watch.ends)


def _way_facts(scene: Scene, tried: tuple[Way, ...]) -> Iterator[Fact]:
    for each in tried:
        said = "open" if each.trouble is None else each.trouble.what
        level: Level = "ok" if each.trouble is None else "warning"
        evidence = Evidence(each.command.text(), scene.ends.where, said)
        yield Fact(f"Way to {each.other}", said, level, (evidence,))
