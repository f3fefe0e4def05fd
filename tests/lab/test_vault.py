"""A vault is built by keys on real ZFS: plain commands say afterwards what the screen said."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sealift.journal import default_path, entries
from sealift.ui.app import SealiftApp
from sealift.ui.screens.following import Following
from tests.driving import Operator, options
from tests.sandbox.key_driving import open_keys, passed, step
from tests.sandbox.test_vault_screens import left, seeded
from tests.waiting import wait_for

from .faults.access import RECEIVES, WITHOUT_SUDO
from .lab import USUAL_ROUNDS, Lab
from .test_first_light import guids
from .test_jobs import held, hierarchy, open_and_read

pytestmark = pytest.mark.timeout(1800)

SOURCE, ROOT = "tank/prod", "backup/prod"
ROUTE = ("root@source:tank/prod", "root@dest:backup/prod")
BELOW = ("", "/app", "/db")


@asynccontextmanager
async def operating(lab: Lab, *words: str, row: str = ROOT) -> AsyncIterator[Operator]:
    """An operator before the list of keys, on the destination's row."""
    app = SealiftApp(options(*words, ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot, patience=120)
        await operator.both_read()
        await open_keys(operator, row, "dest")
        yield operator


def told(lab: Lab, what: str, host: str = "dest", root: str = ROOT) -> list[str]:
    """A property of a root and its children, as plain `zfs get` has it."""
    words = ["zfs", "get", "-Hr", "-t", "filesystem,volume", "-o", "value", what, root]
    return lab.host(host).run(words).text.split()


def is_a_vault(lab: Lab) -> None:
    """What counts, by plain commands: locked, unmounted, set, of one lineage, and kept."""
    assert told(lab, "keystatus") == ["unavailable"] * 3
    assert told(lab, "mounted") == ["no"] * 3
    assert told(lab, "canmount") == ["off"] * 3
    assert told(lab, "readonly") == ["on"] * 3
    assert told(lab, "keylocation") == ["prompt", "none", "none"]
    assert told(lab, "keyguid") == told(lab, "keyguid", "source", SOURCE)
    assert hierarchy(lab, "dest", ROOT) == hierarchy(lab, "source", SOURCE)
    ours = guids(lab, "source", SOURCE)
    assert guids(lab, "dest", ROOT) == ours
    newest = max(ours).partition("@")[2]
    anchors = {f"{each}@{newest}" for each in BELOW}
    assert held(lab, "source", SOURCE) >= anchors
    assert held(lab, "dest", ROOT) >= anchors
    marks = lab.source.run(["zfs", "list", "-H", "-r", "-t", "bookmark", "-o", "name", SOURCE]).text
    assert {f"{SOURCE}{each}#{newest}" for each in BELOW} <= set(marks.split())


def opened(lab: Lab) -> dict[str, str]:
    """What is in it, by a key that the procedure never had."""
    script = "\n".join(f"zfs set canmount=noauto {shlex.quote(ROOT + each)}" for each in BELOW)
    lab.dest.run(script)
    return open_and_read(lab)


def without_a_key(operator: Operator) -> None:
    """No command of the walk had anything to do with a key."""
    ran = [each.text for each in operator.app.command_log.entries()]
    assert ran
    assert not [each for each in ran if "zfs load-key" in each or "change-key" in each]


@pytest.mark.whole
async def test_a_vault_is_built_from_nothing_and_is_one(pools: Lab) -> None:
    lab = pools
    before = lab.make_source_tree(mib=1, rounds=USUAL_ROUNDS)
    async with operating(lab, *ROUTE) as operator:
        await operator.pilot.press("b")
        shown = await step(operator, "No step asks for a key", "first")
        assert "! 4  there is a snapshot to begin with" in shown
        shown = await passed(operator, "Step 1 of 8")
        assert f"Encryption root {SOURCE} (aes-256-gcm, keystatus available)" in shown
        shown = await passed(operator, "Step 2 of 8")
        assert "received below backup, which is not encrypted" in shown
        shown = await passed(operator, "Step 3 of 8")
        assert "Nothing was seen on root@dest that would load a key" in shown
        await seeded(operator, "root@source")
        await passed(operator, "3 of 3 datasets there with a base")
        shown = await passed(operator, "Step 6 of 8")
        assert f"{ROOT}/db: keystatus unavailable, encryption root {ROOT}" in shown
        shown = await step(operator, "Step 7 of 8", "set")
        assert f"zfs set canmount=off {ROOT}/db" in shown
        await passed(operator, "3 datasets: canmount=off on every filesystem")
        await passed(operator, "held on both sides (tag keepforrep) and bookmarked")
        shown = await step(operator, "The audit has no finding left", "cancel")
        assert shown.count("✓ ") == 8
        await left(operator)
        without_a_key(operator)
    is_a_vault(lab)
    noted = [each.command for each in entries(default_path())]
    assert f"zfs set canmount=off {ROOT}/db" in noted
    assert opened(lab) == before


@pytest.mark.whole
async def test_it_is_left_in_the_middle_with_both_sides_locked(pools: Lab) -> None:
    lab = pools
    before = lab.make_source_tree(mib=16)
    lab.source.run(f"zfs unmount {SOURCE}; zfs unload-key {SOURCE}")
    lab.link.shape(rate="2mbit")
    async with operating(lab, *ROUTE) as operator:
        await operator.pilot.press("b")
        await step(operator, "No step asks for a key", "on")
        await seeded(operator, "root@source")

        def follows() -> bool:
            following = isinstance(operator.app.screen, Following)
            return following and "sending" in operator.sees()

        await wait_for(operator.pilot, follows, "the job followed", operator.patience)
    # The program is gone, and another one comes.
    async with operating(lab, *ROUTE) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 5  the seed has arrived", "on")
        await step(operator, "is sending", "follow")
        await wait_for(
            operator.pilot,
            lambda: isinstance(operator.app.screen, Following),
            "the job followed again",
            operator.patience,
        )
        lab.link.clear()
        await passed(operator, "3 of 3 datasets there with a base")
        await passed(operator, "Step 6 of 8")
        await step(operator, "Step 7 of 8", "set")
        await passed(operator, "3 datasets: canmount=off on every filesystem")
        await passed(operator, "Step 8 of 8")
        await step(operator, "weak-passphrase", "cancel")
        await left(operator)
        without_a_key(operator)
    is_a_vault(lab)
    assert told(lab, "keystatus", "source", SOURCE) == ["unavailable"] * 3
    assert opened(lab) == before


@pytest.mark.whole
async def test_what_came_one_by_one_and_brings_its_properties_is_put_right(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1, rounds=USUAL_ROUNDS)
    lab.source.run(
        f"zfs set keylocation=file:///root/prod.key {SOURCE}; zfs set canmount=on {SOURCE}/db;"
        f"zfs set mountpoint=/srv/prod {SOURCE}; zfs snapshot -r {SOURCE}@rep-1;"
        f"for each in {SOURCE} {SOURCE}/app {SOURCE}/db; do zfs send -w $each@rep-1 |"
        " ssh root@dest zfs receive -s -u backup/${each#tank/}; done",
        timeout=120,
    )
    assert set(hierarchy(lab, "dest", ROOT).values()) == set(BELOW)
    async with operating(lab, *ROUTE) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 6  proof that it is sealed", "first")
        await passed(operator, "Step 1 of 8")
        await passed(operator, "Step 2 of 8")
        shown = await passed(operator, "Step 3 of 8")
        for words in (
            f"{SOURCE} mountpoint=/srv/prod",
            f"{SOURCE} keylocation=file:///root/prod.key",
            f"{SOURCE}/db canmount=on",
        ):
            assert words in shown
        await passed(operator, "Step 4 of 8")
        await passed(operator, "Step 5 of 8")
        await step(operator, "hierarchy-differs", "snapshot")
        await step(operator, "Take a snapshot\n", "take")
        await step(operator, "hierarchy-differs", "send")
        await step(operator, "-I @rep-1", "start")
        await passed(operator, f"{ROOT}/db: keystatus unavailable, encryption root {ROOT}")
        shown = await step(operator, "Step 7 of 8", "set")
        assert "keylocation: file:///root/prod.key becomes prompt" in shown
        await passed(operator, "3 datasets: canmount=off on every filesystem")
        await passed(operator, "Step 8 of 8")
        await step(operator, "The audit has no finding left", "cancel")
        await left(operator)
        without_a_key(operator)
    is_a_vault(lab)


@pytest.mark.whole
async def test_a_plaintext_child_stops_it_until_it_is_left_out(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    lab.source.run(f"zfs create -o encryption=off {SOURCE}/open; echo secret >/{SOURCE}/open/file")
    async with operating(lab, *ROUTE) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 1  the source is encrypted", "first")
        shown = await step(operator, "plaintext-in-scope", "cancel")
        assert f"{SOURCE}/open is not encrypted; -w would send it in the clear" in shown
        await left(operator)
    assert guids(lab, "dest", "backup") == {}
    async with operating(lab, "--exclude", "open", *ROUTE) as operator:
        await operator.pilot.press("b")
        await step(operator, "No step asks for a key", "first")
        shown = await passed(operator, "Step 1 of 8")
        assert f"left out by the route: {SOURCE}/open" in shown
        await step(operator, "Step 2 of 8", "cancel")
        await left(operator)


@pytest.mark.whole
async def test_without_rights_it_says_which_and_below_what_it_is_made(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    deep = ("root@source:tank/prod", "root@dest:backup/vaults/prod")
    async with operating(lab, *deep, row="backup/vaults/prod") as operator:
        await operator.pilot.press("b")
        await step(operator, "! 2  the destination can take it", "on")
        shown = await step(operator, "parent-missing", "create")
        assert "zfs create -o canmount=off backup/vaults" in shown
        await passed(operator, "received below backup/vaults, which is not encrypted")
        await step(operator, "Step 3 of 8", "cancel")
        await left(operator)
    assert told(lab, "mounted", root="backup/vaults") == ["no"]

    mine = (*WITHOUT_SUDO, "root@source:tank/prod", "op@dest:backup/prod")
    async with operating(lab, *mine) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 2  the destination can take it", "on")
        await operator.until("permission-missing")
        lab.delegate("dest", "op", RECEIVES, "backup")
        shown = await step(operator, "allowed to receive, create, mount", "again")
        assert "zfs allow -u op receive,create,mount backup/prod" in shown
        shown = await passed(operator, "Step 2 of 8")
        assert "op may not change-key, keylocation there" in shown
        await step(operator, "Step 3 of 8", "cancel")
        await left(operator)
