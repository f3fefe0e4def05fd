"""`zfs set` and `zfs inherit`."""

from __future__ import annotations

from sealift.demo.programs import properties
from sealift.demo.programs.call import MINUS_ONE, Call
from sealift.demo.programs.options import parse
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset, Snapshot


async def set_(call: Call) -> int:
    """Set properties of datasets; user properties also of snapshots."""
    words = list(parse(call, "u").rest)
    if not words:
        call.misuse("missing arguments")
    pairs: list[tuple[str, str]] = []
    while words and "=" in words[0]:
        name, _, text = words.pop(0).partition("=")
        pairs.append((name, text))
    if not words:
        call.misuse("missing dataset name(s)")
    for target in words:
        found = call.find(target)
        if found is None:
            return 1
        dataset, snapshot, _ = found
        taken = [_checked(call, target, dataset, snapshot, *pair) for pair in pairs]
        for name, value in taken:
            _apply(call, dataset, snapshot, name, value)
    return 0


def _checked(
    call: Call, target: str, dataset: Dataset, snapshot: Snapshot | None, word: str, text: str
) -> tuple[str, str]:
    name = properties.canonical(word)
    kept, refusal = "", f"invalid property '{word}'"
    if name is not None:
        kept, refusal = check(call, dataset, name, text, snapshot=snapshot)
    if name is None or refusal:
        call.fail(f"cannot set property for '{target}': {refusal}", MINUS_ONE)
    return name, kept


def check(
    call: Call, dataset: Dataset, name: str, text: str, *, snapshot: Snapshot | None = None
) -> tuple[str, str]:
    """The value as it is kept, or why the property may not be set to it."""
    if properties.is_user(name):
        return text, ""
    edit = properties.edits().get(name)
    if edit is None or not edit.editable:
        return "", f"'{name}' is readonly"
    if snapshot is not None:
        return "", "this property can not be modified for snapshots"
    if name == "keylocation":
        return text, keylocation_refusal(dataset, text)
    taken = properties.take(name, text)
    return taken.value, taken.refusal or _space_refusal(call, dataset, name, taken.value)


def keylocation_refusal(dataset: Dataset, text: str) -> str:
    """Why `keylocation` may not be set to this."""
    if dataset.crypt is None:
        return "" if text == "none" else "keylocation must be 'none' for unencrypted datasets"
    if dataset.root is not dataset:
        return "keylocation may only be set on encryption roots"
    if text == "none":
        return "keylocation must not be 'none' for encrypted datasets"
    if text != "prompt" and not text.startswith(("file:///", "https://", "http://")):
        return "invalid keylocation"
    return ""


def _space_refusal(call: Call, dataset: Dataset, name: str, value: str) -> str:
    if name not in properties.LIMITS or value == "0":
        return ""
    used = dataset.referenced if name == "refquota" else tree.used(call.pool, dataset)
    if name in {"quota", "refquota"} and int(value) < used:
        return "size is less than current used or reserved space"
    if name.endswith("reservation") and int(value) > tree.available(call.pool, dataset):
        return "size is greater than available space"
    return ""


def _apply(call: Call, dataset: Dataset, snapshot: Snapshot | None, name: str, value: str) -> None:
    if snapshot is not None:
        snapshot.properties = {**(snapshot.properties or {}), name: value}
        return
    dataset.local[name] = value
    call.pool.next_txg()
    tree.log(call.world, call.pool, "set", dataset.name, f"{name}={value}", dataset.objsetid)
    settle_mounts(call, dataset, name)


def settle_mounts(call: Call, dataset: Dataset, name: str) -> None:
    """Mount and unmount what a new value of `mountpoint` or `canmount` asks for."""
    if name == "canmount" and dataset.local.get("canmount") == "off":
        dataset.mounted = False
    if name != "mountpoint":
        return
    for each in tree.descendants(call.pool, dataset.name):
        if each is dataset or "mountpoint" not in each.local:
            path = tree.mountpoint(call.pool, each)
            each.mounted = path.startswith("/") and mountable(each)


def mountable(dataset: Dataset) -> bool:
    """Whether a filesystem is mounted by itself, its mountpoint apart."""
    allowed = dataset.local.get("canmount", dataset.received.get("canmount", "on")) == "on"
    key = tree.key_loaded(dataset) and tree.unlocked(dataset)
    return allowed and key and not dataset.volume and not dataset.inconsistent


async def inherit(call: Call) -> int:
    """Clear properties, so that they come from above again; `-S` back to the received value."""
    options = parse(call, "rS")
    if not options.rest:
        call.misuse("missing property argument")
    if len(options.rest) == 1:
        call.misuse("missing dataset argument")
    word, *targets = options.rest
    name = properties.canonical(word)
    if name is None:
        call.misuse(f"invalid property '{word}'")
    if not properties.is_user(name):
        _refuse_inheriting(call, name, received=options.has("S"))
    for target in targets:
        found = call.find(target)
        if found is None:
            return 1
        dataset, snapshot, _ = found
        if snapshot is not None:
            (snapshot.properties or {}).pop(name, None)
            continue
        below = tree.descendants(call.pool, dataset.name) if options.has("r") else (dataset,)
        for each in list(below):
            each.local.pop(name, None)
            if not options.has("S"):
                each.received.pop(name, None)
        settle_mounts(call, dataset, name)
    return 0


def _refuse_inheriting(call: Call, name: str, *, received: bool) -> None:
    edit = properties.edits().get(name)
    if edit is None or not edit.editable:
        call.fail(f"{name} property is read-only")
    if not edit.inheritable and not received:
        call.err(f"'{name}' property cannot be inherited")
        if name in properties.LIMITS:
            call.err(f"use 'zfs set {name}=none' to clear")
            call.err(f"use 'zfs inherit -S {name}' to revert to received value")
        call.fail_quietly()
