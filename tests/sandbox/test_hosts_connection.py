"""A connection over its life: made once for all, lost, noticed, made again."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from sealift.hosts.host import CHANNELS
from sealift.hosts.trouble import TroubleError
from sealift.zfs.commands import Command, Effect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.sandbox.conftest import Home, Hosts, MakeServer, Tools

ECHO = Command(("echo", "in"), Effect.READ, "a test")
LONG = Command(("sleep", "300"), Effect.READ, "a test")


async def test_many_commands_connect_once(hosts: Hosts, make_server: MakeServer) -> None:
    server = await make_server()
    host = hosts.of(server)
    assert not host.connection.connected
    assert host.connection.trouble is None
    assert all(result.ok for result in await asyncio.gather(*(host.run(ECHO) for _ in range(5))))
    assert len(server.connections) == 1
    assert host.connection.connected
    assert host.connection.attempt == 0


async def test_who_gives_up_does_not_spoil_it_for_others(
    hosts: Hosts, make_server: MakeServer
) -> None:
    server = await make_server()
    host = hosts.of(server)
    first, second = (asyncio.create_task(host.run(ECHO)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).ok
    assert first.cancelled()
    assert len(server.connections) == 1


async def test_a_loss_is_noticed_and_mended(
    hosts: Hosts, make_server: MakeServer, tools: Tools
) -> None:
    server = await make_server()
    host = hosts.of(server)
    await host.run(ECHO)
    since = host.connection.since
    server.drop()
    await tools.until(lambda: not host.connection.connected, "the loss is noticed by itself")
    assert host.connection.since > since
    assert host.connection.trouble is not None
    assert host.connection.trouble.finding == "host-unreachable"
    host.retry_now()
    assert (await host.run(ECHO)).ok
    assert host.connection.connected
    assert host.connection.trouble is None
    assert len(server.users) == 2


async def test_a_host_that_is_gone_for_a_while(hosts: Hosts, make_server: MakeServer) -> None:
    server = await make_server()
    host = hosts.of(server)
    await server.stop()
    for _ in range(2):
        with pytest.raises(TroubleError, match="refuses"):
            await host.run(ECHO)
        host.retry_now()
    await server.start()
    assert (await host.run(ECHO)).ok
    assert hosts.log.entries()[-1].text == "echo in"
    assert len(hosts.log.entries()) == 1, "what never started is not in the log"


async def test_a_full_server_is_not_a_lost_one(
    hosts: Hosts, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealift.hosts.ssh.transport.ROOM", (0.01,))
    server = await make_server()
    server.sessions = 0
    host = hosts.of(server)
    with pytest.raises(TroubleError, match="no further session"):
        await host.run(ECHO)
    assert host.connection.connected
    assert hosts.log.entries()[-1].note == "it opens no further session"
    server.sessions = 1
    assert (await host.run(ECHO)).ok


async def test_what_we_gave_up_on_takes_no_room(
    hosts: Hosts, make_server: MakeServer, tools: Tools
) -> None:
    """sshd counts a session until its command has ended, and that takes a moment."""
    server = await make_server()
    server.sessions = CHANNELS
    host = hosts.of(server)
    tasks = [asyncio.create_task(host.run(LONG)) for _ in range(CHANNELS)]
    await tools.until(lambda: server.running == CHANNELS, "all run")
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*(host.run(ECHO) for _ in range(CHANNELS)))
    assert all(result.ok for result in results)
    assert all(task.cancelled() for task in tasks)


async def test_a_network_that_falls_silent_is_noticed(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealift.hosts.ssh.transport.KEEPALIVE", 0.2)
    server = await make_server()
    flowing = asyncio.Event()
    flowing.set()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await flowing.wait()
                sink.write(data)
                await sink.drain()
        sink.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as between:
        port = between.sockets[0].getsockname()[1]
        home.config(f"Host box\n HostName 127.0.0.1\n Port {port}\n")
        home.know(f"[127.0.0.1]:{port} {tools.public(tools.host_key)}")
        host = hosts.ssh("box")
        task = asyncio.create_task(host.run(LONG, deadline=None))
        await tools.until(lambda: bool(server.commands), "it runs")
        await asyncio.sleep(0.5)
        assert not task.done(), "silence of a command is not silence of the network"
        flowing.clear()
        with pytest.raises(TroubleError, match="connection was lost"):
            await task
        assert not host.connection.connected
        server.drop()
        flowing.set()
        await tools.until(lambda: server.running == 0, "the command has ended")


async def test_a_login_that_does_not_end_is_no_host_that_is_gone(hosts: Hosts, home: Home) -> None:
    async with holding() as (port, held):
        home.config(f"Host box\n HostName 127.0.0.1\n Port {port}\n")
        host = hosts.ssh("box")
        with pytest.raises(TroubleError, match=r"the login did not end within 1 s"):
            await host.run(ECHO, deadline=1.0)
        assert held
        assert host.logging_in


async def test_a_login_that_the_connection_waits_for_no_longer(
    hosts: Hosts, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealift.hosts.ssh.transport.CONNECT", 1.0)
    async with holding() as (port, _):
        home.config(f"Host box\n HostName 127.0.0.1\n Port {port}\n")
        host = hosts.ssh("box")
        with pytest.raises(TroubleError, match=r"the login did not end within 1 s"):
            await host.run(ECHO)
        assert not host.logging_in


async def test_a_proxy_that_was_started_says_nothing_of_the_host(hosts: Hosts, home: Home) -> None:
    home.config("Host box\n HostName box.invalid\n ProxyCommand sleep 60\n")
    host = hosts.ssh("box")
    with pytest.raises(TroubleError, match=r"no answer to the connection within 1 s"):
        await host.run(ECHO, deadline=1.0)


async def test_a_host_behind_a_jump_host_takes_up_the_connection_itself(
    hosts: Hosts, home: Home, make_server: MakeServer, tools: Tools
) -> None:
    jump = await make_server()
    async with holding() as (port, held):
        home.config(
            f"Host gate\n HostName 127.0.0.1\n Port {jump.port}\n User tester\n"
            f"Host box\n HostName 127.0.0.1\n Port {port}\n ProxyJump gate\n"
        )
        home.know(f"{jump.name} {tools.public(jump.keys[0])}")
        host = hosts.ssh("box")
        with pytest.raises(TroubleError, match=r"the login did not end within 2 s"):
            await host.run(ECHO, deadline=2.0)
        assert held


@contextlib.asynccontextmanager
async def holding() -> AsyncIterator[tuple[int, list[asyncio.StreamWriter]]]:
    """A port that takes up connections and never says anything; and what it has taken up."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], held
        for each in held:
            each.close()


async def test_closed_while_it_connects(hosts: Hosts, home: Home) -> None:
    async with holding() as (port, held):
        home.config(f"Host box\n HostName 127.0.0.1\n Port {port}\n")
        host = hosts.ssh("box")
        task = asyncio.create_task(host.run(ECHO))
        while not held:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.01)
        await host.close()
        with pytest.raises(TroubleError, match="closed"):
            await task
