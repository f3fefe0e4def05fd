"""Twenty hosts, those of ten demos, each behind an SSH server: `python -m tests.bench.fleet DIR`.

A process of its own that gives way to others: real hosts would not take the program's CPU. It says
`ready`; each line on its stdin is answered with the logins of every host; it ends with its stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncssh

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from tests.ssh_server import Server, public

PAIRS, ROUTES, SNAPSHOTS, LEFT_OUT = 10, 20, 24, 2
_TREE = (
    "set -e;"
    "printf 'correct horse battery staple' |"
    " zfs create -o encryption=on -o keyformat=passphrase -o keylocation=prompt tank/prod;"
    f"for i in $(seq {ROUTES}); do zfs create tank/prod/r$i; done;"
    f"for i in $(seq {SNAPSHOTS}); do zfs snapshot -r tank/prod@rep-$i; done;"
    f"zfs send -w -R tank/prod@rep-{SNAPSHOTS - LEFT_OUT} |"
    " ssh root@dr1 zfs receive -s -u backup/prod"
)


class Fleet:
    """The hosts by name, and what a program needs to find them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._servers: dict[str, Server] = {}

    async def start(self, stack: AsyncExitStack) -> None:
        """Fill the pools, let the servers listen, write config, ssh_config and known_hosts."""
        demos = [await stack.enter_async_context(Demo.open(BLANK)) for _ in range(PAIRS)]
        await asyncio.gather(*(_fill(demo) for demo in demos))
        for number, demo in enumerate(demos):
            for name, transport in (("nas", demo.source), ("dr", demo.destination)):
                host_key = asyncssh.generate_private_key("ssh-ed25519")
                server = Server([host_key], [self._key], environment=transport.environment)
                await server.start()
                stack.push_async_callback(server.stop)
                self._servers[f"{name}{number}"] = server
        key = self._folder / "key"
        key.write_bytes(self._key.export_private_key("openssh"))
        key.chmod(0o600)
        self._write("known_hosts", (f"{s.name} {public(s.keys[0])}" for s in self._all))
        self._write("ssh_config", self._ssh_config())
        self._write("config.toml", _routes())

    def logins(self) -> dict[str, int]:
        """How often somebody has connected to each host."""
        return {name: len(server.connections) for name, server in self._servers.items()}

    @property
    def _all(self) -> tuple[Server, ...]:
        return tuple(self._servers.values())

    def _ssh_config(self) -> Iterator[str]:
        yield "Host *\n HostName 127.0.0.1\n User root\n IdentitiesOnly yes"
        yield f" IdentityFile {self._folder}/key\n UserKnownHostsFile {self._folder}/known_hosts"
        for name, server in self._servers.items():
            yield f"Host {name}\n Port {server.port}"

    def _write(self, name: str, lines: Iterator[str]) -> None:
        (self._folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


async def _fill(demo: Demo) -> None:
    filling = await asyncio.create_subprocess_exec(
        demo.shell("nas1"), "-c", _TREE, stdin=subprocess.DEVNULL
    )
    if await filling.wait():
        raise RuntimeError("the pools could not be filled")


def _routes() -> Iterator[str]:
    for pair in range(PAIRS):
        for number in range(1, ROUTES + 1):
            yield f"[route.r{pair}-{number:02}]"
            yield f'source = "root@nas{pair}:tank/prod/r{number}"'
            yield f'destination = "root@dr{pair}:backup/prod/r{number}"'


async def main(folder: Path) -> None:
    """Serve until stdin ends."""
    os.nice(19)
    fleet = Fleet(folder)
    async with AsyncExitStack() as stack:
        await fleet.start(stack)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while await asyncio.to_thread(sys.stdin.readline):
            sys.stdout.write(json.dumps(fleet.logins()) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
