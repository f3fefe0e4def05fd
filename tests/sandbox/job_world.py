"""A made-up world for the job runner: the scripts are the real ones, `zfs` and `ssh` are not.

The source's snapshots, what arrived and the tokens are lines of files in one directory, which tests
read and change.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sealift import remote
from tests.sandbox.job_programs import PS, SSH, ZFS

KEY = "k3y0fth1sj0b"
WORD = "sealift word"  # stands for the runner's argument, as in `job_files`

T = TypeVar("T")


def until(look: Callable[[], T], what: str, seconds: float = 20) -> T:
    """What `look` gives once that is true; fail with `what` if it is not in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return found


@dataclass(frozen=True)
class Snap:
    """A snapshot of the source; `below` is the dataset's name below the root's."""

    guid: int
    name: str
    below: str = ""

    @property
    def line(self) -> str:
        return f"{self.guid}\t{self.guid:#x}\t{self.name}"

    @property
    def hex(self) -> str:
        return f"{self.guid:x}"


@dataclass
class JobStep:
    """A step of a job, with the functions that `job_files` would write unless others are given."""

    chain: Sequence[Snap]
    into: str
    start: Snap | None = None
    origin: Snap | None = None
    kind: str = "single"
    fresh: str = "yes"
    below: str = ""
    brings: Sequence[Snap] = ()
    functions: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        into, target, source = self.into, self.chain[-1].name, f"tank/data{self.below}"
        package = self.kind == "package"
        first = target if self.start or package else self.chain[0].name
        base = f"-I @{self.start.name} " if self.start else ""
        expected = {f"{into}@{target}": self.chain[-1].guid}
        for each in self.brings:
            expected[f"{into}{each.below}@{each.name}"] = each.guid
        look = ["sh", "-c", remote.one_line("look.sh"), "sealift", WORD, "-r" if package else "-d1"]
        get = ["zfs", "get", "-Hp", "-o", "name,value", "guid", *expected]
        held = shlex.quote(f"{into}@{WORD}")
        functions = {
            "send": f"zfs send -w -vP {'-R ' if package else ''}{base}{source}@{target}"
            if self.start or package
            else f"zfs send -w -vP {source}@{first}",
            "receive": far(f"zfs receive -s -u {shlex.quote(into)} && zfs hold keep {held}"),
            "continue_from": filled(f"zfs send -w -vP -I '@{WORD}' {source}@{target}"),
            "resume": filled(f"zfs send -w -vP -t '{WORD}'"),
            "decode": filled(f"zfs send -w -nvP -t '{WORD}'"),
            "look": far(shlex.join([*look, into, "zfs"])),
            "settle": far(f"{shlex.join(get)} && zfs release keep {shlex.quote(into)}@old"),
            "keep": far("xargs zfs hold keep"),
            "let_go": far("xargs zfs release keep"),
            "settle_source": "zfs bookmark",
        } | self.functions
        head = {"kind": self.kind, "fresh": self.fresh, "into": into}
        head |= {"target": target, "first": first}
        files = {
            "step": "".join(f"{name}={shlex.quote(value)}\n" for name, value in head.items())
            + "".join(f"{name}() {{\n{body}\n}}\n" for name, body in functions.items()),
            "expect": "".join(f"{name}\t{guid}\n" for name, guid in expected.items()),
        }
        if package:
            every = (*self.chain, *self.brings)
            lines = "".join(f"{each.line}\t{into}{each.below}\n" for each in every)
            return files | {"brings": lines}
        lines = "".join(f"{each.line}\n" for each in self.chain)
        nothing = f"-\t{self.origin.guid:#x}\t-" if self.origin else "-\t-\t-"
        return files | {"chain": f"{self.start.line if self.start else nothing}\n{lines}"}


def filled(line: str) -> str:
    """A line of shell with the runner's argument in it."""
    return line.replace(WORD, "'\"$1\"'")


def far(script: str) -> str:
    """A line of shell that runs a script on the destination."""
    return filled(shlex.join(["ssh", "vault", script]))


class World:
    """One coordinator, which is the source, and its destination."""

    def __init__(self, path: Path, shell: str = "dash") -> None:
        self.path = path / "world"
        self.home = path / "a home"
        self.into = f"backup-{os.getpid()}-{path.name}/in it:1_x.y"
        self.shell = shell
        self.started: list[subprocess.Popen[bytes]] = []
        programs = path / "bin"
        for each in (self.path, self.home, programs):
            each.mkdir(parents=True)
        for name, script in (("zfs", ZFS), ("ssh", SSH), ("ps", PS)):
            (programs / name).write_text(script)
            (programs / name).chmod(0o755)
        (programs / "sh").symlink_to(f"/bin/{shell}")
        self.env = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(self.home)}
        # ps(1) would cut its lines to COLUMNS.
        self.env |= {"WORLD": str(self.path), "COLUMNS": "40"}
        for name in ("source", "there", "tokens", "calls", "processes"):
            self.write(name, "")

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.path / name).read_text()

    def has(self, name: str) -> bool:
        return (self.path / name).exists()

    def source(self, *snaps: Snap) -> None:
        self.write("source", "".join(f"{each.line}\t{each.below}\n" for each in snaps))

    def there(self, *snaps: Snap) -> None:
        self.write("there", "".join(f"{self.at(each)}\t{each.guid}\n" for each in snaps))

    def at(self, snap: Snap) -> str:
        return f"{self.into}{snap.below}@{snap.name}"

    def arrived(self) -> list[str]:
        """The short names of what the destination has, in the order in which it came."""
        return [line.partition("\t")[0].rpartition("@")[2] for line in self.lines("there")]

    def lines(self, name: str) -> list[str]:
        return self.read(name).splitlines()

    def calls(self, *words: str) -> list[str]:
        """What the programs were called with, as far as all of `words` are in it."""
        return [each for each in self.lines("calls") if all(word in each for word in words)]

    def run(self, script: str, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run one of the one-line scripts as a host does."""
        started = self.popen(script, *words)
        out, err = started.communicate(stdin, timeout=30)
        return subprocess.CompletedProcess(
            started.args, started.returncode, out.decode(), err.decode()
        )

    def popen(self, script: str, *words: str) -> subprocess.Popen[bytes]:
        started = subprocess.Popen(
            [self.shell, "-c", remote.one_line(script), "sealift", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.env,
            start_new_session=True,
        )
        self.started.append(started)
        return started

    def job(
        self,
        *steps: JobStep,
        id: str = "job1",  # noqa: A002 - its name
        place: str = "",
        tries: int = 3,
        pause: int = 0,
        elevate: str = "",
    ) -> Job:
        """Start a job, and see that it was started."""
        job = Job(self, id, place or f"vault:{self.into}")
        data = archive(steps, tries=tries, pause=pause, elevate=elevate)
        started = self.run("job_start.sh", id, job.place, "ssh", stdin=data)
        assert (started.returncode, started.stderr) == (0, "")
        assert started.stdout == f"{job.folder}\n"
        return job

    def stop_all(self) -> None:
        """End the runners that a test has left, with all that they started."""
        for each in self.started:
            if each.poll() is None:
                os.killpg(each.pid, signal.SIGKILL)
                each.wait()
            for pipe in (each.stdin, each.stdout, each.stderr):
                if pipe is not None:
                    pipe.close()
        for pid in self.jobs.glob("*/pid"):
            with contextlib.suppress(OSError, ValueError):
                os.killpg(int(pid.read_text()), signal.SIGKILL)

    @property
    def jobs(self) -> Path:
        state = self.env.get("XDG_STATE_HOME", f"{self.home}/.local/state")
        return Path(state) / "sealift/jobs"


def archive(
    steps: Sequence[JobStep], *, tries: int = 3, pause: int = 0, elevate: str = ""
) -> bytes:
    """A job's folder as a tar, in the order of `job_files.archive`."""
    files = {
        "runner": remote.text("job.sh"),
        "harmless": remote.text("harmless"),
        "settings": f"key={KEY}\ntries={tries}\npause={pause}\nelevate={shlex.quote(elevate)}\n",
        "about": '{"schema": 1}\n',
    }
    for number, step in enumerate(steps, start=1):
        files |= {f"steps/{number:04}/{name}": text for name, text in step.files.items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o600
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@dataclass
class Job:
    """A job that was started."""

    world: World
    id: str
    place: str

    @property
    def folder(self) -> Path:
        return self.world.jobs / self.id

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    @property
    def state(self) -> str:
        return (self.folder / "state").read_text().strip()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    @property
    def events(self) -> list[str]:
        """The runner's own lines, without key and time."""
        lines = (line.split(" ", 2) for line in self.log.splitlines())
        return [line[2] for line in lines if line[0] == f"sealift-{KEY}"]

    def said(self, word: str) -> list[str]:
        """The texts of one kind of event."""
        return [text for kind, _, text in (e.partition(" ") for e in self.events) if kind == word]

    def ended(self) -> str:
        """How it ended, once it has."""
        try:
            end = until(lambda: self.said("end"), "the job has ended")[0]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None
        assert self.state == end.split(" ", maxsplit=1)[0]
        return end


A, B, C = Snap(101, "a"), Snap(2**63 + 5, "b x"), Snap(103, "c")
D = Snap(104, "c", "/child")
SHELLS = ("dash", "bash")


def a_world(path: Path, shell: str) -> Iterator[World]:
    """A world for a fixture: the source has three snapshots, the destination the first."""
    made = World(path, shell)
    made.source(A, B, C)
    made.there(A)
    yield made
    made.stop_all()


def single(world: World, **changed: str) -> JobStep:
    """From `a` to `c`."""
    return JobStep([B, C], world.into, A, functions=changed)


def resumed(world: World, **changed: str) -> JobStep:
    """The same step, where a token was there before."""
    return JobStep([B, C], world.into, A, fresh="no", functions=changed)


def stopped_midway(world: World) -> Job:
    """A job whose sender waits in mid-stream."""
    world.write("stop", "")
    job = world.job(single(world))
    until(lambda: world.has("stopped"), "the sender waits")
    return job


def group(job: Job) -> list[str]:
    """What still runs of a job, its runner included."""
    listed = subprocess.run(
        ("/bin/ps", "-wweo", "pgid=,stat=,args="), capture_output=True, text=True, check=True
    )
    fields = (line.split(None, 2) for line in listed.stdout.splitlines())
    return [words for pgid, state, words in fields if int(pgid) == job.pid and state[0] != "Z"]
