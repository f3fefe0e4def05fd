"""The gate: what the mode of this run does not allow is refused here, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.zfs.commands import Command, Effect


@dataclass(frozen=True, slots=True)
class Gate:
    """Lets commands through or not. With `read_only`, nothing but reads passes."""

    read_only: bool = False

    def check(self, command: Command, host: str) -> None:
        """Raise `TroubleError` if `command` may not run in this mode."""
        if self.read_only and command.effect is not Effect.READ:
            raise TroubleError(
                Trouble(
                    "read-only",
                    host,
                    f"not run: this session is read-only and the command is a "
                    f"{command.effect.value}",
                    mend="Start sealift without --read-only to make changes.",
                    raw=command.text(),
                )
            )

    def check_writing(self, file: Path, why: str) -> None:
        """The same for a file of the operator's own machine that sealift would write."""
        self.check(Command(("write", str(file)), Effect.CHANGE, why), "this machine")
