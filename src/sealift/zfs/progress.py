r"""How much a `zfs send` has to carry, how far it is, and how fast it goes.

`zfs send -nP` (on stdout) and `zfs send -vP` (on stderr) say first what would be sent, a line per
snapshot with fields parted by TABs, and then the total:

    full            tank/a@1        4096
    incremental     1       tank/a@2        624
    size            4720

`-vP` then prints a line a second: `HH:MM:SS`, bytes, and the snapshot on its way. The bytes begin
at 0 again with every snapshot, and a snapshot that takes less than a second may have no line at
all. Source: `send_print_verbose`, `estimate_size`, `zfs_send_cb_impl` and `send_progress_thread`
in `lib/libzfs/libzfs_sendrecv.c`, OpenZFS 2.1 to 2.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sealift.zfs.names import printable
from sealift.zfs.parse import ParseError, is_number, lines_of

_READING = "an estimate of `zfs send`"
# The kernel subtracts from an unsigned number and can go below zero (openzfs#12265).
_UNKNOWN_FROM = 2**63
_MAX_MESSAGES = 200
_MAX_MESSAGE = 1000
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")
_TOKEN_HEADINGS = ("resume token contents:", "nvlist version: 0")
_TOKEN_VALUE = re.compile(r"\t[a-z_]+ = .*|\t[a-z_]+\.[0-9]+ .*")


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """One snapshot that will be sent. `size` in bytes of stream, None if it cannot be known.

    `from_name` is the incremental source as ZFS printed it: a snapshot name without the dataset in
    `-R` and `-I` streams, otherwise `dataset@snapshot` or `dataset#bookmark`; None for a full send.
    """

    dataset: str
    snapshot: str
    from_name: str | None
    size: int | None

    @property
    def name(self) -> str:
        """The snapshot as progress lines name it: `dataset@snapshot`."""
        return f"{self.dataset}@{self.snapshot}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a send would carry, in the order in which it would carry it.

    `total` in bytes, None if it is unknown. It is made from metadata and may be off by some percent
    in both directions; of a resumed send it is what remains.
    """

    lines: tuple[EstimateLine, ...]
    total: int | None


def parse_estimate(data: bytes) -> Estimate:
    """Read the stdout of `zfs send -nP`, with or without `-t TOKEN`.

    Raises `ParseError` on a line of another kind. A missing or an absurd total is no error, it is
    unknown.
    """
    lines: list[EstimateLine] = []
    total: int | None = None
    for line in lines_of(data):
        if _is_token_heading(line):
            continue
        fields = line.split("\t")
        if entry := _estimate_line(fields):
            lines.append(entry)
        elif _is_size(fields):
            total = _known(fields[1])
        else:
            raise ParseError(_READING, line)
    return Estimate(tuple(lines), total)


def _estimate_line(fields: list[str]) -> EstimateLine | None:
    match fields:
        case ["full", name, size]:
            from_name = None
        case ["incremental", from_name, name, size]:
            pass
        case _:
            return None
    dataset, at, snapshot = name.partition("@")
    if not (dataset and at and snapshot and is_number(size)):
        return None
    return EstimateLine(dataset, snapshot, from_name, _known(size))


def _is_size(fields: list[str]) -> bool:
    return len(fields) == 2 and fields[0] == "size" and is_number(fields[1])  # noqa: PLR2004


def _known(size: str) -> int | None:
    return None if int(size) >= _UNKNOWN_FROM else int(size)


def _is_token_heading(line: str) -> bool:
    # `zfs send -t` says first what is in the token; `tokens.decode` is how we read that.
    return line in _TOKEN_HEADINGS or _TOKEN_VALUE.fullmatch(line) is not None


@dataclass(frozen=True, slots=True)
class SendProgress:
    """How far one `zfs send -vP` is, from all it has said on stderr.

    `feed` gives the next state. `current_bytes` and `done` count bytes handed to the pipe, which is
    not what the destination has committed. `messages` is what was neither estimate nor
    progress, so mostly errors: printable, at most 200 lines, the newest.

    The rest is bookkeeping: `started` how many lines of the estimate are on their way or behind,
    `current_size` the estimate of the current snapshot, `finished` the bytes of those before it,
    `beyond` by how much those exceeded their estimates.
    """

    estimate: Estimate = Estimate((), None)
    current: str | None = None
    current_bytes: int = 0
    messages: tuple[str, ...] = ()
    started: int = 0
    current_size: int | None = None
    finished: int = 0
    beyond: int = 0

    def feed(self, data: bytes) -> SendProgress:
        """The state after one or more whole lines of stderr. Any bytes are taken, none raise."""
        lines: list[EstimateLine] = []
        messages: list[str] = []
        state = self
        for line in lines_of(data):
            fields = line.split("\t")
            if tick := _tick(fields):
                state, lines = _moved(_listed(state, lines), *tick), []
            elif entry := _estimate_line(fields):
                lines.append(entry)
            elif _is_size(fields):
                state, lines = _sized(_listed(state, lines), _known(fields[1])), []
            elif not _is_token_heading(line):
                messages.append(printable(line)[:_MAX_MESSAGE])
        newest = (*state.messages, *messages)[-_MAX_MESSAGES:]
        return replace(_listed(state, lines), messages=newest)

    @property
    def done(self) -> int:
        """Bytes so far. It never goes back.

        A snapshot that is finished counts as much as was estimated for it, since its last progress
        line is up to a second old, or as much as was seen of it if that is more.
        """
        return self.finished + self.current_bytes

    @property
    def expected(self) -> int | None:
        """Bytes at the end: the estimate, corrected by what has already exceeded it.

        None if it is unknown.
        """
        if self.estimate.total is None:
            return None
        return self.estimate.total + self.beyond + _excess(self.current_bytes, self.current_size)


def _listed(state: SendProgress, lines: list[EstimateLine]) -> SendProgress:
    if not lines:
        return state
    return replace(state, estimate=replace(state.estimate, lines=(*state.estimate.lines, *lines)))


def _sized(state: SendProgress, total: int | None) -> SendProgress:
    return replace(state, estimate=replace(state.estimate, total=total))


def _moved(state: SendProgress, sent: int, snapshot: str) -> SendProgress:
    if snapshot == state.current:
        # The counter only grows; should a line say otherwise, what was sent stays sent.
        return replace(state, current_bytes=max(sent, state.current_bytes))
    finished = state.finished + max(state.current_bytes, state.current_size or 0)
    beyond = state.beyond + _excess(state.current_bytes, state.current_size)
    rest = state.estimate.lines[state.started :]
    index = next((i for i, line in enumerate(rest) if line.name == snapshot), None)
    started, size = state.started, None
    if index is not None:
        # What stands between was sent so quickly that no line told of it.
        finished += sum(line.size or 0 for line in rest[:index])
        started, size = state.started + index + 1, rest[index].size
    return replace(
        state,
        current=snapshot,
        current_bytes=sent,
        started=started,
        current_size=size,
        finished=finished,
        beyond=beyond,
    )


def _tick(fields: list[str]) -> tuple[int, str] | None:
    # With -vvP there is a count of blocks between the bytes and the name.
    match fields:
        case [time, sent, name] | [time, sent, _, name]:
            told = _CLOCK.fullmatch(time) and is_number(sent) and "@" in name
            return (int(sent), name) if told else None
    return None


def _excess(sent: int, size: int | None) -> int:
    return 0 if size is None else max(0, sent - size)


@dataclass(frozen=True, slots=True)
class Rate:
    """Speed over a moving window, fed with how many bytes were done at which second.

    `window` is how many seconds back the oldest sample may lie. A receiver writes in bursts, one
    per transaction group, so a speed over one second would mislead.
    """

    window: float = 30.0
    samples: tuple[tuple[float, int], ...] = ()

    def add(self, seconds: float, done: int) -> Rate:
        """The rate with one more sample. `seconds` is a monotonic clock, `done` a running total.

        A total or a clock that goes back means that something else is measured now: it starts over.
        """
        if self.samples and (seconds < self.samples[-1][0] or done < self.samples[-1][1]):
            return replace(self, samples=((seconds, done),))
        kept = tuple(sample for sample in self.samples if seconds - sample[0] <= self.window)
        # Samples that come less often than once a window are still a basis.
        return replace(self, samples=(*(kept or self.samples[-1:]), (seconds, done)))

    @property
    def bytes_per_second(self) -> float | None:
        """The average over the window; None as long as there is nothing to make it from."""
        if not self.samples:
            return None
        (first, before), (last, after) = self.samples[0], self.samples[-1]
        if last <= first:
            return None
        return (after - before) / (last - first)

    def seconds_left(self, total: int | None, done: int) -> float | None:
        """Seconds until `total` at this speed; None if the total is unknown or nothing moves."""
        speed = self.bytes_per_second
        if total is None or not speed:
            return None
        return max(0, total - done) / speed
