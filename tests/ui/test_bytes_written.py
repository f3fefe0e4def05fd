"""A slow link carries the screen: what a second of it costs is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from rich.console import RenderableType
from textual._compositor import CompositorUpdate
from textual.screen import Screen

from sealift.replication.job import Job
from sealift.replication.picture import Picture
from sealift.ui.app import SealiftApp
from sealift.zfs.progress import Rate, SendProgress
from tests.factories import GIB, job, mirrored
from tests.ui.pictures import NOW, picture, showing
from tests.waiting import wait_for

SIZES = ((80, 24), (120, 36), (200, 50))
# Bytes for one second of a transfer: clock, counters, bar, iostat. 200 ms and 256 kbit/s carry 80
# times as many.
MOST = 400
SECONDS = 20
TREES = mirrored({"": [101, 102, 103], "db": [101, 102, 103]}, {"": [101], "db": [101]})


@dataclass
class Line:
    """How much was written to the terminal, and whether there was a frame."""

    written: int = 0
    drawn: bool = False


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """Stands where the driver writes, which it does not in a test."""
    counted = Line()

    def display(
        app: SealiftApp, _screen: Screen[object], renderable: RenderableType | None
    ) -> None:
        less = app.thrift.less(renderable)
        if isinstance(less, CompositorUpdate):
            counted.written += len(less.render_segments(app.console).encode())
            counted.drawn = True

    monkeypatch.setattr(SealiftApp, "_display", display)
    return counted


@dataclass
class Clock:
    """Goes on when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def sending() -> Iterator[Job]:
    """A job that sends, one second after another."""
    rate = Rate()
    for second in range(1, SECONDS + 1):
        done = second * 52_428_800 + second * second
        progress = SendProgress().feed(
            f"size\t{40 * GIB}\nincremental\t@s101\ttank/prod@s102\t{40 * GIB}\n"
            f"12:00:00\t{done}\ttank/prod@s102\n".encode()
        )
        rate = rate.add(float(second), done)
        yield replace(job(), progress=progress, rate=rate)


def busy(shown: Picture, running: Job) -> Picture:
    """The picture with the job, and disks that do something else each second."""
    more = len(running.rate.samples)
    source = shown.source
    samples = tuple(
        replace(each, write_bytes=each.write_bytes + more * 1_700_000) for each in source.iostat
    )
    return replace(shown, job=running, source=replace(source, iostat=samples))


@pytest.mark.parametrize("size", SIZES)
async def test_a_second_of_a_transfer_costs_few_bytes(size: tuple[int, int], line: Line) -> None:
    clock, shown = Clock(), picture(*TREES)
    async with showing(shown, size=size, clock=clock) as operator:
        jobs = sending()
        operator.screen.show(busy(shown, next(jobs)))
        await operator.until("GiB")
        line.written = 0
        for running in jobs:
            clock.now += timedelta(seconds=1)
            line.drawn = False
            operator.screen.show(busy(shown, running))
            operator.screen._tick()  # noqa: SLF001 - what its timer calls
            await wait_for(operator.pilot, lambda: line.drawn, "a frame")
        await operator.pilot.pause()
        assert 0 < line.written / (SECONDS - 1) < MOST


async def test_what_is_drawn_again_unchanged_costs_nothing(line: Line) -> None:
    async with showing(picture(*TREES)) as operator:
        line.written, line.drawn = 0, False
        operator.screen.refresh()
        await wait_for(operator.pilot, lambda: line.drawn, "a frame")
        assert line.written == 0
        operator.app.refresh()
        await wait_for(operator.pilot, lambda: line.written > 1000, "the whole screen")
