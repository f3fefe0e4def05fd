"""Usage messages, from the texts that `zfs` and `zpool` 2.3.2 print."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sealift import demo

# The commands whose usage ends with the table of all properties.
_WITH_PROPERTIES = {
    "zfs": frozenset({"set", "get", "inherit", "list"}),
    "zpool": frozenset({"set", "get", "list"}),
}
_ALIASES = {"recv": "receive", "snap": "snapshot", "umount": "unmount"}


@cache
def said(name: str) -> str:
    """One of the recorded texts."""
    return files(demo).joinpath("texts", f"{name}.txt").read_text(encoding="utf-8")


def everything(program: str) -> str:
    """The usage of the program as a whole."""
    return said(f"{program}_commands")


@cache
def text(program: str, command: str) -> str:
    """The usage of one command."""
    command = canonical(command)
    kept = "usage:\n"
    keep = False
    for line in everything(program).splitlines(keepends=True):
        if line.startswith("\t") and not line.startswith("\t "):
            keep = line.split()[0] == command
        elif not line.startswith("\t"):
            keep = False
        if keep:
            kept += line
    if command in _WITH_PROPERTIES[program]:
        return f"{kept}\n{said(f'{program}_properties')}"
    return kept + (everything("zfs").partition("[@name]\n")[2] if program == "zfs" else "")


def canonical(command: str) -> str:
    """The full name of a command that has a short one."""
    return _ALIASES.get(command, command)


@cache
def commands(program: str) -> frozenset[str]:
    """Every command that the program has."""
    lines = everything(program).splitlines()
    return frozenset(
        line.split()[0] for line in lines if line.startswith("\t") and not line.startswith("\t ")
    )
