"""What a demo's host says while it is sampled has the shape of what a real host said."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import pytest

from sealift.demo.stage import Demo
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.playbook import sampling
from sealift.playbook.sample import Interface, Sample, Socket, Stage, Txg, parse_sample
from sealift.playbook.stations import End, find
from sealift.zfs.iostat import IostatSample

from .test_demo_ends import needs_proc, said

# `net16` there: a raw send that a link of 16 Mbit/s holds back, between two hosts of the lab.
_RECORDED = Path(__file__).parents[1] / "unit" / "playbook" / "samples"
_PUSH = "zfs send -w -vP {} | ssh root@dr1 zfs receive -s -u backup/new"
# Segments that were lost, and what a socket's queue holds at both looks, are a matter of chance.
_BY_CHANCE = {"retrans", "unacked", "send_q", "recv_q", "rwnd_limited_ms", "sndbuf_limited_ms"}


Told = Sample | Stage | Socket | Interface | Txg | IostatSample


def filled(value: Told) -> set[str]:
    """The fields of a dataclass that say something."""
    return {each.name for each in fields(value) if getattr(value, each.name)}


def together(values: Iterable[Told]) -> set[str]:
    """The fields that any of these fills."""
    return set().union(*map(filled, values))


def known(value: Told) -> set[str]:
    """The fields of a dataclass that are known, be it as zero; an empty list is not."""
    return {each.name for each in fields(value) if getattr(value, each.name) not in (None, ())}


def shape(end: End) -> dict[str, set[str]]:
    """Which fields one end's sample fills, part by part. What was read is left out: the recorded
    source had it in its cache.
    """
    sample, socket = end.sample, end.socket
    assert sample is not None
    assert socket is not None
    assert end.zfs is not None
    assert end.transport is not None
    link = max(sample.interfaces, key=lambda each: each.sent + each.received)
    written = any(each.write_bytes for each in sample.iostat)
    return {
        "sample": known(sample),
        "zfs": filled(end.zfs),
        "transport": filled(end.transport),
        "socket": filled(socket) - _BY_CHANCE,
        "interface": filled(link),
        "txgs": together(sample.txgs) if written else set(),
        "iostat": {name for name in together(sample.iostat) if not name.startswith("read_")},
    }


def ends(source: Sample, destination: Sample, into: str) -> tuple[End, End]:
    return find(("source", source, "tank/prod"), ("destination", destination, into))


def recorded(name: str) -> Sample:
    return parse_sample((_RECORDED / name).read_bytes())


@pytest.fixture(scope="module")
def real() -> tuple[End, End]:
    return ends(recorded("net16.source.txt"), recorded("net16.dest.txt"), "backup/prod")


@needs_proc
async def test_a_sample_of_the_demo_fills_what_a_real_one_fills(real: tuple[End, End]) -> None:
    async with Demo.open("slow-link") as demo:
        source, destination = (
            Host(each, Gate(), CommandLog()) for each in (demo.source, demo.destination)
        )
        snapshots = await said(demo, "nas1", "zfs list -H -o name -t snapshot tank/prod/db")
        process = await demo.source.start(("sh", "-c", _PUSH.format(snapshots.split()[0])))
        seen = b""
        while b":" not in seen:  # a line of progress
            seen += (come := await process.read_stderr())
            assert come, seen
        samples = await asyncio.gather(
            sampling.sample(source, "tank", 4), sampling.sample(destination, "backup", 4)
        )
        process.close()
    made = ends(*samples, "backup/new")
    for which, there, here in zip(("source", "destination"), real, made, strict=True):
        assert shape(here) == shape(there), which
    # The figures are those of the link: 2 MB/s, which the sender waits for.
    sent, came = (end.socket for end in made)
    assert sent is not None
    assert came is not None
    rate = sent.sent / samples[0].seconds
    assert 1_500_000 < rate < 2_300_000
    assert sent.unsent > 0
    assert sent.rtt_ms > 4 * sent.min_rtt_ms
    assert sent.busy_ms > 700 * samples[0].seconds
    assert abs(came.received / samples[1].seconds - rate) < 0.2 * rate
    assert all(sample.idle is not None and sample.idle > 0.9 for sample in samples)
    assert [line.split()[1] for line in samples[0].shapers] == ["tbf"]
