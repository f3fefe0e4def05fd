"""Three trees with keys of every kind, and the steps of procedures that all tests of them take."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from textual.widgets import Input

from sealift.ui.widgets.masked_entry import MaskedEntry
from tests.driving import Operator
from tests.sandbox.key_driving import opened, step

from .lab import LEAST_ROUNDS, Lab
from .test_keys import REASON

# New in every run: a search for them finds nothing of anybody else's.
PASSPHRASE = f"known {secrets.token_hex(8)}"
OTHER = f"other {secrets.token_hex(8)}"
HEX = secrets.token_hex(32)
RAW = secrets.token_hex(16)  # 32 bytes, and none of them a line end

PROD, KEYED, HEXED, MANY = "backup/prod", "backup/keyed", "backup/keyed/hex", "backup/many"
SAME, ODD = f"{MANY}/same", f"{MANY}/odd"
LOCKED, LOADED, READABLE = ("unavailable", "no"), ("available", "no"), ("available", "yes")
State = tuple[str, str]
"""`keystatus` and `mounted`."""

_AS_IT_WAS = f"""
for each in /root/.local/state/sealift/locks/*/pid; do
    [ ! -e "$each" ] || kill -KILL -- "-$(cat "$each")"
done
rm -rf /root/.local/state/sealift /root/key
zfs mount | awk '$1 ~ "^backup/" {{ print $1 }}' | sort -r | xargs -r -n 1 zfs unmount
zfs unload-key -a
set -e
zfs set canmount=noauto $(zfs list -H -o name -r {PROD} {KEYED} {MANY})
for each in {PROD} {KEYED} {HEXED} {MANY} {SAME} {ODD}; do zfs set keylocation=prompt $each; done
"""


def route(name: str, *words: str) -> tuple[str, ...]:
    """The words of the route of one tree."""
    return (*(words or ("--standby",)), f"root@source:tank/{name}", f"root@dest:backup/{name}")


def make(lab: Lab, name: str, keyformat: str, key: str) -> None:
    """An encryption root on the source, with a file and a folder in it."""
    words = ["zfs", "create", "-o", "encryption=aes-256-gcm", "-o", f"keyformat={keyformat}"]
    words += ["-o", f"pbkdf2iters={LEAST_ROUNDS}"] if keyformat == "passphrase" else []
    lab.source.run([*words, "-o", "keylocation=prompt", name], stdin=key.encode())
    lab.source.run(f"echo {name} >/{name}/file; mkdir /{name}/folder")


def make_trees(lab: Lab) -> None:
    """Three trees and their locked replicas: one root, a raw and a hex one, three passphrases."""
    lab.fresh_pools()
    lab.make_source_tree(mib=1, passphrase=PASSPHRASE)
    make(lab, "tank/keyed", "raw", RAW)
    make(lab, "tank/keyed/hex", "hex", HEX)
    make(lab, "tank/many", "passphrase", PASSPHRASE)
    make(lab, "tank/many/same", "passphrase", PASSPHRASE)
    make(lab, "tank/many/odd", "passphrase", OTHER)
    for name in ("prod", "keyed", "many"):
        lab.source.run(
            f"zfs snapshot -r tank/{name}@rep-1; zfs send -w -R tank/{name}@rep-1 | "
            f"ssh root@dest zfs receive -s -u backup/{name}",
            timeout=180,
        )


def lock_all(lab: Lab) -> None:
    """All of it locked, with no timer and no key file on the destination, whatever a test left."""
    lab.dest.run(_AS_IT_WAS, timeout=120)


def agree(lab: Lab, shown: str, root: str, wanted: Mapping[str, State]) -> None:
    """The host says so of everything below the root, and the screen has each of its lines."""
    words = ["zfs", "get", "-Hp", "-r", "-t", "filesystem", "-o", "name,property,value"]
    real = lab.dest.run([*words, "keystatus,mounted", root]).text.splitlines()
    expected = {f"{name}\tkeystatus\t{status}" for name, (status, _) in wanted.items()}
    expected |= {f"{name}\tmounted\t{mounted}" for name, (_, mounted) in wanted.items()}
    assert set(real) == expected
    missing = [line for line in real if line not in shown.splitlines()]
    assert not missing, f"the screen does not say {missing}; it says\n{shown}"


def prod(state: State) -> dict[str, State]:
    """All three of the tree with one root are so."""
    return dict.fromkeys((PROD, f"{PROD}/app", f"{PROD}/db"), state)


async def begin(operator: Operator, key: str) -> None:
    """Begin a procedure, up to where a source of the key is chosen."""
    await operator.pilot.press(key)
    await step(operator, "find the encryption root", "next")
    await step(operator, "say why", "next", REASON)


async def give(operator: Operator, source: str, words: str) -> None:
    """Choose a source, write the key or its place, and try it; nothing that is typed is shown."""
    await step(operator, "Typed here", source)
    dialog = await opened(operator, "zfs load-key -n")
    entry = dialog.focused
    assert isinstance(entry, MaskedEntry if source == "typed" else Input)
    spoken = {" ": "space", "/": "slash", "-": "minus", "_": "underscore", ".": "full_stop"}
    await operator.pilot.press("ctrl+u", *(spoken.get(each, each) for each in words))
    if source == "typed":
        assert words not in operator.sees()
        assert words not in operator.app.export_screenshot()
    await operator.choose("try")


def place(lab: Lab, key: str) -> str:
    """Put a key file on the destination; its path."""
    lab.dest.run("umask 077; cat >/root/key", stdin=key.encode())
    return "/root/key"
