"""Who we are on a host, which ZFS it has, and how it would let us act as root."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sealift import remote
from sealift.hosts.elevation import Elevation
from sealift.hosts.host import DEADLINE, Host, utc_now
from sealift.hosts.refusal import known, refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.zfs.commands import Command, Effect
from sealift.zfs.names import printable
from sealift.zfs.parse import lines_of, number
from sealift.zfs.pools import ZfsVersion, parse_version

_SAYS = "sealift "
_PROGRAM = re.compile(r"zfs|/[A-Za-z0-9_./+-]+")


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What the host says of itself.

    `zfs` is the word that starts zfs for this user: its plain name, or the whole path where the
    login's PATH lacks it (Debian keeps it out of users' PATH). `ahead_seconds` is how far the
    host's clock is before ours, within the time that the answer took.
    """

    user: str
    uid: int
    hostname: str
    system: str
    zfs: str
    version: ZfsVersion
    ahead_seconds: int
    sudo: bool
    doas: bool

    @property
    def elevation(self) -> Elevation:
        """The way to root that is open here; none is needed for root itself."""
        if self.uid == 0:
            return Elevation.NONE
        if self.sudo:
            return Elevation.SUDO
        return Elevation.DOAS if self.doas else Elevation.NONE


def probe_command() -> Command:
    """The command that asks."""
    argv = ("sh", "-c", remote.one_line("probe.sh"))
    return Command(argv, Effect.READ, "who we are there, and which ZFS it has")


async def probe(host: Host, *, deadline: float = DEADLINE) -> HostFacts:
    """Ask `host`. Raises `TroubleError`, also if it has no ZFS."""
    command = probe_command()
    result = await host.run(command, deadline=deadline)
    if not result.ok:
        raise TroubleError(refusal(host.where, command, result))
    lines = lines_of(result.stdout)
    own = [line for line in lines if not line.startswith(_SAYS)]
    if own:
        raise TroubleError(
            Trouble(
                "noisy-login",
                host.where,
                "its login shell prints text of its own",
                "A start-up file (.bashrc, .cshrc) prints on every login, also where nobody reads "
                "it. What ZFS says cannot be told from it.",
                "Make that file silent for logins that are not interactive.",
                "\n".join(own),
            )
        )
    facts = _facts(lines)
    if not facts.get("zfs"):
        raise TroubleError(
            Trouble(
                "zfs-missing",
                host.where,
                "there is no `zfs` there",
                "OpenZFS is not installed on this host.",
                "Install the ZFS utilities there, or check that this is the right host.",
                result.stderr.decode("utf-8", "replace"),
            )
        )
    try:
        return _host_facts(facts)
    except (KeyError, ValueError) as error:
        # Where its module is missing `zfs version` says so and names none.
        trouble = known(host.where, "\n".join(facts.get("version", [])))
        if trouble is not None:
            raise TroubleError(trouble) from error
        raise TroubleError(
            Trouble(
                "command-failed",
                host.where,
                "its answer to the first questions cannot be read",
                "`id`, `uname`, `date` or `zfs version` does not say there what it says elsewhere. "
                "ZFS before 0.8 has no `zfs version`, and no encryption either.",
                "Run the command there and read what it says.",
                "\n".join(lines),
            )
        ) from error


def _host_facts(facts: dict[str, list[str]]) -> HostFacts:
    zfs = facts["zfs"][0]
    if not _PROGRAM.fullmatch(zfs):
        raise ValueError(f"{zfs!r} is no program's name")
    return HostFacts(
        user=printable(facts["user"][0]),
        uid=number(facts["uid"][0], "`id -u`"),
        hostname=printable(facts["host"][0]),
        system=printable(facts["system"][0]),
        zfs="zfs" if "onpath" in facts else zfs,
        version=parse_version(printable("\n".join(facts.get("version", []))).encode()),
        ahead_seconds=number(facts["epoch"][0], "`date`") - round(utc_now().timestamp()),
        sudo="sudo" in facts,
        doas="doas" in facts,
    )


def _facts(lines: list[str]) -> dict[str, list[str]]:
    facts: dict[str, list[str]] = {}
    for line in lines:
        word, _, value = line.removeprefix(_SAYS).partition(" ")
        facts.setdefault(word, []).append(value)
    return facts
