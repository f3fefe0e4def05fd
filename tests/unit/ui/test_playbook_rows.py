"""What the playbook's screen says of a diagnosis, without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.playbook import steps
from sealift.playbook.diagnosis import Diagnosis, Finding, NextStep, Verdict
from sealift.ui import spans
from sealift.ui.playbook_rows import CHAIN, VERDICT, Item, Paper, items, took
from sealift.ui.text import ASCII, UNICODE
from tests.diagnoses import (
    NASTY,
    SLOW_LINK,
    STALE_TOKEN,
    STORIES,
    diagnosis,
    healthy,
    hostile,
    running,
    slow_link,
    step,
    two_problems,
    unknown,
)

NARROW, WIDE = Paper(76, UNICODE), Paper(156, UNICODE, roomy=True)
PAPERS = (NARROW, WIDE, Paper(76, ASCII))


def written(made: Diagnosis, paper: Paper = NARROW, seconds: float = 4) -> str:
    lines = (line for item in items(made, seconds, paper) for line in item.lines)
    return "\n".join(spans.plain(line) for line in lines)


def item(made: Diagnosis, start: str, paper: Paper = NARROW) -> Item:
    """The first item whose id begins so."""
    return next(each for each in items(made, 4, paper) if each.id.startswith(start))


def words(item: Item) -> str:
    return " ".join(" ".join(spans.plain(line).split()) for line in item.lines)


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("story", STORIES)
def test_no_line_is_too_wide_and_every_item_has_a_name_of_its_own(story: str, paper: Paper) -> None:
    made = items(STORIES[story](), 4, paper)
    lines = [line for each in made for line in each.lines]
    assert all(spans.width_of(line) <= paper.width for line in lines)
    named = [each for each in made if each.id]
    assert len({each.id for each in named}) == len(named)
    assert all(each.details and all(each.details) and each.lines for each in named)


@pytest.mark.parametrize("paper", PAPERS)
def test_verdict_chain_findings_and_steps_come_in_this_order(paper: Paper) -> None:
    shown = written(two_problems(), paper)
    order = [
        "network-bandwidth, high confidence",
        "zfs receive",
        "problem stale-token",
        "1  Send again",
        "problem network-bandwidth",
        "3  Hold the anchors",
        "warning churn",
        *(f"{number} {title}" for number, title in enumerate(steps.TITLES.values(), 1)),
    ]
    assert [shown.index(each) for each in order] == sorted(shown.index(each) for each in order)


def test_while_it_runs_the_seconds_and_what_is_still_to_come_are_said() -> None:
    shown = written(running(), seconds=7)
    assert "measuring, 7 s" in shown.splitlines()[0]
    assert "Still to come: Disk, CPU or network; Receive and stream." in shown
    assert "nothing found so far" in shown
    assert "3 Disk, CPU or network: ▶ measuring" in shown
    assert took(running(), 7) == "measuring, 7 s"
    assert "a trial of some seconds" in item(running(), VERDICT).details[0]


def test_a_verdict_that_comes_before_the_last_step_says_that_it_is_early() -> None:
    early = replace(slow_link(), steps=(*slow_link().steps[:3], step(steps.STREAM, "running")))
    assert "network-bandwidth, high confidence  (still measuring, 4 s)" in written(early)


def test_when_it_is_done_it_says_when_it_was_taken() -> None:
    assert took(healthy(), 99) == "last taken 02:12:55 UTC in 12 s"


def test_all_is_well_is_said_only_where_nothing_speaks_against_it() -> None:
    well = healthy()
    assert words(item(well, VERDICT)).startswith("Verdict ✓ no bottleneck, high confidence")
    assert "✓ no findings" in written(well)
    troubled = diagnosis(
        *well.steps[:1], step(steps.RECEIVER, "problem", STALE_TOKEN), well.steps[2]
    )
    assert item(troubled, VERDICT).level == "info"
    assert "! 1 problem; first: stale-token" in written(troubled)
    doubted = Verdict(None, "low", "The signals disagree.")
    assert item(diagnosis(step(steps.TIME, verdict=doubted)), VERDICT).level == "info"
    half_seen = diagnosis(step(steps.RECEIVER, unseen=("quota: no rights",)), well.steps[2])
    assert "? no findings; 1 thing could not be seen" in written(half_seen)


def test_what_is_unknown_is_called_unknown() -> None:
    shown = written(unknown())
    assert shown.startswith("Verdict  ? unknown, low confidence")
    assert "4 things could not be seen" in shown
    assert shown.count("? not seen: root@dr1 does not answer") == 4
    no_verdict = diagnosis(step(steps.TIME, "unknown", unseen=("no ss on root@nas1",)))
    assert "? no verdict" in written(no_verdict)


def test_a_guess_is_not_drawn_as_a_problem() -> None:
    guess = Verdict("source-disk", "low", "It may be the disk.")
    made = diagnosis(step(steps.TIME, verdict=guess))
    assert item(made, VERDICT).level == "unknown"
    assert "Verdict  ? perhaps source-disk, low confidence" in written(made)


def test_how_much_was_found_and_what_to_begin_with_stands_below_the_verdict() -> None:
    verdict = words(item(two_problems(), VERDICT))
    assert "! 2 problems, 1 warning; first: stale-token; 1 thing could not be seen" in verdict


def test_the_verdict_shows_its_evidence_and_what_to_do_about_the_bottleneck() -> None:
    verdict = item(slow_link(), VERDICT)
    details = "\n".join(verdict.details)
    assert "root@nas1$ ss -tinH 'dst = 192.0.2.7'\n  cwnd:412" in details
    assert "1  Nothing on either host will help" in details
    assert verdict.page == "network-bandwidth"
    assert verdict.action == "holds"


def test_without_a_bottleneck_the_verdict_leads_to_what_is_to_be_mended_first() -> None:
    rest = healthy().steps[2]
    made = item(diagnosis(step(steps.RECEIVER, "problem", STALE_TOKEN), rest), VERDICT)
    assert (made.page, made.action) == ("stale-token", "send")
    assert made.copy == "", "a command is copied from where it is shown"


def test_a_finding_has_its_page_its_evidence_and_its_first_command_and_action() -> None:
    found = item(two_problems(), "finding stale-token")
    assert words(found).startswith("! problem stale-token backup/prod/db: 11.2 GiB")
    details = "\n".join(found.details)
    assert "root@dr1$ zfs get -H receive_resume_token backup/prod/db\n  1-8f9c…" in details
    assert "root@dr1$ zfs receive -A backup/prod/db" in details
    assert (found.page, found.action) == ("stale-token", "send")
    assert found.copy == "zfs receive -A backup/prod/db"
    assert not found.is_next


def test_next_steps_are_numbered_and_say_who_does_them() -> None:
    made = two_problems()
    advice = item(made, "next finding network-bandwidth link tank/prod/db 1")
    assert words(advice) == "1 Nothing on either host will help: the link is at its ceiling."
    assert (advice.action, advice.copy) == ("", "")
    assert "Advice" in advice.details[0]
    ours = item(made, "next finding network-bandwidth link tank/prod/db 3")
    assert words(ours).startswith("3 Hold the anchors")
    assert words(ours).endswith("[enter: holds]")
    assert "root@nas1$ zfs hold -r keepforrep" in ours.details[0]
    send = item(made, "next finding stale-token destination backup/prod/db 1")
    assert "shows everything before it runs, and asks" in send.details[0]
    theirs = item(made, "next finding stale-token destination backup/prod/db 2")
    assert theirs.action == ""
    assert "cannot be undone: sealift does not run it" in theirs.details[0]
    assert all(each.is_next for each in (advice, ours, send, theirs))


def test_an_action_that_the_route_screen_does_not_have_is_none() -> None:
    odd = replace(STALE_TOKEN, next=(NextStep("Do it.", action="screen.destroy"),))
    made = diagnosis(step(steps.RECEIVER, "problem", odd))
    assert item(made, "finding").action == item(made, "next").action == ""
    assert "[enter" not in written(made)


def test_a_step_lists_its_facts_with_the_commands_and_hosts_they_came_from() -> None:
    made = slow_link()
    found = item(made, "step time")
    assert words(found) == "3 Disk, CPU or network: ! problem network-bandwidth"
    details = "\n".join(found.details)
    assert "3 takes this step again." in details
    assert "link: 2.0 MB/s for 12 s, 0 segments lost\n  root@nas1$ ss -tinH" in details
    fact = item(made, "fact time link")
    assert words(fact) == "! link: 2.0 MB/s for 12 s, 0 segments lost"
    assert fact.copy == "ss -tinH 'dst = 192.0.2.7'"
    assert "busy:9980ms" in fact.details[0]
    assert "Not seen: zpool events" in "\n".join(item(made, "step stream").details)


def test_an_item_keeps_its_name_when_the_answer_grows() -> None:
    early = {each.id for each in items(slow_link(), 4, NARROW)}
    late = {each.id for each in items(two_problems(), 4, WIDE)}
    assert early <= late
    assert CHAIN in early


def test_the_same_finding_twice_is_two() -> None:
    twice = diagnosis(step(steps.TIME, "problem", SLOW_LINK, SLOW_LINK))
    names = [each.id for each in items(twice, 4, NARROW) if each.id.startswith("finding")]
    assert len(names) == 2
    assert len(set(names)) == 2


@pytest.mark.parametrize("paper", PAPERS)
def test_text_from_hosts_is_one_harmless_line_wherever_it_is_shown_or_copied(paper: Paper) -> None:
    made = items(hostile(), 4, paper)
    shown = written(hostile(), paper)
    assert "[red]x[/red]" in shown
    texts = [
        shown,
        *(each.copy for each in made),
        *(part for each in made for part in each.details),
    ]
    for each in texts:
        assert all(c.isprintable() or c == "\n" for c in each)
    assert all("\n" not in each.copy for each in made)
    assert NASTY not in "".join(texts)


def test_a_summary_of_any_length_is_shown_whole() -> None:
    long = " ".join(f"word{number}" for number in range(200))
    found = Finding("churn", "warning", "source", "tank", long)
    shown = written(diagnosis(step(steps.SENDING, "warning", found)))
    assert all(f"word{number}" in shown for number in range(200))
