"""Start jobs on a coordinator, find them, follow them, end them."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sealift import remote
from sealift.hosts.host import DEADLINE, Host
from sealift.hosts.refusal import refusal
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.mentions import JOBS
from sealift.replication.job import Follower, Job, parse_ends, parse_jobs
from sealift.replication.job_files import Order, archive
from sealift.replication.pipeline import between
from sealift.zfs.commands import Command, Effect
from sealift.zfs.parse import ParseError

_LOG_END = 64 * 1024
_RUNS, _MISSING = 4, 5  # how job_start.sh ends


async def start(host: Host, order: Order) -> None:
    """Hand a job to its coordinator, which goes on with it alone. Raises `TroubleError`."""
    into = order.route.destination
    needed = [words[0] for words in between(order.ends.transport)]
    if any(order.ends.reach(end, "") for end in (order.ends.source, order.ends.destination)):
        needed.append("ssh")
    place = f"{into.where}:{into.dataset}"
    command = _script("job_start.sh", Effect.CHANGE, "start the job", order.id, place, *needed)
    result = await host.run(command, stdin=archive(order))
    said = result.stdout.decode("utf-8", "replace").strip()
    if result.exit_code == _RUNS:
        raise TroubleError(
            Trouble(
                "dataset-busy",
                host.where,
                f"not started: job {said} already writes to {into.dataset}",
                mend=f"Follow it or cancel it {JOBS}.",
            )
        )
    if result.exit_code == _MISSING:
        raise TroubleError(
            Trouble(
                "program-missing",
                host.where,
                f"not started: {said} is not installed there",
                "A job needs it on the host that runs the pipeline.",
                f"Install {said} there, or have another host run the pipeline (--via).",
            )
        )
    if not result.ok:
        raise TroubleError(refusal(host.where, command, result))


async def find(host: Host, *, deadline: float = DEADLINE) -> tuple[Job, ...]:
    """The jobs of a coordinator, newest first. Raises `TroubleError`."""
    command = _script("job_list.sh", Effect.READ, "which jobs there are")
    result = await host.run(command, deadline=deadline)
    if not result.ok:
        raise TroubleError(refusal(host.where, command, result))
    try:
        return parse_jobs(result.stdout, host.where)
    except ParseError as error:
        raise TroubleError(
            Trouble(
                "command-failed",
                host.where,
                "its jobs cannot be read",
                "A newer sealift may have made them, or the folder was changed by hand.",
                "Look into ~/.local/state/sealift/jobs there.",
                str(error),
            )
        ) from error


async def follow(host: Host, job: Job, show: Callable[[Job], None]) -> None:
    """Show the newest picture of a job until it has ended. Raises `TroubleError`.

    Whoever cancels this coroutine stops looking; the job goes on.
    """
    follower = Follower(job)
    clock = asyncio.get_running_loop().time
    ended = asyncio.Event()

    def take(data: bytes) -> None:
        newer = follower.feed(data, clock())
        show(newer)
        if not newer.state.running:
            ended.set()

    log = f"{job.folder}/log"
    words = ("tail", "-c", "+1", "-f", log) if job.state.running else ("cat", log)
    command = Command(words, Effect.READ, f"follow job {job.about.id}")
    reading = asyncio.ensure_future(host.run(command, deadline=None, on_stdout=take))
    waiting = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait((reading, waiting), return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
    finally:
        for task in (reading, waiting):
            task.cancel()
        await asyncio.gather(reading, waiting, return_exceptions=True)


async def read(host: Host, job: Job, *, deadline: float = DEADLINE) -> Job:
    """The job with what its log said last: why it failed, or why it waits. Raises `TroubleError`.

    A runner says at the end of every try what went wrong in it, so the end of the log is enough.
    """
    log = f"{job.folder}/log"
    command = Command(("tail", "-c", str(_LOG_END), log), Effect.READ, f"how job {job.about.id} is")
    result = await host.run(command, deadline=deadline)
    if not result.ok:
        raise TroubleError(refusal(host.where, command, result))
    return Follower(job).feed(result.stdout, asyncio.get_running_loop().time())


async def ends(host: Host, some: Sequence[Job]) -> Mapping[str, datetime]:
    """When these jobs of a host ended, by their ids, as far as is known. Raises `TroubleError`.

    One command for all of them: the last line of a log is how its job ended.
    """
    logs = [f"{job.folder}/log" for job in some]
    command = Command(("tail", "-n", "1", *logs), Effect.READ, "when these jobs ended")
    result = await host.run(command)
    if not result.ok and not result.stdout:  # one log that is gone takes nothing from the others
        raise TroubleError(refusal(host.where, command, result))
    return parse_ends(result.stdout, some)


def cancel_command(job: Job) -> Command:
    """The command that ends a job, as its coordinator runs it."""
    words = ("kill", "-TERM", f'"$(cat {shlex.quote(job.folder)}/pid)"')
    command = remote.argv("cancel.sh", "jobs", "runner", job.about.id)
    return Command(command, Effect.CHANGE, f"end job {job.about.id}", shown=" ".join(words))


async def cancel(host: Host, job: Job) -> None:
    """End a job and wait until it has ended; a token is left. Raises `TroubleError`."""
    command = cancel_command(job)
    result = await host.run(command, deadline=60.0)
    if result.exit_code not in {0, 3}:  # 3: it had ended by itself
        raise TroubleError(refusal(host.where, command, result))


def _script(name: str, effect: Effect, why: str, *words: str) -> Command:
    return Command(remote.argv(name, *words), effect, why, shown=shlex.join((name, *words)))
