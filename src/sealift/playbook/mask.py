"""Names that stay at home: hosts, users, pools, datasets and addresses, each replaced by a number.

A mask is taught the names of a route, and finds them in any text: whole words, also inside of
snapshot names and paths, the parts of a dataset one by one. What it meets beside them (a dataset of
another pool in a `zfs` command, a host of the same domain, an address) is replaced as well. The
same name gets the same replacement in all texts of one mask.

The user `root` names nobody and stays. Snapshot names stay but for the known names in them, and so
does the name of a stranger that only a raw message mentions: a masked report wants reading, too.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from sealift.routes import BadLocationError, Location
from sealift.zfs.names import MAX_NAME, BadNameError

# Bounded, because a host may say anything: else a long text takes the square of its length.
_WORD = re.compile(r"[^\W_]+")
_POOL = re.compile(r"[A-Za-z][\w.:-]{0,254}(?=/)")
_PART = re.compile(r"[\w.:-]{0,254}\w")
_DATASET = re.compile(r"[A-Za-z][\w.:-]{0,254}(?:/[\w.:-]{0,254}\w){1,50}")
_CHUNK = re.compile(r"[\w.:/@#-]+")
_LOGIN = re.compile(r"([\w.-]{1,64})@([\w.-]{0,252}\w)")
_DOTTED = re.compile(r"(?:[\w-]{1,63}\.){1,9}[\w-]{0,62}\w")
_ADDRESS = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{0,34}(?:[0-9A-Fa-f]|::)"
)
_ZFS = re.compile(r"\bzfs +[a-z-]+((?: +[^\s|;&'\"`]+)+)")
# Words that say something in a command and nothing about whoever owns the hosts.
_COMMON = frozenset(
    {"doas", "none", "receive", "recv", "root", "send", "ssh", "sshd", "sudo", "zfs", "zpool"}
)
_SHORTEST = 2  # a single letter names nobody, and would be found everywhere
_SHORTEST_PART = 3


@dataclass(slots=True)
class _Names:
    """The names of one kind, numbered as they come."""

    kind: str
    known: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def give(self, name: str) -> str:
        """The replacement of a name, a new one for a new name."""
        if name not in self.known:
            self.count += 1
            self.known[name] = f"{self.kind}-{self.count}"
        return self.known[name]


class Mask:
    """The names that are replaced, and by what. Teach it all names, then hand it the texts."""

    def __init__(self) -> None:
        self._hosts = _Names("host")
        self._users = _Names("user")
        self._pools = _Names("pool")
        self._parts = _Names("dataset")
        self._routes = _Names("route")
        self._addresses = _Names("address")
        self._domains: set[str] = set()
        self._single: set[str] = set()  # hosts that were named without their domain
        self._spaced: list[str] = []  # parts of datasets whose end no pattern can tell
        # What is looked for as a word of any text, and how many words the longest of it has.
        self._words: dict[str, str] = {}
        self._longest = 1

    def learn_host(self, name: str, *calls_itself: str) -> None:
        """A host as the user named it, and what else it is called."""
        if not name:
            return
        short = name.lower().partition(".")[0]
        alone = short in self._single and not _is_address(name)
        shown = self._hosts.give(short if alone else name.lower())
        self._hosts.known.setdefault(name.lower(), shown)
        if "." not in name:
            self._single.add(short)
        for each in (name, *calls_itself):
            self._learn_host(each.strip().lower(), shown)

    def _learn_host(self, name: str, shown: str) -> None:
        label, _, domain = name.partition(".")
        names = [name]
        if domain and not _is_address(name):
            names.append(label)
            self._domains.add(domain)
        for each in filter(None, names):
            self._hosts.known.setdefault(each, shown)
            self._learn_word(each, shown, _SHORTEST)

    def learn_user(self, name: str) -> None:
        """A login name."""
        if name and name != "root":
            self._learn_word(name, self._users.give(name), _SHORTEST_PART)

    def learn_place(self, text: str) -> None:
        """A host as the user named it, with or without a login name: `root@nas1`."""
        user, _, host = text.rpartition("@")
        self.learn_user(user)
        if host != "this machine":
            self.learn_host(host)

    def learn_location(self, text: str) -> None:
        """A place with its dataset, as `Location.parse` reads it; nothing if it is none."""
        try:
            found = Location.parse(text)
        except (BadLocationError, BadNameError):
            return
        self.learn_user(found.user or "")
        self.learn_host(found.host or "")
        self.learn_dataset(found.dataset)

    def learn_dataset(self, name: str) -> None:
        """A dataset by its whole name; what is behind an `@` or `#` is left."""
        pool, *parts = re.split("[@#]", name)[0].split("/")
        if pool:
            self._learn_word(pool, self._pools.give(pool), _SHORTEST)
        self.learn_below("/".join(parts))

    def learn_below(self, name: str) -> None:
        """A dataset by its name below the root of a tree."""
        for part in filter(None, name.split("/")):
            self._learn_word(part, self._parts.give(part), _SHORTEST_PART)
            if " " in part and part not in self._spaced:
                self._spaced.append(part)

    def learn_route(self, name: str) -> None:
        """What the operator calls a route."""
        if name:
            self._learn_word(name, self._routes.give(name), _SHORTEST_PART)

    def _learn_word(self, name: str, shown: str, shortest: int) -> None:
        core = name.strip("_.:- ")
        if not shortest <= len(core) <= MAX_NAME or core.isdigit() or core.lower() in _COMMON:
            return
        for form in (core, core.lower()):
            self._words.setdefault(form, shown)
        self._longest = max(self._longest, len(_WORD.findall(core)))

    def text(self, text: str) -> str:
        """The text without the names."""
        for name in _datasets_in(text):
            self.learn_dataset(name)
        shown: list[str] = []
        words = list(_WORD.finditer(text))
        at = 0
        for index, word in enumerate(words):
            if word.start() < at:
                continue
            end, replacement = self._found(text, words, index)
            if end:
                shown += (text[at : word.start()], replacement)
                at = end
        return "".join((*shown, text[at:]))

    def _found(self, text: str, words: list[re.Match[str]], index: int) -> tuple[int, str]:
        """What begins at this word and is to be replaced: where it ends, and by what. 0 if none."""
        start = words[index].start()
        if (address := _ADDRESS.match(text, start)) and _is_address(address[0]):
            return address.end(), self._address(address[0])
        if (login := _LOGIN.match(text, start)) and (shown := self._login(login[1], login[2])):
            return login.end(), shown
        if (pool := _POOL.match(text, start)) and pool[0] in self._pools.known:
            return self._below(text, pool.end(), self._pools.give(pool[0]))
        if (dotted := _DOTTED.match(text, start)) and (shown := self._host(dotted[0])):
            return dotted.end(), shown
        for last in reversed(words[index : index + self._longest]):
            name = text[start : last.end()]
            if shown := self._words.get(name) or self._words.get(name.lower(), ""):
                if shown in self._pools.known.values():
                    return self._below(text, last.end(), shown)
                return last.end(), shown
        return 0, ""

    def _below(self, text: str, at: int, shown: str) -> tuple[int, str]:
        """The rest of a dataset's name behind its pool, which ends before `at`."""
        while text.startswith("/", at) and (part := self._part(text, at + 1)):
            at += 1 + len(part)
            shown += f"/{self._parts.give(part)}"
        return at, shown

    def _part(self, text: str, at: int) -> str:
        spaced = next((each for each in self._spaced if text.startswith(each, at)), "")
        found = _PART.match(text, at)
        return spaced or (found[0] if found else "")

    def _login(self, user: str, host: str) -> str:
        """`user@host`, if either is known; `dataset@snapshot` looks the same."""
        known = self._host(host)
        if not known and (user in self._pools.known or user not in self._users.known):
            return ""
        self.learn_user(user)
        if not known:
            self.learn_host(host)
        shown = user if user == "root" else self._users.give(user)
        return f"{shown}@{known or self._hosts.known[host.lower()]}"

    def _host(self, name: str) -> str:
        """The replacement of a host: a known one, also with its domain, or one of its domain."""
        lower = name.lower()
        if shown := self._hosts.known.get(lower):
            return shown
        if _is_address(name):
            return ""
        if any(lower == each or lower.endswith(f".{each}") for each in self._domains):
            return self._hosts.give(lower)
        return self._hosts.known.get(lower.partition(".")[0], "")

    def _address(self, text: str) -> str:
        return self._hosts.known.get(text.lower()) or self._addresses.give(text.lower())


def _datasets_in(text: str) -> list[str]:
    """What is a dataset by where it stands: behind `zfs list`, or before a snapshot's name."""
    behind = [word for words in _ZFS.findall(text) for word in words.split()]
    before = [chunk for chunk in _CHUNK.findall(text) if "@" in chunk or "#" in chunk]
    names = [re.split("[@#]", each)[0] for each in (*behind, *before)]
    return [name for name in names if _DATASET.fullmatch(name)]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
