"""What a page of the catalogue is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """What a finding is about; the value is the group's title."""

    SENDING = "What is being sent"
    CHAIN = "The chain"
    RECEIVER = "The receiver"
    BOTTLENECK = "The bottleneck"
    KEYS = "Keys and posture"
    ACCESS = "Access"
    JOBS = "Jobs, and sealift itself"
    MESSAGES = "Messages of zfs and of what carries its streams"


@dataclass(frozen=True, slots=True)
class Page:
    """One finding, explained for who is called at night.

    `id` never changes and is never reused. `title` says what was found, `means` what that means,
    `recognised` what it was told by. `do` are steps in their order, a line each, the safest first;
    `dont` is what makes it worse, a line each, empty where nothing does. Commands stand in
    backquotes, what is to be filled in is in capitals, and a letter in brackets is a key of the
    screen.
    """

    id: str
    group: Group
    title: str
    means: str
    recognised: str
    do: str
    dont: str
