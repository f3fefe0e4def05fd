"""Building a vault by keys, on two empty hosts of the demo, wrong turns included."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sealift.cli import parse
from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.journal import entries
from sealift.ui.app import SealiftApp
from sealift.ui.screens.following import Following
from sealift.ui.screens.listing import ListScreen
from tests.driving import Operator
from tests.waiting import wait_for

from .key_driving import open_keys, passed, step
from .test_demo_by_keys import changes
from .test_demo_ends import said as run_there
from .test_demo_journey import _TREE

SOURCE, ROOT = "tank/prod", "backup/prod"
ROUTE = (f"root@nas1:{SOURCE}", f"root@dr1:{ROOT}")


class OnDemo(SealiftApp):
    """The program on two empty hosts; `made` is what a script makes on the source before."""

    demo: Demo
    made = _TREE
    prepare: Callable[[Path], None] | None = None
    """Changes the files of the destination, given its directory."""

    @asynccontextmanager
    async def open_hosts(self, gate: Gate) -> AsyncIterator[tuple[Host, Host]]:
        async with Demo.open(BLANK) as self.demo:
            await run_there(self.demo, "nas1", self.made)
            if self.prepare is not None:
                self.prepare(self.demo.directory / "dr1")
            yield (
                Host(self.demo.source, gate, self.command_log),
                Host(self.demo.destination, gate, self.command_log),
            )


@asynccontextmanager
async def building(
    *words: str,
    made: str = _TREE,
    prepare: Callable[[Path], None] | None = None,
    route: tuple[str, ...] = ROUTE,
    size: tuple[int, int] = (160, 45),
) -> AsyncIterator[Operator]:
    """An operator before the list of keys, on the row of a destination that is not there yet."""
    app = OnDemo(parse([*route, *words]))
    app.made, app.prepare = made, prepare
    async with app.run_test(size=size, notifications=True) as pilot:
        operator = Operator(pilot, patience=20)
        await operator.both_read()
        await open_keys(operator, route[1].partition(":")[2])
        yield operator


def demo(operator: Operator) -> Demo:
    assert isinstance(operator.app, OnDemo)
    return operator.app.demo


async def told(operator: Operator, what: str, host: str = "dr1", root: str = ROOT) -> list[str]:
    script = f"zfs get -H -r -t filesystem -o value {what} {root}"
    return (await run_there(demo(operator), host, script)).split()


async def left(operator: Operator) -> None:
    """Wait until the list of keys is on top again."""
    await wait_for(
        operator.pilot, lambda: isinstance(operator.app.screen, ListScreen), "the list of keys"
    )


async def seeded(operator: Operator, coordinator: str = "root@nas1") -> None:
    """Walk from the snapshot to where the job is started."""
    await step(operator, "there is a snapshot to begin with", "snapshot")
    await step(operator, "Take a snapshot\n", "take")
    await passed(operator, "newest @rep-")
    await step(operator, "the seed has arrived", "send")
    await step(operator, f"Runs on {coordinator} as a job", "start")


async def test_a_vault_is_built_from_nothing_to_its_end() -> None:
    async with building() as operator:
        await operator.pilot.press("b")
        shown = await step(operator, "No step asks for a key", "first")
        assert "! 4  there is a snapshot to begin with" in shown
        shown = await passed(operator, "Step 1 of 8: the source is encrypted")
        assert f"Encryption root {SOURCE} (aes-256-gcm, keystatus available)" in shown
        shown = await passed(operator, "Step 2 of 8: the destination can take it")
        assert "backup, which is not encrypted" in shown
        await passed(operator, "Step 3 of 8: nothing there would open or mount it")
        await seeded(operator)
        await passed(operator, "3 of 3 datasets there with a base")
        shown = await passed(operator, "Step 6 of 8: proof that it is sealed")
        assert f"{ROOT}/db: keystatus unavailable, encryption root {ROOT}" in shown
        shown = await step(operator, "Step 7 of 8: its properties are those of a vault", "set")
        assert f"root@dr1$ zfs set canmount=off {ROOT}/db" in shown
        assert "! mountable-replica" in shown
        await passed(operator, "3 datasets: canmount=off on every filesystem")
        shown = await passed(operator, "Step 8 of 8")
        assert "held on both sides (tag keepforrep) and bookmarked" in shown
        assert "of the source 0 of 3 snapshots may go" in shown
        shown = await step(operator, "The audit has no finding left", "cancel")
        assert shown.count("✓ ") == 8
        assert await told(operator, "keystatus") == ["unavailable"] * 3
        assert await told(operator, "canmount") == ["off"] * 3
        assert await told(operator, "readonly") == ["on"] * 3
        assert await told(operator, "encryptionroot") == [ROOT] * 3
        ran = changes(operator)
        assert not [each for each in ran if "load-key" in each or "receive -F" in each]
        noted = {each.command for each in entries(operator.app.journal_path())}
        assert {each for each in ran if each.startswith("zfs")} <= noted
        # Built once, it says so, and needs no more.
        await operator.pilot.press("b")
        shown = await step(operator, "The audit has no finding left", "cancel")
        assert "Step" not in shown.replace("From step 1", "")
        assert changes(operator) == ran


async def test_it_is_left_while_the_seed_runs_and_gone_on_with() -> None:
    async with building() as operator:
        await demo(operator).pace(link=200_000)
        await operator.pilot.press("b")
        await step(operator, "No step asks for a key", "on")
        await seeded(operator)

        def follows() -> bool:
            screen = operator.app.screen
            return isinstance(screen, Following) and "sending" in operator.sees()

        await wait_for(operator.pilot, follows, "the job followed", operator.patience)
        await operator.pilot.press("escape")
        await left(operator)
        await operator.pilot.press("b")
        shown = await step(operator, "No step asks for a key", "on")
        assert "! 5  the seed has arrived" in shown
        shown = await step(operator, "is sending", "follow")
        assert "0 of 3 datasets" in shown or "there with a base" in shown
        await demo(operator).pace(link=None)
        await passed(operator, "3 of 3 datasets there with a base")
        await passed(operator, "Step 6 of 8")
        await step(operator, "Step 7 of 8", "cancel")
        await left(operator)
        await operator.pilot.press("b")
        shown = await step(operator, "! 7  its properties are those of a vault", "on")
        await step(operator, "Step 7 of 8", "set")
        await passed(operator, "datasets: canmount=off")


async def test_a_seed_that_fails_says_why_and_goes_on_where_it_ended() -> None:
    async with building() as operator:
        await demo(operator).pace(link=2_000_000)
        await operator.pilot.press("b")
        await step(operator, "No step asks for a key", "on")
        await seeded(operator)
        await wait_for(
            operator.pilot, lambda: "sending" in operator.sees(), "it sends", operator.patience
        )
        await run_there(demo(operator), "dr1", "zfs set quota=5M backup")
        await demo(operator).pace(link=None)
        shown = await step(operator, "quota-reached", "cancel")
        assert "It is not so yet." in shown
        await left(operator)
        await run_there(demo(operator), "dr1", "zfs set quota=none backup")
        await operator.pilot.press("b")
        await step(operator, "! 5  the seed has arrived", "on")
        await step(operator, "Step 5 of 8", "send")
        await step(operator, "finishes what was interrupted", "start")
        await passed(operator, "3 of 3 datasets there with a base")


async def test_a_plaintext_child_is_named_with_the_way_out_and_nothing_goes_on() -> None:
    plain = f"{_TREE}; zfs create -o encryption=off {SOURCE}/open"
    async with building(made=plain) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 1  the source is encrypted", "first")
        await operator.until("plaintext-in-scope")
        await run_there(demo(operator), "nas1", f"zfs destroy {SOURCE}/open")
        shown = await step(operator, "plaintext-in-scope", "again")
        assert f"{SOURCE}/open is not encrypted; -w would send it in the clear" in shown
        assert "Leave it out of the route" in shown
        await passed(operator, "Step 1 of 8")
        assert changes(operator) == []


def nobody(host: Path) -> None:
    """On a demo's host everybody is root; this one says that we are not, and cannot become it."""
    words = "case $* in -u | -g) echo 1000 ;; *) echo op ;; esac"
    (host / "bin" / "id").write_text(f"#!/bin/sh\n{words}\n")
    (host / "bin" / "sudo").write_text("#!/bin/sh\nexit 1\n")


async def test_without_rights_the_destination_says_so_and_how_to_get_them() -> None:
    async with building(prepare=nobody) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 2  the destination can take it", "on")
        shown = await step(operator, "permission-missing", "cancel")
        assert (
            f"op on root@dr1 is neither root nor allowed to receive, create, mount on {ROOT}"
            in (shown)
        )
        assert f"zfs allow -u op receive,create,mount {ROOT}" in shown
        await left(operator)
        assert changes(operator) == []


async def test_what_it_is_to_be_below_is_made_first() -> None:
    route = (ROUTE[0], "root@dr1:backup/vaults/prod")
    async with building(route=route) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 2  the destination can take it", "on")
        shown = await step(operator, "parent-missing", "create")
        assert "root@dr1$ zfs create -o canmount=off backup/vaults" in shown
        await passed(operator, "received below backup/vaults, which is not encrypted")
        assert changes(operator) == ["zfs create -o canmount=off backup/vaults"]


def unlocking(host: Path) -> None:
    """Something loads the key at every start."""
    cron = host / "system" / "etc" / "cron.d" / "open"
    cron.parent.mkdir(parents=True)
    cron.write_text(f"@reboot root zfs load-key {ROOT} </root/key\n")


async def test_what_would_load_the_key_stops_it_before_anything_is_sent() -> None:
    async with building(prepare=unlocking) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 3  nothing there would open or mount it", "on")
        shown = await step(operator, "boot-unit-loads-keys", "cancel")
        assert "/etc/cron.d/open" in shown
        assert changes(operator) == []


async def test_a_tree_that_came_one_by_one_gets_its_hierarchy_from_an_increment() -> None:
    apart = (
        f"{_TREE}; zfs snapshot -r {SOURCE}@rep-1; for each in '' /app /db; do "
        f"zfs send -w {SOURCE}$each@rep-1 | ssh root@dr1 zfs receive -s -u {ROOT}$each; done"
    )
    async with building(made=apart) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 6  proof that it is sealed", "on")
        shown = await step(operator, "hierarchy-differs", "snapshot")
        assert f"{ROOT}/db: keystatus unavailable, encryption root {ROOT}/db" in shown
        await step(operator, "Take a snapshot\n", "take")
        await step(operator, "hierarchy-differs", "send")
        await step(operator, "-I @rep-1", "start")
        await passed(operator, f"{ROOT}/db: keystatus unavailable, encryption root {ROOT}\n")
        assert await told(operator, "encryptionroot") == [ROOT] * 3


async def test_holds_and_a_bookmark_that_are_missing_are_set() -> None:
    sent = (
        f"{_TREE}; zfs snapshot -r {SOURCE}@rep-1; "
        f"zfs send -w -R {SOURCE}@rep-1 | ssh root@dr1 zfs receive -s -u {ROOT}"
    )
    async with building(made=sent) as operator:
        await operator.pilot.press("b")
        await step(operator, "! 7  its properties are those of a vault", "on")
        await step(operator, "Step 7 of 8", "set")
        await passed(operator, "datasets: canmount=off")
        shown = await step(operator, "anchor-not-held", "keep")
        assert f"zfs bookmark {SOURCE}/db@rep-1 '{SOURCE}/db#rep-1'" in shown
        await passed(operator, "held on both sides (tag keepforrep) and bookmarked")
        held = await run_there(demo(operator), "dr1", f"zfs holds -H -r {ROOT}@rep-1")
        assert held.count("keepforrep") == 3


async def test_read_only_offers_it_and_refuses_it() -> None:
    async with building("--read-only") as operator:
        await operator.pilot.press("b")
        await operator.until("This session is read-only.")
        assert isinstance(operator.app.screen, ListScreen)
        assert changes(operator) == []


async def test_every_step_can_be_read_and_taken_at_80_by_24() -> None:
    async with building(size=(80, 24)) as operator:
        await operator.pilot.press("b")
        await operator.until("From step 1")
        await step(operator, "No step asks for a key", "first")
        for words in ("Step 1 of 8", "Step 2 of 8", "Step 3 of 8"):
            await operator.until("Go on")
            await passed(operator, words)
        await operator.until("Take a snapshot")
        await step(operator, "there is a snapshot to begin with", "cancel")
        await left(operator)
