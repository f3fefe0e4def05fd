"""Wait for the condition that a test is about, never for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot


async def wait_for(
    pilot: Pilot[Any], predicate: Callable[[], object], what: str, within: float = 20
) -> None:
    """Let the program run until `predicate` is true; fail with `what` after `within` seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not predicate():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {what}\n{screen_text(pilot)}")
        await pilot.pause(0.05)


def screen_text(pilot: Pilot[Any]) -> str:
    """What is on the screen, as lines of text."""
    # The compositor has no public way to its lines (reference: Textual 8.2.8).
    compositor = pilot.app.screen._compositor  # noqa: SLF001
    return "\n".join(
        "".join(segment.text for segment in strip).rstrip() for strip in compositor.render_strips()
    )
