"""How often the source takes snapshots, and whether it has stopped. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from sealift import words
from sealift.playbook import thresholds
from sealift.playbook.diagnosis import Fact, Finding, Level, NextStep
from sealift.playbook.history import Usual
from sealift.playbook.scene import Scene
from sealift.replication.obstacles import FED
from sealift.zfs import commands, makers


def facts(scene: Scene, usual: Usual) -> Iterator[Fact]:
    """How often snapshots come, how much is in one, and how old the newest is."""
    if usual.size is not None and usual.seconds is not None:
        value = f"about {words.size(int(usual.size))} every {words.duration(usual.seconds)}"
        heard = f"medians of the last {words.count(usual.increments, 'snapshot')}"
        yield Fact("Usual", f"{value} ({heard})", "info", scene.listed("source", heard))
    newest = _newest(scene)
    if newest is not None:
        name, age = newest
        yield Fact(
            "Newest snapshot",
            f"@{name}{makers.in_brackets(name)}, {words.age(age)}",
            "warning" if age > _quiet_after(scene, usual) else "ok",
            scene.listed("source", f"@{name}"),
        )
    behind = scene.behind_seconds
    if behind is not None:
        limit = words.duration(scene.route.lag_limit)
        level: Level = "warning" if scene.over_limit else "info"
        yield Fact("Behind", f"for {words.duration(behind)} (limit {limit})", level)


def _newest(scene: Scene) -> tuple[str, float] | None:
    """Name and age of the newest snapshot of the route."""
    latest = (scene.newest(each.source.snapshots) for each in scene.carried if each.source)
    own = (snapshot for snapshot in latest if snapshot is not None)
    newest = max(own, key=lambda each: each.creation, default=None)
    return None if newest is None else (newest.name, scene.clock("source") - newest.creation)


def _quiet_after(scene: Scene, usual: Usual) -> float:
    return max(scene.route.lag_limit, thresholds.QUIET_INTERVALS.value * (usual.seconds or 0.0))


def findings(scene: Scene, typical: Usual) -> Iterator[Finding]:
    """Whether they have stopped coming."""
    newest = _newest(scene)
    if newest is None or newest[1] <= _quiet_after(scene, typical):
        return
    name, age = newest
    usual = typical.seconds
    rhythm = f", and one is usual every {words.duration(usual)}" if usual else ""
    root = scene.route.source.dataset
    said = "nothing newer has come" if scene.fed else "the source has stopped taking them"
    yield Finding(
        "no-new-snapshot",
        "problem",
        "source",
        root,
        f"the newest snapshot of the route, @{name}{makers.in_brackets(name)}, is "
        f"{words.duration(age)} old{rhythm}: {said}{_others_since(scene)}",
        scene.listed("source", f"newest: @{name}"),
        (NextStep(FED),) if scene.fed else _taking(scene, name),
    )


def _others_since(scene: Scene) -> str:
    """The newest snapshot that the route does not carry, if it has come after those it does."""
    newest = _newest(scene)
    latest = [
        each.source.snapshots[-1] for each in scene.carried if each.source and each.source.snapshots
    ]
    other = max(latest, key=lambda each: each.creation, default=None)
    if newest is None or other is None or scene.route.scope.own(other.name):
        return ""
    name = f"@{other.name}{makers.in_brackets(other.name)}"
    return f"; newer is {name}, which the route does not carry"


def _taking(scene: Scene, newest: str) -> tuple[NextStep, ...]:
    """Who should take snapshots of the source, and how to take one by hand."""
    taker = makers.of_snapshot(newest) or "whatever takes them"
    name = scene.route.snapshot_name(scene.now, frozenset({newest}))
    command = commands.take_snapshot(scene.route.source.dataset, name)
    return (
        NextStep(
            f"See whether {taker} still runs, and whether its snapshots are still called "
            f"{shlex.quote(scene.route.scope.prefix + '…')}.",
            "systemctl list-timers; crontab -l",
            scene.where("source"),
        ),
        scene.step("source", command, "Take one now.", "snapshot"),
    )
