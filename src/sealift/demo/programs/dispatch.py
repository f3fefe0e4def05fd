"""From the words of a program to the function that answers them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from sealift.demo.programs import (
    creating,
    delegating,
    destroying,
    holding,
    keys,
    listing,
    mounting,
    pools,
    setting,
    snapshots,
    usage,
)
from sealift.demo.programs.call import USAGE_CODE, Call, ExitError
from sealift.demo.programs.iostat import iostat
from sealift.demo.programs.options import parse

VERSION = "2.3.2-2~bpo12+2"

Command = Callable[[Call], Awaitable[int]]


async def version(call: Call) -> int:
    """Say which ZFS this is supposed to be."""
    parse(call, "j")
    call.out(f"zfs-{VERSION}")
    call.out(f"zfs-kmod-{VERSION}")
    return 0


_ZFS: dict[str, Command] = {
    "list": listing.list_,
    "get": listing.get,
    "set": setting.set_,
    "inherit": setting.inherit,
    "create": creating.create,
    "snapshot": snapshots.snapshot,
    "bookmark": snapshots.bookmark,
    "rollback": snapshots.rollback,
    "rename": snapshots.rename,
    "clone": snapshots.clone,
    "destroy": destroying.destroy,
    "hold": holding.hold,
    "holds": holding.holds,
    "release": holding.release,
    "load-key": keys.load_key,
    "unload-key": keys.unload_key,
    "change-key": keys.change_key,
    "mount": mounting.mount,
    "unmount": mounting.unmount,
    "allow": delegating.allow,
    "unallow": delegating.unallow,
    "version": version,
}
_ZPOOL: dict[str, Command] = {**pools.COMMANDS, "iostat": iostat, "version": version}
# What `zpool history` remembers.
_CHANGES = frozenset(
    [
        "set",
        "inherit",
        "create",
        "snapshot",
        "bookmark",
        "rollback",
        "rename",
        "clone",
        "destroy",
        "hold",
        "release",
        "allow",
        "unallow",
        "load-key",
        "unload-key",
        "change-key",
        "mount",
        "unmount",
        "send",
        "receive",
        "scrub",
    ]
)


async def answer(call: Call, transfers: dict[str, Command]) -> int:
    """Run a call to its exit code. `transfers` are `send` and `receive`, which move bytes."""
    command = usage.canonical(call.command)
    table = {**_ZFS, **transfers} if call.program == "zfs" else _ZPOOL
    try:
        if not command:
            call.err("missing command")
            call.send_err(usage.everything(call.program))
            return USAGE_CODE
        if command not in usage.commands(call.program):
            call.err(f"unrecognized command '{call.command}'")
            call.send_err(usage.everything(call.program))
            return USAGE_CODE
        if command not in table:
            call.err(f"{call.program} {command}: not part of this demo")
            return 1
        code = await table[command](call)
    except ExitError as error:
        return error.code
    dry = any(re.fullmatch("-[a-zA-Z]*n[a-zA-Z]*", word) for word in call.words)
    # `zfs allow DATASET` only shows who may do what.
    shows = command == "allow" and len(call.words) == 1
    if code == 0 and command in _CHANGES and call.words and not (dry or shows):
        words = " ".join((call.program, call.command, *call.words))
        call.pool.history.append((call.world.clock(), words, False))
    return code
