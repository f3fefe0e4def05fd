"""python -m tests.lab up|down|status: a lab to try things on by hand."""

import argparse
import shutil
import sys
from pathlib import Path

from .image import cache_directory
from .lab import Lab


def main() -> int:
    """Do what the command line says; the exit status is 1 when there is no lab to speak of."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status"))
    parser.add_argument("--zfs", default="bookworm-backports", help="Debian suite ZFS comes from")
    options = parser.parse_args()
    directory = cache_directory() / "up"
    try:
        lab = Lab.attach(directory)
    except FileNotFoundError:
        lab = None
    if options.command == "up":
        if lab is not None and not is_up(lab):
            lab.stop()  # one host may be left
            lab = None
        lab = lab or set_up(directory, options.zfs)
        say(f"ssh config: {lab.ssh_config}")
        say(f"sealift --ssh-config {lab.ssh_config} root@source:tank/prod root@dest:backup/prod")
        return 0
    if lab is None:
        say("no lab is up")
        return 1
    if options.command == "down":
        lab.stop()
        shutil.rmtree(directory)
        return 0
    for host in lab.hosts:
        say(f"{host.name}: {'up' if host.running else 'down'}")
    return 0 if is_up(lab) else 1


def is_up(lab: Lab) -> bool:
    """Whether both hosts run."""
    return all(host.running for host in lab.hosts)


def set_up(directory: Path, zfs: str) -> Lab:
    """Boot a lab that outlives this program, with an encrypted tree to replicate."""
    lab = Lab.start(directory, zfs, outlive=True)
    lab.fresh_pools()
    lab.make_source_tree()
    for host in lab.hosts:
        host.disconnect()
    return lab


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
