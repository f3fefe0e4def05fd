"""A passphrase is looked for everywhere where it must not be, while and after it is used."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest

from sealift.demo.stage import Demo
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.journal import Journal
from sealift.keys.calls import Source
from sealift.keys.hand import Announce, Hand
from sealift.keys.secret import Secret
from sealift.keys.steps import Wish
from sealift.ui import crash
from sealift.ui.panels.key_material import no_traces
from sealift.zfs.commands import Command, Effect
from tests.driving import Operator
from tests.searching import Watch, files_with, watching

from .key_driving import open_keys, step
from .test_demo_ends import said as run_there
from .test_key_screens import REASON, ROOT, WORDS, demo, playing

# Never whole in this file, so that a search of its text or of this process finds nothing of ours.
PARTS = ("zebra", "quagga", "okapi", "7731")
NEW = "-".join(PARTS).encode()
CHANGE = Command(
    ("zfs", "change-key", "-o", "keylocation=prompt", ROOT), Effect.CHANGE, "another passphrase"
)
TAKE = Command(("sh", "-c", "cat | wc -c"), Effect.CHANGE, "take what comes")


def announcing(journal: Journal) -> Announce:
    """As the screen has it."""

    def announce(where: str, command: Command) -> Trouble | None:
        written = journal.announce(where, command, datetime.now(UTC))
        return None if written else journal.trouble

    return announce


def secret(words: bytes) -> Secret:
    return Secret(bytearray(words))


async def test_it_is_in_no_file_no_log_and_no_process_of_any_procedure(tmp_path: Path) -> None:
    """Both hosts of the demo are this machine: its /proc is theirs."""
    log, journal = CommandLog(), Journal(tmp_path / "journal.jsonl", "r", print)
    log.subscribe(journal.note)
    async with Demo.open("key-procedure") as demo:
        host = Host(demo.destination, Gate(), log)
        hand = Hand(host, announcing(journal))

        (first,) = (await hand.read_whole(ROOT)).roots
        fits = await hand.verify(first, Source.TYPED, secret(WORDS.encode()), reason=REASON)
        await hand.load(fits, secret(WORDS.encode()))
        assert (await host.run(CHANGE, stdin=NEW + b"\n")).ok
        wish = Wish((ROOT,))
        await hand.lock(ROOT, wish)
        with watching(NEW) as watch:
            for _ in range(3):
                (locked,) = (await hand.read_whole(ROOT)).roots
                with secret(NEW) as given:
                    fits = await hand.verify(locked, Source.TYPED, given, reason=REASON)
                    await hand.load(fits, given)
                with pytest.raises(TroubleError), secret(NEW + b"x") as given:
                    await hand.verify(locked, Source.TYPED, given, reason=REASON)
                (opened,) = (await hand.read_whole(ROOT)).roots
                await hand.mount(opened, REASON)
                await hand.start_timer((ROOT,), 3600)
                await hand.lock(ROOT, wish)
        assert watch.found == []
        assert watch.looks > 3
        assert any(b"load-key" in each for each in watch.seen), "the commands themselves are seen"
        assert files_with(NEW, demo.directory, tmp_path) == []
        assert not [each for each in log.entries() if PARTS[0] in repr(each)]
        for each in await hand.timers():
            await hand.cancel_timer(each)


async def tries(operator: Operator, key: str, given: str) -> None:
    """Begin a procedure, up to where a passphrase is tried."""
    await operator.pilot.press(key)
    await step(operator, "find the encryption root", "next")
    await step(operator, "say why", "next", REASON)
    await step(operator, "Typed here", "typed")
    await step(operator, "zfs load-key -n", "try", given)


async def proves(operator: Operator, words: str) -> None:
    await tries(operator, "v", words + "x")
    await step(operator, "key-may-not-unlock", "cancel")
    await step(operator, "Typed here", "typed")
    await step(operator, "zfs load-key -n", "try", words)
    await step(operator, "it opens it", "cancel")


async def loads_and_locks(operator: Operator, words: str) -> None:
    await tries(operator, "l", words)
    await step(operator, "it opens it", "load", "60")
    await step(operator, "proof that the key is loaded", "cancel")
    await operator.until("loaded")
    await operator.pilot.press("u")
    await step(operator, "see who uses it", "lock")
    await step(operator, "proof that it is locked", "cancel")


async def rehearses(operator: Operator, words: str) -> None:
    await tries(operator, "r", words)
    await step(operator, "it opens it", "mount", "60")
    await step(operator, "check what is there", "lock")
    await step(operator, "The report: ", "cancel")


@pytest.mark.parametrize("procedure", [proves, loads_and_locks, rehearses])
async def test_a_procedure_by_keys_leaves_it_nowhere(
    procedure: Callable[[Operator, str], Awaitable[None]], tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text(f"{WORDS}\n")
    new.write_bytes(NEW + b"\n")
    async with playing() as operator:
        await run_there(
            demo(operator),
            "dr1",
            f"zfs load-key -L prompt {ROOT} <{old}; "
            f"zfs change-key -o keylocation=prompt {ROOT} <{new}; zfs unload-key {ROOT}",
        )
        new.unlink()
        await open_keys(operator, ROOT)
        with watching(NEW, every=0.1) as watch:
            await procedure(operator, NEW.decode())
            shown = operator.app.export_screenshot()
        assert watch.found == []
        assert any(b"load-key" in each for each in watch.seen), "the commands themselves are seen"
        kept = operator.app.journal_path().parent
        assert files_with(NEW, demo(operator).directory, kept, tmp_path) == []
        said = repr(operator.app.command_log.entries())
        assert not [each for each in PARTS[:3] if each in said or each in shown]


async def test_no_debug_level_of_the_transport_writes_it(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    asyncssh.set_debug_level(3)
    loop.set_debug(True)
    try:
        caplog.set_level(logging.DEBUG)
        with secret(NEW) as given, given.on_stdin("passphrase") as data:
            result = await host.run(TAKE, stdin=data)
    finally:
        asyncssh.set_debug_level(1)
        loop.set_debug(False)
    assert result.stdout.strip() == b"600"
    said = "\n".join(str(record.__dict__) for record in caplog.records)
    for words in (NEW.decode(), PARTS[1], PARTS[1].encode().hex(" "), "packet=b"):
        assert words not in said
        assert words not in caplog.text


async def test_a_defect_in_the_midst_of_it_writes_no_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    class Broken:
        where = "root@dr1"

        def check(self, _: Command) -> None:
            pass

        async def run(self, _: Command, *, stdin: bytearray, **__: float) -> None:
            assert bytes(stdin).startswith(NEW)
            raise RuntimeError("the wire is cut")

    async with Demo.open("key-procedure") as demo:
        host = Host(demo.destination, Gate(), CommandLog())
        (root,) = (await Hand(host, lambda *_: None).read_whole(ROOT)).roots
    broken = Hand(Broken(), lambda *_: None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError) as raised, secret(NEW) as given:
        await broken.verify(root, Source.TYPED, given, reason=REASON)
    told = crash.sentence(raised.value, datetime(2026, 1, 2, tzinfo=UTC))
    assert PARTS[0] not in told
    assert "A key that it had loaded is loaded still" in told
    (report,) = (tmp_path / "sealift").glob("crash-*")
    assert "the wire is cut" in report.read_text()
    assert files_with(PARTS[0].encode(), tmp_path) == []


async def test_no_screen_and_no_picture_of_one_shows_it() -> None:
    async with playing() as operator:
        await open_keys(operator, ROOT)
        await operator.pilot.press("v")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", REASON)
        await step(operator, "Typed here", "typed")
        await operator.until("Passphrase")
        await operator.pilot.press("h", "o", "r", "s", "e")
        await operator.until("•••••")
        for shown in (operator.sees(), operator.app.export_screenshot()):
            assert "horse" not in shown
        await step(operator, "zfs load-key -n", "try", WORDS)
        await step(operator, "it opens it", "cancel")
        for shown in (operator.sees(), operator.app.export_screenshot()):
            assert "horse" not in shown
        assert "horse" not in operator.app.clipboard
        assert "horse" not in repr(operator.app.command_log.entries())


def test_no_secret_is_asked_for_while_keys_are_logged() -> None:
    with pytest.raises(TroubleError, match="keys are logged"):
        no_traces({"devtools"})


def test_no_core_is_written_once_a_secret_was_asked_for() -> None:
    """With a limit of 0 Linux still hands one to the program of a core_pattern that is a pipe."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        no_traces(())
        soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
        assert soft == (0 if hard == 0 else 1)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Else the tests above would promise nothing."""
    (tmp_path / "leak").write_bytes(b"x" + NEW)
    assert files_with(NEW, tmp_path) == [tmp_path / "leak"]
    watch = Watch((b"test_key_secrets"[:4],))
    watch.look()
    assert watch.found or os.getpid() < 0
