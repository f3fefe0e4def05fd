"""How a host lets us act as root: not at all, through `sudo -n` or through doas."""

from __future__ import annotations

from enum import Enum


class Elevation(Enum):
    """The words put before a command that needs root. None of them ever asks for a password."""

    NONE = ""
    SUDO = "sudo -n"
    DOAS = "doas -n"

    def wrap(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """`argv` with the elevating words before it."""
        return (*self.value.split(), *argv)
