"""A whole walk on two hosts that answer as they are told: at once, once each, and never hanging."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.trouble import Trouble, TroubleError, UnknownKey
from sealift.playbook import report_json, thresholds
from sealift.playbook.diagnosis import Diagnosis, StepReport
from sealift.playbook.playbook import Playbook
from sealift.playbook.steps import RECEIVER, SENDING, STREAM, TIME, TITLES
from sealift.replication.watch import RouteWatch
from sealift.zfs import commands
from tests.unit.playbook.scenes import ROUTE

HANGS = object()
_FEATURES = ("encryption", "extensible_dataset", "bookmark_v2", "lz4_compress")


class Said:
    """A command that says something and ends, or never ends."""

    def __init__(self, stdout: bytes, stderr: bytes, code: int, *, hangs: bool) -> None:
        self._stdout, self._stderr, self._code, self._hangs = stdout, stderr, code, hangs

    async def write(self, data: bytes | bytearray) -> None:
        assert data == b""

    async def read_stdout(self) -> bytes:
        if self._hangs:
            await asyncio.Event().wait()
        self._stdout, said = b"", self._stdout
        return said

    async def read_stderr(self) -> bytes:
        self._stderr, said = b"", self._stderr
        return said

    async def wait(self) -> int:
        return self._code

    def close(self) -> None:
        pass


def _listing(argv: tuple[str, ...]) -> str:
    """Which of the listings `zfs list` was asked for."""
    if commands.BLOCK_COLUMNS in argv:
        return "list blocks"
    if commands.ROOM_COLUMNS in argv:
        return "room below" if "-r" in argv else "room"
    return "list snapshot" if "snapshot,bookmark" in argv else "list filesystem"


@dataclass
class Box:
    """A host that holds one dataset with two snapshots. `answers` replace what it says."""

    where: str
    root: str
    snapshots: int = 2
    uid: int = 0
    sudo: bool = False
    answers: dict[str, object] = field(default_factory=dict[str, object])
    late: set[str] = field(default_factory=set[str])  # what hangs when it is first asked for
    deaf: bool = False
    reached: bool = False  # takes the connection up, whether or not its login ends
    logs_in: asyncio.Event | None = None  # a login ends when this is set
    trouble: TroubleError | None = None
    connected: bool = False
    asked: list[tuple[str, ...]] = field(default_factory=list)
    busy: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self) -> None:
        if self.trouble is not None:
            raise self.trouble
        if self.deaf:
            await asyncio.Event().wait()
        if self.logs_in is not None:
            self.reached = True
            await self.logs_in.wait()
        self.connected = True

    async def start(self, words: tuple[str, ...]) -> Said:
        argv = words[7:]
        self.asked.append(argv)
        self.busy.set()
        plain = argv[2:] if argv[0] == "sudo" else argv
        name = " ".join(plain[:2])
        if name == "sh -c":
            name = "probe" if "say user" in plain[2] else "jobs"
        if name == "zfs list":
            name = _listing(plain)
        said = (self._usual() | self.answers)[name]
        if said is HANGS or name in self.late:
            self.late.discard(name)
            return Said(b"", b"", 0, hangs=True)
        if isinstance(said, TroubleError):
            raise said
        if isinstance(said, tuple):
            return Said(b"", said[1], said[0], hangs=False)
        assert isinstance(said, str), (name, argv)
        return Said(said.encode(), b"", 0, hangs=False)

    def _usual(self) -> dict[str, str]:
        """What a healthy host says, by the first two words of what it is asked."""
        pool, user = self.root.partition("/")[0], "root" if self.uid == 0 else "op"
        sudo = "sealift sudo yes\n" if self.sudo else ""
        features = "".join(f"{pool}\tfeature@{name}\tactive\tlocal\n" for name in _FEATURES)
        snapshots = (
            f"{self.root}@s{n}\t{n}\t{n}\t{3_999_990_000 + n}\t0\t9\t{n + 70}\t1\n"
            for n in range(1, self.snapshots + 1)
        )
        return {
            "probe": (
                f"\nsealift user {user}\nsealift uid {self.uid}\nsealift host {self.where}\n"
                "sealift system Linux\nsealift epoch 4000000000\nsealift zfs /sbin/zfs\n"
                f"sealift onpath yes\nsealift version zfs-2.4.4\n{sudo}"
            ),
            "jobs": "",
            "zfs allow": "",
            "zpool events": "",
            "ps -A": "1 0 9 init\n",
            "id -Gn": "op staff\n",
            "room below": f"{self.root}\t9\t90000\t9\t0\t0\toff\n",
            "room": f"{pool}\t9\t90000\t9\t0\t0\toff\n",
            "list filesystem": (
                f"{self.root}\tfilesystem\t1\t1\t1\t9\t90000\t9\taes-256-gcm\t{self.root}\t"
                "unavailable\tpassphrase\t77\tno\ton\t-\t-\t0\n"
            ),
            "list blocks": f"{self.root}\t131072\t-\ton\tlegacy\n",
            "list snapshot": "".join(snapshots),
            "zpool list": f"{pool}\t900\t9\t891\t3\t1\tONLINE\n",
            "zpool status": f"  pool: {pool}\n state: ONLINE\nerrors: No known data errors\n",
            "zpool get": f"{pool}\tguid\t9\t-\n{features}",
            "zfs holds": f"{self.root}@s2\tkeepforrep\ttoday\n",
            "zfs send": "size\t9\n",
        }

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        raise AssertionError(f"no key is unknown here: {key}, {remember}")

    async def close(self) -> None:
        self.connected = False


@dataclass
class Pair:
    """Both hosts, and a playbook for them; every command goes through a read-only gate."""

    source: Box = field(default_factory=lambda: Box("root@nas1", "tank/prod"))
    destination: Box = field(default_factory=lambda: Box("root@dr1", "backup/prod"))

    def playbook(self, trial: float = 0.0) -> Playbook:
        gate, log = Gate(read_only=True), CommandLog()
        hosts = (Host(self.source, gate, log), Host(self.destination, gate, log))
        route = replace(ROUTE, lag_limit=10**9)
        return Playbook(RouteWatch(route, *hosts), window=0.0, trial=trial)


def step(shown: Diagnosis, name: str) -> StepReport:
    """One step's report."""
    return next(each for each in shown.steps if each.id == name)


def found(shown: Diagnosis, *severities: str) -> set[str]:
    """The ids that were found."""
    return {each.id for each in shown.findings if each.severity in severities}


async def test_a_healthy_route_is_walked_with_each_thing_asked_once() -> None:
    pair = Pair()
    shown = await pair.playbook().run()
    assert shown.done
    assert found(shown, "warning", "problem") <= {"clock-skew"}
    for name in (SENDING, RECEIVER, STREAM):
        assert step(shown, name).state in ("ok", "warning")
        assert step(shown, name).unseen == ()
    for box in (pair.source, pair.destination):
        assert [argv for argv, times in Counter(box.asked).items() if times > 1] == []


async def test_listeners_see_the_steps_fill_in() -> None:
    playbook = Pair().playbook()
    seen: list[Diagnosis] = []
    playbook.subscribe(seen.append)
    assert [each.state for each in playbook.diagnosis.steps] == ["running"] * 4
    last = await playbook.run()
    assert seen[-1] is last
    assert [each.id for each in last.steps] == list(TITLES)
    done = [sum(each.state != "running" for each in shown.steps) for shown in seen]
    assert done == [0, 1, 2, 3, 4]


async def test_one_step_is_taken_again_with_fresh_readings() -> None:
    pair = Pair()
    playbook = pair.playbook()
    first = await playbook.run()
    pair.destination.answers["zpool status"] = "  pool: backup\n state: DEGRADED\nerrors: none\n"
    asked = len(pair.destination.asked)
    again = await playbook.run_step(RECEIVER)
    assert "pool-degraded" in found(again, "problem", "warning")
    assert "pool-degraded" not in found(first, "problem", "warning")
    assert step(again, STREAM) is step(first, STREAM)
    assert len(pair.destination.asked) > asked


async def test_a_host_that_is_gone_is_a_finding_and_the_other_is_shown() -> None:
    pair = Pair()
    gone = Trouble("host-unreachable", "root@dr1", "no answer to the connection")
    pair.destination.trouble = TroubleError(gone)
    shown = await pair.playbook().run()
    assert [f.side for f in shown.findings if f.id == "host-unreachable"] == ["destination"]
    assert report_json.exit_code(shown) == 3
    assert step(shown, SENDING).facts
    assert step(shown, STREAM).unseen


async def test_a_suspended_pool_whose_listing_hangs_keeps_nothing_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        thresholds, "LISTING_SUSPENDED", replace(thresholds.LISTING_SUSPENDED, value=0.01)
    )
    pair = Pair()
    pair.destination.answers |= {
        "list snapshot": HANGS,
        "list filesystem": HANGS,
        "zpool status": "  pool: backup\n state: SUSPENDED\nerrors: List of errors unavailable\n",
    }
    monkeypatch.setattr(thresholds, "ANSWER", replace(thresholds.ANSWER, value=0.5))
    async with asyncio.timeout(20):
        shown = await pair.playbook().run()
    assert "pool-suspended" in found(shown, "problem")
    assert "host-unreachable" not in found(shown, "problem")
    assert any("was given up" in sentence for sentence in step(shown, RECEIVER).unseen)


def shorten(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Other values of some thresholds."""
    for name, value in seconds.items():
        monkeypatch.setattr(thresholds, name, replace(getattr(thresholds, name), value=value))


async def test_a_host_that_does_not_let_us_in_is_called_gone_without_waiting_for_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shorten(monkeypatch, GET_IN=0.05)
    pair = Pair()
    pair.destination.deaf = True
    async with asyncio.timeout(20):
        shown = await pair.playbook().run()
    assert [f.side for f in shown.findings if f.id == "host-unreachable"] == ["destination"]
    assert step(shown, SENDING).facts


@pytest.mark.parametrize("slow", ["ps -A", "list filesystem", "zpool status", "zpool get"])
async def test_a_host_that_is_in_and_answers_late_is_not_called_gone(
    monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    shorten(monkeypatch, ANSWER=0.05, LISTING=0.1, LISTING_SUSPENDED=0.01)
    pair = Pair()
    pair.destination.answers[slow] = HANGS
    async with asyncio.timeout(20):
        shown = await pair.playbook().run()
    assert "host-unreachable" not in found(shown, "info", "warning", "problem")
    assert report_json.exit_code(shown) != 3
    assert step(shown, RECEIVER).unseen


async def test_a_listing_that_nobody_waited_for_is_a_sentence_and_no_finding() -> None:
    pair = Pair()
    late = TroubleError(Trouble("host-unreachable", "root@dr1", "no answer within 30 s"))
    pair.destination.answers["list filesystem"] = late
    shown = await pair.playbook().run()
    assert "host-unreachable" not in found(shown, "info", "warning", "problem")
    assert "its listing: root@dr1: no answer within 30 s" in step(shown, RECEIVER).unseen


async def test_a_login_that_takes_all_the_time_has_as_much_for_its_first_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shorten(monkeypatch, GET_IN=0.2)
    pair = Pair()
    pair.destination.late = {"probe"}
    async with asyncio.timeout(20):
        shown = await pair.playbook().run()
    assert "host-unreachable" not in found(shown, "info", "warning", "problem")
    assert step(shown, RECEIVER).unseen == ()


async def test_a_login_that_takes_longer_than_a_lost_host_is_given_is_waited_for_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shorten(monkeypatch, GET_IN=0.2)
    pair = Pair()
    pair.destination.logs_in = asyncio.Event()
    asyncio.get_running_loop().call_later(0.3, pair.destination.logs_in.set)
    async with asyncio.timeout(20):
        shown = await pair.playbook().run()
    assert "host-unreachable" not in found(shown, "info", "warning", "problem")
    assert step(shown, RECEIVER).unseen == ()


async def test_a_login_that_never_ends_is_waited_for_twice_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shorten(monkeypatch, GET_IN=0.05)
    pair = Pair()
    pair.destination.logs_in = asyncio.Event()
    async with asyncio.timeout(20):
        shown = await pair.playbook().run()
    gone = next(each for each in shown.findings if each.id == "host-unreachable")
    assert gone.side == "destination"
    assert "login did not end" in gone.summary


async def test_without_root_the_steps_say_what_they_could_not_see() -> None:
    pair = Pair()
    pair.source.uid = pair.destination.uid = 1000
    shown = await pair.playbook().run()
    assert any("zpool events" in sentence for sentence in step(shown, STREAM).unseen)
    assert step(shown, STREAM).state in ("ok", "warning")
    asked = {" ".join(argv[:2]) for argv in pair.destination.asked}
    assert "zpool events" not in asked
    assert {"zfs allow", "id -Gn"} <= asked


async def test_what_needs_root_is_asked_through_sudo_where_that_is_allowed() -> None:
    pair = Pair()
    pair.destination.uid, pair.destination.sudo = 1000, True
    await pair.playbook().run()
    assert ("sudo", "-n", "zpool", "events", "-vH", "backup") in pair.destination.asked
    assert ("zpool", "events", "-vH", "tank") in pair.source.asked


async def test_a_tool_that_is_missing_is_said_and_the_rest_goes_on() -> None:
    pair = Pair()
    pair.destination.answers["ps -A"] = (1, b"ps: unrecognized option: A")
    pair.destination.answers["zpool get"] = "nonsense"
    pair.destination.answers["zpool events"] = (1, b"sudo: a password is required")
    shown = await pair.playbook().run()
    unseen = " ".join((*step(shown, RECEIVER).unseen, *step(shown, STREAM).unseen))
    assert "what runs there" in unseen
    assert "the properties of the pool backup" in unseen
    assert "events of the destination's pool" in unseen
    assert step(shown, RECEIVER).facts


async def test_a_destination_that_is_not_there_yet_is_no_trouble() -> None:
    pair = Pair()
    missing = (1, b"cannot open 'backup/prod': dataset does not exist\n")
    for name in ("list filesystem", "list snapshot", "room below"):
        pair.destination.answers[name] = missing
    shown = await pair.playbook().run()
    assert found(shown, "problem") == set()
    assert any(each.title == "Room" for each in step(shown, RECEIVER).facts)


async def test_the_way_between_the_hosts_is_tried_where_nothing_runs() -> None:
    pair = Pair()
    shown = await pair.playbook(trial=1.0).run()
    facts = {fact.title: fact for fact in step(shown, TIME).facts}
    assert facts["Way to root@dr1"].value == "open"
    assert facts["Way to root@dr1"].evidence[0].command.endswith("root@dr1 true")
    assert found(shown, "warning", "problem") <= {"clock-skew"}


async def test_a_walk_that_is_given_up_leaves_nothing_behind() -> None:
    pair = Pair()
    pair.source.answers["ps -A"] = HANGS
    walk = asyncio.create_task(pair.playbook().run())
    await pair.source.busy.wait()
    walk.cancel()
    with pytest.raises(asyncio.CancelledError):
        await walk
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert left == []
