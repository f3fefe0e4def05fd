"""What an entry of the error catalogue is, and how its pattern is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum


class Retry(Enum):
    """Whether the same command may be run again."""

    SAME = "same"
    """As it is; with the resume token if there is one."""
    AFTER = "after"
    """Once the cause is mended."""
    NEVER = "never"
    """It would fail again, or do harm."""
    NOT_NEEDED = "not-needed"
    """Nothing failed: what was wanted is already so, or it is a note."""


class Weight(IntEnum):
    """How much a message explains; the lower, the more. One failure makes both sides speak."""

    CAUSE = 0
    """Why it failed."""
    OUTCOME = 1
    """What the failure left behind."""
    ECHO = 2
    """That the other end is gone, said by the end that noticed."""
    NOTE = 3
    """Said beside a success or a failure."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of `zfs`, `zpool`, `ssh` or the shell, explained.

    `id` never changes and is never reused. `pattern` finds the message in text of many lines; it is
    None where there is no message and only the exit code tells (`exit_codes`). `title` says what
    happened, `meaning` what that means, `mending` what to do. `finding` is the id of the finding
    (docs of the playbook) that the message proves.
    """

    id: str
    pattern: re.Pattern[str] | None
    title: str
    meaning: str
    mending: str
    retry: Retry
    finding: str | None = None
    weight: Weight = Weight.CAUSE
    exit_codes: tuple[int, ...] = ()


# A name, a number or a reason within one line. ZFS names have 255 bytes at most; the bound keeps
# matching fast on text that was made to be slow, as does the one on white space.
_SOMETHING = r"[^\n]{1,300}"
_SPACE = r"\s{1,8}"
_RECEIVING = (
    r"cannot\s{1,8}receive"
    r"(?:\s{1,8}(?:new\s{1,8}filesystem|incremental|resume)\s{1,8}stream)?:"
)


def says(*messages: str) -> re.Pattern[str]:
    """A pattern for a message in any of these wordings.

    They are written as ZFS prints them, except for: `…` stands for a name or a reason, `R:` for the
    four ways in which `zfs receive` begins, and a space for any white space, so that a message that
    is broken into lines, or was put back into one, is found as well. Upper and lower case are one.
    """
    return re.compile("|".join(_regex(message) for message in messages), re.IGNORECASE)


def _regex(message: str) -> str:
    start, rest = (_RECEIVING, message[2:]) if message.startswith("R:") else ("", message)
    # Lazy, so that what follows is found as early as it stands; at the end it takes the line.
    name = _SOMETHING if rest.endswith("…") else ""
    parts = [
        _SPACE.join(re.escape(word) for word in part.split(" "))
        for part in rest.removesuffix("…").split("…")
    ]
    return start + f"{_SOMETHING}?".join(parts) + name
