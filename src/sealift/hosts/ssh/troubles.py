"""What SSH and the network say when they fail, put into words."""

from __future__ import annotations

import socket

import asyncssh

from sealift.hosts.trouble import Trouble

_UNREACHABLE = (
    (
        (socket.gaierror, UnicodeError),
        "its name is not known",
        "Nothing on the network knows this name.",
    ),
    (
        ConnectionRefusedError,
        "it refuses the connection",
        "The host is there, but nothing listens on this port: sshd is not running, or elsewhere.",
    ),
    (
        TimeoutError,
        "no answer to the connection",
        "The host is down, its network is, or a firewall drops what we send.",
    ),
    (OSError, "it cannot be reached", "The network is down, or there is no way to the host."),
    (
        asyncssh.ChannelOpenError,
        "it cannot be reached from its jump host",
        "The jump host could not connect to it, or does not allow forwarding.",
    ),
    (
        Exception,
        "the connection failed before the login",
        "The host closed it, or what answers there does not speak SSH as we do.",
    ),
)


def explain(where: str, error: Exception, jump: str = "") -> Trouble:
    """Why no connection or no session was had. `jump` names the jump host that it is about."""
    raw = f"{type(error).__name__}: {error}"
    if isinstance(error, asyncssh.PermissionDenied) or "authentication failures" in str(error):
        return Trouble(
            "authentication-failed",
            where,
            f"{jump}it does not let us in",
            "None of the keys of the agent or of the ssh config was accepted for this user.",
            f"Check that `ssh {where}` works without typing anything; `ssh-add -l` lists the "
            "agent's keys.",
            raw,
        )
    is_file = isinstance(error, OSError) and error.filename is not None
    if is_file or (isinstance(error, ValueError) and not isinstance(error, UnicodeError)):
        return bad_config(where, error, jump)
    what, means = next(
        (what, means) for kind, what, means in _UNREACHABLE if isinstance(error, kind)
    )
    return Trouble(
        "host-unreachable",
        where,
        f"{jump}{what}",
        means,
        f"Check that `ssh {where}` works from this machine.",
        raw,
    )


def bad_config(where: str, error: Exception, jump: str = "") -> Trouble:
    """Why the ssh_config cannot be followed."""
    return Trouble(
        "ssh-config",
        where,
        f"{jump}the ssh config cannot be used",
        "A file or an option that it names cannot be read.",
        "Mend what is named below.",
        f"{type(error).__name__}: {error}",
    )


def no_session(where: str, error: Exception) -> Trouble:
    """Why a connection that is up starts no further command."""
    return Trouble(
        "host-unreachable",
        where,
        "it opens no further session",
        "sshd's MaxSessions is reached, or it allows no commands to this user.",
        "Close other sessions over the same connection, or raise MaxSessions.",
        f"{type(error).__name__}: {error}",
    )


def lost(where: str, error: Exception | None = None) -> Trouble:
    """The connection went away while it was used."""
    return Trouble(
        "host-unreachable",
        where,
        "the connection was lost",
        "The host went down or was restarted, or the network between broke.",
        "Sealift connects again by itself.",
        f"{type(error).__name__}: {error}" if error else "",
    )
