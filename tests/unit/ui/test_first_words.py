"""Words that somebody who sees the program for the first time goes by."""

from __future__ import annotations

from typing import cast

from sealift.replication.comparison import Comparison, compare
from sealift.replication.pipeline import Ends
from sealift.replication.plan import Plan, make_plan
from sealift.replication.preview import Preview
from sealift.ui.dialogs import blocked_paragraphs
from sealift.ui.rows import build
from sealift.ui.text import UNICODE
from sealift.ui.widgets.paired_line import draw
from tests.factories import dataset, held, inventory, snapshot

NAMES = range(101, 113)


def readable_copy() -> Comparison:
    """Everything is there by guid, but `db` was sent decrypted."""
    sealed = tuple(snapshot(f"s{guid}", guid) for guid in NAMES)
    plain = tuple(snapshot(f"s{guid}", guid, ivset=None) for guid in NAMES)
    source = inventory(
        "tank/prod",
        top=held(dataset("tank/prod"), *sealed),
        db=held(dataset("tank/prod/db"), *sealed),
    )
    destination = inventory(
        "backup/prod",
        top=held(dataset("backup/prod"), *sealed),
        db=held(dataset("backup/prod/db", key=None), *plain),
    )
    return compare(source, destination)


def tree(comparison: Comparison) -> list[str]:
    return [
        "".join(span.text for span in draw(row, 80, UNICODE)).strip()
        for row in build(comparison, {})
    ]


def blocked(plan: Plan, comparison: Comparison) -> list[str]:
    return blocked_paragraphs(Preview(plan, (), cast("Ends", None)), comparison)


def test_a_copy_in_the_clear_is_not_said_to_have_another_key() -> None:
    header = next(line for line in tree(readable_copy()) if line.startswith("▾ prod/db"))
    assert "! not raw" in header
    assert "not encrypted" in header


def test_what_is_folded_away_does_not_hide_that_its_iv_sets_differ() -> None:
    folded = [line for line in tree(readable_copy()) if line.startswith("▸")]
    assert "= both" in folded[0]
    assert "! IV sets differ" in folded[-1]


def test_a_dataset_that_stops_the_tree_can_be_left_out_and_the_dialog_says_how() -> None:
    comparison = readable_copy()
    last = blocked(make_plan(comparison), comparison)[-1]
    assert last.endswith("To send the rest meanwhile, start sealift with --exclude db.")


def test_a_root_that_stops_everything_leaves_nothing_to_leave_out() -> None:
    alone = compare(
        inventory("tank/prod", top=held(dataset("tank/prod"), snapshot("s101", 101))),
        inventory("backup/prod", top=held(dataset("backup/prod", key=5))),
    )
    paragraphs = blocked(make_plan(alone), alone)
    assert paragraphs
    assert "--exclude" not in "\n".join(paragraphs)
