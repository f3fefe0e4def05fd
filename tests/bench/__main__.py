"""`make bench`: the figures of the README, with the machine they were measured on."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Callable

from tests.bench import catch_up, demo, overview, slow_link, start, transfer, tree

BENCHES: dict[str, Callable[[], dict[str, object]]] = {
    "start": start.measure,
    "demo": demo.measure,
    "tree": lambda: {**asyncio.run(tree.measure())},
    "overview": overview.measure,
    "slow-link": slow_link.measure,
    "catch-up": catch_up.measure,
    "transfer": transfer.measure,
}


def main() -> int:
    """Run the benches that are named, or all; print one JSON object a bench."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("bench", nargs="*", choices=[*BENCHES, []], default=list(BENCHES))
    sys.stdout.write(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n"
    )
    for name in parser.parse_args().bench:
        sys.stdout.write(json.dumps({name: BENCHES[name]()}, indent=1) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
