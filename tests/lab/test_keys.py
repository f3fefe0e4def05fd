"""Key procedures on real ZFS: what `zfs get` says is what the screen says, and nothing is left."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import pytest

from sealift.journal import BEGINS, default_path, entries
from sealift.ui.app import SealiftApp
from sealift.ui.entries import Entry
from sealift.ui.screens.listing import ListScreen
from tests.driving import Operator, options
from tests.sandbox.key_driving import open_keys, step
from tests.waiting import wait_for

from .key_child import REASON_OF_THE_KILLED, ROUTE, load, until_tried
from .lab import PASSPHRASE, Lab
from .waiting import wait_until

REASON = "rehearsal Q4, ticket 1182"
ROOT = "backup/prod"
DATASETS = (ROOT, f"{ROOT}/app", f"{ROOT}/db")
WRONG = "correct horse battery stable"
_WORDS = "horse battery"  # in the right passphrase and in the wrong one
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
# What was written since the search began; the pools have file systems of their own.
_FILES = (
    "find / /tmp /run -xdev -type f -newer /tmp/words ! -name words"
    " -exec grep -l -a -F -f /tmp/words {} +"
)
# What the kernel keeps: every command of a pool with its words, its events, its messages.
_KERNEL = "{ zpool history -il; zpool events -v; dmesg; } | grep -c -a -F -f /tmp/words"


@pytest.fixture
def replica(pools: Lab) -> Lab:
    """A locked replica of a small tree."""
    pools.make_source_tree(mib=1)
    pools.source.run(_SEED, timeout=120)
    return pools


@asynccontextmanager
async def operating(lab: Lab, *words: str, root: str = ROOT) -> AsyncIterator[Operator]:
    """An operator before the list of keys; `words` are a route, if not the usual one.

    The cursor is on a root of the destination.
    """
    app = SealiftApp(options(*(words or ROUTE), ssh_config=lab.ssh_config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot, patience=120)
        await operator.both_read()
        await open_keys(operator, root, "dest")
        yield operator


async def row(operator: Operator, words: str) -> Entry:
    """Wait until the row under the cursor has a cell with these words; it is given back."""

    def current() -> Entry | None:
        screen = operator.app.screen
        found = screen.pane.current if isinstance(screen, ListScreen) else None
        return found if found and any(words in cell for cell in found.cells) else None

    await wait_for(operator.pilot, current, f"{words!r} in the row", operator.patience)
    found = current()
    assert found is not None
    return found


async def lock(operator: Operator) -> str:
    """Lock the root under the cursor once the list says that it is loaded; what was told."""
    await row(operator, "loaded")
    await operator.pilot.press("u")
    await step(operator, "see who uses it", "lock")
    return await step(operator, "proof that it is locked", "cancel")


def told(lab: Lab, what: str, root: str = ROOT) -> list[str]:
    """A property of the root and its children, as plain `zfs get` has it."""
    words = ["zfs", "get", "-Hr", "-t", "filesystem", "-o", "value", what, root]
    return lab.dest.run(words).text.split()


def agree(lab: Lab, shown: str, keystatus: str, mounted: str) -> None:
    """The host says so of all three datasets, and the screen says what the host says."""
    words = ["zfs", "get", "-Hp", "-r", "-t", "filesystem", "-o", "name,property,value"]
    real = lab.dest.run([*words, "keystatus,mounted", ROOT]).text.splitlines()
    wanted = {f"{each}\tkeystatus\t{keystatus}" for each in DATASETS}
    wanted |= {f"{each}\tmounted\t{mounted}" for each in DATASETS}
    assert set(real) == wanted
    missing = [line for line in real if line not in shown.splitlines()]
    assert not missing, f"the screen does not say {missing}; it says\n{shown}"


def canmount(lab: Lab, value: str) -> None:
    """Set it for all three: it is not inherited."""
    lab.dest.run("\n".join(f"zfs set canmount={value} {each}" for each in DATASETS))


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
        assert set(said) == {"look"}, f"a process of {host.name} showed it: {set(said)}"
        assert len(said) > 1, f"{host.name} was not watched"
        found = host.run(_FILES, check=False, timeout=300).text
        assert found == "", f"a file of {host.name} has it: {found}"
        assert host.run(_KERNEL, check=False).text == "0", f"the kernel of {host.name} has it"
        host.run("rm /tmp/words /tmp/over")


def kept_to_itself(operator: Operator) -> None:
    """Nothing of the words in what this machine keeps: journal, reports, command log, screen."""
    for each in default_path().parent.rglob("*"):
        assert not each.is_file() or b"horse" not in each.read_bytes(), each
    assert "horse" not in repr(operator.app.command_log.entries())
    assert "horse" not in operator.app.export_screenshot()
    assert "horse" not in operator.sees()


@contextmanager
def running(lab: Lab, command: str, there: str) -> Iterator[None]:
    """A command of somebody else's on the destination, once `there` (a script) finds it at work."""
    with lab.dest.spawn(f"echo $$ >/tmp/somebody; {command}"):
        try:
            wait_until(
                lambda: lab.dest.run(there, check=False).status == 0, f"at work: {command}", 30
            )
            yield
        finally:
            lab.dest.run("pkill -KILL -P $(cat /tmp/somebody); kill -KILL $(cat /tmp/somebody)",
                         check=False)  # fmt: skip
    gone = f"! {{ {there}; }}"
    wait_until(lambda: lab.dest.run(gone, check=False).status == 0, f"gone: {command}", 30)


async def test_a_wrong_passphrase_then_the_right_one_a_busy_lock_and_a_lock(replica: Lab) -> None:
    lab = replica
    before = lab.checksums("source", "tank/prod")
    stands = f"ls -l /proc/[0-9]*/cwd | grep -q ' /{ROOT}/db$'"
    async with operating(lab) as operator:
        with searching(lab, _WORDS):
            await until_tried(operator, "l", REASON, WRONG)
            shown = await step(operator, "key-may-not-unlock", "cancel")
            assert "Incorrect key provided" in shown
            await step(operator, "Typed here", "host")
            await step(operator, "zfs load-key -n", "try", "/nowhere/key")
            await step(operator, "keylocation-automatic", "cancel")
            assert told(lab, "keystatus") == ["unavailable"] * 3

            await step(operator, "Typed here", "typed")
            await step(operator, "zfs load-key -n -L prompt", "try", PASSPHRASE)
            await step(operator, "it opens it", "mount", "60")
            shown = await step(operator, "proof that the key is loaded", "cancel")
            agree(lab, shown, "available", "yes")
            assert lab.checksums("dest", ROOT) == before
            refused = lab.dest.run(f"touch /{ROOT}/db/new", check=False)
            assert b"Read-only" in refused.stderr

            with running(lab, f"cd /{ROOT}/db && sleep 611", stands):
                await row(operator, "loaded")
                await operator.pilot.press("u")
                asked = await step(operator, "see who uses it", "lock")
                assert f"(/{ROOT}/db)" in asked
                shown = await step(operator, "dataset-busy", "cancel")
                assert "Nothing is unmounted by force" in shown
                assert told(lab, "keystatus") == ["available"] * 3
            agree(lab, await lock(operator), "unavailable", "no")
        kept_to_itself(operator)
    states = lab.dest.run("cat /root/.local/state/sealift/locks/*/state").text
    assert states == "cancelled", "the timer goes with the key"
    loads = [each for each in entries(default_path()) if "zfs load-key -L" in each.command]
    assert [(each.note, each.exit_code) for each in loads] == [(BEGINS, None), ("", 0)]
    assert {each.reason for each in loads} == {REASON}


@pytest.mark.whole
async def test_a_key_is_tried_without_loading_and_is_that_of_the_root_above(replica: Lab) -> None:
    lab = replica
    async with operating(lab) as operator:
        await until_tried(operator, "v", "yearly proof", PASSPHRASE)
        agree(lab, await step(operator, "it opens it", "cancel"), "unavailable", "no")

    child = ("--standby", "root@source:tank/prod/db", f"root@dest:{ROOT}/db")
    async with operating(lab, *child) as operator:
        found = await row(operator, "locked")
        assert f"{ROOT}/db inherits its key from {ROOT}" in "\n".join(found.details)
        shown = await load(operator, "load", "0", REASON)
        agree(lab, shown, "available", "no")
        agree(lab, await lock(operator), "unavailable", "no")


@pytest.mark.whole
async def test_a_key_that_is_loaded_meanwhile_and_one_that_is_busy(replica: Lab) -> None:
    lab = replica
    waits = "grep -q pipe /proc/$(pgrep -f '^zfs send backup')/wchan"
    async with operating(lab) as operator:
        await until_tried(operator, "l", REASON, PASSPHRASE)
        lab.dest.run(["zfs", "load-key", ROOT], stdin=PASSPHRASE.encode())
        await step(operator, "it opens it", "load", "0")
        shown = await step(operator, "proof that the key is loaded", "cancel")
        agree(lab, shown, "available", "no")
        found = await row(operator, "loaded")
        assert {each.id for each in found.deeds if each.refusal} >= {"load", "rehearse"}

        # A send that is not raw holds the key, with nothing mounted.
        with running(lab, f"zfs send {ROOT}/db@rep-1 | sleep 612", waits):
            await operator.pilot.press("u")
            await step(operator, "see who uses it", "lock")
            shown = await step(operator, "dataset-busy", "cancel")
            assert "a send that is not raw" in shown
            assert told(lab, "keystatus") == ["available"] * 3
        agree(lab, await lock(operator), "unavailable", "no")


@pytest.mark.whole
async def test_a_rehearsal_reads_everything_and_a_standby_becomes_a_vault(replica: Lab) -> None:
    lab = replica
    canmount(lab, "off")
    async with operating(lab) as operator:
        await operator.pilot.press("r")
        shown = await step(operator, "mount-not-meant", "cancel")
        assert "canmount is off" in shown, "said before anything is loaded"
        canmount(lab, "noauto")
        await until_tried(operator, "r", REASON, PASSPHRASE)
        await step(operator, "it opens it", "mount", "60")
        await step(operator, "check what is there", "count")
        await step(operator, "wc -l", "read")
        shown = await step(operator, "-exec cat", "lock")
        assert shown.count("✓ passed") == 2 * len(DATASETS), shown
        shown = await step(operator, "The report: ", "cancel")
        assert "Passed: readable after" in shown
        agree(lab, shown, "unavailable", "no")
        (report,) = default_path().parent.glob("rehearsal-*.md")
        assert REASON in report.read_text()
        kept_to_itself(operator)

        await operator.pilot.press("p")
        await step(operator, "what it is now", "vault")
        await step(operator, "the line that is crossed: a vault", "cross")
        await step(operator, "say why", "next", REASON)
        shown = await step(operator, "set what fits it", "set")
        assert f"{ROOT}/db  canmount: noauto becomes off" in shown
        agree(lab, await step(operator, "proof that it is a vault", "cancel"), "unavailable", "no")
        assert told(lab, "canmount") == ["off"] * 3
        assert told(lab, "readonly") == ["on"] * 3
        assert told(lab, "keylocation") == ["prompt", "none", "none"]
    crossed = [each for each in entries(default_path()) if each.command.startswith("# ")]
    assert [each.command.split()[2] for each in crossed] == ["becomes", "is"]


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
    log = "cat /root/.local/state/sealift/locks/*/log"
    try:
        wait_until(lambda: told(lab, "keystatus") == ["unavailable"] * 3, "locked by itself", 240)
    except TimeoutError as error:
        raise AssertionError(f"{error}; the timer says\n{lab.dest.run(log).text}") from error
    assert told(lab, "mounted") == ["no"] * 3
    left = "pgrep -f '^sh ./timer '"
    wait_until(lambda: lab.dest.run(left, check=False).stdout == b"", "its process has ended", 30)
    assert lab.dest.run(log).text.endswith(" locked")
    noted = [each for each in entries(default_path()) if "zfs load-key -L" in each.command]
    assert [each.note for each in noted] == [BEGINS, ""], "the killed one has left its trace"
    assert {each.reason for each in noted} == {REASON_OF_THE_KILLED}
