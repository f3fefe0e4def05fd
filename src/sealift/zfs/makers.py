"""Which tool made a snapshot, bookmark or hold, or runs a process: told by the names that it gives.

Anybody may give such names. They are good for words and for caution: nothing is done, and nothing
allowed, because of them. Names that a user chooses (znapzend's, zrepl's with another prefix) are
not guessed at. Sources: syncoid 2.1 to 2.3 and sanoid (`newsyncsnap`, `getssh`), bzfs 1.25
(`_Continuity` in `replication.py`), zrepl's `endpoint`, the defaults of zfs_autobackup, zettarepl
and pyznap, zfs-auto-snapshot.sh.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DAY, _TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"
# Not among them: `zfs`, `ssh` and what stands between are the same for everybody.
_INTERPRETERS = re.compile(r"perl|python[\d.]*|sh|bash|dash")
_TEMPORARY = ".TMPBZFS."


@dataclass(frozen=True, slots=True)
class _Tool:
    """`snapshots` and `holds` are what all of a name has to match; bookmarks are named likewise.

    `programs` are what it is started as, `socket` is what the path of its ssh's control socket
    holds, `raw` is how it is told to send raw, empty where that needs more than a word.
    """

    name: str
    snapshots: str
    holds: str = ""
    programs: tuple[str, ...] = ()
    socket: str = ""
    raw: str = ""


_TOOLS = (
    _Tool(
        "syncoid",
        rf"syncoid_.*{_DAY}[:_]{_TIME}-GMT-?\d\d:\d\d.*",
        "syncoid_.+",
        ("syncoid",),
        "/tmp/syncoid-",  # noqa: S108 - where it has it
        "--sendoptions=w",
    ),
    _Tool("sanoid", rf"autosnap_{_DAY}_{_TIME}_[a-z]+", programs=("sanoid",)),
    _Tool(
        "bzfs",
        rf"bzfs_.*{_DAY}_{_TIME}.*",
        programs=("bzfs", "bzfs_jobrunner"),
        socket="/.ssh/bzfs/",
        raw="--zfs-send-program-opts='--raw --compressed'",
    ),
    _Tool(
        "zrepl",
        r"zrepl_(?:\d{8}_\d{6}_\d{3}|(?:CURSOR|STEP)\w*_J_.+)",
        "zrepl_(?:STEP|last_received)_J_.+",
        ("zrepl",),
        raw="send: {encrypted: true}",
    ),
    _Tool("TrueNAS", rf"(?:auto|manual)-{_DAY}_\d\d-\d\d", programs=("zettarepl", "middlewared")),
    _Tool("pyznap", rf"pyznap_{_DAY}_{_TIME}_[a-z]+", programs=("pyznap",), socket="/tmp/pyznap_"),  # noqa: S108 - where it has it
    _Tool("zfs-auto-snapshot", rf"zfs-auto-snap_[a-z]+-{_DAY}-\d{{4}}"),
    _Tool(
        "zfs-autobackup",
        r"[^@]+-20\d{12}",
        "zfs_autobackup:.+",
        ("zfs-autobackup", "zfs_autobackup"),
    ),
)
_RAW = {each.name: each.raw for each in _TOOLS}
_PROGRAMS = {program: each.name for each in _TOOLS for program in each.programs}
_SOCKETS = {each.socket: each.name for each in _TOOLS if each.socket}


def _any_of(patterns: list[tuple[str, str]]) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """One pattern for all, with a group each: there may be 100,000 names to look at."""
    names = tuple(name for name, _ in patterns)
    return re.compile("|".join(f"({pattern})" for _, pattern in patterns)), names


_SNAPSHOTS, _TAKING = _any_of([(each.name, each.snapshots) for each in _TOOLS])
_HOLDS, _HOLDING = _any_of([(each.name, each.holds) for each in _TOOLS if each.holds])


def of_snapshot(name: str) -> str:
    """The tool that gives a snapshot this short name; empty if none is known to."""
    found = _SNAPSHOTS.fullmatch(name)
    return _TAKING[(found.lastindex or 0) - 1] if found else ""


def in_brackets(name: str) -> str:
    """` (syncoid's)`, to stand behind a snapshot in a sentence; empty if no tool is known."""
    tool = of_snapshot(name)
    return f" ({tool}'s)" if tool else ""


def of_bookmark(name: str, guid: int) -> str:
    """The tool that gives a bookmark this name; bzfs puts the guid into it, before the last part.

    Most name it after its snapshot, and so it is as likely the one that took that.
    """
    if name.startswith(_TEMPORARY) or re.search(rf"_{guid}(?:_[^_]*)?$", name):
        return "bzfs"
    return of_snapshot(name)


def of_hold(tag: str) -> str:
    """The tool that holds with this tag; empty if none is known to."""
    found = _HOLDS.fullmatch(tag)
    return _HOLDING[(found.lastindex or 0) - 1] if found else ""


def of_process(args: str) -> str:
    """The tool that a process (its words glued with spaces) is, or whose ssh it is."""
    words = args.split(" ")
    program = _base(words[0]).removesuffix(":")
    if _INTERPRETERS.fullmatch(program):
        program = _base(next((word for word in words[1:] if not word.startswith("-")), ""))
    if program == "ssh":
        return next((name for socket, name in _SOCKETS.items() if socket in args), "")
    return _PROGRAMS.get(program, "")


def sends(bookmark: str, snapshot: str) -> bool:
    """Whether bzfs has a bookmark as long as it sends a snapshot: it is given another name then."""
    return bookmark.startswith(f"{_TEMPORARY}{snapshot}.")


def raw_option(tool: str) -> str:
    """What a tool is to be told so that it sends raw; empty if that is not known."""
    return _RAW.get(tool, "")


def _base(word: str) -> str:
    return word.rpartition("/")[2]
