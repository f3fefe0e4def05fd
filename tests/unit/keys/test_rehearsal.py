"""The page about a rehearsal: what was measured, what failed, and nothing better than it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sealift.keys.rehearsal import Checked, Rehearsal, page

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GOOD = Checked("sh -c 'find /backup/prod'", passed=True, exit_code=0, seconds=2.0, said="1204")
BAD = Checked("sh -c false", passed=False, exit_code=1, seconds=0.1, said="# no\n| such | thing |")
DONE = Rehearsal(
    "root@dr1",
    ("backup/prod",),
    "ann",
    "rehearsal | Q4\nticket `1182`",
    AT,
    loaded=AT + timedelta(seconds=3),
    readable=AT + timedelta(seconds=90),
    locked=AT + timedelta(minutes=9),
    checks=(GOOD,),
    proof="backup/prod\tkeystatus\tunavailable",
)


@pytest.mark.parametrize(
    ("done", "words", "passed"),
    [
        (DONE, "Passed: readable after 1 min", True),
        (replace(DONE, checks=(GOOD, BAD)), "1 of 2 checks failed", False),
        (replace(DONE, checks=()), "proves little", False),
        (replace(DONE, locked=None), "not locked again", False),
        (replace(DONE, readable=None, locked=None), "did not become readable", False),
    ],
)
def test_the_verdict_is_no_better_than_what_was_seen(
    done: Rehearsal, words: str, *, passed: bool
) -> None:
    assert words in done.verdict()
    assert done.passed is passed
    assert done.verdict() in page(done)


def test_what_a_host_said_is_no_markup() -> None:
    lines = page(replace(DONE, checks=(BAD,))).splitlines()
    assert "    # no" in lines
    assert "    | such | thing |" in lines
    assert "- reason: rehearsal \\| Q4 ticket '1182'" in lines
