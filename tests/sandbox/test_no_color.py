"""NO_COLOR in a real terminal: what the program writes there sets no colour."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import pytest

_SGR = re.compile(rb"\x1b\[([0-9;]*)m")
_COLOR = re.compile(rb"(3[0-8]|4[0-8]|9[0-7]|10[0-7])")


@pytest.mark.parametrize("theme", ["", "sealift-dark", "dracula"])
def test_nothing_is_coloured(theme: str, tmp_path: Path) -> None:
    written = first_frames(["--theme", theme] if theme else [], {"NO_COLOR": "1"}, tmp_path)
    styles = [part for each in _SGR.findall(written) for part in each.split(b";")]
    assert styles, "bold and reverse stay"
    assert [each for each in styles if _COLOR.fullmatch(each)] == []


def test_the_look_for_colours_finds_them(tmp_path: Path) -> None:
    written = first_frames([], {}, tmp_path)
    styles = [part for each in _SGR.findall(written) for part in each.split(b";")]
    assert any(_COLOR.fullmatch(each) for each in styles)


def first_frames(words: list[str], environment: dict[str, str], home: Path) -> bytes:
    """What the route screen writes until all its panes are there; its hosts answer nothing."""
    route = ["root@192.0.2.1:tank/prod", "root@192.0.2.2:backup/prod"]
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    clean |= {"TERM": "xterm-256color", "HOME": str(home), **environment}
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        clean[name] = str(home)
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "sealift", *words, *route], clean)  # noqa: S606
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
    seen = b""
    deadline = time.monotonic() + 60
    try:
        while b"quit" not in seen:
            left = deadline - time.monotonic()
            assert left > 0, seen[-2000:]
            if select.select([terminal], [], [], left)[0]:
                seen += os.read(terminal, 65536)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
    return seen
