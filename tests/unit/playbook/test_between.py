"""The cheap try of the way between the hosts: as the pipeline goes, sending nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.trouble import UnknownKey
from sealift.playbook import between, report_json, thresholds
from sealift.playbook.diagnosis import Diagnosis
from sealift.replication.pipeline import SSH, End, Ends
from sealift.routes import Transport, Via
from tests.factories import NOON, mirrored
from tests.unit.playbook.scenes import ROUTE, at, scene
from tests.unit.playbook.test_walk import Said

HOURS = [101, 102]
REFUSED = b"root@dr1: Permission denied (publickey)."
CHANGED = b"@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @"
NO_ROUTE = b"ssh: connect to host dr1 port 22: No route to host"


@dataclass
class Coordinator:
    """A host whose ssh ends so, or never."""

    where: str = "root@nas1"
    stderr: bytes = b""
    hangs: bool = False
    connected: bool = False
    reached: bool = True
    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def connect(self) -> None:
        self.connected = True

    async def start(self, words: tuple[str, ...]) -> Said:
        self.asked.append(words[7:])
        return Said(b"", self.stderr, 255 if self.stderr else 0, hangs=self.hangs)

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        raise AssertionError(f"no key is unknown here: {key}, {remember}")

    async def close(self) -> None:
        self.connected = False


def ends(via: Via = Via.SOURCE) -> Ends:
    """Both ends of the route."""
    return Ends(End(ROUTE.source), End(ROUTE.destination), Transport(via=via))


async def tried(box: Coordinator, via: Via = Via.SOURCE) -> tuple[between.Way, ...]:
    """The ways from a coordinator, through a gate that lets only reads through."""
    return await between.ways(Host(box, Gate(read_only=True), CommandLog()), ends(via))


@pytest.mark.parametrize(
    ("via", "others"),
    [
        (Via.SOURCE, ["root@dr1"]),
        (Via.DESTINATION, ["root@nas1"]),
        (Via.OPERATOR, ["root@nas1", "root@dr1"]),
    ],
)
async def test_each_way_that_the_pipeline_takes_is_tried_as_it_goes(
    via: Via, others: list[str]
) -> None:
    box = Coordinator()
    found = await tried(box, via)
    assert [(way.other, way.trouble) for way in found] == [(other, None) for other in others]
    for other, argv in zip(others, box.asked, strict=True):
        assert argv == ("sh", "-c", " ".join((*SSH, other, "true")))


async def test_a_pipeline_on_one_host_takes_no_way() -> None:
    same = Ends(End(ROUTE.source), End(replace(ROUTE.source, dataset="backup/prod")))
    box = Coordinator()
    assert await between.ways(Host(box, Gate(read_only=True), CommandLog()), same) == ()
    assert box.asked == []


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (REFUSED, "authentication-failed"),
        (CHANGED, "host-key-changed"),
        (NO_ROUTE, "host-unreachable"),
    ],
)
async def test_what_ssh_says_becomes_a_finding_of_the_link(said: bytes, name: str) -> None:
    ways = await tried(Coordinator(stderr=said))
    behind = scene(*mirrored({"": HOURS}, {"": HOURS[:1]}), now=at(2.1))
    (finding,) = between.findings(behind, ways)
    assert (finding.id, finding.severity, finding.side) == (name, "problem", "link")
    assert "root@nas1 does not get to root@dr1 with its own ssh" in finding.summary
    assert finding.next[0].host == "root@nas1"
    shown = Diagnosis("r", NOON, 1.0, (), (finding,))
    assert report_json.exit_code(shown) == 1  # we get to both hosts
    # Nothing is to be sent, or it is sent by somebody else: then it is a note.
    assert [each.severity for each in between.findings(scene(), ways)] == ["info"]


async def test_a_way_that_swallows_everything_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(thresholds, "GET_IN", replace(thresholds.GET_IN, value=0.05))
    async with asyncio.timeout(20):
        (way,) = await tried(Coordinator(hangs=True))
    assert way.trouble is not None
    assert (way.trouble.finding, way.trouble.host) == ("host-unreachable", "root@nas1")
    assert "no answer from root@dr1" in way.trouble.what
