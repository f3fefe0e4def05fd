"""The simulated `ssh`: start a shell on the other host and carry bytes at the link's rate.

Started as `python -I -S link.py DIRECTORY HOST ssh [OPTION...] DESTINATION [WORD...]`. The far
shell runs in a session of its own: like a real one it does not notice that this process is gone,
only that its stdin has ended.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import os
import sys
from _thread import LockType, allocate_lock, start_new_thread

TYPE_CHECKING = False  # as typing's, which would take 10 ms to import
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

if TYPE_CHECKING:
    from sealift.demo.shells import wire
else:
    import wire

_WITH_ARGUMENT = "BbcDEeFIiJLlmOopQRSWw"
_LOST = 255


def main() -> None:
    """Carry one session, and end with its exit code."""
    directory, host, _, *words = sys.argv[1:]
    destination, command = _parse(words)
    control = wire.Connection(directory, wire.hello(host, "ssh", [destination]))
    letter, data = control.receive()
    if letter == wire.ERR:
        wire.write_all(2, data)
        os._exit(_LOST)
    name, home = data.decode().split("\0")
    inner, far_in = os.pipe()
    far_out, outer = os.pipe()
    child = os.fork()
    if child == 0:
        _become(inner, outer, directory, name, home, command)
    os.close(inner)
    os.close(outer)
    control.send(wire.GROUP, str(child).encode())
    start_new_thread(_watch, (control,))
    copied = allocate_lock()
    copied.acquire()
    up = wire.Connection(directory, wire.hello(host, "link", []))
    down = wire.Connection(directory, wire.hello(name, "link", []))
    start_new_thread(_copy, (up, 0, far_in, None))
    start_new_thread(_copy, (down, far_out, 1, copied))
    _, status = os.waitpid(child, 0)
    # What the far side wrote last is still on its way, unless something there keeps the pipe open.
    copied.acquire(timeout=5)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else _LOST)


def _parse(words: list[str]) -> tuple[str, str | None]:
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if len(word) == 2 and word[1] in _WITH_ARGUMENT and words:  # noqa: PLR2004 - a letter
            words.pop(0)
    if not words:
        wire.die("usage: ssh [options] destination [command [argument ...]]")
    return words[0], " ".join(words[1:]) if words[1:] else None


def _become(
    inner: int, outer: int, directory: str, name: str, home: str, command: str | None
) -> None:
    """Be the shell on the other host."""
    os.setsid()
    os.dup2(inner, 0)
    os.dup2(outer, 1)
    os.closerange(3, 256)
    _signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)
    path = f"{directory}/{name}/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    environment = {
        "PATH": path,
        "HOME": home,
        "USER": "root",
        "LOGNAME": "root",
        "SHELL": "/bin/sh",
    }
    for kept in ("LC_ALL", "LANG", "TERM", "TZ"):
        if kept in os.environ:
            environment[kept] = os.environ[kept]
    os.chdir(home)
    words = ["sh"] if command is None else ["sh", "-c", command]
    os.execve("/bin/sh", words, environment)  # noqa: S606 - it is a shell


def _watch(control: wire.Connection) -> None:
    while True:
        letter, data = control.receive()
        if letter == wire.ERR:
            wire.write_all(2, data)
        elif letter == wire.EXIT:
            os._exit(int(data))


def _copy(connection: wire.Connection, source: int, target: int, done: LockType | None) -> None:
    """Carry bytes one way, as fast as the server lets the link go."""
    size = 4096
    try:
        while data := os.read(source, size):
            connection.send(wire.PAYLOAD, len(data).to_bytes(8, "big"))
            letter, answer = connection.receive()
            if letter == wire.GO:
                size = int.from_bytes(answer, "big")
            wire.write_all(target, data)
    except OSError:
        pass  # the other end is gone
    os.close(target)
    if done is not None:
        done.release()


if __name__ == "__main__":
    main()
