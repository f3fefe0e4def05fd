"""Read what `remote/sample.sh` says of a host in one window of time, as values. Pure.

Counters are read twice; what is kept is their difference over the window, so that a connection or
a process that is old weighs no more than a new one. Sources: proc(5) (`stat`, `wchan`, `net/dev`,
`pressure`), ss(8) of iproute2, `spa_stats.c` of OpenZFS for `txgs`, zpool-iostat(8).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sealift.zfs.iostat import IostatSample, parse_iostat
from sealift.zfs.parse import ParseError, is_number, lines_of, text_of

RUNNING, STOPPED, DISK = "running", "stopped", "uninterruptible"

_PART = "== "
_IOSTAT = "iostat "
_TICK = re.compile(r"(\S+) (\d+ \(.*)", re.DOTALL)
_STAT = re.compile(r"(\d+) \((.*)\) (\S) (.*)", re.DOTALL)
_PS = re.compile(r" *(\d+) +(\d+) +(\d+) +(.+)")
_MOST = 32 * 1024 * 1024  # bytes; a busy host says some hundred thousand
_LEAST = 2  # ticks; a window of none says nothing
_NANOSECONDS = 1_000_000_000
_HERTZ = 100  # ticks a second in which Linux tells CPU times (USER_HZ)


@dataclass(frozen=True, slots=True)
class Spent:
    """A process or kernel thread over the window. `cpu` is its share of one CPU."""

    pid: int
    parent: int
    group: int
    name: str
    cpu: float


@dataclass(frozen=True, slots=True)
class Stage:
    """A process that may be part of a pipeline. `age` in seconds, `args` its words glued by spaces.

    `waits` counts the ticks by what it was found doing: `running`, `stopped`, the kernel function
    that it slept in, or, where that is not for us to see, `uninterruptible` or an empty text.
    """

    spent: Spent
    age: int
    args: str
    waits: Mapping[str, int]

    @property
    def program(self) -> str:
        """The program's name: `zfs`, `ssh`, `sshd`, `pv` ..."""
        return self.args.split(" ", 1)[0].rpartition("/")[2].rstrip(":").strip("[]")

    def share(self, *prefixes: str) -> float | None:
        """In which part of the ticks it was found in a state that begins so.

        None if that cannot be told: in most ticks it was not for us to see where it slept.
        """
        total = sum(self.waits.values())
        hidden = self.waits.get("", 0)
        told = all(prefix in {RUNNING, STOPPED} for prefix in prefixes)
        if not total or (not told and hidden * 2 > total):
            return None
        return sum(n for state, n in self.waits.items() if state.startswith(prefixes)) / total


@dataclass(frozen=True, slots=True)
class Socket:
    """A TCP connection over the window: what it carried, and what kept it from carrying more.

    `*_ms` are milliseconds in which data was under way (`busy`), and of those in which the
    receiver's window or our own send buffer was the limit. `unsent` and `recv_q` are bytes at the
    end of the window. `rtt_ms` is smoothed. `segments` were sent, `retrans` of them again, and
    `repeated` of those for nothing: the other end said that it had them already (DSACK, RFC 2883).
    """

    local: str
    peer: str
    sent: int
    received: int
    retrans: int
    repeated: int
    segments: int
    busy_ms: int
    rwnd_limited_ms: int
    sndbuf_limited_ms: int
    unsent: int
    unacked: int
    cwnd: int
    mss: int
    rtt_ms: float
    min_rtt_ms: float
    recv_q: int
    send_q: int

    @property
    def loss(self) -> float:
        """The share of the segments that the network lost."""
        return max(0, self.retrans - self.repeated) / self.segments if self.segments else 0.0


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface over the window, in bytes and packets."""

    name: str
    received: int
    sent: int
    errors: int
    drops: int


@dataclass(frozen=True, slots=True)
class Txg:
    """A transaction group that was written or is being: bytes dirty, and seconds of its parts.

    `age` is how long before the end of the window it was born; `sync` is how long it took to be
    written (`stime`), or has taken so far: what is `dirty` in it is not known before it is done.
    """

    age: float
    dirty: int | None
    written: int
    open: float
    quiesce: float
    wait: float
    sync: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A host in one window of `seconds`. What could not be read is empty or None.

    `idle`, `iowait` and `steal` are shares of all CPUs. `stages` are what may be part of a
    pipeline, `spent` every process. `delayed` and `over_dirty` say how often a write was held back
    because too much was dirty. `pressure_io` is the share of the window in which some task waited
    for a disk.
    """

    seconds: float
    cpus: int
    idle: float | None
    iowait: float | None
    steal: float | None
    stages: tuple[Stage, ...]
    spent: Mapping[int, Spent]
    sockets: tuple[Socket, ...]
    interfaces: tuple[Interface, ...]
    txgs: tuple[Txg, ...]
    iostat: tuple[IostatSample, ...]
    shapers: tuple[str, ...]
    delayed: int
    over_dirty: int
    pressure_io: float | None


@dataclass(slots=True)
class _Parts:
    """The text of a sample, part by part; a counter's part is there twice."""

    lines: dict[str, list[list[str]]] = field(default_factory=dict)
    iostat: list[str] = field(default_factory=list)

    def both(self, name: str) -> tuple[list[str], list[str]]:
        found = self.lines.get(name, [])
        return (found[0], found[-1]) if found else ([], [])

    def last(self, name: str) -> list[str]:
        return self.both(name)[1]


def parse_sample(data: bytes) -> Sample:
    """Read a whole answer. Raises `ParseError` if it has no beginning or no end."""
    if len(data) > _MOST:
        raise ParseError("a sample", data[:80], "it is too long")
    parts = _parts(data)
    if "end" not in parts.lines or "uptime" not in parts.lines:
        raise ParseError("a sample", data[-200:], "it is not whole")
    begin, end = (_uptime(lines) for lines in parts.both("uptime"))
    seconds = end - begin
    if seconds <= 0:
        raise ParseError("a sample", f"{begin} {end}", "no time passes in it")
    ticks = parts.lines.get("tick", [])
    if len(ticks) < _LEAST:
        raise ParseError("a sample", str(len(ticks)), "`zpool iostat`, its clock, did not run")
    spent = _spent(*parts.both("stat"), seconds=seconds)
    early, late = (_cpus(lines) for lines in parts.both("cpu"))
    shares = _cpu(early, late)
    tx_before, tx_after = (_counters(lines) for lines in parts.both("tx"))
    return Sample(
        seconds=seconds,
        cpus=max(1, len(late) - 1),
        idle=shares[0],
        iowait=shares[1],
        steal=shares[2],
        stages=_stages(parts.last("ps"), spent, ticks),
        spent=spent,
        sockets=_sockets(*parts.both("tcp")),
        interfaces=_interfaces(*parts.both("net")),
        txgs=_txgs(parts.last("txgs"), end),
        iostat=tuple(_iostat(parts.iostat)),
        shapers=tuple(line for line in parts.last("shapers") if _shapes(line)),
        delayed=_grown(tx_before, tx_after, "dmu_tx_dirty_delay"),
        over_dirty=_grown(tx_before, tx_after, "dmu_tx_dirty_over_max"),
        pressure_io=_pressure(ticks, seconds),
    )


def _parts(data: bytes) -> _Parts:
    parts = _Parts()
    current: list[str] = []
    for line in text_of(data).split("\n"):
        if line.startswith(_IOSTAT):
            parts.iostat.append(line.removeprefix(_IOSTAT))
        elif line.startswith(_PART):
            current = []
            parts.lines.setdefault(line.removeprefix(_PART), []).append(current)
        elif line.strip():
            current.append(line)
    return parts


def _int(text: str) -> int:
    return int(text) if is_number(text) else 0


def _float(text: str) -> float:
    """A decimal number, 0 for anything else: what is missing here is judged as not there."""
    return float(text) if re.fullmatch(r"\d{1,18}(\.\d{1,9})?", text, re.ASCII) else 0.0


def _uptime(lines: list[str]) -> float:
    return _float(lines[0].split(" ")[0]) if lines else 0.0


# Processes


def _spent(before: list[str], after: list[str], *, seconds: float) -> dict[int, Spent]:
    earlier = {pid: numbers for pid, _, _, numbers in map(_stat, before)}
    found: dict[int, Spent] = {}
    for pid, name, _, numbers in map(_stat, after):
        if pid and len(numbers) > 10:  # noqa: PLR2004 - up to stime, proc(5)
            old = earlier.get(pid)
            used = sum(numbers[10:12]) - (sum(old[10:12]) if old and len(old) > 11 else 0)  # noqa: PLR2004
            cpu = max(0, used) / _HERTZ / seconds if old else 0.0
            found[pid] = Spent(pid, numbers[0], numbers[1], name, cpu)
    return found


def _stat(line: str) -> tuple[int, str, str, list[int]]:
    """Pid, name, state and the numbers from the parent on; the pid is 0 for what is no such line.

    A name may hold anything, brackets and spaces too.
    """
    match = _STAT.fullmatch(line)
    if match is None:
        return 0, "", "", []
    words = match[4].split(" ")
    return _int(match[1]), match[2], match[3], [_signed(word) for word in words]


def _signed(text: str) -> int:
    return -_int(text[1:]) if text.startswith("-") else _int(text)


def _stages(
    listed: list[str], spent: Mapping[int, Spent], ticks: list[list[str]]
) -> tuple[Stage, ...]:
    waits: dict[int, Counter[str]] = {}
    for tick in ticks:
        for line in tick:
            match = _TICK.fullmatch(line)
            pid, _, state, _ = _stat(match[2]) if match else (0, "", "", [])
            if match and pid:
                waits.setdefault(pid, Counter())[_doing(state, match[1])] += 1
    stages = []
    for line in listed:
        match = _PS.fullmatch(line)
        if match is not None and (process := spent.get(_int(match[1]))) is not None:
            counted = waits.get(process.pid, Counter[str]())
            stages.append(Stage(process, _int(match[3]), match[4], dict(counted)))
    return tuple(stages)


def _doing(state: str, function: str) -> str:
    if state == "R":
        return RUNNING
    if state in {"T", "t"}:
        return STOPPED
    if function == "0":
        return DISK if state == "D" else ""
    return function


def _cpus(lines: list[str]) -> list[str]:
    """The lines of /proc/stat that are of CPUs: all of them together, then each."""
    return [line for line in lines if line.startswith("cpu")]


def _cpu(before: list[str], after: list[str]) -> tuple[float | None, float | None, float | None]:
    """Shares of idle, iowait and steal in the first line of /proc/stat."""
    if not before or not after:
        return None, None, None
    early, late = ([_int(word) for word in lines[0].split()[1:]] for lines in (before, after))
    passed = [max(0, b - a) for a, b in zip(early, late, strict=False)]
    total = sum(passed[:8])  # guest times are part of user times
    if not total or len(passed) < 8:  # noqa: PLR2004 - user nice system idle iowait irq softirq steal
        return None, None, None
    return passed[3] / total, passed[4] / total, passed[7] / total


def _pressure(ticks: list[list[str]], seconds: float) -> float | None:
    totals = [
        _int(match[1])
        for tick in ticks
        for line in tick
        if (match := re.search(r"^io some .*total=(\d+)", line))
    ]
    return max(0, totals[-1] - totals[0]) / 1e6 / seconds if len(totals) > 1 else None


# The network


def _sockets(before: list[str], after: list[str]) -> tuple[Socket, ...]:
    early = {(each.local, each.peer): each for each in _sockets_now(before)}
    found = []
    for late in _sockets_now(after):
        old = early.get((late.local, late.peer))
        if old is not None:
            found.append(_difference(old, late))
    return tuple(sorted(found, key=lambda each: -max(each.sent, each.received)))


def _difference(old: Socket, new: Socket) -> Socket:
    return Socket(
        local=new.local,
        peer=new.peer,
        sent=max(0, new.sent - old.sent),
        received=max(0, new.received - old.received),
        retrans=max(0, new.retrans - old.retrans),
        repeated=max(0, new.repeated - old.repeated),
        segments=max(0, new.segments - old.segments),
        busy_ms=max(0, new.busy_ms - old.busy_ms),
        rwnd_limited_ms=max(0, new.rwnd_limited_ms - old.rwnd_limited_ms),
        sndbuf_limited_ms=max(0, new.sndbuf_limited_ms - old.sndbuf_limited_ms),
        unsent=new.unsent,
        unacked=new.unacked,
        cwnd=new.cwnd,
        mss=new.mss,
        rtt_ms=new.rtt_ms,
        min_rtt_ms=new.min_rtt_ms,
        recv_q=min(old.recv_q, new.recv_q),
        send_q=min(old.send_q, new.send_q),
    )


def _sockets_now(lines: list[str]) -> list[Socket]:
    """Sockets stand in a line each, what is known of them in one that begins with white space."""
    sockets = []
    for head, about in zip(lines, [*lines[1:], ""], strict=False):
        words = head.split()
        if head[:1].isspace() or not about[:1].isspace():
            continue
        # With `state established` ss leaves the column of the state out.
        numbers = [at for at, word in enumerate(words) if is_number(word)]
        if len(numbers) < 2 or len(words) < numbers[1] + 3:  # noqa: PLR2004 - two queues, two ends
            continue
        queues = numbers[0]
        sockets.append(
            _socket(words[queues + 2], words[queues + 3], words[queues : queues + 2], about)
        )
    return sockets


def _socket(local: str, peer: str, queues: list[str], about: str) -> Socket:
    values: dict[str, str] = {}
    for word in about.split():
        name, colon, value = word.partition(":")
        if colon and name not in values:
            values[name] = value
    rtt = values.get("rtt", "").partition("/")[0]
    return Socket(
        local=_address(local),
        peer=_address(peer),
        sent=_int(values.get("bytes_sent", values.get("bytes_acked", ""))),
        received=_int(values.get("bytes_received", "")),
        retrans=_int(values.get("retrans", "").rpartition("/")[2]),
        repeated=_int(values.get("dsack_dups", "")),
        segments=_int(values.get("segs_out", "")),
        busy_ms=_ms(values.get("busy", "")),
        rwnd_limited_ms=_ms(values.get("rwnd_limited", "")),
        sndbuf_limited_ms=_ms(values.get("sndbuf_limited", "")),
        unsent=_int(values.get("notsent", "")),
        unacked=_int(values.get("unacked", "")),
        cwnd=_int(values.get("cwnd", "")),
        mss=_int(values.get("mss", "")),
        rtt_ms=_float(rtt),
        min_rtt_ms=_float(values.get("minrtt", "")),
        recv_q=_int(queues[0]),
        send_q=_int(queues[1]),
    )


def _address(text: str) -> str:
    return text.replace("[::ffff:", "").replace("]", "").replace("[", "")


def _ms(text: str) -> int:
    return _int(text.partition("ms")[0])


def _interfaces(before: list[str], after: list[str]) -> tuple[Interface, ...]:
    early = dict(map(_interface, before))
    found = []
    for name, late in map(_interface, after):
        old = early.get(name)
        if name and name != "lo" and old is not None:
            passed = [max(0, b - a) for a, b in zip(old, late, strict=True)]
            errors, drops = passed[2] + passed[10], passed[3] + passed[11]
            found.append(Interface(name, passed[0], passed[8], errors, drops))
    return tuple(found)


def _interface(line: str) -> tuple[str, list[int]]:
    name, colon, rest = line.partition(":")
    numbers = [_int(word) for word in rest.split()]
    if not colon or len(numbers) != 16:  # noqa: PLR2004 - eight each way, proc(5)
        return "", []
    return name.strip(), numbers


def _shapes(line: str) -> bool:
    """Whether a line of `tc qdisc show` says that somebody slows an interface down on purpose."""
    return re.match(r"qdisc (?:tbf|netem|htb|cbq|hfsc|cake)\b", line) is not None


# The pool


def _txgs(lines: list[str], now: float) -> tuple[Txg, ...]:
    names = next((line.split() for line in lines if line.lstrip().startswith("txg ")), [])
    found = []
    for line in lines:
        words = line.split()
        if len(words) != len(names) or not is_number(words[0]):
            continue
        row = dict(zip(names, words, strict=True))
        opened, quiesced, waited, synced = (
            _int(row.get(name, "")) / _NANOSECONDS for name in ("otime", "qtime", "wtime", "stime")
        )
        age = now - _int(row.get("birth", "")) / _NANOSECONDS
        dirty: int | None = _int(row.get("ndirty", ""))
        if row.get("state") == "S":  # what it took is noted only when it is done
            synced, dirty = max(0.0, age - opened - quiesced - waited), None
        elif row.get("state") != "C":
            continue
        written = _int(row.get("nwritten", ""))
        found.append(Txg(age, dirty, written, opened, quiesced, waited, synced))
    return tuple(found)


def _iostat(lines: Iterable[str]) -> Iterable[IostatSample]:
    for line in lines:
        try:
            yield parse_iostat(line.encode())
        except ParseError:
            continue  # one line of many, cut off where the window ended


def _counters(lines: list[str]) -> dict[str, int]:
    rows = (line.split() for line in lines_of("\n".join(lines)))
    return {row[0]: _int(row[2]) for row in rows if len(row) == 3}  # noqa: PLR2004 - kstat(5)


def _grown(before: Mapping[str, int], after: Mapping[str, int], name: str) -> int:
    return max(0, after.get(name, 0) - before.get(name, 0))
