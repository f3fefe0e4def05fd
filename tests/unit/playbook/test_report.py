"""The incident report: everything is in it, nothing in it is obeyed, and a mask leaves no name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sealift.hosts.command_log import LogEntry
from sealift.hosts.host import Connection
from sealift.hosts.probe import HostFacts
from sealift.hosts.trouble import Trouble
from sealift.journal import Entry
from sealift.playbook.diagnosis import (
    Diagnosis,
    Evidence,
    Fact,
    Finding,
    NextStep,
    Stage,
    StepReport,
    Verdict,
)
from sealift.playbook.markup import Page
from sealift.playbook.mask import Mask
from sealift.playbook.report import markdown
from sealift.playbook.steps import RECEIVER, SENDING, STREAM, TIME, TITLES
from sealift.replication.comparison import compare
from sealift.replication.inventory import Inventory
from sealift.replication.job import Job, JobState
from sealift.replication.picture import Picture, Side
from sealift.replication.seal import judge
from sealift.routes import Location, Route
from sealift.zfs.commands import Effect
from sealift.zfs.pools import ZfsVersion
from tests.factories import NOON, job, mirrored, resume_token, snapshot

GOLDEN = Path(__file__).with_name("report.md")
ROUTE = Route(Location("root", "nas1", "tank/prod"), Location("zrecv", "dr1", "backup/prod"))
NOW = NOON + timedelta(hours=14)
TOKEN = resume_token(snapshot("s105", 105))
NASTY = "`x` <script>&amp;\x1b[2J\u202e\n# |[a](http://b.c)\n```\n*b* _c_ ~~d~~ www.e.f\r\x9b"


def side(location: Location, inventory: Inventory) -> Side:
    return Side(
        location,
        Connection(connected=True, since=NOON),
        HostFacts(
            user=str(location.user),
            uid=0,
            hostname=f"{location.host}.example.org",
            system="Linux",
            zfs="zfs",
            version=ZfsVersion("2.3.2", "2.3.1", (2, 3, 2), (2, 3, 1)),
            ahead_seconds=-2,
            sudo=False,
            doas=False,
        ),
        inventory,
    )


def picture() -> Picture:
    source, destination = mirrored(
        {"": [101, 102], "db": [101, 102]}, {"": [101, 102], "db": [101]}
    )
    comparison = compare(source, destination)
    return Picture(
        ROUTE,
        side(ROUTE.source, source),
        side(ROUTE.destination, destination),
        comparison,
        judge(comparison),
        job=a_job(),
        jobs=(a_job(),),
    )


def a_job() -> Job:
    about = replace(job().about, made=NOON + timedelta(hours=13), destination="dr1:backup/prod")
    trouble = Trouble("disk-full", "root@nas1", "no space left on the destination")
    return replace(
        job(),
        about=about,
        state=JobState.FAILED,
        started=NOON + timedelta(hours=13, seconds=1),
        ended=NOON + timedelta(hours=13, minutes=20),
        said=("cannot receive: out of space on dr1",),
        trouble=trouble,
    )


def diagnosis() -> Diagnosis:
    usage = Evidence("zpool list -Hp backup", "zrecv@dr1", "backup 99 % full")
    full = Finding(
        "space-low",
        "problem",
        "destination",
        "backup/prod",
        "the pool backup has 0.3 GiB left, the send needs 18.4 GiB",
        (usage,),
        (
            NextStep("look at what may be pruned", action="prune"),
            NextStep(
                "give room back",
                "zfs destroy backup/prod/db@s101",
                "zrecv@dr1",
                Effect.DESTRUCTION,
            ),
        ),
    )
    token = Finding(
        "stale-token",
        "warning",
        "destination",
        "backup/prod/db",
        f"a token waits: {TOKEN}",
        (Evidence("zfs get -Hp receive_resume_token backup/prod/db", "zrecv@dr1", TOKEN),),
    )
    chain = (
        Stage("disk", "root@nas1", 0.03, "reads 2 MB/s"),
        Stage("zfs send", "root@nas1", 0.07),
        Stage("network", "", 0.98, "16 Mbit/s, rtt 56 ms", "problem"),
        Stage("zfs receive", "zrecv@dr1", None, "its state cannot be read", "unknown"),
    )
    verdict = Verdict(
        "network-bandwidth",
        "high",
        "The link carries 16 Mbit/s and the sender waits for it 98 % of the time.",
        (Evidence("ss -tin dst 192.0.2.7", "root@nas1", "busy:10000ms rwnd_limited:0ms"),),
    )
    steps = (
        StepReport(
            SENDING,
            TITLES[SENDING],
            "ok",
            (Fact("Stream", "raw, incremental, 18.4 GiB", "ok"), Fact("Snapshots", "1")),
        ),
        StepReport(
            RECEIVER,
            TITLES[RECEIVER],
            "problem",
            (Fact("Space", "99 % full", "problem", (usage,)),),
            (full, token),
        ),
        StepReport(TIME, TITLES[TIME], "warning", verdict=verdict, chain=chain),
        StepReport(
            STREAM,
            TITLES[STREAM],
            "unknown",
            unseen=("zpool events on zrecv@dr1: permission denied for zrecv",),
        ),
    )
    return Diagnosis(ROUTE.title, NOON + timedelta(hours=13.9), 12.34, steps, (full, token))


def log() -> tuple[LogEntry, ...]:
    at = NOON + timedelta(hours=13.9)
    listing = "zfs list -Hp -r tank/prod"
    return (
        LogEntry(1, at, "root@nas1", listing, Effect.READ, "which there are", 0.214, 0, 900),
        LogEntry(2, at, "zrecv@dr1", "zpool events", Effect.READ, "errors", 1.0, 1),
        LogEntry(3, at, "zrecv@dr1", f"zfs send -nvP -t {TOKEN}", Effect.CHANGE, "why", 0.1, 0),
        LogEntry(4, at, "zrecv@dr1", "zpool iostat backup 2", Effect.READ, "disks"),
        LogEntry(5, at, "root@nas1", "ss -tin", Effect.READ, "tcp", 30.0, None, 0, "no answer"),
    )


def journal() -> tuple[Entry, ...]:
    at = NOON + timedelta(hours=12, minutes=59)
    words = "zfs snapshot -r tank/prod@s102"
    return (
        Entry(
            at, "ann", "root@nas1", ROUTE.title, words, Effect.CHANGE, "a snapshot to send", 0, 0.2
        ),
    )


def report(
    said: Diagnosis | None = None, shown: Picture | None = None, mask: Mask | None = None
) -> str:
    return markdown(
        said or diagnosis(),
        shown or picture(),
        log(),
        journal(),
        operator="ann@laptop.example.net",
        screen_svg_name=None if mask else "sealift-report.svg",
        mask=mask,
        now=NOW,
    )


def test_the_whole_page() -> None:
    assert report() == GOLDEN.read_text(encoding="utf-8")


def test_a_mask_leaves_no_name_of_the_route() -> None:
    page = report(mask=Mask())
    names = ("nas1", "dr1", "tank", "backup", "prod", "zrecv", "ann", "laptop", "example", "192.0")
    assert [name for name in names if re.search(rf"(?<![a-z]){name}", page, re.IGNORECASE)] == []
    assert not re.search(r"\bdb\b", page)
    assert "root@host-1:pool-1/dataset-1" in page
    assert "user-1@host-2:pool-2/dataset-1" in page
    assert "zfs destroy pool-2/dataset-1/dataset-2@s101" in page
    assert "network-bandwidth" in page
    assert "99 %" in page


def test_a_named_route_is_masked_by_its_name() -> None:
    shown = replace(picture(), route=replace(ROUTE, name="Payroll of Acme"))
    page = report(replace(diagnosis(), route="Payroll of Acme"), shown, Mask())
    assert "# Incident report: route-1\n" in page
    assert "Acme" not in page


@pytest.mark.parametrize("mask", [None, Mask()])
def test_tokens_are_shortened(mask: Mask | None) -> None:
    assert TOKEN in str(diagnosis())
    page = report(mask=mask)
    assert not re.search("[0-9a-f]{30}", page)
    assert f"(token, {len(TOKEN)} characters)" in page


def saying(text: str) -> str:
    """A report in which everything that can come from a host is this text."""
    evidence = (Evidence(text, text, text),)
    step = NextStep(text, text, text)
    finding = Finding(text, "problem", "route", text, text, evidence, (step,))
    steps = (
        StepReport(
            TIME,
            text,
            "problem",
            (Fact(text, text, "info", evidence),),
            (finding,),
            (text,),
            Verdict(text, "low", text, evidence),
            (Stage(text, text, 7.0, text), Stage(text, text, -1.0, text)),
        ),
    )
    shown = picture()
    assert shown.source.facts is not None
    facts = replace(shown.source.facts, hostname=text, user=text, system=text)
    shown = replace(
        shown,
        source=replace(shown.source, facts=facts),
        job=replace(a_job(), said=(text,), notes=(text,), host=text),
    )
    said = Diagnosis(text, NOON, 1.0, steps, (finding,))
    run = LogEntry(1, NOON, text, text, Effect.READ, text, 0.2, None, 0, text)
    noted = Entry(NOON, text, text, text, text, Effect.CHANGE, text, None, 0.2, text)
    return markdown(
        said,
        shown,
        (run,),
        (noted,),
        operator=text,
        screen_svg_name=None,
        mask=None,
        now=NOW,
    )


def shape(page: str) -> list[str]:
    """What a Markdown reader makes of a page: all but the words."""
    reader = MarkdownIt("gfm-like", {"html": True})
    assert reader.linkify is not None
    # GitHub makes links of `https://` and `www.`, not of every word with a dot in it.
    reader.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    tokens = reader.parse(page)
    return [token.type for each in tokens for token in (each, *(each.children or ()))]


@pytest.mark.parametrize(
    "text",
    [
        NASTY,
        "<!-- x",
        "- x",
        "1. x",
        "=== x",
        "# x",
        "> x",
        "[x]: http://y.z",
        "```",
        "~~~x",
        "![x](y)",
        "x ftp://y.z",
        "<http://x.y>",
        "    x",
        "| a | b |\n|---|---|\n| c | d |",
    ],
)
def test_nothing_from_a_host_is_obeyed(text: str) -> None:
    page = saying(text)
    assert shape(page) == shape(saying("x"))
    assert all(character.isprintable() or character == "\n" for character in page)


def test_no_word_becomes_a_link() -> None:
    assert Page(None).text("www.x.y, http://x.y") == r"www\.x.y, http:\//x.y"


@given(st.text(alphabet=st.sampled_from("`*_[]()<>|~&#!-+=.:/\\ \n\t\r1xw\x1b\u202e")))
@settings(max_examples=150, deadline=None)
def test_nothing_that_can_be_said_changes_the_page(text: str) -> None:
    assert shape(saying(f"{text}x")) == shape(saying("x"))


def test_what_is_not_known_is_said() -> None:
    nothing = Diagnosis(ROUTE.title, NOON, 0.1, (StepReport(TIME, TITLES[TIME], "running"),))
    waiting = Connection(connected=False, since=NOON)
    gone = Trouble("host-unreachable", "zrecv@dr1", "no answer")
    shown = Picture(
        ROUTE,
        Side(ROUTE.source, waiting),
        Side(ROUTE.destination, waiting, trouble=gone),
    )
    page = markdown(
        nothing,
        shown,
        (),
        (),
        operator="ann",
        screen_svg_name=None,
        mask=None,
        now=NOW,
    )
    for words in (
        "had not ended yet",
        "**Seal** seal unknown",
        "**Behind** unknown",
        "None yet",
        "Nothing was found",
        "No pipeline was seen running",
        "no job is known",
        "None in this session",
        "unknown (it has not been asked)",
        "unknown (no answer)",
    ):
        assert words in page
    assert "## The screen" not in page
