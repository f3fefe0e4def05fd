"""Resume tokens: what was partly received, whether it can be finished, what giving it up costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sealift.actions import TOKENS, named
from sealift.hosts.trouble import TroubleError
from sealift.mentions import JOBS, RESUME, SEND
from sealift.replication.comparison import Comparison
from sealift.replication.job import Job
from sealift.replication.resuming import Partial, partials
from sealift.ui import headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.jobs import merged
from sealift.ui.panels.panel import Panel
from sealift.ui.screens.dialog import Choice
from sealift.zfs import commands
from sealift.zfs.names import printable, relative
from sealift.zfs.parse import ParseError
from sealift.zfs.progress import parse_estimate

COLUMNS = ("dataset", "snapshot", "kind", "received", "to come", "age", "verdict")
_ESTIMATE_DEADLINE = 120.0
_HEAD, _TAIL = 48, 12  # of a token's text, which may be 64 KiB long


@dataclass(frozen=True, slots=True)
class Waiting:
    """A partial with what the token does not say.

    `writer` is the running job that writes to its dataset, `since` (aware) when the last job that
    did so ended, `to_come` the bytes that are missing: None each if unknown. `behind` is how many
    snapshots cannot arrive before it is finished or given up.
    """

    partial: Partial
    writer: Job | None
    since: datetime | None
    to_come: int | None
    behind: int


def waiting(
    comparison: Comparison, jobs: tuple[Job, ...], to_come: Mapping[str, int | None]
) -> tuple[Waiting, ...]:
    """Everything that is partly received. `to_come` is by the token's text; `jobs` newest first."""
    root = comparison.destination.root
    found: list[Waiting] = []
    for partial in partials(comparison):
        writers = [job for job in jobs if writes_to(job, partial.into)]
        ended = [job.ended for job in writers if job.ended is not None]
        found.append(
            Waiting(
                partial,
                next((job for job in writers if job.state.running), None),
                max(ended, default=None),
                to_come.get(partial.text),
                len(comparison.datasets[relative(partial.into, root)].behind),
            )
        )
    return tuple(found)


def writes_to(job: Job, into: str) -> bool:
    """Whether a job's orders touch this dataset of the destination."""
    return any(
        step.into == into or (step.kind == "package" and into.startswith(step.into + "/"))
        for step in job.steps
    )


def entries(found: tuple[Waiting, ...], now: datetime) -> tuple[Entry, ...]:
    """A row for each, in the order of the tree."""
    return tuple(_entry(each, now) for each in found)


def _entry(each: Waiting, now: datetime) -> Entry:
    partial, token = each.partial, each.partial.token
    busy = f"It is being received by job {each.writer.about.id}." if each.writer else ""
    age = text.age((now - each.since).total_seconds()) if each.since else text.UNKNOWN
    cells = (
        partial.into,
        _snapshot(partial),
        _kind(partial),
        text.size_short(token.bytes_received if token else None),
        text.size_short(each.to_come) if partial.resumable else "",
        age if not each.writer else "now",
        _verdict(each),
    )
    level = headline.WARNING if partial.resumable else headline.PROBLEM
    dead = "" if partial.resumable else f"It cannot be resumed: {partial.why}"
    deeds = (
        Deed.of(named(TOKENS, "resume"), busy or dead),
        Deed.of(named(TOKENS, "abort"), busy),
    )
    details = tuple(_details(each))
    return Entry(partial.into, headline.INFO if busy else level, cells, details, deeds)


def _snapshot(partial: Partial) -> str:
    if partial.target is not None:
        return f"@{partial.target.name}"
    return f"({partial.token.to_name})" if partial.token else text.UNKNOWN


def _kind(partial: Partial) -> str:
    token = partial.token
    if token is None:
        return text.UNKNOWN
    raw = "raw" if token.raw else "NOT RAW"
    return f"{'full' if token.from_guid is None else 'increment'}, {raw}"


def _verdict(each: Waiting) -> str:
    if each.writer is not None:
        return f"being received by job {each.writer.about.id}"
    return "resumable" if each.partial.resumable else each.partial.finding


def _details(each: Waiting) -> list[str]:
    partial, token = each.partial, each.partial.token
    paragraphs = [f"{partial.why}."]
    if each.writer is not None:
        paragraphs[0] += (
            f"\nJob {each.writer.about.id} on {each.writer.host} writes to it now: follow it there "
            f"{JOBS}. A token is there all the while."
        )
    else:
        paragraphs.append(partial.mend)
    paragraphs.append(
        f"Blocks: {partial.into} takes no other receive until this is finished or given up; "
        f"{text.count(each.behind, 'snapshot')} of the route cannot arrive before."
    )
    paragraphs.append(f"Giving it up: {thrown_away(partial)}")
    if token is not None:
        start = "everything" if token.from_guid is None else f"from guid {token.from_guid}"
        paragraphs.append(
            f"The token says: {token.to_name}, guid {token.to_guid}, {start}; "
            f"{text.size(token.bytes_received)} received, "
            f"goes on at object {token.object}, offset {token.offset}."
        )
    paragraphs.append(f"Token: {shortened(partial.text)}")
    return paragraphs


def thrown_away(partial: Partial) -> str:
    """What `zfs receive -A` destroys, in words."""
    received = text.size(partial.token.bytes_received if partial.token else None)
    if partial.new:
        return (
            f"DESTROYS THE DATASET {partial.into} ITSELF. It is new and has no snapshot yet: "
            f"nothing of it is left, and the {received} received so far have to be sent again."
        )
    return (
        f"throws away the {received} received of {_snapshot(partial)}. The snapshots that "
        f"{partial.into} has stay."
    )


def shortened(token: str) -> str:
    """A token's text, harmless and short enough to look at."""
    if len(token) <= _HEAD + _TAIL:
        return printable(token)
    left = f"{len(token):,} characters"
    return f"{printable(token[:_HEAD])} … {printable(token[-_TAIL:])} ({left})"


class TokensPanel(Panel):
    """The list of what is partly received."""

    title = "Resume tokens"
    columns = COLUMNS
    kind = "token"
    empty = "Nothing is partly received: no resume token waits on the destination."

    def __init__(self, desk: Desk) -> None:
        self._to_come: dict[str, int | None] = {}
        self._found: dict[str, Waiting] = {}
        super().__init__(desk)

    def entries(self) -> tuple[Entry, ...] | None:
        """The rows of the newest picture; None until both sides were read."""
        picture = self.desk.picture
        if picture.comparison is None:
            return None
        found = waiting(picture.comparison, merged(picture.jobs, picture.job), self._to_come)
        self._found = {each.partial.into: each for each in found}
        if self.is_open:
            self._estimate(found)
        return entries(found, self.desk.clock())

    def opened(self) -> None:
        """Nothing more: drawing it has asked how much is still to come."""

    def _estimate(self, found: tuple[Waiting, ...]) -> None:
        """Ask once for each how much is still to come; never for a token that is not resumed."""
        for each in found:
            token = each.partial.text
            if each.partial.resumable and each.writer is None and token not in self._to_come:
                self._to_come[token] = None
                self.desk.begin(self._ask_how_much(token), "panel-estimate")

    async def _ask_how_much(self, token: str) -> None:
        command = commands.resume_estimate(token)
        try:
            result = await self.desk.watch.source.run(command, deadline=_ESTIMATE_DEADLINE)
            if result.ok:
                self._to_come[token] = parse_estimate(result.stdout).total
        except (ParseError, TroubleError):
            return  # a courtesy: the list goes on saying that it is unknown
        if self.is_open:
            self.draw()

    async def act(self, deed: str, ids: tuple[str, ...]) -> None:
        """Resume through a plan of its own, or give up each after asking."""
        if deed == "resume":
            self._resume()
            return
        for into in ids:
            await self._abort(into)

    def _resume(self) -> None:
        if why := self.desk.screen.refusal("send"):
            self.desk.say(why, warning=True)
            return
        self.desk.screen.action_send()

    async def _abort(self, into: str) -> None:
        each = self._found.get(into)
        if each is None:
            self.desk.say(f"{into} holds nothing partly received any more.")
            return
        partial, desk = each.partial, self.desk
        command = desk.command("destination", commands.abort_receive(partial.into))
        chosen = await desk.ask(
            f"Give up what was partly received: {partial.into}",
            [
                f"This {thrown_away(partial)}"
                if partial.new
                else f"Giving it up {thrown_away(partial)}",
                f"{partial.why}.",
                *([f"It can still be resumed {RESUME}."] if partial.resumable else []),
                command,
                (
                    "It is read again first, and nothing is done if it is another token by then "
                    "or a receive is under way. There is no undo."
                ),
            ],
            [Choice("abort", "Give it up", "destruction", self._refusal(into))],
            copy=command,
            typed=partial.into,
        )
        if chosen != "abort":
            return
        if why := self._refusal(into):
            await desk.tell("Not given up", [why])
            return
        if await desk.carry_out(desk.changes.abort(partial), "Not given up"):
            desk.say(f"Given up: {into}. Then plan anew {SEND}.")

    def _refusal(self, into: str) -> str:
        each = self._found.get(into)
        if each is None or each.writer is None:
            return ""
        return f"Job {each.writer.about.id} writes to it now."
