"""The rest of the key procedures on real ZFS, by keys: other kinds of keys, and the wrong turns.

What is here is not in `test_keys`: raw and hex keys, files here and there, several roots with one
passphrase, what cannot be mounted, rehearsals that fail, purposes, timers. All tests share trees
that are made once; each begins with everything locked.
"""

from __future__ import annotations

import os
import resource
import secrets
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.widgets import Input

from sealift.journal import default_path, entries
from sealift.ui.panels import keys as keys_panel
from sealift.ui.screens.playbook import PlaybookScreen
from sealift.ui.widgets.masked_entry import MaskedEntry
from tests.driving import Operator
from tests.sandbox.key_driving import go_to, opened, refuses, step
from tests.searching import watching
from tests.waiting import wait_for

from .lab import LEAST_ROUNDS, Lab
from .test_keys import REASON, lock, operating, row, running, searching, told
from .waiting import wait_until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(900)]

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

_STANDS = f"ls -l /proc/[0-9]*/cwd | grep -q ' /{PROD}/db$'"
_STAY = f"cd /{PROD}/db && sleep 613"
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
    """An encryption root on the source, with a file in it."""
    words = ["zfs", "create", "-o", "encryption=aes-256-gcm", "-o", f"keyformat={keyformat}"]
    words += ["-o", f"pbkdf2iters={LEAST_ROUNDS}"] if keyformat == "passphrase" else []
    lab.source.run([*words, "-o", "keylocation=prompt", name], stdin=key.encode())
    lab.source.run(f"echo {name} >/{name}/file")


@pytest.fixture(scope="module")
def trees(lab: Lab) -> Lab:
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
    return lab


@pytest.fixture
def vault(trees: Lab) -> Lab:
    """The trees, all locked, with no timer and no key file on the destination."""
    trees.dest.run(_AS_IT_WAS, timeout=120)
    return trees


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


@asynccontextmanager
async def before(lab: Lab, root: str, words: Sequence[str]) -> AsyncIterator[Operator]:
    """An operator before the list of keys, the cursor on a root of the destination."""
    async with operating(lab, *words, root=root) as operator:
        yield operator


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


async def test_raw_and_hex_keys_typed_and_from_files_here_and_there(
    vault: Lab, tmp_path: Path
) -> None:
    lab, here = vault, tmp_path / "key"
    async with before(lab, KEYED, route("keyed")) as operator:
        await begin(operator, "v")
        assert refuses(await opened(operator, "A raw key cannot be typed"), "typed")
        here.write_text(f"{RAW}\n")
        await give(operator, "file", str(here))
        assert "the last of them a line end" in await step(operator, "key-malformed", "cancel")
        here.write_text(RAW[::-1])
        await give(operator, "file", str(here))
        assert "Incorrect key" in await step(operator, "key-may-not-unlock", "cancel")
        await give(operator, "file", str(tmp_path / "none"))
        await step(operator, "No such file", "cancel")
        await give(operator, "host", "")
        await step(operator, "keylocation names no file", "cancel")
        here.write_text(RAW)
        await give(operator, "file", str(here))
        shown = await step(operator, "it opens it", "cancel")
        agree(lab, shown, KEYED, {KEYED: LOCKED, HEXED: LOCKED})

        await begin(operator, "l")
        await give(operator, "host", "/root/key")
        await step(operator, "keylocation-automatic", "cancel")
        await give(operator, "host", place(lab, RAW))
        await step(operator, "it opens it", "load", "0")
        shown = await step(operator, "proof that the key is loaded", "cancel")
        agree(lab, shown, KEYED, {KEYED: LOADED, HEXED: LOCKED})

        await go_to(operator, HEXED, "dest")
        await begin(operator, "l")
        await give(operator, "typed", HEX[:-1])
        assert "A hex key has 64 digits" in await step(operator, "key-malformed", "cancel")
        await give(operator, "typed", HEX[::-1])
        await step(operator, "key-may-not-unlock", "cancel")
        await give(operator, "typed", HEX)
        await step(operator, "it opens it", "mount", "0")
        shown = await step(operator, "proof that the key is loaded", "cancel")
        agree(lab, shown, HEXED, {HEXED: READABLE})
        assert lab.dest.run(f"cat /{HEXED}/file").text == "tank/keyed/hex"

        agree(lab, await lock(operator), HEXED, {HEXED: LOCKED})
        await go_to(operator, KEYED, "dest")
        agree(lab, await lock(operator), KEYED, {KEYED: LOCKED, HEXED: LOCKED})


async def test_several_roots_are_opened_by_one_passphrase_and_what_it_does_not_open_is_said(
    vault: Lab,
) -> None:
    lab = vault
    async with before(lab, MANY, route("many")) as operator:
        for root in (MANY, SAME, ODD):
            await go_to(operator, root, "dest")
            await operator.pilot.press("space")
        await operator.pilot.press("l")
        assert "There are several roots" in await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", REASON)
        await give(operator, "typed", PASSPHRASE)
        shown = await step(operator, f"✓ {SAME}: it opens it", "load", "0")
        assert f"! {ODD}: " in shown
        shown = await step(operator, "proof that the key is loaded", "cancel")
        agree(lab, shown, MANY, {MANY: LOADED, SAME: LOADED, ODD: LOCKED})

        await go_to(operator, ODD, "dest")
        await operator.pilot.press("space")
        for root in (SAME, MANY):
            await go_to(operator, root, "dest")
            await row(operator, "loaded")
        shown = await lock(operator)
        agree(lab, shown, MANY, {MANY: LOCKED, SAME: LOCKED, ODD: LOCKED})


async def test_what_is_loaded_already_is_not_loaded_again_and_canmount_off_is_not_mounted(
    vault: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = vault
    lab.dest.run(f"zfs set canmount=off {PROD} {PROD}/app {PROD}/db")
    # The list is not read again meanwhile: what it does not know is found by the procedure.
    monkeypatch.setattr(keys_panel, "READ_EVERY", 3600.0)
    async with before(lab, PROD, route("prod")) as operator:
        await row(operator, "locked")
        lab.dest.run(["zfs", "load-key", PROD], stdin=PASSPHRASE.encode())
        await operator.pilot.press("l")
        await step(operator, "key-already-loaded", "cancel")
        agree(lab, await lock(operator), PROD, prod(LOCKED))

        await row(operator, "locked")
        await begin(operator, "l")
        await give(operator, "typed", PASSPHRASE)
        dialog = await opened(operator, "it opens it")
        assert refuses(dialog, "mount")
        await step(operator, "it opens it", "load", "0")
        shown = await step(operator, "proof that the key is loaded", "cancel")
        assert f"{PROD}/db" in shown
        assert "open, canmount is off" in shown
        agree(lab, shown, PROD, prod(LOADED))

        await row(operator, "loaded")
        await begin(operator, "v")
        await give(operator, "typed", f"{PASSPHRASE}x")
        await step(operator, "key-may-not-unlock", "cancel")
        await give(operator, "typed", PASSPHRASE)
        agree(lab, await step(operator, "it opens it", "cancel"), PROD, prod(LOADED))
        agree(lab, await lock(operator), PROD, prod(LOCKED))


async def test_a_rehearsal_that_fails_a_check_is_left_open_or_busy_says_what_is_open(
    vault: Lab,
) -> None:
    lab = vault
    async with before(lab, PROD, route("prod")) as operator:
        await begin(operator, "r")
        await give(operator, "typed", PASSPHRASE)
        await step(operator, "it opens it", "mount", "60")
        await step(operator, "check what is there", "own", "ls /nowhere")
        await step(operator, "failed, exit code 2", "cancel")
        shown = await step(operator, "The rehearsal is not over", "cancel")
        assert f"The key is loaded: {PROD}" in shown
        assert f"readable at /{PROD}/db" in shown
        assert told(lab, "keystatus", PROD) == ["available"] * 3
        assert told(lab, "mounted", PROD) == ["yes"] * 3
        agree(lab, await lock(operator), PROD, prod(LOCKED))

        await row(operator, "locked")
        await begin(operator, "r")
        await give(operator, "typed", PASSPHRASE)
        await step(operator, "it opens it", "mount", "60")
        await opened(operator, "check what is there")
        with running(lab, _STAY, _STANDS):
            await step(operator, "check what is there", "lock")
            await step(operator, "The report: ", "cancel")
            shown = await step(operator, "dataset-busy", "cancel")
            assert f"The key is loaded: {PROD}" in shown
            assert told(lab, "keystatus", PROD) == ["available"] * 3
        agree(lab, await lock(operator), PROD, prod(LOCKED))
        (report,) = default_path().parent.glob("rehearsal-*.md")
        assert "unavailable" not in report.read_text(), "it does not claim that it was locked"


async def test_a_vault_becomes_a_standby_and_a_vault_again_with_its_key_loaded(vault: Lab) -> None:
    lab = vault
    lab.dest.run(f"zfs set keylocation=file:///root/key {PROD}; zfs set canmount=off {PROD}/db")
    async with before(lab, PROD, route("prod", "--vault")) as operator:
        await operator.pilot.press("p")
        await step(operator, "takes it for a vault", "standby")
        await step(operator, "the line that is crossed: a warm standby", "cross")
        await step(operator, "say why", "next", REASON)
        await step(operator, "set what fits it", "cancel")
        await step(operator, "not a warm standby yet", "cancel")
        assert told(lab, "canmount", PROD) == ["noauto", "noauto", "off"]

        await operator.pilot.press("p")
        await step(operator, "takes it for a vault", "standby")
        await step(operator, "the line that is crossed: a warm standby", "cross")
        await step(operator, "say why", "next", REASON)
        shown = await step(operator, "set what fits it", "set")
        assert "keylocation: file:///root/key becomes prompt" in shown
        shown = await step(operator, "proof that it is a warm standby", "cancel")
        agree(lab, shown, PROD, prod(LOCKED))
        assert told(lab, "canmount", PROD) == ["noauto"] * 3
        assert told(lab, "readonly", PROD) == ["on"] * 3
        assert told(lab, "keylocation", PROD) == ["prompt", "none", "none"]

        lab.dest.run(["zfs", "load-key", PROD], stdin=PASSPHRASE.encode())
        lab.dest.run(f"zfs mount -o ro {PROD}; zfs mount -o ro {PROD}/db")
        await operator.pilot.press("p")
        shown = await step(operator, "what it is now", "vault")
        assert f"readable at /{PROD}/db" in shown
        await step(operator, "the line that is crossed: a vault", "cross")
        await step(operator, "say why", "next", REASON)
        with running(lab, _STAY, _STANDS):
            await step(operator, "see who uses it", "lock")
            await opened(operator, "dataset-busy")
            assert told(lab, "keystatus", PROD) == ["available"] * 3
        await step(operator, "dataset-busy", "lock")
        await step(operator, "set what fits it", "set")
        shown = await step(operator, "proof that it is a vault", "cancel")
        agree(lab, shown, PROD, prod(LOCKED))
        assert told(lab, "canmount", PROD) == ["off"] * 3

    child = ("--standby", "root@source:tank/prod/db", f"root@dest:{PROD}/db")
    async with before(lab, PROD, child) as operator:
        await operator.pilot.press("p")
        await step(operator, "what it is now", "vault")
        await step(operator, "key-of-root-needed", "cancel")
    lines = [each.command for each in entries(default_path()) if each.command.startswith("# ")]
    verbs = ["becomes", "did", "becomes", "is", "becomes", "is"]
    assert [line.split()[2] for line in lines] == verbs


async def test_a_timer_is_let_run_then_cancelled_and_the_key_stays(vault: Lab) -> None:
    lab = vault
    async with before(lab, KEYED, route("keyed")) as operator:
        await begin(operator, "l")
        await give(operator, "host", place(lab, RAW))
        await step(operator, "it opens it", "mount", "soon")
        await step(operator, "Minutes are a number", "mount", "90")
        shown = await step(operator, "proof that the key is loaded", "cancel")
        agree(lab, shown, KEYED, {KEYED: READABLE, HEXED: LOCKED})
        assert f"locks {KEYED} at " in shown
        await row(operator, "in 1 h")
        await operator.pilot.press("c")
        await step(operator, "Without it the key stays loaded", "cancel")
        state = "cat /root/.local/state/sealift/locks/*/state"
        assert lab.dest.run(state).text == "waiting"
        await operator.pilot.press("c")
        await step(operator, "Without it the key stays loaded", "end")
        found = await row(operator, "never")
        assert lab.dest.run(state).text == "cancelled"
        assert told(lab, "keystatus", KEYED) == ["available", "unavailable"]
        assert f"{KEYED}  " in "\n".join(found.details)
        agree(lab, await lock(operator), KEYED, {KEYED: LOCKED, HEXED: LOCKED})


async def test_a_timer_that_is_due_waits_for_who_uses_it(vault: Lab) -> None:
    lab = vault
    stands = f"ls -l /proc/[0-9]*/cwd | grep -q ' /{HEXED}$'"
    async with before(lab, HEXED, route("keyed")) as operator:
        await begin(operator, "l")
        await give(operator, "typed", HEX)
        await step(operator, "it opens it", "mount", "1")
        shown = await step(operator, "proof that the key is loaded", "cancel")
        agree(lab, shown, HEXED, {HEXED: READABLE})
        with running(lab, f"cd /{HEXED} && sleep 614", stands):
            await row(operator, "due, in use")
            assert told(lab, "keystatus", HEXED) == ["available"]
        wait_until(lambda: told(lab, "keystatus", HEXED) == ["unavailable"], "locked by itself", 90)
        await row(operator, "locked")
        assert told(lab, "mounted", HEXED) == ["no"]


# --- nothing is left

_LARGEST = 64 << 20  # bytes; what is larger are the disks of somebody's lab


@dataclass(frozen=True)
class Searched:
    """What is looked for, and since when (seconds since 1970)."""

    words: tuple[str, ...]
    began: float

    def on_this_machine(self, *left_out: Path) -> list[Path]:
        """The files of this machine that were written since and have one of the words."""
        folders = (default_path().parent, Path(tempfile.gettempdir()), Path.home(), Path.cwd())
        return sorted({each for folder in folders for each in self._within(folder, left_out)})

    def _within(self, folder: Path, left_out: tuple[Path, ...]) -> Iterator[Path]:
        for name, below, files in os.walk(folder):
            here = Path(name)
            below[:] = [each for each in below if here / each not in left_out]
            for file in (here / each for each in files):
                with suppress(OSError):
                    if file not in left_out and self._in(file):
                        yield file

    def _in(self, file: Path) -> bool:
        state = file.lstat()
        new = stat.S_ISREG(state.st_mode) and state.st_mtime >= self.began
        if not new or state.st_size > _LARGEST:
            return False
        data = file.read_bytes()
        return any(word.encode() in data for word in self.words)


@contextmanager
def looked_for(lab: Lab, *words: str) -> Iterator[Searched]:
    """Fails if the words show up in a process of any of the three machines, or in files there."""
    searched = Searched(words, time.time())
    with (
        searching(lab, "\n".join(words)),
        watching(*(word.encode() for word in words), every=0.3) as watch,
    ):
        yield searched
    assert watch.found == []
    assert watch.looks > 1
    assert any(b"ssh" in each for each in watch.seen), "processes of this machine are seen"


def kept_by(operator: Operator, words: Sequence[str]) -> None:
    """What the program holds of it: command log, screen, picture of it, clipboard."""
    app = operator.app
    kept = (repr(app.command_log.entries()), app.export_screenshot(), operator.sees())
    for word in words:
        assert not [each for each in (*kept, app.clipboard) if word in each]


async def test_a_known_passphrase_through_every_procedure_is_found_nowhere(
    vault: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, here = vault, tmp_path / "key"
    monkeypatch.chdir(tmp_path)  # where the incident report goes
    words = (PASSPHRASE, f"{PASSPHRASE[:-1]}!")
    here.write_text(f"{PASSPHRASE}\n")
    left_out = (lab.ssh_config.parent, here)
    with looked_for(lab, *words) as searched:
        async with before(lab, PROD, route("prod")) as operator:
            await begin(operator, "v")
            await give(operator, "typed", f"{PASSPHRASE[:-1]}x")
            await step(operator, "key-may-not-unlock", "cancel")
            await give(operator, "file", str(here))
            await step(operator, "it opens it", "cancel")

            await begin(operator, "l")
            await give(operator, "typed", PASSPHRASE)
            await step(operator, "it opens it", "mount", "90")
            await step(operator, "proof that the key is loaded", "cancel")
            await row(operator, "in 1 h")
            await operator.pilot.press("c")
            await step(operator, "Without it the key stays loaded", "end")
            await row(operator, "never")
            await lock(operator)

            await row(operator, "locked")
            await begin(operator, "r")
            await give(operator, "typed", PASSPHRASE)
            await step(operator, "it opens it", "mount", "60")
            await step(operator, "check what is there", "read")
            await step(operator, "-exec cat", "lock")
            await step(operator, "The report: ", "cancel")

            for purpose, name in (("vault", "a vault"), ("standby", "a warm standby")):
                await operator.pilot.press("p")
                await step(operator, "what it is now", purpose)
                await step(operator, f"the line that is crossed: {name}", "cross")
                await step(operator, "say why", "next", REASON)
                await step(operator, "set what fits it", "set")
                await step(operator, f"proof that it is {name}", "cancel")
            kept_by(operator, words)
            await reported(operator)
            kept_by(operator, words)
        assert written(tmp_path) >= {".jsonl", ".md", ".svg"}, "there is something to search"
    assert searched.on_this_machine(*left_out) == []
    soft, _ = resource.getrlimit(resource.RLIMIT_CORE)
    assert soft in {0, 1}, "no core is written"


def written(reports: Path) -> set[str]:
    """What kinds of files the program has written."""
    return {each.suffix for folder in (default_path().parent, reports) for each in folder.iterdir()}


async def reported(operator: Operator) -> None:
    """Leave the keys, let the playbook look, and write an incident report."""
    await operator.pilot.press("escape")
    await wait_for(operator.pilot, lambda: operator.app.screen is operator.screen, "the route")
    await operator.pilot.press("p")
    await wait_for(
        operator.pilot,
        lambda: (
            isinstance(operator.app.screen, PlaybookScreen)
            and operator.app.screen.diagnosis.verdict is not None
        ),
        "the playbook's answer",
        300,
    )
    await operator.pilot.press("r")
    await step(operator, "Incident report", "cancel")


async def test_known_raw_and_hex_keys_through_every_procedure_are_found_nowhere(
    vault: Lab, tmp_path: Path
) -> None:
    lab, here = vault, tmp_path / "key"
    here.write_text(RAW)
    there = place(lab, RAW)
    words = (RAW, RAW.encode().hex(), HEX, HEX.upper(), bytes.fromhex(HEX).hex(" "))
    with looked_for(lab, *words) as searched:
        async with before(lab, KEYED, route("keyed")) as operator:
            await begin(operator, "v")
            await give(operator, "host", there)
            await step(operator, "it opens it", "cancel")
            await begin(operator, "l")
            await give(operator, "file", str(here))
            await step(operator, "it opens it", "mount", "90")
            await step(operator, "proof that the key is loaded", "cancel")
            await lock(operator)

            await go_to(operator, HEXED, "dest")
            await begin(operator, "v")
            await give(operator, "typed", f"{HEX}0")
            await step(operator, "key-malformed", "cancel")
            await give(operator, "typed", HEX)
            await step(operator, "it opens it", "cancel")
            await begin(operator, "r")
            await give(operator, "typed", HEX)
            await step(operator, "it opens it", "mount", "60")
            await step(operator, "check what is there", "lock")
            await step(operator, "The report: ", "cancel")
            kept_by(operator, words)
        lab.dest.run(f"rm {there}")
    assert searched.on_this_machine(lab.ssh_config.parent, here) == []
