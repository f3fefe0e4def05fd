"""From `sealift demo` to the first painted tree, small and with 100,000 snapshots a side."""

from __future__ import annotations

import statistics

from tests.bench.start import seconds_until

RUNS = 5
SMALL_TARGET, LARGE_TARGET = 2.0, 5.0


def measure() -> dict[str, object]:
    """Medians of the seconds to the first tree, from the second start on."""
    tree = b"rep-20"  # how the names of its snapshots begin
    seconds_until(["demo"], tree)
    small = [seconds_until(["demo"], tree) for _ in range(RUNS)]
    many = ["demo", "--snapshots", "100000"]
    large = [seconds_until(many, tree, patience=60) for _ in range(RUNS)]
    return {
        "first tree, seconds": {
            "median": round(statistics.median(small), 2),
            "target": SMALL_TARGET,
        },
        "first tree of 100,000 snapshots a side, seconds": {
            "median": round(statistics.median(large), 2),
            "target": LARGE_TARGET,
        },
    }
