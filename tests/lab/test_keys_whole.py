"""The rest of the key procedures on real ZFS, by keys: other kinds of keys, and the wrong turns.

What is here is not in `test_keys`: raw and hex keys, files here and there, several roots with one
passphrase, what cannot be mounted, rehearsals that fail, purposes, timers.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sealift.journal import default_path, entries
from sealift.ui.panels import keys as keys_panel
from tests.sandbox.key_driving import go_to, opened, refuses, step

from .key_trees import (
    HEX,
    HEXED,
    KEYED,
    LOADED,
    LOCKED,
    MANY,
    ODD,
    PASSPHRASE,
    PROD,
    RAW,
    READABLE,
    SAME,
    agree,
    begin,
    give,
    place,
    prod,
    route,
)
from .lab import Lab
from .test_keys import REASON, lock, operating, row, running, told
from .waiting import wait_until

pytestmark = [pytest.mark.whole, pytest.mark.timeout(900)]

_STANDS = f"ls -l /proc/[0-9]*/cwd | grep -q ' /{PROD}/db$'"
_STAY = f"cd /{PROD}/db && sleep 613"


async def test_raw_and_hex_keys_typed_and_from_files_here_and_there(
    key_vault: Lab, tmp_path: Path
) -> None:
    lab, here = key_vault, tmp_path / "key"
    async with operating(lab, *route("keyed"), root=KEYED) as operator:
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

        lab.dest.run(f"mount -t tmpfs somebody /{HEXED}/folder")
        await row(operator, "loaded")
        await operator.pilot.press("u")
        await step(operator, f"unmounted first: /{HEXED}/folder (tmpfs)", "lock")
        await opened(operator, "dataset-busy")
        assert told(lab, "keystatus", HEXED) == ["available"]
        lab.dest.run(f"umount /{HEXED}/folder")
        await step(operator, "dataset-busy", "cancel")
        agree(lab, await lock(operator), HEXED, {HEXED: LOCKED})
        await go_to(operator, KEYED, "dest")
        agree(lab, await lock(operator), KEYED, {KEYED: LOCKED, HEXED: LOCKED})


async def test_several_roots_are_opened_by_one_passphrase_and_what_it_does_not_open_is_said(
    key_vault: Lab,
) -> None:
    lab = key_vault
    async with operating(lab, *route("many"), root=MANY) as operator:
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
    key_vault: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = key_vault
    lab.dest.run(f"zfs set canmount=off {PROD} {PROD}/app {PROD}/db")
    # The list is not read again meanwhile: what it does not know is found by the procedure.
    monkeypatch.setattr(keys_panel, "READ_EVERY", 3600.0)
    async with operating(lab, *route("prod"), root=PROD) as operator:
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
    key_vault: Lab,
) -> None:
    lab = key_vault
    async with operating(lab, *route("prod"), root=PROD) as operator:
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


async def test_a_vault_becomes_a_standby_and_a_vault_again_with_its_key_loaded(
    key_vault: Lab,
) -> None:
    lab = key_vault
    lab.dest.run(f"zfs set keylocation=file:///root/key {PROD}; zfs set canmount=off {PROD}/db")
    async with operating(lab, *route("prod", "--vault"), root=PROD) as operator:
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
    async with operating(lab, *child, root=PROD) as operator:
        await operator.pilot.press("p")
        await step(operator, "what it is now", "vault")
        await step(operator, "key-of-root-needed", "cancel")
    lines = [each.command for each in entries(default_path()) if each.command.startswith("# ")]
    verbs = ["becomes", "did", "becomes", "is", "becomes", "is"]
    assert [line.split()[2] for line in lines] == verbs


async def test_a_timer_is_let_run_then_cancelled_and_the_key_stays(key_vault: Lab) -> None:
    lab = key_vault
    async with operating(lab, *route("keyed"), root=KEYED) as operator:
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


async def test_a_timer_that_is_due_waits_for_who_uses_it(key_vault: Lab) -> None:
    lab = key_vault
    stands = f"ls -l /proc/[0-9]*/cwd | grep -q ' /{HEXED}$'"
    async with operating(lab, *route("keyed"), root=HEXED) as operator:
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
