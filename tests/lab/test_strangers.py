"""Routes that others replicate: syncoid of Debian's sanoid, and bzfs of PyPI, both with raw sends.

Sealift only looks. What it sees of them is theirs, by name: what runs, what it waits for, the
snapshots and bookmarks, and what is left when it is cut off.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .asking import Said, ask
from .bzfs import Bzfs
from .diagnosing import Answer, diagnose
from .faults.fault import ROUTE, Words
from .faults.making import flowing, planted
from .lab import Lab

pytestmark = pytest.mark.timeout(600)

CHILD, REPLICA = "tank/prod/db", "backup/prod/db"
# Without `w` it would send in the clear; with `u` nothing is mounted there.
SYNCOID = "syncoid --recursive --sendoptions=w --recvoptions=u tank/prod root@dest:backup/prod"
_MORE = 40  # MiB in the increment that is cut off; of these, mbuffer takes 16 at once


@dataclass(frozen=True)
class Seen:
    """What was said while an increment of CHILD was on its way, and after it was cut off."""

    status: Said
    running: Answer
    audit: Said
    left: Answer
    torn: Said
    plan: Said


def look(lab: Lab, words: Words, working: AbstractContextManager[None]) -> Seen:
    """Ask everything while another tool works, and again when it has been cut off."""
    with working:
        status = ask(lab, "status", words)
        running = diagnose(lab, words)
        audit = ask(lab, "audit", words)
    left = diagnose(lab, words)
    return Seen(status, running, audit, left, ask(lab, "status", words), ask(lab, "plan", words))


@pytest.fixture(scope="module")
def syncoid(lab: Lab) -> Seen:
    """A seed by syncoid, started on the source, then an increment over a slow link."""
    planted(lab)
    lab.source.run(SYNCOID, timeout=240)
    grow(lab)
    lab.link.shape(rate="2mbit")
    words = (*ROUTE, "--snapshot-format", "syncoid_source_%Y-%m-%d:%H:%M:%S")
    return look(lab, words, flowing(lab, SYNCOID))


@pytest.fixture(scope="module")
def bzfs(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """A seed by bzfs, started on a third machine, then an increment that it slows down itself."""
    tool = Bzfs.install(Path(tmp_path_factory.mktemp("bzfs")), lab)
    planted(lab)
    tool.run("--create-src-snapshots", "--ssh-exit-on-shutdown")
    grow(lab)
    words = (*ROUTE, "--snapshot-format", "bzfs_%Y-%m-%d_%H:%M:%S")
    # Its own 128 MiB would take the whole increment at once.
    slowly = ("--bwlimit=256k", "--mbuffer-program-opts=-q -m 16M", "--create-src-snapshots")
    return look(lab, words, tool.flowing(lab, *slowly))


def grow(lab: Lab) -> None:
    """Something to send that does not get smaller, in the last dataset of the tree."""
    lab.source.run(
        "head -c 8M /dev/urandom > /tmp/chunk;"
        f" for i in $(seq {_MORE // 8}); do cat /tmp/chunk; done > /{CHILD}/more; rm /tmp/chunk",
        timeout=180,
    )


def tools(answer: Said) -> dict[str, dict[str, Any]]:
    """The other tools that are known by name."""
    return {each["name"]: each for each in answer.said["tools"]}


def fact(answer: Answer, title: str) -> str:
    """What a step says under a title."""
    steps = answer.said["steps"]
    found = [each["value"] for step in steps for each in step["facts"] if each["title"] == title]
    assert len(found) == 1, answer.text()
    return str(found[0])


def stations(answer: Answer, host: str) -> list[str]:
    """The names of the running pipeline's stations on a host."""
    chain = [each for step in answer.said["steps"] for each in step.get("chain", ())]
    return [each["name"] for each in chain if host in each["host"]]


def finding(answer: Answer, identity: str) -> dict[str, Any]:
    """The one finding of this id."""
    found = [each for each in answer.said["findings"] if each["id"] == identity]
    assert len(found) == 1, answer.text()
    return dict(found[0])


def check_running(seen: Seen, tool: str) -> None:
    """What runs is the route's own, the tool's, and nothing is wrong with it."""
    running = seen.running
    assert f"started by {tool}" in fact(running, "Running"), running.text()
    assert "`zfs receive" in fact(running, "Receives"), running.text()
    assert "fed by" not in fact(running, "Receives"), running.text()
    assert f"({tool}'s)" in fact(running, "Newest snapshot"), running.text()
    assert running.problems == frozenset(), running.text()


def check_names(seen: Seen, tool: str) -> None:
    """Status and audit count what is the tool's on both sides; nothing arrived in the clear."""
    for answer in (seen.status, seen.audit):
        named = tools(answer)[tool]
        assert named["source"] >= 2, answer.text()
        assert named["destination"] >= 2, answer.text()
    assert "not-raw" not in seen.audit.findings, seen.audit.text()
    assert seen.audit.said["seal"]["state"] != "not sealed", seen.audit.text()


def check_left(seen: Seen, tool: str) -> None:
    """The token says whose snapshot it holds a part of; the plan finishes it first."""
    stale = finding(seen.left, "stale-token")
    assert stale["dataset"] == REPLICA, seen.left.text()
    assert f"({tool}'s), an increment from" in stale["summary"], seen.left.text()
    assert "orphan-receive" not in seen.left.named, seen.left.text()
    waits = finding(seen.left, "not-running")
    assert any(f"whether {tool} still runs" in step["why"] for step in waits["next"])
    torn = [each["summary"] for each in seen.torn.said["problems"] if each["id"] == "stale-token"]
    assert len(torn) == 1, seen.torn.text()
    assert f"partly received snapshot of {tool}'s" in torn[0]
    first = seen.plan.said["steps"][0]
    assert (first["dataset"], first["resumes"]) == (CHILD, True), seen.plan.text()


def test_what_syncoid_runs_is_its_own_and_every_station_is_seen(syncoid: Seen) -> None:
    check_running(syncoid, "syncoid")
    assert "(process " in fact(syncoid.running, "Running"), syncoid.running.text()
    ours = stations(syncoid.running, "source")
    assert {"zfs send", "pv", "lzop", "mbuffer", "ssh"} <= set(ours), syncoid.running.text()
    theirs = stations(syncoid.running, "dest")
    assert {"mbuffer", "lzop", "zfs receive"} <= set(theirs), syncoid.running.text()
    check_names(syncoid, "syncoid")


def test_what_syncoid_leaves_is_named_and_can_be_finished(syncoid: Seen) -> None:
    check_left(syncoid, "syncoid")


def test_what_bzfs_runs_from_a_third_machine_is_its_own_by_its_bookmarks(bzfs: Seen) -> None:
    check_running(bzfs, "bzfs")
    assert {"zfs send", "zstd", "mbuffer"} <= set(stations(bzfs.running, "source"))
    check_names(bzfs, "bzfs")
    for answer in (bzfs.status, bzfs.audit):
        assert tools(answer)["bzfs"]["bookmarks"] >= 2, answer.text()


def test_what_bzfs_leaves_is_named_and_can_be_finished(bzfs: Seen) -> None:
    check_left(bzfs, "bzfs")
