"""Key procedures by keys, in the real program on the demo's hosts, wrong turns included."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sealift.cli import parse
from sealift.demo.stage import Demo
from sealift.journal import BEGINS, default_path, entries
from sealift.ui.app import SealiftApp
from sealift.ui.demo import DemoApp
from sealift.ui.screens.dialog import Dialog
from sealift.ui.screens.listing import ListScreen
from sealift.zfs.commands import Effect
from tests.driving import Operator
from tests.waiting import wait_for

from .key_driving import open_keys, step
from .test_demo_by_keys import changes
from .test_demo_ends import said as run_there

ROOT = "backup/prod"
WORDS = "correct horse battery staple"
REASON = "rehearsal Q4, ticket 1182"


class KeyApp(DemoApp):
    """The demo's key-procedure, with nobody who briefs."""

    @property
    def demo(self) -> Demo:
        assert self._demo is not None
        return self._demo

    def opened(self, *_: object) -> None:
        pass


@asynccontextmanager
async def playing(*words: str, size: tuple[int, int] = (160, 45)) -> AsyncIterator[Operator]:
    app = KeyApp(parse(["demo", "key-procedure", *words]), "key-procedure")
    async with app.run_test(size=size, notifications=True) as pilot:
        operator = Operator(pilot, patience=20)
        await operator.both_read()
        yield operator


def demo(operator: Operator) -> Demo:
    assert isinstance(operator.app, KeyApp)
    return operator.app.demo


async def status(operator: Operator, what: str = "keystatus") -> list[str]:
    told = await run_there(
        demo(operator), "dr1", f"zfs get -H -r -t filesystem -o value {what} {ROOT}"
    )
    return told.split()


async def load(operator: Operator, choice: str = "mount", minutes: str | None = None) -> list[str]:
    """Load the key; all that is said on the way."""
    await operator.pilot.press("l")
    return [
        await step(operator, "find the encryption root", "next"),
        await step(operator, "say why", "next", REASON),
        await step(operator, "Typed here", "typed"),
        await step(operator, "zfs load-key -n -L prompt", "try", WORDS),
        await step(operator, "it opens it", choice, minutes),
    ]


def numbers(*shown: str) -> list[str]:
    """Which steps these screens say that they are: `3/5`."""
    found = [re.search(r"Step (\d+) of (\d+): ", each) for each in shown]
    return ["/".join(each.groups()) if each else "" for each in found]


async def test_the_rehearsal_is_played_to_its_end() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        way = await load(operator)
        shown = await step(operator, "readable at /backup/prod/db", "cancel")
        assert numbers(*way, shown) == ["1/5", "2/5", "3/5", "3/5", "4/5", "5/5"]
        assert "backup/prod/db\tkeystatus\tavailable" in shown
        assert "backup/prod/db\tmounted\tyes" in shown
        assert "in 1 h" in shown or "in 59 min" in shown
        assert await status(operator) == ["available"] * 3
        assert await status(operator, "mounted") == ["yes"] * 3
        await operator.pilot.press("u")
        asked = await step(operator, "see who uses it", "lock")
        assert "zfs unmount backup/prod/db\n" in asked
        assert "zfs unload-key backup/prod" in asked
        shown = await step(operator, "proof that it is locked", "cancel")
        assert numbers(asked, shown) == ["1/2", "2/2"]
        assert "backup/prod/db\tkeystatus\tunavailable" in shown
        assert await status(operator) == ["unavailable"] * 3
        assert await demo(operator).mended()
        await operator.until("locked")


async def test_a_failover_rehearsal_is_timed_checked_locked_and_reported() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("r")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", REASON)
        await step(operator, "Typed here", "typed")
        await step(operator, "zfs load-key -n -L prompt", "try", WORDS)
        loading = await step(operator, "it opens it", "mount")
        checking = await step(operator, "check what is there", "count")
        counted = await step(operator, "\n213\n", "read")
        assert "failed" not in counted, "a demo's hosts have files where they mount"
        read = await step(operator, "-exec cat", "own", "echo all well")
        assert "failed" not in read
        await step(operator, "all well", "own", "ls /nowhere")
        shown = await step(operator, "failed, exit code 2", "lock")
        assert "✓ passed" in shown
        shown = await step(operator, "The report: ", "cancel")
        assert numbers(loading, checking, shown) == ["4/6", "5/6", "6/6"]
        assert "checks failed" in shown
        assert "1 of" in shown
        assert await status(operator) == ["unavailable"] * 3
        (report,) = operator.app.journal_path().parent.glob("rehearsal-*.md")
        assert report.stat().st_mode & 0o077 == 0
        page = report.read_text()
        for words in (REASON, "| mounted read-only, readable |", "    all well", "unavailable"):
            assert words in page
        assert "horse" not in page


async def test_why_it_was_loaded_is_in_the_journal_and_the_passphrase_is_not() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await load(operator, "load", "0")
        await step(operator, "proof that the key is loaded", "cancel")
        path = operator.app.journal_path()
        noted = [each for each in entries(path) if "load-key" in each.command]
        assert [each.note for each in noted] == [BEGINS, "", BEGINS, ""], "before and after"
        (tried, loaded) = [each for each in noted if each.note != BEGINS]
        assert (tried.command, loaded.command) == (
            f"zfs load-key -n -L prompt {ROOT}",
            f"zfs load-key -L prompt {ROOT}",
        )
        assert {tried.reason, loaded.reason} == {REASON}
        assert (loaded.effect, loaded.exit_code, loaded.host) == (Effect.CHANGE, 0, "root@dr1")
        assert "horse" not in path.read_text()
        assert json.loads(path.read_text().splitlines()[-1])["reason"] in {REASON, ""}


async def test_a_wrong_passphrase_loads_nothing_and_can_be_given_again() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("l")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", REASON)
        await step(operator, "Typed here", "typed")
        await step(operator, "zfs load-key -n", "try", "correct horse battery stable")
        shown = await step(operator, "key-may-not-unlock", "cancel")
        assert "Nothing was loaded" in shown
        assert await status(operator) == ["unavailable"] * 3
        await step(operator, "Typed here", "typed")
        await step(operator, "zfs load-key -n", "try", "short")
        await step(operator, "at least 8 bytes", "cancel")
        await step(operator, "Typed here", "host")
        shown = await step(operator, "zfs load-key -n backup/prod", "try", "")
        shown = await step(operator, "keylocation-automatic", "cancel")
        assert "zfs set keylocation=prompt backup/prod" in shown
        await step(operator, "Typed here", "typed")
        await step(operator, "zfs load-key -n", "try", WORDS)
        await step(operator, "it opens it", "cancel")
        assert await status(operator) == ["unavailable"] * 3


async def test_a_key_is_tested_without_loading_it() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("v")
        way = [
            await step(operator, "find the encryption root", "next"),
            await step(operator, "say why", "next", "yearly proof"),
            await step(operator, "Typed here", "typed"),
            await step(operator, "zfs load-key -n", "try", WORDS),
        ]
        shown = await step(operator, "it opens it", "cancel")
        assert numbers(*way, shown) == ["1/4", "2/4", "3/4", "3/4", "4/4"]
        assert "whether its key is loaded makes no difference" in way[0]
        assert "not loaded yet" not in way[0]
        assert "backup/prod\tkeystatus\tunavailable" in shown
        assert await status(operator) == ["unavailable"] * 3
        ran = changes(operator)
        assert ran == [f"zfs load-key -n -L prompt {ROOT}"]


async def test_a_host_that_would_look_nowhere_is_not_asked_to_look() -> None:
    async with playing() as operator:
        await run_there(demo(operator), "dr1", f"zfs set keylocation=prompt {ROOT}")
        await open_keys(operator, ROOT)
        await operator.pilot.press("v")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", "yearly proof")
        await step(operator, "Typed here", "host")
        await step(operator, "zfs load-key -n", "try", "")
        shown = await step(operator, "keylocation names no file", "cancel")
        assert "key-file-missing" in shown
        assert changes(operator) == []


async def test_a_key_file_of_this_machine_does(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{WORDS}\n")
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("v")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", "yearly proof")
        await step(operator, "Typed here", "file")
        await step(operator, "zfs load-key -n", "try", str(tmp_path / "none"))
        await step(operator, "No such file", "cancel")
        await step(operator, "Typed here", "file")
        await step(operator, "zfs load-key -n", "try", str(file))
        await step(operator, "it opens it", "cancel")


async def test_without_a_reason_nothing_goes_on() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("l")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", "")
        await step(operator, "No reason was given", "next", "  ")
        await step(operator, "No reason was given", "cancel")
        assert changes(operator) == []


async def test_a_journal_that_cannot_be_written_stops_it_with_a_sentence() -> None:
    async with playing() as operator:
        path = operator.app.journal_path()
        await wait_for(operator.pilot, path.exists, "the journal")
        path.unlink()
        path.mkdir()
        await open_keys(operator, ROOT)
        await operator.pilot.press("l")
        await step(operator, "find the encryption root", "next")
        shown = await step(operator, "say why", "next", REASON)
        assert "cannot be written" in shown
        shown = await step(operator, "cannot be written", "cancel")
        assert changes(operator) == []
        assert await status(operator) == ["unavailable"] * 3


async def test_it_can_be_locked_without_a_journal_and_its_timer_goes_with_it() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await load(operator, "load", "90")
        await step(operator, "Timer ", "cancel")
        await operator.until("in 1 h")
        path = operator.app.journal_path()
        path.unlink()
        path.mkdir()
        await operator.pilot.press("u")
        await step(operator, "see who uses it", "lock")
        shown = await step(operator, "proof that it is locked", "cancel")
        assert "backup/prod\tkeystatus\tunavailable" in shown
        assert "timer was not ended" not in shown
        assert "That it was locked is not in the journal" in shown
        assert await status(operator) == ["unavailable"] * 3
        states = await run_there(
            demo(operator), "dr1", "cat ${XDG_STATE_HOME:-$HOME/.local/state}/sealift/locks/*/state"
        )
        assert states.split() == ["cancelled"]


async def test_a_key_that_is_loaded_already_is_not_loaded_again() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("l")
        await step(operator, "find the encryption root", "cancel")
        await run_there(demo(operator), "dr1", f"echo {WORDS} | zfs load-key -L prompt {ROOT}")
        await operator.pilot.press("l")
        await step(operator, "key-already-loaded", "cancel")
        assert changes(operator) == []


async def test_a_standby_becomes_a_vault_and_a_standby_again() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await load(operator, "mount", "0")
        await step(operator, "proof that the key is loaded", "cancel")
        await operator.pilot.press("p")
        first = await step(operator, "takes it for a warm standby", "vault")
        assert "readable at /backup/prod/db" in first
        line = await step(operator, "the line that is crossed: a vault", "cross")
        assert "no key comes here" in line
        why = await step(operator, "say why", "next", "audit of May")
        users = await step(operator, "see who uses it", "lock")
        shown = await step(operator, "set what fits it", "set")
        assert numbers(first, line, why, users, shown) == ["1/6", "2/6", "3/6", "4/6", "5/6"]
        assert "keylocation: file:///root/prod.key becomes prompt" in shown
        assert f"$ zfs set canmount=off {ROOT}/db" in shown
        shown = await step(operator, "proof that it is a vault", "cancel")
        assert numbers(shown) == ["6/6"]
        assert f"{ROOT}/db\tkeystatus\tunavailable" in shown
        assert "start sealift with --vault" in shown
        assert await status(operator) == ["unavailable"] * 3
        assert await status(operator, "canmount") == ["off"] * 3
        assert await status(operator, "keylocation") == ["prompt", "none", "none"]

        await operator.pilot.press("p")
        await step(operator, "what it is now", "standby")
        shown = await step(operator, "the line that is crossed: a warm standby", "cross")
        assert "does not take back" in shown
        await step(operator, "say why", "next", "rehearsals are back")
        await step(operator, "canmount: off becomes noauto", "set")
        await step(operator, "proof that it is a warm standby", "cancel")
        assert await status(operator, "canmount") == ["noauto"] * 3

        noted = entries(operator.app.journal_path())
        crossed = [(each.command, each.reason) for each in noted if each.command.startswith("#")]
        assert crossed == [
            (f"# {ROOT} becomes a vault", "audit of May"),
            (f"# {ROOT} is now a vault", "audit of May"),
            (f"# {ROOT} becomes a warm standby", "rehearsals are back"),
            (f"# {ROOT} is now a warm standby", "rehearsals are back"),
        ]
        assert {each.reason for each in noted if "zfs set" in each.command} == {
            "audit of May",
            "rehearsals are back",
        }


async def test_a_line_that_cannot_be_written_down_is_not_crossed() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("p")
        await step(operator, "what it is now", "vault")
        await step(operator, "the line that is crossed", "cross")
        await step(operator, "say why", "next", "audit of May")
        await step(operator, "set what fits it", "cancel")
        await step(operator, "not a vault yet", "cancel")
        assert changes(operator) == []
        path = operator.app.journal_path()
        noted = [each.command for each in entries(path)]
        assert noted == [f"# {ROOT} becomes a vault", f"# {ROOT} did not become a vault"]
        path.unlink()
        path.mkdir()
        await operator.pilot.press("p")
        await step(operator, "what it is now", "vault")
        await step(operator, "the line that is crossed", "cross")
        await step(operator, "say why", "next", "audit of May")
        await step(operator, "cannot be written", "cancel")
        assert changes(operator) == []


async def test_the_timer_is_seen_and_can_be_cancelled() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await load(operator, "load", "90")
        await step(operator, "Timer ", "cancel")
        await operator.until("in 1 h")
        await operator.pilot.press("c")
        await step(operator, "Without it the key stays loaded", "end")
        await operator.until("never")
        assert await status(operator) == ["available"] * 3


async def test_read_only_shows_the_keys_and_changes_nothing() -> None:
    async with playing("--read-only") as operator:
        await open_keys(operator, ROOT)
        for key in "lvrucp":
            await operator.pilot.press(key)
            assert isinstance(operator.app.screen, ListScreen)
        assert not [each for each in operator.app.screen_stack if isinstance(each, Dialog)]
        assert changes(operator) == []


async def test_every_step_can_be_read_and_taken_at_80_by_24() -> None:
    async with playing(size=(80, 24)) as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("l")
        await operator.until("Go on")
        await step(operator, "find the encryption root", "next")
        await operator.until("Reason (goes to the journal)")
        await step(operator, "say why", "next", REASON)
        await operator.until("Type it")
        await step(operator, "Typed here", "typed")
        await operator.until("Passphrase")
        await operator.pilot.press("a", "b")
        assert "••" in operator.sees()
        await step(operator, "zfs load-key -n", "try", WORDS)
        await operator.until("Load and mount read-only")
        await step(operator, "it opens it", "load")
        await operator.until("Back")


def test_the_journal_of_the_demo_is_not_the_operators() -> None:
    assert SealiftApp.journal_path is not KeyApp.journal_path
    assert not default_path().exists()
