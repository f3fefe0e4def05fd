"""Sealift's own planner and its job's own command lines, on hosts without processes.

What is run are the lines that `job_files` writes for the runner; what is imitated here is how
`remote/job.sh` goes from one to the next. A job is a generator that stops before each of its
commands, so that anything may happen in between.
"""

from __future__ import annotations

import asyncio
import io
import re
import shlex
import tarfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, cast

from sealift.hosts.host import Host, Result
from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Inventory, build
from sealift.replication.job_files import Order, archive
from sealift.replication.pipeline import End, Ends
from sealift.replication.plan import make_plan
from sealift.replication.preview import Preview, holds_of, make_preview
from sealift.routes import Route
from sealift.zfs import commands, tokens
from sealift.zfs.commands import Command
from sealift.zfs.holds import Hold
from sealift.zfs.listings import SnapshotReader, parse_datasets
from tests.contract.inline import Inline
from tests.contract.story import Answer

HOSTS = {"source": "nas1", "destination": "dr1"}
_FUNCTION = re.compile(r"^(\w+)\(\) \{\n(.*?)\n\}$", re.DOTALL | re.MULTILINE)
_SETTING = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Cut:
    """How an attempt fails: after `limit` bytes of the stream, if it has as many.

    The receiver sees the stream's end, or is `killed`. With `lost` the connection is gone before
    what arrived is held, with `fatal` so is the runner.
    """

    limit: int
    killed: bool = False
    lost: bool = False
    fatal: bool = False


class KilledError(Exception):
    """The runner is no more."""


class FailedError(Exception):
    """The runner gives up; the message is its reason."""


@dataclass(slots=True)
class Carrier:
    """One route between the two hosts. Every command that was run is in `ran`."""

    route: Route
    hosts: Inline = field(default_factory=Inline)
    ran: list[tuple[str, ...]] = field(default_factory=list)

    def do(self, side: str, argv: tuple[str, ...]) -> Answer:
        """Run zfs on one side."""
        self.ran.append(argv)
        return self.hosts.run(HOSTS[side], *argv)

    def root(self, side: str) -> str:
        """The tree's top on one side."""
        return (self.route.source if side == "source" else self.route.destination).dataset

    def inventory(self, side: str) -> Inventory:
        """What one side has now, through the real listings."""
        root = self.root(side)
        listed = self.do(side, commands.list_datasets(root).argv)
        reader = SnapshotReader()
        if listed.code == 0:
            reader.feed(self.do(side, commands.list_snapshots(root).argv).stdout.encode())
        datasets = parse_datasets(listed.stdout.encode())
        taken_at = datetime.fromtimestamp(self.hosts.now, UTC)
        return build(root, datasets, reader.finish(), pool=None, taken_at=taken_at)

    def compare(self) -> Comparison:
        """Both sides, aligned."""
        sides = self.inventory("source"), self.inventory("destination")
        return compare(*sides, self.route.scope)

    def holds(self, comparison: Comparison) -> tuple[tuple[Hold, ...], tuple[Hold, ...]]:
        """All holds of both sides."""
        source, destination = self.host("source"), self.host("destination")

        async def both() -> tuple[tuple[Hold, ...], tuple[Hold, ...]]:
            return (
                await holds_of(source, comparison, on_source=True),
                await holds_of(destination, comparison, on_source=False),
            )

        return asyncio.run(both())

    def preview(self) -> Preview:
        """The plan with its anchoring, from a fresh reading."""
        source, destination = End(self.route.source), End(self.route.destination)
        comparison = self.compare()
        made = make_preview(
            comparison,
            make_plan(comparison),
            Ends(source, destination, self.route.transport),
            self.host("source"),
            self.host("destination"),
            self.route.hold_tag,
        )
        return asyncio.run(made)

    def host(self, side: str) -> Host:
        """A side for what only reads."""
        return cast("Host", _Side(self, side))

    def job(self, preview: Preview, cuts: list[Cut]) -> Iterator[None]:
        """Hold what is needed, then carry the steps; each of `cuts` ends one attempt.

        Raises `FailedError` where the runner would stop, or would not be started, `KilledError`
        where one of them kills it.
        """
        for side in ("source", "destination"):
            held = preview.holding.source if side == "source" else preview.holding.destination
            for command in held:
                yield
                if "does not exist" in self.do(side, command.argv).stderr:
                    raise FailedError("not started")
        order = Order(
            "f00d",
            "beef",
            self.route,
            preview.plan.steps,
            tuple(each.anchoring for each in preview.steps),
            preview.ends,
            "ann@laptop",
            datetime(2025, 12, 25, tzinfo=UTC),
        )
        repair = False
        for step in _folder(order, self):
            if step["kind"] != "repair":
                repair = False
            elif not repair:
                continue
            runner = _Runner(step, cuts)
            yield from runner.carry()
            repair = repair or runner.repair


@dataclass(frozen=True, slots=True)
class _Side:
    """A host for the preview."""

    carrier: Carrier
    side: str

    async def run(self, command: Command, **_: float) -> Result:
        """Run a reading command; no other process runs there."""
        if command.argv[0] == "ps":
            return Result(0, b"", b"", 0.0)
        assert command.effect is commands.Effect.READ
        if command.argv[1] == "send":
            assert "-w" in command.argv
            answer = self.carrier.hosts.transfer(HOSTS[self.side], command.argv, _NOWHERE)[0]
        else:
            answer = self.carrier.do(self.side, command.argv)
        return Result(answer.code, answer.stdout.encode(), answer.stderr.encode(), 0.0)


_NOWHERE = ("zfs", "receive", "-n", "backup/nowhere")
_Words = tuple[str, ...]


class _Step:
    """A step's files; `call` runs one of its functions."""

    def __init__(self, carrier: Carrier, files: dict[str, str]) -> None:
        self.carrier, self.files = carrier, files
        self.functions = dict(_FUNCTION.findall(files["step"]))
        head = files["step"].partition("() {")[0]
        self.settings = {name: shlex.split(text)[0] for name, text in _SETTING.findall(head)}

    def __getitem__(self, name: str) -> str:
        return self.settings[name]

    def lines(self, name: str) -> list[list[str]]:
        """One of its tables."""
        return [line.split("\t") for line in self.files[name].splitlines()]

    def commands(self, name: str, word: str = "") -> tuple[str, list[_Words]]:
        """On which side a function runs which zfs commands."""
        side, found = "source", []
        for line in self.functions[name].replace("$1", word).splitlines():
            words = shlex.split(line)
            if words[0] == "ssh":
                assert words[-2] == self.carrier.route.destination.where
                side, line = "destination", words[-1]  # noqa: PLW2901
            found += _parted(line)
        return side, found

    def call(self, name: str, word: str = "") -> Iterator[Answer]:
        """Run a function's commands one by one."""
        side, lines = self.commands(name, word)
        for argv in lines:
            yield self.carrier.do(side, argv)

    def call_with(self, name: str, names: list[str]) -> Answer:
        """Run a function that takes names from its stdin."""
        side, ((xargs, *argv),) = self.commands(name)
        assert xargs == "xargs"
        return self.carrier.do(side, (*argv, *names))


def _parted(script: str) -> list[_Words]:
    """The commands of `a && { b; c; }`."""
    lexer = shlex.shlex(script, posix=True, punctuation_chars=";&")
    lexer.whitespace_split, lexer.commenters = True, ""
    lines: list[list[str]] = [[]]
    for word in lexer:
        if word in {";", "&&", "{", "}"}:
            lines.append([])
        else:
            lines[-1].append(word)
    return [tuple(line) for line in lines if line and line != [":"]]


def _folder(order: Order, carrier: Carrier) -> list[_Step]:
    """What the runner finds in its folder."""
    found: dict[str, dict[str, str]] = {}
    with tarfile.open(fileobj=io.BytesIO(archive(order))) as tar:
        for entry in tar.getmembers():
            if entry.name.startswith("steps/"):
                _, number, name = entry.name.split("/")
                file = tar.extractfile(entry)
                assert file is not None
                found.setdefault(number, {})[name] = file.read().decode()
    return [_Step(carrier, found[number]) for number in sorted(found)]


class _Runner:
    """How `job.sh` carries one step."""

    def __init__(self, step: _Step, cuts: list[Cut]) -> None:
        self.step, self.cuts = step, cuts
        self.repair = False
        self.refused: str | None = ""
        self.stood = ""
        self.kept: list[str] = []
        self.snapshots: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def carry(self) -> Iterator[None]:
        """Until everything is there, or only repair steps can bring it."""
        step = self.step
        how, word, arriving = "send", "", step["first"]
        look = step["fresh"] != "yes" or step["kind"] == "repair"
        self.stood = "" if step["kind"] == "package" else self._measure()[0][0]
        for _ in range(_TRIES):
            yield
            if look:
                how, word, arriving = yield from self._decide()
            look = True
            if how == "repair":
                self.repair = True
                return
            if how == "arrived":
                yield from self._settle()
                return
            yield
            self.refused = self._attempt(how, word, arriving)
            if self.refused == "":
                if arriving == step["target"]:
                    yield from self._settle()
                    return
                self.kept.append(f"{step['into']}@{arriving}")
        raise FailedError("gave-up")

    def _attempt(self, how: str, word: str, arriving: str) -> str | None:
        """Run the pipeline. What was said where it was refused; None if it was cut off."""
        sending, (send,) = self.step.commands(how, word)
        _, (receive, hold) = self.step.commands("receive", arriving)
        carrier = self.step.carrier
        cut = self.cuts.pop(0) if self.cuts else None
        carrier.ran += [send, receive]
        sent, received = carrier.hosts.transfer(
            HOSTS[sending],
            send,
            receive,
            limit=cut.limit if cut else None,
            killed=cut is not None and cut.killed,
        )
        if cut is not None and (cut.lost or received.code):
            if cut.fatal:
                raise KilledError
            return None
        if sent.code or received.code:
            return f"{send}: {sent.stderr}{receive}: {received.stderr}"
        held = carrier.do("destination", hold)
        return f"{hold}: {held.stderr}" if held.code else ""

    def _look(self) -> None:
        """What `look.sh` says: the destination's tokens and snapshots."""
        into, deep = self.step["into"], self.step["kind"] == "package"
        inventory = self.step.carrier.inventory("destination")
        self.tokens, self.snapshots = {}, {}
        for held in inventory.datasets.values():
            name = held.dataset.name
            if name == into or (deep and name.startswith(into + "/")):
                self.tokens[name] = held.dataset.resume_token or "-"
                for each in held.snapshots:
                    self.snapshots[str(each.guid)] = f"{name}@{each.name}"

    def _measure(self) -> tuple[list[str], list[str]]:
        """The newest of the chain that arrived, and the next that is due."""
        last, *chain = self.step.lines("chain")
        due: list[str] = []
        for line in chain:
            if line[0] in self.snapshots:
                last, due = line, []
            else:
                due = due or line
        return last, due

    def _keep(self, newest: list[str]) -> Iterator[None]:
        """Hold what came last of what is not through."""
        if names := [each for each in newest if each not in self.kept]:
            yield
            self.step.call_with("keep", names)
            self.kept += names

    def _decide(self) -> Generator[None, None, tuple[str, str, str]]:
        """How it goes on, with which word, and what arrives last by that."""
        self._look()
        step = self.step
        if step["kind"] == "package":
            how = yield from self._decide_package()
            return how, "", step["target"]
        last, due = self._measure()
        if due and last[0] != step.lines("chain")[0][0]:
            yield from self._keep([f"{step['into']}@{last[2]}"])
        if self.refused and last[0] == self.stood:
            raise FailedError(self.refused)
        self.stood = last[0]
        token = self.tokens.get(step["into"], "-")
        if not due:
            return "arrived", "", ""
        if token != "-":
            self._check(token, last[0], due[0])
            return "resume", token, due[2]
        if last[0] == step.lines("chain")[0][0]:
            return "send", "", step["first"]
        return "continue_from", last[2], step["target"]

    def _check(self, text: str, last: str, due: str) -> None:
        # The program that decodes for the runner is the source's zfs; ours reads the same.
        side, (decode,) = self.step.commands("decode", text)
        assert side == "source"
        assert decode == commands.resume(text, "-nvP")
        token = tokens.decode(text)
        start = "-" if token.from_guid is None else str(token.from_guid)
        if not token.raw or str(token.to_guid) != due or start != last:
            raise FailedError("foreign-token")

    def _decide_package(self) -> Generator[None, None, Literal["arrived", "send", "repair"]]:
        guids = {name: guid for guid, name in self.snapshots.items()}
        if all(guids.get(name) == guid for name, guid in self.step.lines("expect")):
            return "arrived"
        brought = [line for line in self.step.lines("brings") if line[0] in self.snapshots]
        newest = {into: name for _, _, name, into in brought}
        yield from self._keep([f"{into}@{name}" for into, name in newest.items()])
        if self.refused:
            raise FailedError(self.refused)
        if brought or any(token != "-" for token in self.tokens.values()):
            return "repair"
        return "send"

    def _settle(self) -> Iterator[None]:
        settling = self.step.call("settle")
        yield
        confirmed = next(settling)
        found = {tuple(line.split("\t")) for line in confirmed.stdout.splitlines()}
        if not all(tuple(line) in found for line in self.step.lines("expect")):
            raise FailedError("unconfirmed")
        yield
        for _ in settling:
            yield
        stays = {name for name, _ in self.step.lines("expect")}
        if passed := [name for name in self.kept if name not in stays]:
            self.step.call_with("let_go", passed)
            yield
        yield from (None for _ in self.step.call("settle_source"))
