"""The far end of the simulated `ssh`: the sshd of one session, whose child is the shell there.

It lives on when the client is killed while the link is cut, as a real one does: until it hears of
it. Whoever kills it ends the session: the shell's stdin ends, and what the shell writes to is gone.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
from _thread import LockType, allocate_lock, start_new_thread
from select import poll

TYPE_CHECKING = False  # as typing's, which would take 10 ms to import
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

if TYPE_CHECKING:
    from sealift.demo.shells import wire
else:
    import wire

_LOST = 255
_PIECE = 4096
_PLAIN = " @%+=:,./_-"


class Pipes:
    """What stands for the connection, a pipe each: `(read, write)`.

    Nothing is ever written to `life`: it ends when the client does. `status` takes the exit code.
    """

    def __init__(self) -> None:
        self.stdin, self.life = os.pipe(), os.pipe()
        self.stdout, self.stderr, self.status = os.pipe(), os.pipe(), os.pipe()

    def keep(self, *, client: bool) -> None:
        """Close the ends that are not ours."""
        for there in (self.stdin, self.life):
            os.close(there[0 if client else 1])
        for back in (self.stdout, self.stderr, self.status):
            os.close(back[1 if client else 0])


class Line:
    """One direction of a session. The server is asked before anything gets through it."""

    def __init__(self, directory: str, host: str, session: int) -> None:
        self._where = directory, wire.hello(host, "link", [str(session)])
        self._connection: wire.Connection | None = None

    def _ask(self, letter: bytes, data: bytes = b"") -> bytes:
        if self._connection is None:
            self._connection = wire.Connection(*self._where)
        self._connection.send(letter, data)
        return self._connection.receive()[1]

    def take(self, size: int) -> int:
        """Wait until `size` bytes may go; how many to take next is given back."""
        return int.from_bytes(self._ask(wire.PAYLOAD, size.to_bytes(8, "big")), "big")

    def through(self) -> None:
        """Wait until it can be known here that the other end has closed."""
        self._ask(wire.END)


class Session:
    """Which shell to run, and for whom: `client` is the client's process id."""

    def __init__(
        self, directory: str, host: str, home: str, command: str | None, client: int
    ) -> None:
        self.directory, self.host, self.home = directory, host, home
        self.command, self.client = command, client

    def line(self) -> Line:
        """A direction from this host."""
        return Line(self.directory, self.host, self.client)


def serve(session: Session, pipes: Pipes) -> None:
    """Be the sshd of a session, and end with it."""
    os.setsid()
    nothing = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    pipes.keep(client=False)
    facts = [str(session.client)]
    control = wire.Connection(session.directory, wire.hello(session.host, "sshd", facts))
    stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
    shell = os.fork()
    if shell == 0:
        _become(session, (stdin[0], stdout[1], stderr[1]))
    for number in (stdin[0], stdout[1], stderr[1]):
        os.close(number)
    control.send(wire.GROUP, str(shell).encode())
    start_new_thread(_live, (session, pipes.life[0]))
    start_new_thread(_feed, (session, pipes.stdin[0], stdin[1]))
    said = allocate_lock()
    said.acquire()
    start_new_thread(copy, (stderr[0], pipes.stderr[1], session.line(), said))
    # Like a real one: as long as something there keeps its stdout open, the session lasts.
    copy(stdout[0], pipes.stdout[1], session.line(), None)
    said.acquire()
    _, status = os.waitpid(shell, 0)
    session.line().through()
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else _LOST
    wire.write_all(pipes.status[1], str(code).encode())
    os._exit(0)


def copy(source: int, target: int, line: Line | None, done: LockType | None) -> None:
    """Carry bytes one way until either end closes; `done` is released then."""
    size = _PIECE
    # As ssh and sshd do: it shows in what the process is found waiting.
    come = poll()
    come.register(source)
    try:
        while come.poll() and (data := os.read(source, size)):
            if line is not None:
                size = line.take(len(data))
            wire.write_all(target, data)
    except OSError:
        pass  # the other end is gone
    # The source as well: who writes to it is to notice.
    os.close(source)
    os.close(target)
    if done is not None:
        done.release()


def _feed(session: Session, source: int, target: int) -> None:
    """Carry what the client sends to the shell's stdin, up to its end."""
    try:
        while data := os.read(source, _PIECE):
            wire.write_all(target, data)
        session.line().through()
    except OSError:
        pass  # the shell reads no further
    os.close(source)
    os.close(target)


def _live(session: Session, life: int) -> None:
    """End when the client has, as soon as that can be known here."""
    os.read(life, 1)
    session.line().through()
    os._exit(_LOST)


def _single(command: str, bin_: str) -> bool:
    """Whether a command is a single program, which the shell then becomes.

    A login shell is mostly bash, which does that; so sshd is the program's parent. Not every `sh`
    does.
    """
    first = command.partition(" ")[0]
    if first != "sh" and ("/" in first or not os.access(f"{bin_}/{first}", os.X_OK)):
        return False
    quoted = False
    # A quote within quotes, as shlex and sh write it, leaves what is quoted quoted.
    for letter in command.replace("'\"'\"'", "").replace("'\\''", ""):
        if letter == "'":
            quoted = not quoted
        elif not quoted and not (letter.isalnum() or letter in _PLAIN):
            return False
    return not quoted


def _become(session: Session, numbers: tuple[int, int, int]) -> None:
    """Be the shell."""
    os.setsid()
    for target, number in enumerate(numbers):
        os.dup2(number, target)
    os.closerange(3, 256)
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    environment = {
        "PATH": f"{session.directory}/{session.host}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": session.home,
        "USER": "root",
        "LOGNAME": "root",
        "SHELL": "/bin/sh",
    }
    for kept in ("LC_ALL", "LANG", "TERM", "TZ"):
        if kept in os.environ:
            environment[kept] = os.environ[kept]
    os.chdir(session.home)
    words = ["sh"]
    if session.command is not None:
        bin_ = f"{session.directory}/{session.host}/bin"
        words += ["-c", ("exec " if _single(session.command, bin_) else "") + session.command]
    os.execve("/bin/sh", words, environment)  # noqa: S606 - it is a shell
