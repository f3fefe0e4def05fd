"""One host of the lab: its emulator, its disk, and commands run in it."""

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import qmp
from .image import Image
from .waiting import wait_until

_BOOT = 120.0  # seconds a host may take to come up; 15 are usual
_CONNECT = 30.0  # seconds an ssh handshake may take; 2 are usual
_DISK = 8 << 30  # bytes, sparse
_READY = b"sealift-lab: ready"  # said by build/init.sh


class LabError(Exception):
    """The lab could not do what it was asked."""


class CommandError(LabError):
    """A command in a host failed."""


@dataclass(frozen=True)
class Ports:
    """Where a host is reached on 127.0.0.1: by the operator, by the harness, by its peer (UDP)."""

    operator: int
    harness: int
    link: int


@dataclass(frozen=True)
class Output:
    """What a command said, and the status it ended with."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output without the white space at its end."""
        return self.stdout.decode().rstrip()


class Machine:
    """A virtual machine. Its pool disk outlives it, its root file system does not.

    The harness has a network interface and standing ssh connections of its own, so that what it
    does goes on while the operator's interface is unplugged or the link is slow.
    """

    def __init__(
        self, name: str, directory: Path, image: Image, ports: Ports, peer: Ports, *, outlive: bool
    ) -> None:
        self.name = name
        self._directory = directory
        self._image = image
        self._ports = ports
        self._peer = peer
        self._outlive = outlive
        self._emulator: subprocess.Popen[bytes] | None = None
        self._connections: dict[str, subprocess.Popen[bytes]] = {}

    # --- power ---

    @property
    def running(self) -> bool:
        """Whether the emulator is there; says nothing of the guest."""
        return self._pid() is not None

    def boot(self) -> None:
        """Start the host, import its pool, wait until it answers."""
        self.power_on()
        self.wait_ready()

    def restart(self, *, blank: bool = False) -> None:
        """Pull the power and boot again, with an empty disk if asked to."""
        self.kill()
        if blank:
            self.blank_disk()
        self.boot()

    def kill(self) -> None:
        """Pull the power: SIGKILL to the emulator. Fine if it is off already."""
        if self._emulator is not None:
            self._emulator.kill()
            self._emulator.wait()
            self._emulator = None
        elif (pid := self._pid()) is not None:
            with contextlib.suppress(ProcessLookupError):  # it ended this very moment
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.running, f"the emulator of {self.name} is gone", 10)
        self.disconnect()

    def power_on(self) -> None:
        """Start the emulator and return at once.

        Unless the lab is to outlive its owner, the emulator dies with the *thread* that calls
        this (PR_SET_PDEATHSIG), even if that is killed.
        """
        self._console.unlink(missing_ok=True)
        tether = [] if self._outlive else ["setpriv", "--pdeathsig", "KILL"]
        with self._path("emulator.log").open("wb") as log:
            self._emulator = subprocess.Popen(
                [*tether, *self._emulator_argv()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the tests, not for the hosts
            )

    def wait_ready(self) -> None:
        """Wait until the guest is up and the harness is connected to it."""
        wait_until(self._said_ready, f"{self.name} has booted, see {self._console}", _BOOT)
        self._connect("root")

    def blank_disk(self) -> None:
        """Make the pool disk empty. The host has to be off."""
        with self._disk.open("wb") as disk:
            disk.truncate(_DISK)

    def remove_disk(self) -> None:
        """Give the space back. The host has to be off."""
        self._disk.unlink(missing_ok=True)

    # --- commands ---

    def run(
        self,
        command: str | Sequence[str],
        *,
        user: str = "root",
        check: bool = True,
        stdin: bytes = b"",
        timeout: float = 60.0,
    ) -> Output:
        """Run a program (an argv) or a script (a str, for the user's shell) in the host.

        Raises CommandError when it fails and `check` is set, subprocess.TimeoutExpired after
        `timeout` seconds: the remote process then goes on, until the next fresh pools.
        """
        done = subprocess.run(
            self._ssh_argv(command, user),
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        output = Output(done.returncode, done.stdout, done.stderr)
        if check and output.status != 0:
            raise CommandError(
                f"{user}@{self.name}: exit {output.status}: {command!r}\n"
                f"{(output.stdout + output.stderr).decode(errors='replace')}"
            )
        return output

    def spawn(self, command: str | Sequence[str], *, user: str = "root") -> subprocess.Popen[bytes]:
        """Start a command as `run` does and leave it running; use the result in a `with`."""
        return subprocess.Popen(
            self._ssh_argv(command, user),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def disconnect(self, *, keep: str | None = None) -> None:
        """End the harness's own connections but one user's; the next command makes a new one."""
        for user in self._connections.keys() - {keep}:
            connection = self._connections.pop(user)
            connection.kill()  # ssh may miss a SIGTERM and then sleep for minutes
            connection.wait()

    # --- disturbances ---

    @contextlib.contextmanager
    def busy(self, n: int = 1) -> Iterator[None]:
        """Keep the CPU busy with n endless loops."""
        # The loops end with their standard input, so they cannot outlive the harness.
        script = (
            f"for i in $(seq {n}); do while :; do :; done & done; echo busy; cat; kill $(jobs -p)"
        )
        with self.spawn(script) as loops:
            assert loops.stdout is not None
            loops.stdout.readline()
            yield
            loops.communicate(timeout=30)

    def unplug(self) -> None:
        """Pull the operator's cable; the link to the other host and the harness stay."""
        self.set_cable("operator", plugged=False)

    def plug(self) -> None:
        """Put the operator's cable back."""
        self.set_cable("operator", plugged=True)

    def set_cable(self, interface: str, *, plugged: bool) -> None:
        """Pull or plug the cable of `operator` or `link`."""
        qmp.execute(self._control, "set_link", name=interface, up=plugged)

    def throttle_disk(
        self, *, bytes_per_second_read: int = 0, bytes_per_second_write: int = 0
    ) -> None:
        """Slow the pool disk down; 0 is no limit."""
        qmp.execute(
            self._control,
            "block_set_io_throttle",
            id="/machine/peripheral/pool/virtio-backend",
            bps=0,
            bps_rd=bytes_per_second_read,
            bps_wr=bytes_per_second_write,
            iops=0,
            iops_rd=0,
            iops_wr=0,
        )

    def unthrottle_disk(self) -> None:
        """Let the pool disk run at full speed."""
        self.throttle_disk()

    # --- inside ---

    def _path(self, what: str) -> Path:
        return self._directory / f"{self.name}.{what}"

    @property
    def _console(self) -> Path:
        return self._path("console")

    @property
    def _control(self) -> Path:
        return self._path("qmp")

    @property
    def _disk(self) -> Path:
        return self._path("disk")

    def _emulator_argv(self) -> list[str]:
        link = (
            "dgram,id=net-link,local.type=inet,local.host=127.0.0.1,"
            f"local.port={self._ports.link},remote.type=inet,remote.host=127.0.0.1,"
            f"remote.port={self._peer.link}"
        )
        number = {"source": 1, "dest": 2}[self.name]
        network: list[str] = []
        # In the order in which the guest names them: eth0, eth1, eth2.
        for position, (name, backend) in enumerate(
            (
                ("operator", self._user_network("operator", "10.0.2.0/24", self._ports.operator)),
                ("link", link),
                ("harness", self._user_network("harness", "10.0.3.0/24", self._ports.harness)),
            )
        ):
            # An empty romfile: the boot ROM would cost ten seconds.
            device = (
                f"virtio-net-pci,id={name},netdev=net-{name},romfile=,"
                f"mac=52:54:00:00:0{position}:0{number}"
            )
            network += ["-netdev", backend, "-device", device]
        return [
            "qemu-system-x86_64",
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-machine", "q35", "-cpu", "max", "-accel", "tcg,thread=multi"),
            *("-smp", "1", "-m", "2048", "-rtc", "base=utc"),
            *("-pidfile", str(self._path("pid"))),
            *("-serial", f"file:{self._console}"),
            *("-qmp", f"unix:{self._control},server=on,wait=off"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initramfs)),
            "-append",
            # The kernel hands on to init what it does not know itself.
            f"console=ttyS0 quiet mitigations=off panic=-1 LAB_HOST={self.name}",
            "-drive",
            f"if=none,id=drive-root,format=raw,snapshot=on,file={self._image.root}",
            *("-device", "virtio-blk-pci,drive=drive-root"),
            # What the guest has flushed outlives the emulator in this machine's page cache.
            "-drive",
            f"if=none,id=drive-pool,format=raw,cache=unsafe,file={self._disk}",
            *("-device", "virtio-blk-pci,id=pool,drive=drive-pool"),
            *network,
        ]

    @staticmethod
    def _user_network(name: str, net: str, port: int) -> str:
        return f"user,id=net-{name},net={net},ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22"

    def _pid(self) -> int | None:
        """The emulator's process id. A pid file may be stale and its number someone else's."""
        pidfile = self._path("pid")
        try:
            pid = pidfile.read_text().strip()
            argv = Path("/proc", pid, "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return int(pid) if pid and os.fsencode(pidfile) in argv.split(b"\0") else None

    def _said_ready(self) -> bool:
        if self._emulator is not None and self._emulator.poll() is not None:
            log = self._path("emulator.log").read_text(errors="replace")
            raise LabError(f"the emulator of {self.name} ended: {log}")
        return self._console.exists() and _READY in self._console.read_bytes()

    def _ssh_argv(self, command: str | Sequence[str], user: str) -> list[str]:
        if user not in self._connections or self._connections[user].poll() is not None:
            self._connect(user)
        script = command if isinstance(command, str) else shlex.join(command)
        return [*self._ssh(user), self.name, script]

    def _ssh(self, user: str) -> list[str]:
        config = self._directory / "harness_ssh_config"
        return ["ssh", "-F", str(config), "-S", str(self._path(user)), "-l", user]

    def _connect(self, user: str) -> None:
        """Make a standing connection: a handshake costs seconds under emulation."""
        socket = self._path(user)
        socket.unlink(missing_ok=True)
        log = self._path(f"{user}.log")
        with log.open("wb") as file:
            connection = subprocess.Popen(
                [*self._ssh(user), "-M", "-N", self.name],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self._connections[user] = connection

        def connected() -> bool:
            if connection.poll() is not None:
                raise LabError(f"no connection to {user}@{self.name}: {log.read_text()}")
            return socket.exists()

        wait_until(connected, f"ssh to {user}@{self.name}", _CONNECT)
