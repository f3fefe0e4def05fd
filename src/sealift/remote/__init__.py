"""POSIX sh that is sent to hosts as an argument or on stdin; nothing of it is installed there.

`one_line` joins a script into one line, so that it survives a login shell of any kind (csh cannot
quote a newline). The scripts are written for that: every line ends where a `;` may stand, and
comments have lines of their own.
"""

from __future__ import annotations

from importlib.resources import files


def text(name: str) -> str:
    """The file `name` of this folder as it is."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def one_line(name: str) -> str:
    """The script `name` of this folder as one line of sh."""
    lines = (line.strip() for line in text(name).splitlines())
    return " ".join(line for line in lines if line and not line.startswith("#"))


def argv(name: str, *words: str) -> tuple[str, ...]:
    """The command that runs the script `name` with these words, as an argument of its shell."""
    return ("sh", "-c", one_line(name), "sealift", *words)
