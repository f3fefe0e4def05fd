"""The words of the procedure that builds a vault: pure functions from stages to paragraphs."""

from __future__ import annotations

from collections.abc import Sequence

from sealift.keys.vault import Stage, first_open
from sealift.keys.vault_look import Look
from sealift.mentions import AUDIT, SEND, SNAPSHOT
from sealift.playbook.catalogue import page
from sealift.playbook.diagnosis import Finding
from sealift.replication.amount import amount
from sealift.replication.job import Job, JobState
from sealift.ui import key_words, text
from sealift.ui.text import Glyphs


def overview(stages: Sequence[Stage], look: Look, glyphs: Glyphs) -> list[str]:
    """All steps and how they stand, and when both hosts said so."""
    route = look.scene.route
    return [
        f"From {route.source.text()} to {route.destination.text()}",
        f"Both hosts say so at {look.scene.now:%H:%M:%S} UTC. No step asks for a key.",
        "\n".join(_line(stages, number, glyphs) for number in range(len(stages))),
        *(f"? {said}" for each in look.scene.unseen.values() for said in each),
    ]


def _line(stages: Sequence[Stage], number: int, glyphs: Glyphs) -> str:
    stage, at = stages[number], first_open(tuple(stages))
    # What comes after the first open step is only not its turn yet.
    mark = glyphs.ok if stage.passed else glyphs.trouble if number == at else glyphs.none
    return f"{mark} {number + 1}  {stage.step.title}"


def screen(stages: Sequence[Stage], number: int, glyphs: Glyphs) -> list[str]:
    """One step: how it stands, what it does and why, its commands, its check."""
    stage = stages[number]
    place = key_words.place([each.step for each in stages], stage.step.id)
    state = f"{glyphs.ok} It is so." if stage.passed else f"{glyphs.trouble} It is not so yet."
    seen = "\n".join(stage.checked.seen)
    return [
        place,
        f"{state}\n{seen}".rstrip(),
        *(finding(each, stage.lines) for each in stage.checked.stops),
        *(f"{glyphs.behind} {each.id}: {each.summary}." for each in stage.checked.notes),
        *key_words.step(stage.step, stage.lines),
    ]


def finding(found: Finding, shown: Sequence[str] = ()) -> str:
    """What stops a step, in the catalogue's words, and the way out; not what is `shown` anyhow."""
    known = page(found.id)
    title = f": {known.title}" if known else ""
    lines = [f"! {found.id}{title}", f"{found.summary}."]
    for each in found.next:
        line = f"{each.host}$ {each.command}"
        lines.append(each.why)
        if each.command and line not in shown:
            lines.append(line)
    return "\n".join(lines)


def left(look: Look) -> list[str]:
    """What the audit says at the end."""
    found = [each for each in look.audit.findings if each.severity != "info"]
    said = [f"{each.id}: {each.summary}." for each in found]
    return [
        look.audit.claim,
        *(said or ["The audit has no finding left."]),
        *(f"? not seen: {each}" for each in look.audit.unseen),
        (
            f"From now on a snapshot {SNAPSHOT} and a send {SEND} keep it fresh; the audit "
            f"{AUDIT} tells any time."
        ),
    ]


def job(found: Job) -> str:
    """How far the job is."""
    known = amount(found)
    head = f"Job {found.about.id} on {found.host}: {found.state.value}"
    if found.state is not JobState.RUNNING:
        return f"{head}, {found.trouble.what}" if found.trouble else head
    left = found.rate.seconds_left(known.expected, known.done)
    return (
        f"{head} {text.percent(known.done, known.expected)}, {text.size(known.done)} of "
        f"{text.size(known.expected)}, {text.rate(found.rate.bytes_per_second)}, "
        f"{text.duration(left)} left"
    )
