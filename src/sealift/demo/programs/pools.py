"""`zpool list`, `get`, `set`, `status`, `history`, `events`, `scrub` and their like."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from functools import cache

from sealift.demo.programs.call import Call
from sealift.demo.programs.numbers import nice_bytes
from sealift.demo.programs.options import parse
from sealift.demo.programs.table import aligned
from sealift.demo.programs.usage import said
from sealift.demo.world import tree
from sealift.demo.world.model import Pool

_PERCENT = 100
_FEATURES_ACTIVE = (
    "lz4_compress", "spacemap_histogram", "enabled_txg", "hole_birth", "extensible_dataset",
    "embedded_data", "userobj_accounting", "project_quota", "spacemap_v2", "log_spacemap",
    "head_errlog", "vdev_zaps_v2",
)  # fmt: skip
_FEATURES = (
    "async_destroy", "empty_bpobj", "lz4_compress", "multi_vdev_crash_dump", "spacemap_histogram",
    "enabled_txg", "hole_birth", "extensible_dataset", "embedded_data", "bookmarks",
    "filesystem_limits", "large_blocks", "large_dnode", "sha512", "skein", "edonr",
    "userobj_accounting", "encryption", "project_quota", "device_removal", "obsolete_counts",
    "zpool_checkpoint", "spacemap_v2", "allocation_classes", "resilver_defer", "bookmark_v2",
    "redaction_bookmarks", "redacted_datasets", "bookmark_written", "log_spacemap", "livelist",
    "device_rebuild", "zstd_compress", "draid", "zilsaxattr", "head_errlog", "blake3",
    "block_cloning", "vdev_zaps_v2", "redaction_list_spill", "raidz_expansion", "fast_dedup",
    "longname", "large_microzap",
)  # fmt: skip
_COLUMNS = {"allocated": "ALLOC", "capacity": "CAP", "fragmentation": "FRAG", "dedupratio": "DEDUP",
            "checkpoint": "CKPOINT", "expandsize": "EXPANDSZ"}  # fmt: skip
_ALIASES = {"alloc": "allocated", "cap": "capacity", "frag": "fragmentation", "dedup": "dedupratio",
            "ckpoint": "checkpoint", "expandsz": "expandsize"}  # fmt: skip
_RIGHT = ("size", "allocated", "free", "checkpoint", "expandsize", "fragmentation", "capacity",
          "dedupratio", "health")  # fmt: skip
_LISTED = (
    "name,size,allocated,free,checkpoint,expandsize,fragmentation,capacity,dedup,health,altroot"
)
# Properties in the order of `zpool get all`, with what they are by default.
_DEFAULTS = {
    "altroot": "-", "version": "-", "bootfs": "-", "delegation": "on", "autoreplace": "off",
    "cachefile": "-", "failmode": "wait", "listsnapshots": "off", "autoexpand": "off",
    "ashift": "0", "comment": "-", "multihost": "off", "autotrim": "off", "compatibility": "off",
    "dedup_table_quota": "auto",
}  # fmt: skip
_ORDER = (
    "size", "capacity", "altroot", "health", "guid", "version", "bootfs", "delegation",
    "autoreplace", "cachefile", "failmode", "listsnapshots", "autoexpand", "dedupratio", "free",
    "allocated", "readonly", "ashift", "comment", "expandsize", "freeing", "fragmentation",
    "leaked", "multihost", "checkpoint", "load_guid", "autotrim", "compatibility", "bcloneused",
    "bclonesaved", "bcloneratio", "dedup_table_size", "dedup_table_quota", "last_scrubbed_txg",
)  # fmt: skip
_FIXED = {
    "dedupratio": "1.00x", "readonly": "off", "expandsize": "-", "freeing": "0", "leaked": "0",
    "checkpoint": "-", "bcloneused": "0", "bclonesaved": "0", "bcloneratio": "1.00x",
    "dedup_table_size": "0", "last_scrubbed_txg": "0",
}  # fmt: skip


@cache
def _known() -> frozenset[str]:
    found = re.findall(r"^\t([a-z_]+) +(?:YES|NO) ", said("zpool_properties"), re.MULTILINE)
    return frozenset(found) | {"name"}


def _canonical(name: str) -> str | None:
    name = _ALIASES.get(name, name)
    feature = name.removeprefix("feature@")
    return name if name in _known() or (feature != name and feature in _FEATURES) else None


def _number(pool: Pool, name: str) -> int | None:
    allocated = tree.allocated(pool)
    match name:
        case "size":
            return pool.size
        case "allocated":
            return allocated
        case "free":
            return pool.size - allocated
    return None


def _value(pool: Pool, name: str, *, exact: bool) -> tuple[str, str]:
    """A property of a pool as it is shown, and its source."""
    number = _number(pool, name)
    if number is not None:
        return str(number) if exact else nice_bytes(number), "-"
    if name.startswith("feature@"):
        return _feature(pool, name.removeprefix("feature@")), "local"
    own = {
        "name": pool.name,
        "capacity": f"{tree.allocated(pool) * _PERCENT // pool.size}{'' if exact else '%'}",
        "fragmentation": f"{pool.fragmentation}{'' if exact else '%'}",
        "health": pool.health,
        "guid": str(pool.guid),
        "load_guid": str(pool.guid ^ 0xFFFF_FFFF),
    }
    if name in own:
        return own[name], "-"
    if name in pool.local:
        return pool.local[name], "local"
    if name in _FIXED:
        return _FIXED[name].removesuffix("x" if exact else " "), "-"
    return _DEFAULTS.get(name, "-"), "default"


def _feature(pool: Pool, name: str) -> str:
    if name in pool.disabled_features:
        return "disabled"
    active = name in _FEATURES_ACTIVE
    if name == "encryption":
        active = any(each.crypt for each in pool.datasets.values())
    elif name in {"bookmarks", "bookmark_v2", "bookmark_written"}:
        active = any(each.bookmarks for each in pool.datasets.values())
    return "active" if active else "enabled"


def _columns(call: Call, text: str) -> list[str]:
    names: list[str] = []
    for word in text.split(","):
        if word == "all":
            names += [*_ORDER, *(f"feature@{each}" for each in _FEATURES)]
            continue
        name = _canonical(word)
        if name is None:
            call.misuse(f"bad property list: invalid property '{word}'")
        names.append(name)
    return names


def _pools(
    call: Call, names: tuple[str, ...], complain: str = "cannot open '{}': no such pool"
) -> list[Pool]:
    """The pools that are named, all without a name. Unknown ones are said and left out."""
    found: list[Pool] = [] if names else [call.pool]
    for name in names:
        if name == call.pool.name:
            found.append(call.pool)
        else:
            call.err(complain.format(name))
    return found


async def list_(call: Call) -> int:
    """List pools."""
    options = parse(call, "gjHLo:pPT:v")
    default = (
        "name,size,allocated,free,checkpoint,expandsize,fragmentation,capacity,dedup,health,altroot"
    )
    names = _columns(call, options.last("o") or default)
    pools = _pools(call, options.rest)
    rows = [[_value(pool, name, exact=options.has("p"))[0] for name in names] for pool in pools]
    if options.has("H"):
        for row in rows:
            call.out("\t".join(row))
    elif rows:
        heads = [_COLUMNS.get(name, name.upper()) for name in names]
        least = [{"health": 8}.get(name, 5) if name in _RIGHT else 0 for name in names]
        right = [name in _RIGHT for name in names]
        call.out(aligned([heads, *rows], least=least, right=right))
    return 1 if len(pools) < len(options.rest) else 0


async def get(call: Call) -> int:
    """Show properties of pools."""
    options = parse(call, "jHpo:")
    if not options.rest:
        call.misuse("missing property argument")
    names = _columns(call, options.rest[0])
    fields = (options.last("o") or "name,property,value,source").split(",")
    pools = _pools(call, options.rest[1:], "Cannot get properties of {}: no such pool available.")
    rows: list[list[str]] = []
    for pool in pools:
        for name in names:
            value, source = _value(pool, name, exact=options.has("p"))
            row = {"name": pool.name, "property": name, "value": value, "source": source}
            rows.append([row[field] for field in fields])
    if options.has("H"):
        for each in rows:
            call.out("\t".join(each))
    elif rows:
        # zpool pads VALUE to eight at least.
        least = [8 if field == "value" else 0 for field in fields]
        call.out(aligned([[field.upper() for field in fields], *rows], least=least))
    return 1 if len(pools) < len(options.rest[1:]) else 0


async def set_(call: Call) -> int:
    """Set a property of a pool."""
    options = parse(call, "")
    if not options.rest:
        call.misuse("missing property=value argument")
    if len(options.rest) < 2:  # noqa: PLR2004 - what, and of which pool
        call.misuse("missing pool name")
    name, _, text = options.rest[0].partition("=")
    for pool in _pools(call, options.rest[1:]):
        if _canonical(name) is None:
            call.fail(f"cannot set property for '{pool.name}': invalid property '{name}'")
        pool.local[name] = text
    return 0 if call.pool.name in options.rest[1:] else 1


async def status(call: Call) -> int:
    """Say how pools are."""
    options = parse(call, "c:jdDegiLpPsT:tvx")
    pools = _pools(call, options.rest)
    if options.has("x"):
        sound = [pool for pool in pools if pool.health == "ONLINE" and not pool.status]
        if len(sound) == len(pools) and not options.rest:
            call.out("all pools are healthy")
            return 0
        for pool in sound if options.rest else ():
            call.out(f"pool '{pool.name}' is healthy")
        pools = [pool for pool in pools if pool not in sound]
    for pool in pools:
        for line in _status(pool):
            call.out(line)
    return 1 if len(pools) < len(options.rest) and not options.has("x") else 0


def _status(pool: Pool) -> list[str]:
    lines = [f"  pool: {pool.name}", f" state: {pool.health}"]
    for key, text in (
        ("status", pool.status),
        ("action", pool.action),
        ("   see", pool.see),
        ("  scan", pool.scan),
    ):
        if text:
            lines += f"{key}: {text}".split("\n")
    width = max(10, *(len(name) + 2 for name, *_ in pool.vdevs), len(pool.name))
    lines += ["config:", "", f"\t{'NAME':<{width}}  STATE     READ WRITE CKSUM"]
    for name, state, read, write, checksum in (
        (pool.name, pool.health, 0, 0, 0),
        *((f"  {name}", *rest) for name, *rest in pool.vdevs),
    ):
        lines.append(f"\t{name:<{width}}  {state:<8} {read:5} {write:5} {checksum:5}")
    return [*lines, "", f"errors: {pool.errors}"]


async def history(call: Call) -> int:
    """Show what was done to pools."""
    options = parse(call, "li")
    failed = False
    for name in options.rest or (call.pool.name,):
        if name != call.pool.name:
            call.err(f"cannot open '{name}': no such pool")
            failed = True
            continue
        call.out(f"History for '{name}':")
        for at, text, internal in call.pool.history:
            if internal and not options.has("i"):
                continue
            when = time.strftime("%Y-%m-%d.%H:%M:%S", time.localtime(at))
            host = call.host.name
            extra = ""
            if options.has("l"):
                extra = f" [on {host}]" if internal else f" [user 0 (root) on {host}:linux]"
            call.out(f"{when} {text}{extra}")
        call.out("")
    return 1 if failed else 0


async def events(call: Call) -> int:
    """Show what the kernel noted."""
    options = parse(call, "vHfc")
    if options.has("c"):
        count = len(call.pool.events)
        call.pool.events.clear()
        call.out(f"cleared {count} events")
        return 0
    if not options.has("H"):
        call.out(f"{'TIME':<30} CLASS")
    for event in call.pool.events:
        if options.rest and options.rest[0] != call.pool.name:
            continue
        fraction = int(event.at % 1 * 1e9)
        when = time.strftime("%b %e %Y %H:%M:%S", time.localtime(event.at)) + f".{fraction:09}"
        call.out(f"{when}\t{event.class_}" if options.has("H") else f"{when} {event.class_}")
        if options.has("v"):
            for name, text in event.facts:
                call.out(f"        {name} = {text}")
            call.out("")
    return 0


def _scrubbed(now: float) -> str:
    return f"scrub repaired 0B in 00:00:00 with 0 errors on {time.ctime(now)}"


async def scrub(call: Call) -> int:
    """Scrub a pool: done at once here, unless one is said to run."""
    options = parse(call, "spweC")
    if not options.rest:
        call.misuse("missing pool name argument")
    pools = _pools(call, options.rest)
    for pool in pools:
        running = "in progress" in pool.scan
        if options.has("s", "p"):
            verb = "cancel scrubbing" if options.has("s") else "pause scrubbing"
            if not running:
                call.fail(f"cannot {verb} {pool.name}: there is no active scrub")
            done = "canceled on" if options.has("s") else "paused since"
            pool.scan = f"scrub {done} {time.ctime(call.world.clock())}"
        elif running:
            call.fail(
                f"cannot scrub {pool.name}: currently scrubbing; use 'zpool scrub -s' to cancel"
            )
        else:
            pool.scan = _scrubbed(call.world.clock())
    return 1 if len(pools) < len(options.rest) else 0


async def nothing(call: Call) -> int:
    """What has nothing to do here: `clear`, `sync`, `wait`."""
    options = parse(call, "nFT:t:Hpw")
    pools = _pools(call, options.rest)
    return 1 if len(pools) < len(options.rest) else 0


COMMANDS: dict[str, Callable[[Call], Awaitable[int]]] = {
    "list": list_,
    "get": get,
    "set": set_,
    "status": status,
    "history": history,
    "events": events,
    "scrub": scrub,
    "clear": nothing,
    "sync": nothing,
    "wait": nothing,
}
