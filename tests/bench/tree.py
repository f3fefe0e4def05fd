"""The paired tree with 100,000 snapshots a side: how long until it shows them, and how it answers.

Run `python tests/bench/tree.py`. Nothing is painted on a terminal: times end when Textual has
composed the lines that it would write.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import RenderableType
from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.strip import Strip

from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Inventory, build
from sealift.ui.app import calm_collector
from sealift.ui.folding import Fold
from sealift.ui.row import RowKey
from sealift.ui.widgets.paired_tree import PairedTree
from sealift.zfs.listings import Dataset, SnapshotReader, parse_datasets

DATASETS, SNAPSHOTS, LARGE = 100, 1000, 10_000
PIECE = 64 * 1024
KEYS = 400
TARGETS = {
    "first_paint_ms": 1000.0,
    "key_p99_ms": 30.0,
    "unfold_ms": 50.0,
    "rss_mb": 250.0,
}


def datasets_of(root: str) -> bytes:
    """The listing of `DATASETS` encrypted datasets, and one more for many snapshots."""
    names = [root, *(f"{root}/ds{number:03}" for number in range(1, DATASETS)), f"{root}/large"]
    crypt = f"aes-256-gcm\t{root}\tavailable\tpassphrase\t77"
    return b"".join(
        f"{name}\tfilesystem\t{i + 1}\t1\t1\t1\t1\t1\t{crypt}\tno\ton\t-\t-\t0\n".encode()
        for i, name in enumerate(names)
    )


def snapshots_of(root: str, *, missing: int) -> bytes:
    """The listing of their snapshots without the newest `missing` of each, as hosts print it."""
    lines: list[str] = []
    for number, dataset in enumerate(datasets_of(root).decode().splitlines()):
        name = dataset.split("\t")[0]
        for i in range((LARGE if name.endswith("/large") else SNAPSHOTS) - missing):
            # Real guids are 64 bits wide; these spread over as many.
            guid = (number * 20_011 + i + 1) * 0x9E3779B97F4A7C15 % 2**64
            made = 1_735_000_000 + i * 3600
            lines.append(
                f"{name}@autosnap_2025-{i // 720 % 12 + 1:02}-{i // 24 % 30 + 1:02}_"
                f"{i % 24:02}:00:00_hourly_{i}\t{guid}\t{1000 + i * 7}\t{made}\t{i * 4096}\t"
                f"{i * 8192}\t{guid ^ 0x5DEECE66D}\t{i % 50 == 0:d}\n"
            )
    return "".join(lines).encode()


class _Side:
    """One host's listing, read up to its last byte but not further."""

    def __init__(self, root: str, *, missing: int) -> None:
        self.root = root
        self.datasets: tuple[Dataset, ...] = parse_datasets(datasets_of(root))
        listing = snapshots_of(root, missing=missing)
        pieces = [listing[at : at + PIECE] for at in range(0, len(listing), PIECE)]
        self.last = pieces.pop()
        self.reader = SnapshotReader()
        started = time.perf_counter()
        for piece in pieces:
            self.reader.feed(piece)
        self.feeding = time.perf_counter() - started
        self.bytes = len(listing)

    def inventory(self) -> Inventory:
        self.reader.feed(self.last)
        return build(
            self.root,
            self.datasets,
            self.reader.finish(),
            pool=None,
            taken_at=datetime(2025, 12, 25, tzinfo=UTC),
        )


class _WatchedTree(PairedTree):
    """A tree that knows whether one of its lines was drawn since `drawn` was reset."""

    drawn = False

    def render_line(self, y: int) -> Strip:
        self.drawn = True
        return super().render_line(y)


class _BenchApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.pair = _WatchedTree(waiting="waiting for root@nas1")
        self.painted = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield self.pair

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if self.pair.drawn:
            self.painted.set()

    def press(self, key: str) -> None:
        """Send a key the way a terminal's arrives (`pilot.press` sleeps, by design)."""
        assert self._driver is not None
        self._driver.send_message(events.Key(key, None))

    @asynccontextmanager
    async def timed(self, figures: dict[str, float], name: str) -> AsyncIterator[None]:
        """Measure from here until lines of the tree have been drawn and written, in ms."""
        self.pair.drawn = False
        self.painted.clear()
        started = time.perf_counter()
        yield
        await self.painted.wait()
        figures[name] = round((time.perf_counter() - started) * 1000, 2)

    async def still(self) -> None:
        """Wait until nothing is on its way to the screen any more."""
        async with self.timed({}, ""):
            self.pair.refresh()


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def measure() -> dict[str, float]:
    """Measure everything once and give the figures by name."""
    calm_collector()  # as the program does at its start
    figures: dict[str, float] = {}
    source, destination = _Side("tank/prod", missing=0), _Side("backup/prod", missing=3)
    figures["listing_mb_a_side"] = round(source.bytes / 1e6, 1)
    figures["feeding_s_a_side"] = round(source.feeding, 3)
    app = _BenchApp()
    async with app.run_test(size=(140, 40)):
        app.pair.focus()
        await app.still()
        async with app.timed(figures, "first_paint_ms"):
            started = time.perf_counter()
            ours, theirs = source.inventory(), destination.inventory()
            built = time.perf_counter()
            comparison = compare(ours, theirs)
            compared = time.perf_counter()
            app.pair.show(comparison)
        figures["of_it_build_ms"] = round((built - started) * 1000, 2)
        figures["of_it_compare_ms"] = round((compared - built) * 1000, 2)
        del source, destination, ours, theirs
        gc.freeze()  # as RouteScreen.show does
        figures["rss_mb"] = round(_rss_mb(), 1)
        await _fold_and_filter(app, comparison, figures)
        await _keys(app, figures)
    return figures


async def _fold_and_filter(
    app: _BenchApp, comparison: Comparison, figures: dict[str, float]
) -> None:
    await _to_large(app)
    async with app.timed(figures, "unfold_ms"):
        app.press("right")
    assert app.pair.rows.folded("large") == (Fold.ALL, True)
    async with app.timed(figures, "refresh_ms"):
        app.pair.show(comparison)
    for name, text in (("filter_text_ms", "12-25"), ("filter_state_ms", ":held")):
        async with app.timed(figures, name):
            app.pair.set_filter(text)
    app.pair.set_filter("")
    await app.still()


async def _to_large(app: _BenchApp) -> None:
    large = app.pair.rows.index_of(RowKey("dataset", "large"))
    assert large is not None
    app.pair.move_to(large)
    await app.still()


async def _keys(app: _BenchApp, figures: dict[str, float]) -> None:
    await _to_large(app)
    times: list[float] = []
    worked: list[float] = []
    for number in range(KEYS):
        # Mostly single steps, with the scrolling ones in between.
        key = "ctrl+d" if number % 20 == 10 else "pageup" if number % 40 == 30 else "down"
        before = app.pair.cursor
        once: dict[str, float] = {}
        busy = time.process_time()
        async with app.timed(once, "ms"):
            app.press(key)
        worked.append((time.process_time() - busy) * 1000)
        times.append(once["ms"])
        assert app.pair.cursor != before
    for name, values in (("key", times), ("key_cpu", worked)):
        cuts = statistics.quantiles(values, n=100)
        figures[f"{name}_p50_ms"], figures[f"{name}_p99_ms"] = (
            round(cuts[49], 2),
            round(cuts[98], 2),
        )
        figures[f"{name}_max_ms"] = round(max(values), 2)


def main() -> dict[str, float]:
    """Measure, print the figures as JSON beside their targets, and give them back."""
    figures = asyncio.run(measure())
    missed = [name for name, target in TARGETS.items() if figures[name] >= target]
    shown = {"figures": figures, "targets": TARGETS, "missed": missed}
    print(json.dumps(shown, indent=1))  # noqa: T201
    return figures


if __name__ == "__main__":
    main()
