"""A known key goes through every procedure, and is found nowhere on any of the three machines."""

from __future__ import annotations

import os
import resource
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealift.journal import default_path
from sealift.ui.screens.playbook import PlaybookScreen
from tests.driving import Operator
from tests.sandbox.key_driving import go_to, step
from tests.searching import watching
from tests.waiting import wait_for

from .key_trees import (
    HEX,
    HEXED,
    KEYED,
    PASSPHRASE,
    PROD,
    RAW,
    begin,
    give,
    place,
    route,
)
from .lab import Lab
from .test_keys import REASON, lock, operating, row, searching

pytestmark = [pytest.mark.whole, pytest.mark.timeout(900)]

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
    key_vault: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, here = key_vault, tmp_path / "key"
    monkeypatch.chdir(tmp_path)  # where the incident report goes
    words = (PASSPHRASE[:-1],)  # of the right one, and of the wrong one that is tried before
    here.write_text(f"{PASSPHRASE}\n")
    left_out = (lab.ssh_config.parent, here)
    with looked_for(lab, *words) as searched:
        async with operating(lab, *route("prod"), root=PROD) as operator:
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
    key_vault: Lab, tmp_path: Path
) -> None:
    lab, here = key_vault, tmp_path / "key"
    here.write_text(RAW)
    there = place(lab, RAW)
    words = (RAW, RAW.encode().hex(), HEX, HEX.upper(), bytes.fromhex(HEX).hex(" "))
    with looked_for(lab, *words) as searched:
        async with operating(lab, *route("keyed"), root=KEYED) as operator:
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
