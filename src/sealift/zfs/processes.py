"""Which `zfs send` and `zfs receive` run on a host, from `ps -A -o pid=,ppid=,etimes=,args=`.

A line is pid, parent's pid, seconds since its start and the argv glued with spaces, so that a word
with a space cannot be told from two: what is read out of it is a hint for people and a reason to
wait, never a name to act on. Source: ps(1) of procps-ng, `zfs_do_send` and `zfs_do_receive` in
`cmd/zfs/zfs_main.c` for the options.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sealift.zfs import makers
from sealift.zfs.commands import Command, Effect
from sealift.zfs.parse import ParseError, lines_of, number

LIST = Command(
    ("ps", "-A", "-o", "pid=,ppid=,etimes=,args="), Effect.READ, "which zfs sends and receives run"
)

Verb = Literal["send", "receive"]

SSHD = frozenset({"sshd", "sshd-session"})
COMPRESSORS = frozenset(
    {
        *("bzip2", "gzip", "lz4", "lzop", "pbzip2", "pigz", "plzip", "pzstd", "unzstd", "xz"),
        *("zcat", "zstd", "zstdcat", "zstdmt"),
    }
)
FILTERS = frozenset({"pv", "mbuffer"}) | COMPRESSORS
"""What stands between a send and a receive and passes on what it is given."""

_READING = "a line of `ps`"
_LINE = re.compile(r" *([0-9]+) +([0-9]+) +([0-9]+)(?: (.*))?", re.DOTALL)
_VERBS: Mapping[str, Verb] = {"send": "send", "receive": "receive", "recv": "receive"}
# Options that take the next word (or the rest of their own) as their value.
_VALUED: Mapping[Verb, str] = {"send": "diItX", "receive": "ox"}
_LONG = {
    "--raw": "w",
    "--replicate": "R",
    "--dryrun": "n",
    "--resume": "t",
    "--redact": "d",
    "--exclude": "X",
}
_SHELLS = frozenset({"sh", "dash", "bash", "ksh", "zsh"})
_ELEVATING = frozenset({"sudo", "doas"})
_ELEVATING_VALUED = frozenset({"-u", "-g", "-C", "-h", "-p", "-T", "-r", "-t", "-D", "-R"})


@dataclass(frozen=True, slots=True)
class Process:
    """A running `zfs send` or `zfs receive`; `seconds` is how long it has run.

    `argv_text` is its words glued with spaces, from the word `zfs` on. `dataset` is what it sends
    from or receives into, without the snapshot, and empty where its words do not say (`send -t`).
    `below` is set for a receive that makes the rest of the name itself (`-d`, `-e`). Of a send,
    `raw` is whether it has `-w`, `replicate` whether it has `-R`, `whole` whether it starts from
    nothing (neither `-i`, `-I` nor `-t`), and `token` what it resumes. `tool` is the replication
    tool that has started it, `started_by` that one's pid (0: only its ssh is there to be seen).
    """

    pid: int
    parent: int
    seconds: int
    argv_text: str
    verb: Verb
    dataset: str
    below: bool = False
    raw: bool = False
    replicate: bool = False
    whole: bool = False
    token: str = ""
    tool: str = ""
    started_by: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """Any process of a host, as the listing has it."""

    pid: int
    parent: int
    seconds: int
    args: str

    @property
    def program(self) -> str:
        """The name it was started by, without its path; a daemon's title ends at the colon."""
        return _program(self.args.split(" ")).removesuffix(":")


@dataclass(frozen=True, slots=True)
class Listing:
    """What runs on a host: all of it, and the transfers among it."""

    entries: Mapping[int, Entry]
    transfers: tuple[Process, ...]

    def above(self, pid: int) -> tuple[Entry, ...]:
        """The ancestors of a process, its parent first."""
        parents = {entry.pid: entry.parent for entry in self.entries.values()}
        found = (self.entries.get(each) for each in _ancestors(pid, parents))
        return tuple(entry for entry in found if entry is not None)

    def older_than(self, seconds: float) -> Listing:
        """The listing without what began in the last few seconds."""
        return Listing(
            {pid: each for pid, each in self.entries.items() if each.seconds >= seconds},
            tuple(each for each in self.transfers if each.seconds >= seconds),
        )

    def carrying(self, dataset: str) -> tuple[Entry, ...]:
        """The ssh clients whose words have a `zfs receive` into `dataset` or below it."""
        into = re.compile(rf"\b(?:receive|recv)\b.*[ ']{re.escape(dataset)}(?![A-Za-z0-9_.:-])")
        return tuple(
            entry
            for entry in self.entries.values()
            if entry.program == "ssh" and into.search(entry.args)
        )

    def feeding(self, dataset: str) -> tuple[Entry, ...]:
        """The shells whose words have a `zfs send` of exactly `dataset`.

        One is there until all of its pipeline has ended: a buffer may go on long after the send.
        """
        sent = re.compile(rf"\bzfs +send\b[^|]*[ '\"]{re.escape(dataset)}(?![A-Za-z0-9_.:/-])")
        return tuple(
            entry
            for entry in self.entries.values()
            if entry.program in _SHELLS and sent.search(entry.args)
        )


def parse(data: bytes) -> tuple[Process, ...]:
    """The sends and receives of a listing; see `parse_listing`."""
    return parse_listing(data).transfers


def parse_listing(data: bytes) -> Listing:
    """Read the whole listing; raise `ParseError` on a line that does not begin with its numbers.

    What runs behind sudo or doas is given once: as the process itself, and as sudo's only where the
    process is not in the listing (it has just begun, or the host hides it). A dry run (`-n`) moves
    nothing and is no transfer.
    """
    entries: dict[int, Entry] = {}
    found: list[tuple[Process, bool]] = []
    for line in lines_of(data):
        fields = _LINE.fullmatch(line)
        if fields is None:
            raise ParseError(_READING, line, "it does not begin with three numbers")
        pid, parent, seconds = (number(field, _READING) for field in fields.groups()[:3])
        args = (fields[4] or "").strip(" ")
        entries[pid] = Entry(pid, parent, seconds, args)
        words = args.split(" ")
        inner = _behind_elevation(words)
        process = _process(pid, parent, seconds, inner)
        if process is not None:
            found.append((process, inner is not words))
    parents = {entry.pid: entry.parent for entry in entries.values()}
    covered = {above for process, _ in found for above in _ancestors(process.pid, parents)}
    transfers = tuple(each for each, elevated in found if not (elevated and each.pid in covered))
    return Listing(entries, tuple(_with_tool(each, Listing(entries, ())) for each in transfers))


def _with_tool(process: Process, listing: Listing) -> Process:
    """The process with the tool above it, or else the one whose ssh is in its pipeline."""
    above = listing.above(process.pid)
    for entry in above:
        if tool := makers.of_process(entry.args):
            return replace(process, tool=tool, started_by=entry.pid)
    # sshd's other children are sessions of their own.
    if not above or above[0].pid == 1 or above[0].program in SSHD:
        return process
    beside = (each for each in listing.entries.values() if each.parent == above[0].pid)
    tool = next(filter(None, (makers.of_process(each.args) for each in beside)), "")
    return replace(process, tool=tool)


def receiving(processes: tuple[Process, ...], dataset: str) -> tuple[Process, ...]:
    """The receives that write into `dataset`, or may: those into exactly it come first.

    One into a dataset above it may: a `-R` stream goes on into the children, and `-d` and `-e` make
    the rest of the name from the stream. Names with spaces are matched at the end of the words.
    """
    receives = tuple(each for each in processes if each.verb == "receive")
    exact = tuple(each for each in receives if _into(each, dataset))
    above = tuple(
        each
        for each in receives
        if each not in exact and any(_into(each, name) for name in _above(dataset))
    )
    return exact + above


def _behind_elevation(words: list[str]) -> list[str]:
    """The words behind sudo's or doas's own; `words` itself (the same list) without them."""
    if _program(words) not in _ELEVATING:
        return words
    position = 1
    while position < len(words):
        word = words[position]
        if word == "--":
            position += 1
            break
        if word in _ELEVATING_VALUED:
            position += 2
        elif word.startswith("-") or "=" in word.partition("/")[0]:
            position += 1
        else:
            break
    return words[position:]


def _program(words: list[str]) -> str:
    return words[0].rpartition("/")[2] if words else ""


def _process(pid: int, parent: int, seconds: int, words: list[str]) -> Process | None:
    if words[:2] == ["zfs:", "sending"]:
        # The title that `zfs send -V` gives itself: with its options gone, none is held against it.
        dataset = " ".join(words[2:]).partition("@")[0]
        return Process(pid, parent, seconds, " ".join(words), "send", dataset, raw=True)
    verb = _VERBS.get(words[1]) if _program(words) == "zfs" and len(words) > 1 else None
    if verb is None:
        return None
    options, rest = _options(words[2:], _VALUED[verb])
    if "n" in options:
        return None
    name = " ".join(rest)
    sends = verb == "send"
    return Process(
        pid,
        parent,
        seconds,
        " ".join(words),
        verb,
        name.partition("@")[0],
        below=not sends and bool(options.keys() & set("de")),
        raw=sends and "w" in options,
        replicate=sends and "R" in options,
        whole=sends and not options.keys() & set("iIt"),
        token=options.get("t", "") if sends else "",
    )


def _options(words: list[str], valued: str) -> tuple[dict[str, str], list[str]]:
    """The options by their letters, and the words behind the last, as getopt_long(3) reads them."""
    options: dict[str, str] = {}
    position = 0
    while position < len(words) and words[position].startswith("-"):
        word = words[position]
        position += 1
        if word == "--":
            break
        following = words[position] if position < len(words) else ""
        if word.startswith("--"):
            name, given, value = word.partition("=")
            letter = _LONG.get(name, "")
            if letter and letter in valued and not given:
                value = following
                position += 1
            options[letter or name] = value
            continue
        for index, letter in enumerate(word[1:], start=1):
            options[letter] = ""
            if letter in valued:
                last = index == len(word) - 1
                options[letter] = following if last else word[index + 1 :]
                position += last
                break
    return options, words[position:]


def _ancestors(pid: int, parents: Mapping[int, int]) -> list[int]:
    above: list[int] = []
    # The listing is not of one instant: a pid used again could close a circle.
    while (pid := parents.get(pid, 0)) and pid not in above:
        above.append(pid)
    return above


def _into(process: Process, dataset: str) -> bool:
    text = process.argv_text
    # The short name of a snapshot may stand behind; it holds no slash and no `@`.
    head, _, short = text.rpartition("@")
    names = (text, head) if head and "/" not in short else (text,)
    return any(name.endswith(f" {dataset}") for name in names)


def _above(dataset: str) -> list[str]:
    parts = dataset.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
