"""`zfs allow` and `unallow`: who may do what. Kept and shown; everyone is root here."""

from __future__ import annotations

from sealift.demo.programs import properties
from sealift.demo.programs.call import MINUS_ONE, Call
from sealift.demo.programs.options import Options, parse
from sealift.demo.programs.usage import said
from sealift.demo.world.model import Dataset
from sealift.demo.world.names import parent

_USERS = frozenset({"root", "op", "nobody", "daemon"})
_GROUPS = frozenset({"root", "op", "staff", "adm", "daemon", "nogroup"})
_WIDTH = 70


async def allow(call: Call) -> int:
    """Show what is allowed on a dataset, or allow more."""
    options = parse(call, "ldcsu:g:e")
    if len(options.rest) == 1 and not options.given:
        dataset = _open(call, options.rest[0])
        _show(call, dataset)
        return 0
    who, permissions, name = _arguments(call, options, least=2)
    for kind, each in who:
        if (kind == "user" and each not in _USERS) or (kind == "group" and each not in _GROUPS):
            call.send_out(f"{said('zfs_allow')}zfs: error: invalid {kind} {each}\n")
            return 0
    dataset = _open(call, name)
    for each in permissions:
        if each not in _permissions() and properties.canonical(each) is None:
            call.fail(
                f"cannot set permissions on '{name}': "
                "operation not applicable to datasets of this type"
            )
    for key in who:
        dataset.grants.setdefault(key, set()).update(permissions)
    return 0


async def unallow(call: Call) -> int:
    """Take permissions away again; without naming them, all."""
    options = parse(call, "rldcsu:g:e")
    who, permissions, name = _arguments(call, options, least=1)
    dataset = _open(call, name)
    for key in who:
        left = dataset.grants.get(key, set()) - set(permissions) if permissions else set()
        if left:
            dataset.grants[key] = left
        else:
            dataset.grants.pop(key, None)
    return 0


def _arguments(
    call: Call, options: Options, *, least: int
) -> tuple[list[tuple[str, str]], list[str], str]:
    rest = list(options.rest)
    who = [("user", each) for _, text in options.all("u") for each in text.split(",")]
    who += [("group", each) for _, text in options.all("g") for each in text.split(",")]
    if options.has("e"):
        who.append(("everyone", ""))
    if not who and len(rest) > least:
        names = rest.pop(0).split(",")
        who = [("everyone", "") if each == "everyone" else ("user", each) for each in names]
    if not who or len(rest) < least:
        call.send_err(f"{said('zfs_allow')}zfs: error: wrong number of parameters\n")
        call.misuse_quietly()
    name = rest.pop()
    return who, [each for text in rest for each in text.split(",")], name


def _open(call: Call, name: str) -> Dataset:
    dataset = call.dataset(name)
    if dataset is None:
        call.err(f"cannot open '{name}': dataset does not exist")
        call.fail(f"Failed to open dataset: {name}", MINUS_ONE)
    return dataset


def _show(call: Call, dataset: Dataset) -> None:
    name = dataset.name
    while name:
        grants = call.pool.datasets[name].grants
        if grants:
            call.out(f"---- Permissions on {name} ".ljust(_WIDTH, "-"))
            call.out("Local+Descendent permissions:")
            for kind in ("user", "group", "everyone"):
                for (of, who), permissions in grants.items():
                    if of == kind:
                        words = " ".join(filter(None, (kind, who, ",".join(sorted(permissions)))))
                        call.out(f"\t{words}")
        name = parent(name)


def _permissions() -> frozenset[str]:
    lines = said("zfs_allow").partition("NOTES\n")[2].splitlines()
    extra = {"receive:append"}
    return frozenset(line.split()[0] for line in lines if line[:1].isalpha()) | extra
