"""Verdicts on what real hosts said while something held a pipeline back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sealift.playbook import bottleneck, way
from sealift.playbook.sample import Sample, parse_sample
from sealift.playbook.stations import End, find

SAMPLES = Path(__file__).parent / "samples"
ROOTS = ("tank/prod", "backup/prod")
FAULTS = {
    "net8": "network-bandwidth",
    "net16": "network-bandwidth",
    "loss3": "network-loss",
    "loss8": "network-loss",
    "far250": "network-window",
    "far500": "network-window",
    "srcdisk1": "source-disk",
    "dstdisk1": "destination-disk",
    "dstdisk3": "destination-disk",
    "srcbusy3": "source-cpu",
    "srcbusy8": "source-cpu",
    "dstbusy3": "destination-cpu",
}
# The emulated CPUs carry some 4 MB/s: these disturb less than those do.
UNDISTURBED = ("fast", "net32", "srcdisk3")


def read(name: str, host: str, *, hidden: bool = False) -> Sample:
    data = (SAMPLES / f"{name}.{host}.txt").read_bytes()
    if hidden:  # as a user sees it whose processes they are not
        data = re.sub(rb"(?m)^\w+ (\d+ \(\w+\) [RSDT] )", rb"0 \1", data)
    return parse_sample(data)


def ends(name: str, *, hidden: bool = False) -> tuple[End, End]:
    source, destination = (read(name, host, hidden=hidden) for host in ("source", "dest"))
    return find(("source", source, ROOTS[0]), ("dest", destination, ROOTS[1]))


@pytest.mark.parametrize(("name", "expected"), FAULTS.items())
def test_what_holds_a_pipeline_back_is_named_with_confidence(name: str, expected: str) -> None:
    verdict = bottleneck.judge(*ends(name))
    assert (verdict.bottleneck, verdict.confidence) == (expected, "high")
    assert verdict.evidence
    assert all(each.host in {"source", "dest"} for each in verdict.evidence)


@pytest.mark.parametrize(("name", "expected"), FAULTS.items())
def test_without_rights_the_same_is_named_less_surely(name: str, expected: str) -> None:
    verdict = bottleneck.judge(*ends(name, hidden=True))
    assert verdict.bottleneck == expected
    assert verdict.confidence in {"medium", "high"}


@pytest.mark.parametrize("name", UNDISTURBED)
def test_nothing_is_claimed_of_an_undisturbed_pipeline(name: str) -> None:
    verdict = bottleneck.judge(*ends(name))
    assert verdict.bottleneck is None or verdict.confidence == "low"


def test_nothing_is_found_where_no_pipeline_runs() -> None:
    for end in ends("idle"):
        assert (end.zfs, end.transport, end.buffers) == (None, None, ())


def test_both_ends_of_the_connection_are_the_same_one() -> None:
    source, destination = ends("net16")
    assert source.socket is not None
    assert destination.socket is not None
    assert source.socket.peer == destination.socket.local
    assert source.socket.sent == pytest.approx(destination.socket.received, rel=0.2)


def test_the_transport_is_ssh_here_and_the_session_s_sshd_there() -> None:
    source, destination = ends("net16")
    assert source.transport is not None
    assert source.transport.program == "ssh"
    assert destination.transport is not None
    assert destination.transport.args.startswith("sshd: root@")


def test_two_that_fit_alike_are_unknown_and_both_are_said() -> None:
    source, destination = ends("net8")
    assert destination.sample is not None
    slow = read("dstdisk3", "dest")
    both = replace(
        destination, sample=replace(destination.sample, txgs=slow.txgs, iostat=slow.iostat)
    )
    verdict = bottleneck.judge(source, both)
    assert (verdict.bottleneck, verdict.confidence) == (None, "low")
    assert "network-bandwidth" in verdict.summary
    assert "destination-disk" in verdict.summary


# The starved source of srcbusy8 had not yet brought a receive about.
@pytest.mark.parametrize("name", sorted({*FAULTS, *UNDISTURBED} - {"srcbusy8"}))
def test_the_way_is_told_from_disk_to_disk_and_the_bottleneck_stands_out(name: str) -> None:
    found = ends(name)
    verdict = bottleneck.judge(*found)
    stages = way.chain(*found, verdict.bottleneck if verdict.confidence != "low" else None)
    names = [stage.name for stage in stages]
    assert names == ["disks", "zfs send", "ssh", "network", "sshd", "zfs receive", "disks"]
    marked = [stage.name for stage in stages if stage.level == "problem"]
    expected = {
        "network-bandwidth": ["network"],
        "network-loss": ["network"],
        "network-window": ["network"],
        "source-disk": ["disks"],
        "destination-disk": ["disks"],
    }
    assert marked == expected.get(FAULTS.get(name, ""), [])
