"""`zfs load-key`, `unload-key`, `change-key`, and the key of a new dataset (libzfs_crypto.c)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sealift.demo.programs.call import MINUS_ONE, Call
from sealift.demo.programs.options import parse
from sealift.demo.programs.setting import keylocation_refusal
from sealift.demo.world import tree
from sealift.demo.world.model import Crypt, Dataset, Wrapping
from sealift.demo.world.names import parent

_SHORTEST = 8
_RAW = 32
_HEX = 64
_ITERATIONS = 350000


class KeyMaterialError(Exception):
    """A secret could not be had, or is none; the message is libzfs's."""


@dataclass(frozen=True, slots=True)
class _New:
    """What a new wrapping is to be made of."""

    keyformat: str
    location: str
    iterations: int


async def secret(call: Call, name: str, keyformat: str, location: str, *, new: bool) -> bytes:
    """Read a secret from where it is. Raises `KeyMaterialError`."""
    data: bytes | None
    if location.startswith("file://"):
        data = _in_file(location.removeprefix("file://"))
    else:
        data = await call.ask(f"Enter {'new ' if new else ''}{keyformat} for '{name}':", keyformat)
    if not data:
        raise KeyMaterialError("encryption failure")
    if keyformat == "raw":
        if len(data) < _RAW:
            raise KeyMaterialError(f"Raw key too short (expected {_RAW}).")
        if len(data) > _RAW:
            raise KeyMaterialError(f"Raw key too long (expected {_RAW}).")
        return data
    data = data.split(b"\n", 1)[0]
    if keyformat == "hex" and len(data) != _HEX:
        size = "short" if len(data) < _HEX else "long"
        raise KeyMaterialError(f"Hex key too {size} (expected {_HEX}).")
    if new and keyformat == "passphrase" and len(data) < _SHORTEST:
        raise KeyMaterialError(f"Passphrase too short (min {_SHORTEST}).")
    return data


def _in_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise KeyMaterialError(f"Failed to open key material file: {error.strerror}") from error


async def new_key(
    call: Call, name: str, wanted: dict[str, str]
) -> tuple[Crypt | None, Dataset | None, Wrapping | None]:
    """The key of a dataset that is to be created: how it is encrypted, below which root.

    For a new root also the key that is loaded with it. Refusals end the call.
    """
    above = call.pool.datasets.get(parent(name))
    suite = wanted.get("encryption", "")
    about = {"keyformat", "keylocation", "pbkdf2iters"} & wanted.keys()
    root = above.root if above is not None else None
    if suite == "off" or (not suite and root is None):
        if about:
            _refuse(call, name, "Encryption must be turned on to set encryption properties.")
        return None, None, None
    suite = "aes-256-gcm" if suite in {"", "on"} else suite
    if not about:
        if root is None:
            _refuse(call, name, "Keyformat required for new encryption root.")
        if root.loaded is None:
            _refuse(call, name, "encryption root's key is not loaded or provided")
        return tree.new_crypt(call.world, root.loaded, suite), root, None
    if "keyformat" not in wanted:
        _refuse(call, name, "Keyformat required for new encryption root.")
    new = _New(
        wanted["keyformat"],
        wanted.get("keylocation", "prompt"),
        int(wanted.get("pbkdf2iters", _ITERATIONS)),
    )
    try:
        wrapping = await _wrapping(call, name, new)
    except KeyMaterialError as error:
        _refuse(call, name, str(error))
    return tree.new_crypt(call.world, wrapping, suite), None, wrapping


def _refuse(call: Call, name: str, why: str) -> NoReturn:
    call.fail(f"cannot create '{name}': {why}")


async def _wrapping(call: Call, name: str, new: _New) -> Wrapping:
    material = await secret(call, name, new.keyformat, new.location, new=True)
    iterations = new.iterations if new.keyformat == "passphrase" else 0
    return Wrapping.of(material, new.keyformat, iterations)


async def load_key(call: Call) -> int:
    """Bring keys into the kernel, or with `-n` only try them."""
    options = parse(call, "aHnrL:")
    dry, everything = options.has("n"), options.has("a", "r")
    targets = _targets(call, options.rest, everything=options.has("a"))
    if everything:
        targets = [
            each
            for target in targets
            for each in tree.descendants(call.pool, target.name)
            if each.root is each and (dry or each.loaded is None)
        ]
    done = 0
    for dataset in targets:
        why = await load(call, dataset, options.last("L"), dry=dry)
        if why:
            call.err(f"Key load error: {why}")
        else:
            done += 1
    if dry or everything:
        verb = "verified" if dry else "loaded"
        call.out(f"{done} / {len(targets)} key(s) successfully {verb}")
    return 0 if done == len(targets) else MINUS_ONE


async def load(call: Call, dataset: Dataset, location: str | None, *, dry: bool) -> str:
    """Load the key of one encryption root, or only check it; what is wrong, or nothing."""
    name = dataset.name
    if dataset.crypt is None or dataset.root is None:
        return f"'{name}' is not encrypted."
    if dataset.root is not dataset:
        return f"Keys must be loaded for encryption root of '{name}' ({dataset.root.name})."
    if dataset.loaded is not None and not dry:
        return f"Key already loaded for '{name}'."
    wrapping = dataset.crypt.wrapping
    where = location or dataset.local.get("keylocation", "prompt")
    try:
        material = await secret(call, name, wrapping.keyformat, where, new=False)
    except KeyMaterialError as error:
        return str(error)
    if not wrapping.opens_with(material):
        return f"Incorrect key provided for '{name}'."
    if not dry:
        dataset.loaded = wrapping
        call.pool.next_txg()
    return ""


def _targets(call: Call, names: tuple[str, ...], *, everything: bool) -> list[Dataset]:
    if everything:
        return [call.pool.datasets[call.pool.name]]
    if not names:
        call.misuse("Missing dataset argument or -a option")
    found = [each for name in names if (each := call.find(name)) is not None]
    if len(found) < len(names):
        call.fail_quietly()
    return [dataset for dataset, _, _ in found]


async def unload_key(call: Call) -> int:
    """Take keys out of the kernel."""
    options = parse(call, "ar")
    everything = options.has("a", "r")
    targets = _targets(call, options.rest, everything=options.has("a"))
    if everything:
        targets = [
            each
            for target in targets
            for each in tree.descendants(call.pool, target.name)
            if each.root is each and each.loaded is not None
        ]
    done = 0
    for dataset in targets:
        why = _unload(call, dataset)
        if why:
            call.err(f"Key unload error: {why}")
        else:
            done += 1
    if everything:
        call.out(f"{done} / {len(targets)} key(s) successfully unloaded")
    return 0 if done == len(targets) else MINUS_ONE


def _unload(call: Call, dataset: Dataset) -> str:
    name = dataset.name
    if dataset.crypt is None or dataset.root is None:
        return f"'{name}' is not encrypted."
    if dataset.root is not dataset:
        return f"Keys must be unloaded for encryption root of '{name}' ({dataset.root.name})."
    if dataset.loaded is None:
        return f"Key already unloaded for '{name}'."
    if any(each.mounted for each in call.pool.datasets.values() if each.root is dataset):
        return f"'{name}' is busy."
    dataset.loaded = None
    call.pool.next_txg()
    return ""


async def change_key(call: Call) -> int:
    """Give an encryption root a new user's key, or make a dataset a root, or (`-i`) no more one."""
    options = parse(call, "Hio:l")
    if not options.rest:
        call.misuse("Missing dataset argument")
    dataset = call.open_dataset(options.rest[0])
    pairs = [pair.partition("=") for _, pair in options.all("o")]
    wanted = {name: text for name, _, text in pairs}
    why = await _change(call, dataset, wanted, inherit=options.has("i"))
    if why:
        call.err(f"Key change error: {why}")
        return MINUS_ONE
    call.pool.next_txg()
    return 0


async def _change(call: Call, dataset: Dataset, wanted: dict[str, str], *, inherit: bool) -> str:
    if dataset.crypt is None or dataset.root is None:
        return "Dataset not encrypted."
    if dataset.root.loaded is None:
        return "Key must be loaded."
    if inherit:
        return _inherit(call, dataset)
    if dataset.root is not dataset and "keyformat" not in wanted:
        return "Keyformat required for new encryption root."
    before = dataset.crypt.wrapping
    location = wanted.get("keylocation", dataset.local.get("keylocation", "prompt"))
    refusal = keylocation_refusal(dataset, location) if dataset.root is dataset else ""
    if refusal:
        return refusal
    iterations = int(wanted.get("pbkdf2iters", before.iterations or _ITERATIONS))
    new = _New(wanted.get("keyformat", before.keyformat), location, iterations)
    try:
        wrapping = await _wrapping(call, dataset.name, new)
    except KeyMaterialError as error:
        return str(error)
    give_root(call, dataset, dataset, wrapping)
    dataset.loaded = wrapping
    dataset.local["keylocation"] = location
    return ""


def _inherit(call: Call, dataset: Dataset) -> str:
    above = call.pool.datasets.get(parent(dataset.name))
    if above is None or above.crypt is None or above.root is None:
        return "Parent must be encrypted."
    if above.root.loaded is None:
        return "Parent key must be loaded."
    give_root(call, dataset, above.root, above.root.loaded)
    dataset.loaded = None
    dataset.local.pop("keylocation", None)
    return ""


def give_root(call: Call, dataset: Dataset, root: Dataset, wrapping: Wrapping) -> None:
    """Put a dataset, and those below it that shared its root, under another root's key."""
    before = dataset.root
    for each in tree.descendants(call.pool, dataset.name):
        if each is dataset or (each.crypt is not None and each.root is before):
            each.root = root
            if each.crypt is not None:
                each.crypt.wrapping = wrapping
