"""The overview of two hundred routes on twenty hosts: how long reading takes, and how keys answer.

The hosts are the demo's, each behind an SSH server (`tests/bench/fleet.py`): real logins, real
processes. Nothing is painted on a terminal: times end when Textual has composed the lines that it
would write.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import RenderableType
from textual import events
from textual.screen import Screen

from sealift.cli import parse
from sealift.hosts.host import utc_now
from sealift.replication.overview import EVERY
from sealift.replication.picture import Picture
from sealift.ui.app import SealiftApp, calm_collector
from sealift.ui.widgets.entry_pane import EntryPane

REFRESHES, KEYS_IDLE = 7, 200
_BETWEEN = 0.03  # seconds between two keys, as a key that is held down repeats
_PATIENCE = 120.0
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def measure() -> dict[str, object]:
    """Seconds for the first reading and for later ones, logins a host, milliseconds a key."""
    with tempfile.TemporaryDirectory() as folder, _fleet(Path(folder)) as logins:
        return asyncio.run(_measure(Path(folder), logins))


@contextmanager
def _fleet(folder: Path) -> Iterator[Callable[[], dict[str, int]]]:
    """The hosts, while the context lasts; gives what asks how often somebody logged in to each."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.fleet", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdin is not None
        assert serving.stdout is not None
        into, out = serving.stdin, serving.stdout
        if out.readline() != "ready\n":
            raise RuntimeError("the hosts did not start")

        def logins() -> dict[str, int]:
            into.write("\n")
            into.flush()
            counted: dict[str, int] = json.loads(out.readline())
            return counted

        try:
            yield logins
        finally:
            into.close()


class _Keys(threading.Thread):
    """Presses `down` and `up` in turn, from outside the program's loop; `times` are milliseconds.

    A key's time ends with the first frame after the cursor has moved.
    """

    def __init__(self, press: Callable[[str], None], painted: threading.Event) -> None:
        super().__init__(daemon=True)
        self.times: list[float] = []
        self.enough = threading.Event()
        self._press, self._painted = press, painted

    def run(self) -> None:
        number = 0
        while not self.enough.is_set():
            self._painted.clear()
            began = time.perf_counter()
            # Not beyond the last row, where it would not move.
            self._press("down" if number % 20 < 10 else "up")
            if not self._painted.wait(_PATIENCE):
                return
            took = time.perf_counter() - began
            self.times.append(took * 1000)
            number += 1
            time.sleep(max(0.0, _BETWEEN - took))


class _BenchApp(SealiftApp):
    """Says when a frame shows the cursor on another row."""

    painted = threading.Event()
    _before = ""

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        current = self.cursor
        if current != self._before:
            self._before = current
            self.painted.set()

    @property
    def settled(self) -> bool:
        """Whether no row waits for its hosts, so that rows keep their order."""
        rows = self.screen.query_one(EntryPane).entries
        return not any(cell.startswith("reading") for row in rows for cell in row.cells)

    @property
    def cursor(self) -> str:
        """The route under the cursor."""
        panes = self.screen.query(EntryPane)
        return panes[0].current.id if panes and panes[0].current else ""

    def press(self, key: str) -> None:
        """Send a key the way a terminal's arrives, from another thread."""
        assert self._loop is not None
        assert self._driver is not None
        self._loop.call_soon_threadsafe(self._driver.send_message, events.Key(key, None))


async def _measure(folder: Path, logins: Callable[[], dict[str, int]]) -> dict[str, object]:
    calm_collector()  # as the program does at its start
    os.environ["XDG_STATE_HOME"] = str(folder)
    options = parse(
        ["--config", str(folder / "config.toml"), "--ssh-config", str(folder / "ssh_config")]
    )
    app = _BenchApp(options)
    began = time.perf_counter()
    async with app.run_test(size=(140, 40)):
        await _until(lambda: _read_since(app, _LONG_AGO))
        first = time.perf_counter() - began
        await _until(lambda: app.settled)
        worked = time.process_time()
        idle = await _pressed(app, lambda times: len(times) >= KEYS_IDLE)
        worked = time.process_time() - worked
        rounds = [await _refreshed(app) for _ in range(REFRESHES)]
        routes = len(_pictures(app))
        counted = await asyncio.to_thread(logins)
    refreshes = [seconds for seconds, _ in rounds]
    busy = [each for _, times in rounds for each in times]
    return {
        "routes": routes,
        "hosts": len(counted),
        "logins a host, at most": max(counted.values()),
        "first reading, logins included, seconds": round(first, 2),
        "refresh of all, seconds": {
            "median": round(statistics.median(refreshes), 2),
            "worst": round(max(refreshes), 2),
            "target": EVERY,
        },
        "key to paint, nothing read, ms": _quantiles(idle),
        "the same: CPU time a key, ms": round(worked * 1000 / len(idle), 1),
        "key to paint while all are read, ms": _quantiles(busy),
    }


def _pictures(app: SealiftApp) -> tuple[Picture, ...]:
    watch = app.all_routes.watch if app.all_routes else None
    return watch.overview.pictures if watch else ()


def _read_since(app: SealiftApp, since: datetime) -> bool:
    """Whether both sides of every route were read, all of it after this time."""
    read = [
        each.comparison is not None
        and all(
            side.inventory is not None and side.inventory.taken_at > since
            for side in (each.source, each.destination)
        )
        for each in _pictures(app)
    ]
    return bool(read) and all(read)


async def _refreshed(app: _BenchApp) -> tuple[float, list[float]]:
    """Seconds until everything was read again, and the times of keys meanwhile."""
    began, since = time.perf_counter(), utc_now()
    app.press("f5")
    times = await _pressed(app, lambda _: _read_since(app, since))
    return time.perf_counter() - began, times


async def _pressed(app: _BenchApp, enough: Callable[[list[float]], bool]) -> list[float]:
    """The times of keys that are pressed until it is enough."""
    keys = _Keys(app.press, app.painted)
    keys.start()
    await _until(lambda: enough(keys.times))
    keys.enough.set()
    await asyncio.to_thread(keys.join)
    return keys.times


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - nothing calls when a key or a reading is over
            await asyncio.sleep(0.01)


def _quantiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {
        "count": len(values),
        "p50": round(cuts[49], 1),
        "p99": round(cuts[98], 1),
        "worst": round(max(values), 1),
    }
