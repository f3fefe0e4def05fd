"""One plan being carried out: each step's pipeline, what it says, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from sealift.hosts.host import Host, Result, utc_now
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.replication.comparison import Comparison, Presence
from sealift.replication.pipeline import Pipeline, split_exit
from sealift.replication.plan import Step
from sealift.zfs.errors import explain
from sealift.zfs.progress import Rate, SendProgress


class TransferState(Enum):
    """Where a transfer stands."""

    SENDING = "sending"
    VERIFYING = "reading back"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def running(self) -> bool:
        """Whether it is not over yet."""
        return self in {TransferState.SENDING, TransferState.VERIFYING}


@dataclass(frozen=True, slots=True)
class Transfer:
    """A picture of the transfer. `index` counts the steps from 0; `started` is aware.

    `trouble` says why it failed, or what was left behind when it was cancelled.
    """

    steps: tuple[tuple[Step, Pipeline], ...]
    host: str
    started: datetime
    index: int = 0
    state: TransferState = TransferState.SENDING
    progress: SendProgress = field(default_factory=SendProgress)
    rate: Rate = field(default_factory=Rate)
    ended: datetime | None = None
    trouble: Trouble | None = None

    @property
    def step(self) -> Step:
        """The step that runs now, or ran last."""
        return self.steps[self.index][0]

    @property
    def pipeline(self) -> Pipeline:
        """Its pipeline."""
        return self.steps[self.index][1]


async def carry_out(host: Host, transfer: Transfer, show: Callable[[Transfer], None]) -> Transfer:
    """Run every step in turn on `host`; stop at the first that fails.

    `show` gets a new picture whenever there is one. Whoever cancels this coroutine ends the
    pipeline on its host; what the destination received until then stays there as a resume token.
    The returned transfer is `VERIFYING` if all steps went well: what arrived is for the caller to
    read back.
    """
    current = transfer
    for index in range(len(transfer.steps)):
        current = replace(current, index=index, progress=SendProgress(), rate=Rate())
        show(current)
        runner = _Step(current, show)
        try:
            trouble = await runner.run(host)
        except TroubleError as error:
            trouble = _out_of_sight(error.trouble)
        current = runner.picture
        if trouble is not None:
            return replace(current, state=TransferState.FAILED, trouble=trouble, ended=utc_now())
    return replace(current, state=TransferState.VERIFYING)


def _out_of_sight(trouble: Trouble) -> Trouble:
    """The host that runs the pipeline is gone: how that fares is not known."""
    if trouble.finding != "host-unreachable":
        return trouble
    return replace(
        trouble,
        what=f"lost sight of the pipeline ({trouble.what}); it may still run there",
        means="It was started on that host, which cannot be asked now. The host ends it once it "
        "notices that nobody waits for it.",
        mend="Wait until the host answers again, and look there for a `zfs send` before anything "
        "else is done to the destination.",
    )


class _Step:
    """Reads what one pipeline says while it runs."""

    def __init__(self, picture: Transfer, show: Callable[[Transfer], None]) -> None:
        self.picture = picture
        self._show = show
        self._rest = b""

    async def run(self, host: Host) -> Trouble | None:
        step, pipeline = self.picture.step, self.picture.pipeline
        what = "an increment" if step.send.base else "a seed"
        command = pipeline.command(f"{what} of {step.send.dataset} into {step.into}")
        result = await host.run(command, deadline=None, on_stderr=self._said)
        return _judge(host.where, pipeline, result, self.picture.progress)

    def _said(self, data: bytes) -> None:
        # Many lines at once: a tree of 100,000 snapshots is listed before its first byte is sent.
        whole, newline, self._rest = (self._rest + data).rpartition(b"\n")
        if not newline:
            return
        progress = self.picture.progress.feed(whole)
        now = asyncio.get_running_loop().time()
        self.picture = replace(
            self.picture,
            progress=progress,
            rate=self.picture.rate.add(now, progress.done),
        )
        self._show(self.picture)


def _judge(
    where: str, pipeline: Pipeline, result: Result, progress: SendProgress
) -> Trouble | None:
    """Why the step failed, from both stages; None if both exited with 0."""
    _, sent = split_exit(result.stderr)
    received_text, received = split_exit(result.stdout)
    if sent == 0 and received == 0:
        return None
    mark = "sealift-exit"
    sender_text = "\n".join(line for line in progress.messages if not line.startswith(mark))
    raw = "\n".join(
        part
        for part in (received_text.decode("utf-8", "replace").strip(), sender_text.strip())
        if part
    )
    codes = f"zfs send exited with {_code(sent)}, the receiving side with {_code(received)}"
    explained = explain(raw)
    if explained:
        entry = explained[0].entry
        return Trouble(
            entry.finding or entry.id,
            where,
            entry.title,
            entry.meaning,
            entry.mending,
            raw or codes,
        )
    if sent is None or received is None:
        return Trouble(
            "transfer-interrupted",
            where,
            "the pipeline was cut off",
            "It was ended from outside, or the connection to the host that runs it was lost. What "
            "had arrived is kept on the destination as a resume token.",
            "Look at the destination's resume tokens; nothing has to be sent twice.",
            raw or codes,
        )
    return Trouble(
        "transfer-failed",
        where,
        codes,
        "Sealift does not know this message.",
        f"Read what the hosts said, below. The pipeline was: {pipeline.text()}",
        raw or codes,
    )


def _code(code: int | None) -> str:
    return "no code" if code is None else str(code)


def cancelled(transfer: Transfer) -> Transfer:
    """The transfer after it was ended by the operator."""
    return replace(
        transfer,
        state=TransferState.CANCELLED,
        ended=utc_now(),
        trouble=Trouble(
            "cancelled",
            transfer.host,
            "the transfer was cancelled",
            "What had arrived of a snapshot is kept on the destination as a resume token.",
            "Look at what the destination has now (d, once both sides are read again).",
        ),
    )


def verified(
    transfer: Transfer, comparison: Comparison | None, troubles: tuple[Trouble, ...]
) -> Transfer:
    """The transfer after both sides were read again: done, if all that was to arrive is there.

    `troubles` is what kept a side from being read; what arrived is then not known.
    """
    if troubles or comparison is None:
        because = troubles[0] if troubles else Trouble("host-unreachable", transfer.host, "")
        trouble = replace(
            because, what=f"everything was sent, but it could not be read back: {because.what}"
        )
        return replace(transfer, state=TransferState.FAILED, trouble=trouble, ended=utc_now())
    there = {
        pair.source.guid
        for each in comparison.datasets.values()
        for pair in each.pairs
        if pair.source is not None and pair.presence is Presence.BOTH
    }
    missing = frozenset[int]().union(*(step.brings for step, _ in transfer.steps)) - there
    if not missing:
        return replace(transfer, state=TransferState.DONE, ended=utc_now())
    return replace(
        transfer,
        state=TransferState.FAILED,
        ended=utc_now(),
        trouble=Trouble(
            "replica-incomplete",
            transfer.host,
            f"{len(missing)} snapshots did not arrive, though every command ended well",
            "Some versions leave datasets out of a tree silently (openzfs/zfs#14568).",
            "Send again: the plan starts from what is there.",
            "guids: " + ", ".join(map(str, sorted(missing))),
        ),
    )
