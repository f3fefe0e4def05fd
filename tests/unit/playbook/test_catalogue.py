"""Every finding that a user can meet has one page that helps, and the docs are made from it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import sealift
from sealift.playbook.catalogue import PAGES, Group, Page, page
from sealift.replication.job import _REASONS
from sealift.zfs.errors import CATALOGUE
from tests import findings_page

# "Findings: ids that stay stable" of the design, in its order. Ids may be added, none taken away.
STABLE = {
    Group.SENDING: """
        not-running no-new-snapshot not-raw plaintext-in-scope full-instead-of-incremental churn
        many-snapshots
    """,
    Group.CHAIN: """
        no-common-base base-missing-on-source destination-diverged ivset-mismatch
        key-lineage-mismatch anchor-not-held stale-token dead-token foreign-token mixed-snapshots
        orphan-receive replica-incomplete
    """,
    Group.RECEIVER: """
        space-low quota-reached pool-degraded pool-suspended pool-readonly scrub-running dedup-on
        feature-missing dataset-busy receiver-semantics
    """,
    Group.BOTTLENECK: """
        source-disk destination-disk source-cpu destination-cpu ssh-cpu network-bandwidth
        network-loss network-window throttled sender-idle
    """,
    Group.KEYS: """
        key-loaded-on-vault keylocation-automatic boot-unit-loads-keys key-may-not-unlock
        hierarchy-differs mounted-replica mountable-replica grants-too-wide weak-passphrase
        known-bug
    """,
    Group.ACCESS: """
        host-unreachable authentication-failed host-key-changed permission-missing zfs-missing
        clock-skew
    """,
}
# What carries a finding's id as its first argument. Not all of it has to exist in every version.
CARRIERS = {"Trouble", "Problem", "Breach", "Finding", "_RefusedError"}


@pytest.mark.parametrize(
    ("group", "finding"), [(group, each) for group, ids in STABLE.items() for each in ids.split()]
)
def test_every_id_of_the_design_has_a_page_in_its_group(group: Group, finding: str) -> None:
    found = page(finding)
    assert found is not None
    assert (found.id, found.group) == (finding, group)


def test_no_id_is_used_twice() -> None:
    assert [each for each, count in Counter(each.id for each in PAGES).items() if count > 1] == []


def test_an_id_that_does_not_exist_has_no_page() -> None:
    assert page("no-such-finding") is None


def ids_in(tree: ast.AST) -> Iterator[str]:
    """The texts that stand in the first argument of what carries a finding."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if called not in CARRIERS:
            continue
        by_name = [each.value for each in node.keywords if each.arg in {"id", "finding"}]
        for argument in (*node.args[:1], *by_name):
            yield from _texts(argument)


def _texts(argument: ast.expr) -> Iterator[str]:
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from (*_texts(argument.body), *_texts(argument.orelse))
    elif isinstance(argument, ast.BoolOp):
        yield from (text for each in argument.values for text in _texts(each))


def test_the_ids_are_found_wherever_they_stand() -> None:
    said = """
Trouble("a", host)
module.Problem(id="b", side="source")
TroubleError(Trouble("c" if lost else "d"))
Finding(known or "e", "f")
Other("g")
"""
    assert set(ids_in(ast.parse(said))) == {"a", "b", "c", "d", "e"}


def test_every_id_that_the_code_uses_has_a_page() -> None:
    root = Path(sealift.__file__).parent
    used = {
        (each, file.relative_to(root).as_posix())
        for file in root.rglob("*.py")
        for each in ids_in(ast.parse(file.read_text(encoding="utf-8")))
    }
    assert {"host-unreachable", "no-common-base", "not-raw"} <= {each for each, _ in used}
    assert sorted(each for each in used if page(each[0]) is None) == []


def test_every_reason_of_a_runner_has_a_page() -> None:
    assert [finding for finding, *_ in _REASONS.values() if page(finding) is None] == []


def test_every_message_of_the_error_catalogue_leads_to_a_page() -> None:
    met = {entry.finding or entry.id for entry in CATALOGUE}
    assert sorted(each for each in met if page(each) is None) == []


def test_a_message_without_a_finding_is_explained_by_its_entry() -> None:
    entry = next(each for each in CATALOGUE if each.id == "resume-into-wrong-dataset")
    found = page(entry.id)
    assert found is not None
    assert (found.title, found.means, found.do) == (entry.title, entry.meaning, entry.mending)
    assert found.dont  # it failed, so there is something not to do


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.id)
def test_a_page_says_all_it_must_in_sentences(each: Page) -> None:
    assert not each.title.endswith(".")
    assert each.do
    assert each.dont or each.group is Group.MESSAGES
    for text in (each.means, each.recognised, *each.do.splitlines(), *each.dont.splitlines()):
        assert text == " ".join(text.split())
        assert text.endswith(".")
        assert text.count("`") % 2 == 0


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.id)
def test_a_page_repeats_nothing(each: Page) -> None:
    texts = (each.title, each.means, each.recognised, each.do, each.dont)
    sentences = [part.strip(" .") for text in texts for part in re.split(r"\. |\n", text) if part]
    assert [part for part, count in Counter(sentences).items() if count > 1] == []


def test_no_step_forces_a_receive_or_turns_off_the_check_of_iv_sets() -> None:
    steps = "\n".join(each.do for each in PAGES)
    assert "receive -F" not in steps
    assert "recv -F" not in steps
    assert "zfs_disable_ivset_guid_check" not in steps


def test_aborting_a_receive_is_never_the_first_step() -> None:
    ours = (each for each in PAGES if each.group is not Group.MESSAGES)
    first = {each.id: each.do.splitlines()[0] for each in ours}
    assert [each for each, step in first.items() if "receive -A" in step] == []


def test_the_docs_are_what_the_generator_makes() -> None:
    made = findings_page.FILE.read_text(encoding="utf-8")
    assert made == findings_page.text(), "run: python -m tests.findings_page"
