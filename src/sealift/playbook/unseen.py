"""What a step could not look at, in sentences."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from sealift.hosts.trouble import TroubleError

T = TypeVar("T")


class Unseen:
    """Collects what could not be looked at, in sentences."""

    def __init__(self) -> None:
        self._sentences: list[str] = []

    async def see(self, reading: Awaitable[T], what: str) -> T | None:
        """The reading, or None and a sentence of why there is none."""
        try:
            return await reading
        except TroubleError as error:
            trouble = error.trouble
            self.say(f"{what}: {trouble.sentence()}{f' ({trouble.mend})' if trouble.mend else ''}")
            return None

    def say(self, sentence: str) -> None:
        """One more, unless it is already there."""
        if sentence not in self._sentences:
            self._sentences.append(sentence)

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of them, in their order."""
        return tuple(self._sentences)
