"""bzfs from PyPI, on this machine: what goes from host to host of the lab passes through it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .faults.fault import ROUTE
from .faults.making import MIB, calm, received
from .lab import Lab
from .machine import LabError
from .waiting import wait_until


@dataclass(frozen=True)
class Bzfs:
    """The program, in a folder of its own, and the ssh config by which it finds the hosts."""

    program: Path
    config: Path

    @classmethod
    def install(cls, folder: Path, lab: Lab) -> Self:
        """Fetch the newest. Raises subprocess.CalledProcessError if that fails."""
        home = folder / "bzfs"
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin/pip", "install", "--quiet", "bzfs"], check=True)
        config = shutil.copy(lab.ssh_config, folder / "bzfs_ssh_config")  # it insists on a name
        return cls(home / "bin/bzfs", Path(config))

    def argv(self, *options: str) -> list[str]:
        """Its command line for the route of the tests; all datasets, quietly."""
        return [
            str(self.program),
            *ROUTE,
            "--recursive",
            f"--ssh-src-config-file={self.config}",
            f"--ssh-dst-config-file={self.config}",
            "--quiet",
            *options,
        ]

    def run(self, *options: str) -> None:
        """Let it do its work. Raises LabError with what it said if it does not end well."""
        ended = subprocess.run(
            self.argv(*options), capture_output=True, text=True, check=False, timeout=180
        )
        if ended.returncode != 0:
            raise LabError(f"bzfs: {ended.stdout}{ended.stderr}")

    @contextmanager
    def flowing(self, lab: Lab, *options: str) -> Iterator[None]:
        """Let it work, from when a receive has taken in a MiB; then cut it off, and all it left.

        Raises LabError if it has ended by itself: then it was not there all the time. Its ssh
        masters stay until the lab goes, or nobody has used them for a while.
        """
        said = self.config.with_name("bzfs.log")
        with (
            said.open("wb") as log,
            subprocess.Popen(
                self.argv(*options), stdout=log, stderr=log, start_new_session=True
            ) as process,
        ):
            try:
                wait_until(
                    lambda: process.poll() is not None or received(lab) >= MIB, "bytes arrive", 120
                )
                yield
                ended = process.poll() is not None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                calm(lab)
        if ended:
            raise LabError(f"bzfs has ended too early: {said.read_text(errors='replace')}")
