"""The third step on what real hosts said: its verdict in proportion, its findings, its advice."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.playbook import time
from sealift.playbook.scene import Scene
from sealift.zfs.commands import Effect
from tests.factories import mirrored

from .scenes import at, scene
from .test_bottleneck import FAULTS, read


def behind(limit: int) -> Scene:
    """A route of the recorded hosts' datasets that is behind, and may be so for `limit` seconds."""
    ours, arrived = list(range(101, 107)), list(range(101, 106))
    shown = scene(*mirrored({"": ours, "db": ours}, {"": arrived, "db": arrived}), now=at(7))
    picture = replace(shown.picture, route=replace(shown.route, lag_limit=limit))
    return replace(shown, picture=picture)


@pytest.mark.parametrize(("name", "expected"), FAULTS.items())
def test_a_late_route_has_its_bottleneck_among_the_findings(name: str, expected: str) -> None:
    report = time.judge(behind(1), read(name, "source"), read(name, "dest"))
    assert [finding.id for finding in report.findings] == [expected]
    assert report.state == "warning"
    (finding,) = report.findings
    assert finding.next
    assert finding.evidence


# Of srcbusy8 no connection is known, so nobody can say whether it keeps up.
@pytest.mark.parametrize("name", sorted({*FAULTS} - {"srcbusy8"}))
def test_a_route_that_keeps_up_is_left_in_peace(name: str) -> None:
    report = time.judge(behind(10**9), read(name, "source"), read(name, "dest"))
    assert report.findings == ()
    assert report.verdict is not None
    assert report.verdict.confidence == "low"


def test_a_shaper_that_was_seen_is_named_and_how_it_goes_away() -> None:
    report = time.judge(behind(1), read("net16", "source"), read("net16", "dest"))
    (finding,) = report.findings
    first = finding.next[0]
    assert first.command == "tc qdisc del dev eth1 root"
    assert first.effect is Effect.CHANGE
    assert first.host == "root@nas1"


def test_hosts_that_cannot_be_sampled_are_unknown_with_the_reason() -> None:
    report = time.judge(behind(1), None, None, ("root@nas1: no answer",))
    assert report.state == "unknown"
    assert report.unseen == ("root@nas1: no answer",)
    assert report.verdict is not None
    assert report.verdict.bottleneck is None


def test_one_host_alone_still_gives_facts() -> None:
    report = time.judge(behind(1), read("srcbusy8", "source"), None)
    assert report.facts
    assert report.verdict is not None
    assert report.verdict.bottleneck in {None, "source-cpu"}
