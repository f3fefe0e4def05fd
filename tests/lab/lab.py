"""The lab: two hosts, the cable between them, and what tests need done in them."""

import contextlib
import json
import secrets
import shlex
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from .image import Image, find_or_build
from .link import Link
from .machine import LabError, Machine, Ports

PASSPHRASE = "correct horse battery staple"
# Of PBKDF2. The usual 350,000 keep an emulated CPU busy for ten seconds, at every load-key as well.
LEAST_ROUNDS, USUAL_ROUNDS = 100_000, 350_000
POOL_MIB = 8000  # nearly all of the sparse disk

_LONGEST_DIRECTORY = 70  # characters; the path of a socket may have 107, ssh adds its own
_RESET = 30.0  # seconds fresh pools may take before the host is restarted; 2 are usual


class Lab:
    """Two running hosts, `source` and `dest`. As a context manager, stops them at the end."""

    def __init__(
        self, directory: Path, image: Image, ports: Mapping[str, Ports], *, outlive: bool
    ) -> None:
        self._directory = directory
        self.source, self.dest = (
            Machine(name, directory, image, ports[name], ports[peer], outlive=outlive)
            for name, peer in (("source", "dest"), ("dest", "source"))
        )
        self.hosts = (self.source, self.dest)
        self.link = Link(self.source, self.dest)

    @classmethod
    def start(
        cls, directory: Path, zfs: str = "bookworm-backports", *, outlive: bool = False
    ) -> Self:
        """Boot both hosts with empty disks, their files in `directory`.

        `zfs` is the Debian suite ZFS comes from; its image is built if it is not in the cache.
        Unless `outlive` is set, the hosts die with the thread that calls this.
        """
        directory = directory.absolute()
        if len(str(directory)) > _LONGEST_DIRECTORY:
            raise LabError(f"longer than {_LONGEST_DIRECTORY} characters: {directory}")
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        image = find_or_build(zfs)
        ports = dict(zip(("source", "dest"), _free_ports(), strict=True))
        described = {
            "image": str(image.directory),
            "ports": {name: asdict(each) for name, each in ports.items()},
        }
        _settings(directory).write_text(json.dumps(described))
        lab = cls(directory, image, ports, outlive=outlive)
        users = {name: each.operator for name, each in ports.items()}
        lab.ssh_config.write_text(_ssh_config(image, users))
        harness = {name: each.harness for name, each in ports.items()}
        (directory / "harness_ssh_config").write_text(_ssh_config(image, harness))
        with contextlib.ExitStack() as undo:
            undo.callback(lab.stop)
            for host in lab.hosts:
                host.blank_disk()
                host.power_on()
            for host in lab.hosts:
                host.wait_ready()
            undo.pop_all()
        return lab

    @classmethod
    def attach(cls, directory: Path) -> Self:
        """The lab that another process started in this directory.

        Raises FileNotFoundError when there has been none. Whether its hosts still run is theirs
        to say.
        """
        described = json.loads(_settings(directory).read_text())
        ports = {name: Ports(**each) for name, each in described["ports"].items()}
        return cls(directory.absolute(), Image(Path(described["image"])), ports, outlive=True)

    def stop(self) -> None:
        """Stop both hosts and remove their disks; the logs stay."""
        for host in self.hosts:
            host.kill()
            host.remove_disk()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def ssh_config(self) -> Path:
        """For OpenSSH and AsyncSSH: `source` and `dest`, as root unless another user is named."""
        return self._directory / "ssh_config"

    def host(self, name: str) -> Machine:
        """The host of this name, `source` or `dest`."""
        return {host.name: host for host in self.hosts}[name]

    def fresh_pools(
        self,
        source_options: Sequence[str] = (),
        dest_options: Sequence[str] = (),
        *,
        source_mib: int = POOL_MIB,
        dest_mib: int = POOL_MIB,
        keep_source: bool = False,
    ) -> None:
        """Bring both hosts back to what they were at boot, with empty pools tank and backup.

        Ends every process and disturbance, destroys every pool, sets the clocks, empties the
        homes. A host that is off, or does not manage within seconds, is booted with an empty
        disk. The options are those of `zpool create`. `keep_source` leaves the pool of a source
        that runs as it is.
        """
        source_size = "kept" if keep_source and self.source.running else str(source_mib)
        pools = (
            (self.source, "tank", source_size, source_options),
            (self.dest, "backup", str(dest_mib), dest_options),
        )
        script = (Path(__file__).parent / "fresh_pool.sh").read_bytes()
        resets: dict[Machine, subprocess.Popen[bytes]] = {}
        commands: dict[Machine, list[str]] = {}
        for host, pool, size, options in pools:
            commands[host] = ["sh", "-s", "--", pool, size, str(time.time()), *options]
            if host.running:
                host.plug()
                host.set_cable("link", plugged=True)
                host.unthrottle_disk()
                host.disconnect(keep="root")
                resets[host] = host.spawn(commands[host])
        for host, command in commands.items():
            if host not in resets or not _finishes(resets[host], script):
                host.restart(blank=True)
                host.run(command, stdin=script)

    def make_source_tree(
        self,
        root: str = "tank/prod",
        children: Sequence[str] = ("db", "app"),
        mib: int = 4,
        passphrase: str | None = PASSPHRASE,
        rounds: int = LEAST_ROUNDS,
    ) -> dict[str, str]:
        """Create datasets with `mib` MiB of random files in each, on source.

        The root is an encryption root that its children inherit from, or everything is in the
        clear if there is no passphrase, which is stretched by that many `rounds` of PBKDF2. Returns
        what `checksums` says of it.
        """
        if passphrase is None:
            self.source.run(["zfs", "create", root])
        else:
            self.source.run(
                ["zfs", "create", "-o", "encryption=aes-256-gcm", "-o", "keyformat=passphrase",
                 "-o", f"pbkdf2iters={rounds}", "-o", "keylocation=prompt", root],
                stdin=passphrase.encode(),
            )  # fmt: skip
        datasets = [root, *(f"{root}/{child}" for child in children)]
        script = [
            *(shlex.join(["zfs", "create", dataset]) for dataset in datasets[1:]),
            *(
                # Random, another one in each file, and too long to be compressed when repeated; all
                # of it fresh would take an emulated CPU three times as long.
                f"head -c {1 << 18} /dev/urandom >/tmp/block; for each in $(seq {mib}); do"
                f" cat /tmp/block; done >{shlex.quote(f'/{dataset}/file-{number}')}"
                for dataset in datasets
                for number in range(4)
            ),
        ]
        # Some 8 MiB a second are written, encrypted by an emulated CPU.
        self.source.run("set -e\n" + "\n".join(script), timeout=60 + mib * len(datasets))
        return self.checksums("source", root)

    def checksums(self, host: str, dataset: str) -> dict[str, str]:
        """SHA-256 of every file of a mounted dataset and of those mounted below it, by path.

        Raises CommandError when the dataset is not mounted.
        """
        # Without the check, an empty directory would pass for an empty dataset.
        script = (
            'set -e; test "$(zfs get -H -o value mounted "$1")" = yes;'
            ' cd "$(zfs get -H -o value mountpoint "$1")";'
            " find . -type f -exec sha256sum {} +"
        )
        listing = self.host(host).run(["sh", "-c", script, "sh", dataset], timeout=300)
        sums = (line.split("  ./", 1) for line in listing.stdout.decode().splitlines())
        return {path: checksum for checksum, path in sums}

    def delegate(self, host: str, user: str, permissions: Sequence[str], dataset: str) -> None:
        """`zfs allow` these permissions to a user."""
        self.host(host).run(["zfs", "allow", "-u", user, ",".join(permissions), dataset])


def _settings(directory: Path) -> Path:
    return directory / "lab.json"


def _finishes(reset: subprocess.Popen[bytes], script: bytes) -> bool:
    """Whether a host manages to become fresh; a hung pool is a usual reason why not."""
    with reset:
        try:
            reset.communicate(script, timeout=_RESET)
        except subprocess.TimeoutExpired:
            reset.kill()
    return reset.returncode == 0


def _free_ports() -> tuple[Ports, Ports]:
    """Ports for two hosts, below those that Linux hands out by itself."""
    free: list[int] = []
    while len(free) < 6:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue  # taken
        if port not in free:
            free.append(port)
    return Ports(*free[:3]), Ports(*free[3:])


def _ssh_config(image: Image, ports: Mapping[str, int]) -> str:
    hosts = "".join(
        f"Host {name}\n    HostName 127.0.0.1\n    Port {port}\n    HostKeyAlias {name}\n"
        for name, port in ports.items()
    )
    return (
        f"{hosts}Host {' '.join(ports)}\n"
        "    User root\n"
        f"    IdentityFile {image.operator_key}\n"
        "    IdentitiesOnly yes\n"
        f"    UserKnownHostsFile {image.known_hosts}\n"
        "    StrictHostKeyChecking yes\n"
        "    BatchMode yes\n"
    )
