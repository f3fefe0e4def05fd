"""What the screens of a vault that is being built say."""

from __future__ import annotations

from dataclasses import replace

from sealift.hosts.trouble import Trouble
from sealift.keys import vault
from sealift.replication.job import JobState
from sealift.ui import vault_words
from sealift.ui.text import ASCII, UNICODE
from tests.factories import job
from tests.unit.keys.audits import both
from tests.unit.keys.test_vault import look, nothing_there


def test_the_first_open_step_stands_out_and_what_comes_after_it_is_not_its_turn() -> None:
    found = look(destination=nothing_there(both()[1]))
    stages = vault.stages(found)
    lines = vault_words.overview(stages, found, ASCII)[2].splitlines()
    assert [line.split()[0] for line in lines] == ["ok", "ok", "ok", "ok", "!", ".", ".", "."]
    assert lines[4] == "! 5  the seed has arrived"


def test_a_step_says_how_it_stands_before_what_it_does() -> None:
    found = look(destination=nothing_there(both()[1]))
    shown = vault_words.screen(vault.stages(found), 4, UNICODE)
    assert shown[:2] == ["Step 5 of 8: the seed has arrived", "! It is not so yet."]
    assert shown[2].startswith("! not-running: Nothing is being sent\n0 of 2 datasets there")
    assert shown[-1].startswith("Goes on when: every dataset is there with a base")
    whole = "\n".join(shown)
    assert whole.count("zfs send -w") == 1, "what is shown as the command is not said twice"
    passed = vault_words.screen(vault.stages(look()), 7, UNICODE)
    assert passed[1].startswith("✓ It is so.\nThe bases of 2 datasets are held on both sides")


def test_the_end_says_what_the_audit_has_left() -> None:
    assert "The audit has no finding left." in vault_words.left(look())
    mounted = look(destination=replace(both()[1]), boot=None)
    assert "sealed now; unknown whether something would load a key" in vault_words.left(mounted)[0]


def test_a_job_is_told_in_a_sentence() -> None:
    assert vault_words.job(job()).startswith("Job 7f3a51c2 on root@nas1: sending ")
    full = Trouble("space-low", "root@dr1", "out of space")
    failed = replace(job(JobState.FAILED), trouble=full)
    assert vault_words.job(failed) == "Job 7f3a51c2 on root@nas1: failed, out of space"
