"""A host's connection state, with a transport and a clock of the test's own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.trouble import HostKeyUnknownError, Trouble, TroubleError, UnknownKey
from sealift.zfs.commands import Command, Effect

READ = Command(("zfs", "list"), Effect.READ, "a test")
DOWN = TroubleError(Trouble("host-unreachable", "nas", "it is down"))
DENIED = TroubleError(Trouble("authentication-failed", "nas", "no"))
KEY = UnknownKey("nas", "ssh-ed25519", "SHA256:x", "nas ssh-ed25519 AAAA", Path("known"))


class Ended:
    """A command that says nothing and ends well."""

    async def write(self, data: bytes | bytearray) -> None:
        assert data == b""

    async def read_stdout(self) -> bytes:
        return b""

    async def read_stderr(self) -> bytes:
        return b""

    async def wait(self) -> int:
        return 0

    def close(self) -> None:
        pass


@dataclass
class Fake:
    """A transport that does what the test tells it."""

    where: str = "nas"
    connected: bool = False
    reached: bool = False
    trouble: TroubleError | None = None
    tries: int = 0
    accepted: list[UnknownKey] = field(default_factory=list)
    remembered: list[UnknownKey] = field(default_factory=list)

    async def connect(self) -> None:
        self.tries += 1
        await asyncio.sleep(0)
        if self.trouble is not None:
            raise self.trouble
        self.connected = True

    async def start(self, words: tuple[str, ...]) -> Ended:
        assert self.connected
        assert words[-2:] == ("zfs", "list")
        return Ended()

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        (self.remembered if remember else self.accepted).append(key)

    async def close(self) -> None:
        self.connected = False


@dataclass
class Clock:
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Setting:
    fake: Fake = field(default_factory=Fake)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.host = Host(self.fake, Gate(), CommandLog(), clock=self.clock)

    async def fails(self) -> TroubleError:
        with pytest.raises(TroubleError) as raised:
            await self.host.run(READ)
        return raised.value

    def pause(self) -> float:
        retry_at = self.host.connection.retry_at
        assert retry_at is not None
        return (retry_at - self.clock.now).total_seconds()


async def test_pauses_grow_to_half_a_minute() -> None:
    at = Setting(Fake(trouble=DOWN))
    began = at.clock.now
    pauses = []
    for attempt in range(1, 9):
        assert await at.fails() is DOWN
        state = at.host.connection
        assert (state.connected, state.attempt, state.trouble) == (False, attempt, DOWN.trouble)
        assert state.since == began
        pauses.append(at.pause())
        at.clock.go(pauses[-1] - 0.1)
        await at.fails()
        assert at.fake.tries == attempt, "a pause is kept"
        at.clock.go(0.1)
    assert pauses == [1, 2, 4, 8, 15, 30, 30, 30]


async def test_a_refused_login_is_not_hammered() -> None:
    at = Setting(Fake(trouble=DENIED))
    await at.fails()
    assert at.pause() == 300
    at.host.retry_now()
    assert at.pause() == 0
    await at.fails()
    assert at.fake.tries == 2


async def test_retry_now_tries_at_once_and_starts_anew() -> None:
    at = Setting(Fake(trouble=DOWN))
    for _ in range(5):
        await at.fails()
        at.clock.go(at.pause())
    at.host.retry_now()
    assert at.host.connection.trouble is DOWN.trouble, "what is known is shown until it has changed"
    at.fake.trouble = None
    assert (await at.host.run(READ)).ok
    state = at.host.connection
    assert (state.connected, state.attempt, state.trouble, state.retry_at) == (True, 0, None, None)
    assert state.since == at.clock.now
    at.host.retry_now()
    assert at.host.connection == state, "nothing to retry"


async def test_a_steady_connection_that_is_lost_is_made_again_at_once() -> None:
    at = Setting()
    await at.host.run(READ)
    at.clock.go(3600)
    at.fake.connected = False
    state = at.host.connection
    assert (state.connected, state.attempt, state.since) == (False, 0, at.clock.now)
    assert state.trouble is not None
    assert at.pause() == 0
    assert (await at.host.run(READ)).ok
    assert at.fake.tries == 2


async def test_a_connection_that_is_lost_again_and_again_is_made_more_slowly() -> None:
    at = Setting()
    pauses = []
    for _ in range(4):
        await at.host.run(READ)
        at.fake.connected = False
        pauses.append(at.pause())
        await at.fails()
        at.clock.go(pauses[-1])
    assert pauses == [1, 2, 4, 8]


async def test_concurrent_commands_share_one_try_and_its_failure() -> None:
    at = Setting(Fake(trouble=DOWN))
    errors = await asyncio.gather(*(at.host.run(READ) for _ in range(5)), return_exceptions=True)
    assert errors == [DOWN] * 5
    assert at.fake.tries == 1


async def test_an_accepted_key_is_tried_at_once() -> None:
    error = HostKeyUnknownError(Trouble("host-key-unknown", "nas", "who is this"), KEY)
    at = Setting(Fake(trouble=error))
    for _ in range(2):
        found = await at.fails()
        assert isinstance(found, HostKeyUnknownError)
        assert found.key == KEY
    at.fake.trouble = None
    at.host.accept(KEY, remember=False)
    assert at.fake.accepted == [KEY]
    assert (await at.host.run(READ)).ok


async def test_the_deadline_covers_the_connection() -> None:
    class Silent(Fake):
        async def connect(self) -> None:
            await asyncio.sleep(3600)

    at = Setting(Silent())
    with pytest.raises(TroubleError, match="no answer to the connection within 0 s") as raised:
        await at.host.run(READ, deadline=0.05)
    assert raised.value.trouble.raw == "zfs list"
    await at.host.close()
    await asyncio.sleep(0)
    assert not at.host.connection.connected


async def test_a_key_is_remembered_unless_the_session_is_read_only() -> None:
    at = Setting()
    at.host.accept(KEY, remember=True)
    assert at.fake.remembered == [KEY]
    reader = Fake()
    host = Host(reader, Gate(read_only=True), CommandLog())
    with pytest.raises(TroubleError, match="read-only"):
        host.accept(KEY, remember=True)
    assert (reader.accepted, reader.remembered) == ([], [])
    host.accept(KEY, remember=False)
    assert reader.accepted == [KEY]
