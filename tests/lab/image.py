"""What the lab's hosts boot from: built once, then found in the cache."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """One kernel and one root image for both hosts, and the keys that open them."""

    directory: Path

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initramfs(self) -> Path:
        return self.directory / "initramfs"

    @property
    def root(self) -> Path:
        return self.directory / "root.img"

    @property
    def operator_key(self) -> Path:
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"


def cache_directory() -> Path:
    """Where images, and the lab of `python -m tests.lab up`, are kept."""
    if chosen := os.environ.get("SEALIFT_LAB_CACHE"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sealift-lab"


def find_or_build(zfs: str) -> Image:
    """The image with ZFS from this Debian suite: at once from the cache, or built in minutes.

    Raises subprocess.CalledProcessError when the build fails; it says why on stderr.
    """
    built = subprocess.run(
        [Path(__file__).parent / "build" / "build.sh", zfs],
        env=os.environ | {"SEALIFT_LAB_CACHE": str(cache_directory())},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Image(Path(built.stdout.strip()))
