"""`zfs create`."""

from __future__ import annotations

from sealift.demo.programs import properties
from sealift.demo.programs.call import Call
from sealift.demo.programs.keys import new_key
from sealift.demo.programs.numbers import parse_size
from sealift.demo.programs.options import parse
from sealift.demo.programs.setting import check, mountable
from sealift.demo.world import tree
from sealift.demo.world.model import Dataset
from sealift.demo.world.names import complaint, parent

_OF_THE_KEY = ("encryption", "keyformat", "pbkdf2iters", "keylocation")


async def create(call: Call) -> int:
    """Create a filesystem, or with `-V` a volume."""
    options = parse(call, "PV:b:nso:puv")
    if not options.rest:
        call.misuse("missing filesystem argument")
    if len(options.rest) > 1:
        call.misuse("too many arguments")
    name = options.rest[0]
    why = _refusal(call, name, parents=options.has("p"))
    if why:
        call.fail(f"cannot create '{name}': {why}")
    if call.dataset(name) is not None:
        return 0  # -p: it is there already
    if options.has("p"):
        _make_parents(call, name)
    pairs = [pair.partition("=") for _, pair in options.all("o")]
    wanted = {word: text for word, _, text in pairs}
    crypt, root, loaded = await new_key(call, name, wanted)
    kept = _checked(call, name, wanted)
    size = options.last("V")
    dataset = tree.add(call.world, call.pool, name, crypt=crypt, root=root, volume=size is not None)
    dataset.local.update(kept)
    if loaded is not None:
        dataset.loaded = loaded
        dataset.local["keylocation"] = wanted.get("keylocation", "prompt")
    if size is not None:
        dataset.volsize = parse_size(size) or 0
        if not options.has("s"):
            dataset.local["refreservation"] = str(dataset.volsize + (dataset.volsize >> 5))
    tree.log(call.world, call.pool, "create", name, "", dataset.objsetid)
    if not options.has("u"):
        _mount(call, dataset)
    return 0


def _refusal(call: Call, name: str, *, parents: bool) -> str | None:
    wrong = complaint(name)
    pool = name.split("/", maxsplit=1)[0]
    if wrong:
        return wrong
    if pool != call.pool.name:
        return f"no such pool '{pool}'"
    if call.dataset(name) is not None:
        return None if parents else "dataset already exists"
    if not parents and call.dataset(parent(name)) is None:
        return "parent does not exist"
    return None


def _checked(call: Call, name: str, wanted: dict[str, str]) -> dict[str, str]:
    """The properties to set, as they are kept."""
    kept: dict[str, str] = {}
    scratch = Dataset(name, 0, 0, 0, 0)
    for word, text in wanted.items():
        known = properties.canonical(word)
        if known in _OF_THE_KEY:
            continue
        value, refusal = "", f"invalid property '{word}'"
        if known is not None:
            value, refusal = check(call, scratch, known, text)
        if known is None or refusal:
            call.fail(f"cannot create '{name}': {refusal}")
        kept[known] = value
    return kept


def _make_parents(call: Call, name: str) -> None:
    parts = parent(name).split("/")
    for count in range(2, len(parts) + 1):
        each = "/".join(parts[:count])
        if call.dataset(each) is None:
            above = call.pool.datasets[parent(each)]
            key = None
            if above.crypt is not None:
                key = tree.new_crypt(call.world, above.crypt.wrapping, above.crypt.suite)
            _mount(call, tree.add(call.world, call.pool, each, crypt=key, root=above.root))


def _mount(call: Call, dataset: Dataset) -> None:
    if tree.mountpoint(call.pool, dataset).startswith("/") and mountable(dataset):
        tree.mount_new(call.pool, dataset)
