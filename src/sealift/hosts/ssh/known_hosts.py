"""known_hosts files, read and written as OpenSSH does (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).

AsyncSSH's own reader stops at a line that it cannot read, trusts a name by its address, and loses
`@revoked` lines of hosts on another port than 22.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MARKERS = {"": "", "@cert-authority": "authority", "@revoked": "revoked"}
_HASHED = "|1|"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key from one line. `kind` is empty for a host's key, or `authority`, or `revoked`."""

    kind: str
    algorithm: str
    base64: str
    file: Path
    number: int

    @property
    def text(self) -> str:
        """The key as a public key file has it."""
        return f"{self.algorithm} {self.base64}"

    @property
    def place(self) -> str:
        """Where the line is, to be shown."""
        return f"{self.file} line {self.number}"


def host_name(host: str, port: int | None) -> str:
    """What a host is called in known_hosts: its name, with the port if that is not 22."""
    return host.lower() if port in {None, 22} else f"[{host.lower()}]:{port}"


def read(file: Path) -> str:
    """The text of a file; empty if there is none or it cannot be read, so that nobody is known."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def find(texts: Iterable[tuple[Path, str]], name: str) -> tuple[KnownKey, ...]:
    """All keys for `name`. Lines that are not understood are passed over, as OpenSSH does."""
    found = []
    for file, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            marker = words.pop(0) if words[0].startswith("@") else ""
            if marker in _MARKERS and len(words) > 2 and _names(words[0], name):  # noqa: PLR2004
                found.append(KnownKey(_MARKERS[marker], words[1], words[2], file, number))
    return tuple(found)


def remember(file: Path, line: str) -> None:
    """Add a line to a file, which is made if need be. Raises `OSError`.

    In a file with hashed names, the name is hashed as well: someone wants it so.
    """
    text = read(file)
    if line in text.splitlines():
        return
    if any(each.lstrip().startswith(_HASHED) for each in text.splitlines()):
        name, key = line.split(" ", 1)
        line = f"{_hashed(name, os.urandom(20))} {key}"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(("\n" if text and not text.endswith("\n") else "") + line + "\n")


def _names(patterns: str, name: str) -> bool:
    if patterns.startswith(_HASHED):
        try:
            salt = binascii.a2b_base64(patterns.split("|")[2])
        except (ValueError, IndexError):
            return False
        return hmac.compare_digest(patterns.encode(), _hashed(name, salt).encode())
    named = False
    for pattern in patterns.lower().split(","):
        if _wild(pattern.removeprefix("!"), name):
            if pattern.startswith("!"):
                return False
            named = True
    return named


def _hashed(name: str, salt: bytes) -> str:
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    parts = (binascii.b2a_base64(each, newline=False).decode() for each in (salt, digest))
    return _HASHED + "|".join(parts)


def _wild(pattern: str, name: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, name) is not None
