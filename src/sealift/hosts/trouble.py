"""What went wrong, in the shape that a person is shown: what, where, what it means, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong on one host.

    `finding` is an id of the findings catalogue (`host-unreachable`, say). `raw` is the text that
    the host or a library gave, unshortened and not yet made printable.
    """

    finding: str
    host: str
    what: str
    means: str = ""
    mend: str = ""
    raw: str = ""

    def sentence(self) -> str:
        """What happened and where, on one line."""
        return f"{self.host}: {self.what}"


class TroubleError(Exception):
    """Raised where a host could not do what was asked; carries the `Trouble` to show."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.sentence())
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A host key that no known_hosts file has. `name` is how known_hosts would call the host."""

    name: str
    algorithm: str
    fingerprint: str
    line: str
    file: Path


class HostKeyUnknownError(TroubleError):
    """The host showed a key that nobody here has accepted yet; the operator may do so."""

    def __init__(self, trouble: Trouble, key: UnknownKey) -> None:
        super().__init__(trouble)
        self.key = key


def slow_login(where: str, limit: str, raw: str) -> Trouble:
    """A host that took up the connection and has not let us in; `limit` says within which time."""
    return Trouble(
        "host-unreachable",
        where,
        f"the login did not end {limit}",
        "The host is there, but so busy that its sshd hardly gets to run, or its sshd hangs.",
        f"Try again; see how long `ssh {where} true` takes.",
        raw,
    )
