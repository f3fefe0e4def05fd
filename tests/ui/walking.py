"""Stands in for the playbook: no screen test asks hosts what holds a route back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sealift.hosts.trouble import TroubleError
from sealift.playbook.diagnosis import Diagnosis
from tests.diagnoses import running


@dataclass
class Walk:
    """Says what it is told to, and ends when it is told to."""

    taken: list[str | None] = field(default_factory=list)
    ended: list[str | None] = field(default_factory=list)
    cancelled: int = 0
    fails: TroubleError | None = None
    diagnosis: Diagnosis = field(default_factory=running)
    listeners: list[Callable[[Diagnosis], None]] = field(default_factory=list)
    finish: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, _watch: object) -> Walk:
        return self

    def subscribe(self, listener: Callable[[Diagnosis], None]) -> None:
        self.listeners.append(listener)

    def say(self, made: Diagnosis) -> None:
        self.diagnosis = made
        for listener in self.listeners:
            listener(made)

    async def run(self) -> Diagnosis:
        return await self._take(None)

    async def run_step(self, step: str) -> Diagnosis:
        return await self._take(step)

    async def _take(self, step: str | None) -> Diagnosis:
        self.taken.append(step)
        try:
            await self.finish.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails is not None:
            raise self.fails
        self.ended.append(step)
        return self.diagnosis
