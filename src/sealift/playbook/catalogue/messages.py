"""Pages for the messages that are a finding of their own, made from the error catalogue.

What a command says mostly proves a finding that has its page. Where it does not, the message's own
id is shown, and here is its page.
"""

from __future__ import annotations

from sealift.playbook.catalogue.page import Group, Page
from sealift.zfs.error_catalogue import CATALOGUE
from sealift.zfs.error_catalogue.entry import Entry, Retry

_DONT = {
    Retry.SAME: "Aborting a resume token that it left: what has arrived would be sent again.",
    Retry.AFTER: "Running the same command again before that is mended.",
    Retry.NEVER: "Running the same command again: it would fail again, or do harm.",
    Retry.NOT_NEEDED: "",
}


def _page(entry: Entry) -> Page:
    recognised = "A command of the route wrote this message."
    if entry.pattern is None:
        codes = " or ".join(str(code) for code in entry.exit_codes if code > 0)
        recognised = f"The exit code, {codes}: no message told more."
    return Page(
        entry.id,
        Group.MESSAGES,
        title=entry.title,
        means=entry.meaning,
        recognised=recognised,
        do=entry.mending,
        dont=_DONT[entry.retry],
    )


MESSAGES = tuple(_page(entry) for entry in CATALOGUE if entry.finding is None)
