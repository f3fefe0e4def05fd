"""Read what `remote/posture.sh` says of a host: what would load keys or mount there at boot. Pure.

The host is not trusted: its words are made printable, its lines have a limit in the script, and a
line of another shape is an error and not a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from sealift.zfs.names import printable
from sealift.zfs.parse import ParseError, lines_of

_READING = "the answer of `posture.sh`"
_SAYS = "sealift "
_CACHED = 6
# `zfs unload-key` and the names of units (`zfs-load-key-x.service`) have the same letters in them.
_LOADING = r"(?<!un)(?<!zfs-)load-key(?=[\s\"']|$)"
_LOADS = re.compile(
    rf"{_LOADING}|pam_zfs_key|zfs +mount\b.* -[a-zA-Z]*l|zpool +import\b.* -[a-zA-Z]*l"
    r"|zfskeys_enable|ZPOOL_IMPORT_OPTS=.*-[a-zA-Z]*l"
)
_CALL = re.compile(rf"(?:{_LOADING}|zfs +mount\b|zpool +import\b)([^;|&<>]*)")
_HOMES = re.compile(r"\bhomes=([^\s]+)")
_COMMENT = re.compile(r"\s*[#;]")
# The package's own: it loads what has another `keylocation` than `prompt`, a finding by itself.
_PACKAGED = re.compile(r"/etc/init\.d/zfs[-\w]*")
_WITH_ARGUMENT = frozenset({"-L", "-o", "-d", "-c", "-R"})
_BY_ITSELF = re.compile(r"[<|]|-L *[\"']?(file|http)")


class State(Enum):
    """Whether what a file says is carried out."""

    STARTED = "started at boot"
    IDLE = "not started by anything seen"
    MASKED = "masked"
    REPLACED = "replaced by another file"


@dataclass(frozen=True, slots=True)
class BootLine:
    """A line of a file that is carried out at boot, at a login or every so often.

    `state` is a unit's; whatever is in another file is counted as carried out.
    """

    path: str
    text: str
    state: State = State.STARTED

    @property
    def loads(self) -> bool:
        """Whether it loads keys. Otherwise it mounts what can be mounted without."""
        return _LOADS.search(self.text) is not None

    @property
    def asks(self) -> bool:
        """Whether it would ask a person for the key, as far as its words tell."""
        return "ask-password" in self.text or not _BY_ITSELF.search(self.text)

    def concerns(self, root: str) -> bool:
        """Whether it may be about a dataset's tree: by a name in it or above it, or by none."""
        if "pam_zfs_key" in self.text:
            homes = _HOMES.search(self.text)
            return _meets(homes[1] if homes else "rpool/home", root)
        calls = _CALL.findall(self.text)
        return not calls or any(_names_it(call.split(), root) for call in calls)


def _names_it(words: list[str], root: str) -> bool:
    names: list[str] = []
    argument = False
    for word in (each.strip("\"'\\") for each in words):
        if argument or not word:
            argument = False
        elif word.startswith("-"):
            if "a" in word and not word.startswith("--"):
                return True
            argument = word in _WITH_ARGUMENT
        else:
            names.append(word)
    # What a shell or systemd fills in may be any dataset.
    return not names or any("$" in name or "%" in name or _meets(name, root) for name in names)


def _meets(name: str, root: str) -> bool:
    return f"{root}/".startswith(f"{name}/") or name.startswith(f"{root}/")


@dataclass(frozen=True, slots=True)
class Cached:
    """A dataset in `/etc/zfs/zfs-list.cache`, of which `zfs-mount-generator` makes units."""

    path: str
    dataset: str
    mountpoint: str
    canmount: str
    encryption_root: str
    keylocation: str
    ignored: bool

    @property
    def mounts(self) -> bool:
        """Whether a unit mounts it at boot, and so first starts the one that loads its key."""
        return self.canmount == "on" and self.mountpoint.startswith("/") and not self.ignored


@dataclass(frozen=True, slots=True)
class Boot:
    """What was seen of one host. `init` is the name of process 1, empty if that is unknown.

    `generator` is the path of zfs-mount-generator, empty where there is none. `sudo` says that our
    user may load keys as root without a password. `unread` are paths that are there and not for
    us to read.
    """

    init: str
    generator: str
    lines: tuple[BootLine, ...]
    cached: tuple[Cached, ...]
    sudo: bool
    unread: tuple[str, ...]

    @property
    def loading(self) -> tuple[BootLine, ...]:
        """What loads keys, whether it is started or not."""
        return tuple(line for line in self.lines if line.loads)

    @property
    def mounting(self) -> tuple[BootLine, ...]:
        """What mounts at boot and loads no keys."""
        started = (line for line in self.lines if line.state is State.STARTED)
        return tuple(line for line in started if not line.loads)

    def pulled(self, root: str) -> tuple[Cached, ...]:
        """The encryption roots of a tree whose key a generated unit loads because of a mount."""
        wanted = {each.encryption_root for each in self.cached if each.mounts}
        roots = [each for each in self.cached if each.dataset == each.encryption_root]
        return tuple(
            each
            for each in roots
            if each.dataset in wanted and f"{each.dataset}/".startswith(f"{root}/")
        )


def parse_boot(data: bytes) -> Boot:
    """Read the answer. Raises `ParseError`, also if it has no end."""
    said: dict[str, list[str]] = {}
    for line in lines_of(data):
        if not line.startswith(_SAYS):
            raise ParseError(_READING, line)
        word, _, value = line.removeprefix(_SAYS).partition(" ")
        said.setdefault(word, []).append(value)
    if "end" not in said:
        raise ParseError(_READING, data[-80:], "it has no end")
    states = dict(_unit(value) for value in said.get("unit", ()))
    lines = dict.fromkeys(
        BootLine(path, text, states.get(path, State.STARTED))
        for path, text in (_line(value) for value in said.get("line", ()))
        if not _COMMENT.match(text) and not _PACKAGED.fullmatch(path)
    )
    return Boot(
        init=printable(said.get("init", [""])[0]),
        generator=printable(said.get("generator", [""])[0]),
        lines=tuple(each for each in lines if each.loads or "mount" in each.text),
        cached=tuple(_cached(value) for value in said.get("cached", ())),
        sudo="sudo" in said,
        unread=tuple(dict.fromkeys(printable(each) for each in said.get("unread", ()))),
    )


def _unit(value: str) -> tuple[str, State]:
    word, _, path = value.partition(" ")
    try:
        return printable(path), State[word.upper()]
    except KeyError:
        raise ParseError(_READING, value, "an unknown state of a unit") from None


def _line(value: str) -> tuple[str, str]:
    path, tab, text = value.partition("\t")
    if not tab:
        raise ParseError(_READING, value, "a path and a text were expected")
    return printable(path), printable(text.replace("\t", " ")).strip()


def _cached(value: str) -> Cached:
    fields = [printable(field) for field in value.split("\t")]
    path, colon, name = fields[0].partition(":")
    if not colon or len(fields) > _CACHED:
        raise ParseError(_READING, value, "a line of zfs-list.cache was expected")
    # Lines of older versions end earlier.
    rest = [*fields[1:], *["-"] * (_CACHED - len(fields))]
    return Cached(path, name, rest[0], rest[1], rest[2], rest[3], rest[4] == "on")
