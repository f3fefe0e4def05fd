"""Resume tokens in the destination's tree: which are being worked on, which block it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from sealift import words
from sealift.playbook import turned
from sealift.playbook.diagnosis import Fact, Finding, Severity
from sealift.playbook.scene import Scene
from sealift.replication.comparison import State
from sealift.replication.resuming import Partial, examine
from sealift.zfs import commands

# What else can be wrong with a token is wrong with the chain, and is said there.
_OF_TOKENS = {"", "dead-token", "foreign-token", "not-raw"}


def facts(scene: Scene) -> Iterator[Fact]:
    """What waits, and what is being received."""
    found = [
        f"{partial.into} ({_arrived(partial)}{', being received now' if now else ''})"
        for partial, _, now in _all(scene)
    ]
    value = turned.named(tuple(found)) or "none"
    waiting = any(not now for _, _, now in _all(scene))
    listing = commands.list_datasets(scene.route.destination.dataset)
    yield Fact(
        "Resume tokens",
        value,
        "warning" if waiting else "ok",
        scene.evidence("destination", listing, f"receive_resume_token: {value}"),
    )


def findings(scene: Scene) -> Iterator[Finding]:
    """A token that nobody works on keeps everything else from being received there."""
    for partial, state, now in _all(scene):
        if not now and partial.finding in _OF_TOKENS:
            yield turned.from_partial(partial, _weight(partial, state, scene), scene)


def _weight(partial: Partial, state: State, scene: Scene) -> Severity:
    if state is State.EXTRA:
        return "info"  # the source has no such dataset: it is in nobody's way
    if not partial.resumable:
        return "problem"
    if scene.flow.jobs:
        return "info"  # the job finishes it before anything else
    return "problem" if scene.over_limit else "warning"


def _all(scene: Scene) -> Iterator[tuple[Partial, State, bool]]:
    """Every token of what the route carries, and whether it is being received into just now."""
    for each in scene.comparison.datasets.values() if scene.comparison else ():
        if each.state is State.LEFT_OUT:
            continue
        partial = examine(each, scene.comparison)
        if partial is not None:
            yield partial, each.state, scene.flow.receiving(partial.into)


def _arrived(partial: Partial) -> str:
    if partial.token is None:
        return "unreadable"
    return f"{words.size(partial.token.bytes_received)} have arrived"
