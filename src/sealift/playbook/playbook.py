"""Runs the four steps of the playbook at once, and keeps its newest answer."""

from __future__ import annotations

from collections.abc import Callable

from sealift.playbook.diagnosis import Diagnosis
from sealift.replication.watch import RouteWatch

WINDOW = 10.0  # seconds that are sampled; a receive works in bursts of up to five
TRIAL = 10.0  # seconds that a trial may take when nothing runs; 0 is none


class Playbook:
    """One walk through the playbook. `diagnosis` is the newest answer, immutable.

    `watch` has the route and its hosts; nothing else need have read them before. Every listener
    gets every new answer, in the event loop's thread.
    """

    diagnosis: Diagnosis

    def __init__(self, watch: RouteWatch, *, window: float = WINDOW, trial: float = TRIAL) -> None:
        raise NotImplementedError

    def subscribe(self, listener: Callable[[Diagnosis], None]) -> None:
        """Have `listener` called with every new answer."""
        raise NotImplementedError

    async def run(self) -> Diagnosis:
        """Take all four steps at once, both hosts at once; the last answer is given back."""
        raise NotImplementedError

    async def run_step(self, step: str) -> Diagnosis:
        """Take one step again, with fresh readings; `step` is one of `steps`."""
        raise NotImplementedError
