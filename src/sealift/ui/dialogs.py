"""The words of every dialog: pure functions from values to paragraphs."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path

from sealift.hosts.trouble import Trouble, UnknownKey
from sealift.mentions import CANCEL, HOLDS, SEND
from sealift.replication.amount import amount
from sealift.replication.comparison import Comparison
from sealift.replication.job import Job
from sealift.replication.obstacles import FED, Problem
from sealift.replication.picture import Picture
from sealift.replication.preview import PlannedStep, Preview
from sealift.replication.seen import Measured
from sealift.ui import headline, text
from sealift.zfs.commands import Command

# So many snapshots of a command, and so many commands of one host, are spelled out.
_NAMES, _CALLS = 6, 50
_SOON = 50  # holds that nobody waits for long


def send_paragraphs(shown: Preview, picture: Picture, takes: str = "") -> list[str]:
    """What a send would do: first what arrives, then the exact pipeline, then its limits.

    `takes` is a sentence about the time, if one can be said.
    """
    total = text.size(shown.total_bytes)
    snapshots = sum(planned.step.snapshots for planned in shown.steps)
    count = text.count(snapshots, "snapshot")
    paragraphs = [
        (
            f"{count}, about {total}, raw. {takes}{takes and ' '}Runs on {shown.host} as a job: "
            "it goes on when this program is closed, and resumes by itself when the way is "
            "interrupted."
        ),
        "\n".join(_step(number, planned) for number, planned in enumerate(shown.steps, 1)),
        holding_sentence(shown),
        *_commands(shown, picture),
        _checked(picture, shown),
        (
            "Will not: roll back, delete, mount, load a key, or send anything that is not raw.\n"
            f"{_properties(shown)}"
            f"Undo: cancel {CANCEL}, which keeps the partial state; the snapshots that arrived "
            "stay."
        ),
    ]
    paragraphs.extend(f"Note: {note.rstrip('.')}." for note in shown.plan.notes)
    return paragraphs


def how_long(shown: Preview, measured: Measured | None, now: datetime) -> str:
    """How long it would take at the rate that this session measured last; empty without one."""
    total = shown.total_bytes
    if measured is None or total is None:
        return ""
    ago = text.age(max(0.0, now.timestamp() - measured.at))
    takes = text.duration(total / measured.rate)
    if measured.trial:
        return f"At {text.rate(measured.rate)}, carried in a trial {ago}: {takes} at best."
    return f"At {text.rate(measured.rate)}, measured {ago}: {takes}."


def holding_sentence(shown: Preview) -> str:
    """How much is held before the first byte, and until when."""
    holding = shown.holding
    sides = ((holding.here, "source"), (holding.there, "destination"))
    parts = [f"{text.count(number, 'snapshot')} of the {side}" for number, side in sides if number]
    if not parts:
        return "What no cleanup may take on the way is held already."
    sentence = (
        f"First held: {' and '.join(parts)}, so that no cleanup takes them on the way. They are "
        "let go once something newer of the same dataset is confirmed there and held."
    )
    calls = sum(len(_names(command)) for command in (*holding.source, *holding.destination))
    if calls <= _SOON:
        return sentence
    return f"{sentence} On slow disks holding so many takes up to {text.duration(calls / 10)}."


def blocked_paragraphs(shown: Preview, comparison: Comparison | None = None) -> list[str]:
    """Why nothing can be sent, and the way out of each; last, how the rest could go meanwhile."""
    blocked = shown.plan.blocked
    paragraphs = [f"{problem.id}: {problem.summary}.\n{problem.mend}" for problem in blocked]
    names = _below(blocked, comparison) if comparison is not None else ()
    if names:
        options = " ".join(f"--exclude {shlex.quote(name)}" for name in names)
        paragraphs.append(
            "One dataset that cannot be sent stops the whole tree. To send the rest meanwhile, "
            f"start sealift with {options}."
        )
    return paragraphs


def _below(blocked: tuple[Problem, ...], comparison: Comparison) -> tuple[str, ...]:
    """The datasets that block, by their names below the root; none if it is the root itself."""
    own = {
        entry.dataset.name: below
        for below, each in comparison.datasets.items()
        for entry in (each.source, each.destination)
        if entry is not None
    }
    names = [own.get(problem.dataset, "") for problem in blocked]
    return () if not all(names) else tuple(dict.fromkeys(names))


def snapshot_paragraphs(
    command: Command, host: str, datasets: int, *, locked: bool = False
) -> list[str]:
    """What taking a snapshot does. `locked`: no key of it is loaded."""
    count = text.count(datasets, "dataset")
    return [
        *([f"! {FED}"] if locked else []),
        f"A snapshot of {count} at one moment. It costs no space until data changes.",
        f"{host}$ {command.text()}",
        (
            "Will not: send, hold or delete anything.\n"
            f"Undo: zfs destroy -r {command.argv[-1]} on {host}"
        ),
    ]


def cancel_paragraphs(job: Job) -> list[str]:
    """What cancelling a job leaves behind."""
    done = text.size(amount(job).done)
    return [
        (
            f"Job {job.about.id} on {job.host} is ended. Of the {done} sent so far, what the "
            "destination has received is kept there as a resume token."
        ),
        f"Started by {job.about.operator}, {job.about.made:%Y-%m-%d %H:%M} UTC.",
        (
            f"Send again {SEND} goes on from there. Until then the dataset takes no other "
            f"receive, and what was on its way stays held on the source {HOLDS}."
        ),
    ]


def trouble_paragraphs(trouble: Trouble) -> list[str]:
    """A trouble at length: what, where, what it means, what to do; the raw text below."""
    paragraphs = [trouble.sentence(), trouble.means, trouble.mend]
    if trouble.raw:
        paragraphs.append(f"The host or the program said:\n{trouble.raw}")
    return [paragraph for paragraph in paragraphs if paragraph]


def detail_paragraphs(picture: Picture) -> list[str]:
    """All that is wrong with the route now, worst first."""
    paragraphs: list[str] = []
    for trouble in picture.troubles:
        paragraphs += trouble_paragraphs(trouble)
    job = picture.job
    if job and job.trouble:
        paragraphs += trouble_paragraphs(job.trouble)
    if job and job.notes:
        paragraphs.append(f"Job {job.about.id} notes:\n" + "\n".join(job.notes))
    paragraphs += [
        f"{breach.id}: {breach.dataset}: {breach.summary}." for breach in picture.seal.breaches
    ]
    problems = headline.problems_now(picture)
    paragraphs += [f"{each.id}: {each.summary}.\n{each.mend}" for each in problems]
    if picture.seal.proof:
        paragraphs.append(f"{picture.seal.state.value}: {picture.seal.proof}.")
    return paragraphs or ["Nothing is wrong, as far as both hosts say."]


def host_key_paragraphs(where: str, key: UnknownKey) -> list[str]:
    """An unknown host key, for the operator to compare."""
    return [
        (
            f"{where} shows a host key that no known_hosts file of yours has. Anyone between you "
            "and the host could show one: compare it with what its console or its owner says."
        ),
        f"{key.algorithm}\n{key.fingerprint}",
        f"Remembering it adds a line for {key.name} to {key.file}.",
    ]


def page_paragraphs(group: str, means: str, recognised: str, do: str, dont: str) -> list[str]:
    """A page of the catalogue: what a finding means comes first, then what to do about it."""
    return [
        means,
        f"What to do\n{do}",
        *([f"What not to do\n{dont}"] if dont else []),
        f"How it was recognised\n{recognised}",
        f"Belongs to: {group}",
    ]


def report_paragraphs(path: Path) -> list[str]:
    """Where the incident report is."""
    return [
        f"Written: {path}",
        (
            "The picture of the screen lies beside it. Both name hosts, datasets and commands: "
            "read them before you pass them on."
        ),
    ]


def _commands(shown: Preview, picture: Picture) -> list[str]:
    """Every command in the order in which it runs, with the host before it.

    As it can be pasted there, but for the many names of what is held and let go.
    """
    source, destination = (side.location.where for side in (picture.source, picture.destination))
    holding = shown.holding
    blocks = [
        "\n".join((*_lines(source, holding.source), *_lines(destination, holding.destination)))
    ]
    for planned in shown.steps:
        anchoring = planned.anchoring
        blocks.append(
            "\n".join(
                (
                    f"{shown.host}$ {planned.pipeline.text()}",
                    *_lines(destination, anchoring.destination),
                    *_lines(source, anchoring.source),
                )
            )
        )
    return [block for block in blocks if block]


def _lines(host: str, several: tuple[Command, ...]) -> list[str]:
    """Commands as lines; of long ones, and of many, the beginning and how much is left."""
    shown = [f"{host}$ {_brief(command)}" for command in several[:_CALLS]]
    if len(several) > _CALLS:
        shown.append(f"… and {len(several) - _CALLS} calls more (sealift plan --json has all)")
    return shown


def _brief(command: Command) -> str:
    names = _names(command)
    if len(names) <= _NAMES:
        return command.text()
    head = command.argv[: len(command.argv) - len(names)]
    first = shlex.join((*head, *names[: _NAMES - 1]))
    return f"{first} … {len(names) - _NAMES} more … {shlex.join(names[-1:])}"


def _names(command: Command) -> tuple[str, ...]:
    """What a hold or a release is about; of other commands nothing."""
    verb, *words = command.argv[1:]
    if verb not in {"hold", "release"}:
        return ()
    return tuple(words[2:] if words[0] == "-r" else words[1:])


def _properties(shown: Preview) -> str:
    if not any(planned.step.send.replicate for planned in shown.steps):
        return ""
    return (
        "Carries the source's own properties along (-R): mountpoint, shares, quotas and the like "
        "hold there, too.\n"
    )


def _step(number: int, planned: PlannedStep) -> str:
    send = planned.step.send
    start = f"@{send.base} → " if send.base else "everything up to "
    if planned.step.resumes:
        start = "the rest of what was interrupted, up to "
    size = text.size(planned.estimate.total if planned.estimate else None)
    tree = " and all below" if send.replicate else ""
    into = planned.step.into
    return (
        f"{number}  {send.dataset}{tree}: {start}@{send.target}, {size}, into {into}\n"
        f"   {planned.step.why}"
    )


def _checked(picture: Picture, shown: Preview) -> str:
    pool = picture.destination.inventory.pool if picture.destination.inventory else None
    free = pool.free if pool else None
    space = f"space: {text.size(free)} free there"
    total = shown.total_bytes
    if free is not None and total is not None and total > free:
        space = f"SPACE: only {text.size(free)} free there for about {text.size(total)}"
    increments = any(planned.step.send.base for planned in shown.steps)
    base = "base shared by guid and IV set, and the newest there; " if increments else ""
    resumed = sum(planned.step.resumes is not None for planned in shown.steps)
    tokens = "no resume token in the way"
    if resumed:
        tokens = f"{text.count(resumed, 'resume token')} against the source, no other in the way"
    return f"Checked: every dataset encrypted; {base}{tokens}; {space}."
