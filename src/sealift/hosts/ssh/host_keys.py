"""Decides about host keys by known_hosts, and says what is wrong with one that is refused.

AsyncSSH would check nothing for `UserKnownHostsFile none`, and never tells an unknown key from a
changed one.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import asyncssh

from sealift.hosts.ssh import known_hosts
from sealift.hosts.ssh.known_hosts import KnownKey
from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError, UnknownKey

# No certificate: a host that shows one from an authority nobody here knows has a plain key as well.
ANY_PLAIN_KEY = "ssh-ed25519,ecdsa-sha2-nistp???,rsa-sha2-???"

_Keys = list[asyncssh.SSHKey]


class HostKeyCheck(asyncssh.SSHClient):
    """The check of one connection. `texts` are the known_hosts files, the first takes new keys.

    AsyncSSH asks `known` which keys it may see; a key or an authority that was not among the answer
    it hands over in the other two methods. `answered` is whether the host took the connection up.
    """

    def __init__(self, texts: tuple[tuple[Path, str], ...], alias: str | None) -> None:
        self._texts = texts
        self._alias = alias
        self._shown: asyncssh.SSHKey | None = None
        self._name = ""
        self._expected: tuple[KnownKey, ...] = ()
        self._revoked: tuple[KnownKey, ...] = ()
        self._unknown_authority = False
        self.answered = False

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Note that the host took up the connection; its login is yet to come.

        A `ProxyCommand` only tells that a program was started here: it has no other end.
        """
        self.answered = conn.get_extra_info("peername") is not None

    def known(
        self,
        host: str,
        addr: str,  # noqa: ARG002 - only the name counts, as for OpenSSH (CheckHostIP no)
        port: int | None,
    ) -> tuple[_Keys, _Keys, _Keys, list[str], list[str], list[str], list[str]]:
        """The host's own keys, its authorities, and what is revoked; nothing of X.509."""
        self._name = known_hosts.host_name(host, None if host == self._alias else port)
        found = known_hosts.find(self._texts, self._name)
        plain = known_hosts.host_name(host, None)
        # On another port than 22, the keys of the host on 22 will do, but are no conflict.
        others = known_hosts.find(self._texts, plain) if plain != self._name else ()
        self._expected = _of_kind("", found)
        self._revoked = _of_kind("revoked", found + others)
        trusted = found if [each for each in found if each.kind != "revoked"] else others
        return (
            _imported(_of_kind("", trusted)),
            _imported(_of_kind("authority", trusted)),
            _imported(self._revoked),
            [],
            [],
            [],
            [],
        )

    def validate_host_public_key(
        self,
        host: str,  # noqa: ARG002 - the base class calls it with these
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,
    ) -> bool:
        """Note a key that is not trusted, and refuse it."""
        self._shown = key
        return False

    def validate_host_ca_key(
        self,
        host: str,  # noqa: ARG002 - the base class calls it with these
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,  # noqa: ARG002
    ) -> bool:
        """Note that the host showed a certificate of an unknown authority, and refuse it."""
        self._unknown_authority = True
        return False

    def ask_again(self, error: Exception) -> bool:
        """Whether the host should be asked for any plain key that it has.

        At first it is only asked for the kinds of key that known_hosts has, or for a certificate.
        """
        return isinstance(error, asyncssh.KeyExchangeFailed) or self._unknown_authority

    def trouble(self, where: str, jump: str, error: Exception) -> TroubleError | None:
        """Why the key was refused; None if `error` is about something else."""
        if not isinstance(error, asyncssh.HostKeyNotVerifiable):
            return None
        if self._shown is not None:
            return self._changed(where, jump, error) or self._unknown(where, jump, error)
        if "revoked" in str(error):
            lines = ", ".join(each.place for each in self._revoked)
            return TroubleError(
                Trouble(
                    "host-key-revoked",
                    where,
                    f"{jump}its host key is revoked in {lines}",
                    "Someone marked this key as stolen or retired. Sealift does not connect.",
                    "Ask who runs the host.",
                    str(error),
                )
            )
        return TroubleError(
            Trouble(
                "host-certificate-refused",
                where,
                f"{jump}its host certificate is not valid",
                "It has expired, or was made for another name.",
                "Ask who runs the host; `ssh -v` shows the certificate.",
                str(error),
            )
        )

    def _changed(self, where: str, jump: str, error: Exception) -> TroubleError | None:
        conflict = next((each for each in self._expected if _import(each) is not None), None)
        if conflict is None or self._shown is None:
            return None
        forget = shlex.join(("ssh-keygen", "-f", str(conflict.file), "-R", self._name))
        remove = f"remove the line with `{forget}`."
        if not conflict.file.exists():  # it was accepted for this session only
            remove = "start sealift again and accept it."
        return TroubleError(
            Trouble(
                "host-key-changed",
                where,
                f"{jump}its host key is not the one in {conflict.place}",
                "The host was reinstalled, or something stands between you and it. Sealift does "
                "not connect.",
                "Ask who runs the host for its fingerprint (shown: "
                f"{self._shown.get_fingerprint()}). Only if it is right, {remove}",
                str(error),
            )
        )

    def _unknown(self, where: str, jump: str, error: Exception) -> TroubleError | None:
        if self._shown is None:
            return None
        algorithm, base64 = self._shown.export_public_key("openssh").decode("ascii").split()[:2]
        file = self._texts[0][0]
        key = UnknownKey(
            name=self._name,
            algorithm=algorithm,
            fingerprint=self._shown.get_fingerprint(),
            line=f"{self._name} {algorithm} {base64}",
            file=file,
        )
        files = ", ".join(dict.fromkeys(str(each) for each, _ in self._texts))
        return HostKeyUnknownError(
            Trouble(
                "host-key-unknown",
                where,
                f"{jump}its host key is not known here: {algorithm} {key.fingerprint}",
                f"{self._name} is in none of {files}.",
                "Compare the fingerprint with the host's own; accept it on the screen, or connect "
                "once with `ssh`.",
                str(error),
            ),
            key,
        )


def _of_kind(kind: str, keys: tuple[KnownKey, ...]) -> tuple[KnownKey, ...]:
    return tuple(each for each in keys if each.kind == kind)


def _imported(keys: tuple[KnownKey, ...]) -> _Keys:
    return [key for each in keys if (key := _import(each)) is not None]


def _import(key: KnownKey) -> asyncssh.SSHKey | None:
    """The key; None if it is of a kind that AsyncSSH does not have, or broken."""
    try:
        return asyncssh.import_public_key(key.text)
    except ValueError:
        return None
