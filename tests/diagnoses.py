"""Diagnoses made by hand, as the playbook would give them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sealift.playbook import steps
from sealift.playbook.diagnosis import (
    Diagnosis,
    Evidence,
    Fact,
    Finding,
    NextStep,
    Stage,
    StepReport,
    StepState,
    Verdict,
)
from sealift.zfs.commands import Effect

BEGAN = datetime(2025, 12, 26, 2, 12, 55, tzinfo=UTC)
ROUTE = "root@nas1:tank/prod → root@dr1:backup/prod"

SS = Evidence(
    "ss -tinH 'dst = 192.0.2.7'",
    "root@nas1",
    "cwnd:412 unacked:398 bytes_sent:24117248\nbusy:9980ms",
)
IOSTAT = Evidence("zpool iostat -lqHpy tank 1 10", "root@nas1", "disk wait 0.4 ms")

SLOW_LINK = Finding(
    "network-bandwidth",
    "problem",
    "link",
    "tank/prod/db",
    "The link carries 16 Mbit/s and the sender waits for it 93 % of the time.",
    (SS,),
    (
        NextStep("Nothing on either host will help: the link is at its ceiling."),
        NextStep(
            "Leave out tonight's churn: prod/db/tmp is 14 of 17 GiB.",
            "sealift plan --exclude db/tmp root@nas1:tank/prod root@dr1:backup/prod",
            "",
        ),
        NextStep(
            "Hold the anchors while it catches up (2 are not held).",
            "zfs hold -r keepforrep tank/prod@rep-2025-12-25T0500Z",
            "root@nas1",
            Effect.CHANGE,
            "holds",
        ),
    ),
)
STALE_TOKEN = Finding(
    "stale-token",
    "problem",
    "destination",
    "backup/prod/db",
    "11.2 GiB of @rep-2025-12-26T0000Z were received and wait to be finished.",
    (Evidence("zfs get -H receive_resume_token backup/prod/db", "root@dr1", "1-8f9c…"),),
    (
        NextStep("Send again: it goes on from there.", "", "", Effect.CHANGE, "send"),
        NextStep(
            "Or give up what was received.",
            "zfs receive -A backup/prod/db",
            "root@dr1",
            Effect.DESTRUCTION,
        ),
    ),
)
CHURN = Finding(
    "churn", "warning", "source", "tank/prod/db", "6 times the usual night: 17 GiB rewritten."
)

CHAIN = (
    Stage("disk", "root@nas1", 0.03, "reading"),
    Stage("zfs send", "root@nas1", 0.07, "waits 93 % for the pipe"),
    Stage("pipe", "root@nas1", 1.0, "full"),
    Stage("ssh", "root@nas1", 0.22, "waits for the link"),
    Stage("network", "", 1.0, "16 Mbit/s, 0 lost, rtt 56 ms, window open", "problem"),
    Stage("sshd", "root@dr1", 0.18, "waits for the link"),
    Stage("pipe", "root@dr1", 0.0, "empty"),
    Stage("zfs receive", "root@dr1", 0.05, "waits 95 % for the stream"),
    Stage("disk", "root@dr1", None),
)

_FACTS = {
    steps.SENDING: (
        Fact("stream", "raw, incremental, 18.4 GiB in 2 snapshots", "ok", (IOSTAT,)),
        Fact("against the usual night", "6 times as much", "warning"),
    ),
    steps.RECEIVER: (
        Fact("space", "11.2 TiB free of 40 TiB", "ok"),
        Fact("pool", "ONLINE, no scrub", "ok"),
        Fact("resume token", "none", "ok"),
    ),
    steps.TIME: (
        Fact("link", "2.0 MB/s for 12 s, 0 segments lost", "problem", (SS,)),
        Fact("source disk", "idle 97 % of the time", "ok", (IOSTAT,)),
    ),
    steps.STREAM: (Fact("versions", "2.3.2 on both sides: nothing known that applies", "info"),),
}


_CALM = {
    steps.TIME: (Fact("transfer", "none runs", "ok"),),
    steps.SENDING: (Fact("stream", "nothing to send", "ok", (IOSTAT,)),),
}


def step(
    name: str,
    state: StepState = "ok",
    *findings: Finding,
    unseen: tuple[str, ...] = (),
    verdict: Verdict | None = None,
    chain: tuple[Stage, ...] = (),
) -> StepReport:
    """A step with the facts it has in these stories; none while it runs or knows nothing."""
    facts = _CALM.get(name, _FACTS[name]) if state == "ok" else _FACTS[name]
    if state in {"running", "unknown"}:
        facts = ()
    return StepReport(name, steps.TITLES[name], state, facts, findings, unseen, verdict, chain)


def diagnosis(*reports: StepReport, seconds: float = 12.0) -> Diagnosis:
    """The four steps, those not given as they are on a quiet night."""
    given = {report.id: report for report in reports}
    taken = tuple(given.get(name, step(name)) for name in steps.TITLES)
    found = tuple(finding for report in taken for finding in report.findings)
    return Diagnosis(ROUTE, BEGAN, seconds, taken, found)


def running(seconds: float = 4.0) -> Diagnosis:
    """Two steps have their answer, two are being taken."""
    return diagnosis(step(steps.TIME, "running"), step(steps.STREAM, "running"), seconds=seconds)


def healthy() -> Diagnosis:
    """Nothing is wrong."""
    well = Verdict(None, "high", "Nothing runs, and the destination is level with the source.")
    return diagnosis(step(steps.TIME, verdict=well))


def slow_link(*also: Finding) -> Diagnosis:
    """One bottleneck; what else is wrong with it comes first."""
    verdict = Verdict("network-bandwidth", "high", SLOW_LINK.summary, (SS, IOSTAT))
    time = step(steps.TIME, "problem", SLOW_LINK, verdict=verdict, chain=CHAIN)
    return diagnosis(
        step(steps.SENDING, "warning", CHURN),
        step(steps.RECEIVER, "problem" if also else "ok", *also),
        time,
        step(steps.STREAM, unseen=("zpool events on root@dr1: permission denied for op.",)),
    )


def two_problems() -> Diagnosis:
    """A token that waits and a slow link; the token is to be mended first."""
    found = slow_link(STALE_TOKEN)
    return replace(found, findings=(STALE_TOKEN, SLOW_LINK, CHURN))


def unknown() -> Diagnosis:
    """Nothing could be seen."""
    why = ("root@dr1 does not answer: no answer to the connection within 30 s.",)
    blind = Verdict(
        None, "low", "Which stage holds it back is unknown: neither host could be asked."
    )
    return diagnosis(
        *(step(name, "unknown", unseen=why) for name in steps.TITLES if name != steps.TIME),
        step(steps.TIME, "unknown", unseen=why, verdict=blind),
    )


NASTY = "a\x1b[2J[red]x[/red]\u202eb\r\n\tc"


def hostile() -> Diagnosis:
    """Every text that can come from a host holds markup, escape sequences and line ends."""
    evidence = Evidence(NASTY, NASTY, NASTY)
    todo = NextStep(NASTY, NASTY, NASTY)
    found = Finding("orphan-receive", "warning", "destination", NASTY, NASTY, (evidence,), (todo,))
    stage = Stage(NASTY, NASTY, 0.5, NASTY, "warning")
    reports = tuple(
        StepReport(
            name,
            title,
            "warning",
            (Fact(NASTY, NASTY, "warning", (evidence,)),),
            (found,) if name == steps.RECEIVER else (),
            (NASTY,),
            Verdict("orphan-receive", "low", NASTY, (evidence,)) if name == steps.TIME else None,
            (stage, stage) if name == steps.TIME else (),
        )
        for name, title in steps.TITLES.items()
    )
    return Diagnosis(NASTY, BEGAN, 12.0, reports, (found,))


STORIES = {
    "running": running,
    "healthy": healthy,
    "slow link": slow_link,
    "two problems": two_problems,
    "unknown": unknown,
    "hostile": hostile,
}
