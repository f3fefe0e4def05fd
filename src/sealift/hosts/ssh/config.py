"""What the user's ssh_config says of a host, beyond what AsyncSSH follows by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import asyncssh

_USER_FILES = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_GLOBAL_FILES = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_JUMP = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?P<host>\[[^\[\]]+\]|[^@:\[\]/]+)(?::(?P<port>\d+))?/?"
)


@dataclass(frozen=True, slots=True)
class Hop:
    """A host to connect to, as it was written; what is None comes from the config."""

    host: str
    user: str | None = None
    port: int | None = None

    @property
    def text(self) -> str:
        """`[user@]host[:port]`."""
        user = f"{self.user}@" if self.user else ""
        return f"{user}{self.host}" + (f":{self.port}" if self.port else "")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config says of one host.

    `files` are its known_hosts files, the first of which takes new keys. `alias` is its
    HostKeyAlias. `keys` log us in, and of the agent's keys those in `agent` (all if None); `()`
    if the config names none, and the usual ones count. `certificates` go with either.
    """

    config: list[str]
    jumps: str
    files: tuple[Path, ...]
    alias: str | None
    keys: Sequence[asyncssh.SSHKeyPair]
    agent: list[str] | tuple[()] | None
    certificates: list[str]


def read_settings(hop: Hop, config: Path | None) -> Settings:
    """Read what `config`, or else the user's ssh_config, says. Raises what AsyncSSH does."""
    own = Path("~/.ssh/config").expanduser()
    paths = [str(config)] if config else [str(own)] * own.exists()
    options = asyncssh.SSHClientConnectionOptions(
        host=hop.host,
        port=hop.port or (),
        username=hop.user or (),
        config=paths,
        client_keys=None,
    )
    if options.config.has_match_final():
        options.update(reload=True, final=True)
    return Settings(
        config=paths,
        jumps=str(options.tunnel or ""),
        files=_known_hosts_files(options, hop.host),
        alias=options.host_key_alias,
        keys=_keys(options),
        agent=_agent(options),
        certificates=_existing(_named(options, "CertificateFile")),
    )


def parse_jumps(text: str, before: tuple[Hop, ...] = ()) -> tuple[Hop, ...]:
    """The hosts of a ProxyJump, in order. Raises `ValueError`.

    `before` are the hosts that are to be reached by way of them: a jump to one of these has no end.
    """
    hops = []
    for part in text.split(",") if text else ():
        found = _JUMP.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"ProxyJump {part!r} is not [user@]host[:port]")
        port = int(found["port"]) if found["port"] else None
        hops.append(Hop(found["host"].strip("[]"), found["user"], port))
        if hops[-1] in before:
            raise ValueError(f"ProxyJump {part!r} leads back to itself")
    return tuple(hops)


def _known_hosts_files(
    options: asyncssh.SSHClientConnectionOptions, written: str
) -> tuple[Path, ...]:
    def named(option: str, default: tuple[str, ...]) -> tuple[str, ...]:
        # `none` is an empty list here, and means a file that is always empty.
        return tuple(cast(list[str], options.config.get(option, default))) or ("/dev/null",)

    tokens = {
        "%": "%",
        "d": str(Path.home()),
        "h": options.host,
        "k": options.host_key_alias or written,
        "n": written,
        "p": str(options.port),
        "r": options.username,
    }
    names = (
        *named("UserKnownHostsFile", _USER_FILES),
        *named("GlobalKnownHostsFile", _GLOBAL_FILES),
    )
    return tuple(
        Path(re.sub("%(.)", lambda found: tokens.get(found[1], found[0]), name)).expanduser()
        for name in names
    )


def _keys(options: asyncssh.SSHClientConnectionOptions) -> Sequence[asyncssh.SSHKeyPair]:
    """The keys that the config names. Like ssh, without those that are absent, locked or no keys.

    AsyncSSH gives up over such a file; here it is left out. `skip_public` is what leaves it out.
    """
    names = _named(options, "IdentityFile")
    if not names:
        return ()
    return asyncssh.load_keypairs(_existing(names), skip_public=True, ignore_encrypted=True)


def _agent(options: asyncssh.SSHClientConnectionOptions) -> list[str] | tuple[()] | None:
    names = _named(options, "IdentityFile")
    if not names:
        return ()
    if not options.config.get("IdentitiesOnly"):
        return None
    return _existing([*names, *(f"{each}.pub" for each in names)])


def _named(options: asyncssh.SSHClientConnectionOptions, option: str) -> list[str]:
    return cast(list[str], options.config.get(option, []))


def _existing(names: list[str]) -> list[str]:
    files = (Path(each).expanduser() for each in names)
    return [str(each) for each in files if each.exists()]
