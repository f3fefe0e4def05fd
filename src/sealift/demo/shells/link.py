"""The simulated `ssh`: carry a command's bytes to and from a shell on the other host.

Started as `python -I -S link.py DIRECTORY HOST ssh [OPTION...] DESTINATION [WORD...]`. It is two
processes, as it is in reality: this one is the client, the other (`far.py`) the session's sshd,
whose child is the shell. What each may notice of the other, and when, says the demo's server: while
the link is cut, neither does.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock, start_new_thread

TYPE_CHECKING = False  # as typing's, which would take 10 ms to import
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

if TYPE_CHECKING:
    from sealift.demo.shells import far, wire
    from sealift.demo.shells.asked import Asked, fail
else:
    import far
    import wire
    from asked import Asked, fail

_LOST = 255


def main() -> None:
    """Carry one session, and end with its exit code."""
    directory, host, _, *words = sys.argv[1:]
    asked = Asked(words)
    facts = [asked.user, asked.host, "alive" if asked.alive else "", *words]
    control = wire.Connection(directory, wire.hello(host, "ssh", facts))
    letter, data = control.receive()
    if letter == wire.ERR:
        wire.write_all(2, data)
        os._exit(_LOST)
    name, home = data.decode().split("\0")
    me = os.getpid()
    pipes = far.Pipes()
    if os.fork() == 0:
        control.close()
        far.serve(far.Session(directory, name, home, asked.command, me), pipes)
    pipes.keep(client=True)
    start_new_thread(_watch, (control,))
    if asked.mute:
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    start_new_thread(far.copy, (0, pipes.stdin[1], far.Line(directory, host, me), None))
    told = allocate_lock()
    told.acquire()
    start_new_thread(far.copy, (pipes.stderr[0], os.dup(2), None, told))
    far.copy(pipes.stdout[0], os.dup(1), None, None)
    told.acquire()
    code = os.read(pipes.status[0], 16)
    if code:
        os._exit(int(code))
    # Nobody is there to say how it ended; but that has to get through to us first.
    far.Line(directory, host, me).through()
    if asked.quiet:
        os._exit(_LOST)
    fail(f"Connection to {asked.host} closed by remote host.")


def _watch(control: wire.Connection) -> None:
    while True:
        letter, data = control.receive()
        if letter == wire.ERR:
            wire.write_all(2, data)
        elif letter == wire.EXIT:
            os._exit(int(data))


if __name__ == "__main__":
    main()
