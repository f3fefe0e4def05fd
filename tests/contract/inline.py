"""Both hosts of a demo without a process, a shell or an event loop: for tests with many steps.

The words of `zfs` go straight to what answers them in the demo, and a stream is a list of records
that may break off anywhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from sealift.demo.programs import sending
from sealift.demo.programs.accepting import RefusedError
from sealift.demo.programs.call import Call
from sealift.demo.programs.dispatch import answer
from sealift.demo.programs.receiving import Receiver, asked
from sealift.demo.scenarios import BLANK, open_scenario
from sealift.demo.world import tree
from sealift.demo.world.model import World
from sealift.demo.world.stream import Begin, Package
from tests.contract.story import Answer

_PIECE = 128 << 10
_ASKED = b"correct horse battery staple"
# A record of a stream: what a package or a snapshot says of itself, so many bytes of payload, or
# that it ends.
_Record = Package | Begin | int | str
_SNAPSHOT_ENDS, _PACKAGE_ENDS = "snapshot", "package"


@dataclass(slots=True)
class Inline:
    """Two empty hosts, `nas1` with pool tank and `dr1` with pool backup.

    The clock moves a second with each call. Every question for a secret gets the same answer.
    """

    now: float = 1_700_000_000.0
    world: World = field(init=False)

    def __post_init__(self) -> None:
        _, self.world = open_scenario(BLANK, None, lambda: self.now)

    def run(self, host: str, *argv: str) -> Answer:
        """Run `zfs ...` or `zpool ...`; neither `zfs send` nor `zfs receive`, but `receive -A`."""
        return self._run(host, argv, {"receive": _abort})

    def fill(self, host: str, dataset: str, size: int) -> None:
        """Write so many bytes into a dataset."""
        pool = self.world.hosts[host].pool
        tree.write(pool, pool.datasets[dataset], size)

    def transfer(
        self,
        sending_host: str,
        send: tuple[str, ...],
        receive: tuple[str, ...],
        *,
        limit: int | None = None,
        killed: bool = False,
    ) -> tuple[Answer, Answer]:
        """`send | ssh receive`. The stream breaks off after `limit` bytes of payload.

        The receiver then sees its end, or does not live to see it if `killed`.
        """
        records: list[_Record] = []
        sent = self._run(sending_host, send, {"send": lambda call: _send(call, records)})
        there = next(name for name in self.world.hosts if name != sending_host)
        cut = _cut(records, limit)
        whole = len(cut) == len(records)
        return sent, self._run(
            there,
            receive,
            {"receive": lambda call: _receive(call, cut, killed=killed, whole=whole)},
        )

    def _run(
        self,
        host: str,
        argv: tuple[str, ...],
        transfers: dict[str, Callable[[Call], Awaitable[int]]],
    ) -> Answer:
        self.now += 1
        out: list[str] = []
        err: list[str] = []
        program, command, *words = argv
        call = Call(
            self.world,
            self.world.hosts[host],
            program,
            command,
            tuple(words),
            out.append,
            err.append,
            _secret,
            _nothing,
        )
        code = _now(answer(call, transfers))
        return Answer("".join(out), "".join(err), code)


async def _secret(_prompt: str, _format: str) -> bytes:
    return _ASKED


async def _nothing() -> None:
    """All output has left at once."""


def _now(coroutine: Coroutine[Any, Any, int]) -> int:
    """Run what never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        code: int = end.value
        return code
    coroutine.close()
    raise AssertionError("something waited")


async def _abort(call: Call) -> int:
    assert asked(call) is None, "only receive -A"
    return 0


async def _send(call: Call, records: list[_Record]) -> int:
    stream = sending.plan(call, terminal=False)
    if stream.verbose:
        for line in stream.estimate():
            (call.out if stream.dry else call.err)(line)
    if stream.dry:
        return stream.code
    if stream.package is not None:
        records.append(stream.package)
    for part in stream.parts:
        begin = part.begin()
        records.append(begin)
        left = max(0, begin.payload - begin.position)
        while left > 0:
            records.append(min(left, _PIECE))
            left -= _PIECE
        records.append(_SNAPSHOT_ENDS)
    if stream.package is not None:
        records.append(_PACKAGE_ENDS)
    return stream.code


def _cut(records: list[_Record], limit: int | None) -> list[_Record]:
    """The records that get through before the stream breaks off."""
    if limit is None:
        return records
    through: list[_Record] = []
    for record in records:
        if isinstance(record, int):
            limit -= record
        if limit < 0:
            break
        through.append(record)
    return through


async def _receive(call: Call, records: list[_Record], *, killed: bool, whole: bool) -> int:
    wanted = asked(call)
    assert wanted is not None, "use run for receive -A"
    receiver = Receiver(call, wanted, call.world.clock)
    try:
        for record in records:
            _take(receiver, record)
        if not records or not whole:
            if killed:
                return 143
            raise receiver.interrupted()
    except RefusedError as error:
        call.err(str(error))
        receiver.finish()
        return 1
    finally:
        receiver.abandon()
    return 0


def _take(receiver: Receiver, record: _Record) -> None:
    match record:
        case Package():
            receiver.start(record)
        case Begin():
            receiver.begin(record)
        case int():
            receiver.data(record)
        case "package":
            receiver.complete = True
            receiver.finish()
        case _:
            receiver.end()
