"""The lock timer on real processes: it fires with nobody connected, waits for what is in use, and
ends when it is told to. `zfs` is a small script here; the demo's and the lab's are in other tests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealift import remote
from sealift.hosts.command_log import CommandLog
from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.local import LocalTransport
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.keys import calls, timer
from sealift.keys.calls import Source
from sealift.keys.hand import Hand, Verified
from sealift.keys.timer import Timer, TimerState
from sealift.keys.users import parse_users, users_command
from tests.unit.keys.trees import ROOT, dataset, three, tree

if TYPE_CHECKING:
    from .conftest import Tools

ZFS = """\
#!/bin/sh
# Knows one encryption root with a child, in files beside it.
cd "$(dirname "$0")" || exit 1
echo "$*" >>asked
case "$*" in
"get -H -o value keystatus tank/gone") echo "cannot open 'tank/gone': dataset does not exist" >&2; exit 1 ;;
"get -H -o value keystatus tank/plain") echo - ;;
"get -H -o value keystatus "*) cat key ;;
"get -H -o value mounted "*) if [ -e "mounted.${6#tank/}" ]; then echo yes; else echo no; fi ;;
"list -H -r -t filesystem -o name,mounted,encryptionroot tank/a")
    for each in a a:b; do
        is=no
        [ ! -e "mounted.$each" ] || is=yes
        printf 'tank/%s\\t%s\\ttank/a\\n' "$each" "$is"
    done
    printf 'tank/a/other\\tyes\\ttank/a/other\\n' ;;
"unmount "*)
    if [ -e busy ]; then echo "cannot unmount '/$2': pool or dataset is busy" >&2; exit 1; fi
    rm "mounted.${2#tank/}" ;;
"unload-key tank/a")
    if ls mounted.* >/dev/null 2>&1; then echo "Key unload error: 'tank/a' is busy." >&2; exit 255; fi
    echo unavailable >key ;;
*) echo "this zfs does not know: $*" >&2; exit 2 ;;
esac
"""  # noqa: E501 - as a shell has it


class Box:
    """A host with that zfs, a home of its own, and a hand on its keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        (self.bin / "zfs").write_text(ZFS)
        (self.bin / "zfs").chmod(0o755)
        (self.bin / "key").write_text("available\n")
        for each in ("a", "a:b"):
            (self.bin / f"mounted.{each}").touch()
        self.log = CommandLog()
        self.host, self.hand = self.open()

    def open(self, *, read_only: bool = False) -> tuple[Host, Hand]:
        path = f"{self.bin}:{os.environ['PATH']}"
        home = {"HOME": str(self.folder / "a home"), "PATH": path}
        host = Host(LocalTransport(home), Gate(read_only=read_only), self.log)
        return host, Hand(host, lambda *_: None)

    @property
    def key(self) -> str:
        return (self.bin / "key").read_text().strip()

    def asked(self, words: str) -> int:
        return (self.bin / "asked").read_text().count(words)

    async def one(self) -> Timer:
        (found,) = await self.hand.timers()
        return found


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    made = Box(tmp_path)
    yield made
    for each in await made.hand.timers():
        await made.hand.cancel_timer(each)
    await made.host.close()


async def until_state(box: Box, state: TimerState) -> Timer:
    async with asyncio.timeout(20):
        # The host is asked again and again: it has no way to call.
        while (found := await box.one()).state is not state:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


async def test_it_fires_with_nobody_connected(box: Box, tools: Tools) -> None:
    started = await box.hand.start_timer(("tank/a",), 1)
    assert (started.state, started.roots) == (TimerState.WAITING, ("tank/a",))
    await box.host.close()
    await tools.until(lambda: box.key == "unavailable", "the key taken away")
    box.host, box.hand = box.open()
    found = await until_state(box, TimerState.LOCKED)
    assert found.id == started.id
    assert not list(box.bin.glob("mounted.*"))
    assert (box.bin / "asked").read_text().index("unmount tank/a:b") < (
        (box.bin / "asked").read_text().index("unmount tank/a\n")
    )
    assert box.asked("unmount tank/a/other") == 0, "what has another key is left alone"


async def test_what_is_in_use_is_tried_again_until_it_is_free(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = remote.text("lock_timer.sh").replace("pause=30", "pause=1")
    monkeypatch.setattr(timer, "script", script.encode)
    (box.bin / "busy").touch()
    await box.hand.start_timer(("tank/a",), 0)
    await until_state(box, TimerState.BUSY)
    assert box.key == "available"
    (box.bin / "busy").unlink()
    await until_state(box, TimerState.LOCKED)
    assert box.key == "unavailable"


async def test_one_that_is_cancelled_locks_nothing_and_leaves_no_process(
    box: Box, tools: Tools
) -> None:
    started = await box.hand.start_timer(("tank/a",), 3600)
    assert 3590 <= started.left <= 3600
    folder = box.folder / "a home" / ".local/state/sealift/locks" / started.id
    group = int((folder / "pid").read_text())
    assert any("timer" in each for each in tools.group(group))
    await box.hand.cancel_timer(started)
    assert (await box.one()).state is TimerState.CANCELLED
    await tools.until(lambda: not tools.group(group), "nothing of it runs")
    assert box.key == "available"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o077 for each in folder.iterdir()} == {0}


async def test_a_new_one_takes_the_place_of_the_old_one(box: Box) -> None:
    first = await box.hand.start_timer(("tank/a",), 3600)
    second = await box.hand.start_timer(("tank/a",), 7200)
    found = {each.id: each.state for each in await box.hand.timers()}
    assert found == {first.id: TimerState.CANCELLED, second.id: TimerState.WAITING}
    third = await box.hand.start_timer(("tank/a",), 60)
    assert first.id not in {each.id for each in await box.hand.timers()}, "cleared away"
    assert third.runs


async def test_a_dataset_that_is_gone_keeps_it_from_nothing(box: Box) -> None:
    await box.hand.start_timer(("tank/gone", "tank/plain", "tank/a"), 0)
    await until_state(box, TimerState.LOCKED)
    assert box.key == "unavailable"


async def test_one_whose_process_was_killed_is_lost_and_says_so(box: Box, tools: Tools) -> None:
    started = await box.hand.start_timer(("tank/a",), 3600)
    folder = box.folder / "a home" / ".local/state/sealift/locks" / started.id
    group = int((folder / "pid").read_text())
    os.killpg(group, 9)
    await tools.until(lambda: not tools.group(group), "it is gone")
    assert (await box.one()).state is TimerState.LOST


async def test_one_that_ends_while_it_is_listed_is_not_taken_for_lost(box: Box) -> None:
    started = await box.hand.start_timer(("tank/a",), 3600)
    state = box.folder / "a home" / ".local/state/sealift/locks" / started.id / "state"
    program = box.bin / "ps"
    program.write_text(f"#!/bin/sh\necho locked >'{state}'\n")
    program.chmod(0o755)
    assert (await box.one()).state is TimerState.LOCKED
    state.write_text("waiting\n")
    program.unlink()


async def test_one_of_what_is_locked_ends_without_a_journal_too(box: Box) -> None:
    one = await box.hand.start_timer(("tank/a",), 3600)
    more = await box.hand.start_timer(("tank/a", "tank/gone"), 3600)
    other = await box.hand.start_timer(("tank/gone",), 3600)
    broken = Trouble("journal-not-written", "this machine", "the journal cannot be written")
    unwritten = Hand(box.host, lambda *_: broken)
    await unwritten.end_timers(("tank/gone",))
    found = {each.id: each.state for each in await box.hand.timers()}
    assert one.id not in found, "the second took its place"
    assert found == {more.id: TimerState.WAITING, other.id: TimerState.CANCELLED}
    with pytest.raises(TroubleError, match="the journal cannot be written"):
        await unwritten.cancel_timer(more)


async def test_one_that_is_just_being_started_keeps_the_others_from_nobody(box: Box) -> None:
    started = await box.hand.start_timer(("tank/a",), 3600)
    young = box.folder / "a home" / ".local/state/sealift/locks" / "00000000"
    young.mkdir()
    (young / "about").write_text(timer.about(("tank/a",), "ann") + "\n")
    assert (await box.one()).id == started.id
    (young / "due").touch()
    assert (await box.one()).id == started.id


async def test_one_of_before_a_restart_is_over(box: Box) -> None:
    started = await box.hand.start_timer(("tank/a",), 3600)
    folder = box.folder / "a home" / ".local/state/sealift/locks" / started.id
    os.killpg(int((folder / "pid").read_text()), 9)
    (folder / "boot").write_text("another\n")
    assert (await box.one()).state is TimerState.REBOOTED


async def test_it_is_refused_in_a_read_only_session_and_without_a_journal(box: Box) -> None:
    _, reader = box.open(read_only=True)
    with pytest.raises(TroubleError, match="read-only"):
        await reader.start_timer(("tank/a",), 60)
    broken = Trouble("journal-not-written", "this machine", "the journal cannot be written")
    unwritten = Hand(box.host, lambda *_: broken)
    with pytest.raises(TroubleError, match="the journal cannot be written"):
        await unwritten.start_timer(("tank/a",), 60)
    assert await box.hand.timers() == ()


async def test_a_read_only_session_refuses_whatever_touches_a_key(box: Box) -> None:
    host, reader = box.open(read_only=True)
    (closed,) = three().roots
    (opened,) = three(opened=True, mounted=True).roots
    running = await box.hand.start_timer(("tank/a",), 3600)
    fits = Verified(closed, Source.HOST, "", "x")
    tries = (
        reader.verify(closed, Source.HOST, None, reason="x"),
        reader.load(fits, None),
        reader.mount(closed, "x"),
        reader.unmount((opened,)),
        reader.unload((opened,)),
        reader.check(calls.own_check("true", "x")),
        reader.cancel_timer(running),
        reader.end_timers(("tank/a",)),
    )
    for each in tries:
        with pytest.raises(TroubleError, match="read-only"):
            await each
    await host.close()
    assert (await box.one()).runs
    assert not (box.bin / "asked").exists(), "no zfs was started"


async def test_not_to_know_who_uses_it_keeps_nobody_from_locking(box: Box) -> None:
    used = tree(dataset(ROOT, opened=True, mounted=True, mountpoint=str(box.folder))).roots
    program = box.bin / "awk"
    program.write_text("#!/bin/sh\necho 'no such thing'\n")
    program.chmod(0o755)
    assert "unknown" in (await box.hand.users(used)).sentence()
    program.unlink()
    assert "unknown" not in (await box.hand.users(used)).sentence()


async def test_who_uses_a_place_is_seen(box: Box, tmp_path: Path) -> None:
    place = tmp_path / "mnt with a space and \\c in it"
    (place / "below").mkdir(parents=True)
    beside = tmp_path / f"{place.name} and more"
    beside.mkdir()
    (place / "a\tfile").touch()
    with (place / "a\tfile").open() as file:
        standing = await asyncio.create_subprocess_exec("sleep", "60", cwd=place / "below")
        other = await asyncio.create_subprocess_exec("sleep", "60", cwd=beside)
        try:
            result = await box.host.run(users_command((str(place),)))
        finally:
            for each in (standing, other):
                each.kill()
                await each.wait()
        users = parse_users(result.stdout)
        found = {each.pid: (each.name, each.path) for each in users.found}
        assert found[standing.pid] == ("sleep", str(place / "below"))
        assert found[os.getpid()][1] == file.name, "a tab in a name hides nobody"
        assert other.pid not in found
        assert users.below == ()
        assert users.unseen is not None


async def test_what_is_mounted_below_a_place_is_seen(box: Box) -> None:
    """As this machine has it: whatever is mounted below a folder, /dev mostly."""
    lines = [each.split() for each in mounts().splitlines()]
    real = {words[1]: words[2] for words in lines if words[2] != "zfs" and "\\" not in words[1]}
    places = sorted({each.rpartition("/")[0] for each in real} - {""})
    assert places, "nothing is mounted below anything here"
    users = parse_users((await box.host.run(users_command((places[0],)))).stdout)
    found = {each.place: each.kind for each in users.below if "\\" not in each.place}
    assert found == {name: kind for name, kind in real.items() if name.startswith(f"{places[0]}/")}
    assert "to be unmounted first" in users.sentence()


def mounts() -> str:
    return Path("/proc/self/mounts").read_text()
