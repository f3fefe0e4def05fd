"""The nights to practise on, one file each: a world, what happens in it, what mends it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from sealift.demo.scenarios.scenario import Event, Make, Scenario
from sealift.demo.world.model import World

NAMES = (
    "quiet-night",
    "slow-link",
    "full-vault",
    "torn-seed",
    "broken-chain",
    "unsealed",
    "key-procedure",
)

# Two empty pools, for tests; not one to practise on.
BLANK = "blank"

__all__ = ["BLANK", "NAMES", "Event", "Make", "Scenario", "UnknownScenarioError", "open_scenario"]


class UnknownScenarioError(Exception):
    """There is no scenario of this name; the message lists those there are."""


def open_scenario(
    name: str, snapshots: int | None = None, clock: Callable[[], float] | None = None
) -> tuple[Scenario, World]:
    """A scenario and its world at the start.

    `snapshots` is how many there are on each side, about; None is what the scenario itself has.
    `clock` stands for the time of day. Raises `UnknownScenarioError`.
    """
    if name not in (*NAMES, BLANK):
        raise UnknownScenarioError(f"there is no scenario {name!r}: there are {', '.join(NAMES)}")
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    make: Make = module.make
    return make(snapshots, clock)
