"""One connection to a host, and the commands that run over it.

The user's ssh_config counts, and host keys are checked against known_hosts as OpenSSH does. Nothing
here ever asks for a password or a passphrase: whoever can log in with `ssh` without typing can do
so here.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import asyncssh

from sealift.hosts.ssh import known_hosts
from sealift.hosts.ssh.config import Hop, Settings, parse_jumps, read_settings
from sealift.hosts.ssh.host_keys import ANY_PLAIN_KEY, HostKeyCheck
from sealift.hosts.ssh.troubles import bad_config, explain, lost, no_session
from sealift.hosts.trouble import Trouble, TroubleError, UnknownKey, slow_login

KEEPALIVE = 15.0  # seconds; three unanswered ones end the connection
CONNECT = 20.0  # seconds for one host, from its name to the end of the login
# Seconds to wait for a session when the host has none to give: a command that we gave up on keeps
# its own until it has ended.
ROOM = (0.2, 0.5, 1.0, 2.0)
_CHUNK = 65536
_ACCEPTED = Path("what was accepted in this session")


def _no_dumps(record: logging.LogRecord) -> bool:
    """Keep out of every log what AsyncSSH's debug level 3 would write: whole packets, stdin's too.

    A passphrase travels there, whoever raised the level and for whatever reason.
    """
    return not getattr(record, "packet", None)


logging.getLogger("asyncssh").addFilter(_no_dumps)


class SSHTransport:
    """One connection to one host; `connect` again after it was lost.

    `config` replaces the user's ssh_config. Keys in `accepted` (lines as in known_hosts) are
    trusted for this session. `forward_agent` lends the host our agent while we are connected.
    """

    def __init__(
        self,
        host: str,
        user: str | None,
        config: Path | None = None,
        *,
        forward_agent: bool = False,
    ) -> None:
        self.where = f"{user}@{host}" if user else host
        self._target = Hop(host, user)
        self._config = config
        self._forward_agent = forward_agent
        self._connection: asyncssh.SSHClientConnection | None = None
        self._accepted: list[str] = []
        self._check: HostKeyCheck | None = None

    @property
    def connected(self) -> bool:
        """Whether the connection is up, as far as is known now."""
        return self._connection is not None and not self._connection.is_closed()

    @property
    def reached(self) -> bool:
        """Whether the host itself, not one of its jump hosts, took up the newest connection."""
        return self._check is not None and self._check.answered

    async def connect(self) -> None:
        """Connect and authenticate. Raises `TroubleError`; `HostKeyUnknownError` is one of them."""
        self._check = None
        await self.close()
        self._connection = await self._reach(self._target, None, ())

    async def _reach(
        self, hop: Hop, through: asyncssh.SSHClientConnection | None, before: tuple[Hop, ...]
    ) -> asyncssh.SSHClientConnection:
        """Connect to one host; if there is no way yet, by the jump hosts that its config names.

        AsyncSSH could do this, but it would check the jump hosts' keys by rules of its own.
        """
        name = "" if hop == self._target else f"its jump host {hop.text}: "
        try:
            # In a thread: `Match exec` runs programs, and files may be slow.
            settings = await asyncio.to_thread(read_settings, hop, self._config)
            jumps = parse_jumps(settings.jumps, (*before, hop)) if through is None else ()
        except Exception as error:
            raise TroubleError(bad_config(self.where, error, name)) from error
        try:
            for jump in jumps:
                through = await self._reach(jump, through, (*before, hop))
            connection = await self._log_in(hop, name, settings, through)
        except BaseException:
            if through is not None:
                through.close()
            raise
        if through is not None:
            connection.set_tunnel(through)  # ends with it
        return connection

    async def _log_in(
        self,
        hop: Hop,
        name: str,
        settings: Settings,
        through: asyncssh.SSHClientConnection | None,
    ) -> asyncssh.SSHClientConnection:
        algorithms: str | tuple[()] = ()
        while True:
            files = [(file, known_hosts.read(file)) for file in settings.files]
            files.append((_ACCEPTED, "\n".join(self._accepted)))
            check = HostKeyCheck(tuple(files), settings.alias)
            if hop == self._target:
                self._check = check
            try:
                return await asyncssh.connect(
                    hop.host,
                    hop.port or (),
                    username=hop.user or (),
                    config=settings.config,
                    client_keys=settings.keys,
                    client_certs=settings.certificates,
                    agent_identities=settings.agent,
                    agent_forwarding=self._forward_agent and hop == self._target,
                    ignore_encrypted=True,
                    tunnel=through,
                    known_hosts=check.known,
                    client_factory=lambda check=check: check,
                    server_host_key_algs=algorithms,
                    keepalive_interval=KEEPALIVE,
                    keepalive_count_max=3,
                    connect_timeout=CONNECT,
                    login_timeout=CONNECT,
                )
            except Exception as error:
                if check.ask_again(error) and not algorithms:
                    algorithms = ANY_PLAIN_KEY
                    continue
                refused = check.trouble(self.where, name, error)
                raise refused or TroubleError(self._failed(check, name, error)) from error

    def _failed(self, check: HostKeyCheck, name: str, error: Exception) -> Trouble:
        if isinstance(error, TimeoutError) and check.answered:
            return slow_login(self.where, f"{name}within {CONNECT:.0f} s", repr(error))
        return explain(self.where, error, name)

    def accept(self, key: UnknownKey, *, remember: bool) -> None:
        """Trust a key that the operator accepted; with `remember`, write it to known_hosts.

        Raises `OSError` if the file cannot be written.
        """
        if key.line not in self._accepted:
            self._accepted.append(key.line)
        if remember:
            known_hosts.remember(key.file, key.line)

    async def start(self, words: tuple[str, ...]) -> SSHProcess:
        """Start a program by its words, without a terminal."""
        for pause in (*ROOM, None):
            if self._connection is None:
                break
            try:
                process = await self._connection.create_process(
                    "exec " + shlex.join(words),
                    encoding=None,
                    request_pty=False,
                    x11_forwarding=False,
                )
            except Exception as error:
                if not self.connected:
                    raise TroubleError(lost(self.where, error)) from error
                if pause is None or not isinstance(error, asyncssh.ChannelOpenError):
                    raise TroubleError(no_session(self.where, error)) from error
                await asyncio.sleep(pause)
            else:
                return SSHProcess(process, self.where)
        raise TroubleError(lost(self.where))

    async def close(self) -> None:
        """End the connection; what still runs over it is ended on the host (`remote/watch.sh`)."""
        if self._connection is not None:
            self._connection.close()
            await self._connection.wait_closed()
            self._connection = None


@dataclass(frozen=True, slots=True)
class SSHProcess:
    """A command on the other side of a connection."""

    process: asyncssh.SSHClientProcess[bytes]
    where: str

    async def write(self, data: bytes | bytearray) -> None:
        """Hand `data` to the command. Raises `TroubleError` if the connection is lost."""
        try:
            # A copy in `bytes` could not be overwritten; AsyncSSH takes either.
            self.process.stdin.write(cast(bytes, data))
            await self.process.stdin.drain()
        except BrokenPipeError:
            pass  # the command has ended; its exit code says how
        except Exception as error:
            raise TroubleError(lost(self.where, error)) from error

    async def read_stdout(self) -> bytes:
        """The next bytes of stdout, `b""` at its end. Raises `TroubleError`."""
        return await self._read(self.process.stdout)

    async def read_stderr(self) -> bytes:
        """The next bytes of stderr, `b""` at its end. Raises `TroubleError`."""
        return await self._read(self.process.stderr)

    async def _read(self, stream: asyncssh.SSHReader[bytes]) -> bytes:
        try:
            return await stream.read(_CHUNK)
        except Exception as error:
            raise TroubleError(lost(self.where, error)) from error

    async def wait(self) -> int:
        """The exit code; 128 + n after signal n. Raises `TroubleError` if it never came."""
        await self.process.wait_closed()
        code = self.process.returncode
        if code is None:
            raise TroubleError(lost(self.where))
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """Close the channel and so the command's stdin, which ends it (`remote/watch.sh`)."""
        self.process.close()
