"""Key procedures on real ZFS: what `zfs get` says is what the screen says, and nothing is left."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from sealift.journal import default_path
from sealift.ui.app import SealiftApp
from sealift.ui.screens.listing import ListScreen
from tests.driving import Operator, options
from tests.sandbox.key_driving import open_keys, step
from tests.waiting import wait_for

from .key_child import ROUTE, load
from .lab import PASSPHRASE, Lab
from .waiting import wait_until

REASON = "rehearsal Q4, ticket 1182"
ROOT = "backup/prod"
_SEED = (
    "zfs snapshot -r tank/prod@rep-1;"
    "zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u backup/prod"
)
# Looks at what every process shows, again and again. The words come on stdin, so that no command
# line of the search itself has them.
_LOOK = """
cat >/tmp/words
while [ ! -e /tmp/over ]; do
    grep -l -a -F -f /tmp/words /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
    echo look
    sleep 0.2
done
"""
_FILES = (
    "grep -r -l -a -F -f /tmp/words --exclude=words --exclude-dir=prod / "
    "--exclude-dir=proc --exclude-dir=sys --exclude-dir=dev 2>/dev/null"
)


@pytest.fixture
def replica(pools: Lab) -> Lab:
    """A locked replica of a small tree."""
    pools.make_source_tree(mib=1)
    pools.source.run(_SEED, timeout=120)
    return pools


@asynccontextmanager
async def operating(lab: Lab, *words: str) -> AsyncIterator[Operator]:
    app = SealiftApp(options(*words, *ROUTE, ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot, patience=120)
        await operator.both_read()
        yield operator


async def lock(operator: Operator) -> None:
    """Begin to lock the root under the cursor, once the list says that it is loaded."""

    def loaded() -> bool:
        screen = operator.app.screen
        chosen = screen.pane.current if isinstance(screen, ListScreen) else None
        return chosen is not None and "loaded" in chosen.cells

    await wait_for(operator.pilot, loaded, "loaded in the list", operator.patience)
    await operator.pilot.press("u")


def told(lab: Lab, what: str, root: str = ROOT) -> list[str]:
    """A property of the root and its children, as plain `zfs get` has it."""
    words = ["zfs", "get", "-Hr", "-t", "filesystem", "-o", "value", what, root]
    return lab.dest.run(words).text.split()


@contextmanager
def searching(lab: Lab, words: str) -> Iterator[None]:
    """Fails if the words show up in any process or file of either host meanwhile."""
    ended = []
    with ExitStack() as running:
        looks = [running.enter_context(host.spawn(_LOOK)) for host in lab.hosts]
        for look in looks:
            assert look.stdin is not None
            look.stdin.write(words.encode() + b"\n")
            look.stdin.close()
        try:
            yield
        finally:
            for host in lab.hosts:
                host.run("touch /tmp/over")
        for look in looks:
            assert look.stdout is not None
            ended.append(look.stdout.read().decode().split())
    for host, said in zip(lab.hosts, ended, strict=True):
        assert set(said) == {"look"}, "a process showed it"
        assert len(said) > 1
        assert host.run(_FILES, check=False, timeout=300).text == "", "a file has it"
        host.run("rm /tmp/words /tmp/over")


@contextmanager
def standing_in(lab: Lab, dataset: str) -> Iterator[None]:
    """Somebody on the destination has gone into a mounted dataset."""
    with lab.dest.spawn(f"cd /{dataset} && exec sleep 611"):
        try:
            there = f"ls -l /proc/*/cwd | grep -q {dataset}"
            wait_until(
                lambda: lab.dest.run(there, check=False).status == 0, "somebody stands there", 20
            )
            yield
        finally:
            lab.dest.run("pkill -f '[s]leep 611'", check=False)


async def test_load_mount_and_lock_say_what_zfs_says(replica: Lab, tmp_path: Path) -> None:
    lab = replica
    before = lab.checksums("source", "tank/prod")
    async with operating(lab) as operator:
        with searching(lab, PASSPHRASE):
            shown = await load(operator, "mount", "60", REASON)
            assert told(lab, "keystatus") == ["available"] * 3
            assert told(lab, "mounted") == ["yes"] * 3
            for line in ("\tkeystatus\tavailable", "/db\tmounted\tyes"):
                assert line in shown
            assert lab.checksums("dest", ROOT) == before
            refused = lab.dest.run(f"touch /{ROOT}/db/new", check=False)
            assert b"Read-only" in refused.stderr
            await lock(operator)
            await step(operator, "see who uses it", "lock")
            shown = await step(operator, "proof that it is locked", "cancel")
            assert "/db\tkeystatus\tunavailable" in shown
        assert told(lab, "keystatus") == ["unavailable"] * 3
        assert told(lab, "mounted") == ["no"] * 3
        assert PASSPHRASE not in repr(operator.app.command_log.entries())
        assert PASSPHRASE not in operator.app.export_screenshot()
    journal = default_path().read_text()
    assert REASON in journal
    assert "horse" not in journal


async def test_a_wrong_passphrase_is_a_sentence_and_loads_nothing(replica: Lab) -> None:
    lab = replica
    async with operating(lab) as operator:
        await open_keys(operator, ROOT, "dest")
        await operator.pilot.press("l")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", REASON)
        await step(operator, "Typed here", "typed")
        await step(operator, "zfs load-key -n", "try", "correct horse battery stable")
        shown = await step(operator, "key-may-not-unlock", "cancel")
        assert "Incorrect key provided" in shown
        await step(operator, "Typed here", "host")
        await step(operator, "zfs load-key -n", "try", "/nowhere/key")
        await step(operator, "keylocation-automatic", "cancel")
        await step(operator, "Typed here", "cancel")
    assert told(lab, "keystatus") == ["unavailable"] * 3


async def test_a_key_is_tested_without_loading_it(replica: Lab) -> None:
    lab = replica
    async with operating(lab) as operator:
        await open_keys(operator, ROOT, "dest")
        await operator.pilot.press("v")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", "yearly proof")
        await step(operator, "Typed here", "typed")
        await step(operator, "zfs load-key -n", "try", PASSPHRASE)
        shown = await step(operator, "it opens it", "cancel")
        assert f"{ROOT}\tkeystatus\tunavailable" in shown
    assert told(lab, "keystatus") == ["unavailable"] * 3


async def test_what_is_in_use_is_named_and_locked_once_it_is_free(replica: Lab) -> None:
    lab = replica
    async with operating(lab) as operator:
        await load(operator, "mount", "0", REASON)
        with standing_in(lab, f"{ROOT}/db"):
            await lock(operator)
            asked = await step(operator, "see who uses it", "lock")
            assert f"sleep (/{ROOT}/db)" in asked
            shown = await step(operator, "dataset-busy", "cancel")
            assert "Nothing is unmounted by force" in shown
            assert told(lab, "keystatus") == ["available"] * 3
        await lock(operator)
        await step(operator, "see who uses it", "lock")
        await step(operator, "proof that it is locked", "cancel")
    assert told(lab, "keystatus") == ["unavailable"] * 3


@pytest.mark.whole
@pytest.mark.parametrize(
    ("canmount", "words"), [("off", "canmount is off"), ("noauto", "readable at")]
)
async def test_what_cannot_be_mounted_says_why(replica: Lab, canmount: str, words: str) -> None:
    lab = replica
    for child in ("", "/db", "/app"):
        lab.dest.run(["zfs", "set", f"canmount={canmount}", f"{ROOT}{child}"])
    async with operating(lab) as operator:
        await open_keys(operator, ROOT, "dest")
        await operator.pilot.press("l")
        await step(operator, "find the encryption root", "next")
        await step(operator, "say why", "next", REASON)
        await step(operator, "Typed here", "typed")
        await step(operator, "zfs load-key -n", "try", PASSPHRASE)
        await step(operator, "it opens it", "mount", "0")
        shown = await step(operator, words, "cancel")
        assert canmount == "noauto" or "mount-not-meant" in shown
    assert told(lab, "keystatus") == ["available"] * 3


def test_the_timer_locks_with_the_terminal_killed(replica: Lab) -> None:
    lab = replica
    child = subprocess.run(
        [sys.executable, "-m", "tests.lab.key_child", str(lab.ssh_config)],
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    assert told(lab, "keystatus") == ["available"] * 3
    wait_until(lambda: told(lab, "keystatus") == ["unavailable"] * 3, "locked by itself", 240)
    assert told(lab, "mounted") == ["no"] * 3
    left = lab.dest.run("pgrep -f 'timer [0-9a-f]'", check=False)
    assert left.stdout == b""
